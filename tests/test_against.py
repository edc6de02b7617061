"""`dedup run --against`: what known articles have goes, and the rest is what a run without it would keep."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup as package
from dedup.config import Settings
from dedup.excerpts import ExcerptSettings
from dedup.options import Options
from dedup.pipeline import run
from tests.articles import Cli, edited, read_jsonl, read_summary, story, write_jsonl

# A band of each value: every pair that has anything in common is a candidate.
EVERY = Settings(threshold=0.4, bands=128, rows=1, strip=False)
OUTPUTS = ("kept/new.jsonl", "removed/new.jsonl", "clusters.jsonl", "pairs.jsonl", "skipped.jsonl")


def version(seed: int, position: int, first: int, last: int) -> str:
    """Words of a story, one of them changed."""
    return " ".join(edited(story(seed, 120), position).split()[first:last])


TEXTS = st.one_of(
    st.builds(version, st.integers(0, 3), st.integers(0, 119), st.sampled_from([0, 30, 60]), st.just(120)),
    st.builds(version, st.integers(0, 3), st.just(0), st.just(0), st.sampled_from([60, 90, 120])),
    st.sampled_from(["", "…", "one two three"]),
)
SIDE = st.lists(TEXTS, max_size=8)


def outputs(folder: Path, options: Options) -> dict[str, bytes]:
    """The files of a run over new.jsonl in a folder."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        run(["new.jsonl"], replace(options, output=Path(out)))
        return {name: Path(out, name).read_bytes() for name in OUTPUTS} | {
            "counts": repr({**read_summary(Path(out)), "timings": 0, "environment": 0}).encode()
        }


def shared(a: str, b: str) -> tuple[float, float, int]:
    """Jaccard similarity, the containment of the smaller one, and its size."""
    one, other = set(package.shingles(a)), set(package.shingles(b))
    common, smaller = len(one & other), min(len(one), len(other))
    return common / max(1, len(one | other)), common / max(1, smaller), smaller


def wanted(new: str, old: list[str]) -> tuple[str | None, float | None]:
    """What a new article is to the most similar of old ones, and how similar."""
    near = max((shared(new, text)[0] for text in old), default=0.0)
    if near >= 0.4:
        same = any(package.tokens(new) == package.tokens(text) for text in old)
        return ("exact" if same else "near"), round(near, 6)
    size = len(set(package.shingles(new)))
    for text in old:
        _, containment, smaller = shared(new, text)
        if containment >= 0.6 and smaller >= 40 and size <= len(set(package.shingles(text))):
            return "excerpt", None
    return None, None


@settings(max_examples=20)
@given(new=SIDE, old=SIDE, keep=st.sampled_from(["first", "last", "longest"]), remove=st.booleans())
def test_the_rest_is_what_a_run_over_it_keeps(
    new: list[str], old: list[str], keep: str, remove: bool
) -> None:
    records = [{"id": f"n{i}", "text": text} for i, text in enumerate(new)]
    write_jsonl(Path("new.jsonl"), records)
    write_jsonl(Path("old.jsonl"), [{"id": f"o{i}", "text": text} for i, text in enumerate(old)])
    excerpts = ExcerptSettings("remove" if remove else "report")
    options = Options(settings=EVERY, keep=keep, excerpts=excerpts, output=Path("out"), force=True)
    found = run(["new.jsonl"], replace(options, against=("old.jsonl",)))
    rows = read_jsonl(Path("out/clusters.jsonl"))
    kept = {record["id"] for record in read_jsonl(Path("out/kept/new.jsonl"))}
    assert [row["id"] for row in rows] == [record["id"] for record in records]
    gone = {}
    for row, text in zip(rows, new, strict=True):
        relation, similarity = wanted(text, old)
        if relation == "excerpt" and not remove:
            assert row["id"] not in kept or row["excerpt_of"].startswith("o")
            relation = None
        if relation is None:
            assert not (row["duplicate_of"] or "").startswith("o")
            continue
        gone[row["id"]] = relation
        assert row["id"] not in kept
        assert row["relation"] == relation
        original = old[int(row["duplicate_of"].removeprefix("o"))]
        measured = shared(text, original)
        assert (row["similarity"], row["containment"]) == (round(measured[0], 6), round(measured[1], 6))
        assert similarity in (None, row["similarity"])
    assert found.against == {
        "articles": len(old),
        "skipped": 0,
        **{name: list(gone.values()).count(name) for name in ("exact", "near", "excerpt")},
    }
    assert found.input == len(new) == found.kept + found.removed
    write_jsonl(Path("new.jsonl"), [record for record in records if record["id"] not in gone])
    alone = run(["new.jsonl"], options)
    assert {record["id"] for record in read_jsonl(Path("out/kept/new.jsonl"))} == kept
    assert alone.removed == found.removed - len(gone)
    names = ("cluster_id", "cluster_size", "duplicate_of", "relation", "similarity")
    rest = {row["id"]: [row[name] for name in names] for row in rows if row["id"] not in gone}
    assert rest == {
        row["id"]: [row[name] for name in names] for row in read_jsonl(Path("out/clusters.jsonl"))
    }


