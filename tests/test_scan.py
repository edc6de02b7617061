"""Scanning JSON: the kernel against plain Python, plain Python against Python's json."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import _kernel
from dedup.errors import InternalError
from dedup.model import I64, Buffer, Scan
from dedup.reference import record, scan

TEXT_FIELDS = [["text"], ["title", "text"], ["a.b"], ["text", "a.b", "text"], ["a.b.c", "a"]]
FIELDS = ["id", "a", "a.b", "a.b.c", "", "x\ufffd"]


def plain(result: Scan) -> object:
    """A scan as nested tuples and lists, to be compared with `==`."""
    columns = [(texts(c.texts.data, c.texts.offsets), c.valid.tolist()) for c in result.columns]
    spans = [a.tolist() for a in (result.starts, result.ends, result.lines)]
    lifted = texts(result.texts.data, result.texts.offsets)
    return lifted, columns, spans, result.repaired, result.skipped, result.line_count


def plain_kernel(result: _kernel.ScanArrays) -> object:
    lifted, columns, starts, ends, lines, repaired, skipped, line_count = result
    for array in (lifted[1], starts, ends, lines, *(texts[1] for texts, _ in columns)):
        assert array.dtype == np.int64
    assert all(valid.dtype == np.bool_ for _, valid in columns)
    spans = [a.tolist() for a in (starts, ends, lines)]
    return (
        texts(*lifted),
        [(texts(*t), valid.tolist()) for t, valid in columns],
        spans,
        repaired,
        skipped,
        line_count,
    )


def texts(data: Buffer, offsets: I64) -> tuple[bytes, list[int]]:
    return bytes(memoryview(data)), offsets.tolist()


def check(data: bytes, text_fields: list[str] | None = None, fields: list[str] | None = None) -> Scan:
    """Scan with both engines, compare, and return the reference's scan."""
    text_fields, fields = text_fields or ["text"], FIELDS if fields is None else fields
    expected = scan.scan(data, 0, len(data), text_fields, fields)
    assert plain_kernel(_kernel.scan(data, 0, len(data), text_fields, fields)) == plain(expected)
    return expected


keys = st.sampled_from(
    ["text", "title", "id", "a", "b", "c", "a.b", "a.b.c", "", "x\ufffd", "x\udfff"]
) | st.text(max_size=3)
characters = st.characters(codec=None, exclude_categories=()) | st.sampled_from(
    '"\\/\x00\x1f\x7f\n\ud83d\ude00\u2028\ufeff'
)
strings = st.text(characters, max_size=40)
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -0.0, 1e999, -1e999])
values = st.recursive(
    st.none() | st.booleans() | numbers | strings,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)


def encode(value: object, choice: random.Random) -> str:
    """JSON as different writers would write it, now and then with duplicate keys."""

    def spaced(text: str) -> str:
        return choice.choice(["", "", " ", "\t "]) + text + choice.choice(["", "", "", "\r"])

    if isinstance(value, dict):
        members = list(value.items())
        if members and choice.random() < 0.3:
            members.append((choice.choice(members)[0], choice.choice(members)[1]))
        inner = ",".join(f"{spaced(encode(k, choice))}:{spaced(encode(v, choice))}" for k, v in members)
        return f"{{{inner or spaced('')}}}"
    if isinstance(value, list):
        return f"[{','.join(spaced(encode(v, choice)) for v in value)}]"
    return json.dumps(value, ensure_ascii=choice.random() < 0.5)


def encoded(value: object) -> st.SearchStrategy[bytes]:
    seeds = st.integers(0, 2**32)
    return seeds.map(lambda seed: encode(value, random.Random(seed)).encode("utf-8", "surrogatepass"))


records = st.dictionaries(keys, values, max_size=6).flatmap(
    lambda value: (
        st.builds(lambda value, text: {**value, "text": text}, st.just(value), strings) | st.just(value)
    )
)
lines = records.flatmap(encoded) | st.sampled_from(
    [b"", b" \t", b"\r", b"[1]", b'"text"', b"nul", b'{"text": "x"} x', b"\xef\xbb\xbf"]
)


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """Some bytes deleted, inserted or replaced."""
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        new = draw(
            st.binary(max_size=3)
            | st.sampled_from([b'"', b"\\", b"{", b"}", b",", b"\n", b"\xe2\x80", b"\\ud800"])
        )
        data = data[:at] + new + data[at + draw(st.integers(0, 3)) :]
    return data


