"""`dedup compare` and `dedup.compare`: the same figures as a run, both texts aligned, and a reason."""

from __future__ import annotations

import json
import math
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import compare, find_duplicates
from dedup.alignment import align
from dedup.config import Settings
from dedup.passages import CONTEXT, LEAST, Passage, hunks
from tests.articles import Cli, edited, story, write_jsonl
from tests.hostile import MARKUP
from tests.strategies import texts

words = st.lists(st.sampled_from("abcdef"), max_size=60)


@given(words, words, st.integers(1, 5))
def test_runs_are_equal_and_ascend(a: list[str], b: list[str], size: int) -> None:
    at_a = at_b = 0
    for run in align(a, b, size):
        assert run.length > 0
        assert run.a >= at_a
        assert run.b >= at_b
        assert a[run.a : run.a + run.length] == b[run.b : run.b + run.length]
        at_a, at_b = run.a + run.length, run.b + run.length


def test_everything_is_shared_by_equal_texts_and_nothing_by_strange_ones() -> None:
    tokens = story(1).split()
    assert [(run.a, run.b, run.length) for run in align(tokens, tokens, 5)] == [(0, 0, len(tokens))]
    assert align(tokens, ["other"] * 9, 5) == []


def test_a_long_text_is_aligned_by_its_anchors() -> None:
    a = story(2, 30_000).split()
    b = [*a[:9_000], *["inserted"] * 2_000, *a[9_000:20_000], *a[21_000:]]
    assert sum(run.length for run in align(a, b, 5)) >= len(a) - 1_000


@given(texts, texts)
def test_passages_put_together_are_the_clean_texts(a: str, b: str) -> None:
    found = compare(a, f"{a}\n{b}")
    for side in ("a", "b"):
        together = "".join(getattr(passage, side) for passage in found.passages)
        clean = getattr(found, side).clean
        assert clean.startswith(together)
        assert not clean[len(together) :].strip()


def numbered(count: int) -> str:
    return "".join(f"w{i} " for i in range(count))


@pytest.mark.parametrize(
    ("found", "places"),
    [
        ([Passage(True, numbered(90), numbered(90))], []),
        ([Passage(True, "a", "a")], []),
        ([Passage(False, "a", "b")], [(0, "a", "b", 0)]),
        (
            [Passage(True, numbered(20), numbered(20)), Passage(False, "", "b ")],
            [(20 - CONTEXT, "w8 ", "b ", 0)],
        ),
        (
            [Passage(False, "a ", "b "), Passage(True, numbered(31), numbered(31)), Passage(False, "", "c")],
            [(0, "a ", "c", 0)],
        ),
        (
            [Passage(False, "a ", ""), Passage(True, numbered(32), numbered(32)), Passage(False, "", "c")],
            [(0, "a ", "w11 ", 0), (LEAST, "w20 ", "c", 0)],
        ),
        (
            [Passage(False, "a ", ""), Passage(True, numbered(25), numbered(25))],
            [(0, "a ", "w11 ", 13)],
        ),
    ],
)
def test_a_hunk_has_some_shared_words_around_what_differs(
    found: list[Passage], places: list[tuple[int, str, str, int]]
) -> None:
    shown = hunks(found)
    assert [(h.before, h.after) for h in shown] == [(before, after) for before, _, _, after in places]
    for hunk, (_, begin, end, _) in zip(shown, places, strict=True):
        assert hunk.a[0].text.startswith(begin)
        assert hunk.b[-1].text.endswith(end)


@given(texts, texts)
def test_hunks_show_and_count_every_word(a: str, b: str) -> None:
    found = compare(a, f"{a}\n{b}").passages
    for side in ("a", "b"):
        words = sum(len(re.findall(r"\S{1,20}", getattr(passage, side))) for passage in found)
        places = hunks(found)
        shown = sum(len(re.findall(r"\S{1,20}", part.text)) for h in places for part in getattr(h, side))
        hidden = sum(hunk.before + hunk.after for hunk in places)
        assert not places or abs(shown + hidden - words) <= len(
            found
        )  # a word cut between two passages is two


