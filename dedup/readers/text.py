"""Text files: one document a file, hundreds a batch.

A folder of a million files is one source: its names lie in one buffer, and
each is opened, read and closed once. A file of the folder that cannot be read,
decompressed or decoded costs one skipped record, not the run; one that was
named itself is an error.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np

from dedup.errors import InputError
from dedup.model import Form, Segment, Skipped, Texts
from dedup.readers.base import BATCH_BYTES, Batch, Fields, NoArticlesError, missing
from dedup.readers.compression import decompressed
from dedup.readers.file import UTF16_MARKS, normal_encoding, open_input, transcoded, utf16
from dedup.readers.formats import Codec, classify
from dedup.readers.spool import TextSpool

BATCH_FILES = 1024


class TextFiles:
    """The text files of one folder, or some that were given one by one.

    Attributes:
        path: The folder, or the first file.
        relative: Folder of the outputs.
        root: Folder that `names` are relative to; empty for files given one by one.
        names: Path of each file below `root`.
        outputs: Path of each file's copy below `relative`.
        rejected: None: every text file is an article.
    """

    rejected: NoArticlesError | None = None

    def __init__(
        self,
        root: str,
        names: Texts,
        relative: PurePosixPath,
        outputs: Texts,
        fields: Fields,
        spool: TextSpool,
        named: bool = True,
    ) -> None:
        self.root = root
        self.names = names
        self.relative = relative
        self.outputs = outputs
        self.path = root or os.fsdecode(names.bytes_at(0))
        self.size: int | None = None
        self._encoding = normal_encoding(fields.encoding)
        self._more = len(fields.more)
        self._spool = spool
        self._named = named
        # Inode, size and time of each file that was read; zeros where it could not be opened.
        self._stamps = np.zeros((len(names), 3), np.int64)
        self._opened = 0

    def file_path(self, number: int) -> str:
        """Path of file `number`, from 1, as locations show it."""
        (path,) = self._paths(number - 1, number)
        return os.fsdecode(path)

    def batches(self, limit: int | None = None) -> Iterator[Batch]:
        """Read the files; see `Source.batches`."""
        bytes_read = 0
        while self._opened < len(self.names) and limit != 0:
            batch = self._batch(BATCH_FILES if limit is None else min(limit, BATCH_FILES), bytes_read)
            bytes_read = batch.bytes_read
            if limit is not None:
                limit -= len(batch.texts)
            yield batch

    def check_mapped(self) -> None:
        """Nothing is mapped but the spool, which nobody else can cut short."""

    def check_unchanged(self) -> None:
        """Raise InputError when a file that was read is not the same any more."""
        for start in range(0, self._opened, BATCH_FILES):
            paths = self._paths(start, min(start + BATCH_FILES, self._opened))
            now = np.array([_stamp_of(path) for path in paths], np.int64)
            before = self._stamps[start : start + len(paths)]
            changed = (now != before).any(axis=1) & before.any(axis=1)
            if changed.any():
                path = os.fsdecode(paths[int(changed.argmax())])
                raise InputError(
                    f"{path} changed while it was read", "let nothing write to the inputs during a run"
                )

    def close(self) -> None:
        """Nothing is left open; the texts live in the spool."""

    def _paths(self, start: int, end: int) -> list[bytes]:
        """Paths of the files `start` to `end`, counted from 0."""
        root = os.fsencode(os.path.join(self.root, ""))
        bounds = self.names.offsets[start : end + 1].tolist()
        names = bytes(memoryview(self.names.data)[bounds[0] : bounds[-1]])
        return [root + names[a - bounds[0] : b - bounds[0]] for a, b in pairwise(bounds)]

    def _batch(self, most: int, bytes_read: int) -> Batch:
        texts: list[bytes] = []
        paths: list[bytes] = []
        numbers: list[int] = []
        stamps: list[tuple[int, int, int]] = []
        skipped: list[Skipped] = []
        size = 0
        first = self._opened
        for path in self._paths(first, min(first + most, len(self.names))):
            self._opened += 1
            try:
                text, stamp = self._read(path)
            except InputError as error:
                if self._named:
                    raise
                name = os.fsdecode(path)
                skipped.append(Skipped(name, "unreadable", error.message.removeprefix(f"{name} ")))
                stamps.append((0, 0, 0))
                continue
            stamps.append(stamp)
            if self._encoding == "utf-8" and text[:2] in UTF16_MARKS:
                if self._named:
                    raise utf16(os.fsdecode(path))
                detail = "the file is UTF-16: add --encoding utf-16"
                skipped.append(Skipped(os.fsdecode(path), "undecodable", detail))
                continue
            texts.append(text)
            paths.append(path)
            numbers.append(self._opened)
            size += len(text)
            if size >= BATCH_BYTES:
                break
        self._stamps[first : self._opened] = np.array(stamps, np.int64)
        batch = Texts.from_strings(texts)
        data, start = self._spool.append(batch.data)
        spans = batch.offsets + start
        return Batch(
            texts=batch,
            ids=missing(len(texts)),
            fields=[missing(len(texts))] * self._more,
            numbers=np.array(numbers, np.int64),
            segment=Segment(data, Form.TEXT, spans[:-1], spans[1:]),
            skipped=skipped,
            repaired=count_invalid(batch),
            bytes_read=bytes_read + size,
            paths=Texts.from_strings(paths),
        )

    def _read(self, path: bytes) -> tuple[bytes, tuple[int, int, int]]:
        """The text of a file, still with its invalid bytes, and its stamp."""
        with open_input(os.fsdecode(path), buffering=0) as file:
            status = os.fstat(file.fileno())
            if path.endswith(b".txt"):
                data = file.read()
            else:
                name = os.fsdecode(path)
                found = classify(name)
                data = b"".join(decompressed(file, found[1] if found else Codec.NONE, name))
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._encoding == "utf-8":
            return data.removeprefix(codecs.BOM_UTF8), stamp
        return b"".join(transcoded([data], self._encoding, os.fsdecode(path))), stamp


def count_invalid(texts: Texts) -> int:
    """Number of texts that are not valid UTF-8."""
    if isinstance(texts.data, bytes) and texts.data.isascii():
        return 0
    whole = memoryview(texts.data)[texts.offsets[0] : texts.offsets[-1]]
    starts = texts.offsets[:-1][texts.offsets[:-1] < texts.offsets[1:]]
    if not len(starts):
        return 0
    # A text that begins inside a character could complete the one before it.
    inside = (np.frombuffer(memoryview(texts.data), np.uint8)[starts] & 0xC0) == 0x80
    if _is_utf8(whole) and not inside.any():
        return 0
    return sum(not _is_utf8(texts.bytes_at(i)) for i in range(len(texts)))


def _is_utf8(data: memoryview | bytes) -> bool:
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError:
        return False
    return True


def _stamp_of(path: bytes) -> tuple[int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns
