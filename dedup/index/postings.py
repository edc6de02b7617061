"""Which documents stand under which key: lists of postings in sorted runs, merged as they grow.

A posting is a key of 32 bits and a document number of 32 bits, in one integer. An index has a list of postings for each
band, and a few more. What a batch adds becomes one run, sorted, written at the end of the file and never changed;
`FAN` runs of about one size are merged into one (a log-structured merge tree: O'Neil, Cheng, Gawlick, O'Neil 1996). So
an article costs a few sequential writes of 8 bytes a key, where a B-tree of random keys has nearly each of its pages
written for every batch, and takes 20.

A run is small, all lists in one block: where each list begins, then the postings; or it is of one list, cut by the
leading bits of the keys into blocks of 1 to 2 kB, so that one key is looked up by reading one block. Merging goes list
by list, and a batch merges no more than some multiple of what it adds, so no batch waits long for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.errors import InputError, OutputError
from dedup.index.held import Held, in_order, merged
from dedup.index.store import Reader, Writer
from dedup.model import I64, U32, U64
from dedup.native import probe

FAN = 4
"""Runs of one size that are merged. At one million documents a list has some ten runs, and a posting was merged five
times."""

SMALL = 4096
"""Documents from which on a run is cut into lists and blocks."""

BLOCK = 256
"""Most postings of a block, on average; at least half as many."""

ALLOWANCE = 8
"""Postings of large runs that a batch may merge for each that it adds: more than are ever due."""

MOST_HELD = 1 << 22
"""Postings of a transaction from which on they are written before its end: 32 MB, of some 100,000 documents."""

MAX_NUMBER = 2**32 - 1
"""Greatest document number that a posting can hold."""

FEW = 64
"""Queries up to which plain integers are faster than arrays."""


class Run(NamedTuple):
    """A row of the directory.

    Attributes:
        run: Its number.
        list: Its list, or `_ALL`.
        bits: How many leading bits of the keys tell its blocks apart.
        postings: How many it has.
    """

    run: int
    list: int
    bits: int
    postings: int


_DIRECTORY = np.dtype([("run", "<i8"), ("list", "<i4"), ("bits", "<i4"), ("postings", "<i8")])
_ALL = -1
_SHIFT = 24
"""Block `i` of a run has the number `run << _SHIFT | i`."""

Directory = NDArray[np.void]


class Postings:
    """The lists of an index.

    Args:
        lists: How many.
        cache_bytes: Memory for runs, the smallest ones first. Without it blocks are read again for each batch.
    """

    def __init__(self, lists: int, cache_bytes: int) -> None:
        self.lists = lists
        self._cache_bytes = cache_bytes
        self._cache: dict[int, U64] = {}
        self._cut: dict[int, list[U64]] = {}
        self._held = Held()
        self._seen = b""
        self._runs: list[tuple[Run, bool]] = []

    def forget(self) -> None:
        """Drop what is cached: a transaction that was rolled back may have left it here."""
        self._cache.clear()
        self._cut.clear()
        self._held.clear()
        self._seen, self._runs = b"", []

    def probe(self, reader: Reader, first: int, keys: U32) -> tuple[I64, I64]:
        """Documents that stand under some keys.

        Args:
            reader: A transaction.
            first: The list of the first row of keys.
            keys: uint32[m, n], the keys of `n` queries in the lists `first` to `first + m - 1`.

        Returns:
            int64[p] each, queries and documents, sorted, each pair once. A document may have been removed since.
        """
        runs = [one for lists in self._held.runs() for one in enumerate(lists[first : first + len(keys)])]
        cut: list[tuple[int, list[int]]] = []
        few = keys.tolist() if keys.shape[1] <= FEW else None
        for one, keep in self._present(reader):
            if one.list == _ALL:
                runs.extend(enumerate(self._small(reader, one)[first : first + len(keys)]))
                continue
            row = one.list - first
            if not 0 <= row < len(keys):
                continue
            if one.run in self._cache or (keep and 4 * keys.shape[1] >= 1 << one.bits):
                runs.append((row, self._whole(reader, one, keep)))
                continue
            shift = 32 - one.bits
            if few is not None:
                parts = sorted({key >> shift for key in few[row]})
            else:
                parts = np.unique(keys[row].astype(np.int64) >> shift).tolist()
            cut.append((row, [one.run << _SHIFT | part for part in parts]))
        blocks = reader.blocks([number for _, numbers in cut for number in numbers]) if cut else {}
        for row, numbers in cut:
            joined = b"".join([blocks.get(number, b"") for number in numbers])
            if joined:
                runs.append((row, np.frombuffer(joined, "<u8")))
        found = probe(runs, np.ascontiguousarray(keys))
        return (found >> np.uint64(32)).astype(np.int64), (found & np.uint64(MAX_NUMBER)).astype(np.int64)

    def hold(self, writer: Writer, postings: Sequence[U64]) -> None:
        """Add postings to every list, sorted within each; `insert` writes them."""
        self._held.add(postings)
        if self._held.postings >= MOST_HELD:
            self.insert(writer)

    def insert(self, writer: Writer) -> None:
        """Write what is held as one run, and merge what is due."""
        if not self._held.postings:
            return
        postings = self._held.take(self.lists)
        directory, following = self._read(writer)
        directory, following = self._add(writer, directory, following, postings)
        while (due := _due(directory, self.lists, small=True)) is not None:
            together = merged([self._slices(self._load(writer, one)) for one in _runs(due)])
            directory = _drop(writer, directory, due)
            directory, following = self._add(writer, directory, following, together)
        left = ALLOWANCE * sum(map(len, postings))
        while left > 0 and (due := _due(directory, self.lists, small=False)) is not None:
            together = [self._load(writer, one) for one in _runs(due)]
            directory = _drop(writer, directory, due)
            where = int(due["list"][0])
            directory, following = _add_list(writer, directory, following, where, in_order(together))
            left -= int(due["postings"].sum())
        self._write(writer, directory, following)

    def compact(self, writer: Writer, alive: I64) -> None:
        """Merge all runs, without the postings of documents that are not in `alive` (ascending)."""
        directory, following = self._read(writer)
        small = [self._slices(self._load(writer, one)) for one in _runs(directory) if one.list == _ALL]
        kept = []
        for where in range(self.lists):
            own = directory[directory["list"] == where]
            parts = [self._load(writer, one) for one in _runs(own)]
            whole = in_order([*parts, *(lists[where] for lists in small)])
            kept.append(whole[_among(whole & np.uint64(MAX_NUMBER), alive)])
        directory = _drop(writer, directory, directory)
        directory, following = self._add(writer, directory, following, kept)
        self._write(writer, directory, following)

    def all(self, reader: Reader) -> Iterator[U64]:
        """The postings of each list, sorted."""
        directory, _ = self._read(reader)
        small = [self._slices(self._load(reader, one)) for one in _runs(directory) if one.list == _ALL]
        for where in range(self.lists):
            own = directory[directory["list"] == where]
            parts = [self._load(reader, one) for one in _runs(own)]
            yield in_order([*parts, *(lists[where] for lists in small)])

    def clear(self, writer: Writer, lists: int) -> None:
        """Remove all postings; there are `lists` lists from now on."""
        directory, following = self._read(writer)
        self.lists = lists
        self._write(writer, _drop(writer, directory, directory), following)
        self.forget()

    def _add(
        self, writer: Writer, directory: Directory, following: int, postings: Sequence[U64]
    ) -> tuple[Directory, int]:
        """Write one run of all lists, or one of each."""
        total = sum(map(len, postings))
        if total >= SMALL * self.lists:
            for where, own in enumerate(postings):
                directory, following = _add_list(writer, directory, following, where, own)
        elif total:
            starts = np.cumsum([0, *map(len, postings)])
            whole = np.concatenate([starts.astype("<u8"), *postings])
            writer.insert_blocks([(following << _SHIFT, whole.tobytes())])
            directory = _extended(directory, following, _ALL, 0, total)
            following += 1
        return directory, following

    def _present(self, reader: Reader) -> list[tuple[Run, bool]]:
        """The runs that there are, each with whether it has room in the cache: the smallest first."""
        stored = reader.value("postings") or b""
        if stored != self._seen:
            directory, _ = self._read(reader)
            order = np.argsort(directory["postings"], kind="stable")
            fits = np.zeros(len(directory), np.bool_)
            fits[order] = np.cumsum(directory["postings"][order]) * 8 <= self._cache_bytes
            self._runs = list(zip(_runs(directory), fits.tolist(), strict=True))
            self._seen = stored
            there = {one.run for one, _ in self._runs}
            for cache in (self._cache, self._cut):
                for run in cache.keys() - there:
                    del cache[run]
        return self._runs

    def _small(self, reader: Reader, one: Run) -> list[U64]:
        """The postings of each list in a small run, from the cache if it is there: a few MB hold all."""
        lists = self._cut.get(one.run)
        if lists is None:
            lists = self._cut[one.run] = self._slices(self._load(reader, one))
        return lists

    def _whole(self, reader: Reader, one: Run, keep: bool) -> U64:
        """A run, from the cache if it is there."""
        run = one.run
        whole = self._cache.get(run)
        if whole is None:
            whole = self._load(reader, one)
            if keep:
                self._cache[run] = whole
        return whole

    def _load(self, reader: Reader, one: Run) -> U64:
        """A run, from the store. Raises InputError when blocks of it are missing."""
        first = one.run << _SHIFT
        whole = np.frombuffer(reader.stretch(first, first + (1 << one.bits) - 1), "<u8")
        if len(whole) != one.postings + (self.lists + 1 if one.list == _ALL else 0):
            raise InputError("postings of the index are missing", "`dedup index rebuild` makes them anew")
        return whole

    def _slices(self, whole: U64) -> list[U64]:
        """The postings of each list in a small run."""
        bounds = whole[: self.lists + 1].astype(np.int64) + self.lists + 1
        return [whole[start:end] for start, end in itertools.pairwise(bounds)]

    def _read(self, reader: Reader) -> tuple[Directory, int]:
        """The runs that there are, and the number of the next one."""
        stored = reader.value("postings") or bytes(8)
        directory = np.frombuffer(stored, _DIRECTORY, offset=8)
        return directory, int.from_bytes(stored[:8], "little")

    def _write(self, writer: Writer, directory: Directory, following: int) -> None:
        writer.set_value("postings", following.to_bytes(8, "little") + directory.tobytes())


def _add_list(
    writer: Writer, directory: Directory, following: int, where: int, postings: U64
) -> tuple[Directory, int]:
    """Write a run of one list."""
    if not len(postings):
        return directory, following
    bits = max(0, ((len(postings) - 1) // BLOCK).bit_length())
    edges = np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
    bounds = [0, *np.searchsorted(postings, edges).tolist(), len(postings)]
    data, first = memoryview(postings.astype("<u8").tobytes()), following << _SHIFT
    blocks = ((first + i, data[8 * bounds[i] : 8 * bounds[i + 1]]) for i in range(1 << bits))
    writer.insert_blocks((number, bytes(block)) for number, block in blocks if len(block))
    return _extended(directory, following, where, bits, len(postings)), following + 1


def _extended(directory: Directory, run: int, where: int, bits: int, postings: int) -> Directory:
    if run >= 1 << (63 - _SHIFT):
        raise OutputError("the index has no numbers left for runs", "export it and import it into a new one")
    return np.concatenate([directory, np.array([(run, where, bits, postings)], _DIRECTORY)])


def _runs(directory: Directory) -> list[Run]:
    return [Run._make(row) for row in directory.tolist()]


def _drop(writer: Writer, directory: Directory, runs: Directory) -> Directory:
    """Remove runs and their blocks."""
    firsts = [(one.run << _SHIFT, one.bits) for one in _runs(runs)]
    writer.delete_blocks((first, first + (1 << bits) - 1) for first, bits in firsts)
    return directory[~np.isin(directory["run"], runs["run"])]


def _due(directory: Directory, lists: int, *, small: bool) -> Directory | None:
    """Runs to merge next: those of one list and size of which there are most, if there are enough."""
    runs = directory[(directory["list"] == _ALL) == small]
    # The size that counts is the logarithm to base FAN.
    unit = lists if small else SMALL
    size = np.log2(np.maximum(runs["postings"] / unit, 1)) // np.log2(FAN)
    group = runs["list"] * 64 + size.astype(np.int64)
    kinds, counts = np.unique(group, return_counts=True)
    if not len(kinds) or counts.max() < FAN:
        return None
    due: Directory = runs[group == kinds[counts.argmax()]]
    return due


def _among(numbers: U64, alive: I64) -> NDArray[np.bool_]:
    """Which numbers are among some ascending ones."""
    if not len(alive):
        return np.zeros(len(numbers), np.bool_)
    wanted = numbers.astype(np.int64)
    at = np.minimum(np.searchsorted(alive, wanted), len(alive) - 1)
    found: NDArray[np.bool_] = alive[at] == wanted
    return found
