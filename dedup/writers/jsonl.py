"""JSON lines out again: kept records byte for byte, or all records with a tag."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from dedup import native
from dedup.model import Mask, Segment, Texts
from dedup.readers.jsonl import JsonLines
from dedup.writers.output import OutputDirectory
from dedup.writers.spans import compressed_output, encoded, write_original_lines


def write_selected(
    source: JsonLines, keep: Mask, segments: Sequence[Segment], out: OutputDirectory, folder: str
) -> None:
    """Write the kept lines; see `records.write_selected`."""
    file = source.file
    with compressed_output(out, folder, source.relative, file) as stream:
        if file.encoding != "utf-8":
            starts, ends = [s.starts for s in segments], [s.ends for s in segments]
            write_original_lines(stream, file, 0, starts, ends, keep)
            return
        if file.content()[:3] == codecs.BOM_UTF8:
            stream.write(codecs.BOM_UTF8)
        for segment, first, last in numbered(segments):
            file.check_mapped()
            stream.write(native.select(segment.data, segment.starts, segment.ends, keep[first:last]).data)


def write_annotated(
    source: JsonLines, segments: Sequence[Segment], tags: Texts, out: OutputDirectory, folder: str
) -> None:
    """Write all lines with a last member `"dedup"`; see `records.write_annotated`."""
    with compressed_output(out, folder, source.relative, source.file) as raw:
        stream = encoded(raw, source.file)
        if source.file.content()[:3] == codecs.BOM_UTF8:
            stream.write(codecs.BOM_UTF8)
        for segment, first, last in numbered(segments):
            part = (tags.data, tags.offsets[first : last + 1])
            stream.write(native.annotate(segment.data, segment.starts, segment.ends, part).data)


def numbered(segments: Sequence[Segment]) -> Iterator[tuple[Segment, int, int]]:
    """Each segment with the positions of its first document and of the one after its last."""
    first = 0
    for segment in segments:
        last = first + len(segment.starts)
        yield segment, first, last
        first = last
