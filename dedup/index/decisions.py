"""What is decided of a batch, and of an article that was here before: known documents go in, decisions come out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dedup.index.store import Document, Reader
from dedup.model import F64, I64, U8, Mask, Relation, Sketches, Texts


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided of `n` articles, in order of arrival.

    Attributes:
        kept: bool[n], whether the article is the first of its story, or has no words.
        relation: uint8[n], values of `Relation`.
        similarity, containment: float64[n], with the representative; 1 for a kept one, NaN for one without words.
        representative: int64[n], number of the representative; its own for a kept one.
        seen: bool[n], whether the same id with the same text had been here before.
        updated: Position -> the document that had the id before, with another text.
    """

    kept: Mask
    relation: U8
    similarity: F64
    containment: F64
    representative: I64
    seen: Mask
    updated: dict[int, Document]

    @classmethod
    def empty(cls, n: int) -> Decisions:
        """For `n` articles of which nothing is decided."""
        nothing = np.full(n, np.nan)
        no = np.zeros(n, np.bool_)
        return cls(no, np.zeros(n, np.uint8), nothing, nothing.copy(), np.zeros(n, np.int64), no.copy(), {})


@dataclass(frozen=True, slots=True)
class Batch:
    """`n` articles inside a transaction.

    Attributes:
        reader: The transaction.
        texts: Their raw texts.
        sketches: Their sketches.
        beside: Whether other threads work on other articles.
    """

    reader: Reader
    texts: Texts
    sketches: Sketches
    beside: bool


@dataclass(frozen=True, slots=True)
class Arrivals(Batch):
    """Articles that are being decided.

    Attributes:
        numbers: int64[n], the number of each, consecutive; 0 for one that is known.
        decisions: What is decided of them.
    """

    numbers: I64
    decisions: Decisions


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a batch is delivered, and what came in it so far.

    Attributes:
        stream: Number of the stream that it is part of, 0 for none: in a stream a repeated id with the same text is an
            exact copy, and not something delivered again.
        first: The first number that an article of the batch may have.
        met: Numbers of the documents from before that came again in it.
    """

    stream: int
    first: int
    met: set[int] = field(default_factory=set)


def repeat(decisions: Decisions, i: int, document: Document, delivery: Delivery) -> None:
    """An article that is known with this text is what it was before, or a copy of itself in one batch or stream."""
    is_in_stream = bool(delivery.stream and document.stream == delivery.stream and document.digest)
    is_in_batch = document.number >= delivery.first
    is_copy = bool(document.digest) and (is_in_stream or is_in_batch or document.number in delivery.met)
    is_kept = document.representative == document.number
    _take(decisions, i, document)
    decisions.kept[i] = is_kept and not is_copy
    decisions.relation[i] = Relation.EXACT if is_kept and is_copy else document.relation
    decisions.seen[i] = not (is_in_stream or is_in_batch)
    delivery.met.add(document.number)


def repeat_within(decisions: Decisions, i: int, earlier: int) -> None:
    """A repeated id with the same text is an exact copy; one without words is kept like the first."""
    for values in (decisions.representative, decisions.relation, decisions.similarity, decisions.containment):
        values[i] = values[earlier]
    decisions.seen[i] = decisions.seen[earlier]
    decisions.kept[i] = np.isnan(decisions.similarity[earlier])
    if decisions.kept[earlier] and not decisions.kept[i]:
        decisions.relation[i] = Relation.EXACT


def copy(decisions: Decisions, i: int, twin: Document) -> None:
    """An exact copy has its twin's representative, and its similarity with it."""
    _take(decisions, i, twin)
    decisions.kept[i] = False
    relation = Relation.EXACT if twin.representative == twin.number else Relation.NEAR
    decisions.relation[i] = max(relation, twin.relation)  # of an excerpt all copies are excerpts


def _take(decisions: Decisions, i: int, document: Document) -> None:
    decisions.representative[i] = document.representative
    decisions.similarity[i] = np.nan if document.similarity is None else document.similarity
    decisions.containment[i] = np.nan if document.containment is None else document.containment