@settings(max_examples=4)
@given(new=SIDE, old=SIDE, remove=st.booleans())
def test_engines_and_threads_give_the_same_bytes(new: list[str], old: list[str], remove: bool) -> None:
    for name, texts in (("new", new), ("old", old)):
        write_jsonl(Path(f"{name}.jsonl"), [{"text": text} for text in texts])
    excerpts = ExcerptSettings("remove" if remove else "report")
    options = Options(against=("old.jsonl",), pairs=True, write_removed=True, excerpts=excerpts)
    expected = outputs(Path.cwd(), options)
    assert outputs(Path.cwd(), replace(options, threads=2)) == expected
    assert outputs(Path.cwd(), replace(options, engine="reference")) == expected


@pytest.fixture
def sides() -> list[object]:
    """Arguments of a run over new articles against old ones of the same ids."""
    old = [story(1, 300), story(2, 300), edited(story(2, 300), 9), "…"]
    new = [
        *(edited(story(1, 300), 50), story(2, 300), edited(story(1, 300), 60)),
        *(" ".join(story(2, 300).split()[100:200]), story(3, 300), edited(story(3, 300), 7), "…"),
    ]
    write_jsonl(Path("old.jsonl"), [{"id": i, "text": text} for i, text in enumerate(old)])
    write_jsonl(Path("new.jsonl"), [{"id": i, "text": text} for i, text in enumerate(new)])
    return ["new.jsonl", "--against", "old.jsonl", "-o", "out"]


def test_what_a_person_gets(dedup: Cli, sides: list[object]) -> None:
    shown = dedup("run", *sides).out
    assert "removed   4  57.1%, 1 exact, 3 near" in shown
    assert "known     3  of these are among the 4 articles of --against" in shown
    rows = read_jsonl(Path("out/clusters.jsonl"))
    assert [row["duplicate_of"] for row in rows] == [
        *("old.jsonl:1", "old.jsonl:2", "old.jsonl:1"),  # the ids are those of new articles, too
        *(None, None, "4", None),
    ]
    assert [row["cluster_size"] for row in rows] == [3, 2, 3, 1, 2, 2, 1]
    assert (rows[3]["excerpt_of"], rows[3]["excerpt_containment"]) == ("old.jsonl:2", 1.0)
    assert [record["id"] for record in read_jsonl(Path("out/kept/new.jsonl"))] == [3, 4, 6]
    assert not Path("out/kept/old.jsonl").exists()
    summary = read_summary(Path("out"))
    assert summary["against"] == {"articles": 4, "skipped": 0, "exact": 1, "near": 2, "excerpt": 0}
    assert (summary["input"], summary["kept"], summary["removed"]) == (7, 3, 4)
    assert (summary["clusters"], summary["excerpts"]["reported"]) == (1, 1)
    assert summary["options"]["against"] == ["old.jsonl"]
    dedup("run", *sides, "--force", "--excerpts", "remove")
    row = read_jsonl(Path("out/clusters.jsonl"))[3]
    assert (row["is_duplicate"], row["duplicate_of"], row["relation"]) == (True, "old.jsonl:2", "excerpt")
    assert row["cluster_id"] == "3"
    summary = read_summary(Path("out"))
    assert (summary["against"]["excerpt"], summary["removed_by_relation"]["excerpt"]) == (1, 1)


