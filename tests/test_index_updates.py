"""Updates in an index: a batch with some decides as the same articles do one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.index import Index
from tests.articles import edited, story

SEEN = datetime(2026, 1, 1, tzinfo=UTC)

STORIES = [story(0, 60), story(1, 60), story(2, 60)]

TEXTS = [
    *STORIES,
    *(edited(text, 3) for text in STORIES),
    *(edited(text, 50) for text in STORIES[:2]),
    f"{STORIES[0]} {story(8, 50)}",
    " ".join(STORIES[0].split()[10:45]),
    "",
]
"""Copies exact and near, an excerpt, and nothing."""


def feed(index: Index, articles: list[tuple[str, str]], size: int) -> list[dict[str, Any]]:
    """What becomes of articles in batches of `size`, and how many copies are forgotten."""
    records = [{"id": name, "text": text} for name, text in articles]
    outcomes = [index.filter(records[i : i + size], seen=SEEN) for i in range(0, len(records), size)]
    forgotten = sum(outcome.forgotten for outcome in outcomes)
    return [*(tag for outcome in outcomes for tag in outcome.tags()), {"forgotten": forgotten}]


batches = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(TEXTS)),
    min_size=1,
    max_size=6,
    unique_by=lambda article: article[0],
)


@settings(max_examples=60)
@given(st.lists(batches, min_size=2, max_size=3), st.sampled_from(["off", "report", "remove"]))
def test_a_batch_with_updates_decides_as_its_articles_do_one_by_one(
    batches: list[list[tuple[str, str]]], excerpts: str
) -> None:
    chosen: dict[str, Any] = {"excerpts": excerpts, "excerpt_shingles": 10, "strip": False}
    with Index(**chosen) as index, Index(**chosen) as other:
        for batch in batches:
            assert feed(index, batch, len(batch)) == feed(other, batch, 1)
        assert index.info() | {"bytes": 0, "bytes_per_article": 0} == other.info() | {
            "bytes": 0,
            "bytes_per_article": 0,
        }
        assert index.verify() == []


@pytest.mark.parametrize("copy", [story(0), story(0) + " more"])
def test_a_copy_that_comes_before_an_update_is_a_copy(copy: str) -> None:
    with Index() as index:
        index.filter([{"id": "a", "text": story(0)}, {"id": "b", "text": story(1)}])
        outcome = index.filter([{"id": "c", "text": copy}, {"id": "a", "text": story(2)}])
        assert outcome.matches[0].id == "a"
        assert outcome.forgotten == 1
        assert index.query([story(0)]) == [[]]


def test_updates_that_nobody_has_to_do_with_are_decided_together() -> None:
    with Index() as index:
        index.filter([{"id": str(i), "text": story(i)} for i in range(20)])
        decide, parts = index._core.decide, []  # type: ignore[attr-defined]

        def counted(*given: Any, **how: bool) -> Any:
            parts.append(len(given[1]))
            return decide(*given, **how)

        index._core.decide = counted  # type: ignore[attr-defined]
        index.filter([{"id": str(i), "text": story(100 + i)} for i in range(20)])
        assert parts == [20]


def test_texts_that_are_not_stored_yet_are_originals_and_may_go() -> None:
    # An update ends a part: what comes after it meets texts that are still being compressed.
    batch = [("a", story(0)), ("b", story(1)), ("b", story(2)), ("c", story(0) + " more"), ("a", story(3))]
    with Index() as index:
        outcome = index.filter([{"id": name, "text": text} for name, text in batch])
        assert outcome.kept.tolist() == [True, True, True, False, True]
        assert outcome.matches[3].id == "a"
        assert index.texts(["a", "b", "c"]) == {"a": story(3), "b": story(2)}
        with index._store.reading() as reader:  # type: ignore[attr-defined]
            assert sorted(reader.texts(range(9))) == reader.numbers() == [3, 5]