def test_sentences_that_only_share_small_words_are_not_aligned() -> None:
    a = ["the", "harbour", "of", "the", "city", "is", "closed", "for", "a", "day"]
    b = ["storms", "in", "the", "hills", "and", "a", "flood", "of", "the", "valley"]
    assert align(a, b, 5) == []


def test_a_gate_says_by_how_much_it_failed() -> None:
    found = compare(story(4, 60), " ".join(story(4, 60).split()[:30]))
    assert [(gate.name, gate.passed) for gate in found.gates] == [
        ("bands in common", True),
        ("equal low bytes", True),
        ("Jaccard", False),
        ("containment of the smaller", True),
        ("shingles of the smaller", False),
    ]
    assert found.gates[2].verdict == f"{26 / 56:.3f}, {0.5 - 26 / 56:.3f} short of 0.500"
    assert found.gates[4].verdict == "26, 14 short of 40"
    assert "26 shingles are 14 too few for an excerpt" in found.reason


def test_figures_are_those_of_a_run() -> None:
    texts = [story(3), edited(edited(story(3), 20), 60)]
    result = find_duplicates(texts)
    found = compare(*texts)
    row = result.clusters.to_pylist()[1]
    assert (found.relation, found.jaccard) == (row["relation"], row["similarity"])
    assert max(found.containment_a, found.containment_b) == row["containment"]
    assert found.bands_hit
    assert found.estimate == pytest.approx(found.jaccard, abs=5 * found.standard_error)


@pytest.mark.parametrize(
    ("a", "b", "relation", "reason"),
    [
        (story(4), story(4).upper(), "exact", "the same words"),
        (story(4), edited(story(4), 30), "near", "is at least the threshold"),
        (story(4, 300), " ".join(story(4, 300).split()[:90]), "excerpt", "100% of B is in the other"),
        (story(4), story(5), None, "not one shingle in common"),
        (story(4), "", None, "B has no words"),
        ("", "", None, "A has no words"),
    ],
)
def test_the_reason_names_the_gate(a: str, b: str, relation: str | None, reason: str) -> None:
    found = compare(a, b)
    assert found.relation == relation
    assert reason in found.reason


def test_a_pair_below_the_threshold_is_told_by_how_much() -> None:
    found = compare(story(4, 40), edited(story(4, 40), 20), settings=Settings(threshold=0.99))
    assert found.relation is None
    assert f"{0.99 - found.jaccard:.3f} below the threshold 0.99" in found.reason


def test_scripts_without_spaces_are_aligned_by_character() -> None:
    found = compare("市議会は新しい橋の建設を決めた。", "市議会は古い橋の建設を決めた。")
    assert [(p.shared, p.a, p.b) for p in found.passages][1] == (False, "新し", "古")
    thai = "เรือข้ามฟากกลับมาให้บริการ"
    assert [p.shared for p in compare(thai, thai).passages] == [True]


def test_what_stripping_took_is_listed() -> None:
    found = compare(f"Share this article\n{story(6)}", story(6))
    assert found.relation == "exact"
    assert found.raw_jaccard < found.jaccard == 1
    assert [one.text for one in found.a.removed] == ["Share this article"]


def test_json_has_null_where_there_is_no_figure() -> None:
    found = compare("", "")
    assert math.isnan(found.jaccard)
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["jaccard"] is None


