"""CSV and TSV out again: kept rows byte for byte below the header as it came, or all rows with more columns."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator

from dedup.model import Texts
from dedup.readers.delimited import Delimited
from dedup.writers.rewrite import Rewrite, Selection
from dedup.writers.spans import encoded, write_original_lines, write_stretches
from dedup.writers.tags import PREFIX, tag_names


def write_selected(rewrite: Rewrite[Delimited], keep: Selection) -> None:
    """Write the header and the kept rows; see `records.write_selected`."""
    source, file = rewrite.source, rewrite.source.file
    with rewrite.output() as stream:
        if file.encoding != "utf-8":
            mask = rewrite.chosen(keep, 0, len(rewrite.numbers))
            write_original_lines(stream, file, source.header_end, source.starts, source.ends, mask)
            return
        data = file.content()
        header, end = _header(source)
        stream.write(header + end)
        first = 0
        for starts, ends in zip(source.starts, source.ends, strict=True):
            last = first + len(starts)
            write_stretches(stream, data, starts, ends, rewrite.chosen(keep, first, last))
            first = last


def write_annotated(rewrite: Rewrite[Delimited], tags: Texts) -> None:
    """Write all usable rows with `dedup_*` columns at their end; see `records.write_annotated`.

    Those of an earlier run are replaced; the other fields are then quoted anew, where they have to be.
    """
    source = rewrite.source
    names = tag_names(tags)
    added = [PREFIX + name for name in names]
    others = [i for i, column in enumerate(source.columns) if column not in added]
    header, end = _header(source)
    with rewrite.output() as raw:
        stream = encoded(raw, source.file)
        if header:
            stream.write(_without_tags(source, header, others) + _fields(source, ["", *added]) + end)
        for i, row in enumerate(_rows(source)):
            tag = json.loads(tags.bytes_at(i))
            more = ["", *(_value(tag[name]) for name in names)]
            stream.write(_without_tags(source, row, others) + _fields(source, more) + end)


def _rows(source: Delimited) -> Iterator[bytes]:
    data = source.file.content()
    for starts, ends in zip(source.starts, source.ends, strict=True):
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            yield data[start:end]


def _header(source: Delimited) -> tuple[bytes, bytes]:
    """The header as it came, with its byte order mark, and the file's line end."""
    header = source.file.content()[: source.header_end]
    if not header:
        return b"", b""
    return header.rstrip(b"\r\n"), b"\r\n" if header.endswith(b"\r\n") else b"\n"


def _without_tags(source: Delimited, row: bytes, others: list[int]) -> bytes:
    """A row with the fields `others` only; as it is where these are all."""
    if len(others) == len(source.columns):
        return row
    mark = codecs.BOM_UTF8 if row.startswith(codecs.BOM_UTF8) else b""
    text = row[len(mark) :].decode("utf-8", "surrogateescape")
    (fields,) = csv.reader(io.StringIO(text, newline="\n"), delimiter=source.delimiter)
    return mark + _fields(source, [fields[i] for i in others])


def _fields(source: Delimited, values: list[str]) -> bytes:
    """A row of some fields, or a piece of one."""
    text = io.StringIO()
    csv.writer(text, delimiter=source.delimiter, lineterminator="").writerow(values)
    return text.getvalue().encode("utf-8", "surrogateescape")


def _value(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
