"""JSON records of every kind for the tests of scanning, and both engines' scans of them compared."""

from __future__ import annotations

import json
import random

import numpy as np
from hypothesis import strategies as st

from dedup import _kernel
from dedup.model import I64, Buffer, Scan
from dedup.reference import scan

TEXT_FIELDS = [["text"], ["title", "text"], ["a.b"], ["text", "a.b", "text"], ["a.b.c", "a"]]
FIELDS = ["id", "a", "a.b", "a.b.c", "", "x\ufffd"]


def plain(result: Scan) -> object:
    """A scan as nested tuples and lists, to be compared with `==`."""
    columns = [(texts(c.texts.data, c.texts.offsets), c.valid.tolist()) for c in result.columns]
    spans = [a.tolist() for a in (result.starts, result.ends, result.lines)]
    lifted = texts(result.texts.data, result.texts.offsets)
    return lifted, columns, spans, result.repaired, result.skipped, result.line_count, result.present


def plain_kernel(result: _kernel.ScanArrays) -> object:
    lifted, columns, starts, ends, lines, repaired, skipped, line_count, present = result
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
        present,
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
