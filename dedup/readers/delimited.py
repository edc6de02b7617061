"""CSV and TSV: one row a record, quoted fields may span lines, values stay the strings they are.

Where the header does not name the text column, but does so when it is cut at
another usual delimiter, the file is taken to have that one: spreadsheets write
CSV with semicolons where the comma is the decimal point.

Python's own `csv` parses, because it tells exactly which bytes each row came
from: kept rows can leave byte for byte, and a bad row costs only itself.
"""

from __future__ import annotations

import codecs
import csv
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from dedup.errors import InputError
from dedup.model import I64, Column, Form, Segment, Skipped, Texts
from dedup.readers.base import BATCH_BYTES, Batch, Fields, NoArticlesError, missing
from dedup.readers.file import InputFile
from dedup.readers.formats import Format
from dedup.readers.record_file import RecordFile
from dedup.readers.spool import TextSpool
from dedup.readers.text import count_invalid

BATCH_ROWS = 1 << 14

_DELIMITERS = {Format.CSV: ",;\t|", Format.TSV: "\t,;|"}

# The default of 131,072 characters is less than a long article; this is the most that every platform takes.
csv.field_size_limit(2**31 - 1)


@dataclass(slots=True)
class _Rows:
    """The usable rows of a batch, as they are collected."""

    texts: list[bytes] = field(default_factory=list)
    fields: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    size: int = 0


