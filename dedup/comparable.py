"""Which documents are compared at all (blocking): values of documents in, yes or no of pairs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dedup.model import I64, U64, Mask

UNDATED = np.iinfo(np.int64).max
"""Stands for a date that is missing, as `dates.MISSING`."""


class Comparable(NamedTuple):
    """Values of `n` documents that decide which of them are compared with which; None where they decide nothing.

    Attributes:
        same: uint64[n], a hash of what two documents have to have in common.
        across: uint64[n], a hash of what they have to differ in.
        dates: int64[n], microseconds; a document that is `UNDATED` is compared with nobody.
        window: Microseconds that two dates may differ by.
    """

    same: U64 | None = None
    across: U64 | None = None
    dates: I64 | None = None
    window: int = 0

    def allows(self, a: I64, b: I64) -> Mask:
        """bool[p], whether the documents at some positions, int64[p] each, are compared with one another."""
        allowed = np.ones(len(a), np.bool_)
        if self.same is not None:
            allowed &= self.same[a] == self.same[b]
        if self.across is not None:
            allowed &= self.across[a] != self.across[b]
        if self.dates is not None:
            left, right = self.dates[a], self.dates[b]
            dated = (left != UNDATED) & (right != UNDATED)
            allowed &= dated & (np.abs(np.where(dated, left, 0) - np.where(dated, right, 0)) <= self.window)
        return allowed

    @property
    def dated(self) -> Mask | None:
        """bool[n], the documents that are compared with anybody; None for all."""
        return None if self.dates is None else self.dates != UNDATED

    @property
    def columns(self) -> list[U64 | I64]:
        """Arrays [n], in all of which two documents agree that are compared with the same others."""
        return [column for column in (self.same, self.across, self.dates) if column is not None]

    @classmethod
    def join(cls, parts: Sequence[Comparable | None]) -> Comparable | None:
        """All of several, one after the other; None where they are none."""
        some = [part for part in parts if part is not None]
        if not some:
            return None
        same, across, dates = (
            None if getattr(some[0], name) is None else np.concatenate([getattr(part, name) for part in some])
            for name in ("same", "across", "dates")
        )
        return cls(same, across, dates, some[0].window)
