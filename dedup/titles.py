"""Titles of single documents, for people: read again from where the document lies."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dedup.model import Form, Segment, Texts
from dedup.stages import Stages

LONGEST = 80
"""Characters of a title that are shown."""


def title(
    segments: Sequence[Segment], position: int, text_fields: Sequence[str], stages: Stages | None = None
) -> str:
    """The title field of a record, or else the first line of the text that is not blank; at most `LONGEST` characters.

    Args:
        segments: Where the documents of the run lie.
        position: The document.
        text_fields: Fields that make up the text of a record.
        stages: The engine that takes boilerplate away first: a skip link is no title. None = leave it.
    """
    for segment in segments:
        if position < len(segment.starts):
            content = bytes(memoryview(segment.data)[segment.starts[position] : segment.ends[position]])
            break
        position -= len(segment.starts)
    text = (
        _from_record(content, text_fields)
        if segment.form is Form.RECORD
        else content.decode("utf-8", "replace")
    )
    if stages is not None:
        text = stages.strip(Texts.from_strings([text])).texts.strings()[0]
    line = next((line.strip() for line in text.split("\n") if line.strip()), "")
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def _from_record(content: bytes, text_fields: Sequence[str]) -> str:
    record = json.loads(content.decode("utf-8", "replace"))
    for name in ("title", *text_fields):
        value = record.get(name)
        if value is None:
            value = record
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str) and value.strip():
            return value
    return ""
