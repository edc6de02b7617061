"""Acceptance on labelled real articles; skipped where they do not lie beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

import dedup
from dedup.pipeline import Options, run
from tests.articles import read_jsonl
from tests.labels import (
    Score,
    adjusted_rand_index,
    components,
    found_clusters,
    found_pairs,
    labelled,
    read_labels,
)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def find(articles: Path | list[str], out: Path) -> None:
    """A run with the default settings and all pairs."""
    inputs = [str(articles)] if isinstance(articles, Path) else articles
    run(inputs, Options(output=out, pairs=True))


def test_seeds(shared_data: Path, out: Path) -> None:
    paths = sorted((shared_data / "seeds").glob("*.txt"))
    assert len(paths) == 5
    find([str(path) for path in paths], out)
    (found,) = read_jsonl(out / "pairs.jsonl")
    assert (found["a"], found["b"], found["relation"]) == (str(paths[0]), str(paths[1]), "near")
    assert found["similarity"] >= 0.92
    assert [row["is_duplicate"] for row in read_jsonl(out / "clusters.jsonl")] == [False, True, *[False] * 3]


def test_seeds_lose_no_line_of_the_body(shared_data: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((shared_data / "seeds").glob("*.txt"))]
    for text in texts[2:4]:
        assert dedup.strip(text).text == text
    cleaned = dedup.strip(texts[4], explain=True)
    assert cleaned.removed is not None
    (removal,) = cleaned.removed
    assert removal.action == "strip_prefix"
    assert removal.text.split() == ["date", "2017-04-28"]
    assert texts[4].replace(removal.text, "", 1) == cleaned.text


@pytest.mark.parametrize(("name", "pairs"), [("mccormick-100", 5), ("mccormick-1000", 10)])
def test_edited_copies_among_one_line_articles(shared_data: Path, out: Path, name: str, pairs: int) -> None:
    find(shared_data / name / "docs.jsonl", out)
    expected = set(read_labels(shared_data / name / "pairs.tsv"))
    assert len(expected) == pairs
    assert Score.of(set(found_pairs(out)), expected).f1 == 1.0


def test_copies_among_pages_with_boilerplate(shared_data: Path, out: Path) -> None:
    """Whether revisions, excerpts and articles of a few sentences are near is not judged."""
    data = shared_data / "provenance-spotify"
    find(data / "docs.jsonl", out)
    labels = read_labels(data / "pairs.tsv")
    copies = labelled(labels, "copy")
    assert len(copies) == 8
    open_questions = labelled(labels, "revision", "contained", "short")
    assert Score.of(set(found_pairs(out)) - open_questions, copies) == Score(1.0, 1.0)
    contained = labelled(labels, "contained")
    assert len(contained & set(found_pairs(out))) >= 0.95 * len(contained)
    clusters = found_clusters(out)
    expected = components(clusters, copies)
    index = adjusted_rand_index(list(clusters.values()), list(expected.values()))
    assert index >= 0.8


def test_whole_pages_are_found_with_their_articles(shared_data: Path, out: Path) -> None:
    """In any relation: a page with its menus and its other stories is near its article, or contains it."""
    data = shared_data / "pagebody-scrapinghub"
    find(data / "docs.jsonl", out)
    assert Score.of(set(found_pairs(out)), set(read_labels(data / "pairs.tsv"))).f1 >= 0.97


def test_different_stories_on_one_topic_are_not_joined(shared_data: Path, out: Path) -> None:
    data = shared_data / "tgcontest-en"
    find(data / "docs.jsonl", out)
    bad = labelled(read_labels(data / "pairs.tsv"), "BAD")
    assert len(bad) == 17
    clusters = found_clusters(out)
    assert [key for key in bad if clusters[key[0]] == clusters[key[1]]] == []
    assert not bad & set(found_pairs(out))


def test_clusters_that_agree_score_one() -> None:
    """The scores themselves, by hand: three articles of which two are one story."""
    assert adjusted_rand_index("aab", "xxy") == 1.0
    # 2 of 4 together on one side, all on the other: agreement is what chance gives.
    assert adjusted_rand_index("aabc", "xxxx") == 0.0
    assert adjusted_rand_index("aabb", "xyxy") == pytest.approx(-0.5)
    assert components("abcd", [("a", "b"), ("c", "b")]) == dict.fromkeys("abc", "c") | {"d": "d"}
    assert Score.of({("a", "b"), ("a", "c")}, {("a", "b")}) == Score(0.5, 1.0)
    assert Score.of({("a", "b"), ("a", "c")}, {("a", "b")}).f1 == pytest.approx(2 / 3)
