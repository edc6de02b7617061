"""What an index answers: matches of single articles, and the decisions of a batch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedup.index.articles import Chain
from dedup.index.store import Document
from dedup.model import Mask, Relation, Skipped

if TYPE_CHECKING:
    from dedup.index.articles import Articles
    from dedup.index.matching import Decided

RELATIONS = ("kept", "exact", "near", "excerpt")
"""Names of the values of `model.Relation`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Match:
    """A stored article that an article is a copy of.

    Attributes:
        id: Its id.
        relation: `exact` (the same words after stripping), `near` or `excerpt`.
        similarity: Exact Jaccard similarity; None for the copy of an article without words.
        containment: The larger of the two containments, likewise.
        first_seen: When it arrived.
        metadata: What was stored with it, such as url, source and published.
        contained: From a query, or of a kept excerpt: the share of the article's shingles that are in the match.
        contains: Likewise, the share of the match's shingles that are in the article.
    """

    id: str
    relation: str
    similarity: float | None
    containment: float | None
    first_seen: datetime
    metadata: dict[str, str]
    contained: float | None = None
    contains: float | None = None

    @classmethod
    def of(
        cls,
        document: Document,
        relation: int,
        similarity: float | None,
        containment: float | None,
        contained: float | None = None,
        contains: float | None = None,
    ) -> Match:
        """A match with a stored document."""
        return cls(
            document.id.decode(),
            RELATIONS[relation],
            similarity,
            containment,
            moment(document.seen),
            json.loads(document.metadata) if document.metadata else {},
            contained,
            contains,
        )

    @property
    def direction(self) -> str | None:
        """Of an excerpt: whether the article is `contained in` the match, or `contains` it; None for others."""
        if RELATIONS.index(self.relation) != Relation.EXCERPT:
            return None
        return "contains" if (self.contained or 0.0) < (self.contains or 0.0) else "contained in"

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        row: dict[str, Any] = {
            "id": self.id,
            "relation": self.relation,
            "similarity": self.similarity,
            "containment": self.containment,
        }
        if self.contained is not None:
            row |= {"contained": self.contained, "contains": self.contains}
        if self.direction is not None:
            row["direction"] = self.direction
        return row | {"first_seen": self.first_seen.isoformat(), "metadata": self.metadata}


