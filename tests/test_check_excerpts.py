"""`dedup check --against`: excerpts leak in both directions."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.articles import Cli, story, write_jsonl
from tests.test_check import report


def words(seed: int, first: int, last: int) -> str:
    """Some words of a story of 300."""
    return " ".join(story(seed, 300).split()[first:last])


@pytest.fixture
def train() -> Path:
    """Stories, copies of one, and a short article that is part of a longer one elsewhere."""
    texts = [story(1, 300), story(2, 300), story(2, 300), words(3, 50, 150), story(4, 300)]
    return write_jsonl(Path("train.jsonl"), [{"text": text} for text in texts])


def test_excerpts_leak_in_both_directions(dedup: Cli, train: Path) -> None:
    texts = [
        words(1, 100, 200),  # cut from a story
        words(2, 0, 90) + " " + words(7, 0, 20),  # cut from one with a copy, with words of its own
        story(3, 300),  # has the short article
        story(4, 300) + " " + words(8, 0, 20),  # a near copy: no excerpt, though it has all of the story
        story(5, 300),
        words(5, 0, 100),  # an excerpt within the split
    ]
    write_jsonl(Path("test.jsonl"), [{"text": text} for text in texts])
    given = ["test.jsonl", "--against", train]
    found = report(dedup, *given, code=1)
    assert [
        (one["article"]["location"], one["relation"], one["original"]["location"])
        for one in found["duplicates"]
    ] == [
        ("test.jsonl:1", "excerpt", "train.jsonl:1"),
        ("test.jsonl:2", "excerpt", "train.jsonl:2"),
        ("test.jsonl:3", "contains", "train.jsonl:4"),
        ("test.jsonl:4", "near", "train.jsonl:5"),
    ]
    first, second, third = found["duplicates"][:3]
    assert (first["containment"], first["similarity"]) == (1.0, round(96 / 296, 6))
    assert second["containment"] == round(86 / 106, 6)
    assert (third["containment"], third["similarity"]) == (1.0, round(96 / 296, 6))
    shown = dedup("check", *given, code=1).out.splitlines()
    assert shown[1] == "test.jsonl:2: excerpt of train.jsonl:2 (81% of it)"
    assert shown[2] == "test.jsonl:3: contains most of train.jsonl:4 (100% of that)"
    assert "(1 near, 2 excerpt, 1 contains; 66.7%)" in shown[-1]


def test_what_counts_as_an_excerpt(dedup: Cli, train: Path) -> None:
    write_jsonl(
        Path("test.jsonl"), [{"text": words(1, 100, 200)}, {"text": words(2, 0, 90) + " " + words(7, 0, 20)}]
    )
    given = ["test.jsonl", "--against", train]
    dedup("check", *given, "--excerpts", "off")
    assert report(dedup, *given, "--excerpt-containment", "0.9", code=1)["counts"]["duplicates"] == 1
    assert report(dedup, *given, "--excerpt-shingles", "100", code=1)["counts"]["duplicates"] == 1
    # Within a corpus an excerpt is an article of its own.
    dedup("check", "test.jsonl", "--in", train)
    assert "excerpt containment 0 is not in" in dedup.fails("check", *given, "--excerpt-containment", "0")


def test_accepted_excerpts_and_a_cache(dedup: Cli, train: Path) -> None:
    chosen = random.Random(5)
    cuts = [(seed, start) for seed in (1, 2, 4) for start in chosen.sample(range(200), 4)]
    texts = [words(seed, start, start + 90) for seed, start in cuts]
    write_jsonl(Path("test.jsonl"), [{"text": text} for text in texts])
    given = ["test.jsonl", "--against", train]
    plain = report(dedup, *given, code=1)
    assert plain["counts"]["by_relation"] == {"excerpt": len(texts)}
    cached = [*given, "--cache", "sketches"]
    assert report(dedup, *cached, code=1) == plain
    write_jsonl(Path("test.jsonl"), [{"text": text} for text in [story(90), *texts[::-1]]])
    again = report(dedup, *cached, code=1)
    assert again["duplicates"] == report(dedup, *given, code=1)["duplicates"]
    assert again["counts"] == plain["counts"] | {"ratio": again["counts"]["ratio"]}
    # Without excerpts other sketches are needed.
    dedup("check", *cached, "--excerpts", "off")
    accepted = [*given, "--baseline", "leaks.json"]
    dedup("check", *accepted, "--update-baseline")
    dedup("check", *accepted)


def test_nothing_on_the_other_side(dedup: Cli) -> None:
    for name in ("test", "train"):
        Path(f"{name}.jsonl").write_text("")
    dedup("check", "test.jsonl", "--against", "train.jsonl")
    write_jsonl(Path("test.jsonl"), [{"text": story(1, 300)}, {"text": words(1, 0, 100)}])
    dedup("check", "test.jsonl", "--against", "train.jsonl")
    write_jsonl(Path("train.jsonl"), [{"text": words(1, 50, 150)}])
    assert report(dedup, "test.jsonl", "--against", "train.jsonl", code=1)["counts"]["duplicates"] == 1
