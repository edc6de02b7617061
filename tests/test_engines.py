"""The kernel is held to the reference engine, stage by stage, bit for bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import _kernel
from dedup.comparable import Comparable
from dedup.config import UNITS, Settings
from dedup.model import Form, Matches, Segment, Shingles, Texts
from dedup.native import Native, array_of
from dedup.permutations import permutations
from dedup.reference import Reference
from dedup.stages import Stages
from tests.strategies import HOSTILE, corpora, texts

PLAIN = Settings(strip=False)


def same(left: object, right: object) -> None:
    """Compare two records of arrays, field by field."""
    for field in dataclasses.fields(left):  # type: ignore[arg-type]
        if not field.compare:
            continue
        a, b = getattr(left, field.name), getattr(right, field.name)
        if field.name == "data":
            a, b = bytes(a), bytes(b)
        if isinstance(b, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=field.name)
            assert a.dtype == b.dtype, field.name
            assert a.shape == b.shape, field.name
        else:
            assert a == b, field.name


@given(st.lists(texts, max_size=8))
@example(["", " ", "a", HOSTILE, HOSTILE[::-1], "\u0301a", "e\u0301", "a" * 200, "日本語のテキスト"])
@example([f"{a}{b}x" for a in HOSTILE for b in HOSTILE[:40]])
@settings(max_examples=300)
def test_tokens_agree(batch: list[str]) -> None:
    given_texts = Texts.from_strings(batch)
    same(Native(PLAIN).tokenize(given_texts), Reference(PLAIN).tokenize(given_texts))


@pytest.mark.parametrize("neighbour", ["", "a", "\u0301", "\u1161", "가", "中"])
def test_every_character_agrees(neighbour: str) -> None:
    """All scalar values below the dense table's end and a sample above, beside characters that join."""
    codes = [
        *range(0xD800),
        *range(0xE000, 0x20100),
        *range(0x2F800, 0x2FA20),
        *range(0xE0000, 0xE0200),
        0x10FFFF,
    ]
    batch = Texts.from_strings([f"{neighbour}{chr(code)}{neighbour}a" for code in codes])
    native, reference = Native(PLAIN).tokenize(batch), Reference(PLAIN).tokenize(batch)
    if bytes(native.data) != bytes(reference.data):
        differing = [
            (hex(code), a, b)
            for code, a, b in zip(codes, native.strings(), reference.strings(), strict=True)
            if a != b
        ]
        pytest.fail(f"{len(differing)} characters differ: {differing[:5]}")


@given(st.binary(max_size=60))
def test_invalid_utf8_counts_as_replacement_characters(raw: bytes) -> None:
    batch = Texts.from_strings([raw, b"a\xff\xfeb", b"\xed\xa0\x80x"])
    same(Native(PLAIN).tokenize(batch), Reference(PLAIN).tokenize(batch))


@given(st.lists(texts, max_size=5), st.integers(1, 12), st.sampled_from(UNITS))
@example(["", "one", "one two three four", "a a a a a a a a a a"], 5, "words")
@example(["", "...", "a", "12345678", "123456789", "a1234 6789 é 中文 x", "ß\u0301 " * 9], 9, "chars")
def test_shingles_agree(batch: list[str], size: int, unit: str) -> None:
    given_texts, chosen = Texts.from_strings(batch), Settings(shingle_unit=unit)
    same(Native(chosen).shingle(given_texts, size), Reference(chosen).shingle(given_texts, size))


@given(
    st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=50), max_size=4),
    st.integers(1, 512),
    st.integers(0, 9),
)
def test_signatures_are_those_of_datasketch(sets: list[list[int]], num_perm: int, seed: int) -> None:
    offsets = np.cumsum([0, *map(len, sets)], dtype=np.int64)
    shingles = Shingles(np.array([h for s in sets for h in s], np.uint64), offsets)
    expected = Reference(PLAIN).sign(shingles, num_perm, seed)
    np.testing.assert_array_equal(Native(PLAIN).sign(shingles, num_perm, seed), expected)


