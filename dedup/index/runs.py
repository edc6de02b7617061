"""The directory of runs of postings: which runs there are, and which of them to merge next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.errors import OutputError

FAN = 4
"""Runs of one size that are merged. At one million documents a list has some ten runs, and a posting was merged five
times."""

SMALL = 4096
"""Documents from which on a run is cut into lists and blocks."""

DIRECTORY = np.dtype([("run", "<i8"), ("list", "<i4"), ("bits", "<i4"), ("postings", "<i8")])
"""A row of the directory; see `Run`."""

ALL = -1
"""In the place of a list: the run is small and has all lists."""

SHIFT = 24
"""Block `i` of a run has the number `run << SHIFT | i`."""

Directory = NDArray[np.void]


class Run(NamedTuple):
    """A row of the directory.

    Attributes:
        run: Its number.
        list: Its list, or `ALL`.
        bits: How many leading bits of the keys tell its blocks apart.
        postings: How many it has.
    """

    run: int
    list: int
    bits: int
    postings: int


def rows(directory: Directory) -> list[Run]:
    """The runs of a directory."""
    return [Run._make(row) for row in directory.tolist()]


def extended(directory: Directory, run: int, where: int, bits: int, postings: int) -> Directory:
    """A directory with one more run.

    Raises:
        OutputError: There are no numbers left.
    """
    if run >= 1 << (63 - SHIFT):
        raise OutputError("the index has no numbers left for runs", "export it and import it into a new one")
    return np.concatenate([directory, np.array([(run, where, bits, postings)], DIRECTORY)])


def due_runs(directory: Directory, lists: int, *, small: bool) -> Directory | None:
    """Runs to merge next: those of one list and size of which there are most, if there are enough."""
    runs = directory[(directory["list"] == ALL) == small]
    # The size that counts is the logarithm to base FAN.
    unit = lists if small else SMALL
    size = np.log2(np.maximum(runs["postings"] / unit, 1)) // np.log2(FAN)
    group = runs["list"] * 64 + size.astype(np.int64)
    kinds, counts = np.unique(group, return_counts=True)
    if not len(kinds) or counts.max() < FAN:
        return None
    due: Directory = runs[group == kinds[counts.argmax()]]
    return due
