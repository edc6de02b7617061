"""Excerpts: both engines search alike, what is found is exact, and what is done about it loses nothing."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dedup
from dedup.comparable import Comparable
from dedup.config import UNITS, Settings
from dedup.containment import CONTAINMENT, MOST_CLUSTERS, SHINGLES, Contained, Gates, Scope
from dedup.errors import UsageError
from dedup.excerpts import ExcerptSettings
from dedup.model import I64, Form, Mask, Segment, Texts
from dedup.native import Native
from dedup.reference import Reference
from dedup.stages import Stages
from tests.articles import Cli, read_jsonl, read_summary, story, write_jsonl
from tests.oracle import Oracle
from tests.strategies import corpora, texts
from tests.syndication import collections
from tests.test_engines import same

PLAIN = Settings(strip=False)
TAIL = "Read more of this story on our site"


def cut(seed: int, start: int, stop: int, words: int = 300) -> str:
    """Some words of a story."""
    return " ".join(story(seed, words).split()[start:stop])


# The engines


@given(st.lists(texts, max_size=6), st.integers(1, 30))
@example(["", "one", "one two three four five six " * 9], 4)
@settings(max_examples=50)
def test_minimizers_agree(batch: list[str], window: int) -> None:
    given_texts = Texts.from_strings(batch)
    same(Native(PLAIN).sketch(given_texts, window), Reference(PLAIN).sketch(given_texts, window))


def search(
    engine: Stages,
    batch: list[str],
    clusters: tuple[I64, Mask],
    gates: Gates,
    comparable: Comparable | None = None,
    *,
    scope: Scope,
    window: int,
    cuts: int,
) -> Contained:
    """Search a corpus that arrives in `cuts` batches."""
    found = engine.excerpts(gates, scope)
    segments = []
    for part in np.array_split(np.arange(len(batch)), cuts):
        given_texts = Texts.from_strings([batch[i] for i in part])
        found.add(engine.sketch(given_texts, window))
        starts, ends = given_texts.offsets[:-1], given_texts.offsets[1:]
        segments.append(Segment(given_texts.data, Form.TEXT, starts, ends))
    found.start(*clusters, segments, comparable)
    while found.advance(3) < len(batch):
        pass
    return found.result()


@given(corpora(), st.data())
@settings(max_examples=60)
def test_searching_agrees(batch: list[str], data: st.DataObject) -> None:
    n = len(batch)
    drawn = data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n))
    representative = np.arange(n)
    for doc, other in enumerate(drawn):
        representative[doc] = representative[other] if other < doc else doc
    compared = np.array(data.draw(st.lists(st.sampled_from([True, True, False]), min_size=n, max_size=n)))
    gates = Gates(
        data.draw(st.sampled_from([0.3, 0.6, 1.0])),
        data.draw(st.sampled_from([1, 5, 12])),
        data.draw(st.sampled_from([0.3, 0.5, 1.0])),
        data.draw(st.sampled_from([1, 2, 64])),
    )
    options: dict[str, Any] = {
        "scope": data.draw(st.sampled_from(Scope)),
        "window": data.draw(st.sampled_from([1, 3, 8])),
    }
    chosen = Settings(
        shingle_size=data.draw(st.sampled_from([1, 2, 5])),
        strip=False,
        shingle_unit=data.draw(st.sampled_from(UNITS)),
    )
    clusters = representative, compared
    expected = search(Reference(chosen), batch, clusters, gates, cuts=1, **options)
    for threads, cuts in ((1, 3), (2, 1)):
        same(search(Native(chosen, threads=threads), batch, clusters, gates, cuts=cuts, **options), expected)


def test_a_long_search_agrees() -> None:
    """More values than one part of the range holds, more documents than one block, some values frequent."""
    numbers = random.Random(5)
    batch = [cut(seed, 0, 220) for seed in range(400)]
    batch += [cut(seed, start := numbers.randrange(150), start + 70) for seed in range(200)]
    batch += [f"{story(10_000 + i, 60)} {story(9, 30)}" for i in range(MOST_CLUSTERS + 1)]
    clusters = np.arange(len(batch)), np.ones(len(batch), np.bool_)
    gates = Gates(CONTAINMENT, SHINGLES, 0.5)
    options: dict[str, Any] = {"scope": Scope.REPRESENTATIVES, "window": 1}
    expected = search(Reference(PLAIN), batch, clusters, gates, cuts=1, **options)
    assert len(expected.pairs) >= 200
    assert expected.counts["frequent"] == 26
    for threads in (1, 2):
        same(search(Native(PLAIN, threads=threads), batch, clusters, gates, cuts=2, **options), expected)


def test_a_search_gives_its_outcome_once_it_is_done() -> None:
    engine, batch = Native(PLAIN), Texts.from_strings([story(0), story(1)])
    found = engine.excerpts(Gates(0.6, 40, 0.5))
    with pytest.raises(ValueError, match="not been started"):
        found.advance(1)
    found.add(engine.sketch(batch, 24))
    segment = Segment(batch.data, Form.TEXT, batch.offsets[:-1], batch.offsets[1:])
    with pytest.raises(ValueError, match="same documents"):
        found.start(np.arange(3), np.ones(3, np.bool_), [segment])
    found.add(engine.sketch(batch, 24))
    found.start(np.arange(2), np.ones(2, np.bool_), [segment])
    with pytest.raises(ValueError, match="not every document"):
        found.result()
    with pytest.raises(ValueError, match="window"):
        engine.sketch(batch, 0)


@given(st.integers(0, 200), st.integers(1, 24), st.integers(0, 40), st.integers(0, 40))
def test_a_shared_run_of_a_window_is_a_shared_minimizer(
    start: int, window: int, before: int, after: int
) -> None:
    run = cut(0, start, start + window + 4)
    batch = Texts.from_strings([story(0, 300), f"{story(1, before)} {run} {story(2, after)}"])
    sketches = Native(PLAIN).sketch(batch, window)
    first = int(sketches.minimizer_counts[0])
    assert set(sketches.minimizers[:first].tolist()) & set(sketches.minimizers[first:].tolist())


# What is found


def test_cuts_with_a_tail_are_found() -> None:
    """10 to 20% of an article, as a teaser gives it; pages around and other articles among them."""
    numbers, batch = random.Random(3), []
    for seed in range(100):
        words = numbers.randrange(450, 900)
        size = int(words * numbers.uniform(0.1, 0.2))
        start = numbers.randrange(words - size)
        batch += [story(seed, words), f"{cut(seed, start, start + size, words)}\n{TAIL}"]
    result = dedup.find_duplicates(batch, pairs=True)
    found = {(int(row["a"]), int(row["b"])): row["relation"] for row in result.pairs.to_pylist()}
    assert found == {(i + 1, i): "excerpt" for i in range(0, len(batch), 2)}
    assert result.clusters["excerpt_of"].to_pylist()[1::2] == [str(i) for i in range(0, len(batch), 2)]


def test_excerpts_that_were_edited_all_over_are_found() -> None:
    """Single words replaced so that the containment is just above the least one, in pairs of 104 and more shingles."""
    numbers, batch, expected = random.Random(4), [], 0
    for seed in range(150):
        words = cut(seed, 0, numbers.randrange(108, 160)).split()
        for at in range(8, len(words), 13):
            words[at] = "altered"
        batch += [story(seed, 300), " ".join(words)]
        sets = Oracle(batch[-2:], PLAIN).shingles
        assert 0.6 <= len(sets[0] & sets[1]) / len(sets[1]) < 0.7
        expected += 1
    pairs = dedup.find_duplicates(batch, strip=False, pairs=True).pairs
    assert len(pairs) >= 0.98 * expected


def test_a_phrase_of_many_clusters_joins_nobody() -> None:
    agency = story(0, 60)
    batch = [agency, *(f"{story(seed, 80)} {agency}" for seed in range(1, MOST_CLUSTERS + 5))]
    clusters = dedup.find_duplicates(batch, strip=False).clusters
    assert clusters["excerpt_of"].null_count == len(batch)
    few = dedup.find_duplicates(batch[:30], strip=False).clusters
    assert few["excerpt_of"].null_count == len(few) - 1


@settings(max_examples=40, deadline=None)
@given(collections, st.sampled_from(["first", "last", "longest", "shortest"]), st.sampled_from([10, 40]))
def test_pairs_pass_the_exact_gates(batch: list[str], keep: str, least: int) -> None:
    result = dedup.find_duplicates(batch, keep=keep, pairs=True, excerpt_shingles=least)
    oracle = Oracle(batch, Settings())
    for row in result.pairs.to_pylist():
        if row["relation"] != "excerpt":
            continue
        a, b = int(row["a"]), int(row["b"])
        assert least <= len(oracle.shingles[a]) <= len(oracle.shingles[b])
        assert row["containment"] == oracle.containment(a, b) >= CONTAINMENT
        assert row["similarity"] == oracle.jaccard(a, b) < oracle.threshold
    # Excerpts are no reason to cluster, and what is said of them does not depend on whether pairs are listed.
    alone = dedup.find_duplicates(batch, keep=keep, excerpt_shingles=least).clusters
    assert alone.equals(result.clusters)
    plain = dedup.find_duplicates(batch, keep=keep, excerpts="off").clusters
    assert plain.equals(alone.drop_columns(["excerpt_of", "excerpt_containment"]))


# What is done about it


@settings(max_examples=40, deadline=None)
@given(collections, st.sampled_from([None, "first", "shortest"]), st.sampled_from([5, 12, 40]))
@example([cut(0, 0, 60), cut(0, 0, 300), cut(0, 20, 90), cut(0, 0, 62)], "first", 40)
def test_removed_excerpts_name_a_kept_article(batch: list[str], keep: str | None, least: int) -> None:
    result = dedup.find_duplicates(batch, keep=keep, excerpts="remove", excerpt_shingles=least)
    oracle, rows, kept = Oracle(batch, Settings()), result.clusters.to_pylist(), set(result.kept.tolist())
    for at, row in enumerate(rows):
        assert row["is_duplicate"] == (at not in kept) == (row["relation"] is not None)
        if at in kept:
            assert row["excerpt_of"] is None or int(row["excerpt_of"]) in kept
            continue
        original = int(row["duplicate_of"])
        assert original in kept
        assert row["similarity"] == oracle.jaccard(at, original)
        assert row["containment"] == oracle.containment(at, original)
        if row["relation"] == "excerpt":
            assert row["excerpt_of"] == row["duplicate_of"]
            assert row["excerpt_containment"] == row["containment"] >= CONTAINMENT
            assert row["cluster_id"] != row["duplicate_of"]
        else:
            assert row["cluster_id"] == row["duplicate_of"]
            assert row["excerpt_of"] is None


def outcome(batch: list[str], **options: Any) -> list[tuple[str | None, str | None]]:
    """Relation and article of each."""
    rows = dedup.find_duplicates(batch, strip=False, **options).clusters.to_pylist()
    return [(row["relation"], row["excerpt_of"]) for row in rows]


def test_larger_articles_decide_first() -> None:
    """A teaser of a story within a round-up: both go for the round-up, even if they came first."""
    round_up = f"{story(1, 200)} {cut(0, 0, 200)} {story(2, 200)}"
    batch = [cut(0, 0, 60), cut(0, 0, 200), round_up]
    assert outcome(batch) == [(None, "1"), (None, "2"), (None, None)]
    for keep in (None, "first", "shortest"):
        assert outcome(batch, excerpts="remove", keep=keep) == [
            ("excerpt", "2"),
            ("excerpt", "2"),
            (None, None),
        ]


def test_an_excerpt_of_a_removed_excerpt_stays() -> None:
    """What contains it has gone, and what stayed instead does not contain enough of it."""
    middle = f"{cut(0, 0, 130)} {story(1, 70)}"
    batch = [f"{cut(0, 0, 200)} {story(2, 200)}", middle, f"{cut(0, 125, 130)} {cut(1, 0, 60, 70)}"]
    assert outcome(batch) == [(None, None), (None, "0"), (None, "1")]
    assert outcome(batch, excerpts="remove") == [(None, None), ("excerpt", "0"), (None, None)]


def test_a_cluster_goes_as_a_whole_or_stays() -> None:
    article = story(0, 300)
    copies = [cut(0, 0, 60), cut(0, 0, 60).upper(), cut(0, 0, 62)]
    whole = outcome([article, *copies], excerpts="remove")
    assert whole == [(None, None), *[("excerpt", "0")] * 3]
    rows = dedup.find_duplicates([article, *copies], strip=False, excerpts="remove").clusters.to_pylist()
    assert [row["cluster_id"] for row in rows] == ["0", "3", "3", "3"]
    assert {row["cluster_size"] for row in rows[1:]} == {3}
    # One text of it has too much of its own.
    partly = [article, *copies, f"{cut(0, 0, 60)} {story(1, 45)}"]
    assert outcome(partly, excerpts="remove", keep="first") == [
        (None, None), (None, "0"), ("exact", None), ("near", None), ("near", None)
    ]  # fmt: skip


def test_pairs_are_listed_with_every_exact_copy() -> None:
    batch = [story(0, 300), cut(0, 0, 60), cut(0, 0, 60).title(), story(0, 300).upper()]
    pairs = dedup.find_duplicates(batch, strip=False, pairs=True).pairs.to_pylist()
    assert [(row["a"], row["b"]) for row in pairs if row["relation"] == "exact"] == [("1", "2"), ("0", "3")]
    assert [(row["a"], row["b"]) for row in pairs if row["relation"] == "excerpt"] == [
        ("1", "0"), ("1", "3"), ("2", "0"), ("2", "3")
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(collections, st.sampled_from(["longest", "shortest"]), st.integers(0, 2**32), st.booleans())
def test_excerpts_do_not_depend_on_input_order(batch: list[str], keep: str, seed: int, remove: bool) -> None:
    rows = [{"id": f"n{i}", "text": text} for i, text in enumerate(batch)]
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    outcomes = []
    for _ in range(2):
        clusters = dedup.find_duplicates(
            pa.Table.from_pylist(rows, schema),
            keep=keep,
            excerpts="remove" if remove else "report",
            excerpt_shingles=10,
        ).clusters
        outcomes.append({row["id"]: row for row in clusters.drop_columns("location").to_pylist()})
        random.Random(seed).shuffle(rows)
    assert outcomes[0] == outcomes[1]


# Settings and files


@pytest.mark.parametrize(
    ("options", "window"),
    [
        ({}, 24),
        ({"shingles": 20}, 12),
        ({"shingles": 900}, 24),
        ({"shingles": 1}, 1),
        ({"mode": "off"}, None),
    ],
)
def test_windows_are_no_longer_than_the_shortest_shared_run(
    options: dict[str, Any], window: int | None
) -> None:
    assert ExcerptSettings(**options).window == window


@pytest.mark.parametrize(
    "options", [{"mode": "delete"}, {"containment": 0.0}, {"containment": 1.1}, {"shingles": 0}]
)
def test_settings_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ExcerptSettings(**options)


@pytest.fixture
def articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A teaser, its article, a copy of the teaser."""
    monkeypatch.chdir(tmp_path)
    batch = {"teaser": cut(0, 0, 60), "whole": story(0, 300), "again": cut(0, 0, 60)}
    return write_jsonl(Path("news.jsonl"), [{"id": name, "text": text} for name, text in batch.items()])


