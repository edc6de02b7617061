"""Excerpts of a run: what matching and the search for excerpts found goes in, what becomes of each document comes out.

An excerpt is an article most of whose shingles a larger one has, though the two are not near: a truncated copy, a
teaser, an agency story in a round-up, an article in the dump of its page. It is a relation of its own, with a
direction, and never joins clusters. It is reported, or the excerpt is removed like a copy.

Removal is greedy like matching, by decreasing size: an excerpt goes if an article that contains it stays, so every
article that is removed names one that stays, whatever the keep policy. A cluster stays or goes as a whole: it goes if
each of its texts is an excerpt of the same article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dedup.comparable import Comparable
from dedup.containment import CONTAINMENT, SHINGLES, WINDOW, Contained, Gates, Scope, least_shingles
from dedup.errors import UsageError
from dedup.memory import Memory
from dedup.model import F64, I64, Matches, Relation, Segment, Sketches
from dedup.stages import Stages

MODES = ("off", "report", "remove")


@dataclass(frozen=True, slots=True)
class ExcerptSettings:
    """What is done about excerpts.

    Attributes:
        mode: `off`, `report` (say so) or `remove` (and do not keep it).
        containment: Least share of the smaller article's shingles that the larger one has, 0 < c <= 1.
        shingles: Least shingles of the smaller article.
    """

    mode: str = "report"
    containment: float = CONTAINMENT
    shingles: int = SHINGLES

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UsageError(f'excerpts "{self.mode}" is unknown', f"one of {', '.join(MODES)}")
        if not 0 < self.containment <= 1:
            raise UsageError(f"excerpt containment {self.containment:g} is not in (0, 1]", "0.6 suits news")
        if self.shingles < 1:
            raise UsageError(f"excerpt shingles {self.shingles} is not 1 or more", "40 suits news")

    @classmethod
    def chosen(cls, mode: str, containment: float, shingles: int | None, unit: str) -> ExcerptSettings:
        """What a caller asks for; with None the least number of shingles depends on their `unit`."""
        return cls(mode, containment, least_shingles(unit) if shingles is None else shingles)

    @property
    def window(self) -> int | None:
        """Shingles of a window of which a minimizer is kept; None where nobody looks for excerpts."""
        return None if self.mode == "off" else max(1, min(WINDOW, int(self.containment * self.shingles)))

    def gates(self, threshold: float) -> Gates:
        """What a pair has to pass where near documents have at least the similarity `threshold`."""
        return Gates(self.containment, self.shingles, threshold)

    @property
    def keep(self) -> str:
        """The keep policy where none is given: where excerpts go, articles are kept whole."""
        return "longest" if self.mode == "remove" else "first"

    def finder(
        self, stages: Stages, threshold: float, *, list_pairs: bool, memory: Memory | None = None
    ) -> ExcerptFinder | None:
        """Who looks for excerpts, see there; None where nobody does."""
        if self.mode == "off":
            return None
        return ExcerptFinder(stages, self, threshold, list_pairs=list_pairs, memory=memory)

    def as_dict(self) -> dict[str, object]:
        """All of it, ready for JSON."""
        return {"mode": self.mode, "containment": self.containment, "shingles": self.shingles}


@dataclass(frozen=True, slots=True)
class Excerpts:
    """Which of `n` documents are excerpts.

    Attributes:
        of: int64[n], for an excerpt the position of the kept article that it is in; -1 for others, and for copies that
            are removed as such.
        containment: float64[n], the share of its shingles that are in that one; NaN for others.
        counts: Those of the search, and `removed` and `reported` excerpts.
    """

    of: I64
    containment: F64
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Excerpts and articles that they are in.

    Attributes:
        excerpt, article: int64[p], positions.
        size: int64[p], shingles of the excerpt.
        similarity: float64[p], the Jaccard similarity of the two.
        containment: float64[p], the share of the excerpt's shingles that the article has.
    """

    excerpt: I64
    article: I64
    size: I64
    similarity: F64
    containment: F64

    def __getitem__(self, rows: NDArray[np.bool_] | I64) -> _Pairs:
        return _Pairs(*(getattr(self, name)[rows] for name in self.__slots__))


class ExcerptFinder:
    """Looks for excerpts, after matching.

    Args:
        stages: An engine.
        settings: What is an excerpt.
        threshold: Jaccard similarity from which on two documents are near instead.
        list_pairs: Compare all texts, and add all pairs of excerpt and article to those of the matches; else members
            of clusters are only compared with the representatives of others.
        memory: Where minimizers lie, if they need not lie in ordinary memory.
    """

    def __init__(
        self,
        stages: Stages,
        settings: ExcerptSettings,
        threshold: float,
        *,
        list_pairs: bool,
        memory: Memory | None = None,
    ) -> None:
        scope = Scope.ALL if list_pairs else Scope.REPRESENTATIVES
        self._search = stages.excerpts(settings.gates(threshold), scope, memory)
        self._remove = settings.mode == "remove"
        self._list_pairs = list_pairs

    def add(self, sketches: Sketches) -> None:
        """Append the sketches of the next documents, with minimizers of `ExcerptSettings.window`."""
        self._search.add(sketches)

    def start(
        self,
        matches: Matches,
        order: I64,
        segments: Sequence[Segment],
        comparable: Comparable | None = None,
    ) -> None:
        """Begin with what matching found in the priority order `order`. Exact copies share what their first has."""
        self._matches, self._order = matches, order
        compared = matches.first == np.arange(len(order))
        if comparable is not None and comparable.dated is not None:
            compared &= comparable.dated
        self._search.start(matches.representative, compared, segments, comparable)

    def advance(self, limit: int) -> int:
        """Look at up to `limit` more documents; return how many are done by now."""
        return self._search.advance(limit)

    def result(self) -> tuple[Matches, Excerpts]:
        """What `decide` says, once all documents are done."""
        modes = {"remove": self._remove, "list_pairs": self._list_pairs}
        return decide(self._matches, self._search.result(), self._order, **modes)


