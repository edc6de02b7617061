"""Output rows and records: the kernel against plain Python, byte for byte."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import _kernel
from dedup.errors import InternalError
from dedup.model import Texts
from dedup.reference import rows, scan
from dedup.writers.spans import write_stretches

names = (
    st.text(max_size=20).map(lambda s: s.encode("utf-8", "replace"))
    | st.binary(max_size=12)
    | st.text('"\\/\n\r\t\b\f\x00\x1f\x7f\u2028é😀', max_size=60).map(str.encode)
)
fractions = (
    st.floats(0, 1)
    | st.just(math.nan)
    | st.tuples(st.integers(0, 900), st.integers(1, 900)).map(lambda p: min(p) / max(p))
    | st.integers(0, 128).map(lambda n: n / 128)
    | st.integers(0, 2_000_000).map(lambda n: n / 2_000_000)
)


def arrays(texts: Texts) -> _kernel.TextBuffers:
    return texts.data, texts.offsets


@st.composite
def runs(draw: st.DrawFn, n: int) -> tuple[Texts, rows.Locations, rows.Outcome]:
    """Ids, locations and outcome of `n` documents."""
    many = lambda of: draw(st.lists(of, min_size=n, max_size=n))  # noqa: E731
    paths = draw(st.lists(names, min_size=1, max_size=3))
    position = st.integers(0, max(0, n - 1))
    number = st.just(0) | st.integers(1, 2**62)
    relation = np.array(many(st.integers(0, 3)), np.uint8)
    excerpts = None
    if n and draw(st.booleans()):
        excerpts = np.array(many(position | st.just(-1)), np.int64), np.array(many(fractions), np.float64)
    if excerpts is not None:
        excerpts[0][relation == 3] = 0
    return (
        Texts.from_strings(many(names)),
        rows.Locations(
            Texts.from_strings(paths),
            np.array(many(st.integers(0, len(paths) - 1)), np.uint32),
            np.array(many(number), np.int64),
        ),
        rows.Outcome(
            np.array(many(position), np.int64),
            np.array(many(st.integers(1, 2**62)), np.int64),
            relation,
            np.array(many(fractions), np.float64),
            np.array(many(fractions), np.float64),
            excerpts,
            np.array(many(position), np.int64) if draw(st.booleans()) else None,
        ),
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 6).flatmap(runs), st.data())
def test_kernel_writes_rows_as_the_reference(
    run: tuple[Texts, rows.Locations, rows.Outcome], choice: st.DataObject
) -> None:
    ids, locations, outcome = run
    start, stop = sorted(choice.draw(st.tuples(*[st.integers(0, len(ids))] * 2)))
    placed = (*arrays(locations.paths), locations.path, locations.number)
    got = _kernel.cluster_rows(arrays(ids), placed, tuple(outcome), start, stop)
    assert got.tobytes() == rows.cluster_rows(ids, locations, outcome, start, stop)
    tags = Texts(*_kernel.tag_rows(arrays(ids), tuple(outcome), start, stop))
    expected = rows.tag_rows(ids, outcome, start, stop)
    assert bytes(tags.data) == expected.data
    assert tags.offsets.tolist() == expected.offsets.tolist()
    pairs = np.stack([outcome.representative, outcome.representative[::-1]], axis=1)
    got = _kernel.pair_rows(arrays(ids), pairs, *outcome[2:5])
    assert got.tobytes() == rows.pair_rows(ids, pairs, *outcome[2:5])


def test_many_rows_come_in_order() -> None:
    n = 10_000
    ids = Texts.from_strings([f"id {i}" for i in range(n)])
    ones = np.ones(n)
    positions = np.arange(n)
    outcome = rows.Outcome(positions, positions, np.zeros(n, np.uint8), ones, ones, None, None)
    got = _kernel.tag_rows(arrays(ids), tuple(outcome), 1, n)
    assert [json.loads(tag)["cluster_id"] for tag in Texts(*got).strings()] == ids.strings()[1:]


def test_a_row_in_full() -> None:
    ids = Texts.from_strings(["a", 'b"'])
    locations = rows.Locations(Texts.from_strings(["news.jsonl"]), np.zeros(2, np.uint32), np.array([0, 7]))
    outcome = rows.Outcome(
        np.array([0, 0]),
        np.array([2, 2]),
        np.array([0, 2], np.uint8),
        np.array([1, 2 / 3]),
        np.array([1, 3e-5]),
        None,
        None,
    )
    placed = (*arrays(locations.paths), locations.path, locations.number)
    assert _kernel.cluster_rows(arrays(ids), placed, tuple(outcome), 0, 2).tobytes().decode() == (
        '{"id": "a", "cluster_id": "a", "cluster_size": 2, "is_duplicate": false, "duplicate_of": null, '
        '"relation": null, "similarity": 1.0, "containment": 1.0, "location": "news.jsonl"}\n'
        '{"id": "b\\"", "cluster_id": "a", "cluster_size": 2, "is_duplicate": true, "duplicate_of": "a", '
        '"relation": "near", "similarity": 0.666667, "containment": 3e-05, "location": "news.jsonl:7"}\n'
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(fractions | st.floats(0, 1e-4), min_size=1, max_size=20))
@example([n / 128 for n in range(129)])
@example([n / 2_000_000 for n in range(400)])
def test_fractions_are_rounded_as_python_rounds(values: list[float]) -> None:
    n = len(values)
    fraction = np.array(values)
    pairs, relation = np.zeros((n, 2), np.int64), np.full(n, 2, np.uint8)
    written = _kernel.pair_rows((b"x", np.array([0, 1])), pairs, relation, fraction, fraction).tobytes()
    got = [line.split(b'"similarity": ')[1].split(b",")[0].decode() for line in written.splitlines()]
    assert got == ["null" if math.isnan(v) else repr(round(v, 6)) for v in values]


@pytest.mark.parametrize("value", [-0.1, 1.5, math.inf])
def test_what_is_no_fraction_is_a_defect(value: float) -> None:
    with pytest.raises(InternalError, match="not between 0 and 1"):
        _kernel.pair_rows(
            (b"x", np.array([0, 1])),
            np.zeros((1, 2), np.int64),
            np.ones(1, np.uint8),
            np.array([value]),
            np.ones(1),
        )


members = st.dictionaries(
    st.text(max_size=3) | st.just("dedup"),
    st.none() | st.text(max_size=3) | st.sampled_from([{}, {"dedup": [",", '}"'], "a": "dedup"}, "dedup"]),
    max_size=3,
)
json_lines = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "\t"]),
        members.flatmap(
            lambda m: st.sampled_from(
                [
                    json.dumps(m),
                    json.dumps(m, separators=(",", ":")),
                    json.dumps(m, indent=1).replace("\n", "\r"),
                ]
            )
        ),
        st.sampled_from(["", " ", "\r \t"]),
        st.sampled_from(["\n", "\r\n", "\n\n", "\n[]\n"]),
    ).map("".join),
    max_size=5,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(json_lines, st.booleans(), st.data())
@example('{"a": "}"}\r\n{ }\n{"b": {}}', False, None)
def test_records_come_out_as_they_came(text: str, cut: bool, choice: st.DataObject | None) -> None:
    data = (text.rstrip("\r\n") if cut else text).encode()
    records = [(start, end) for start, end in spans(data)]
    starts, ends = np.array(records, np.int64).reshape(-1, 2).T.copy()
    flags = [True] * len(starts) if choice is None else [choice.draw(st.booleans()) for _ in starts]
    keep = np.array(flags, np.bool_)
    out = io.BytesIO()
    write_stretches(out, data, starts, ends, keep)
    got = out.getvalue()
    assert got == rows.select(data, starts, ends, keep)
    if all(flags) and b"\n\n" not in data and b"[]" not in data:
        assert got == data or got == data + b"\n"

    tags = Texts.from_strings([json.dumps({"n": i}) for i in range(len(starts))])
    got = _kernel.annotate(data, starts, ends, arrays(tags)).tobytes()
    assert got == rows.annotate(data, starts, ends, tags)
    for i, (line, (start, end)) in enumerate(zip(got.split(b"\n"), records, strict=False)):
        assert json.loads(line) == {**json.loads(data[start:end]), "dedup": {"n": i}}
        assert [*json.loads(line)][-1] == "dedup"


@settings(max_examples=100, deadline=None)
@given(json_lines)
@example('{"dedup": 1, "a": 2 }\n{"a": 1 , "dedup": 2, "b": 3, "dedup": 4 }\n {"dedup": ",}\\""} \n')
def test_a_second_tag_replaces_the_first(text: str) -> None:
    data = text.encode()
    for tag in ("first", "second", "second"):
        starts, ends = np.array(spans(data), np.int64).reshape(-1, 2).T.copy()
        tags = Texts.from_strings([json.dumps(tag)] * len(starts))
        before, data = data, _kernel.annotate(data, starts, ends, arrays(tags)).tobytes()
        assert data == rows.annotate(before, starts, ends, tags)
        assert data.count(f'"dedup": "{tag}"'.encode()) == len(starts)
    assert data == before


def spans(data: bytes) -> list[tuple[int, int]]:
    """Where the records of some lines lie."""
    return [line for line in scan.lines(data, 0) if data[slice(*line)].strip().startswith(b"{")]


def test_what_is_no_object_cannot_be_annotated() -> None:
    data, tags = b"{}\n[1]", Texts.from_strings(["1", "2"])
    starts, ends = np.array([0, 3]), np.array([2, 6])
    with pytest.raises(ValueError, match="record 1 is not an object"):
        rows.annotate(data, starts, ends, tags)
    with pytest.raises(ValueError, match="record 1 is not an object"):
        _kernel.annotate(data, starts, ends, arrays(tags))