def test_excerpts_are_reported(dedup: Cli, articles: Path) -> None:
    shown = dedup("run", articles, "-o", "out", "--pairs").out
    assert "excerpts  1  of the kept articles are contained in larger ones; see excerpt_of" in shown
    teaser, whole, again = read_jsonl(Path("out/clusters.jsonl"))
    assert (teaser["excerpt_of"], teaser["excerpt_containment"]) == ("whole", 1.0)
    assert (teaser["is_duplicate"], teaser["relation"], teaser["similarity"]) == (False, None, 1.0)
    assert (whole["excerpt_of"], whole["excerpt_containment"]) == (None, None)
    assert (again["duplicate_of"], again["excerpt_of"]) == ("teaser", None)
    assert [row["relation"] for row in read_jsonl(Path("out/pairs.jsonl"))] == ["exact", "excerpt", "excerpt"]
    summary = read_summary(Path("out"))
    assert summary["removed_by_relation"] == {"exact": 1, "near": 0, "excerpt": 0}
    assert (summary["excerpts"]["reported"], summary["excerpts"]["removed"]) == (1, 0)
    assert summary["options"]["excerpts"] == {"mode": "report", "containment": 0.6, "shingles": 40}


def test_excerpts_are_removed(dedup: Cli, articles: Path) -> None:
    shown = dedup("run", articles, "-o", "out", "--excerpts", "remove", "--write-removed").out
    assert "removed  2  66.7%, 2 excerpts" in shown
    assert [row["id"] for row in read_jsonl(Path("out/kept/news.jsonl"))] == ["whole"]
    assert [row["id"] for row in read_jsonl(Path("out/removed/news.jsonl"))] == ["teaser", "again"]
    for row in read_jsonl(Path("out/clusters.jsonl"))[::2]:
        assert (row["duplicate_of"], row["relation"], row["containment"]) == ("whole", "excerpt", 1.0)
    summary = read_summary(Path("out"))
    assert (summary["kept"], summary["removed"], summary["options"]["keep"]) == (1, 2, "longest")
    assert summary["removed_by_relation"] == {"exact": 0, "near": 0, "excerpt": 2}