files = st.builds(
    lambda parts, ends, last: b"".join(p + e for p, e in zip(parts, ends, strict=False)) + last,
    st.lists(lines, max_size=4),
    st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=4, max_size=4),
    lines | st.just(b""),
).flatmap(mutated)


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


def one(
    data: bytes, text_fields: list[str] | None = None, fields: list[str] | None = None
) -> tuple[str, Scan]:
    result = check(data, text_fields, fields)
    assert result.skipped == []
    return result.texts.strings()[0], result


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n\r\n", b" \t\n\n \r", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_blank_input_has_no_records(data: bytes) -> None:
    result = check(data)
    assert len(result.texts) == 0
    assert result.skipped == []


def test_byte_order_mark_is_not_part_of_the_first_record() -> None:
    text, result = one(b'\xef\xbb\xbf{"text": "x"}')
    assert (text, result.starts[0], result.repaired) == ("x", 3, 0)
    assert check(b'{"text": "x"}\n\xef\xbb\xbf{"text": "x"}').skipped[0][:2] == (2, "malformed")


def test_line_ends_are_not_part_of_records() -> None:
    data = b'{"text": "a"}\r\n\n{"text": "b"}\n \r\n{"text": "c"}\r'
    result = check(data)
    spans = zip(result.starts, result.ends, strict=True)
    assert [data[a:b] for a, b in spans] == [b'{"text": "a"}', b'{"text": "b"}', b'{"text": "c"}\r']
    assert (result.lines.tolist(), result.line_count) == ([1, 3, 5], 5)


@pytest.mark.parametrize(
    ("written", "text", "repaired"),
    [
        (rb"\u0000\b\f\n\r\t\/\\\"", '\0\b\f\n\r\t/\\"', 0),
        (rb"\ud83d\ude00 \uD83D\uDE00", "\U0001f600 \U0001f600", 0),
        (rb"\ud83d \ude00 \ude00\ud83d", "\ufffd \ufffd \ufffd\ufffd", 1),
        (rb"\ud83d\u0041\ud83d\ud83d\ude00", "\ufffdA\ufffd\U0001f600", 1),
        (rb"\ud83d\n", "\ufffd\n", 1),
        (b"a\xff\xe2\x80b\xed\xa0\x80", "a\ufffd\ufffdb\ufffd\ufffd\ufffd", 1),
        (b"\xe2\x80\\n\xf0\x9f\x98", "\ufffd\n\ufffd", 1),
        (b"\x7f\xc2\x80\xe2\x80\xa8", "\x7f\x80\u2028", 0),
        (rb"\ufffd", "\ufffd", 0),
    ],
)
def test_text_is_unescaped_and_repaired(written: bytes, text: str, repaired: int) -> None:
    for filler in (b"", b"0123456" * 20):
        got, result = one(b'{"text": "' + filler + written + filler + b'"}')
        assert (got, result.repaired) == (filler.decode() + text + filler.decode(), repaired)


