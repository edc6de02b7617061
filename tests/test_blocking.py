"""Blocking: both engines compare what it allows and nothing else, and find what a search pair by pair finds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup as package
from dedup.blocking import Blocking
from dedup.comparable import UNDATED, Comparable
from dedup.config import Settings
from dedup.containment import Gates, Scope
from dedup.model import Relation
from dedup.native import Native
from dedup.reference import Reference
from tests.articles import Cli, edited, read_jsonl, read_summary, story, write_jsonl
from tests.oracle import Oracle
from tests.strategies import corpora
from tests.test_engines import run_matcher, same
from tests.test_excerpts import search


@st.composite
def comparables(draw: st.DrawFn, n: int) -> Comparable:
    """Values that make some pairs of `n` documents comparable; few of them, so that many are equal."""

    def drawn(values: list[int], dtype: type[Any]) -> Any:
        every = st.lists(st.sampled_from(values), min_size=n, max_size=n)
        return draw(st.none() | every.map(lambda some: np.array(some, dtype)))

    return Comparable(
        drawn([0, 1, 2], np.uint64),
        drawn([0, 2**64 - 1, 5], np.uint64),
        drawn([UNDATED, -5, 0, 3, 4, 2**50], np.int64),
        draw(st.sampled_from([0, 4, 2**60])),
    )


@given(corpora(), st.data())
@settings(max_examples=40)
def test_matching_agrees(batch: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(batch))))
    comparable = data.draw(comparables(len(batch)))
    options: dict[str, Any] = {"pairs": data.draw(st.booleans()), "links": data.draw(st.booleans())}
    chosen = Settings(
        data.draw(st.sampled_from([0.2, 0.5, 1.0])),
        shingle_size=data.draw(st.sampled_from([1, 2, 5])),
        strip=False,
    )
    expected = run_matcher(Reference(chosen), batch, order, comparable, cuts=1, **options)
    for threads, cuts in ((1, 3), (2, 1)):
        native = Native(chosen, threads=threads)
        same(run_matcher(native, batch, order, comparable, cuts=cuts, **options), expected)


@given(corpora(), st.data())
@settings(max_examples=30)
def test_searching_agrees(batch: list[str], data: st.DataObject) -> None:
    n = len(batch)
    representative = np.arange(n)
    for doc, other in enumerate(data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n))):
        representative[doc] = representative[other] if other < doc else doc
    clusters = representative, np.ones(n, np.bool_)
    comparable = data.draw(comparables(n))
    gates = Gates(0.5, 1, 0.5, data.draw(st.sampled_from([1, 2, 64])))
    options: dict[str, Any] = {"scope": data.draw(st.sampled_from(Scope)), "window": 2}
    chosen = Settings(shingle_size=2, strip=False)
    expected = search(Reference(chosen), batch, clusters, gates, comparable, cuts=1, **options)
    assert comparable.allows(*expected.pairs.T).all()
    for threads, cuts in ((1, 3), (2, 1)):
        native = Native(chosen, threads=threads)
        same(search(native, batch, clusters, gates, comparable, cuts=cuts, **options), expected)


@given(corpora(), st.data())
@settings(max_examples=30)
def test_matching_finds_what_a_search_pair_by_pair_finds(batch: list[str], data: st.DataObject) -> None:
    """The greedy rule, for each document with the values of its own: no buckets, no twins."""
    order = data.draw(st.permutations(range(len(batch))))
    comparable = data.draw(comparables(len(batch)))
    chosen = Settings(0.5, shingle_size=2, strip=False)
    oracle = Oracle(batch, chosen)
    matches = run_matcher(Native(chosen), batch, order, comparable, pairs=False, links=False, cuts=1)
    twins: dict[Any, int] = {}
    kept: list[int] = []
    for doc in order:
        near = [
            (oracle.jaccard(doc, other), -kept.index(other), other)
            for other in kept
            if oracle.tokens[doc]
            and comparable.allows(np.array([doc]), np.array([other]))[0]
            and oracle.jaccard(doc, other) >= 0.5
            and oracle.compared(doc, other)
        ]
        best = max(near)[2] if near else doc
        # A copy of the same values goes where the first went, if they are compared with one another.
        values = (*oracle.tokens[doc], *(int(column[doc]) for column in comparable.columns))
        twin = twins.setdefault(values, doc)
        if twin != doc and comparable.allows(np.array([doc]), np.array([twin]))[0] and oracle.tokens[doc]:
            best = matches.representative[twin]
        assert matches.representative[doc] == best
        if best == doc:
            kept.append(doc)
            assert matches.relation[doc] == Relation.KEPT
            continue
        equal = oracle.tokens[doc] == oracle.tokens[best]
        assert matches.relation[doc] == (Relation.EXACT if equal else Relation.NEAR)
        assert matches.similarity[doc] == oracle.jaccard(doc, best)


def test_matching_agrees_across_blocks() -> None:
    """More documents than one block decides at once, of few publishers and days."""
    generator = np.random.default_rng(7)
    stories = [[f"w{w}" for w in generator.integers(0, 400, 60)] for _ in range(20)]
    batch = []
    for _ in range(280):
        tokens = list(stories[generator.integers(len(stories))])
        for at in generator.integers(0, 60, generator.choice([0, 0, 3, 12])):
            tokens[at] = f"w{generator.integers(400)}"
        batch.append(" ".join(tokens))
    order = generator.permutation(len(batch)).tolist()
    publishers = generator.integers(0, 5, len(batch)).astype(np.uint64)
    days = generator.integers(0, 30, len(batch))
    for comparable in (
        Comparable(same=publishers),
        Comparable(across=publishers),
        Comparable(dates=days, window=3),
        Comparable(publishers % np.uint64(2), publishers, days, 9),
    ):
        chosen = Settings(strip=False)
        for pairs in (False, True):
            options: dict[str, Any] = {"pairs": pairs, "links": pairs}
            expected = run_matcher(Reference(chosen), batch, order, comparable, cuts=1, **options)
            assert {1, 2} <= set(expected.relation.tolist())
            native = Native(chosen, threads=3)
            same(run_matcher(native, batch, order, comparable, cuts=4, **options), expected)


# Runs and checks

ONE, TWO = story(1), story(2, 400)
RECORDS: list[dict[str, object]] = [
    {"id": "a", "text": ONE, "site": "AP", "lang": "en", "date": "2024-05-01"},
    {"id": "b", "text": ONE, "site": "AP", "lang": "en", "date": "2024-05-20"},
    {"id": "c", "text": edited(ONE, 40), "site": "Blog", "lang": "en", "date": "2024-05-03T12:00:00Z"},
    {"id": "d", "text": ONE, "site": "", "lang": "de", "date": 1714521600},
    {"id": "e", "text": ONE, "lang": "de", "date": "soon"},
    {"id": "f", "text": TWO, "site": "AP", "lang": "en", "date": "2024-05-01"},
    {"id": "g", "text": " ".join(TWO.split()[:120]), "site": "AP", "lang": "en", "date": "2024-05-02"},
    {"id": "h", "text": " ".join(TWO.split()[:120]), "site": "Blog", "lang": "en", "date": "2024-06-02"},
]
GROUPS = {
    (): {"b": "a", "c": "a", "d": "a", "e": "a", "g": "<f", "h": "g"},
    ("--same", "site"): {"b": "a", "e": "d", "g": "<f"},
    ("--same", "lang"): {"b": "a", "c": "a", "e": "d", "g": "<f", "h": "g"},
    ("--same", "lang", "--same", "site"): {"b": "a", "e": "d", "g": "<f"},
    ("--across", "site"): {"c": "a", "d": "a", "e": "a", "h": "g"},
    ("--window", "date:3d"): {"c": "a", "d": "a", "g": "<f"},
    ("--window", "date:2d"): {"d": "a", "g": "<f"},
    ("--window", "date:400h", "--same", "site"): {"g": "<f"},
    ("--window", "date:456h", "--same", "site"): {"b": "a", "g": "<f"},
    ("--window", "date:5w", "--across", "site"): {"c": "a", "d": "a", "h": "g"},
}
"""Which article each copies, and with `<` which has it as an excerpt."""


def relations(path: Path) -> dict[str, str]:
    rows = read_jsonl(path)
    copies = {row["id"]: row["duplicate_of"] for row in rows if row["duplicate_of"]}
    return copies | {row["id"]: f"<{row['excerpt_of']}" for row in rows if row["excerpt_of"]}


@pytest.mark.parametrize("options", GROUPS, ids=" ".join)
def test_a_run_compares_what_it_is_told_to(dedup: Cli, options: tuple[str, ...]) -> None:
    write_jsonl(Path("news.jsonl"), RECORDS)
    call = ["run", "news.jsonl", "--no-strip", "--pairs", "--families", *options]
    dedup(*call, "-o", "out")
    assert relations(Path("out/clusters.jsonl")) == GROUPS[options]
    dedup(*call, "-o", "again", "--engine", "reference")
    for name in ("clusters.jsonl", "pairs.jsonl", "families.jsonl"):
        assert Path("out", name).read_bytes() == Path("again", name).read_bytes()
    listed = {(row["a"], row["b"]) for row in read_jsonl(Path("out/pairs.jsonl"))}
    assert {(original.strip("<"), copy) for copy, original in GROUPS[options].items()} <= {
        pair for a, b in listed for pair in ((a, b), (b, a))
    }
    copies = {copy: one for copy, one in GROUPS[options].items() if "<" not in one}
    checked = dedup("check", "news.jsonl", "--no-strip", "--format", "json", *options, code=int(bool(copies)))
    found = {row["article"]["id"]: row["original"]["id"] for row in json.loads(checked.out)["duplicates"]}
    assert found == copies


@pytest.mark.parametrize(
    ("options", "copies"),
    [
        ([], {"1": "a", "2": "a", "3": "<f", "4": "f"}),
        (["--same", "site"], {"1": "a", "4": "f"}),
        (["--across", "site"], {"1": "d", "2": "a", "3": "<f"}),
        (["--window", "date:3d"], {"2": "a", "3": "<f"}),
    ],
)
def test_known_articles_are_compared_likewise(dedup: Cli, options: list[str], copies: dict[str, str]) -> None:
    write_jsonl(Path("old.jsonl"), RECORDS[:6])
    new = [
        {"id": 1, "text": ONE, "site": "AP", "date": "2024-05-30"},
        {"id": 2, "text": ONE, "site": "Mail", "date": "2024-05-02"},
        {"id": 3, "text": " ".join(TWO.split()[:120]), "site": "Blog", "date": "2024-05-02"},
        {"id": 4, "text": TWO, "site": "AP", "date": None},
    ]
    write_jsonl(Path("new.jsonl"), new)
    call = ["run", "new.jsonl", "--against", "old.jsonl", "--no-strip", *options]
    dedup(*call, "-o", "out")
    assert relations(Path("out/clusters.jsonl")) == copies
    dedup(*call, "-o", "again", "--engine", "reference")
    assert Path("out/clusters.jsonl").read_bytes() == Path("again/clusters.jsonl").read_bytes()


def test_blocking_from_settings_in_little_memory_and_in_the_summary(dedup: Cli) -> None:
    write_jsonl(Path("news.jsonl"), RECORDS)
    Path("dedup.toml").write_text('same = ["lang", "site"]\nwindow = "date:456h"')
    shown = dedup("run", "news.jsonl", "--no-strip", "-o", "out", "--memory", "1")
    assert relations(Path("out/clusters.jsonl")) == {"b": "a", "g": "<f"}
    summary = read_summary(Path("out"))
    assert (summary["options"]["same"], summary["options"]["across"]) == (["lang", "site"], None)
    assert summary["options"]["window"] == "date:456h"
    assert summary["environment"]["spilled"] > 0
    assert summary["missing_blocking_values"] == {"lang": 0, "site": 2, "date": 1}
    for warning in (
        'articles without a value in "site" are compared as if it were a value of its own (2 of 8)',
        'articles without a date in "date" are compared with no other (1 of 8)',
    ):
        assert warning in summary["warnings"]
        assert warning in shown.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--same", "sight"], 'no article has a value in the field "sight" to compare by'),
        (["--across", "sight"], 'no article has a value in the field "sight" to compare by'),
        (["--window", "lang:7d"], 'no article has a date in the field "lang" to compare by'),
        (["--same", "lang", "--against", "old.jsonl"], 'no known article has a value in the field "lang"'),
        (
            ["--same", "lang", "--against", "i.dedup"],
            'an index does not say what the field "lang" of its articles is',
        ),
        (["--same", "lang", "--across", "lang"], 'no two articles have the same "lang" and a different one'),
        (["--same", ""], "a field for blocking has an empty name"),
        (["--window", "date"], 'window "date" cannot be read'),
        (["--window", "date:7"], 'window "date:7" cannot be read'),
        (["--window", ":7d"], 'window ":7d" cannot be read'),
        (["--window", "date:-7d"], 'window "date:-7d" cannot be read'),
    ],
)
def test_mistakes(dedup: Cli, options: list[str], message: str) -> None:
    write_jsonl(Path("news.jsonl"), RECORDS)
    write_jsonl(Path("old.jsonl"), [{"text": ONE}])
    dedup("index", "add", "i.dedup", "old.jsonl")
    shown = dedup("run", "news.jsonl", "-o", "out", *options, code=2)
    assert message in shown.err
    assert "hint: " in shown.err
    assert not Path("out").exists()


def test_a_window_may_be_any_length() -> None:
    for text, microseconds in (("d:1.5s", 1_500_000), ("a.b:c:2w", 14 * 86_400_000_000), ("d:0d", 0)):
        assert Blocking.parse(window=text).window == (text.rpartition(":")[0], microseconds)
    assert Blocking.parse(window=f"d:{'9' * 400}w").window is not None


Rows: TypeAlias = list[tuple[str, str | None, str | None]]
Value: TypeAlias = tuple[str | None, str | None]


def _days_apart(a: Value, b: Value) -> float:
    return (
        math.inf if None in (a[1], b[1]) else abs((date.fromisoformat(a[1]) - date.fromisoformat(b[1])).days)
    )


RULES: dict[str, Callable[[Value, Value], bool]] = {
    "same site": lambda a, b: a[0] == b[0],
    "across site": lambda a, b: a[0] != b[0],
    "window day:3d": lambda a, b: _days_apart(a, b) <= 3,
}
"""What each option allows, of (site, day) of two articles."""

ROWS = st.lists(
    st.tuples(
        st.builds(
            lambda seed, position, last: " ".join(edited(story(seed, 60), position).split()[:last]),
            st.integers(0, 2),
            st.integers(0, 59),
            st.sampled_from([20, 40, 60]),
        ),
        st.sampled_from(["x", "y", "", None]),
        st.sampled_from(["2024-05-01", "2024-05-04", "2024-06-01", None]),
    ),
    min_size=1,
    max_size=8,
)


@given(ROWS, ROWS, st.sampled_from([*RULES]))
@settings(max_examples=30)
def test_known_articles_take_what_they_may_be_compared_with(new: Rows, old: Rows, rule: str) -> None:
    """Each article goes to the most similar known one that it may be compared with, found pair by pair."""
    tables = [
        pa.table(dict(zip(("text", "site", "day"), map(list, zip(*rows, strict=True)), strict=True)))
        for rows in ([*new, ("one", "z", "2020-01-01")], [*old, ("two", "z", "2020-01-01")])
    ]
    options: dict[str, Any] = {"strip": False, "threshold": 0.4, "bands": 128, "rows": 1}
    key, value = rule.split()
    found = package.find_duplicates(tables[0], against=tables[1], **options, **{key: value})
    every = [set(package.shingles(text)) for text, *_ in (*new, *old)]
    for at, (row, (_, site, day)) in enumerate(zip(found.clusters.to_pylist(), new, strict=False)):
        best = max(
            (
                len(every[at] & every[len(new) + i]) / len(every[at] | every[len(new) + i])
                for i, (_, *values) in enumerate(old)
                if RULES[rule]((site or None, day), (values[0] or None, values[1]))
            ),
            default=0.0,
        )
        taken = (row["duplicate_of"] or "").startswith("against:")
        assert taken == (best >= 0.4)
        if taken:
            assert row["similarity"] == best
