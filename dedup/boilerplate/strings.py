"""Strings by a 64-bit hash: texts of lines by their keys, names of places. Batches go in, those asked for come out.

In memory or in a temporary file. A hash may be given any number of times, always with the same string.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dedup.model import I64, U64, Texts

CHUNK = 1 << 20
"""Bytes of hashes and lengths that are read at a time: 65,536 strings."""


class Strings:
    """Strings in memory."""

    def __init__(self, hashes: U64 | None = None, texts: Texts | None = None) -> None:
        self._hashes = np.empty(0, np.uint64)
        self._texts = Texts(b"", np.zeros(1, np.int64))
        self._more: list[tuple[U64, Texts]] = []
        if hashes is not None and texts is not None:
            self.add(hashes, texts)

    def add(self, hashes: U64, texts: Texts) -> None:
        """Take some more; they are held as they are until `settle`."""
        self._more.append((hashes, texts))

    def settle(self, wanted: U64 | None = None) -> None:
        """Keep one string of each hash; only of those in `wanted`, which ascends, if that is given."""
        if not self._more and wanted is None:
            return
        parts = [(self._hashes, self._texts), *self._more]
        hashes, first = np.unique(np.concatenate([part[0] for part in parts]), return_index=True)
        if wanted is not None:
            keep = _in(hashes, wanted)
            hashes, first = hashes[keep], first[keep]
        self._hashes, self._texts, self._more = hashes, _gather([part[1] for part in parts], first), []

    @property
    def nbytes(self) -> int:
        """Bytes of the strings, as they were after the last `settle`."""
        return int(self._texts.offsets[-1])

    def parts(self) -> Iterator[tuple[U64, Texts]]:
        """All of them; a hash may come again."""
        yield self._hashes, self._texts
        yield from self._more

    def close(self) -> None:
        """Nothing is open."""


class SpilledStrings:
    """Strings in a temporary file.

    Args:
        folder: Where the file is made.
        name: Its name, unique in the folder.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._hashes: BinaryIO = (folder / f"{name}.hashes").open("w+b")
        self._data: BinaryIO = (folder / f"{name}.data").open("w+b")

    def add(self, hashes: U64, texts: Texts) -> None:
        """Append some more. Raises OSError."""
        lengths = np.diff(texts.offsets).astype(np.uint64)
        self._hashes.seek(0, os.SEEK_END)
        self._data.seek(0, os.SEEK_END)
        self._hashes.write(np.column_stack([hashes, lengths]).tobytes())
        self._data.write(memoryview(texts.data)[texts.offsets[0] : texts.offsets[-1]])

    def settle(self, wanted: U64 | None = None) -> None:
        """Nothing to do: a file has room."""

    @property
    def nbytes(self) -> int:
        """None of them is in memory."""
        return 0

    def parts(self) -> Iterator[tuple[U64, Texts]]:
        """All of them, some at a time; a hash may come again."""
        self._hashes.seek(0)
        self._data.seek(0)
        while block := self._hashes.read(CHUNK):
            table = np.frombuffer(block, np.uint64).reshape(-1, 2)
            offsets = np.zeros(len(table) + 1, np.int64)
            np.cumsum(table[:, 1], out=offsets[1:])
            yield table[:, 0], Texts(self._data.read(int(offsets[-1])), offsets)

    def close(self) -> None:
        """Let the file go."""
        self._hashes.close()
        self._data.close()


def select(strings: Strings | SpilledStrings, wanted: U64) -> tuple[U64, Texts]:
    """The hashes that are in `wanted`, which ascends, and their strings."""
    chosen = Strings()
    for hashes, texts in strings.parts():
        at = np.flatnonzero(_in(hashes, wanted))
        chosen.add(hashes[at], _gather([texts], at))
    chosen.settle()
    return next(chosen.parts())


def find(strings: Strings | SpilledStrings, wanted: U64) -> dict[int, str]:
    """The same, by hash."""
    hashes, texts = select(strings, wanted)
    return dict(zip(hashes.tolist(), texts.strings(), strict=True))


def distinct(hashes: U64) -> U64:
    """The hashes, each once, ascending; `np.unique` of NumPy 2.4 takes ten times as long on what is nearly sorted."""
    ordered: U64 = np.sort(hashes)
    is_first = np.ones(len(ordered), np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    chosen: U64 = ordered[is_first]
    return chosen


def _in(hashes: U64, wanted: U64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    at = np.searchsorted(wanted, hashes)
    at[at == len(wanted)] = 0
    return wanted[at] == hashes if len(wanted) else np.zeros(len(hashes), np.bool_)


def _gather(parts: list[Texts], positions: I64) -> Texts:
    """The texts at some positions of all parts together."""
    import pyarrow as pa

    arrays = [
        pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(part), [None, pa.py_buffer(part.offsets), pa.py_buffer(part.data)]
        )
        for part in parts
    ]
    _, offsets, data = pa.concat_arrays(arrays).take(pa.array(positions)).buffers()
    return Texts(data or b"", np.frombuffer(offsets, np.int64)[: len(positions) + 1])