def moment(microseconds: int) -> datetime:
    """A stored time as a date."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds(time: datetime) -> int:
    """A date as a stored time; one without a zone is UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Previous:
    """What an article was that has been updated.

    Attributes:
        relation: None where it was kept, else `exact`, `near` or `excerpt`.
        similarity: As it was.
    """

    relation: str | None
    similarity: float | None


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """What became of a batch. Iterating gives (article, match), where match is None for an article that is new.

    Attributes:
        articles: What was given, as far as it could be used.
        ids: The id of each.
        matches: What each is a copy of; None for one that is kept.
        kept: bool[n], whether it is the first of its story (or was, when it came before).
        seen: bool[n], whether the same id with the same text had been here before: nothing changed.
        updated: What those were, by position, whose id came before with another text.
        forgotten: How many copies of updated articles are not known any more.
        skipped: What could not be used, and why.
        excerpts: By position of a kept article, the kept articles before it that it is an excerpt of or has as an
            excerpt, the largest containment first; None where nobody looked. It is still new.
    """

    articles: Sequence[Any]
    ids: list[str]
    matches: list[Match | None]
    kept: Mask
    seen: Mask
    updated: dict[int, Previous]
    forgotten: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    excerpts: dict[int, list[Match]] | None = None

    def __iter__(self) -> Iterator[tuple[Any, Match | None]]:
        return iter(zip(self.articles, self.matches, strict=True))

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<dedup.index.Outcome: {self.counts()}>"

    @property
    def new(self) -> list[Any]:
        """The articles that are kept and had not been here before, or came with a new text."""
        fresh = self.kept & ~self.seen
        return [article for article, is_new in zip(self.articles, fresh, strict=True) if is_new]

    def counts(self) -> dict[str, int]:
        """How many there are of each kind; new + duplicates + seen = articles. `excerpts` are among those kept."""
        found = (
            {} if self.excerpts is None else {"excerpts": sum(map(bool, map(self.excerpt_of, self.excerpts)))}
        )
        return {
            "articles": len(self),
            "new": int((self.kept & ~self.seen).sum()),
            "duplicates": int((~self.kept & ~self.seen).sum()),
            "seen": int(self.seen.sum()),
            "updated": len(self.updated),
            "forgotten": self.forgotten,
            "skipped": len(self.skipped),
            **found,
        }

    def excerpt_of(self, i: int) -> Match | None:
        """The kept article of which the kept one at a position is an excerpt, if there is one and somebody looked."""
        matches = (self.excerpts or {}).get(i, [])
        return next((match for match in matches if match.direction == "contained in"), None)

    def _contained_in(self, i: int) -> list[str]:
        """Ids of the kept articles that are excerpts of the one at a position."""
        return [match.id for match in (self.excerpts or {}).get(i, []) if match.direction == "contains"]

    def tags(self) -> list[dict[str, Any]]:
        """One dict an article, as `dedup filter --annotate` writes it."""
        return [self._tag(i) for i in range(len(self))]

    def _tag(self, i: int) -> dict[str, Any]:
        match, before = self.matches[i], self.updated.get(i)
        tag: dict[str, Any] = {
            "id": self.ids[i],
            "is_duplicate": not self.kept[i],
            "duplicate_of": match and match.id,
            "relation": match and match.relation,
            "similarity": match.similarity if match else None,
            "containment": match.containment if match else None,
            "first_seen": match.first_seen.isoformat() if match else None,
            "seen": bool(self.seen[i]),
        }
        if self.excerpts is not None:
            article = self.excerpt_of(i)
            tag["excerpt_of"] = article and article.id
            tag["excerpt_containment"] = article and article.containment
            tag["contains"] = self._contained_in(i)
        if before is not None:
            tag["updated"] = {"relation": before.relation, "similarity": before.similarity}
        return tag

    def table(self) -> pa.Table:
        """One row an article, with the columns of `tags` up to `seen`, and those on excerpts."""
        text, number = pa.large_string(), pa.float64()
        more = {} if self.excerpts is None else self._excerpt_columns()
        return pa.table(
            {
                "id": pa.array(self.ids, text),
                "is_duplicate": pa.array(~self.kept),
                "duplicate_of": pa.array([match and match.id for match in self.matches], text),
                "relation": pa.array([match and match.relation for match in self.matches], text),
                "similarity": pa.array(
                    [match.similarity if match else None for match in self.matches], number
                ),
                "containment": pa.array(
                    [match.containment if match else None for match in self.matches], number
                ),
                "first_seen": pa.array(
                    [match and match.first_seen for match in self.matches], pa.timestamp("us", "UTC")
                ),
                "seen": pa.array(self.seen),
                **more,
            }
        )

    def _excerpt_columns(self) -> dict[str, pa.Array]:
        found = [self.excerpt_of(i) for i in range(len(self))]
        return {
            "excerpt_of": pa.array([match and match.id for match in found], pa.large_string()),
            "excerpt_containment": pa.array([match and match.containment for match in found], pa.float64()),
            "contains": pa.array(
                [self._contained_in(i) for i in range(len(self))], pa.list_(pa.large_string())
            ),
        }


def outcome(ids: list[str], decided: Decided, articles: Articles) -> Outcome:
    """What became of some articles."""
    decisions, named = decided.batch.decisions, decided.named
    matches: list[Match | None] = []
    columns = (decisions.kept, decisions.representative, decisions.relation)
    measures = (decisions.similarity, decisions.containment)
    rows = zip(*(column.tolist() for column in columns + measures), strict=True)
    for kept, number, relation, similarity, containment in rows:
        matches.append(
            None if kept else Match.of(named[number], relation, _finite(similarity), _finite(containment))
        )
    before = {
        i: Previous(RELATIONS[document.relation] if document.relation else None, document.similarity)
        for i, document in decisions.updated.items()
    }
    excerpts = None if decided.found is None else decided.found.matches(named)
    return Outcome(
        articles.items,
        ids,
        matches,
        decisions.kept,
        decisions.seen,
        before,
        decided.forgotten,
        articles.skipped,
        excerpts,
    )


def together(parts: Sequence[Outcome]) -> Outcome:
    """One outcome of consecutive ones."""
    if len(parts) == 1:
        return parts[0]
    updated: dict[int, Previous] = {}
    excerpts: dict[int, list[Match]] = {}
    start = 0
    for part in parts:
        updated |= {start + i: before for i, before in part.updated.items()}
        excerpts |= {start + i: matches for i, matches in (part.excerpts or {}).items()}
        start += len(part)
    return Outcome(
        Chain([part.articles for part in parts]),
        [identity for part in parts for identity in part.ids],
        [match for part in parts for match in part.matches],
        np.concatenate([part.kept for part in parts]),
        np.concatenate([part.seen for part in parts]),
        updated,
        sum(part.forgotten for part in parts),
        [record for part in parts for record in part.skipped],
        None if parts[0].excerpts is None else excerpts,
    )


def _finite(value: float) -> float | None:
    return None if value != value else value
