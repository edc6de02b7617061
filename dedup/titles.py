"""Titles of single documents, for people: read again from where the document lies."""

from __future__ import annotations

from collections.abc import Sequence

from dedup.model import Form, Segment, Texts
from dedup.stages import Stages

LONGEST = 80
"""Characters of a title that are shown."""


def title(
    segments: Sequence[Segment], position: int, text_fields: Sequence[str], stages: Stages, strip: bool
) -> str:
    """The title field of a record, or else the first line of the text that is not blank; at most `LONGEST` characters.

    Args:
        segments: Where the documents of the run lie.
        position: The document.
        text_fields: Fields that make up the text of a record.
        stages: The engine that reads the record, so that what was a record to the run is one here.
        strip: Whether boilerplate is taken away first: a skip link is no title.
    """
    for segment in segments:
        if position < len(segment.starts):
            break
        position -= len(segment.starts)
    starts, ends = segment.starts[position : position + 1], segment.ends[position : position + 1]
    if segment.form is Form.RECORD:
        scan = stages.scan_spans(segment.data, starts, ends, text_fields, ("title",))
        texts = [*scan.columns[0].texts.strings(), *scan.texts.strings()]
    else:
        texts = [bytes(memoryview(segment.data)[starts[0] : ends[0]]).decode("utf-8", "replace")]
    text = next((text for text in texts if text.strip()), "")
    if strip:
        text = stages.strip(Texts.from_strings([text])).texts.strings()[0]
    line = printable(next((line for line in text.split("\n") if line.strip()), ""))
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def printable(text: str) -> str:
    """The text on one line, without what would move a terminal's cursor or change its colours."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
