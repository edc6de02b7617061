"""Splitting a JSON array into its elements: the kernel against plain Python."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import _kernel
from dedup.reference import scan
from tests.json_texts import FIELDS, encoded, mutated, plain, plain_kernel, values

elements = values.flatmap(encoded)


@st.composite
def arrays(draw: st.DrawFn) -> bytes:
    space = lambda: draw(st.sampled_from([b"", b" ", b"\r\n  ", b"\t"]))  # noqa: E731
    inner = b",".join(space() + element + space() for element in draw(st.lists(elements, max_size=5)))
    mark = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    return mark + space() + b"[" + (inner or space()) + b"]" + space()


@settings(max_examples=150, deadline=None)
@given(arrays().flatmap(mutated) | st.text('[]{},"\\ 1', max_size=12).map(str.encode))
def test_kernel_splits_arrays_as_the_reference(data: bytes) -> None:
    try:
        expected = scan.split_array(data)
    except ValueError as error:
        message = f"^{re.escape(str(error))}$"
    else:
        message = ""
    if message:
        with pytest.raises(ValueError, match=message):
            _kernel.split_array(data)
        return
    got = _kernel.split_array(data)
    assert [a.tolist() for a in got] == [a.tolist() for a in expected]
    scanned = _kernel.scan_spans(data, *got, ["text"], FIELDS)
    assert plain_kernel(scanned) == plain(scan.scan_spans(data, *expected, ["text"], FIELDS))


@settings(max_examples=100, deadline=None)
@given(st.lists(values, max_size=5), st.sampled_from([None, 2]))
def test_elements_of_arrays_are_found(items: list[object], indent: int | None) -> None:
    data = json.dumps(items, indent=indent).encode()
    starts, ends = _kernel.split_array(data)
    parsed = [json.loads(data[a:b]) for a, b in zip(starts, ends, strict=True)]
    assert repr(parsed) == repr(json.loads(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected '[' at byte 1"),
        (b'{"text": "x"}', "expected '[' at byte 1"),
        (b"[", "unterminated array at byte 2"),
        (b"[1, ]", "expected a value at byte 5"),
        (b"[{]}]", "unexpected bracket at byte 3"),
        (b'["a]', "unterminated string at byte 2"),
        (b"[1]\n[2]", "unexpected text after the array at byte 5"),
    ],
)
def test_what_is_not_one_array(data: bytes, message: str) -> None:
    for split in (scan.split_array, _kernel.split_array):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            split(data)


def test_an_element_that_is_no_object_is_skipped() -> None:
    data = b'[\n  {"text": "a"},\n  3,\n  {"text": "b" "c"},\n  {\n    "text": "d"\n  }\n]\n'
    spans = _kernel.split_array(data)
    lifted, _, _, _, numbers, _, skipped, count, _ = _kernel.scan_spans(data, *spans, ["text"], [])
    assert (bytes(lifted[0]), numbers.tolist(), count) == (b"ad", [1, 4], 4)
    assert [(number, reason) for number, reason, _ in skipped] == [(2, "malformed"), (3, "malformed")]
