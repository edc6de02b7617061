"""Aligning two texts: tokens of both in, the runs that they share and what only one has out.

Anchors first, as in patience diff: shingles that occur once on either side, the longest chain of them that ascends
on both (Hunt and Szymanski 1977 reduce it to a longest increasing subsequence), each grown as far as the tokens
agree. What lies between two anchors is compared by `difflib` where it is short; longer gaps hold no shingle in
common worth showing, and count as different. Passages that changed places show as missing here and added there.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

GAP = 1 << 20
"""Pairs of tokens in a gap that `difflib` is still given: it takes a second for ten times as many."""

ALIKE = 0.5
"""Least share of the shorter side of a gap to be shared: two sentences on anything share every third word."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of equal tokens.

    Attributes:
        a, b: Where it begins on either side.
        length: Its tokens.
    """

    a: int
    b: int
    length: int


def align(a: Sequence[str], b: Sequence[str], size: int) -> list[Run]:
    """The runs of tokens that `a` and `b` share, ascending on both sides, none touching the next on both.

    Args:
        a: The tokens of one side.
        b: Those of the other.
        size: Tokens of an anchor.
    """
    runs: list[Run] = []
    at_a = at_b = 0
    for anchor in [*_anchors(a, b, size), Run(len(a), len(b), 0)]:
        if anchor.length and (anchor.a < at_a or anchor.b < at_b):
            continue  # inside the run that grew from the anchor before
        start, other = anchor.a, anchor.b
        while start > at_a and other > at_b and a[start - 1] == b[other - 1]:
            start, other = start - 1, other - 1
        end = anchor.a + anchor.length
        shift = anchor.b - anchor.a
        while end < len(a) and end + shift < len(b) and a[end] == b[end + shift]:
            end += 1
        runs += _gap(a, b, (at_a, start), (at_b, other))
        if end > start:
            runs.append(Run(start, other, end - start))
        at_a, at_b = end, end + shift
    return _joined(runs)


def _anchors(a: Sequence[str], b: Sequence[str], size: int) -> list[Run]:
    """Shingles that are unique on both sides, the longest chain of them that ascends on both."""
    places_a, places_b = _unique(a, size), _unique(b, size)
    common = sorted((at, places_b[shingle]) for shingle, at in places_a.items() if shingle in places_b)
    tails: list[int] = []  # position in b of the last element of the best chain of each length
    last: list[int] = []  # which pair that is
    before: list[int] = []
    for i, (_, at) in enumerate(common):
        length = bisect_left(tails, at)
        tails[length : length + 1] = [at]
        last[length : length + 1] = [i]
        before.append(last[length - 1] if length else -1)
    chain = []
    i = last[-1] if last else -1
    while i >= 0:
        chain.append(Run(*common[i], size))
        i = before[i]
    return chain[::-1]


def _unique(tokens: Sequence[str], size: int) -> dict[tuple[str, ...], int]:
    shingles = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
    counts = Counter(shingles)
    return {shingle: i for i, shingle in enumerate(shingles) if counts[shingle] == 1}


def _gap(a: Sequence[str], b: Sequence[str], in_a: tuple[int, int], in_b: tuple[int, int]) -> list[Run]:
    """The runs between two anchors."""
    if not 0 < (in_a[1] - in_a[0]) * (in_b[1] - in_b[0]) <= GAP:
        return []
    matcher = difflib.SequenceMatcher(None, a[slice(*in_a)], b[slice(*in_b)], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if sum(block.size for block in blocks) < ALIKE * min(in_a[1] - in_a[0], in_b[1] - in_b[0]):
        return []
    return [Run(in_a[0] + block.a, in_b[0] + block.b, block.size) for block in blocks]


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Runs that touch on both sides become one."""
    joined: list[Run] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last and (last.a + last.length, last.b + last.length) == (run.a, run.b):
            joined[-1] = Run(last.a, last.b, last.length + run.length)
        else:
            joined.append(run)
    return joined
