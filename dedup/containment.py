"""What a search for excerpts takes and gives: gates, scope, and pairs of which one contains most of the other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from dedup.config import WORD_LENGTH, WORDS
from dedup.model import I64

CONTAINMENT = 0.6
"""Least containment of the smaller article in the larger one ..."""

SHINGLES = 40
"""... which has at least this many shingles of words: two short texts share a sentence by accident."""

WINDOW = 24
"""Shingles of which one is looked up at least: the shortest run that an excerpt at both gates can share whole.

Measured with made-up pairs of 44 to 2,000 shingles at containment .6 and more, against FracMinHash, which takes the
shingle hashes below 2^64/s (Irber et al. 2022): with one of 12.5 hashes looked up, winnowing finds every cut and every
pair that shares whole paragraphs, and from 104 shingles on 99.5% of those with words replaced all over. FracMinHash of
that density (s = 12) finds 97.5% of cuts of 44 shingles, and needs s = 8 for 99.5%. It is better at one thing: of 44
shingles with words replaced all over it finds 98% at s = 8, winnowing 94%.
"""

MOST_CLUSTERS = 64
"""Clusters that may have a minimizer: what more have is a phrase or a template. Each document meets at most so many
others by each of its minimizers, which bounds the work."""

MOST_KNOWN = 1024
"""The same where articles are looked up among others that are not clustered: all copies of a story count there."""


class Gates(NamedTuple):
    """What excerpt and article have to pass: see `dedup.reference.excerpts`."""

    containment: float
    shingles: int
    threshold: float
    """Jaccard similarity from which on two documents are near instead."""
    most_clusters: int = MOST_CLUSTERS


class Scope(StrEnum):
    """Which of the documents that are compared at all are compared with which."""

    ALL = "all"
    """All with all."""
    REPRESENTATIVES = "representatives"
    """Each with the representatives of other clusters."""
    MEMBERS = "members"
    """Likewise, but representatives not with one another."""


def least_shingles(unit: str) -> int:
    """Least shingles of an excerpt where nobody says otherwise: of characters as many as `SHINGLES` words have."""
    return SHINGLES if unit == WORDS else SHINGLES * WORD_LENGTH


@dataclass(frozen=True, slots=True)
class Contained:
    """Pairs of documents of which one contains most of the other, and which are not near.

    Attributes:
        pairs: int64[p, 2], positions, `pairs[i, 0] < pairs[i, 1]`, in ascending order.
        sizes: int64[p, 2], shingles of either.
        shared: int64[p], shingles of both.
        counts: deterministic counters: candidates (pairs that share a minimizer), verified (of them, compared exactly),
            frequent (minimizers that were left out because too many clusters have them).
    """

    pairs: I64
    sizes: I64
    shared: I64
    counts: dict[str, int]
