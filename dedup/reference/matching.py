"""Greedy matching in priority order: sketches and texts in, clusters out.

Documents are taken in priority order. Each is compared with all earlier
representatives that share a band with it; if one is near, it joins the most
similar, else it becomes a representative. This is the lexicographically first
maximal independent set of the verified graph (Blelloch, Fineman, Shun 2012,
"Greedy sequential maximal independent set and matching are parallel on
average"), so there are no chains and the order of work does not matter.

An exact copy gets what its first copy got. With blocking only documents are compared that `Comparable.allows`, and the
first copy is one with the same values: both are compared with the same documents. Where values have to differ, such
copies are not compared with one another, and each looks for a representative itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from dedup.bands import Bands
from dedup.comparable import UNDATED, Comparable
from dedup.model import I64, Mask, Matches, Relation, Segment, Sketches

ShinglesOf = Callable[[Segment, int], frozenset[int]]
"""Shingle hashes of the document at a position within a segment."""

Pair = tuple[int, int, Relation, float, float]
"""Two documents, the earlier in priority order first; relation, similarity, containment."""


class ReferenceMatcher:
    """The oracle of `stages.Matcher`; decides everything in the first `advance`."""

    def __init__(
        self, bands: Bands, threshold: float, shingles_of: ShinglesOf, *, pairs: bool, links: bool
    ) -> None:
        self._bands = bands
        self._threshold = threshold
        self._shingles_of = shingles_of
        self._want_pairs = pairs
        self._want_links = links
        self._sketches: list[Sketches] = []
        self._result: Matches | None = None

    def add(self, sketches: Sketches) -> None:
        """Append the sketches of the next documents."""
        self._sketches.append(sketches)

    def start(self, order: I64, segments: Sequence[Segment], comparable: Comparable | None = None) -> None:
        """Begin matching."""
        self._comparable = comparable or Comparable()
        self._order = [int(d) for d in order]
        self._places = [(s, i) for s in segments for i in range(len(s.starts))]

    def advance(self, limit: int) -> int:  # noqa: ARG002  # the protocol's parameter
        """Decide all documents; return their number."""
        if self._result is None:
            self._result = self._match()
        return len(self._order)

    def kept(self, start: int, stop: int) -> Mask:
        """Which of some documents, by their places in the order, are representatives."""
        some = np.array(self._order[start:stop], np.int64)
        own: Mask = self.result().representative[some] == some
        return own

    def result(self) -> Matches:
        """The outcome."""
        self.advance(0)
        assert self._result is not None  # advance sets it
        return self._result

    def _match(self) -> Matches:
        n = len(self._order)
        keys = [row for s in self._sketches for row in s.keys.T.tolist()]
        low = [row for s in self._sketches for row in s.low]
        tokens = [int(t) for s in self._sketches for t in s.tokens]
        digests = [tuple(d) for s in self._sketches for d in s.digest.tolist()]
        sets: dict[int, frozenset[int]] = {}

        def shingles(doc: int) -> frozenset[int]:
            if doc not in sets:
                segment, at = self._places[doc]
                sets[doc] = self._shingles_of(segment, at)
            return sets[doc]

        representative = np.arange(n, dtype=np.int64)
        first = representative.copy()
        relation = np.zeros(n, np.uint8)
        similarity = np.where(np.array(tokens, np.int64) == 0, np.nan, 1.0)
        containment = similarity.copy()
        rank = {doc: r for r, doc in enumerate(self._order)}
        buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
        twins: dict[tuple[int, ...], int] = {}
        blocking = self._comparable
        values = [tuple(int(column[doc]) for column in blocking.columns) for doc in range(n)]
        undated = np.zeros(n, np.bool_) if blocking.dates is None else blocking.dates == UNDATED
        pairs: list[Pair] = []
        links: list[tuple[int, int]] = []
        counts = {"candidates": 0, "gated": 0, "verified": 0}
        for doc in self._order:
            if tokens[doc] == 0:
                continue
            if undated[doc]:
                continue
            twin = twins.setdefault((*digests[doc], *values[doc]), doc)
            if twin != doc and blocking.across is None:
                first[doc] = twin
                representative[doc] = representative[twin]
                relation[doc] = Relation.EXACT if representative[twin] == twin else relation[twin]
                similarity[doc], containment[doc] = similarity[twin], containment[twin]
                pairs.append((twin, doc, Relation.EXACT, 1.0, 1.0))
                continue
            bucket_keys = list(enumerate(keys[doc]))
            candidates = sorted(
                {other for key in bucket_keys for other in buckets[key]}, key=rank.__getitem__
            )
            partners = np.array(candidates, np.int64)
            candidates = partners[blocking.allows(np.full(len(partners), doc), partners)].tolist()
            counts["candidates"] += len(candidates)
            best = -1.0
            for other in candidates:
                if int((low[doc] == low[other]).sum()) < self._bands.gate:
                    counts["gated"] += 1
                    continue
                counts["verified"] += 1
                a, b = shingles(doc), shingles(other)
                shared = len(a & b)
                jaccard = shared / (len(a) + len(b) - shared)
                if jaccard < self._threshold:
                    continue
                contained = shared / min(len(a), len(b))
                kind = Relation.EXACT if digests[doc] == digests[other] else Relation.NEAR
                pairs.append((other, doc, kind, jaccard, contained))
                if representative[other] != other:
                    continue
                links.append((doc, other))
                if jaccard > best:
                    best = jaccard
                    representative[doc], relation[doc] = other, kind
                    similarity[doc], containment[doc] = jaccard, contained
            # All that could join a document which differs in nothing from an earlier representative join that one.
            is_preceded = twin != doc and representative[twin] == twin and not self._want_links
            if self._want_pairs or (representative[doc] == doc and not is_preceded):
                for key in bucket_keys:
                    buckets[key].append(doc)
        pairs = _with_copies(pairs, first, rank) if self._want_pairs else []
        pairs.sort(key=lambda pair: (rank[pair[1]], rank[pair[0]]))
        columns = list(zip(*pairs, strict=True)) or [(), (), (), (), ()]
        return Matches(
            representative,
            first,
            relation,
            similarity,
            containment,
            np.array(links if self._want_links else [], np.int64).reshape(-1, 2),
            np.array(columns[:2], np.int64).T.reshape(-1, 2),
            np.array(columns[2], np.uint8),
            np.array(columns[3], np.float64),
            np.array(columns[4], np.float64),
            counts,
        )


def _with_copies(pairs: Sequence[Pair], first: I64, rank: dict[int, int]) -> list[Pair]:
    """Add what follows for exact copies: a pair of first copies holds for the copies of either side too."""
    copies: dict[int, list[int]] = defaultdict(list)
    for one, copy, *_ in pairs:
        if first[copy] == one:
            copies[one].append(copy)
    every = [pair for pair in pairs if first[pair[1]] == pair[0]]
    for a, b, relation, jaccard, contained in pairs:
        if first[b] == b:
            for one in [a, *copies[a]]:
                for other in [b, *copies[b]]:
                    earlier, later = sorted((one, other), key=rank.__getitem__)
                    every.append((earlier, later, relation, jaccard, contained))
    return every
