"""CSV and TSV out again: kept rows byte for byte below the header as it came, or all rows with more columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from dedup import native
from dedup.errors import InputError
from dedup.model import Mask, Texts
from dedup.readers.delimited import Delimited
from dedup.writers.rewrite import Rewrite
from dedup.writers.spans import encoded, write_original_lines
from dedup.writers.tags import PREFIX, tag_names


def write_selected(rewrite: Rewrite[Delimited], keep: Mask) -> None:
    """Write the header and the kept rows; see `records.write_selected`."""
    source, file = rewrite.source, rewrite.source.file
    with rewrite.output() as stream:
        if file.encoding != "utf-8":
            write_original_lines(stream, file, source.header_end, source.starts, source.ends, keep)
            return
        data = file.content()
        header, end = _header(source)
        stream.write(header + end)
        first = 0
        for starts, ends in zip(source.starts, source.ends, strict=True):
            last = first + len(starts)
            stream.write(native.select(data, starts, ends, keep[first:last]).data)
            first = last


def write_annotated(rewrite: Rewrite[Delimited], tags: Texts) -> None:
    """Write all usable rows with `dedup_*` columns at their end; see `records.write_annotated`."""
    source = rewrite.source
    names = tag_names(tags)
    header, end = _header(source)
    if PREFIX + names[0] in source.columns:
        raise InputError(
            f"{source.path} has columns {PREFIX}... already",
            "give the file without them, as it was before --annotate",
        )
    with rewrite.output() as raw:
        stream = encoded(raw, source.file)
        if header:
            stream.write(header + _fields(source, [PREFIX + name for name in names]) + end)
        for i, row in enumerate(_rows(source)):
            tag = json.loads(tags.bytes_at(i))
            stream.write(row + _fields(source, [_value(tag[name]) for name in names]) + end)


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


def _fields(source: Delimited, values: list[str]) -> bytes:
    """Fields to append to a row, each with the delimiter before it."""
    text = io.StringIO()
    csv.writer(text, delimiter=source.delimiter, lineterminator="").writerow(["", *values])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _value(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