@pytest.mark.parametrize("num_perm", range(1, 513, 7))
def test_every_instruction_set_gives_the_same_bits(num_perm: int) -> None:
    hashes = np.random.default_rng(num_perm).integers(0, 2**64, 300, np.uint64)
    offsets = np.array([0, 0, 1, 100, 300], np.int64)
    expected = Reference(PLAIN).sign(Shingles(hashes, offsets), num_perm, 1)
    for level in _kernel.levels():
        signatures = _kernel.sign(hashes, offsets, *permutations(num_perm, 1), level=level)
        np.testing.assert_array_equal(signatures, expected, err_msg=level)


@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_permutations_are_those_of_numpy(count: int, seed: int) -> None:
    generator = np.random.RandomState(seed)
    a = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = generator.randint(0, 1 << 32, count, dtype=np.uint32)
    for found, expected in zip(permutations(count, seed), (a, b), strict=True):
        assert found.dtype == np.uint32
        np.testing.assert_array_equal(found, expected)


@given(st.integers(1, 40), st.integers(1, 20), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_band_keys_agree(bands: int, rows: int, count: int, seed: int) -> None:
    signatures = np.random.default_rng(seed).integers(0, 2**32, (count, bands * rows + 3), np.uint32)
    expected = Reference(PLAIN).band(signatures, bands, rows)
    np.testing.assert_array_equal(Native(PLAIN).band(signatures, bands, rows), expected)


@given(
    st.lists(texts, max_size=6),
    st.sampled_from(
        [
            Settings(strip=False),
            Settings(shingle_size=2, num_perm=64, strip=False),
            Settings(shingle_size=9, num_perm=64, strip=False, shingle_unit="chars"),
        ]
    ),
)
def test_the_fused_sketch_is_the_stages_in_a_row(batch: list[str], chosen: Settings) -> None:
    given_texts = Texts.from_strings(batch)
    same(Native(chosen).sketch(given_texts), Reference(chosen).sketch(given_texts))


def test_a_document_of_a_megabyte_agrees() -> None:
    words = np.random.default_rng(3).integers(0, 5000, 115_000)
    batch = Texts.from_strings([" ".join(f"word{w}" for w in words), "é" * 500_000, HOSTILE * 300])
    same(Native(PLAIN).sketch(batch), Reference(PLAIN).sketch(batch))


@given(
    st.lists(st.lists(st.integers(0, 60) | st.integers(0, 2**64 - 1), max_size=150), min_size=1, max_size=6),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)
@example([list(range(200)), list(range(100, 300)), [7] * 100], 0.3)
def test_sets_and_similarities_are_exact(batch: list[list[int]], threshold: float) -> None:
    offsets = np.cumsum([0, *map(len, batch)], dtype=np.int64)
    hashes, bounds = _kernel.unique(np.array([h for some in batch for h in some], np.uint64), offsets)
    sets = [set(some) for some in batch]
    assert np.split(hashes, bounds[1:-1])[0].tolist() == sorted(sets[0])
    assert hashes.tolist() == [h for some in sets for h in sorted(some)]
    pairs = [(i, j) for i in range(len(sets)) for j in range(len(sets)) if sets[i] | sets[j]]
    exact = [len(sets[i] & sets[j]) / len(sets[i] | sets[j]) for i, j in pairs]
    found = _kernel.verify(hashes, bounds, np.array(pairs, np.int64).reshape(-1, 2), threshold)
    assert found.tolist() == [similarity if similarity >= threshold else 0.0 for similarity in exact]


def run_matcher(
    engine: Stages,
    batch: list[str],
    order: list[int],
    comparable: Comparable | None = None,
    *,
    pairs: bool,
    links: bool,
    cuts: int,
) -> Matches:
    """Match a corpus that arrives in `cuts` batches."""
    matcher = engine.matcher(pairs=pairs, links=links)
    segments = []
    for part in np.array_split(np.arange(len(batch)), cuts):
        given_texts = Texts.from_strings([batch[i] for i in part])
        matcher.add(engine.sketch(given_texts))
        starts, ends = given_texts.offsets[:-1], given_texts.offsets[1:]
        segments.append(Segment(given_texts.data, Form.TEXT, starts, ends))
    matcher.start(np.array(order, np.int64), segments, comparable)
    decided = 0
    while decided < len(batch):
        decided = matcher.advance(3)
    return matcher.result()


@given(corpora(), st.data())
@settings(max_examples=150)
def test_matching_agrees(batch: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(batch))))
    pairs, links = data.draw(st.booleans()), data.draw(st.booleans())
    chosen = Settings(
        shingle_size=data.draw(st.sampled_from([1, 2, 5])),
        threshold=data.draw(st.sampled_from([0.2, 0.5, 0.8, 1.0])),
        strip=False,
        shingle_unit=data.draw(st.sampled_from(UNITS)),
    )
    expected = run_matcher(Reference(chosen), batch, order, pairs=pairs, links=links, cuts=1)
    for threads, cuts in ((1, 3), (2, 1)):
        native = Native(chosen, threads=threads)
        same(run_matcher(native, batch, order, pairs=pairs, links=links, cuts=cuts), expected)


