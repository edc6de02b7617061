"""Documents that are kept by how they differ from another have the sets, and the matches, that reading them gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.config import UNITS, Settings
from dedup.deltas import Deltas
from dedup.index.lookup import some
from dedup.memory import BASE, Memory
from dedup.model import Texts
from dedup.native import Native
from dedup.reference import Reference
from tests.test_engines import run_matcher, same

PLAIN = Settings(strip=False)


@st.composite
def variants(draw: st.DrawFn) -> list[str]:
    """Up to 40 texts of up to 4 stories: words of a story replaced, added, taken out or said twice."""
    stories = [[f"s{story}w{i}" for i in range(draw(st.integers(1, 80)))] for story in range(4)]
    corpus = []
    for _ in range(draw(st.integers(3, 40))):
        tokens = list(stories[draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3]))])
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(tokens) - 1))
            words = draw(st.sampled_from([[], ["other"], [tokens[at], "more"], tokens[at : at + 20] * 2]))
            tokens[at : at + draw(st.integers(0, 2))] = words
            tokens = tokens or ["rest"]
        corpus.append(" ".join(tokens))
    return corpus


def sets(engine: Native, texts: Texts) -> list[set[int]]:
    """The shingle hashes of each text."""
    shingles = engine.shingle(engine.tokenize(texts), engine.settings.shingle_size)
    return [set(part.tolist()) for part in np.split(shingles.hashes, shingles.offsets[1:-1])]


def check_rows(engine: Native, texts: Texts) -> int:
    """Hold what is noted of a batch against its sets; returns of how many documents there is something."""
    deltas = engine.sketch(texts).deltas
    assert deltas is not None
    rows, hashes = deltas
    assert (np.diff(rows[:, 0]) > 0).all()
    found = sets(engine, texts)
    parts = np.split(hashes, rows[1:, 2]) if len(rows) else []
    for (document, anchor, _, lacking), part in zip(rows.tolist(), parts, strict=True):
        lacked, more = part[:lacking].tolist(), part[lacking:].tolist()
        assert sorted(lacked) == lacked
        assert sorted(more) == more
        assert lacked == sorted(found[anchor] - found[document])
        assert more == sorted(found[document] - found[anchor])
    return len(rows)


@given(variants(), st.sampled_from(UNITS), st.sampled_from([1, 5]))
@settings(max_examples=25)
def test_what_is_noted_is_exact(corpus: list[str], unit: str, size: int) -> None:
    chosen = Settings(strip=False, shingle_unit=unit, shingle_size=size)
    check_rows(Native(chosen), Texts.from_strings(corpus))


@given(variants(), st.sampled_from([1, 32, 40, 128, 256]))
@settings(max_examples=25)
def test_sketches_are_those_of_the_reference(corpus: list[str], num_perm: int) -> None:
    chosen, texts = Settings(strip=False, num_perm=num_perm, bands=1, rows=1), Texts.from_strings(corpus)
    same(Native(chosen).sketch(texts), Reference(chosen).sketch(texts))


@given(variants(), st.data())
@settings(max_examples=25)
def test_matches_are_those_of_the_reference(corpus: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(corpus))))
    how = {"pairs": data.draw(st.booleans()), "links": data.draw(st.booleans())}
    chosen = Settings(strip=False, threshold=data.draw(st.sampled_from([0.2, 0.8, 1.0])))
    expected = run_matcher(Reference(chosen), corpus, order, cuts=1, **how)
    for threads, cuts in ((1, 3), (2, 1)):
        same(run_matcher(Native(chosen, threads=threads), corpus, order, cuts=cuts, **how), expected)


def stories(count: int) -> list[str]:
    """Two stories with one word made another, beside texts of their own, as long as an article."""
    generator = np.random.default_rng(5)
    corpus = []
    for i in range(count):
        words = [f"w{w}" for w in np.random.default_rng(i % 3 if i % 3 < 2 else i).integers(0, 9999, 300)]
        words[generator.integers(len(words))] = f"variant{i}"
        corpus.append(" ".join(words))
    return corpus


def test_nearly_all_variants_are_kept_by_what_differs() -> None:
    corpus = stories(600)
    for threads in (1, 2):
        # Each thread begins with two of each story, and now and then a variant resembles none.
        noted = check_rows(Native(PLAIN, threads=threads), Texts.from_strings(corpus))
        assert 380 <= noted <= 400 - 4


@pytest.mark.parametrize("backwards", [False, True])
def test_results_are_the_same_with_and_without(backwards: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = stories(600)
    order = list(range(len(corpus)))[:: -1 if backwards else 1]
    with monkeypatch.context() as patched:
        patched.setattr("dedup.deltas.Deltas.add", lambda *_: None)
        expected = run_matcher(Native(PLAIN), corpus, order, pairs=False, links=True, cuts=7)
    assert np.count_nonzero(expected.relation) == 398
    for threads in (1, 2):
        found = run_matcher(Native(PLAIN, threads=threads), corpus, order, pairs=False, links=True, cuts=7)
        same(found, expected)


def test_some_of_a_batch_have_nothing_noted() -> None:
    sketches = Native(PLAIN).sketch(Texts.from_strings(stories(30)))
    assert sketches.deltas is not None
    assert some(sketches, np.arange(3, 30)).deltas is None


def test_the_budget_of_memory_knows_of_them() -> None:
    sketches = Native(PLAIN).sketch(Texts.from_strings(stories(60)))
    assert sketches.deltas is not None
    memory = Memory(BASE + 1000 + 2 * sum(part.nbytes for part in sketches.deltas))
    deltas, spilling = Deltas(memory), []
    for _ in range(4):
        deltas.add(sketches)
        memory.expect(1000)
        spilling.append(memory.spilling)
    assert spilling == [False, False, True, True]
    rows, hashes = deltas.whole()
    assert (np.diff(rows[:, 0]) > 0).all()
    assert 180 < rows[-1, 0] < 240
    assert rows[-1, 2] < len(hashes) == 4 * len(sketches.deltas[1])


def test_variants_are_signed_as_by_the_reference() -> None:
    texts = Texts.from_strings(stories(150))
    same(Native(PLAIN).sketch(texts), Reference(PLAIN).sketch(texts))