class Delimited(RecordFile):
    """One CSV or TSV file with a header; record `n` is row `n` after the header, from 1. Blank lines are no rows.

    Attributes:
        delimiter: Between two fields; known once the header was read.
        columns: Names in the header.
        header_end: Where the first row begins.
        starts, ends: For each batch read, the bytes of each usable row in the file's content.
    """

    def __init__(
        self,
        file: InputFile,
        relative: PurePosixPath,
        format: Format,  # noqa: A002
        fields: Fields,
        spool: TextSpool,
    ) -> None:
        super().__init__(file, relative, fields)
        self.delimiter = _DELIMITERS[format][0]
        self._delimiters = _DELIMITERS[format]
        self.columns: list[str] = []
        self.header_end = 0
        self.starts: list[I64] = []
        self.ends: list[I64] = []
        self._spool = spool
        self._number = 0

    def _batches(self, limit: int | None) -> Iterator[Batch]:
        data = self.file.content()
        if not isinstance(data, mmap.mmap):  # an empty file
            return
        reader, header = self._header(data)
        self.header_end = data.tell()
        while data.tell() < len(data) and limit != 0:
            self.file.check_mapped()
            rows = self._collect(data, reader, header, limit)
            if limit is not None:
                limit -= len(rows.texts)
            yield self._batch(rows, self._progress(data.tell(), len(data)))

    def _header(self, data: mmap.mmap) -> tuple[Iterator[list[str]], list[str]]:
        """A reader of the rows below the header, and the header. Sets the delimiter."""
        lines = (line.decode("utf-8", "surrogateescape") for line in iter(data.readline, b""))
        headers = []
        for delimiter in self._delimiters:
            data.seek(len(codecs.BOM_UTF8) if data[:3] == codecs.BOM_UTF8 else 0)
            reader = csv.reader(lines, delimiter=delimiter)
            try:
                headers.append(next(reader, []))
            except csv.Error as error:
                unusable = InputError(
                    f"{self.path} has no usable header: {error}", "its first line has to name the columns"
                )
                raise self.file.no_text() or unusable from error
            if any(name in headers[-1] for name in self._fields.text):
                self.delimiter, self.columns = delimiter, headers[-1]
                check_unique(self.path, self.columns, self._fields)
                return reader, headers[-1]
        raise self.file.no_text() or no_column(self.path, self._fields.text, max(headers, key=len))

    def _collect(
        self, data: mmap.mmap, reader: Iterator[list[str]], header: list[str], limit: int | None
    ) -> _Rows:
        """Read rows until the batch is full or the data ends."""
        at = {name: i for i, name in enumerate(header)}
        text = [at.get(name) for name in self._fields.text]
        more = [at.get(name) for name in (self._fields.id, *self._fields.more)]
        rows = _Rows(fields=[[] for _ in more])
        while rows.size < BATCH_BYTES and len(rows.texts) + len(rows.skipped) < BATCH_ROWS:
            if len(rows.texts) == limit:
                break
            start = data.tell()
            try:
                row = next(reader, None)
                problem = self._problem(data, start, row, header) if row else ""
            except csv.Error as error:
                row, problem = [], str(error)
            if row is None:
                break
            if not row and not problem:
                continue
            self._number += 1
            if problem:
                rows.skipped.append(Skipped(f"{self.path}:{self._number}", "malformed", problem))
                continue
            parts = ["" if i is None else row[i] for i in text]
            rows.texts.append("\n".join(parts).encode("utf-8", "surrogateescape"))
            rows.size += data.tell() - start
            for values, i in zip(rows.fields, more, strict=True):
                if i is not None:
                    values.append(row[i])
            rows.numbers.append(self._number)
            rows.starts.append(start)
            rows.ends.append(_without_line_end(data, data.tell()))
        return rows

    def _problem(self, data: mmap.mmap, start: int, row: list[str], header: list[str]) -> str:
        if len(row) != len(header):
            return f"{len(row)} fields, the header has {len(header)}"
        if data.tell() == len(data):
            # Only the last row can end inside quotes, and only a strict reader says so.
            rest = data[start:].decode("utf-8", "surrogateescape")
            try:
                list(csv.reader([rest], delimiter=self.delimiter, strict=True))
            except csv.Error as error:
                if "unexpected end" in str(error):
                    return "a quote is opened and never closed"
        return ""

    def _batch(self, rows: _Rows, bytes_read: int) -> Batch:
        texts = Texts.from_strings(rows.texts)
        spooled, first = self._spool.append(texts.data)
        spans = texts.offsets + first
        self.starts.append(np.array(rows.starts, np.int64))
        self.ends.append(np.array(rows.ends, np.int64))
        ids, *more = [_column(values, len(texts)) for values in rows.fields]
        return Batch(
            texts=texts,
            ids=ids,
            fields=more,
            numbers=np.array(rows.numbers, np.int64),
            segment=Segment(spooled, Form.TEXT, spans[:-1], spans[1:]),
            skipped=rows.skipped,
            repaired=count_invalid(texts),
            bytes_read=bytes_read,
            present=[len(texts) * (name in self.columns) for name in self._fields.text],
        )


def no_column(path: str, wanted: Sequence[str], there: Sequence[str]) -> NoArticlesError:
    """The error about a table in which none of the text columns `wanted` is."""
    problem = f"has no column {' or '.join(wanted)}; it has {', '.join(there) or 'no columns'}"
    return NoArticlesError(path, problem, "no_text", "choose one: --text-field")


def check_unique(path: str, columns: Sequence[str], fields: Fields) -> None:
    """Raise InputError when two of `columns` have the name of a field: nothing tells which is meant."""
    for name in (*fields.text, fields.id, *fields.more):
        if columns.count(name) > 1:
            hint = "rename all but one of them, or choose another: --text-field, --id-field"
            raise InputError(f'{path} has {columns.count(name)} columns "{name}"', hint)


def _column(values: list[str], n: int) -> Column:
    if len(values) != n:  # no such column
        return missing(n)
    texts = Texts.from_strings([value.encode("utf-8", "surrogateescape") for value in values])
    return Column(texts, texts.offsets[1:] > texts.offsets[:-1])


def _without_line_end(data: mmap.mmap, end: int) -> int:
    if data[end - 1 : end] == b"\n":
        end -= 1
        if data[end - 1 : end] == b"\r":
            end -= 1
    return end
