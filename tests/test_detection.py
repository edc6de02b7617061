"""The gate of detection holds what it claims to hold: a run that finds less, or more, does not pass it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.quality import detection, gate, threshold
from benchmarks.quality.__main__ import main
from benchmarks.quality.detection import ANY, COPIES, Found, Question, judge, measure_detection, read_set
from benchmarks.quality.threshold import make, measure_threshold
from dedup import definitions
from tests.conftest import ROOT

CORPUS = read_set(ROOT / "corpus")


def jaccard(a: str, b: str) -> float:
    one, other = (set(definitions.shingles(text)) for text in (a, b))
    return len(one & other) / len(one | other)


def test_what_a_run_lists_is_completed() -> None:
    """An exact copy is listed with its first copy only, near pairs with every copy."""
    words = [f"word{number}" for number in range(60)]
    texts = {
        "a": " ".join(words),
        "b": " ".join([*words[:30], "another", *words[31:]]),
        "c": " ".join(words).upper(),
        "d": " ".join(words) + ".",
        "e": "nothing alike",
    }
    found = detection.find(texts)
    exact = dict.fromkeys([("a", "c"), ("a", "d"), ("c", "d")], "exact")
    assert found.pairs == exact | dict.fromkeys([("a", "b"), ("b", "c"), ("b", "d")], "near")
    assert found.clusters == {"a": "a", "b": "a", "c": "a", "d": "a", "e": "e"}


def test_pairs_are_judged_by_relation_and_label() -> None:
    found = {("a", "b"): "near", ("a", "c"): "exact", ("a", "d"): "excerpt", ("b", "c"): "near"}
    labels = {("a", "b"): "copy", ("a", "c"): "open", ("d", "e"): "copy"}
    score = judge(found, labels, Question("copies", COPIES, {"copy"}, {"open"}))
    assert (score.found, score.right, score.expected) == (2, 1, 2)
    score = judge(found, labels, Question("any", ANY, {"copy"}))
    assert (score.found, score.right, score.expected) == (4, 1, 2)


def test_every_form_of_labels_is_read(tmp_path: Path) -> None:
    (tmp_path / "1_x.txt").write_text("one", encoding="utf-8")
    (tmp_path / "2_y.txt").write_text("two", encoding="utf-8")
    (tmp_path / "clusters.tsv").write_text("2\tA\n1\tA\n", encoding="utf-8")
    assert read_set(tmp_path) == detection.Labelled({"1": "one", "2": "two"}, {("1", "2"): "same"})
    (tmp_path / "docs.jsonl").write_text(
        '{"id": "p", "text": "x"}\n{"id": "q", "text": "y"}\n', encoding="utf-8"
    )
    (tmp_path / "pairs.tsv").write_text("q\tp\n", encoding="utf-8")
    assert read_set(tmp_path) == detection.Labelled({"p": "x", "q": "y"}, {("p", "q"): "same"})
    (tmp_path / "pairs.tsv").write_text("q\tp\trevision\t.4\t.5\n", encoding="utf-8")
    assert read_set(tmp_path).labels == {("p", "q"): "revision"}


def missed(finder: detection.Found) -> set[str]:
    """The metrics of the corpus that miss their floors if a run finds this."""
    metrics = measure_detection("corpus", CORPUS, lambda _: finder).metrics
    return {complaint.split()[0] for complaint in gate.complaints(metrics, gate.read_floors())}


def test_a_run_on_the_corpus_passes_and_any_worse_one_does_not() -> None:
    found = detection.find(CORPUS.texts)
    assert missed(found) == set()
    assert {"exact", "near", "excerpt"} == set(found.pairs.values())
    for relation in ("exact", "near", "excerpt"):
        one = next(pair for pair, of in found.pairs.items() if of == relation)
        without = {pair: of for pair, of in found.pairs.items() if pair != one}
        assert missed(Found(without, found.clusters)) == {
            f"corpus.{relation}.recall",
            f"corpus.{relation}.f1",
        }
        more: Mapping[detection.Pair, str] = {**found.pairs, ("000", "002"): relation}
        assert f"corpus.{relation}.precision" in missed(Found(more, found.clusters))
    merged = dict.fromkeys(found.clusters, "000")
    assert missed(Found(found.pairs, merged)) == {"corpus.clusters.ari"}


def test_made_up_pairs_lie_where_they_are_said_to() -> None:
    texts = list(make(80, seed=1))
    similarities = [jaccard(a, b) for a, b in zip(texts[::2], texts[1::2], strict=True)]
    assert all(0.5 <= similarity < 0.52 for similarity in similarities[::2])
    assert all(0.47 < similarity < 0.5 for similarity in similarities[1::4])
    assert texts == list(make(80, seed=1)) != list(make(80, seed=2))


def test_recall_at_the_threshold_is_measured_against_all_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = measure_threshold(400, 1, tmp_path).metrics
    assert whole["threshold.near.precision"] == 1.0
    assert (
        whole["threshold.near.recall_at_threshold"] >= 0.97
    )  # 200 pairs: .9929 and four standard deviations
    found = threshold.found_pairs

    def half(*arguments: object) -> object:
        listed, implied = found(*arguments)  # type: ignore[arg-type]
        return set(sorted(listed)[::2]) | {(0, 2)}, implied

    monkeypatch.setattr(threshold, "found_pairs", half)
    metrics = measure_threshold(400, 1, tmp_path).metrics
    assert metrics["threshold.near.recall"] == pytest.approx(whole["threshold.near.recall"] / 2, abs=0.01)
    assert metrics["threshold.near.precision"] < 1
    assert metrics["threshold.near.promised_recall"] == whole["threshold.near.promised_recall"]


def test_the_gate_measures_the_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "corpus", "--report"]) == 0
    printed = capsys.readouterr()
    assert "| excerpt | 1.0000 | 1.0000 | 1.0000 |" in printed.out
    assert "10 of 10 metrics within their floors" in printed.err
