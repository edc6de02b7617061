"""Where a `Learner` keeps its counts: rows go in as they are observed, counts come out by ranges of keys.

`Bounded` holds them in memory and forgets the rarest lines when there are too many; `Spilled` holds them in
temporary files and forgets nothing.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from dedup.boilerplate.strings import SpilledStrings, Strings, distinct
from dedup.errors import OutputError
from dedup.model import I64, U64, Texts
from dedup.observations import ROW, Rows
from dedup.stages import Stages

PARTITIONS = 128
"""Files of rows. A million articles have 40 million rows (1.9 GB): 15 MB a file, counted one at a time."""

BUFFER = 1 << 18
"""Rows that are gathered before they are counted or written: 12 MB."""

TEXT_SHARE = 40
"""Bytes of text a row that `Bounded` has room for; if there are more, texts of lines that were seen once are
dropped. They come again when the line does."""


class Store(Protocol):
    """Rows, the texts of their keys, and the names of their places."""

    missed: int

    def add(self, rows: Rows, keys: U64, texts: Texts) -> None:
        """Take rows, and texts of keys."""

    def add_places(self, hashes: U64, names: Texts) -> None:
        """Take names of places."""

    def counts(self) -> Iterator[Rows]:
        """The counts of all rows, as `stages.Stages.compact` gives them, by ascending ranges of keys."""

    @property
    def texts(self) -> Strings | SpilledStrings: ...  # noqa: D102

    @property
    def places(self) -> Strings | SpilledStrings: ...  # noqa: D102

    def close(self) -> None:
        """Let go of everything."""


class Bounded:
    """Counts in memory, of `most_rows` rows at most.

    Lossy counting (Manku and Motwani 2002, "Approximate frequency counts over data streams"), with windows that end
    when memory is full: the lines in the fewest documents are then forgotten, until half is free. `missed` is the sum
    over all windows of the documents that a forgotten line may have had: by so many at most a count may be too low.

    Args:
        stages: The engine that counts.
        most_rows: Rows of counts; a line has one for each source and story, at most 64 a source.
    """

    def __init__(self, stages: Stages, most_rows: int) -> None:
        self._stages = stages
        self._most_rows = most_rows
        self._counts: Rows = np.empty(0, ROW)
        self._more: list[Rows] = []
        self._waiting = 0
        self.texts, self.places = Strings(), Strings()
        self.missed = 0

    def add(self, rows: Rows, keys: U64, texts: Texts) -> None:
        """Take rows, and texts of keys."""
        self._more.append(rows)
        self.texts.add(keys, texts)
        self._waiting += len(rows)
        if self._waiting >= min(BUFFER // 4, self._most_rows):
            self._settle()

    def add_places(self, hashes: U64, names: Texts) -> None:
        """Take names of places."""
        self.places.add(hashes, names)

    def counts(self) -> Iterator[Rows]:
        """All counts at once."""
        self._settle()
        yield self._counts

    def close(self) -> None:
        """Nothing is open."""

    def _settle(self) -> None:
        if self._waiting:
            rows = np.concatenate([self._counts, *self._more])
            self._counts, self._more, self._waiting = rows[:0], [], 0
            self._counts = self._stages.compact(rows)
        self.texts.settle()
        self.places.settle()
        if len(self._counts) > self._most_rows:
            forgotten = forgettable([self._counts], self._most_rows // 2)
            self._counts = above(self._counts, forgotten)
            self.missed += forgotten
            self.texts.settle(distinct(self._counts["key"]))
            self.places.settle(distinct(self._counts["place"]))
        if self.texts.nbytes > TEXT_SHARE * self._most_rows:
            self.texts.settle(distinct(above(self._counts, 1)["key"]))
            self.missed = max(self.missed, 1)


class Spilled:
    """Counts in temporary files.

    Args:
        stages: The engine that counts.
        temp_dir: Where the files are made; the system's place for such files unless given.

    Raises:
        OutputError: The files cannot be made or written; so do the methods.
    """

    def __init__(self, stages: Stages, temp_dir: Path | None) -> None:
        self.missed = 0
        self._stages = stages
        self._temp_dir = temp_dir
        self._more: list[Rows] = []
        self._waiting = 0
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="dedup-learn-", dir=temp_dir)
            folder = Path(self._folder.name)
            self._files: list[BinaryIO] = [(folder / f"{i}.rows").open("w+b") for i in range(PARTITIONS)]
            self.texts, self.places = SpilledStrings(folder, "texts"), SpilledStrings(folder, "places")
        except OSError as error:
            raise self._failed(error) from error

    def add(self, rows: Rows, keys: U64, texts: Texts) -> None:
        """Take rows, and texts of keys."""
        self._more.append(rows)
        self._waiting += len(rows)
        try:
            self.texts.add(keys, texts)
            if self._waiting >= BUFFER:
                self._write()
        except OSError as error:
            raise self._failed(error) from error

    def add_places(self, hashes: U64, names: Texts) -> None:
        """Take names of places."""
        try:
            self.places.add(hashes, names)
        except OSError as error:
            raise self._failed(error) from error

    def counts(self) -> Iterator[Rows]:
        """The counts of one file after the other."""
        try:
            self._write()
            for file in self._files:
                file.seek(0)
                rows = np.fromfile(file, ROW)
                yield self._stages.compact(rows)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Remove the files."""
        for file in self._files:
            file.close()
        self.texts.close()
        self.places.close()
        self._folder.cleanup()

    def _write(self) -> None:
        if not self._waiting:
            return
        rows = np.concatenate(self._more)
        self._more, self._waiting = [], 0
        partition = (rows["key"] >> np.uint64(64 - 6)).astype(np.uint8)
        order = np.argsort(partition, kind="stable")
        ends = np.searchsorted(partition[order], np.arange(PARTITIONS), "right").tolist()
        ordered = rows[order].tobytes()
        start = 0
        for file, end in zip(self._files, ends, strict=True):
            file.write(ordered[start * ROW.itemsize : end * ROW.itemsize])
            start = end

    def _failed(self, error: OSError) -> OutputError:
        where = self._temp_dir or tempfile.gettempdir()
        return OutputError(
            f"cannot keep counts in {where}: {error.strerror or error}",
            "give a directory with more room: --temp-dir DIR, or set TMPDIR",
        )


def forgettable(counts: Iterable[Rows], most_rows: int) -> int:
    """The documents up to which lines have to be forgotten, so that `most_rows` rows are left at most."""
    rows_at = Counter[int]()
    for rows in counts:
        totals, sizes = _totals(rows)
        levels, level = np.unique(totals, return_inverse=True)
        rows_at.update(
            dict(zip(levels.tolist(), np.bincount(level, sizes).astype(int).tolist(), strict=True))
        )
    left = rows_at.total()
    forgotten = 0
    for total in sorted(rows_at):
        if left <= most_rows:
            break
        left -= rows_at[total]
        forgotten = total
    return forgotten


def above(rows: Rows, documents: int) -> Rows:
    """The counts of the lines in more documents than that."""
    totals, sizes = _totals(rows)
    return rows[np.repeat(totals > documents, sizes)]


def _totals(rows: Rows) -> tuple[I64, I64]:
    """The documents of each key, and its rows."""
    keys = rows["key"]
    if not len(rows):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    totals = np.add.reduceat(rows["documents"].astype(np.int64), starts)
    return totals, np.diff(starts, append=len(rows))
