"""JSON arrays out again: an array of the kept elements byte for byte, or of all elements with a tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dedup import native
from dedup.model import Buffer, Mask, Segment, Texts
from dedup.readers.json_array import JsonArray
from dedup.writers.jsonl import numbered
from dedup.writers.output import OutputDirectory
from dedup.writers.spans import compressed_output, encoded


def write_selected(
    source: JsonArray, keep: Mask, segments: Sequence[Segment], out: OutputDirectory, folder: str
) -> None:
    """Write an array of the kept elements; see `records.write_selected`."""
    elements = (
        memoryview(segment.data)[segment.starts[i] : segment.ends[i]]
        for segment, first, last in numbered(segments)
        for i in np.flatnonzero(keep[first:last]).tolist()
    )
    _write(source, elements, out, folder)


def write_annotated(
    source: JsonArray, segments: Sequence[Segment], tags: Texts, out: OutputDirectory, folder: str
) -> None:
    """Write an array of all elements with a last member `"dedup"`; see `records.write_annotated`."""
    _write(source, _annotated(segments, tags), out, folder)


def _annotated(segments: Sequence[Segment], tags: Texts) -> Iterator[Buffer]:
    for segment, first, _ in numbered(segments):
        for i in range(len(segment.starts)):
            part = (tags.data, tags.offsets[first + i : first + i + 2])
            lines = native.annotate(segment.data, segment.starts[i : i + 1], segment.ends[i : i + 1], part)
            yield lines.tobytes().rstrip(b"\r\n")


def _write(source: JsonArray, elements: Iterable[Buffer], out: OutputDirectory, folder: str) -> None:
    with compressed_output(out, folder, source.relative, source.file) as raw:
        stream = encoded(raw, source.file)
        separator = b"[\n"
        for element in elements:
            stream.write(separator)
            stream.write(element)
            separator = b",\n"
        stream.write(b"[]\n" if separator == b"[\n" else b"\n]\n")
