"""The quality gate holds what it claims to hold: a stripper made worse does not pass it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.quality import gate
from benchmarks.quality.__main__ import main
from benchmarks.quality.documents import BODY, BOILERPLATE, Document, Line
from benchmarks.quality.generated import digest, generate
from benchmarks.quality.learning import modes_of
from benchmarks.quality.lines import judge, strip
from benchmarks.quality.measure import Modes, measure_stories
from benchmarks.quality.pages import publishers
from benchmarks.quality.similarity import found_pairs, story_pairs
from dedup import boilerplate
from dedup.model import Removal, Rule

RULES: Modes = {"raw": None, "rules": []}


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return generate(240)


@pytest.fixture(scope="module")
def metrics(documents: list[Document]) -> dict[str, float]:
    return measure_stories(documents, "generated", RULES).metrics


def floors_from(metrics: dict[str, float]) -> dict[str, float]:
    return gate.raised(metrics, {})


def test_the_corpus_is_reproducible_and_of_all_kinds(documents: list[Document]) -> None:
    assert digest(documents) == digest(generate(240)) != digest(generate(240, seed=2))
    assert len({document.id for document in documents}) == len(documents)
    copies = {kind: [d for d in documents if d.kind == f"syndicated_{kind}"] for kind in (3, 6, 20, 75)}
    for count, some in copies.items():
        stories = [document.story for document in some]
        assert {stories.count(story) for story in stories} == {count}
    assert {"ordinary", "updates", "live", "template", "refrain"} < {document.kind for document in documents}
    assert len(publishers()) >= 12
    assert all("{" not in line.text for document in documents for line in document.lines)


def test_what_stripping_did_is_counted_by_line_and_character() -> None:
    lines = (
        Line("Share this article", BOILERPLATE),
        Line("Wexby - The harbour is closed. | The Beacon", BODY, prefix=8, suffix=13),
        Line("Read it tomorrow.", BODY),
        Line("14:05", "time"),
    )
    document = Document("a", "s", lines, "ordinary", "x")
    assert document.body == "The harbour is closed.\nRead it tomorrow."
    rules = [Rule("share", "share", "any", 9, "drop", "strong", "share this article")]
    stripped = strip([document], rules)
    assert stripped.removals is not None
    stripped.removals[0].extend(
        [
            Removal(2, "Wexby - The ", "strip_prefix", "share"),
            Removal(2, " Beacon", "strip_suffix", "share"),
            Removal(3, lines[2].text, "drop", "share"),
            Removal(4, lines[3].text, "drop", "share"),
        ]
    )
    judgement = judge([document], stripped, rules)
    total = judgement.total
    assert (total.boilerplate, total.removed, total.body, total.lost) == (1, 1, 2, 1)
    assert (total.body_chars, total.lost_chars, total.cut_chars) == (43 + 17, 17, 4)
    assert (total.edge_chars, total.cleared_chars) == (21, 8 + 7)
    assert judgement.classes["share"] == {BOILERPLATE: 1, BODY: 1, "other": 1}
    assert judgement.lost == {"ordinary": {("a", 3)}}


def test_copies_of_copies_are_found_pairs() -> None:
    """A run lists an exact copy with its first copy only."""
    words = [f"word{number}" for number in range(60)]
    near = [*words[:30], "another", *words[31:]]
    texts = [" ".join(some) for some in (words, near, words, words, ["nothing", "alike"])]
    listed, implied = found_pairs(texts, None)
    assert (2, 3) in implied - listed
    assert listed < implied
    stories = [Document(str(number), "", (), story=story) for number, story in enumerate("aaaab")]
    assert set(story_pairs(stories)) == implied


def test_measured_values_pass_their_own_floors(metrics: dict[str, float]) -> None:
    assert gate.complaints(metrics, floors_from(metrics)) == []


def test_a_stripper_that_removes_less_fails(
    documents: list[Document], metrics: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = boilerplate.load()
    monkeypatch.setattr(boilerplate, "load", lambda _=(): tuple(rule for rule in rules if rule.cls != "nav"))
    worse = measure_stories(documents, "generated", RULES).metrics
    (complaint,) = [c for c in gate.complaints(worse, floors_from(metrics)) if ".rules.recall " in c]
    assert complaint.startswith("generated.rules.recall is 0.")
    assert f"below its floor of {metrics['generated.rules.recall'] - gate.ROOM:.4f}" in complaint


def test_a_stripper_that_removes_body_text_fails(
    documents: list[Document], metrics: dict[str, float], tmp_path: Path
) -> None:
    greedy = tmp_path / "greedy.toml"
    greedy.write_text(
        '[[rule]]\nid = "greedy"\nclass = "misc"\npos = "any"\nmax_words = 400\naction = "drop"\n'
        'strength = "strong"\npattern = ".* said .*"\n'
    )
    worse = measure_stories(documents, "generated", {"raw": None, "rules": [greedy]}).metrics
    missed = {complaint.split()[0] for complaint in gate.complaints(worse, floors_from(metrics))}
    assert {"generated.rules.precision", "generated.rules.body_chars_lost"} <= missed


def test_learning_the_paragraphs_of_a_syndicated_story_fails(
    documents: list[Document], tmp_path: Path
) -> None:
    """What counting documents alone would learn."""
    careful = modes_of(
        [document.text for document in documents], ["" for _ in documents], tmp_path / "careful"
    )
    modes = {mode: careful[mode] for mode in ("raw", "rules", "learned")}
    floors = floors_from(measure_stories(documents, "generated", modes).metrics)
    copied = Counter(
        line.text
        for document in documents
        if document.kind == "syndicated_75"
        for line in document.lines
        if line.label == BODY
    )
    greedy = tmp_path / "greedy.toml"
    often = [json.dumps(text) for text, count in copied.items() if count >= 20]
    greedy.write_text("\n".join(f"[[line]]\nline = {text}" for text in often), encoding="utf-8")
    worse = measure_stories(documents, "generated", {**modes, "learned": [greedy]}).metrics
    missed = {complaint.split()[0] for complaint in gate.complaints(worse, floors)}
    assert "generated.learned.syndicated_75_by_learning_lost" in missed
    assert "generated.learned.jaccard" in missed
    assert "generated.learned.syndicated_20_by_learning_lost" not in missed


def test_floors_are_only_ever_tightened() -> None:
    floors = {"s.rules.recall": 0.5, "s.rules.body_lines_lost": 0.01, "absent.rules.recall": 0.9}
    better = gate.raised({"s.rules.recall": 0.6, "s.rules.body_lines_lost": 0.002}, floors)
    assert better == {
        "absent.rules.recall": 0.9,
        "s.rules.body_lines_lost": 0.0023,
        "s.rules.recall": 0.595,
    }
    assert gate.raised({"s.rules.recall": 0.4, "s.rules.body_lines_lost": 0.02}, floors) == floors


def test_a_metric_without_a_floor_and_a_floor_without_its_metric_are_told() -> None:
    told = gate.complaints({"s.rules.new": 0.5}, {"s.rules.old": 0.5, "absent.rules.recall": 0.9})
    assert told == [
        "s.rules.new is 0.5000 and has no floor; --update-floors sets one",
        "s.rules.old was not measured; its floor is 0.5000",
    ]


def test_lowering_takes_the_name_of_a_floor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "floors.json"
    gate.write_floors({"s.rules.recall": 0.5}, path)
    assert main(["--floors", str(path), "--lower", "s.rules.recall=0.25"]) == 0
    assert json.loads(path.read_text()) == {"s.rules.recall": 0.25}
    assert main(["--floors", str(path), "--lower", "s.rules.recal=0.1"]) == 1
    assert "s.rules.recal has no floor" in capsys.readouterr().err
    assert gate.read_floors(path) == {"s.rules.recall": 0.25}


def test_the_committed_floors_are_for_metrics_that_there_are(metrics: dict[str, float]) -> None:
    floors = gate.read_floors()
    named = {name for name in floors if name.startswith(("generated.raw.", "generated.rules."))}
    assert named == set(metrics)
