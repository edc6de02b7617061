"""Single JSON records: what is lifted out of them, and why the others cannot be used. Both engines agree."""

from __future__ import annotations

import json

import pytest

from dedup.model import Scan
from tests.json_texts import check


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
        (b'{"text": null}', "no_text", 'the field "text" is null'),
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
    assert check(b'{"x": null}', ["x", "y"]).skipped[0][1:] == ("no_text", 'the field "x" is null')
    assert check(b'{"x": "", "y": 1}', ["x", "y"]).skipped[0][1] == "text_not_string"


def test_text_fields_are_counted_where_records_have_them() -> None:
    data = b'{"a": "x", "c": null}\n{"a": "y", "d": {"e": "z"}}\n{"b": "x"}\n{"c": null}\n{"d": {"e": "x"}}'
    assert check(data, ["a", "b.x", "c", "d.e"]).present == [2, 0, 1, 2]