def decide(
    matches: Matches, contained: Contained, order: I64, *, remove: bool, list_pairs: bool
) -> tuple[Matches, Excerpts]:
    """Say of each document whether it is an excerpt, and remove excerpts if asked to.

    Args:
        matches: What matching found.
        contained: What the search found.
        order: int64[n], the priority order.
        remove: Whether excerpts go.
        list_pairs: Whether all pairs of excerpt and article are added to those of the matches.

    Returns:
        The matches, in which an excerpt that goes has the relation `EXCERPT` and the measures with the article that it
        is in (its representative stays that of its cluster), and the excerpts.
    """
    n = len(order)
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    pairs = _directed(contained, rank)
    of, containment = np.full(n, -1), np.full(n, np.nan)
    if list_pairs:
        matches = _listed(matches, pairs, rank)
    if remove:
        goes_to = _removed(pairs, matches, rank)
        gone = goes_to[matches.representative] >= 0
        rows = pairs[goes_to[matches.representative[pairs.excerpt]] == pairs.article]
        measures = np.full((n, 2), np.nan)
        measures[rows.excerpt] = np.stack([rows.similarity, rows.containment], axis=1)
        measures = measures[matches.first]
        of = np.where(gone, goes_to[matches.representative], -1)
        containment = np.where(gone, measures[:, 1], np.nan)
        matches = replace(
            matches,
            relation=np.where(gone, Relation.EXCERPT, matches.relation).astype(np.uint8),
            similarity=np.where(gone, measures[:, 0], matches.similarity),
            containment=np.where(gone, measures[:, 1], matches.containment),
        )
    kept = matches.kept
    best = _best(pairs[kept[pairs.excerpt] & kept[pairs.article]], rank)
    of[best.excerpt], containment[best.excerpt] = best.article, best.containment
    counts = {
        "reported": len(best.excerpt),
        "removed": int(np.count_nonzero(matches.relation == Relation.EXCERPT)),
        **contained.counts,
    }
    return matches, Excerpts(of, containment, counts)


def _directed(contained: Contained, rank: I64) -> _Pairs:
    """The smaller document first; of two of one size the later in priority order."""
    sizes, ranks = contained.sizes, rank[contained.pairs]
    second = (sizes[:, 1] < sizes[:, 0]) | ((sizes[:, 1] == sizes[:, 0]) & (ranks[:, 1] > ranks[:, 0]))
    rows, at = np.arange(len(sizes)), second.astype(np.int64)
    size = sizes[rows, at]
    return _Pairs(
        contained.pairs[rows, at],
        contained.pairs[rows, 1 - at],
        size,
        contained.shared / (sizes.sum(axis=1) - contained.shared),
        contained.shared / size,
    )


def _best(pairs: _Pairs, rank: I64) -> _Pairs:
    """Of the pairs of each excerpt that of highest containment, then similarity, then the first in priority order."""
    keys = rank[pairs.article], -pairs.similarity, -pairs.containment, pairs.excerpt
    ordered = pairs[np.lexsort(keys)]
    return ordered[np.append(True, ordered.excerpt[1:] != ordered.excerpt[:-1])[: len(ordered.excerpt)]]


def _listed(matches: Matches, pairs: _Pairs, rank: I64) -> Matches:
    """Add the pairs, excerpt first, to those of the matches, each also with the exact copies of either side."""
    first = matches.first
    members = np.lexsort((rank, first))
    count = np.bincount(first, minlength=len(first))
    start = np.cumsum(count) - count
    each = count[pairs.excerpt] * count[pairs.article]
    every = pairs[np.repeat(np.arange(len(each)), each)]
    within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    excerpt_at, article_at = np.divmod(within, count[every.article])
    excerpt = members[start[every.excerpt] + excerpt_at]
    article = members[start[every.article] + article_at]
    rows = np.lexsort((rank[article], rank[excerpt]))
    return replace(
        matches,
        pairs=np.concatenate([matches.pairs, np.stack([excerpt, article], axis=1)[rows]]),
        pair_relation=np.append(matches.pair_relation, np.full(len(rows), Relation.EXCERPT, np.uint8)),
        pair_similarity=np.append(matches.pair_similarity, every.similarity[rows]),
        pair_containment=np.append(matches.pair_containment, every.containment[rows]),
    )


def _removed(pairs: _Pairs, matches: Matches, rank: I64) -> I64:
    """int64[n]: for the representative of a cluster that goes, the article that stays instead; else -1."""
    representative = matches.representative
    n = len(rank)
    texts = np.bincount(representative[matches.first == np.arange(n)], minlength=n)
    is_target = (representative[pairs.article] == pairs.article) & (
        representative[pairs.excerpt] != pairs.article
    )
    pairs = pairs[is_target]
    cluster = representative[pairs.excerpt]
    _, at, count = np.unique(cluster * n + pairs.article, return_inverse=True, return_counts=True)
    is_whole = count[at] == texts[cluster]
    pairs = pairs[is_whole & (cluster == pairs.excerpt)]
    keys = rank[pairs.article], -pairs.similarity, -pairs.containment, rank[pairs.excerpt], -pairs.size
    pairs = pairs[np.lexsort(keys)]
    goes_to = np.full(n, -1)
    # Larger ones first: whether an article stays is known before any excerpt of it is looked at.
    for excerpt, article in zip(pairs.excerpt.tolist(), pairs.article.tolist(), strict=True):
        if goes_to[excerpt] < 0 and goes_to[article] < 0:
            goes_to[excerpt] = article
    return goes_to
