"""Unnamed temporary files: bytes go in, memory that can be read again comes out.

They hold what has no plain file of its own: decompressed or transcoded
inputs, standard input, texts out of small files and tables. They vanish with
the last reference, also when the process is killed.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from dedup.memory import cannot_spool, temporary_file
from dedup.model import Buffer

IN_MEMORY = 32 << 20
"""A `TextSpool` keeps this many bytes in memory before it starts a file."""

REGION = 256 << 20
"""A `TextSpool` maps its file in stretches of this size: few maps, for a corpus of any size."""


def spool(chunks: Iterable[bytes], temp_dir: Path | None) -> bytes | mmap.mmap:
    """Write all chunks into an unnamed temporary file and map it.

    Raises:
        OutputError: The disk is full, or the directory cannot be written.
    """
    file = temporary_file(temp_dir)
    with file:
        try:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
        except OSError as error:
            raise cannot_spool(error, temp_dir) from error
        return map_file(file)


def map_file(file: BinaryIO) -> bytes | mmap.mmap:
    """The content of an open file, mapped read-only; `b""` for an empty one."""
    if os.fstat(file.fileno()).st_size == 0:
        return b""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class TextSpool:
    """Texts that are appended batch by batch and stay readable until the spool is dropped."""

    def __init__(self, temp_dir: Path | None) -> None:
        self._temp_dir = temp_dir
        self._in_memory = 0
        self._file: BinaryIO | None = None
        self._region: mmap.mmap | None = None
        self._region_start = 0
        self._used = 0

    def append(self, data: Buffer) -> tuple[Buffer, int]:
        """Store `data`, which must not change any more.

        Returns:
            The memory that holds it from now on, and where in it `data` begins.
        """
        size = memoryview(data).nbytes
        if self._file is None:
            self._in_memory += size
            if self._in_memory <= IN_MEMORY:
                return data, 0
            self._file = temporary_file(self._temp_dir)
            # Many sources share a spool; the last one that goes closes it.
            weakref.finalize(self, self._file.close)
        if not size:
            return b"", 0
        try:
            region = self._room_for(size)
            # Written, not stored through the map: a full disk is then an error and not a SIGBUS.
            self._file.seek(self._region_start + self._used)
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise cannot_spool(error, self._temp_dir) from error
        start = self._used
        self._used += size
        return region, start

    def _room_for(self, size: int) -> mmap.mmap:
        if self._region is not None and self._used + size <= len(self._region):
            return self._region
        assert self._file is not None
        self._region_start += 0 if self._region is None else len(self._region)
        length = max(REGION, -(-size // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY)
        self._file.truncate(self._region_start + length)
        self._region = mmap.mmap(
            self._file.fileno(), length, access=mmap.ACCESS_READ, offset=self._region_start
        )
        self._used = 0
        return self._region
