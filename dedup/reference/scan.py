"""Scanning JSON records in plain Python: a buffer in, a `Scan` or spans out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from dedup.model import I64, Buffer, Column, Scan, Texts
from dedup.reference.record import SPACE, UnusableError, as_text, look_up, parse, text_of

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def scan(data: Buffer, start: int, end: int, text_fields: Sequence[str], fields: Sequence[str]) -> Scan:
    """Scan the JSON lines of `data[start:end]`; see `Stages.scan`.

    A byte order mark at the very start of `data` is not part of the first record. Blank lines are counted, but are
    no records.
    """
    text = bytes(memoryview(data)[:end])
    if start == 0 and text.startswith(BYTE_ORDER_MARK):
        start = len(BYTE_ORDER_MARK)
    spans = list(lines(text, start))
    records = [(i, a, b) for i, (a, b) in enumerate(spans, 1) if text[a:b].strip(SPACE)]
    return _scan(text, records, len(spans), text_fields, fields)


def scan_spans(
    data: Buffer, starts: I64, ends: I64, text_fields: Sequence[str], fields: Sequence[str]
) -> Scan:
    """Scan the records `data[starts[i]:ends[i]]`, which get the line numbers 1, 2, ..."""
    records = [(i, a, b) for i, (a, b) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True), 1)]
    return _scan(bytes(memoryview(data)), records, len(records), text_fields, fields)


def split_array(data: Buffer) -> tuple[I64, I64]:
    """Starts and ends, int64[n] each, of the elements of the JSON array `data`.

    Brackets have to match and strings to end; what the elements are is left to scanning them. Raises ValueError with
    the byte where `data` stops being one array.
    """
    text = bytes(memoryview(data))
    spans: list[tuple[int, int]] = []
    at = _skip_space(text, len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0)
    if text[at : at + 1] != b"[":
        raise _not_an_array("expected '['", at)
    at = _skip_space(text, at + 1)
    if text[at : at + 1] == b"]":
        at += 1
    else:
        separator = ","
        while separator == ",":
            at = _skip_space(text, at)
            end = _element_end(text, at)
            element = text[at:end].rstrip(SPACE)
            if not element:
                raise _not_an_array("expected a value", at)
            spans.append((at, at + len(element)))
            separator = chr(text[end])
            at = end + 1
    at = _skip_space(text, at)
    if at < len(text):
        raise _not_an_array("unexpected text after the array", at)
    starts, ends = np.array(spans, np.int64).reshape(-1, 2).T.copy()
    return starts, ends


def _element_end(text: bytes, at: int) -> int:
    """The comma or bracket that ends the element at `at`."""
    brackets: list[str] = []
    while at < len(text):
        char = chr(text[at])
        if char == '"':
            string = _STRING.match(text, at)
            if string is None:
                raise _not_an_array("unterminated string", at)
            at = string.end() - 1
        elif char in "[{":
            brackets.append(char)
        elif char in ",]" and not brackets:
            return at
        elif char in "]}" and (brackets.pop() if brackets else "") + char not in ("[]", "{}"):
            raise _not_an_array("unexpected bracket", at)
        at += 1
    raise _not_an_array("unterminated array", at)


def _not_an_array(what: str, at: int) -> ValueError:
    return ValueError(f"{what} at byte {at + 1}")


def _skip_space(text: bytes, at: int) -> int:
    while text[at : at + 1] and text[at] in SPACE:
        at += 1
    return at


def lines(text: bytes, start: int) -> Iterator[tuple[int, int]]:
    """The spans of the lines of `text[start:]`, without line ends."""
    while (feed := text.find(b"\n", start)) >= 0:
        yield start, feed - text[start:feed].endswith(b"\r")
        start = feed + 1
    if start < len(text):
        yield start, len(text)


def _scan(
    text: bytes,
    records: Sequence[tuple[int, int, int]],
    line_count: int,
    text_fields: Sequence[str],
    fields: Sequence[str],
) -> Scan:
    """Scan the records with the given (line, start, end)."""
    if not text_fields:
        raise ValueError("no text field")
    texts: list[str] = []
    columns: list[list[str | None]] = [[] for _ in fields]
    usable: list[tuple[int, int, int]] = []
    skipped: list[tuple[int, str, str]] = []
    repaired_count = 0
    present = [0] * len(text_fields)
    for line, start, end in records:
        try:
            record, repaired = parse(text[start:end])
            texts.append(text_of(record, text_fields))
        except UnusableError as error:
            skipped.append((line, error.reason, error.detail))
            continue
        for column, name in zip(columns, fields, strict=True):
            column.append(as_text(look_up(record, name)))
        for i, name in enumerate(text_fields):
            present[i] += look_up(record, name) is not None
        usable.append((start, end, line))
        repaired_count += repaired
    starts, ends, lines = np.array(usable, np.int64).reshape(-1, 3).T.copy()
    return Scan(
        Texts.from_strings(texts),
        [_column(column) for column in columns],
        starts,
        ends,
        lines,
        repaired_count,
        skipped,
        line_count,
        present,
    )


def _column(values: list[str | None]) -> Column:
    valid = np.array([value is not None for value in values], np.bool_)
    return Column(Texts.from_strings([value or "" for value in values]), valid)
