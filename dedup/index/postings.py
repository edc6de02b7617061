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
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.index.held import BYTES, Held, Sorted, in_order, merged
from dedup.index.runs import ALL, DIRECTORY, SHIFT, SMALL, Directory, Run, due_runs, extended, rows
from dedup.index.store import Reader, Writer
from dedup.model import I64, U32, U64
from dedup.native import probe

BLOCK = 256
"""Most postings of a block, on average; at least half as many."""

ALLOWANCE = 8
"""Postings of large runs that a batch may merge for each that it adds: more than are ever due."""

MOST_HELD = 1 << 22
"""Postings of a transaction from which on they are written before its end: 32 MB, of some 100,000 documents."""

MAX_NUMBER = 2**32 - 1
"""Greatest document number that a posting can hold."""

SHORT = 8
"""Leading bits of a run that is read whole for the sake of later queries: half a megabyte, a millisecond."""

FEW = 64
"""Queries up to which plain integers are faster than arrays."""


class Postings:
    """The lists of an index.

    Args:
        lists: How many.
        cache_bytes: Memory for runs, the smallest ones first. Without it blocks are read again for each batch.
    """

    def __init__(self, lists: int, cache_bytes: int) -> None:
        self.lists = lists
        self._cache_bytes = cache_bytes
        self._cache: dict[int, Sorted] = {}
        self._cut: dict[int, list[U64]] = {}
        self._held = Held()
        self._asked: Counter[int] = Counter()
        self._seen = b""
        self._runs: list[tuple[Run, bool]] = []

    def forget(self) -> None:
        """Drop what is cached: a transaction that was rolled back may have left it here."""
        self._cache.clear()
        self._cut.clear()
        self._asked.clear()
        self._held.clear()
        self._seen, self._runs = b"", []

    def probe(self, reader: Reader, first: int, keys: U32, beside: bool = False) -> tuple[I64, I64]:
        """Documents that stand under some keys.

        Args:
            reader: A transaction.
            first: The list of the first row of keys.
            keys: uint32[m, n], the keys of `n` queries in the lists `first` to `first + m - 1`.
            beside: Other threads work beside the caller's.

        Returns:
            int64[p] each, queries and documents, sorted, each pair once. A document may have been removed since.
        """
        runs = [
            (row, *one)
            for lists in self._held.runs()
            for row, one in enumerate(lists[first : first + len(keys)])
        ]
        cut: list[tuple[int, list[int]]] = []
        few = keys.tolist() if keys.shape[1] <= FEW else None
        for one, keep in self._present(reader):
            if one.list == ALL:
                lists = self._small(reader, one)[first : first + len(keys)]
                runs.extend((row, postings, None) for row, postings in enumerate(lists))
                continue
            row = one.list - first
            if not 0 <= row < len(keys):
                continue
            if one.run in self._cache or self._pays(one, keep, keys.shape[1]):
                runs.append((row, *self._whole(reader, one, keep)))
                continue
            shift = 32 - one.bits
            if few is not None:
                parts = sorted({key >> shift for key in few[row]})
            else:
                parts = np.unique(keys[row].astype(np.int64) >> shift).tolist()
            cut.append((row, [one.run << SHIFT | part for part in parts]))
        blocks = reader.blocks([number for _, numbers in cut for number in numbers]) if cut else {}
        for row, numbers in cut:
            joined = b"".join([blocks.get(number, b"") for number in numbers])
            if joined:
                runs.append((row, np.frombuffer(joined, "<u8"), None))
        found = probe(runs, np.ascontiguousarray(keys), beside)
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
        while (due := due_runs(directory, self.lists, small=True)) is not None:
            together = merged([self._slices(self._load(writer, one)) for one in rows(due)])
            directory = _drop(writer, directory, due)
            directory, following = self._add(writer, directory, following, together)
        left = ALLOWANCE * sum(map(len, postings))
        while left > 0 and (due := due_runs(directory, self.lists, small=False)) is not None:
            together = [self._load(writer, one) for one in rows(due)]
            directory = _drop(writer, directory, due)
            where = int(due["list"][0])
            directory, following = _add_list(writer, directory, following, where, in_order(together))
            left -= int(due["postings"].sum())
        self._write(writer, directory, following)

    def compact(self, writer: Writer, alive: I64) -> None:
        """Merge all runs, without the postings of documents that are not in `alive` (ascending)."""
        directory, following = self._read(writer)
        small = [self._slices(self._load(writer, one)) for one in rows(directory) if one.list == ALL]
        kept = []
        for where in range(self.lists):
            own = directory[directory["list"] == where]
            parts = [self._load(writer, one) for one in rows(own)]
            whole = in_order([*parts, *(lists[where] for lists in small)])
            kept.append(whole[_among(whole & np.uint64(MAX_NUMBER), alive)])
        directory = _drop(writer, directory, directory)
        directory, following = self._add(writer, directory, following, kept)
        self._write(writer, directory, following)

    def all(self, reader: Reader) -> Iterator[U64]:
        """The postings of each list, sorted."""
        directory, _ = self._read(reader)
        small = [self._slices(self._load(reader, one)) for one in rows(directory) if one.list == ALL]
        for where in range(self.lists):
            own = directory[directory["list"] == where]
            parts = [self._load(reader, one) for one in rows(own)]
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
            writer.insert_blocks([(following << SHIFT, whole.tobytes())])
            directory = extended(directory, following, ALL, 0, total)
            following += 1
        return directory, following

    def _present(self, reader: Reader) -> list[tuple[Run, bool]]:
        """The runs that there are, each with whether it has room in the cache: the smallest first."""
        stored = reader.value("postings") or b""
        if stored != self._seen:
            directory, _ = self._read(reader)
            order = np.argsort(directory["postings"], kind="stable")
            fits = np.zeros(len(directory), np.bool_)
            fits[order] = np.cumsum(directory["postings"][order]) * BYTES <= self._cache_bytes
            self._runs = list(zip(rows(directory), fits.tolist(), strict=True))
            self._seen = stored
            there = {one.run for one, _ in self._runs}
            for cache in (self._cache, self._cut, self._asked):
                for run in cache.keys() - there:
                    del cache[run]
        return self._runs

    def _pays(self, one: Run, keep: bool, keys: int) -> bool:
        """Whether to read a run whole: for many keys, or a short run once a quarter of it has been read for few."""
        if not keep or one.bits > SHORT:
            return keep and 4 * keys >= 1 << one.bits
        self._asked[one.run] += keys
        # Runs of all lists are as long, and asked as often: no query shall have to read them all.
        return 4 * (self._asked[one.run] - one.list) >= 1 << one.bits

    def _small(self, reader: Reader, one: Run) -> list[U64]:
        """The postings of each list in a small run, from the cache if it is there: a few MB hold all."""
        lists = self._cut.get(one.run)
        if lists is None:
            lists = self._cut[one.run] = self._slices(self._load(reader, one))
        return lists

    def _whole(self, reader: Reader, one: Run, keep: bool) -> Sorted:
        """A run, from the cache if it is there."""
        run = one.run
        if run in self._cache:
            return self._cache[run]
        whole = self._load(reader, one)
        if not keep:
            return Sorted(whole, None)
        self._cache[run] = Sorted.of(whole)
        return self._cache[run]

    def _load(self, reader: Reader, one: Run) -> U64:
        """A run, from the store. Raises InputError when blocks of it are missing."""
        first = one.run << SHIFT
        whole = np.frombuffer(reader.stretch(first, first + (1 << one.bits) - 1), "<u8")
        if len(whole) != one.postings + (self.lists + 1 if one.list == ALL else 0):
            raise InputError("postings of the index are missing", "`dedup index rebuild` makes them anew")
        return whole

    def _slices(self, whole: U64) -> list[U64]:
        """The postings of each list in a small run."""
        bounds = whole[: self.lists + 1].astype(np.int64) + self.lists + 1
        return [whole[start:end] for start, end in itertools.pairwise(bounds)]

    def _read(self, reader: Reader) -> tuple[Directory, int]:
        """The runs that there are, and the number of the next one."""
        stored = reader.value("postings") or bytes(8)
        directory = np.frombuffer(stored, DIRECTORY, offset=8)
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
    data, first = memoryview(postings.astype("<u8").tobytes()), following << SHIFT
    blocks = ((first + i, data[8 * bounds[i] : 8 * bounds[i + 1]]) for i in range(1 << bits))
    writer.insert_blocks((number, bytes(block)) for number, block in blocks if len(block))
    return extended(directory, following, where, bits, len(postings)), following + 1


def _drop(writer: Writer, directory: Directory, runs: Directory) -> Directory:
    """Remove runs and their blocks."""
    firsts = [(one.run << SHIFT, one.bits) for one in rows(runs)]
    writer.delete_blocks((first, first + (1 << bits) - 1) for first, bits in firsts)
    return directory[~np.isin(directory["run"], runs["run"])]


def _among(numbers: U64, alive: I64) -> NDArray[np.bool_]:
    """Which numbers are among some ascending ones."""
    if not len(alive):
        return np.zeros(len(numbers), np.bool_)
    wanted = numbers.astype(np.int64)
    at = np.minimum(np.searchsorted(alive, wanted), len(alive) - 1)
    found: NDArray[np.bool_] = alive[at] == wanted
    return found
