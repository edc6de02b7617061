"""Sketches of the documents that came last: those of a batch go in, by number; those of some numbers come out.

Copies come soon after their originals, as the news does, and each is compared with them. An original that is found here
need not be sketched again from its text, a quarter of what deciding an article costs.
"""

from __future__ import annotations

import numpy as np

from dedup.model import I64, Sketches

ROOM = 1 << 15
"""Documents that are remembered: 8 MB."""


class Recent:
    """Sketches of consecutive documents, `ROOM` of them at the most; without minimizers."""

    def __init__(self) -> None:
        self._begin = self._end = 0
        self._all: Sketches | None = None

    def forget(self) -> None:
        """Drop everything: the numbers of a transaction that was rolled back are given again."""
        self._begin = self._end = 0

    def add(self, first: int, sketches: Sketches) -> None:
        """Remember documents whose numbers count from `first`. Those before a gap, of other writers, are dropped."""
        count = len(sketches.tokens)
        if self._all is None:
            self._all = _empty(sketches)
        if first != self._end:
            self._begin = first
        self._end = first + count
        self._begin = max(self._begin, self._end - ROOM)
        rows = np.arange(max(first, self._begin), self._end)
        own, slots = rows - first, rows % ROOM
        self._all.keys[:, slots] = sketches.keys[:, own]
        self._all.low[slots] = sketches.low[own]
        self._all.tokens[slots] = sketches.tokens[own]
        self._all.digest[slots] = sketches.digest[own]

    def span(self, numbers: I64) -> tuple[int, int]:
        """Where those that are remembered begin and end among some ascending numbers.

        Before them are older ones, behind them those that other writers have stored since.
        """
        begin, end = np.searchsorted(numbers, [self._begin, self._end]).tolist()
        return begin, end

    def sketches(self, numbers: I64) -> Sketches:
        """The sketches of documents that are remembered."""
        assert self._all is not None
        slots = numbers % ROOM
        return Sketches(
            keys=np.ascontiguousarray(self._all.keys[:, slots]),
            low=self._all.low[slots],
            tokens=self._all.tokens[slots],
            digest=self._all.digest[slots],
            removed_lines=self._all.removed_lines,
            removed_chars=self._all.removed_chars,
            guarded=np.zeros(len(numbers), np.uint8),
        )


def _empty(like: Sketches) -> Sketches:
    """Room for the sketches of documents."""
    nothing = np.zeros(0, np.int64)
    return Sketches(
        keys=np.zeros((len(like.keys), ROOM), np.uint32),
        low=np.zeros((ROOM, like.low.shape[1]), np.uint8),
        tokens=np.zeros(ROOM, np.uint32),
        digest=np.zeros((ROOM, 2), np.uint64),
        removed_lines=nothing,
        removed_chars=nothing,
        guarded=np.zeros(0, np.uint8),
    )