def test_two_files_are_compared(tmp_path: Path, dedup: Cli) -> None:
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text(f"Share this article\n{story(7)}\nOnly here today.")
    b.write_text(edited(story(7), 30))
    shown = dedup("compare", a, b).out
    assert shown.startswith("near: Jaccard ")
    assert "[-Only here today.-]" in shown
    assert "Share this article" in shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.jsonl", "name two: dedup compare ID ID --in a.jsonl"),
        ("folder", "--in folder"),
        ("-", "--in -"),
        ("1042", "1042 does not exist\n\nhint: check the path; if it is an id, say where it is"),
    ],
)
def test_what_is_not_one_article_is_refused(
    tmp_path: Path, dedup: Cli, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(story(7))
    write_jsonl(Path("a.jsonl"), [{"text": story(1)}])
    Path("folder").mkdir()
    assert message in dedup.fails("compare", "a.txt", name)


def test_two_records_are_compared(tmp_path: Path, dedup: Cli) -> None:
    corpus = tmp_path / "c.jsonl"
    corpus.write_text("".join(json.dumps({"id": i, "text": story(i % 2)}) + "\n" for i in range(3)))
    shown = dedup("compare", 0, 2, "--in", corpus, "--format", "json").out
    assert json.loads(shown)["relation"] == "exact"
    error = dedup.fails("compare", 0, 9, "--in", corpus)
    assert "no article has the id '9'" in error
    assert "there are '0', '1', '2'" in error


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two records with markup in their ids and texts."""
    texts = [
        f"Share this article\n{story(8)} {MARKUP[1]}\n© 2031 {MARKUP[0]}. All rights reserved.",
        f"{edited(story(8), 79)} ``` {MARKUP[2]}",
    ]
    records = [{"id": f"{i} {MARKUP[3]}", "text": text} for i, text in enumerate(texts)]
    return write_jsonl(tmp_path / "pair.jsonl", records)


def test_a_comparison_as_html_is_one_harmless_page(pair: Path, dedup: Cli) -> None:
    names = [f"{i} {MARKUP[3]}" for i in range(2)]
    page = dedup("compare", *names, "--in", pair, "--format", "html").out
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link|b)\b", page)
    assert page.count("<style>") == 1
    for text in (MARKUP[1], names[0]):
        assert text in unescape(page)
    assert "Jaccard" in page
    assert "bands in common" in page


def test_a_comparison_as_markdown_is_fenced(pair: Path, dedup: Cli) -> None:
    shown = dedup(
        "compare", *(f"{i} {MARKUP[3]}" for i in range(2)), "--in", pair, "--format", "markdown"
    ).out
    before, _, diff = shown.partition("### Where they differ")
    assert re.search(r"(?m)^````diff$", diff)
    assert re.search(r"(?m)^````$", diff)
    assert "- `share.en` `Share this article`" in before
    for text in MARKUP:
        assert all(line.count("`") >= 2 for line in before.splitlines() if text[:9] in line)


def test_a_pair_is_named_by_place_where_ids_repeat(tmp_path: Path, dedup: Cli) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"id": "a", "text": story(i)} for i in (1, 1, 2)])
    shown = dedup("compare", "a", f"{corpus}:2", "--in", corpus).out
    assert shown.startswith("exact")
    assert dedup("compare", "a", f"{corpus}:3", "--in", corpus).out.startswith("not copies")


def test_two_articles_of_an_index_are_compared_with_its_settings(tmp_path: Path, dedup: Cli) -> None:
    index = tmp_path / "news.dedup"
    records = [
        {"id": str(i), "text": text} for i, text in enumerate((story(9), edited(story(9), 30), story(3)))
    ]
    dedup("index", "add", index, write_jsonl(tmp_path / "c.jsonl", records), "--threshold", 0.9)
    found = json.loads(dedup("compare", 0, 1, "--index", index, "--format", "json").out)
    assert (found["relation"], found["threshold"]) == ("excerpt", 0.9)
    assert [one["passed"] for one in found["gates"]][2] is False
    assert "no article with the id '7'" in dedup.fails("compare", 0, 7, "--index", index)
    assert "made with threshold 0.9" in dedup.fails("compare", 0, 1, "--index", index, "--threshold", 0.5)
    assert "leave one of them out" in dedup.fails("compare", 0, 1, "--index", index, "--in", "c.jsonl")
    assert "no such index" in dedup.fails("compare", 0, 1, "--index", tmp_path / "none.dedup")


def test_what_an_excerpt_is_may_be_chosen(tmp_path: Path, dedup: Cli) -> None:
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text(story(4, 60))
    b.write_text(" ".join(story(4, 60).split()[:30]))
    assert dedup("compare", a, b).out.startswith("not copies")
    assert dedup("compare", a, b, "--excerpt-shingles", 26).out.startswith("excerpt")
    assert "is not in (0, 1]" in dedup.fails("compare", a, b, "--excerpt-containment", 2)


def test_the_bands_of_a_comparison_may_be_chosen() -> None:
    found = compare(story(4), edited(story(4), 30), settings=Settings(bands=4, rows=2))
    assert (found.bands.bands, found.bands.rows) == (4, 2)
    assert max(found.bands_hit) < 4
