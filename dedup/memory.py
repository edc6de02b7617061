"""Memory for the arrays that a run holds of all its documents: ordinary memory, or files where that would be too much.

Whoever needs an array asks for its shape and gets zeros. They lie in ordinary memory until the run is known to need
more than its budget; from then on, in unnamed temporary files that are mapped. To the code that fills and reads an
array both are the same, so results do not depend on the budget. The system writes pages of a file out when memory is
short and keeps them as long as it is not, so that a budget that is too small costs little.

A file has no name: it vanishes with the last array in it, also when the process is killed. Its blocks are allotted
before it is mapped: a full disk is an error then, and not a signal in the middle of a computation.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from dedup.errors import OutputError, UsageError
from dedup.model import Texts

Scalar = TypeVar("Scalar", bound=np.generic)

BASE = 128 << 20
"""Bytes that a run needs whatever it holds: the interpreter, its libraries, batches on their way."""

REGION = 64 << 20
"""Bytes of a file at least; many arrays share one."""

ALIGNMENT = 4096
"""Arrays begin at multiples of this many bytes: at pages."""

PENDING = 4 << 20
"""Bytes that a growing array keeps in ordinary memory before they go to a file."""


def parse_size(text: str) -> int:
    """Bytes from what a person writes: `2G`, `1.5GB`, `500M`, `65536`; powers of 1024. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    size = int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " ")) if found else 0
    if size < 1:
        raise UsageError(f"memory {text!r} is no size", "for example --memory 2G, or 500M")
    return size


def half_of_free() -> int | None:
    """Half of the bytes of memory that are free, in the system and in the container; None where nothing says so."""
    free = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    with contextlib.suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        free.append(limit - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    return max(1, min(free) // 2) if free else None


class Memory:
    """Where arrays come from.

    Args:
        budget: Bytes of ordinary memory for the whole run; None = as many as it takes.
        temp_dir: Where files go; None = the system's directory.

    Attributes:
        spilling: Whether the budget does not suffice, and arrays are in files.
        spilled: Bytes of arrays that were put into files.
        beside: Bytes of arrays beside those that are expected: of those whose size nothing tells in advance.
        temp_dir: Where files go; None = the system's directory.
    """

    def __init__(self, budget: int | None = None, temp_dir: Path | None = None) -> None:
        self.budget = budget
        self.spilling = False
        self.spilled = 0
        self.beside = 0
        self.temp_dir = temp_dir
        self._region: mmap.mmap | None = None
        self._used = 0

    def expect(self, size: int) -> None:
        """Say how many bytes all arrays and what goes with them are going to take, as far as that is known by now."""
        self.spilling |= self.budget is not None and BASE + self.beside + size > self.budget

    def zeros(self, shape: tuple[int, ...], dtype: type[Scalar]) -> NDArray[Scalar]:
        """An array of zeros. Raises OutputError where a file is needed and cannot be made, as on a full disk."""
        count = math.prod(shape)
        if not self.spilling or count == 0:
            return np.zeros(shape, dtype)
        size = count * np.dtype(dtype).itemsize
        if self._region is None or self._used + size > len(self._region):
            # The more there is, the larger a file: each costs a handle.
            self._region = self._new_region(max(size, REGION, self.spilled // 4))
            self._used = 0
        array = np.frombuffer(self._region, dtype, count, self._used)
        self._used += -(-size // ALIGNMENT) * ALIGNMENT
        self.spilled += size
        return array.reshape(shape)

    def copied(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """The same array, where arrays lie by now."""
        copy = self.zeros(array.shape, array.dtype.type)
        copy[...] = array
        return copy

    def _new_region(self, size: int) -> mmap.mmap:
        file = temporary_file(self.temp_dir)
        with file:
            try:
                _allot(file, size)
                return mmap.mmap(file.fileno(), size)
            except OSError as error:
                raise cannot_spool(error, self.temp_dir) from error


class Growing(Generic[Scalar]):
    """An array that grows by its first axis.

    Args:
        memory: Where it comes from.
        dtype: Of its elements.
        width: Length of the second axis, if it has one.
    """

    def __init__(self, memory: Memory, dtype: type[Scalar], width: int | None = None) -> None:
        self._memory = memory
        self._dtype = dtype
        self._shape = () if width is None else (width,)
        self._parts: list[NDArray[Scalar]] = []
        self._settled = 0
        self._pending = 0

    def append(self, part: NDArray[Scalar]) -> None:
        """Add some elements at the end; the array must not change any more."""
        self._parts.append(part)
        self._pending += part.nbytes
        if self._memory.spilling and self._pending >= PENDING:
            self._parts[self._settled :] = [self._joined(self._parts[self._settled :])]
            self._settled, self._pending = len(self._parts), 0

    def whole(self) -> NDArray[Scalar]:
        """All of it. Nothing is held here afterwards: what is joined is let go at once."""
        parts, self._parts = self._parts, []
        self._settled = self._pending = 0
        return parts[0] if len(parts) == 1 else self._joined(parts)

    def _joined(self, parts: list[NDArray[Scalar]]) -> NDArray[Scalar]:
        joined = self._memory.zeros((sum(len(part) for part in parts), *self._shape), self._dtype)
        end = len(joined)
        while parts:
            part = parts.pop()
            joined[end - len(part) : end] = part
            end -= len(part)
        return joined


class GrowingTexts:
    """Texts that are added batch by batch; their bytes and offsets are such arrays."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._data = Growing(memory, np.uint8)
        self._lengths = Growing(memory, np.int64)

    def append(self, texts: Texts) -> None:
        """Add some texts at the end; their bytes must not change any more."""
        view = memoryview(texts.data)[texts.offsets[0] : texts.offsets[-1]]
        if view.nbytes:
            self._data.append(np.frombuffer(view, np.uint8))
        self._lengths.append(np.diff(texts.offsets))

    def whole(self) -> Texts:
        """All of them. Nothing is held here afterwards."""
        lengths = self._lengths.whole()
        offsets = self._memory.zeros((len(lengths) + 1,), np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return Texts(self._data.whole().data, offsets)


def _allot(file: BinaryIO, size: int) -> None:
    """Make a file so long, of zeros, and reserve its place on the disk where the system can."""
    if sys.platform == "linux":
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)


def temporary_file(temp_dir: Path | None) -> BinaryIO:
    """A file without a name in `temp_dir`, or the system's directory. Raises OutputError."""
    try:
        return cast(BinaryIO, tempfile.TemporaryFile(prefix="dedup-", dir=temp_dir))
    except OSError as error:
        raise cannot_spool(error, temp_dir) from error


def cannot_spool(error: OSError, temp_dir: Path | None) -> OutputError:
    """The error about a temporary file that cannot be made or written."""
    where = temp_dir or tempfile.gettempdir()
    return OutputError(
        f"cannot write a temporary file in {where}: {error.strerror or error}",
        "give a directory with more room: --temp-dir DIR, or set TMPDIR",
    )
