"""Scanning JSON: the kernel against plain Python, plain Python against Python's json."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import _kernel
from dedup.errors import InternalError
from dedup.model import Buffer
from dedup.reference import record, scan
from tests.json_texts import TEXT_FIELDS, check, encoded, files, lines, mutated, plain, plain_kernel, records


@settings(max_examples=200, deadline=None)
@given(files, st.sampled_from(TEXT_FIELDS))
@example(b'\xef\xbb\xbf{"text": "x"}', ["text"])
def test_kernel_scans_as_the_reference(data: bytes, text_fields: list[str]) -> None:
    check(data, text_fields)


@settings(max_examples=50, deadline=None)
@given(files, st.data())
def test_any_range_of_lines_scans_alike(data: bytes, choice: st.DataObject) -> None:
    """Scanning a file in pieces gives the pieces of the whole."""
    cut = choice.draw(st.sampled_from([0, len(data), *(i + 1 for i, byte in enumerate(data) if byte == 10)]))
    whole = scan.scan(data, 0, len(data), ["text"], ["id"])
    first, second = (_kernel.scan(data, a, b, ["text"], ["id"]) for a, b in ((0, cut), (cut, len(data))))
    assert [*first[2], *second[2]] == whole.starts.tolist()
    assert [*first[4], *(second[4] + first[7])] == whole.lines.tolist()
    assert first[7] + second[7] == whole.line_count


@settings(max_examples=150, deadline=None)
@given(lines.flatmap(mutated))
def test_reference_accepts_what_python_accepts(data: bytes) -> None:
    try:
        values, _ = record.parse(data)
    except record.UnusableError:
        values = None
    try:
        expected = json.loads(
            data.decode("utf-8", "replace"),
            parse_int=record.Scalar,
            parse_float=record.Scalar,
            parse_constant=record.Scalar,
        )
    except json.JSONDecodeError:
        expected = None
    assert values == (simplified(expected) if isinstance(expected, dict) else None)


def simplified(value: object) -> object:
    """A value of Python's json as `record.parse` gives it."""
    match value:
        case dict():
            return {simplified(k): simplified(v) for k, v in value.items()}
        case list():
            return [simplified(v) for v in value]
        case str():
            return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
        case None | bool():
            return record.Scalar(json.dumps(value))
        case _:
            return value


@settings(max_examples=200, deadline=None)
@given(records.flatmap(encoded), st.sampled_from(TEXT_FIELDS))
def test_lift_gives_the_text_of_the_scan(data: bytes, text_fields: list[str]) -> None:
    result = scan.scan_spans(data, np.array([0]), np.array([len(data)]), text_fields, [])
    if len(result.texts):
        assert record.lift(data, text_fields).encode() == result.texts.bytes_at(0)


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_nesting_has_a_limit_but_costs_no_stack(bracket: bytes) -> None:
    closer = b"]" if bracket == b"[" else b"}"
    for depth in (record.MAX_DEPTH - 1, record.MAX_DEPTH, 200_000):
        data = b'{"text": "x", "a": ' + bracket * depth + b"1" + closer * depth + b"}"
        skipped = check(data, fields=["id"]).skipped
        assert [detail.split(" at ")[0] for _, _, detail in skipped] == ["nested too deep"] * (
            depth >= record.MAX_DEPTH
        )


def test_long_lines_and_many_parts() -> None:
    long = json.dumps({"text": "wörd\n" * 400_000, "id": 1}, ensure_ascii=False).encode()
    many = b"\n".join(b'{"id": %d, "text": "%s"}' % (i, b"x" * (i % 700)) for i in range(4000))
    result = check(many + b"\n" + long + b"\n\n{" + b"\n" + many)
    assert len(result.texts) == 8001
    assert result.skipped == [(4003, "malformed", "expected a key at byte 2")]


@pytest.mark.parametrize(
    "buffer", [bytes, bytearray, memoryview, pa.py_buffer, lambda b: np.frombuffer(b, np.uint8)]
)
def test_any_buffer_will_do(buffer: Callable[[bytes], Buffer]) -> None:
    for data in (b"", b'{"text": "x"}'):
        assert plain_kernel(_kernel.scan(buffer(data), 0, len(data), ["text"], [])) == plain(
            check(data, fields=[])
        )


def test_any_number_of_threads_gives_the_same() -> None:
    data = b"\n".join(b'{"id": %d, "text": "%s"}' % (i, b"\\n\xff" * (i % 700)) for i in range(2000))
    try:
        for threads in (1, 2, 5):
            _kernel.set_threads(threads)
            check(data)
    finally:
        _kernel.set_threads(0)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="no text field"):
        _kernel.scan(b"", 0, 0, [], [])
    with pytest.raises(ValueError, match="no range"):
        _kernel.scan(b"abc", 2, 4, ["text"], [])
    with pytest.raises(InternalError, match="kernel failed"):
        _kernel.scan_spans(b"abc", np.array([2]), np.array([9]), ["text"], [])
    with pytest.raises(ValueError, match="contiguous"):
        _kernel.scan(memoryview(b"abcdef")[::2], 0, 3, ["text"], [])
