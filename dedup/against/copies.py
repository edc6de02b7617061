"""Which of some articles are copies: documents and the part each plays go in, what each copy copies comes out.

Where only some articles are in question (new ones, or a test set against a training set) each of them is compared with
every other article it shares a band with, also with those that are copies themselves: a leak is one whichever version
leaked. Among themselves the others are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dedup.against.documents import Documents
from dedup.bands import Bands, choose
from dedup.config import Settings
from dedup.model import F64, I64, U8, U32, U64, Mask, Sketches
from dedup.native import unique, verify
from dedup.progress import Progress

ENTRIES = 1 << 20
"""Candidates that are looked at together, over all bands: some 100 MB while their low bytes are compared."""


SLICE = 1024
"""Articles that are matched between two looks at the progress, and at whether somebody wants to interrupt."""

EXACT, NEAR, EXCERPT, CONTAINS = range(4)
"""What an article may be to another one, in this order in `dedup.checking.findings.RELATIONS` too."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies among the articles in question.

    Attributes:
        article: int64[m], their positions, ascending.
        original: int64[m], what each copies.
        relation: uint8[m], `EXACT`, `NEAR`, `EXCERPT` or `CONTAINS`.
        similarity: float64[m], the exact Jaccard similarity.
        containment: float64[m], the larger of both containments.
    """

    article: I64
    original: I64
    relation: U8
    similarity: F64
    containment: F64

    def and_also(self, other: Copies) -> Copies:
        """These and others, of other articles."""
        order = np.argsort(np.concatenate([self.article, other.article]))
        names = self.__slots__
        return Copies(*(np.concatenate([getattr(self, n), getattr(other, n)])[order] for n in names))


def of_some(
    documents: Documents, settings: Settings, checked: Mask, known: Mask, within: bool, progress: Progress
) -> Copies:
    """The copies among some articles, each with the most similar article that it copies.

    Args:
        documents: All articles.
        settings: What decides a match.
        checked: bool[n], the articles in question.
        known: bool[n], those that they may copy; none of them is `checked`.
        within: Whether one in question may also copy an earlier one in question.
        progress: Told how far it is.
    """
    if not len(documents):
        return _Best(0).copies()
    sketches = _Sketches.join(documents.sketches)
    bands = choose(settings)
    # Those in question after all others: whoever stands before may be copied.
    worded = sketches.tokens > 0
    rank = np.concatenate([np.flatnonzero(known & worded), np.flatnonzero(checked & worded)])
    first = int(np.count_nonzero(known & worded))
    progress.start("matching", len(rank) - first, "articles")
    best = _Best(len(documents))
    for found, done in _candidates(sketches.keys[:, rank], first, within):
        pairs = rank[found]
        if documents.comparable is not None:
            pairs = pairs[documents.comparable.allows(*pairs.T)]
        _settle(pairs, documents, sketches, bands, settings, best)
        progress.update(done, done)
    return best.copies()


class _Best:
    """The best original of each article so far."""

    def __init__(self, count: int) -> None:
        self._original = np.full(count, -1, np.int64)
        self._relation = np.zeros(count, np.uint8)
        self._similarity = np.zeros(count)
        self._containment = np.zeros(count)

    def offer(self, pairs: I64, relation: U8, similarity: F64, containment: F64) -> None:
        """Take (article, original) pairs, of each article all there are, the earlier originals first."""
        # Exact before near, then by similarity; ties by what came first.
        order = np.lexsort((-similarity, relation, pairs[:, 0]))
        articles, first = np.unique(pairs[order, 0], return_index=True)
        chosen = order[first]
        self._original[articles] = pairs[chosen, 1]
        self._relation[articles] = relation[chosen]
        self._similarity[articles] = similarity[chosen]
        self._containment[articles] = containment[chosen]

    def copies(self) -> Copies:
        """Those for which there was an offer."""
        some = np.flatnonzero(self._original >= 0)
        return Copies(
            some,
            self._original[some],
            self._relation[some],
            self._similarity[some],
            self._containment[some],
        )


def _candidates(keys: U32, first: int, within: bool) -> Iterator[tuple[I64, int]]:
    """Pairs of documents that share a band, int64[p, 2], each once, and how many documents are done by then.

    Args:
        keys: uint32[bands, n], band keys in rank order.
        first: Rank of the first document in question. It is paired with all before `first` or, `within`, before it.
        within: See above.
    """
    count = keys.shape[1]
    others = count if within else first
    order = np.argsort(keys[:, :others], axis=1, kind="stable")
    ascending = np.take_along_axis(keys[:, :others], order, axis=1)
    low, high = (
        np.stack(
            [np.searchsorted(row, asked, side) for row, asked in zip(ascending, keys[:, first:], strict=True)]
        )
        for side in ("left", "right")
    )
    loads = (high - low).sum(axis=0)
    start = 0
    while start < count - first:
        stop = start + max(1, int(np.searchsorted(np.cumsum(loads[start:]), ENTRIES)))
        parts = []
        for band in range(len(keys)):
            lengths = (high - low)[band, start:stop]
            article = np.repeat(np.arange(first + start, first + start + len(lengths)), lengths)
            offsets = np.arange(len(article)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            other = order[band, np.repeat(low[band, start:stop], lengths) + offsets]
            earlier = other < article
            parts.append(article[earlier] * count + other[earlier])
        start = stop
        pairs = np.sort(np.concatenate(parts))
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        yield np.stack(np.divmod(pairs, count), axis=1), min(start, count - first)


def _settle(
    pairs: I64, documents: Documents, sketches: _Sketches, bands: Bands, settings: Settings, best: _Best
) -> None:
    """Compare candidates exactly, and offer those that are copies."""
    if not len(pairs):
        return
    exact = (sketches.digest[pairs[:, 0]] == sketches.digest[pairs[:, 1]]).all(axis=1)
    equal = np.count_nonzero(sketches.low[pairs[:, 0]] == sketches.low[pairs[:, 1]], axis=1)
    compared = np.flatnonzero(~exact & (equal >= bands.gate))
    similarity = exact.astype(np.float64)
    containment = exact.astype(np.float64)
    asked, row = np.unique(pairs[compared], return_inverse=True)
    hashes, offsets = _sets(documents, settings, asked)
    rows = np.ascontiguousarray(row.reshape(-1, 2), np.int64)
    jaccard = verify(hashes, offsets, rows, settings.threshold)
    sizes = np.diff(offsets)[rows]
    # J = x / (a + b - x) gives the size of the intersection back.
    common = np.rint(jaccard * sizes.sum(axis=1) / (1.0 + jaccard))
    similarity[compared] = jaccard
    containment[compared] = common / np.maximum(sizes.min(axis=1), 1)
    found = similarity > 0
    relation = np.where(exact, EXACT, NEAR).astype(np.uint8)
    best.offer(pairs[found], relation[found], similarity[found], containment[found])


def _sets(documents: Documents, settings: Settings, positions: I64) -> tuple[U64, I64]:
    """The shingle sets at some positions."""
    texts = documents.texts(positions)
    clean = documents.stages.strip(texts).texts if settings.strip else texts
    shingles = documents.stages.shingle(clean, settings.shingle_size)
    return unique(shingles.hashes, shingles.offsets)


@dataclass(frozen=True, slots=True)
class _Sketches:
    """What candidates are found by, of all articles; the fields of `Sketches`."""

    keys: U32
    low: U8
    tokens: U32
    digest: U64

    @classmethod
    def join(cls, batches: Sequence[Sketches]) -> _Sketches:
        return cls(
            np.concatenate([batch.keys for batch in batches], axis=1),
            np.concatenate([batch.low for batch in batches]),
            np.concatenate([batch.tokens for batch in batches]),
            np.concatenate([batch.digest for batch in batches]),
        )
