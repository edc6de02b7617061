"""One input file as one stretch of memory: a path goes in, plain UTF-8 bytes come out, whatever lay around them.

A plain file is mapped. A compressed one, one in another encoding, and
standard input are spooled first. Whoever reads the bytes cannot tell.
"""

from __future__ import annotations

import codecs
import errno
import mmap
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dedup.errors import InputError, UsageError
from dedup.readers.base import NoArticlesError
from dedup.readers.compression import CHUNK, decompressed
from dedup.readers.formats import KNOWN, Codec
from dedup.readers.spool import map_file, spool

STDIN = "-"

_BINARY = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh91AY&SY": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"PAR1\x15": "Parquet",
    b"ARROW1\x00\x00": "Arrow",
}
"""How files begin that hold no text."""

_UTF8 = ("utf-8", "utf-8-sig", "ascii")
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file is still the one that was opened."""

    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of a file's status."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


class InputFile:
    """A file, checked to be readable when this is made.

    Attributes:
        path: As given; `-` for standard input.
        codec: How it is compressed.
        encoding: Name of its encoding as Python spells it, `utf-8` where no transcoding is needed.
        named: Whether it was given itself, not found in a folder or by a pattern.

    Raises:
        InputError: The file is missing or cannot be read.
    """

    def __init__(
        self, path: str, codec: Codec, encoding: str, temp_dir: Path | None, named: bool = True
    ) -> None:
        self.path = path
        self.codec = codec
        self.encoding = normal_encoding(encoding)
        self.named = named
        self._temp_dir = temp_dir
        self._stamp: Stamp | None = None
        self._content: bytes | mmap.mmap | None = None
        self._raw_stdin: bytes | mmap.mmap = b""
        if path != STDIN:
            with self._open() as file:
                self._stamp = Stamp.of(os.fstat(file.fileno()))

    @property
    def size(self) -> int | None:
        """Bytes on disk; None for standard input."""
        return None if self._stamp is None else self._stamp.size

    def content(self) -> bytes | mmap.mmap:
        """The plain bytes, in UTF-8, including a byte order mark if there is one.

        Raises:
            InputError: The file cannot be read, is truncated or corrupt, changed since it was opened, or is
                UTF-16 while UTF-8 is expected.
            OutputError: The temporary file cannot be written.
        """
        if self._content is None:
            self._content = self._load()
            if self.encoding == "utf-8" and self._content[:2] in UTF16_MARKS:
                raise utf16(self.path)
        return self._content

    def no_text(self) -> NoArticlesError | None:
        """The error about a file that is compressed or binary, though nothing about its name says so; else None."""
        begin = bytes(self.content()[:10])
        for magic, name in _BINARY.items():
            if begin.startswith(magic):
                hint = f"name it after what it is, such as .jsonl.gz or .parquet; known: {KNOWN}"
                if self.path == STDIN:
                    hint = "standard input is read as JSON lines: zcat FILE.jsonl.gz | dedup run -"
                return NoArticlesError(self.path, f"is {name}, not text", "malformed", hint)
        return None

    def original(self) -> Iterator[bytes]:
        """The decompressed bytes in chunks, in their own encoding."""
        if self.path == STDIN:
            yield self._raw_stdin[:]
            return
        with self._open() as file:
            yield from decompressed(file, self.codec, self.path)

    def check_mapped(self) -> None:
        """Raise InputError when the file is shorter than its map.

        Reading a page that is gone ends the process with SIGBUS, which nothing can catch. This makes it unlikely, for
        the price of one `fstat`: whoever reads the map for a while calls it before.
        """
        if isinstance(self._content, mmap.mmap) and self._content.size() < len(self._content):
            raise InputError(f"{self.path} changed while it was read: it was cut short", _CHANGED)

    def check_unchanged(self) -> None:
        """Raise InputError when the file is not the one that was opened any more."""
        if self._stamp is None:
            return
        try:
            now = Stamp.of(os.stat(self.path))
        except OSError as error:
            raise InputError(f"{self.path} changed while it was read: {error.strerror}", _CHANGED) from error
        if now != self._stamp:
            raise InputError(f"{self.path} changed while it was read", _CHANGED)

    def close(self) -> None:
        """Let go of the memory; it is freed once nobody else holds it."""
        self._content = None
        self._raw_stdin = b""

    def _load(self) -> bytes | mmap.mmap:
        if self.path == STDIN:
            if sys.stdin is None:
                raise InputError("standard input is closed", "pipe JSON lines in: ... | dedup run -")
            self._raw_stdin = spool(iter(lambda: sys.stdin.buffer.read(CHUNK), b""), self._temp_dir)
            if self.encoding == "utf-8":
                return self._raw_stdin
        elif self.codec is Codec.NONE and self.encoding == "utf-8":
            with self._open() as file:
                self.check_unchanged()
                return map_file(file)
        return spool(self._utf8(), self._temp_dir)

    def _utf8(self) -> Iterable[bytes]:
        if self.encoding == "utf-8":
            return self.original()
        return transcoded(self.original(), self.encoding, self.path)

    def _open(self) -> BinaryIO:
        return open_input(self.path)


_CHANGED = "let nothing write to the inputs during a run"


def open_input(path: str, buffering: int = -1) -> BinaryIO:
    """Open a regular file for reading; InputError with the reason when that fails."""
    try:
        return open(path, "rb", buffering)
    except OSError as error:
        hint = "check the path" if isinstance(error, FileNotFoundError) else "check its permissions"
        if error.errno == errno.EMFILE:
            hint = "raise the limit of open files: ulimit -n"
        raise InputError(f"{path} cannot be read: {error.strerror}", hint) from error


def utf16(path: str) -> InputError:
    """The error about a file that begins with the mark of UTF-16 where UTF-8 is expected."""
    return InputError(f"{path} is UTF-16, not UTF-8", "add --encoding utf-16")


def normal_encoding(name: str) -> str:
    """Python's name of an encoding, `utf-8` for all that is read as UTF-8. Raises UsageError for an unknown one."""
    try:
        "".encode(name)
    except LookupError as error:
        raise UsageError(f"unknown encoding {name!r}", "e.g. utf-8, latin-1, cp1252, utf-16") from error
    found = codecs.lookup(name).name
    return "utf-8" if found in _UTF8 else found


def transcoded(chunks: Iterable[bytes], encoding: str, path: str) -> Iterator[bytes]:
    """UTF-8 bytes of a stream in another encoding; what cannot be decoded becomes the byte FF.

    FF is invalid UTF-8, so it is compared as U+FFFD and its document counted as
    repaired, like bad bytes in a file that was UTF-8 all along.

    Raises:
        InputError: The whole of `path` is in another encoding: UTF-16 and UTF-32 must begin with a byte order mark.
    """
    decoder = codecs.getincrementaldecoder(encoding)(MARK_ERRORS)
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")
    except UnicodeError as error:
        hint = f"give its own encoding, or {encoding}-le or {encoding}-be if it has no byte order mark"
        raise InputError(f"{path} is not {encoding}: {error}", hint) from error


MARK_ERRORS = "dedup.mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error(MARK_ERRORS, _mark)
