"""Reading texts of a run again: any documents, in any order, from whatever they lie in."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dedup.config import Settings
from dedup.model import Form, Segment
from dedup.native import Native
from dedup.reading import texts_at

ENGINE = Native(Settings(strip=False))


def segment(form: Form, *documents: bytes) -> Segment:
    lengths = np.array([len(document) for document in documents], np.int64)
    ends = np.cumsum(lengths)
    return Segment(b"".join(documents), form, ends - lengths, ends)


def record(text: str) -> bytes:
    return json.dumps({"body": text}).encode()


SEGMENTS = [
    segment(Form.RECORD, record("zero"), record("one")),
    segment(Form.TEXT),
    segment(Form.TEXT, b"two", b"", b"four"),
    segment(Form.RECORD, record("five")),
]
TEXTS = ["zero", "one", "two", "", "four", "five"]


@pytest.mark.parametrize("positions", [[], [5], [0, 1, 2, 3, 4, 5], [4, 0, 5, 1], [2, 4, 2]])
def test_texts_are_those_of_the_positions(positions: list[int]) -> None:
    found = texts_at(SEGMENTS, np.array(positions, np.int64), ENGINE, ("body",))
    assert found.strings() == [TEXTS[position] for position in positions]
