"""report.html: what it shows of a run, how much at most, and that it is the same for the same run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from dedup import compare
from dedup.bands import choose, probability
from dedup.config import Settings
from dedup.native import Native
from dedup.report import comparison_page
from dedup.report.charts import BOTTOM, TOP, histogram
from dedup.report.gather import COPIES, STORIES
from dedup.report.recall import LEAST, SEEDS, beginnings, measure
from tests.articles import Cli, edited, read_summary, story, write_jsonl
from tests.hostile import attacks, write_corpus
from tests.strategies import texts

TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "section",
        "footer",
        "nav",
        "a",
        "h1",
    ),
    *(
        "h2",
        "p",
        "div",
        "span",
        "dl",
        "dt",
        "dd",
        "ul",
        "li",
        "code",
        "q",
        "strong",
        "small",
        "details",
        "summary",
    ),
    *("table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "del", "ins"),
    *("svg", "g", "rect", "line", "polyline", "circle", "text"),
}
"""All elements that a page has."""


CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str, name: str) -> int:
        """Elements of a class."""
        return sum(found == tag and name in (at.get("class") or "").split() for found, at in self.tags)


def reported(dedup: Cli, folder: Path, records: list[dict[str, object]], *options: object) -> Page:
    """The report of a run on some records."""
    source = write_jsonl(folder / "in.jsonl", records)
    dedup("run", source, "-o", folder / "out", "--report", "--quiet", *options)
    return Page((folder / "out" / "report.html").read_text("utf-8"))


def copies(group: int, count: int, words: int = 80) -> list[dict[str, object]]:
    """A story and copies of it with other words changed."""
    text = story(group, words)
    return [{"id": f"g{group}-{i}", "text": edited(text, i) if i else text} for i in range(count)]


def test_figures_are_those_of_the_summary(tmp_path: Path, dedup: Cli) -> None:
    records = [*copies(1, 3), *copies(1, 1), *copies(2, 1), {"body": 1}]
    page = reported(dedup, tmp_path, records)
    summary = read_summary(tmp_path / "out")
    text = " ".join(page.text.split())
    assert "3 of 5 articles are copies" in text
    assert f"read {summary['input']} kept {summary['kept']}" in text
    assert "exact the same words in the same order 1 near Jaccard similarity of at least 0.5 2" in text
    assert "came first 3" in text
    assert "in.jsonl:6 no_text" in text
    assert summary["timings"]["report"] > 0


def test_a_copy_stands_beside_what_was_kept(tmp_path: Path, dedup: Cli) -> None:
    text = story(1)
    records = [
        {"id": "a", "text": f"Share this article\n{text}"},
        {"id": "b", "text": edited(text, 40)},
    ]
    html = (reported(dedup, tmp_path, records), (tmp_path / "out" / "report.html").read_text("utf-8"))[1]
    assert f"<del>{text.split()[40]} </del>" in html
    assert "<ins>altogether </ins>" in html
    assert html.count("28 words alike") == 1
    assert "<code>share.en</code>" in html
    assert html.count("Share this article") == 2  # of the one that was kept, and as an example


def test_what_is_left_out_is_said(tmp_path: Path, dedup: Cli) -> None:
    records = [*copies(0, COPIES + 4)]
    for group in range(1, STORIES + 3):
        records += copies(group, 2, 30)
    page = reported(dedup, tmp_path, records)
    text = " ".join(page.text.split())
    assert page.count("details", "story") == STORIES
    assert f"The {STORIES} largest of {STORIES + 3}" in text
    assert "3 more, as similar as the last or more" in text
    similarities = [float(x) for x in re.findall(r"near (\d\.\d{3})", text)[:COPIES]]
    assert similarities == sorted(similarities)


def test_why_one_was_kept_follows_the_policy(tmp_path: Path, dedup: Cli) -> None:
    text = story(1)
    records = [
        {"id": "a", "text": text, "day": "2024-03-02"},
        {"id": "b", "text": f"{text} more", "day": "2024-03-01"},
        {"id": "c", "text": text, "day": "2024-03-01"},
        {"id": "d", "text": f"{text} more", "day": "2024-03-01"},
    ]
    text = " ".join(reported(dedup, tmp_path, records, "--keep", "earliest:day,longest").text.split())
    for reason in ("has an earlier day 1", "is longer 1", "is alike to every rule, and has a lower hash 1"):
        assert reason in text


def test_a_report_is_the_same_for_any_threads_and_either_engine(tmp_path: Path, dedup: Cli) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", [*copies(1, 4), *copies(2, 2), {"id": "x", "text": ""}])
    pages = []
    for name, options in (
        ("a", ["--threads", "1"]),
        ("b", ["--threads", "3"]),
        ("c", ["--engine", "reference"]),
    ):
        dedup("run", source, "-o", tmp_path / name, "--report", "--quiet", *options)
        pages.append((tmp_path / name / "report.html").read_bytes())
    assert pages[0] == pages[1] == pages[2]


@pytest.mark.parametrize("records", [[], [{"text": ""}], [{"text": "one word"}]])
def test_there_may_be_nothing_to_report(tmp_path: Path, dedup: Cli, records: list[dict[str, object]]) -> None:
    for options in ((), ("--no-strip", "--force")):
        assert "No two articles are near each other" in reported(dedup, tmp_path, records, *options).text


def test_everything_hostile_is_text(tmp_path: Path, dedup: Cli) -> None:
    write_corpus(tmp_path / "in", "http://127.0.0.1:1")
    dedup("run", tmp_path / "in", "-o", tmp_path / "out", "--report", "--quiet")
    html = (tmp_path / "out" / "report.html").read_text("utf-8")
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= TAGS
    assert {at["href"] for tag, at in page.tags if tag == "a"} <= {
        *("#similarity", "#clusters", "#excerpts", "#boilerplate", "#skipped", "#settings"),
    }
    assert not [name for _, at in page.tags for name in at if name.startswith("on") or name == "style"]
    shown = re.sub(r"\s+", "", unescape(html))
    for text in attacks("http://127.0.0.1:1")[:5]:
        assert re.sub(r"\s+", "", text) in shown
    assert not CONTROLS.search(html)


@settings(max_examples=30)
@given(texts, texts, texts)
def test_a_page_of_any_two_texts_has_only_its_own_elements(a: str, b: str, name: str) -> None:
    found = compare(f"{a}<script>{b}", f"{b}</q>{a}\n{a}")
    html = b"".join(comparison_page(found, (f"<b>{name}", "\udcff\x00"))).decode()
    assert {tag for tag, _ in Page(html).tags} <= TAGS
    assert not CONTROLS.search(html)


def test_the_policy_of_the_page_names_its_one_style_sheet(tmp_path: Path, dedup: Cli) -> None:
    page = reported(dedup, tmp_path, copies(1, 2))
    html = (tmp_path / "out" / "report.html").read_text("utf-8")
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policies = [at["content"] for tag, at in page.tags if at.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


def test_without_jinja2_nothing_is_read_or_written(
    tmp_path: Path, dedup: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for command in (
        ("run", "none.jsonl", "-o", "out", "--report"),
        ("check", "none", "--report", "page.html"),
        ("compare", "a.txt", "b.txt", "--format", "html"),
    ):
        error = dedup.fails(*command)
        assert "jinja2, which is not installed" in error
        assert "pip install" in error
    assert not list(Path().iterdir())


def test_a_dry_run_has_no_report(tmp_path: Path, dedup: Cli) -> None:
    assert "a dry run writes no report" in dedup.fails("run", tmp_path, "--dry-run", "--report")


def test_a_later_run_without_a_report_leaves_none(tmp_path: Path, dedup: Cli) -> None:
    reported(dedup, tmp_path, copies(1, 2))
    dedup("run", tmp_path / "in.jsonl", "-o", tmp_path / "out", "--force", "--quiet")
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(("mode", "fate"), [("report", "kept, and reported 2"), ("remove", "removed 2")])
def test_excerpts_stand_beside_what_contains_them(tmp_path: Path, dedup: Cli, mode: str, fate: str) -> None:
    whole = story(1, 300)
    part = " ".join(whole.split()[:100])
    texts = {"whole": whole, "part": f"{part} and more", "other": " ".join(whole.split()[150:250])}
    records: list[dict[str, object]] = [{"id": name, "text": text} for name, text in texts.items()]
    page = reported(dedup, tmp_path, [*records, *copies(2, 2)], "--excerpts", mode)
    text = " ".join(page.text.split())
    assert f"most of it is in a larger article; {fate}" in text
    assert re.search(r"excerpt 0\.980 part .* 102 words; in whole .* excerpt 1\.000 other .* in whole", text)
    headline = "3 of 5 articles are copies or excerpts" if mode == "remove" else "1 of 5 articles are copies"
    assert f"{headline} " in text


def test_a_check_has_a_page_of_what_differs(tmp_path: Path, dedup: Cli) -> None:
    text = story(1)
    records = [
        {"id": "a", "text": text},
        {"id": "b", "text": edited(text, 40)},
        {"id": "c", "text": text},
        {"id": "d"},
    ]
    source = write_jsonl(tmp_path / "in.jsonl", records)
    page, other = tmp_path / "page.html", tmp_path / "other.html"
    dedup("check", source, "--lint", "--report", page, "--output", other, code=1)
    html = page.read_text("utf-8")
    assert html == other.read_text("utf-8")
    assert "<ins>altogether </ins>" in html
    text = " ".join(Page(html).text.split())
    assert "dedup check failed 2 duplicates in 3 articles" in text
    assert "in.jsonl:4 unusable" in text
    assert "in.jsonl:4 no_text" in text
    accepted = tmp_path / "accepted.json"
    options = ("--baseline", accepted, "--format", "html", "--quiet")
    dedup("check", source, "--update-baseline", "--report", page, *options)
    assert "passed" in page.read_text("utf-8")
    dedup("check", source, "--report", page, *options)
    assert "None that the baseline does not accept" in page.read_text("utf-8")


def test_the_page_of_a_check_is_harmless(tmp_path: Path, dedup: Cli) -> None:
    write_corpus(tmp_path / "in", "http://127.0.0.1:1")
    html = dedup("check", tmp_path / "in", "--lint", "--format", "html", code=1).out
    assert {tag for tag, _ in Page(html).tags} <= TAGS
    assert "&lt;script&gt;" in html


def test_what_is_measured_agrees_with_the_s_curve() -> None:
    settings = Settings()
    bands, engine = choose(settings), Native(settings)
    hashes = [np.random.default_rng(i).integers(0, 1 << 63, 300, np.uint64) for i in range(40)]
    points = measure(*beginnings(hashes), engine, bands)
    assert len(points) > 15
    for point in points:
        expected = probability(point.similarity, bands.bands, bands.rows)
        trials = point.pairs * SEEDS
        # Trials of one pair share its similarity, and those of a document its shingles: twice the binomial error.
        assert abs(point.recall - expected) < 6 * (expected * (1 - expected) / trials) ** 0.5 + 0.01
        assert point.low <= point.recall <= point.high
        assert trials >= LEAST


def test_pairs_of_one_similarity_are_one_point() -> None:
    engine = Native(Settings())
    documents = [np.arange(100, dtype=np.uint64), np.arange(100, dtype=np.uint64), np.zeros(0, np.uint64)]
    points = measure(documents, [(0, 1)] * 4 + [(0, 2)], engine, choose(Settings()))
    assert [(point.similarity, point.pairs, point.recall) for point in points] == [(1.0, 4, 1.0)]
    assert measure(documents, [(0, 2)], engine, choose(Settings())) == []
    assert measure([], [], engine, choose(Settings())) == []


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.77, 1.0])
def test_every_copy_is_in_a_bar(threshold: float) -> None:
    similarities = np.linspace(threshold, 1, 57)
    drawn = histogram(similarities, threshold)
    assert sum(int(bar.title.split()[0]) for bar in drawn.bars) == 57
    for bar in drawn.bars:
        assert TOP <= bar.y <= BOTTOM
        assert bar.y + bar.height == pytest.approx(BOTTOM)
        assert bar.width > 0
    labels = [tick.label for tick in drawn.x_ticks]
    assert labels[-1] == "1.0"
    assert len(labels) >= 2


def test_the_figures_of_a_json_run_are_not_changed_by_a_report(tmp_path: Path, dedup: Cli) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", copies(1, 3))
    for name, options in (("a", []), ("b", ["--report"])):
        dedup("run", source, "-o", tmp_path / name, "--quiet", *options)
    for name in ("clusters.jsonl", "skipped.jsonl"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    one, other = (read_summary(tmp_path / name) for name in "ab")
    for summary in (one, other):
        del summary["timings"], summary["environment"]
    assert json.dumps(one) == json.dumps(other)
