"""`dedup learn` and `dedup run --learn`: what is written, shown and refused."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

import dedup as library
from dedup.boilerplate import load
from dedup.boilerplate.learner import MIN_DOCUMENTS as LEARNER_MIN_DOCUMENTS
from dedup.cli.options import MIN_DOCUMENTS
from tests.articles import Cli, read_jsonl, read_summary, story, write_jsonl

FURNITURE = "The Courier is printed by seven people and a very old cat"
AGAIN = "Ask the harbour master what he thinks of all the buckets"


def corpus(count: int = 210, first: int = 0) -> list[dict[str, object]]:
    """Articles of their own; one in three stands under `FURNITURE`, and one story with `AGAIN` is there 20 times."""
    articles = []
    for number in range(first, first + count):
        paragraphs = [story(10 * number + part, 30) for part in range(4)]
        if number % 3 == 0:
            paragraphs.insert(2, FURNITURE)
        if number % 10 == 5:
            paragraphs = [*(story(900_000 + part, 30) for part in range(4)), AGAIN, f"Copy {number}"]
        articles.append({"id": f"n{number}", "text": "\n\n".join(paragraphs), "site": f"site{number % 5}"})
    return articles


@pytest.fixture
def articles() -> Path:
    return write_jsonl(Path("news.jsonl"), corpus())


def learned(path: str = "learned.toml") -> dict[str, dict[str, Any]]:
    """The lines of a learned file."""
    return {one["line"]: one for one in tomllib.loads(Path(path).read_text("utf-8"))["line"]}


def test_a_line_of_many_stories_is_learned_and_one_of_a_story_is_not(dedup: Cli, articles: Path) -> None:
    shown = dedup("learn", articles, "-o", "learned.toml").out
    found = learned()
    assert list(found) == [FURNITURE.lower()]
    one = found[FURNITURE.lower()]
    assert (one["action"], one["sources"]) == ("drop", 0)
    assert 60 <= one["documents"] <= 70
    assert len(one["examples"]) == 3
    assert all(place.startswith("news.jsonl:") for place in one["examples"])
    assert "1 line from 210 articles" in shown
    assert "results  learned.toml" in shown
    assert [rule.line for rule in load("learned.toml") if rule.line] == [FURNITURE.lower()]


def test_sources_are_counted(dedup: Cli, articles: Path) -> None:
    dedup("learn", articles, "-o", "learned.toml", "--source-field", "site")
    assert learned()[FURNITURE.lower()]["sources"] == 5
    assert tomllib.loads(Path("learned.toml").read_text())["learned"] == {"documents": 210, "sources": 5}


def test_the_learned_file_strips_and_says_from_what_it_was_learned(dedup: Cli, articles: Path) -> None:
    dedup("learn", articles, "-o", "learned.toml")
    shown = dedup("strip", articles, "--rules", "learned.toml", "--explain").out
    assert shown.count(f"  {FURNITURE}  learned.") == learned()[FURNITURE.lower()]["documents"]
    assert " stories in " in shown
    rows = [
        json.loads(line)
        for line in dedup(
            "strip", articles, "--rules", "learned.toml", "--explain", "--json"
        ).out.splitlines()
    ]
    (removal,) = rows[0]["removed"]
    assert (removal["class"], removal["documents"]) == ("learned", learned()[FURNITURE.lower()]["documents"])
    assert removal["distinct"] > 5
    assert removal["position"] == {"part": "head", "ordinal": 3}


def test_review_shows_lines_where_they_stand_and_writes_nothing(dedup: Cli, articles: Path) -> None:
    shown = dedup("learn", articles, "--review").out.splitlines()
    assert shown[0].startswith(f"{FURNITURE.lower()}: ")
    places = [line for line in shown if line.startswith("@ ")]
    assert len(places) == 3
    assert all("(n" in place for place in places)
    assert [line for line in shown if line.startswith("-")] == [f"- 5  {FURNITURE}"] * 3
    assert sum(line.startswith(("  3  ", "  7  ")) for line in shown) == 6
    assert os.listdir() == ["news.jsonl"]


def test_review_as_json(dedup: Cli, articles: Path) -> None:
    found = json.loads(dedup("learn", articles, "--review", "--json").out)
    assert (found["lines"], found["documents"], found["skipped"]) == (1, 210, 0)
    (line,) = found["review"]
    assert line["line"] == FURNITURE.lower()
    assert [len(example["context"]) for example in line["examples"]] == [3, 3, 3]
    assert [one["removed"] for one in line["examples"][0]["context"]] == [False, True, False]
    assert line["examples"][0]["context"][1] == {"line_no": 5, "text": FURNITURE, "removed": True}


def test_review_of_text_files_and_tables(dedup: Cli) -> None:
    import pyarrow as pa
    from pyarrow import parquet as pq

    Path("texts").mkdir()
    for one in corpus():
        Path("texts", f"{one['id']}.txt").write_text(str(one["text"]))
    shown = dedup("learn", "texts", "--review").out
    assert shown.count(f"- 5  {FURNITURE}") == 3
    assert shown.count("\n@    texts/n") == 3
    pq.write_table(pa.Table.from_pylist(corpus()), "news.parquet")
    assert dedup("learn", "news.parquet", "--review").out.count(f"- 5  {FURNITURE}") == 3


def test_lines_that_rules_take_anyway_are_left_out(dedup: Cli, articles: Path) -> None:
    dedup("learn", articles, "-o", "learned.toml")
    result = dedup("learn", articles, "-o", "more.toml", "--rules", "learned.toml")
    assert "1 line that the rules take anyway left out" in result.out
    assert "no line was learned" in result.err
    assert "line" not in tomllib.loads(Path("more.toml").read_text())


def test_counts_of_parts_give_what_the_whole_gives(dedup: Cli, articles: Path) -> None:
    dedup("learn", articles, "-o", "whole.toml", "--source-field", "site")
    write_jsonl(Path("a.jsonl"), corpus(110))
    write_jsonl(Path("b.jsonl"), corpus(100, 110))
    assert dedup("learn", "a.jsonl", "--counts", "a.counts", "--source-field", "site").out == (
        "counted  110 articles of 5 sources\nresults  a.counts\n"
    )
    options = ("--source-field", "site", "-o", "parts.toml", "--counts", "both.counts")
    dedup("learn", "a.counts", "b.jsonl", *options)
    counts = "documents = 210\nsources = 5\n"
    assert counts in Path("parts.toml").read_text()
    whole, parts = learned("whole.toml"), learned("parts.toml")
    for one in (*whole.values(), *parts.values()):
        del one["examples"]  # the parts have other names
    assert whole == parts
    dedup("learn", "both.counts", "-o", "again.toml")
    assert Path("again.toml").read_bytes() == Path("parts.toml").read_bytes()
    review = dedup("learn", "both.counts", "--review").out
    assert "not among the inputs" in review


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_every_engine_and_any_number_of_threads_learn_the_same(
    dedup: Cli, articles: Path, engine: str
) -> None:
    dedup("learn", articles, "-o", "learned.toml", "--source-field", "site", "--threads", 1)
    options = ("--source-field", "site", "--engine", engine, "--threads", 3)
    dedup("learn", articles, "-o", "other.toml", *options)
    assert Path("other.toml").read_bytes() == Path("learned.toml").read_bytes()


def test_too_few_articles(dedup: Cli) -> None:
    write_jsonl(Path("few.jsonl"), corpus(120))
    message = dedup.fails("learn", "few.jsonl", "-o", "learned.toml", "--counts", "few.counts")
    assert "120 articles are too few" in message
    assert "--min-documents 120" in message
    assert os.listdir() == ["few.jsonl"]
    dedup("learn", "few.jsonl", "-o", "learned.toml", "--min-documents", 120)
    assert FURNITURE.lower() in learned()


def test_mistakes(dedup: Cli, articles: Path) -> None:
    assert "no place" in dedup.fails("learn", articles)
    Path("learned.toml").write_text("mine")
    assert "learned.toml exists" in dedup.fails("learn", articles, "-o", "learned.toml")
    assert Path("learned.toml").read_text() == "mine"
    assert "is a directory" in dedup.fails("learn", articles, "-o", ".")
    assert "no directory" in dedup.fails("learn", articles, "-o", "nowhere/learned.toml")
    assert "is an input" in dedup.fails("learn", articles, "-o", articles, "--force")
    assert "does not end with .counts" in dedup.fails("learn", articles, "--counts", "counts.bin")
    assert "file of its own" in dedup.fails("learn", articles, "--counts", "x.counts", "-o", "x.counts")
    assert "no-such.counts" in dedup.fails("learn", "no-such.counts", "-o", "other.toml")
    assert "no-such.jsonl" in dedup.fails("learn", "no-such.jsonl", "-o", "other.toml")
    dedup("learn", articles, "-o", "learned.toml", "--force")
    assert "line" in tomllib.loads(Path("learned.toml").read_text())


def test_what_a_person_should_know(dedup: Cli) -> None:
    write_jsonl(Path("news.jsonl"), [*corpus(), {"body": "no text"}])
    err = dedup("learn", "news.jsonl", "-o", "learned.toml", "--source-field", "publisher").err
    assert "1 record was skipped, the first at news.jsonl:211" in err
    assert 'no article has a "publisher"' in err
    assert dedup("learn", "news.jsonl", "-o", "q.toml", "--quiet").out == ""


def test_a_run_learns_from_its_own_articles(dedup: Cli, articles: Path) -> None:
    shown = dedup("run", articles, "-o", "out", "--learn", "--source-field", "site").out
    dedup("learn", articles, "-o", "learned.toml", "--source-field", "site")
    assert Path("out/learned.toml").read_bytes() == Path("learned.toml").read_bytes()
    summary = read_summary(Path("out"))
    assert summary["learned"] == {"lines": 1, "prefixes": 0, "suffixes": 0, "documents": 210, "sources": 5}
    assert summary["stripped"]["by_class"]["learned"]["lines"] == learned()[FURNITURE.lower()]["documents"]
    assert "1 line from 210 articles of 5 sources; see learned.toml" in shown
    # What a run learns is what a run with the learned file strips.
    dedup("run", articles, "-o", "two", "--rules", "learned.toml")
    assert Path("two/clusters.jsonl").read_bytes() == Path("out/clusters.jsonl").read_bytes()
    assert read_summary(Path("two"))["fingerprint"] == summary["fingerprint"]


@pytest.mark.parametrize("options", [("--threads", 1), ("--threads", 3), ("--engine", "reference")])
def test_learning_runs_give_the_same_for_any_engine_and_threads(
    dedup: Cli, articles: Path, options: tuple[object, ...]
) -> None:
    dedup("run", articles, "-o", "out", "--learn")
    dedup("run", articles, "-o", "other", "--learn", *options)
    names = sorted(path.relative_to("out") for path in Path("out").rglob("*") if path.is_file())
    for name in names:
        if name.name != "summary.json":
            assert Path("other", name).read_bytes() == Path("out", name).read_bytes(), name
    assert read_summary(Path("other"))["learned"] == read_summary(Path("out"))["learned"]


def test_every_format_is_read_twice_alike(dedup: Cli, articles: Path) -> None:
    import gzip

    import pandas as pd

    found = {}
    records = corpus()
    Path("zipped.jsonl.gz").write_bytes(gzip.compress(articles.read_bytes()))
    Path("array.json").write_text(json.dumps(records))
    frame = pd.DataFrame(records)
    frame.to_csv("table.csv", index=False)
    frame.to_parquet("table.parquet")
    for name in ("news.jsonl", "zipped.jsonl.gz", "array.json", "table.csv", "table.parquet"):
        dedup("run", name, "-o", f"out.{name}", "--learn", "--limit", 205)
        rows = read_jsonl(Path(f"out.{name}", "clusters.jsonl"))
        found[name] = [{key: value for key, value in row.items() if key != "location"} for row in rows]
        assert read_summary(Path(f"out.{name}"))["learned"]["documents"] == 205
    assert all(rows == found["news.jsonl"] for rows in found.values())


def test_a_run_on_few_articles_says_that_it_learned_nothing_and_goes_on(dedup: Cli) -> None:
    write_jsonl(Path("few.jsonl"), corpus(50))
    result = dedup("run", "few.jsonl", "-o", "out", "--learn")
    assert "nothing was learned, since 50 articles are fewer than 200" in result.err
    assert read_summary(Path("out"))["learned"]["lines"] == 0
    result = dedup("run", "few.jsonl", "-o", "out", "--learn", "--min-documents", 0, "--force")
    assert "nothing was learned" not in result.err
    assert read_summary(Path("out"))["learned"]["lines"] == 1
    # The results of a run that learned go with it.
    dedup("run", "few.jsonl", "-o", "out", "--force")
    assert not Path("out/learned.toml").exists()


def test_learning_needs_stripping(dedup: Cli, articles: Path) -> None:
    assert "leave out --learn or --no-strip" in dedup.fails(
        "run", articles, "-o", "out", "--learn", "--no-strip"
    )


def test_settings_files_learn_too(dedup: Cli, articles: Path) -> None:
    dedup("learn", articles, "-o", "learned.toml")
    Path("dedup.toml").write_text('rules = ["learned.toml"]\n')
    dedup("run", articles, "-o", "out")
    classes = read_summary(Path("out"))["stripped"]["by_class"]
    assert classes["learned"]["lines"] == learned()[FURNITURE.lower()]["documents"]
    Path("dedup.toml").write_text('learn = true\nsource-field = "site"\nmin-documents = 205\n')
    dedup("run", articles, "-o", "out", "--force")
    assert read_summary(Path("out"))["learned"]["sources"] == 5
    dedup("run", articles, "-o", "out", "--force", "--no-learn")
    assert read_summary(Path("out"))["learned"] is None
    Path("dedup.toml").write_text('learned-file = "x.toml"\n')
    assert 'unknown setting "learned-file"' in dedup.fails("run", articles, "-o", "two")


def test_the_default_is_the_learners() -> None:
    assert MIN_DOCUMENTS == LEARNER_MIN_DOCUMENTS


def test_learning_in_python() -> None:
    records = corpus()
    texts, sites = [str(one["text"]) for one in records], [str(one["site"]) for one in records]
    found = library.learn(texts, sites)
    assert [one.line for one in found.lines] == [FURNITURE.lower()]
    (removal,) = library.strip(texts[0], explain=True, learned=found).removed or ()
    assert (removal.text, removal.rule) == (FURNITURE, found.rules()[0].id)
    result = library.find_duplicates(texts, sources=sites, learn=True)
    assert result.learned is not None
    assert [one.line for one in result.learned.lines] == [FURNITURE.lower()]
    assert library.find_duplicates(texts).learned is None
    with pytest.raises(library.UsageError, match="1 sources for 210 texts"):
        library.learn(texts, sites[:1])
    with pytest.raises(library.UsageError, match="one string"):
        library.learn("a text")
    with pytest.raises(library.UsageError, match="1 sources for 210 texts"):
        library.find_duplicates(texts, sources=sites[:1], learn=True)
    with pytest.raises(library.UsageError, match="what to strip"):
        library.find_duplicates(texts, strip=False, learn=True)
