"""A learner finds the boilerplate of a corpus, and no order, split or merge of the corpus changes what it finds."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.boilerplate import load
from dedup.boilerplate.learned import LearnedLine, write_learned
from dedup.boilerplate.learner import Learner
from dedup.config import Settings
from dedup.errors import InputError, OutputError
from dedup.reference import Reference
from tests.articles import story

SITES = 5
NOTICE = "We keep small files on your device so that the pages of this site can remember what you have read"


def paragraphs(seed: int, count: int = 6) -> list[str]:
    words = story(seed, 30 * count).split()
    return [" ".join(words[30 * i : 30 * (i + 1)]) for i in range(count)]


def page(seed: int, site: int, at: int = 0) -> str:
    """Article `seed` as site `site` prints it."""
    body = paragraphs(seed)
    furniture = [f"Sign up for the letter of site {'abcde'[site]}", f"Page {at} of {at + 3}", NOTICE]
    body[0] = f"(Example Wire) - {body[0]}"
    body[2] = f"{body[2]} - The Daily Example"
    return "\n".join([furniture[0], *body, *furniture[1:]])


PAGES = [(page(seed, seed % SITES, seed), f"site{seed % SITES}", f"a.jsonl:{seed + 1}") for seed in range(60)]


def learner_of(pages: list[tuple[str, str, str]], **options: object) -> Learner:
    learner = Learner(**options)  # type: ignore[arg-type]
    learner.add(*map(list, zip(*pages, strict=True)))
    return learner


def test_what_is_learned() -> None:
    lines = {(one.line, one.action): one for one in learner_of(PAGES).learn(0).lines}
    assert lines[NOTICE.lower(), "drop"] == LearnedLine(
        NOTICE.lower(), "drop", 60, 60, 5, lines[NOTICE.lower(), "drop"].examples
    )
    assert {line for line, action in lines if action == "drop"} == {
        NOTICE.lower(),
        "page 0 of 0",
        "page 00 of 00",
        *(f"sign up for the letter of site {letter}" for letter in "abcde"),
    }
    assert [line for line, action in lines if action == "strip_prefix"] == ["(example wire) -"]
    assert [line for line, action in lines if action == "strip_suffix"] == ["- the daily example"]


def test_a_small_corpus_teaches_nothing() -> None:
    learned = learner_of(PAGES).learn()
    assert (learned.documents, learned.sources, learned.lines) == (60, 5, ())


@pytest.mark.parametrize("copies", [3, 6, 20, 75])
@pytest.mark.parametrize("known", [True, False])
def test_copies_of_a_story_keep_their_lines(copies: int, known: bool) -> None:
    spread = [(page(1000, i % SITES, i), f"site{i % SITES}", "") for i in range(copies)]
    pages = [(text, source if known else "", place) for text, source, place in PAGES + spread]
    lines = {one.line for one in learner_of(pages).learn(0).lines}
    assert not lines & {line.lower() for line in paragraphs(1000)}
    assert (NOTICE.lower() in lines) == (copies < 75)


def test_a_page_of_one_paragraph_is_not_many_stories() -> None:
    brief = paragraphs(2000, 1)[0]
    copies = [(f"{brief}\n{NOTICE}\nSite number {'abcdefgh'[i]} likes this", f"s{i}", "") for i in range(8)]
    assert brief.lower() not in {one.line for one in learner_of(PAGES + copies).learn(0).lines}


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5), st.booleans())
def test_split_order_and_merge_change_nothing(shuffle: random.Random, parts: int, spill: bool) -> None:
    expected = learner_of(PAGES).learn(0)
    pages = shuffle.sample(PAGES, len(PAGES))
    learners = [learner_of(pages[i::parts], spill=spill and i % 2 == 0) for i in range(parts)]
    while len(learners) > 1:
        with learners.pop(shuffle.randrange(len(learners))) as other:
            learners[shuffle.randrange(len(learners))].merge(other)
    with learners[0] as last:
        assert last.learn(0).to_toml() == expected.to_toml()


def test_batch_by_batch_equals_all_at_once(tmp_path: Path) -> None:
    expected = learner_of(PAGES).learn(0).to_toml()
    for spill in (True, False):
        with Learner(spill=spill, temp_dir=tmp_path) as learner:
            for one in PAGES:
                learner.add(*([value] for value in one))
            assert learner.learn(0).to_toml() == expected
            learner.add(["one more"])
            assert learner.learn(0).documents == len(PAGES) + 1
    assert not list(tmp_path.iterdir())


def test_the_reference_learns_the_same() -> None:
    some = PAGES[:20]
    stages = Reference(Settings())
    assert learner_of(some, stages=stages).learn(0).to_toml() == learner_of(some).learn(0).to_toml()


@pytest.mark.parametrize("spill", [True, False])
def test_saved_counts_go_on(tmp_path: Path, spill: bool) -> None:
    with learner_of(PAGES[:30], spill=spill) as first:
        first.save(tmp_path / "a.counts")
    learner = Learner.load(tmp_path / "a.counts")
    learner.add(*map(list, zip(*PAGES[30:], strict=True)))
    assert learner.learn(0).to_toml() == learner_of(PAGES).learn(0).to_toml()
    learner.save(tmp_path / "b.counts")
    learner_of(PAGES).save(tmp_path / "c.counts")
    assert (tmp_path / "b.counts").read_bytes() == (tmp_path / "c.counts").read_bytes()


def test_bounded_memory_forgets_what_is_rare() -> None:
    learner = Learner(most_rows=600)
    for one in PAGES:
        learner.add(*([value] for value in one))
    learned = learner.learn(0)
    assert learned.missed > 0
    counts = {one.line: one.documents for one in learned.lines}
    assert NOTICE.lower() in counts
    for one in learner_of(PAGES).learn(0).lines:
        assert one.documents - learned.missed <= counts.get(one.line, 0) <= one.documents


def test_the_learned_file_is_a_rules_file(tmp_path: Path) -> None:
    learned = learner_of(PAGES).learn(0)
    path = tmp_path / "learned.toml"
    write_learned(path, learned)
    assert [rule for rule in load(path) if rule.cls == "learned"] == list(learned.rules())
    assert [name.name for name in tmp_path.iterdir()] == ["learned.toml"]
    with pytest.raises(OutputError):
        write_learned(tmp_path / "missing" / "learned.toml", learned)


def test_files_that_are_no_counts(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.counts", tmp_path / "bad.counts"
    learner_of(PAGES[:2]).save(good)
    for content in (b"", b"nonsense", good.read_bytes()[:500]):
        bad.write_bytes(content)
        with pytest.raises(InputError, match="not a counts file"):
            Learner.load(bad)
    with pytest.raises(InputError, match="cannot be read"):
        Learner.load(tmp_path / "missing.counts")
    with np.load(good) as file:
        arrays = dict(file)
    with bad.open("wb") as file:
        np.savez(file, **(arrays | {"dedup_counts": np.int64(2)}))
    with pytest.raises(InputError, match="version 2"):
        Learner.load(bad)


def test_names_fit_the_texts() -> None:
    with pytest.raises(ValueError, match="2 sources or places"):
        Learner().add(["a"], ["b", "c"])


def test_prefixes_are_found_behind_the_menu_of_a_page() -> None:
    menu = [f"Part {letter} of the menu" for letter in "abcdefgh"]
    pages = [
        "\n".join([*menu, f"Seen and heard: {body[0]}", *body[1:]]) for body in map(paragraphs, range(30))
    ]
    learner = Learner()
    learner.add(pages)
    cuts = [(one.line, one.action) for one in learner.learn(0).lines if one.action != "drop"]
    assert cuts == [("seen and heard", "strip_prefix")]


def test_one_source_needs_fewer_stories_than_the_corpus() -> None:
    pages = [
        ("\n".join([*paragraphs(seed), "Printed on the isle of Brannoch"]), "isle", "") for seed in range(2)
    ]
    pages += [("\n".join(paragraphs(seed)), f"site{seed % SITES}", "") for seed in range(2, 30)]
    assert {one.line for one in learner_of(pages).learn(0).lines} == {"printed on the isle of brannoch"}
    assert not learner_of([(text, "", place) for text, _, place in pages]).learn(0).lines