def test_excerpts_are_left_alone(dedup: Cli, articles: Path) -> None:
    dedup("run", articles, "-o", "out", "--excerpts", "off", "--pairs")
    assert [row["relation"] for row in read_jsonl(Path("out/pairs.jsonl"))] == ["exact"]
    assert "excerpt_of" not in read_jsonl(Path("out/clusters.jsonl"))[0]
    assert read_summary(Path("out"))["excerpts"] is None


def test_excerpts_are_tags(dedup: Cli, articles: Path) -> None:
    dedup("run", articles, "-o", "out", "--annotate")
    tags = [row["dedup"] for row in read_jsonl(Path("out/kept/news.jsonl"))]
    assert [tag["excerpt_of"] for tag in tags] == ["whole", None, None]
    assert [*tags[0]][-2:] == ["excerpt_of", "excerpt_containment"]


def test_mistakes_are_explained(dedup: Cli, articles: Path) -> None:
    error = dedup.fails("run", articles, "-o", "out", "--excerpt-containment", "60")
    assert "excerpt containment 60 is not in (0, 1]" in error
    assert "excerpt shingles 0" in dedup.fails("run", articles, "-o", "out", "--excerpt-shingles", "0")


def test_engines_and_threads_give_the_same_files(dedup: Cli, articles: Path) -> None:
    names = ["clusters.jsonl", "pairs.jsonl", "kept/news.jsonl"]
    outputs = []
    for i, more in enumerate((["--threads", 1], ["--threads", 2], ["--engine", "reference"])):
        dedup("run", articles, "-o", f"out{i}", "--pairs", "--excerpts", "remove", *more)
        outputs.append([Path(f"out{i}", name).read_bytes() for name in names])
    assert all(a == b for a, b in pairwise(outputs))
