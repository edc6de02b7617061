"""Excerpts in an index: those that a run finds, whatever the batches; removing them; formats of the index."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import dedup
from dedup.errors import InputError, UsageError
from dedup.index import Index, Outcome
from tests.articles import Cli, story, write_jsonl
from tests.syndication import collections
from tests.test_index import feed, rows

SMALL: dict[str, Any] = {"excerpt_shingles": 10}
"""Stories of these tests have some 80 words."""


def cut(seed: int, start: int, stop: int) -> str:
    """Some words of a story of 300."""
    return " ".join(story(seed, 300).split()[start:stop])


ROUND_UP = f"{story(5, 200)} {cut(1, 0, 100)} {story(6, 200)}"


def reported(outcomes: list[Outcome]) -> set[tuple[str, str, float | None, float | None]]:
    """(excerpt, article, similarity, containment), whichever came first."""
    found = set()
    for outcome in outcomes:
        for i, matches in (outcome.excerpts or {}).items():
            for match in matches:
                assert match.relation == "excerpt"
                pair = outcome.ids[i], match.id
                found.add(
                    (
                        *(pair if match.direction == "contained in" else pair[::-1]),
                        match.similarity,
                        match.containment,
                    )
                )
    return found


def expected(texts: list[str]) -> set[tuple[str, str, float | None, float | None]]:
    """What a run finds among the articles that it keeps."""
    result = dedup.find_duplicates(texts, pairs=True, **SMALL)
    kept = {str(i) for i in result.kept.tolist()}
    return {
        (row["a"], row["b"], row["similarity"], row["containment"])
        for row in result.pairs.to_pylist()
        if row["relation"] == "excerpt" and {row["a"], row["b"]} <= kept
    }


@settings(max_examples=40)
@given(collections, st.integers(1, 13))
def test_the_index_finds_the_excerpts_of_a_run(texts: list[str], size: int) -> None:
    with Index(excerpts="report", **SMALL) as index, Index() as plain:
        outcomes = feed(index, texts, size)
        assert reported(outcomes) == expected(texts)
        assert rows(outcomes) == rows(feed(plain, texts, size))
        assert index.verify() == []
        again = feed(index, texts, size)
        tags = [
            [tag for one in some for tag in one.tags() if not tag["is_duplicate"]]
            for some in (outcomes, again)
        ]
        assert [{**tag, "seen": True} for tag in tags[0]] == tags[1]


@settings(max_examples=40)
@given(collections, st.integers(2, 13))
def test_excerpts_go_whatever_the_batches(texts: list[str], size: int) -> None:
    with Index(excerpts="remove", **SMALL) as index, Index(excerpts="remove", **SMALL) as single:
        outcomes, alone = feed(index, texts, size), feed(single, texts, 1)
        assert rows(outcomes) == rows(alone)
        assert reported(outcomes) == reported(alone)
        assert index.verify() == []
        kept = {tag["id"] for one in outcomes for tag in one.tags() if not tag["is_duplicate"]}
        assert all(row[2] in kept for row in rows(outcomes) if row[1])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 99), st.integers(15, 120)), max_size=12))
@example([(0, 0, 82), (0, 27, 82)])
def test_from_large_to_small_the_same_excerpts_go_as_in_a_run(cuts: list[tuple[int, int, int]]) -> None:
    """Where nothing is near, that is: of a cluster a run looks at all texts before any of it goes."""
    texts = sorted(
        {cut(seed, start, start + size) for seed, start, size in cuts}, key=lambda one: -len(one.split())
    )
    # Of two of one size the first stays, as it does in an index.
    result = dedup.find_duplicates(texts, excerpts="remove", keep="first", strip=False, **SMALL)
    assume("near" not in result.clusters["relation"].to_pylist())
    with Index(excerpts="remove", strip=False, **SMALL) as index:
        found = rows(feed(index, texts, 5))
    columns = ["id", "is_duplicate", "duplicate_of", "relation", "similarity", "containment"]
    wanted = [tuple(row.values()) for row in result.clusters.select(columns).to_pylist()]
    assert found == [row if row[1] else (*row[:4], None, None) for row in wanted]


def test_both_directions() -> None:
    with Index(excerpts="report") as index:
        outcome = index.filter([{"id": "teaser", "text": cut(1, 0, 100)}])
        assert (outcome.excerpts, outcome.counts()["excerpts"]) == ({}, 0)
        outcome = index.filter(
            [{"id": "whole", "text": cut(1, 0, 300)}, {"id": "round-up", "text": ROUND_UP}]
        )
        assert outcome.kept.all()
        assert outcome.excerpt_of(0) is None
        (match,) = outcome.excerpts[0]  # type: ignore[index]  # asked for
        assert (match.id, match.direction, match.contains) == ("teaser", "contains", 1.0)
        assert match.containment == 1.0
        assert [tag["contains"] for tag in outcome.tags()] == [["teaser"], ["teaser"]]
    with Index(excerpts="report") as index:
        index.filter([{"id": "whole", "text": cut(1, 0, 300)}])
        outcome = index.filter([{"id": "lead", "text": cut(1, 0, 90)}])
        (tag,) = outcome.tags()
        assert outcome.counts()["excerpts"] == 1
        row = outcome.table().to_pylist()[0]
        assert [row[name] for name in ("excerpt_of", "excerpt_containment", "contains")] == ["whole", 1.0, []]
        assert (tag["is_duplicate"], tag["excerpt_of"], tag["excerpt_containment"]) == (False, "whole", 1.0)
        (matches,) = index.query([cut(1, 100, 200)])
        assert [(match.id, match.direction) for match in matches] == [("whole", "contained in")]
        assert matches[0].as_dict()["direction"] == "contained in"
        index.remove(["whole"])
        assert index.query([cut(1, 100, 200)]) == [[]]
        assert index.verify() == []


def test_who_joined_an_excerpt_that_goes_is_decided_without_it() -> None:
    """The near copy of an excerpt has more that is not in the article, and stays; its exact copy goes too."""
    excerpt = f"{cut(1, 0, 100)} {cut(2, 0, 55)}"
    near = f"{cut(1, 10, 100)} {cut(2, 0, 120)}"
    texts = [cut(1, 0, 300), excerpt, near, excerpt.upper(), near.upper()]
    with Index(excerpts="remove", strip=False) as index:
        assert [row[1:4] for row in rows(feed(index, texts, 5))] == [
            (False, None, None),
            (True, "0", "excerpt"),
            (False, None, None),
            (True, "0", "excerpt"),
            (True, "2", "exact"),
        ]
        assert index.verify() == []
        (outcome,) = feed(index, [excerpt.title()], 1, "later")
        assert (outcome.matches[0] and outcome.matches[0].relation) == "excerpt"


def test_an_index_of_the_first_format_has_no_excerpts_until_it_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "a.dedup"

    def frozen() -> dict[str, Any]:
        with sqlite3.connect(path) as connection:
            (text,) = connection.execute("SELECT value FROM value WHERE name = 'frozen'").fetchone()
        connection.close()
        found: dict[str, Any] = json.loads(text)
        return found

    with Index(path) as index:
        index.filter([{"id": "whole", "text": cut(1, 0, 300)}, {"id": "lead", "text": cut(1, 0, 90)}])
        before = index.frozen.fingerprint
        assert index.info()["excerpts"]["mode"] == "off"
    assert frozen()["index"] == 1
    assert "excerpts" not in frozen()
    with pytest.raises(UsageError, match="excerpt_shingles 40, and 20"):
        Index(path, excerpt_shingles=20)
    with pytest.raises(UsageError, match="excerpts off, and report was asked for") as caught:
        Index(path, excerpts="report")
    assert "rebuild" in caught.value.hint
    with Index(path) as index:
        assert index.filter([{"id": "more", "text": cut(1, 100, 200)}]).excerpts is None
        assert index.rebuild(excerpts="report")["excerpts"]["mode"] == "report"
        assert index.frozen.fingerprint != before
        assert index.verify() == []
        assert [match.relation for match in index.query([cut(1, 100, 210)])[0]] == ["near", "excerpt"]
    assert frozen()["index"] == 2
    with Index(path) as index:
        assert index.frozen.excerpts.mode == "report"
        assert index.rebuild(excerpts="off")["fingerprint"] == before
        assert index.verify() == []
    stored = json.dumps({**frozen(), "index": 99}).encode()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE value SET value = ? WHERE name = 'frozen'", (stored,))
    connection.close()
    with pytest.raises(InputError, match="version 99 of the index format, this dedup reads 1 to"):
        Index(path)


def test_on_the_command_line(dedup: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    records = [{"id": "whole", "text": cut(1, 0, 300)}, {"id": "lead", "text": cut(1, 0, 90)}]
    write_jsonl(Path("in.jsonl"), records)
    dedup("index", "add", "plain.dedup", "in.jsonl")
    dedup("index", "rebuild", "plain.dedup", "--excerpts", "remove")
    write_jsonl(Path("more.jsonl"), [{"id": "end", "text": cut(1, 200, 300)}])
    lines = dedup("index", "query", "plain.dedup", "more.jsonl").out.splitlines()
    assert lines[0] == "end: 1 found"
    assert lines[1].endswith("  whole  contained in, 1.000")
    assert json.loads(dedup("index", "add", "plain.dedup", "more.jsonl", "--json").out)["duplicates"] == 1
    wrong = dedup.fails(
        "index", "add", "other.dedup", "in.jsonl", "--excerpts", "report", "--excerpt-shingles", 0
    )
    assert "excerpt shingles 0 is not 1 or more" in wrong
