"""Rows of the store: articles and what was decided of them go in; the fields of their documents come out, by column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dedup.index.articles import Articles, as_bytes, split
from dedup.index.decisions import Decisions
from dedup.index.lookup import digest_bytes, stored_lows
from dedup.index.store import Document
from dedup.model import F64, I64, U8, Mask, Sketches

Columns = list[Sequence[Any]]
"""The fields of `store.Document`, one sequence each."""


def columns(
    articles: Articles,
    sketches: Sketches,
    decisions: Decisions,
    positions: I64,
    numbers: I64,
    seen: I64,
    stream: int,
) -> Columns:
    """The documents of the articles at some positions, which have been decided; `numbers` and times by position."""
    worded = sketches.tokens[positions] > 0
    chosen = positions.tolist()
    ids = split(articles.ids)
    return [
        numbers[positions].tolist(),
        [ids[i] for i in chosen],
        [articles.raw[i] for i in chosen],
        _bytes(digest_bytes(sketches.digest[positions]), worded),
        decisions.representative[positions].tolist(),
        decisions.relation[positions].tolist(),
        _reals(decisions.similarity[positions]),
        _reals(decisions.containment[positions]),
        seen[positions].tolist(),
        [stream] * len(positions),
        _bytes(stored_lows(sketches)[positions], worded & decisions.kept[positions]),
        [articles.metadata[i] for i in chosen],
    ]


def documents(rows: Columns, first: int, numbers: Iterable[int]) -> dict[int, Document]:
    """Those of some documents that are among columns whose numbers count from `first`; by number."""
    here = range(first, first + len(rows[0]))
    return {
        number: Document._make(column[number - first] for column in rows)
        for number in numbers
        if number in here
    }


def _bytes(rows: U8, chosen: Mask) -> list[bytes]:
    """Each row as bytes; nothing for one that is not chosen."""
    pairs = zip(as_bytes(rows), chosen.tolist(), strict=True)
    return [row if is_chosen else b"" for row, is_chosen in pairs]


def _reals(values: F64) -> list[float | None]:
    """Numbers for the store, which has no NaN."""
    return [None if value != value else value for value in values.tolist()]