def test_matching_agrees_across_blocks() -> None:
    """More documents than one block decides at once, with shared templates and few words."""
    generator = np.random.default_rng(11)
    stories = [[f"w{w}" for w in generator.integers(0, 400, 60)] for _ in range(150)]
    batch = []
    for _ in range(900):
        tokens = list(stories[generator.integers(len(stories))])
        for at in generator.integers(0, 60, generator.integers(0, 12)):
            tokens[at] = f"w{generator.integers(400)}"
        batch.append(" ".join(tokens))
    order = generator.permutation(len(batch)).tolist()
    for pairs in (False, True):
        expected = run_matcher(Reference(PLAIN), batch, order, pairs=pairs, links=True, cuts=1)
        assert (expected.relation == 2).any()
        for threads in (1, 2, 3):
            native = Native(PLAIN, threads=threads)
            same(run_matcher(native, batch, order, pairs=pairs, links=True, cuts=2), expected)


def test_matching_agrees_on_pages_of_one_template() -> None:
    """Each is a candidate of most others, a little above or below the threshold: bitmaps turn most of them away."""
    generator = np.random.default_rng(12)
    template = [f"t{i}" for i in range(150)]
    batch = []
    for page in range(120):
        own = [f"p{page if page % 3 else 0}w{i}" for i in range(int(generator.integers(60, 110)))]
        batch.append(" ".join([*template[:75], *own, *template[75:]]))
    for pairs in (False, True):
        expected = run_matcher(
            Reference(PLAIN), batch, list(range(len(batch))), pairs=pairs, links=True, cuts=1
        )
        assert expected.counts["verified"] > 8 * len(batch)
        assert len(set(expected.representative.tolist())) > 20
        for threads in (1, 2):
            found = run_matcher(
                Native(PLAIN, threads=threads),
                batch,
                list(range(len(batch))),
                pairs=pairs,
                links=True,
                cuts=1,
            )
            same(found, expected)


def test_buffers_of_any_kind_are_taken() -> None:
    for data in (b"abc", bytearray(b"abc"), memoryview(b"abc"), np.frombuffer(b"abc", np.uint8)):
        assert array_of(data).tobytes() == b"abc"
    assert len(array_of(b"")) == 0


def test_wrong_offsets_are_refused() -> None:
    with pytest.raises(ValueError, match="offsets"):
        _kernel.tokenize(array_of(b"abc"), np.array([0, 9], np.int64))
    with pytest.raises(ValueError, match="offsets"):
        _kernel.tokenize(array_of(b"abc"), np.array([2, 1], np.int64))


def test_a_matcher_gives_its_outcome_once() -> None:
    engine = Native(PLAIN)
    batch = Texts.from_strings(["one two three four five six", "seven eight nine ten eleven"])
    matcher = engine.matcher()
    matcher.add(engine.sketch(batch))
    with pytest.raises(ValueError, match="not every document is decided"):
        matcher.result()
    matcher.start(np.arange(2), [Segment(batch.data, Form.TEXT, batch.offsets[:-1], batch.offsets[1:])])
    assert matcher.advance(1) == 1
    with pytest.raises(ValueError, match="not every document is decided"):
        matcher.result()
    assert matcher.advance(9) == 2
    assert matcher.result().representative.tolist() == [0, 1]
    with pytest.raises(ValueError, match="not every document is decided"):
        matcher.result()
