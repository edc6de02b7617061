"""Stretches of a file out again, encoded as the file was."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np

from dedup import native
from dedup.model import I64, Buffer, Mask
from dedup.readers.file import InputFile


def write_stretches(stream: IO[bytes], data: Buffer, starts: I64, ends: I64, keep: Mask) -> None:
    """Write the kept records `data[starts[i]:ends[i]]` byte for byte, from where they lie.

    Each has the line end that follows it, LF or CRLF; LF where none follows.
    """
    view = memoryview(data).cast("B")
    firsts, lasts = native.stretches(view, starts, ends, keep)
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        stream.write(view[first:last])
        if view[last - 1] != ord("\n"):
            stream.write(b"\n")


def write_original_lines(
    stream: IO[bytes], file: InputFile, head: int, starts: Sequence[I64], ends: Sequence[I64], keep: Mask
) -> None:
    """Write the kept stretches of a file that was transcoded, in its own bytes.

    What was compared is its UTF-8 form, where line `i` is line `i` of the
    original: so whole lines of the original are copied.

    Args:
        stream: Where to.
        file: The file.
        head: Bytes of its UTF-8 form that are written in any case, a header of whole lines.
        starts: int64 arrays, first byte of each stretch in the UTF-8 form, ascending; a stretch begins a line.
        ends: int64 arrays, one past its last byte, without the line end.
        keep: bool, one per stretch.
    """
    feeds = np.flatnonzero(np.frombuffer(file.content(), np.uint8) == ord("\n"))
    wanted = np.zeros(len(feeds) + 1, np.bool_)
    if head:
        wanted[: max(1, int(np.searchsorted(feeds, head)))] = True
    none = np.empty(0, np.int64)
    first = np.searchsorted(feeds, np.concatenate([*starts, none])[keep])
    last = np.searchsorted(feeds, np.concatenate([*ends, none])[keep])
    for begin, end in zip(first.tolist(), last.tolist(), strict=True):
        wanted[begin : end + 1] = True
    feed = mark = b""
    for number, line in enumerate(_lines(file)):
        if number == 0:
            feed, mark = _feed_and_mark(file.encoding, line)
        if wanted[number]:
            stream.write(line if line.endswith(feed) else line + feed)
        elif number == 0:
            stream.write(mark)


class Encoded:
    """Takes UTF-8 in pieces of whole characters and writes them in another encoding."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream = stream
        self._encoder = codecs.getincrementalencoder(encoding)("replace")

    def write(self, data: Buffer) -> None:
        """Write `data`; what the encoding lacks becomes its replacement character."""
        self._stream.write(self._encoder.encode(codecs.utf_8_decode(data, "replace", True)[0]))


def encoded(stream: IO[bytes], file: InputFile) -> IO[bytes] | Encoded:
    """A stream that takes UTF-8 and writes it in the encoding of `file`."""
    return stream if file.encoding == "utf-8" else Encoded(stream, file.encoding)


def _feed_and_mark(encoding: str, begin: bytes) -> tuple[bytes, bytes]:
    """A line feed in an encoding, and the byte order mark that a text which begins with `begin` has."""
    for name in (f"{encoding}-le", f"{encoding}-be") if encoding in ("utf-16", "utf-32") else (encoding,):
        with contextlib.suppress(UnicodeEncodeError):
            mark = "\ufeff".encode(name)
            if begin.startswith(mark):
                return "\n".encode(name), mark
    twice = "\n\n".encode(encoding)
    return twice[len("\n".encode(encoding)) :], b""


def _lines(file: InputFile) -> Iterator[bytes]:
    """The lines of the original file with their line ends."""
    pending, feed = b"", b""
    for chunk in file.original():
        pending += chunk
        feed = feed or _feed_and_mark(file.encoding, pending)[0]
        start = 0
        while (at := _find_aligned(pending, feed, start)) >= 0:
            yield pending[start : at + len(feed)]
            start = at + len(feed)
        pending = pending[start:]
    if pending:
        yield pending


def _find_aligned(data: bytes, feed: bytes, start: int) -> int:
    at = data.find(feed, start)
    while at >= 0 and at % len(feed):
        at = data.find(feed, at + 1)
    return at
