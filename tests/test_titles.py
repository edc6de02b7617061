"""Titles of the largest clusters: read from any record that the run took, harmless on a terminal."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dedup.config import Settings
from dedup.model import Form, Segment
from dedup.native import Native
from dedup.reference import Reference
from dedup.stages import Stages
from dedup.titles import LONGEST, title

PLAIN = Settings(strip=False)


def segment(*documents: bytes, form: Form = Form.RECORD) -> Segment:
    lengths = np.array([len(document) for document in documents], np.int64)
    ends = np.cumsum(lengths)
    return Segment(b"".join(documents), form, ends - lengths, ends)


@pytest.mark.parametrize("engine", [Native(PLAIN), Reference(PLAIN)], ids=["native", "reference"])
@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (b'{"title": "Quay opens", "text": "A body"}', "Quay opens"),
        (b'{"title": " ", "text": "\\n\\n First line \\nSecond"}', "First line"),
        (b'{"text": "A body", "title": null}', "A body"),
        (b'{"text": "A body", "deep": %s%s}' % (b"[" * 2000, b"]" * 2000), "A body"),
        (b'{"text": "A body", "long": %s}' % (b"9" * 6000), "A body"),
        (b'{"text": "A \\u001b[31mred\\u0007 b\\u00a0ody"}', "A [31mred b ody"),
        (b'{"text": "caf\xff"}', "caf\ufffd"),
        (b'{"text": "%s"}' % (b"x" * 200), "x" * (LONGEST - 1) + "\u2026"),
        (b'{"text": ""}', ""),
    ],
)
def test_a_record_has_a_title(engine: Stages, record: bytes, expected: str) -> None:
    other = json.dumps({"text": "other"}).encode()
    segments = [segment(), segment(other), segment(other, record, other)]
    assert title(segments, 2, ("text",), engine, False) == expected


def test_several_fields_and_texts_without_boilerplate() -> None:
    record = segment(b'{"head": {"line": ""}, "body": "Skip to main content\\nA ferry sank."}')
    engine = Native(Settings())
    assert title([record], 0, ("head.line", "body"), engine, False) == "Skip to main content"
    text = segment(b"\n A ferry sank. \nMore", form=Form.TEXT)
    assert title([text], 0, ("text",), engine, True) == "A ferry sank."