def test_repairs_count_once_a_record_wherever_they_are() -> None:
    assert one(b'{"text": "", "\xff": "\xff\\ud800"}')[1].repaired == 1
    assert check(b'{"text": 1, "a": "\xff"}').repaired == 0


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"text": "", "a.b": "key", "a": {"b": "path"}}', "key"),
        (b'{"text": "", "a.b": null, "a": {"b": "path"}}', None),
        (b'{"text": "", "a": {"b": "path"}}', "path"),
        (b'{"text": "", "a": {"b": 1, "b": 2}}', "2"),
        (b'{"text": "", "a": {"b": 1}, "a": {"c": 2}}', None),
        (b'{"text": "", "a": {"b": 1}, "a": 2}', None),
        (b'{"text": "", "a": 2, "\\u0061": {"\\u0062": 1}}', "1"),
        (b'{"text": "", "a": [{"b": 1}]}', None),
        (b'{"text": "", "a": {"b": {"c": 1}}}', None),
        (b'{"text": "", "c": {"a": {"b": 1}}}', None),
        (b'{"text": "", "a": {"b": -0}}', "-0"),
        (b'{"text": "", "a": {"b": 1E+999}}', "1E+999"),
        (b'{"text": "", "a": {"b": ' + b"9" * 5000 + b"}}", "9" * 5000),
        (b'{"text": "", "a": {"b": -Infinity}}', "-Infinity"),
        (b'{"text": "", "a": {"b": true}}', "true"),
    ],
)
def test_fields_by_key_then_by_path(data: bytes, value: str | None) -> None:
    column = one(data, fields=["a.b"])[1].columns[0]
    assert (column.texts.strings()[0], bool(column.valid[0])) == (value or "", value is not None)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'{"title": "a", "text": "b"}', "a\nb"),
        (b'{"text": "b"}', "\nb"),
        (b'{"title": "a", "text": null}', "a\n"),
        (b'{"title": "", "text": ""}', "\n"),
    ],
)
def test_several_text_fields_are_joined(data: bytes, text: str) -> None:
    assert one(data, ["title", "text"])[0] == text


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"{}", "no_text", 'no field "text"; the record has no fields'),
        (b'{"b": 1, "a": 2, "\\u0062": 3}', "no_text", 'no field "text"; the record has "b", "a"'),
        (b'{"\\n\xff": 1}', "no_text", 'no field "text"; the record has "\\n\ufffd"'),
        (b'{"text": null}', "text_not_string", 'the field "text" is null, not a string'),
        (b'{"text": NaN}', "text_not_string", 'the field "text" is a number, not a string'),
        (b'{"text": false}', "text_not_string", 'the field "text" is a boolean, not a string'),
        (b'{"text": []}', "text_not_string", 'the field "text" is an array, not a string'),
        (b'{"text": {"text": "x"}}', "text_not_string", 'the field "text" is an object, not a string'),
        (b"[]", "malformed", "expected an object at byte 1"),
        (b'{"text": "x', "malformed", "unterminated string at byte 10"),
        (b'{"text": "x"', "malformed", "expected ',' or '}' at byte 13"),
        (b'{"text": "\x00"}', "malformed", "control character in a string at byte 11"),
        (b'{"text": "a\\x"}', "malformed", "invalid escape at byte 12"),
        (b'{"text": "\\u12g4"}', "malformed", "invalid escape at byte 11"),
        (b'{"text": "", }', "malformed", "expected a key at byte 14"),
        (b'{"text": "" "a"}', "malformed", "expected ',' or '}' at byte 13"),
        (b'{"text" "a"}', "malformed", "expected ':' at byte 9"),
        (b'{"a": [1, ]}', "malformed", "expected a value at byte 11"),
        (b'{"a": [1 2]}', "malformed", "expected ',' or ']' at byte 10"),
        (b'{"a": 01}', "malformed", "expected ',' or '}' at byte 8"),
        (b'{"a": 1.}', "malformed", "expected ',' or '}' at byte 8"),
        (b'{"a": +1}', "malformed", "expected a value at byte 7"),
        (b'{"a": -NaN}', "malformed", "expected a value at byte 7"),
        (b'{"text": "x"}\x00', "malformed", "unexpected text after the record at byte 14"),
    ],
)
def test_unusable_records_say_why(data: bytes, reason: str, detail: str) -> None:
    result = check(b'{"text": "first"}\n' + data + b'\n{"text": "last"}')
    assert result.texts.strings() == ["first", "last"]
    assert result.skipped == [(2, reason, detail)]


def test_names_in_messages_are_few_and_short() -> None:
    names = json.dumps({f"{i}" * 50: i for i in range(12)}).encode()
    detail = check(names).skipped[0][2]
    assert detail.count('..."') == 10
    assert detail.endswith(", ...")
    assert len(detail) < 600
    several = check(b'{"a": null}', ["x", "y"]).skipped[0]
    assert several == (1, "no_text", 'no field "x", "y"; the record has "a"')
    assert check(b'{"x": null}', ["x", "y"]).skipped[0][1] == "text_not_string"
    assert check(b'{"x": "", "y": 1}', ["x", "y"]).skipped[0][1] == "text_not_string"


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
    lifted, _, _, _, numbers, _, skipped, count = _kernel.scan_spans(data, *spans, ["text"], [])
    assert (bytes(lifted[0]), numbers.tolist(), count) == (b"ad", [1, 4], 4)
    assert [(number, reason) for number, reason, _ in skipped] == [(2, "malformed"), (3, "malformed")]
