"""The kernel observes and counts as the reference does, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.config import Settings
from dedup.model import Texts
from dedup.native import Native
from dedup.observations import NO_STORY, ROW, SLOTS, Rows
from dedup.reference import Reference
from tests.strip_texts import BODY, lines, noise
from tests.strip_texts import texts as stripping_texts

NATIVE, REFERENCE = Native(Settings()), Reference(Settings())

marks = st.sampled_from(
    [
        " - ",
        ": ",
        " | ",
        ":",
        "(",
        ")",
        ") ",
        " (",
        " [",
        "]",
        "【",
        "】",
        " · ",
        " » ",
        " > ",
        " – ",
        "：",
        " ",
        "7",
    ]
)
words = st.sampled_from(
    ["news", "Reuters", "(AP)", "photo credit", "example", "漢字", "é", "12", ":", "-", "⌄"]
)
cut_lines = st.lists(st.one_of(words, marks, noise), max_size=16).map("".join)
texts = st.one_of(
    stripping_texts,
    st.lists(st.one_of(cut_lines, lines, st.sampled_from(BODY)), max_size=14).map("\n".join),
    st.tuples(cut_lines, st.sampled_from(BODY), cut_lines).map("".join),
)


def sorted_rows(rows: Rows) -> list[tuple[object, ...]]:
    return sorted((*row[:3], tuple(row[3].tolist()), *row[4:]) for row in rows.tolist())


@settings(max_examples=200)
@given(st.lists(texts, min_size=1, max_size=4), st.integers(0, 2))
@example(["", "\n", "a", ": - x - :", "(a) b", "(" * 90 + ")", "x" * 79 + " - y", "y - " + "x" * 78], 1)
def test_observations(batch: list[str], known: int) -> None:
    packed = Texts.from_strings(batch)
    sources = np.arange(len(batch), dtype=np.uint64) % np.uint64(known + 1)
    places = np.arange(len(batch), dtype=np.uint64) * np.uint64(7)
    native = NATIVE.observer(None).observe(packed, sources, places)
    reference = REFERENCE.observer(None).observe(packed, sources, places)
    assert sorted_rows(native.rows) == sorted_rows(reference.rows)
    given_texts = dict(zip(native.keys.tolist(), native.texts.strings(), strict=True))
    assert given_texts == dict(zip(reference.keys.tolist(), reference.texts.strings(), strict=True))
    assert set(given_texts) == set(native.rows["key"].tolist())


@settings(max_examples=50)
@given(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=3))
def test_the_text_of_what_repeats_is_given(batches: list[list[str]]) -> None:
    native, every = NATIVE.observer(0), NATIVE.observer(None)
    given_texts: set[int] = set()
    seen: list[int] = []
    for batch in batches:
        zeros = np.zeros(len(batch), np.uint64)
        some = native.observe(Texts.from_strings(batch), zeros, zeros)
        given_texts |= set(some.keys.tolist())
        seen += every.observe(Texts.from_strings(batch), zeros, zeros).rows["key"].tolist()
    assert given_texts >= {key for key in seen if seen.count(key) > 1}


story = st.integers(0, 200) | st.just(NO_STORY)
rows = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.integers(0, 5),
        st.tuples(*[story] * SLOTS),
        st.integers(0, 3) | st.just(0xFFFFFFFF),
        st.integers(0, 255),
        st.integers(0, 2),
        st.just(0),
    ),
    max_size=300,
).map(lambda some: np.array(some, ROW))


@settings(max_examples=100)
@given(rows)
def test_counts(some: Rows) -> None:
    native, reference = NATIVE.compact(some), REFERENCE.compact(some)
    np.testing.assert_array_equal(native, reference)
    told, expected = NATIVE.tally(native), REFERENCE.tally(reference)
    for name in expected.__slots__:
        np.testing.assert_array_equal(getattr(told, name), getattr(expected, name), name)


NOTHING = np.array([(1, 0, 0, (NO_STORY,) * SLOTS, 3, 0, 0, 0)], ROW)


@settings(max_examples=60)
@given(rows, rows, rows)
@example(NOTHING[:0], NOTHING[:0], NOTHING)
def test_counts_do_not_depend_on_split_or_order(a: Rows, b: Rows, c: Rows) -> None:
    whole = NATIVE.compact(np.concatenate([a, b, c]))
    np.testing.assert_array_equal(NATIVE.compact(whole), whole)
    parts = NATIVE.compact(np.concatenate([NATIVE.compact(c), NATIVE.compact(np.concatenate([b[::-1], a]))]))
    np.testing.assert_array_equal(parts, whole)


def test_many_stories_are_estimated() -> None:
    generator = np.random.default_rng(5)
    some = np.zeros(20_000, ROW)
    some["stories"] = generator.integers(1, NO_STORY, (20_000, SLOTS), np.uint32)
    some["documents"] = 1
    counts = NATIVE.compact(some)
    told = NATIVE.tally(counts)
    assert len(counts) == 64
    assert told.documents.tolist() == [20_000]
    # Four standard errors of 1 / sqrt(62) each.
    assert abs(int(told.stories[0]) - 20_000) < 4 * 20_000 / 62**0.5
