"""Excerpts in an index: articles go in, the kept articles that each is an excerpt of, or has as an excerpt, come out.

What an excerpt is and how it is found is as in a run (`dedup.reference.excerpts`), with these bounds: minimizers are
stored of kept articles only, so that no article is compared with a copy of another story; and those are left out as
frequent that more than `containment.MOST_CLUSTERS` kept articles have when the batch arrives.

Time has a direction here. Of an excerpt and its article whichever comes later is told of the other. Where excerpts are
removed, an excerpt goes if its article was there before; one that came first has passed already and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.containment import Contained, Scope
from dedup.index.decisions import Arrivals, Batch
from dedup.index.lookup import some, stretches
from dedup.index.postings import MAX_NUMBER
from dedup.index.results import Match
from dedup.index.store import Document, Reader
from dedup.model import F64, I64, Form, Mask, Relation, Segment, Sketches, Texts

if TYPE_CHECKING:
    from dedup.index.matching import Core

SLICE = 4096
"""Articles that are looked up at a time: what they share with stored ones takes some 100 MB at the very most."""


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs of an article and an earlier one, those of an article together, the largest containment first.

    Attributes:
        position: int64[p], position of the article in its batch, ascending.
        number: int64[p], number of the earlier one.
        similarity: float64[p], their Jaccard similarity.
        contained: float64[p], share of the article's shingles that the earlier one has.
        contains: float64[p], share of the earlier one's shingles that the article has.
    """

    position: I64
    number: I64
    similarity: F64
    contained: F64
    contains: F64

    def __getitem__(self, rows: NDArray[Any]) -> Found:
        return Found(*(getattr(self, name)[rows] for name in self.__slots__))

    @property
    def is_excerpt(self) -> Mask:
        """bool[p], whether the article is the excerpt: it is smaller, or as large and later."""
        return self.contained >= self.contains

    def matches(self, named: Mapping[int, Document]) -> dict[int, list[Match]]:
        """Position -> the matches of that article, given the documents with these numbers."""
        found: dict[int, list[Match]] = {}
        for row in zip(*(getattr(self, name).tolist() for name in self.__slots__), strict=True):
            position, number, similarity, contained, contains = row
            match = Match.of(
                named[number], Relation.EXCERPT, similarity, max(contained, contains), contained, contains
            )
            found.setdefault(position, []).append(match)
        return found

    @classmethod
    def together(cls, parts: Sequence[Found]) -> Found:
        """All pairs of some parts."""
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__)
        whole = cls(*columns)
        containment = np.maximum(whole.contained, whole.contains)
        return whole[np.lexsort((whole.number, -whole.similarity, -containment, whole.position))]

    @classmethod
    def none(cls) -> Found:
        """No pairs."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0))


def among_stored(core: Core, batch: Batch, positions: I64) -> Found:
    """Pairs of the articles at some ascending positions of a batch and stored ones."""
    parts = [Found.none()]
    for start in range(0, len(positions), SLICE):
        own = positions[start : start + SLICE]
        numbers, asked = _candidates(core, batch.reader, some(batch.sketches, own))
        originals = core.codec.originals(batch.reader, numbers.tolist())
        old = Texts.from_strings([originals[number] for number in numbers.tolist()])
        representative = np.concatenate([np.arange(len(numbers)), np.full(len(own), -1)])
        segments = [_segment(old, np.arange(len(old))), _segment(batch.texts, own)]
        found = _search(core, Scope.MEMBERS, [core.sketch(old), asked], segments, representative)
        parts.append(_found(found, own[found.pairs[:, 1] - len(numbers)], numbers[found.pairs[:, 0]]))
    return Found.together(parts)


def among_themselves(core: Core, batch: Arrivals, positions: I64) -> Found:
    """Pairs of articles at some ascending positions of a batch, the later one first."""
    segments, representative = [_segment(batch.texts, positions)], np.arange(len(positions))
    found = _search(core, Scope.ALL, [some(batch.sketches, positions)], segments, representative)
    later, earlier = positions[found.pairs[:, 1]], positions[found.pairs[:, 0]]
    return Found.together([_found(found, later, batch.numbers[earlier])])


def find(core: Core, batch: Arrivals, positions: I64) -> Found:
    """Pairs of the new articles at some ascending positions of a batch and articles before them."""
    return Found.together([among_stored(core, batch, positions), among_themselves(core, batch, positions)])


def with_known(core: Core, batch: Arrivals, positions: I64, found: Found) -> Found:
    """Add what was found of articles that are stored and come again, as when they first came."""
    known = among_stored(core, batch, positions)
    own = batch.decisions.representative[known.position]
    return Found.together([found, known[known.number < own]])


def decide(core: Core, batch: Arrivals, positions: I64) -> Found:
    """Fill in the decisions of some new articles with words where excerpts go.

    Nobody joins an article that goes, so those who did are decided once more without it.

    Returns:
        The pairs of those that are kept.
    """
    numbers, decisions = batch.numbers, batch.decisions
    found = find(core, batch, positions)
    first, left = int(numbers[positions[0]]), positions
    while True:
        if len(left):
            core.join(batch, left)
        going = _leaving(found, left[decisions.kept[left]], numbers, first)
        of = {int(numbers[i]): i for i in going}
        joined = {i: of[n] for i in left.tolist() if (n := int(decisions.representative[i])) in of}
        near = [i for i in joined if decisions.relation[i] == Relation.NEAR]
        # What comes before the first of these does not depend on it.
        certain = {i for i in going if i < min(near, default=len(batch.texts))}
        follow = {i: twin for i, twin in joined.items() if twin in certain and i not in near}
        for i, twin in follow.items():
            row = going[twin]
            decisions.kept[i] = False
            decisions.relation[i] = Relation.EXCERPT
            decisions.representative[i] = found.number[row]
            decisions.similarity[i] = found.similarity[row]
            decisions.containment[i] = found.contained[row]
        left = left[[i not in follow for i in left.tolist()]]
        if not near:
            copies = numbers[positions[~decisions.kept[positions]]]
            return found[decisions.kept[found.position] & ~np.isin(found.number, copies)]


def _leaving(found: Found, heads: I64, numbers: I64, first: int) -> dict[int, int]:
    """Which articles go as excerpts: position -> row of the pair with the article that stays.

    Args:
        found: Pairs of articles of a batch with stored ones, and among themselves.
        heads: Positions of the articles that are no copies, ascending.
        numbers: int64[n], numbers of the articles of the batch.
        first: The least of these; smaller numbers are of stored articles.
    """
    position_of = {int(numbers[i]): i for i in heads.tolist()}
    rows = np.flatnonzero(found.is_excerpt & np.isin(found.position, heads))
    going: dict[int, int] = {}
    for row, position, number in zip(
        rows.tolist(), found.position[rows].tolist(), found.number[rows].tolist(), strict=True
    ):
        is_kept = number < first or (number in position_of and position_of[number] not in going)
        if position not in going and is_kept:
            going[position] = row
    return going


def _candidates(core: Core, reader: Reader, sketches: Sketches) -> tuple[I64, Sketches]:
    """Stored articles that share enough minimizers with any of some articles, and these without frequent ones."""
    gates = core.gates
    count = len(sketches.tokens)
    values, where = np.unique(sketches.minimizers, return_inverse=True)
    at, numbers = core.lists.holders(reader, values)
    held = np.bincount(at, minlength=len(values))
    is_rare = (held <= gates.most_clusters)[where]
    owner = np.repeat(np.arange(count), sketches.minimizer_counts)[is_rare]
    rare = np.bincount(owner, minlength=count)
    sketches = replace(
        sketches, minimizers=sketches.minimizers[is_rare], minimizer_counts=rare.astype(np.uint32)
    )
    value = where[is_rare]
    each = held[value]
    holder = numbers[stretches((np.cumsum(held) - held)[value], each)]
    pairs, shared = np.unique(np.repeat(owner, each) << 32 | holder, return_counts=True)
    query, (number, other) = pairs >> 32, np.unique(pairs & MAX_NUMBER, return_inverse=True)
    stored = core.lists.minimizer_counts(reader, number)
    # As in `dedup.reference.excerpts`, but a stored article's frequent minimizers count.
    fewer = np.minimum(rare[query], stored[other])
    enough = (stored[other] > 0) & (2.0 * (shared + 2.0) >= gates.containment * fewer)
    return np.unique(number[other[enough]]), sketches


def _search(
    core: Core, scope: Scope, sketches: Sequence[Sketches], segments: Sequence[Segment], representative: I64
) -> Contained:
    search = core.stages.excerpts(core.gates, scope)
    for part in sketches:
        search.add(part)
    total = len(representative)
    search.start(representative, np.ones(total, np.bool_), segments)
    while search.advance(total) < total:
        pass
    return search.result()


def _segment(texts: Texts, positions: I64) -> Segment:
    return Segment(texts.data, Form.TEXT, texts.offsets[:-1][positions], texts.offsets[1:][positions])


def _found(found: Contained, position: I64, number: I64) -> Found:
    """The pairs of a search in which the second of each is the article, the first the earlier one."""
    other, own = found.sizes[:, 0], found.sizes[:, 1]
    return Found(
        position,
        number,
        found.shared / (own + other - found.shared),
        found.shared / own,
        found.shared / other,
    )
