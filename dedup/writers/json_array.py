"""JSON arrays out again: an array of the kept elements byte for byte, or of all elements with a tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from dedup import native
from dedup.model import Buffer, Texts
from dedup.readers.json_array import JsonArray
from dedup.writers.rewrite import Rewrite, Selection
from dedup.writers.spans import encoded


def write_selected(rewrite: Rewrite[JsonArray], keep: Selection) -> None:
    """Write an array of the kept elements; see `records.write_selected`."""
    elements = (
        memoryview(segment.data)[segment.starts[i] : segment.ends[i]]
        for segment, first, last in rewrite.parts()
        for i in np.flatnonzero(rewrite.chosen(keep, first, last)).tolist()
    )
    _write(rewrite, elements)


def write_annotated(rewrite: Rewrite[JsonArray], tags: Texts) -> None:
    """Write an array of all elements with a last member `"dedup"`; see `records.write_annotated`."""
    _write(rewrite, _annotated(rewrite, tags))


def _annotated(rewrite: Rewrite[JsonArray], tags: Texts) -> Iterator[Buffer]:
    for segment, first, _ in rewrite.parts():
        for i in range(len(segment.starts)):
            part = (tags.data, tags.offsets[first + i : first + i + 2])
            lines = native.annotate(segment.data, segment.starts[i : i + 1], segment.ends[i : i + 1], part)
            yield lines.tobytes().rstrip(b"\r\n")


def _write(rewrite: Rewrite[JsonArray], elements: Iterable[Buffer]) -> None:
    with rewrite.output() as raw:
        stream = encoded(raw, rewrite.source.file)
        separator = b"[\n"
        for element in elements:
            stream.write(separator)
            stream.write(element)
            separator = b",\n"
        stream.write(b"[]\n" if separator == b"[\n" else b"\n]\n")
