"""`dedup tune`: what it says of a setting is what a run with that setting does."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from dedup import find_duplicates
from dedup.config import Settings
from dedup.model import Texts
from dedup.tuning.advise import advise, valley
from dedup.tuning.articles import Articles
from dedup.tuning.evaluate import evaluate
from dedup.tuning.labels import Label, read_labels
from dedup.tuning.pairs import measure
from dedup.tuning.scores import Point, Score, adjusted_rand_index, recommend
from tests.articles import Cli, edited, read_jsonl, story, write_jsonl
from tests.labels import Score as ReferenceScore
from tests.labels import adjusted_rand_index as reference_ari
from tests.labels import components


def articles_of(texts: list[str], ids: list[str] | None = None) -> Articles:
    names = [f"n{i}" for i in range(len(texts))] if ids is None else ids
    return Articles(Texts.from_strings(names), Texts.from_strings(texts))


def versions() -> list[str]:
    """Five stories, each in versions with 0, 1, 3, ... words changed, and two exact copies."""
    texts = []
    for number in range(5):
        text = story(number)
        texts += [text, text.upper()] if number < 2 else [text]
        for position in range(2, 70, 9):
            text = edited(text, position)
            texts.append(text)
    return texts


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.62, 0.9])
def test_pairs_found_are_those_of_a_run(size: int, threshold: float) -> None:
    texts = versions()
    settings = Settings(threshold, shingle_size=size, num_perm=32, recall=0.6, strip=False)
    pairs = measure(Texts.from_strings(texts), size, 0.2, settings)
    result = find_duplicates(
        texts, threshold=threshold, shingle_size=size, num_perm=32, recall=0.6, strip=False, pairs=True
    )
    expected = {
        (int(row["a"]), int(row["b"])): (row["similarity"], row["containment"])
        for row in result.pairs.to_pylist()
        if row["relation"] != "excerpt"
    }
    found = pairs.found(settings)
    assert {tuple(pair) for pair in pairs.pairs[found].tolist()} == set(expected)
    for (a, b), similarity, containment in zip(
        pairs.pairs[found].tolist(), pairs.similarity[found], pairs.containment[found], strict=True
    ):
        assert (similarity, containment) == expected[a, b]


def test_clusters_judged_are_those_of_a_run() -> None:
    texts = versions()
    articles = articles_of(texts)
    labels = read_labels_of(articles, [(f"n{i}", f"n{i + 1}", "near") for i in (0, 10, 20)])
    for threshold in (0.3, 0.5, 0.7):
        current = Settings(threshold, strip=False)
        pairs = measure(articles.texts, 5, 0.2, current, labels.pairs)
        point = evaluate([pairs], labels, current, 0.2, Label.DIFFERENT).current
        clusters = find_duplicates(texts, threshold=threshold, strip=False).clusters["cluster_id"].to_pylist()
        names = list(map(str, range(len(texts))))
        expected = components(names, [(str(i), str(i + 1)) for i in (0, 10, 20)])
        assert point.ari == pytest.approx(reference_ari(clusters, list(expected.values())))


def read_labels_of(articles: Articles, rows: list[tuple[str, str, str]]) -> Any:
    path = Path("rows.tsv")
    path.write_text("a\tb\trelation\n" + "".join("\t".join(row) + "\n" for row in rows))
    return read_labels(path, articles)


def test_the_corpus_scores_as_labelled(dedup: Cli, corpus: Path) -> None:
    call = ["tune", corpus / "labels.tsv", corpus / "articles"]
    shown = json.loads(dedup(*call, "--json").out)
    assert shown["articles"] == 117
    assert shown["recommended"] == shown["current"]
    assert shown["current"]["near"]["f1"] == shown["current"]["any"]["f1"] == 1.0
    assert shown["plateau"][0] < 0.5 < shown["plateau"][1]
    assert shown["confusion"]["excerpt"]["excerpt"] == 6
    assert sorted({point["shingle_size"] for point in shown["points"]}) == [3, 4, 5, 6, 8]
    assert not shown["wrong"] + shown["missed"]
    table = dedup(*call, "--shingle-sizes", "5").out
    assert "--threshold 0.5 --shingle-size 5: the setting in use, none is better" in table


def test_a_better_setting_is_named_with_what_it_costs(dedup: Cli, corpus: Path) -> None:
    call = ["tune", corpus / "labels.tsv", corpus / "articles", "--threshold", "0.85"]
    shown = json.loads(dedup(*call, "--json").out)
    assert shown["recommended"]["near"]["f1"] == 1.0 > shown["current"]["near"]["f1"]
    assert shown["recommended"]["shingle_size"] == 5
    assert shown["recommended"]["cost"]["candidates"] > shown["current"]["cost"]["candidates"]
    printed = dedup(*call).out
    assert "in use" in printed
    assert "recommended" in printed


def test_wrong_and_missed_pairs_are_named(dedup: Cli, tmp_path: Path) -> None:
    texts = [story(1), edited(story(1), 40), story(2), edited(story(2), 40), story(3), story(4)]
    records = [{"id": f"[b]{i}", "text": text} for i, text in enumerate(texts)]
    write_jsonl(tmp_path / "a.jsonl", records)
    (tmp_path / "l.csv").write_text("a,b,relation\n[b]0,[b]1,same\n[b]4,[b]5,same\n")
    call = ["tune", tmp_path / "l.csv", tmp_path / "a.jsonl", "--no-strip"]
    shown = json.loads(dedup(*call, "--json").out)
    assert [(one["a"], one["b"], one["label"]) for one in shown["wrong"]] == [("[b]2", "[b]3", "different")]
    assert [(one["a"], one["b"], one["similarity"]) for one in shown["missed"]] == [("[b]4", "[b]5", 0.0)]
    assert shown["confusion"]["unlisted"] == {"exact": 0, "near": 1, "excerpt": 0, "nothing": 0}
    assert "[b]2  [b]3" in dedup(*call).out
    unsure = json.loads(dedup(*call, "--json", "--unlisted", "unsure").out)
    assert not unsure["wrong"]
    assert unsure["current"]["ari"] is None


def test_excerpts_are_found_below_the_floor(dedup: Cli, tmp_path: Path) -> None:
    texts = [story(1), f"{story(2, 300)} {story(1)} {story(3, 300)}", story(4), edited(story(4), 40)]
    write_jsonl(tmp_path / "a.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(texts)])
    (tmp_path / "l.tsv").write_text("2\t3\n")
    call = ["tune", tmp_path / "a.jsonl", "--no-strip", "--json"]
    shown = json.loads(dedup(*call, "--labels", tmp_path / "l.tsv", "--shingle-sizes", "5").out)
    assert shown["confusion"]["unlisted"] == {"exact": 0, "near": 0, "excerpt": 1, "nothing": 0}
    assert (shown["current"]["near"]["f1"], shown["current"]["excerpt"]["precision"]) == (1.0, 0.0)
    unlabelled = json.loads(dedup(*call).out)
    assert sum(one["pairs"] for one in unlabelled["histogram"]) == len(unlabelled["borderline"]) == 1


def test_scores() -> None:
    assert (Score(0, 0, 0).precision, Score(0, 0, 0).recall) == (1.0, 1.0)
    assert Score(0, 0, 4).f1 == 0.0
    score, reference = Score(3, 2, 4), ReferenceScore.of({("a", "b"), ("c", "d"), ("e", "f")}, set())
    assert (score.precision, score.recall, reference.f1) == (2 / 3, 0.5, 0.0)
    one, other = np.array([0, 0, 2, 3]), np.array([0, 0, 0, 3])
    assert adjusted_rand_index(one, other) == pytest.approx(reference_ari(one.tolist(), other.tolist()))
    assert adjusted_rand_index(one, one) == 1.0


def test_the_middle_of_the_longest_row_of_equals_is_recommended() -> None:
    good, bad = Score(4, 4, 4), Score(4, 2, 4)

    def points(size: int, marks: str) -> list[Point]:
        return [
            Point(size, 0.2 + i / 10, good if mark == "+" else bad, bad, bad, None)
            for i, mark in enumerate(marks)
        ]

    tried = points(4, "+++--") + points(5, "-+-++")
    best, plateau = recommend(tried, tried[-3], by_clusters=True)
    assert (best, plateau) == (tried[9], (tried[8].threshold, tried[9].threshold))
    assert recommend(tried, tried[6], by_clusters=True)[0] is tried[6]


def hills(low: float, high: float, count: int = 200) -> Any:
    generator = np.random.default_rng(1)
    return np.clip(np.concatenate([generator.normal(m, 0.05, count) for m in (low, high)]), 0.2, 1.0)


def test_the_valley_lies_between_two_hills() -> None:
    found = valley(hills(0.35, 0.8), 0.2)
    assert found == pytest.approx(0.58, abs=0.08)
    assert valley(hills(0.6, 0.6), 0.2) is None
    assert valley(np.linspace(0.2, 1, 500), 0.2) is None
    assert valley(hills(0.35, 0.8, 3), 0.2) is None
    flat = [valley(np.random.default_rng(seed).uniform(0.2, 1, 100), 0.2) for seed in range(40)]
    assert sum(found is not None for found in flat) <= 4


def test_advice_predicts_what_bands_find() -> None:
    texts = versions()
    articles = articles_of(texts)
    current = Settings(strip=False)
    pairs = measure(articles.texts, 5, 0.2, current)
    advice = advise(pairs, articles, current, 0.2)
    chosen = advice.choices[advice.chosen]
    assert (chosen.bands, chosen.rows) == (35, 3) or advice.valley is not None
    for choice in advice.choices:
        settings = replace(current, threshold=advice.threshold, bands=choice.bands, rows=choice.rows)
        found = pairs.found(replace(settings))
        reached = pairs.exact | (pairs.similarity >= advice.threshold)
        assert choice.measured == pytest.approx((found & reached).sum() / reached.sum())
        assert choice.predicted >= choice.at_threshold
        assert choice.cost.candidates >= choice.cost.verified
    assert sum(advice.histogram) + advice.exact == len(pairs.pairs)
    distance = np.abs(advice.similarity - advice.threshold)
    assert (np.diff(distance) >= 0).all()
    assert advice.similarity.min() < advice.threshold < advice.similarity.max()
    assert len(np.unique(advice.borderline, axis=0)) == 20
    again = advise(pairs, articles, current, 0.2, labelled=np.sort(advice.borderline, axis=1))
    assert not set(map(tuple, again.borderline.tolist())) & set(map(tuple, advice.borderline.tolist()))


def test_without_labels(dedup: Cli, corpus: Path) -> None:
    shown = json.loads(dedup("tune", corpus / "articles", "--json").out)
    assert len(shown["borderline"]) == 20
    assert shown["exact"] == 7
    assert [choice["chosen"] for choice in shown["choices"]].count(True) == 1
    printed = dedup("tune", corpus / "articles").out
    assert "← threshold" in printed
    assert "what a run takes" in printed


@pytest.mark.parametrize("labels", [True, False])
def test_drawings_are_the_same_each_time(dedup: Cli, corpus: Path, tmp_path: Path, labels: bool) -> None:
    pytest.importorskip("matplotlib")
    inputs = [corpus / "labels.tsv"] * labels + [corpus / "articles"]
    drawings = []
    for name in ("1.svg", "2.svg"):
        dedup("tune", *inputs, "--svg", tmp_path / name, "--quiet", "--shingle-sizes", "5")
        drawings.append((tmp_path / name).read_bytes())
    assert drawings[0] == drawings[1]
    assert ElementTree.fromstring(drawings[0]).tag.endswith("svg")
    assert "exists" in dedup.fails("tune", *inputs, "--svg", tmp_path / "1.svg")


def test_a_narrow_terminal_cuts_no_figure(dedup: Cli, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.chdir(corpus.parent)
    for inputs in (["corpus/articles"], ["corpus/labels.tsv", "corpus/articles"]):
        coloured = dedup("tune", *inputs, "--shingle-sizes", "5", "--threshold", "0.7").out
        shown = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
        assert "…" not in shown
        assert max(map(len, shown.splitlines())) <= 80
        assert "17 x 4" in shown or len(inputs) == 1


def test_answers_at_a_terminal_feed_back(dedup: Cli, tmp_path: Path) -> None:
    texts = [story(i // 2) if i % 2 else edited(story(i // 2), 40) for i in range(8)]
    write_jsonl(tmp_path / "a.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(texts)])
    call = [sys.executable, "-m", "dedup", "tune", "a.jsonl", "--no-strip", "--labels", "l.jsonl", "--ask"]

    def answer(keys: str) -> str:
        leader, follower = pty.openpty()
        os.write(leader, keys.encode())
        with subprocess.Popen(
            call, cwd=tmp_path, stdin=follower, stdout=follower, stderr=subprocess.PIPE
        ) as process:
            os.close(follower)
            shown = b""
            with contextlib.suppress(OSError):  # the other end is closed
                while part := os.read(leader, 1 << 16):
                    shown += part
        os.close(leader)
        assert process.returncode == 0, shown
        return shown.decode()

    shown = answer("y\nwhat\nn\nq\n")
    assert "pair 3 of 4" in shown
    assert "altogether" in shown
    assert "Jaccard" not in shown
    assert "answers  2 of 4 pairs" in shown
    assert [row["relation"] for row in read_jsonl(tmp_path / "l.jsonl")] == ["near", "different"]
    assert "pair 2 of 2" in answer("s\ny\n")
    rows = read_jsonl(tmp_path / "l.jsonl")
    assert [row["relation"] for row in rows] == ["near", "different", "unsure", "near"]
    assert len({(row["a"], row["b"]) for row in rows}) == 4
    shown_json = dedup("tune", tmp_path / "l.jsonl", tmp_path / "a.jsonl", "--json", "--no-strip").out
    assert json.loads(shown_json)["confusion"]["near"]["near"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ask"], "no place for the answers"),
        (["--ask", "--labels", "new.tsv"], "no terminal"),
        (["--floor", "0.9"], "floor 0.9"),
        (["--threshold", "0.1"], "below the floor 0.2"),
        (["--shingle-sizes", "3;5"], "shingle sizes"),
        (["--shingle-sizes", "0"], "shingle size 0"),
        (["--relation", "BAD"], "WORD=RELATION"),
        (["--labels", "none.tsv"], "none.tsv"),
        (["--svg", "none/a.svg"], "no directory"),
        (["--svg", "."], "is a directory"),
        (["--svg", "a.png"], "a.png would not be what its name says"),
        (["--limit", "1"], "limit 1"),
        (["--threshold", "2"], "threshold 2"),
        (["--text-field", "title,"], "empty name"),
    ],
)
def test_mistakes(dedup: Cli, tmp_path: Path, options: list[str], message: str) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"text": story(i)} for i in range(3)])
    assert message in dedup.fails("tune", tmp_path / "a.jsonl", *options)


def test_a_drawing_without_matplotlib_is_refused_first(
    dedup: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedup.cli.tune.find_spec", lambda _: None)
    assert "article-dedup[report]" in dedup.fails("tune", tmp_path / "no.jsonl", "--svg", "a.svg")


def test_what_is_worth_a_warning(dedup: Cli, tmp_path: Path) -> None:
    texts = [story(1), edited(story(1), 40), story(2), edited(story(2), 40)]
    write_jsonl(tmp_path / "a.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(texts)])
    call = ["tune", tmp_path / "l.tsv", tmp_path / "a.jsonl", "--no-strip", "--shingle-sizes", "5", "--quiet"]
    (tmp_path / "l.tsv").write_text("a\tb\trelation\n0\t1\tnear\n")
    warned = dedup(*call).err
    assert "few copies are labelled (1)" in warned
    assert "1 of the pairs found are not among the labels" in warned
    assert "not among" not in dedup(*call, "--unlisted", "unsure").err
    (tmp_path / "l.tsv").write_text("a\tb\trelation\n0\t2\tdifferent\n")
    assert "no copies are labelled" in dedup(*call).err


def test_too_few_articles(dedup: Cli, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"text": "one"}])
    assert "fewer than two" in dedup.fails("tune", tmp_path / "a.jsonl")
    write_jsonl(tmp_path / "b.jsonl", [{"body": "one"}] * 3)
    assert "--text-field" in dedup.fails("tune", tmp_path / "b.jsonl")
    write_jsonl(tmp_path / "c.jsonl", [{"text": ""}, {"text": ""}, {"text": "!"}])
    assert "0 above 0.2" in dedup("tune", tmp_path / "c.jsonl").out
