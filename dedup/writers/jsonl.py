"""JSON lines out again: kept records byte for byte, or all records with a tag."""

from __future__ import annotations

import codecs

from dedup import native
from dedup.model import Texts
from dedup.readers.jsonl import JsonLines
from dedup.writers.rewrite import Rewrite, Selection
from dedup.writers.spans import encoded, write_original_lines, write_stretches


def write_selected(rewrite: Rewrite[JsonLines], keep: Selection) -> None:
    """Write the kept lines; see `records.write_selected`."""
    file, segments = rewrite.source.file, rewrite.segments
    with rewrite.output() as stream:
        if file.encoding != "utf-8":
            starts, ends = [s.starts for s in segments], [s.ends for s in segments]
            write_original_lines(stream, file, 0, starts, ends, rewrite.chosen(keep, 0, len(rewrite.numbers)))
            return
        if file.content()[:3] == codecs.BOM_UTF8:
            stream.write(codecs.BOM_UTF8)
        for segment, first, last in rewrite.parts():
            mask = rewrite.chosen(keep, first, last)
            write_stretches(stream, segment.data, segment.starts, segment.ends, mask)


def write_annotated(rewrite: Rewrite[JsonLines], tags: Texts) -> None:
    """Write all lines with a last member `"dedup"`; see `records.write_annotated`."""
    file = rewrite.source.file
    with rewrite.output() as raw:
        stream = encoded(raw, file)
        if file.content()[:3] == codecs.BOM_UTF8:
            stream.write(codecs.BOM_UTF8)
        for segment, first, last in rewrite.parts():
            part = (tags.data, tags.offsets[first : last + 1])
            stream.write(native.annotate(segment.data, segment.starts, segment.ends, part).data)
