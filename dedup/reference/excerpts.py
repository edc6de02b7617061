"""Searching for excerpts: minimizers and texts in, pairs of which one contains most of the other out.

An excerpt has few shingles in common with all those of the article that it was cut from, so banding, which finds high
Jaccard similarities, misses it. Instead the shingle hashes of each document are winnowed (Schleimer, Wilkerson, Aiken
2003, "Winnowing: local algorithms for document fingerprinting"): of every `window` consecutive ones the least is kept,
its minimizer. Two documents that share a run of so many shingles share a minimizer for certain.

Minimizers that more than `MOST_CLUSTERS` clusters have are left out: such a phrase belongs to a language or a template.
Where documents have to share a value to be compared (blocking), that is the clusters among those which share it.
Two documents that share enough of the others are compared exactly. They are taken for excerpt and article if

- the smaller one (of fewer shingles) has at least `shingles` of them,
- shared / smaller >= containment, and
- their Jaccard similarity is below the threshold, else they are near.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np

from dedup.comparable import Comparable
from dedup.containment import Contained, Gates, Scope
from dedup.model import I64, Mask, Segment, Sketches

ShinglesOf = Callable[[Segment, int], frozenset[int]]
"""Shingle hashes of the document at a position within a segment."""


def winnow(hashes: Sequence[int], window: int) -> list[int]:
    """The least of each `window` consecutive hashes, of all if fewer: low 32 bits, ascending, each once."""
    starts = range(max(1, len(hashes) - window + 1)) if hashes else ()
    return sorted({min(hashes[start : start + window]) & 0xFFFFFFFF for start in starts})


class ReferenceExcerptSearch:
    """The oracle of `stages.ExcerptSearch`; does everything in the first `advance`."""

    def __init__(self, gates: Gates, shingles_of: ShinglesOf, scope: Scope) -> None:
        self._gates = gates
        self._shingles_of = shingles_of
        self._scope = scope
        self._minimizers: list[list[int]] = []
        self._result: Contained | None = None

    def add(self, sketches: Sketches) -> None:
        """Append the minimizers of the next documents."""
        ends = np.cumsum(sketches.minimizer_counts, dtype=np.int64).tolist()
        values = sketches.minimizers.tolist()
        self._minimizers += [values[start:end] for start, end in pairwise([0, *ends])]

    def start(
        self,
        representative: I64,
        compared: Mask,
        segments: Sequence[Segment],
        comparable: Comparable | None = None,
    ) -> None:
        """Begin searching."""
        self._comparable = comparable or Comparable()
        self._representative = representative.tolist()
        self._compared = [doc for doc, is_compared in enumerate(compared.tolist()) if is_compared]
        self._places = [(s, i) for s in segments for i in range(len(s.starts))]

    def advance(self, limit: int) -> int:  # noqa: ARG002  # the protocol's parameter
        """Search all documents; return their number."""
        if self._result is None:
            self._result = self._search()
        return len(self._minimizers)

    def result(self) -> Contained:
        """What was found."""
        self.advance(0)
        assert self._result is not None  # advance sets it
        return self._result

    def _search(self) -> Contained:
        same = self._comparable.same
        # With blocking by equal values, a minimizer is another one in each block.
        values = {
            doc: {(value, 0 if same is None else int(same[doc])) for value in self._minimizers[doc]}
            for doc in self._compared
        }
        holders: dict[tuple[int, int], list[int]] = defaultdict(list)
        for doc in self._compared:
            for value in values[doc]:
                holders[value].append(doc)
        clusters = {
            value: len({self._representative[doc] for doc in docs}) for value, docs in holders.items()
        }
        frequent = {value for value, count in clusters.items() if count > self._gates.most_clusters}
        rare = {doc: values[doc] - frequent for doc in self._compared}
        candidates = Counter(
            pair
            for value in holders.keys() - frequent
            for pair in combinations(holders[value], 2)
            if self._is_wanted(*pair)
        )
        counts = {"candidates": len(candidates), "verified": 0, "frequent": len(frequent)}
        sets = {doc: self._shingles_of(*self._places[doc]) for pair in candidates for doc in pair}
        found = []
        for (a, b), agreeing in sorted(candidates.items()):
            # Half of what the least containment lets expect, less two: edits change minima at their borders too.
            if 2.0 * (agreeing + 2.0) < self._gates.containment * min(len(rare[a]), len(rare[b])):
                continue
            counts["verified"] += 1
            shared, smaller = len(sets[a] & sets[b]), min(len(sets[a]), len(sets[b]))
            is_contained = smaller >= self._gates.shingles and shared / smaller >= self._gates.containment
            if is_contained and shared / len(sets[a] | sets[b]) < self._gates.threshold:
                found.append((a, b, len(sets[a]), len(sets[b]), shared))
        columns = np.array(found, np.int64).reshape(-1, 5)
        return Contained(columns[:, :2], columns[:, 2:4], columns[:, 4], counts)

    def _is_wanted(self, a: int, b: int) -> bool:
        """Whether two documents are to be compared: see `Scope`."""
        if not self._comparable.allows(np.array([a]), np.array([b]))[0]:
            return False
        of_a, of_b = self._representative[a], self._representative[b]
        heads = (of_a == a) + (of_b == b)
        if self._scope is Scope.ALL:
            return True
        return of_a != of_b and heads in ((1, 2) if self._scope is Scope.REPRESENTATIVES else (1,))