def test_all_that_a_run_can_write(dedup: Cli, sides: list[object]) -> None:
    dedup("run", *sides, "--families", "--pairs", "--write-removed", "--learn", "--memory", "1K")
    rows = read_jsonl(Path("out/clusters.jsonl"))
    assert [row["family_id"] for row in rows] == ["0", "1", "2", "3", "4", "4", "6"]
    assert [family["family_id"] for family in read_jsonl(Path("out/families.jsonl"))] == ["4"]
    assert [(row["a"], row["b"]) for row in read_jsonl(Path("out/pairs.jsonl"))] == [("4", "5")]
    assert [record["id"] for record in read_jsonl(Path("out/removed/new.jsonl"))] == [0, 1, 2, 5]
    dedup("run", *sides, "--force", "--annotate")
    tags: list[dict[str, Any]] = [record["dedup"] for record in read_jsonl(Path("out/kept/new.jsonl"))]
    assert Counter(tag["duplicate_of"] for tag in tags) == {
        "old.jsonl:1": 2,
        "old.jsonl:2": 1,
        "4": 1,
        None: 3,
    }


def test_the_report_shows_clusters_of_the_run(dedup: Cli, sides: list[object]) -> None:
    pytest.importorskip("jinja2")
    dedup("run", *sides, "--report")
    page = Path("out/report.html").read_text("utf-8")
    assert "new.jsonl:5" in page
    assert "old.jsonl" not in page


def test_mistakes_and_what_to_look_at(dedup: Cli, sides: list[object]) -> None:
    assert "missing.jsonl does not exist" in dedup.fails("run", *sides, "--against", "missing.jsonl")
    same = ["run", "new.jsonl", "--against", "new.jsonl", "-o", "out"]
    assert "all files of --against are inputs, too" in dedup.fails(*same)
    dedup("run", *sides, "--against", "new.jsonl")  # a file of both sides is an input
    assert read_summary(Path("out"))["against"]["articles"] == 4
    assert "inside the output directory" in dedup.fails(
        "run", "new.jsonl", "--against", "out/kept", "-o", "out", "--force"
    )
    dedup("run", "new.jsonl", "--against", "out/kept", "--dry-run")  # the results of another run
    Path("empty.jsonl").write_text("")
    shown = dedup("run", "new.jsonl", "--against", "empty.jsonl", "--dry-run")
    assert "--against holds no articles" in shown.err
    Path("old.jsonl").write_text('{"text": 1}\n{"text": "words"}\n')
    shown = dedup("run", "new.jsonl", "--against", "old.jsonl", "--dry-run", "--strict", code=2)
    assert "records of --against that cannot be used were left out (1)" in shown.err


def test_an_index_compares_by_what_it_keeps(dedup: Cli, sides: list[object]) -> None:
    dedup("index", "add", "news.dedup", "old.jsonl", "--shingle-size", "3")
    arguments = ["run", "new.jsonl", "--against", "news.dedup", "-o", "out"]
    shown = dedup(*arguments).out
    assert "known     3  of these are among the 3 articles of --against" in shown  # one is a copy
    rows = read_jsonl(Path("out/clusters.jsonl"))
    assert [row["duplicate_of"] for row in rows] == [
        *("news.dedup:1", "news.dedup:2", "news.dedup:1"),
        *(None, None, "4", None),
    ]
    assert rows[3]["excerpt_of"] == "news.dedup:2"
    before = Path("out/clusters.jsonl").read_bytes()
    dedup(*arguments, "--force", "--memory", "1K", "--engine", "reference")
    assert Path("out/clusters.jsonl").read_bytes() == before
    write_jsonl(Path("more.jsonl"), [{"id": "m", "text": story(3, 300)}])
    dedup(*arguments, "--against", "more.jsonl", "--force")
    assert read_summary(Path("out"))["options"]["against"] == ["news.dedup", "more.jsonl"]
    assert [row["duplicate_of"] for row in read_jsonl(Path("out/clusters.jsonl"))][4:6] == ["m", "m"]
    sqlite3.connect("other.db").executescript("create table articles (text)").connection.close()
    assert "no index of dedup" in dedup.fails("run", "new.jsonl", "--against", "other.db", "--dry-run")
