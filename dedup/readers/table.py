"""Parquet and Arrow tables: one row a record, read in record batches of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedup.errors import InputError
from dedup.model import Form, Segment, Skipped, Texts
from dedup.readers.base import BATCH_BYTES, Batch, Fields
from dedup.readers.file import InputFile
from dedup.readers.formats import Format
from dedup.readers.record_file import RecordFile
from dedup.readers.spool import TextSpool
from dedup.readers.text import count_invalid

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1 << 16

Item = TypeVar("Item")

_FEATHER_V1 = b"FEA1"
ARROW_FILE = b"ARROW1"


class Table(RecordFile):
    """One Parquet or Arrow file; record `n` is row `n`, from 1.

    Attributes:
        format: `parquet` or `arrow`.
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
        self.format = format
        self._spool = spool

    def _batches(self, limit: int | None) -> Iterator[Batch]:
        import pyarrow as pa

        memory = pa.py_buffer(self.file.content())
        self.file.check_mapped()
        rows = 0
        for table, done in reading(self.path, lambda: self._record_batches(memory)):
            if limit == 0:
                return
            batch = self._batch(table, rows, limit, memory, int((self.size or 0) * done))
            rows += len(table)
            if limit is not None:
                limit -= len(batch.texts)
            yield batch
            self.file.check_mapped()

    def _record_batches(self, memory: pa.Buffer) -> Iterator[tuple[pa.RecordBatch, float]]:
        """Record batches with the columns that matter, each with how much of the file is then read, 0 to 1."""
        from dedup.readers.columns import check_columns

        wanted = [*self._fields.text, self._fields.id, *self._fields.more]
        if self.format is Format.PARQUET:
            import pyarrow.parquet as pq

            file = pq.ParquetFile(memory)
            check_columns(self.path, file.schema_arrow, self._fields)
            total, done = max(1, file.metadata.num_rows), 0
            batches = file.iter_batches(_parquet_rows(file, wanted), columns=wanted, use_threads=False)
            for batch in batches:
                done += len(batch)
                yield batch, done / total
            return
        schema, stored, total = open_arrow(self.path, memory)
        check_columns(self.path, schema, self._fields)
        for i, batch in enumerate(stored):
            rows = max(1, min(BATCH_ROWS, len(batch) * BATCH_BYTES // max(1, batch.nbytes)))
            for start in range(0, len(batch), rows):
                yield batch.slice(start, rows), (i + start / len(batch)) / total if total else 0

    def _batch(
        self, table: pa.RecordBatch, rows_before: int, limit: int | None, memory: pa.Buffer, bytes_read: int
    ) -> Batch:
        from dedup.readers.columns import all_valid, has_column, spans, text_column, value_column

        column = text_column(table, self._fields.text)
        usable = column.usable
        if limit is not None and usable.sum() >= limit:
            last = int(np.flatnonzero(usable)[limit - 1]) + 1
            return self._batch(table.slice(0, last), rows_before, None, memory, bytes_read)
        data, offsets = spans(column.values)
        texts = Texts(data, offsets) if usable.all() else Texts(*spans(column.values.filter(usable)))
        if memory.address <= getattr(data, "address", 0) < memory.address + memory.size:
            segment = Segment(data, Form.TEXT, offsets[:-1][usable], offsets[1:][usable])
        else:
            first, last = int(texts.offsets[0]), int(texts.offsets[-1])
            spooled, start = self._spool.append(memoryview(texts.data)[first:last])
            moved = texts.offsets - first + start
            segment = Segment(spooled, Form.TEXT, moved[:-1], moved[1:])
        return Batch(
            texts=texts,
            ids=value_column(table, self._fields.id, usable),
            fields=[value_column(table, name, usable) for name in self._fields.more],
            numbers=np.flatnonzero(usable) + (rows_before + 1),
            segment=segment,
            skipped=[
                Skipped(f"{self.path}:{rows_before + int(row) + 1}", column.reason, column.detail)
                for row in np.flatnonzero(~usable)
            ],
            repaired=0 if all_valid(column.values) else count_invalid(texts),
            bytes_read=bytes_read,
            present=[len(texts) * has_column(table.schema, name) for name in self._fields.text],
        )


def open_arrow(path: str, memory: pa.Buffer) -> tuple[pa.Schema, Iterator[pa.RecordBatch], int | None]:
    """Schema, record batches and their number (None for a stream) of Arrow IPC data, file or stream format."""
    import pyarrow as pa

    magic = bytes(memory[:6])
    if magic.startswith(_FEATHER_V1):
        raise InputError(
            f"{path} is Feather version 1, which is not supported",
            "write it again as version 2: pyarrow.feather.write_feather(table, path)",
        )
    if magic == ARROW_FILE:
        file = pa.ipc.open_file(memory)
        count = file.num_record_batches
        return file.schema, (file.get_batch(i) for i in range(count)), count
    stream = pa.ipc.open_stream(memory)
    return stream.schema, iter(stream), None


def reading(path: str, iterate: Callable[[], Iterator[Item]]) -> Iterator[Item]:
    """The items of `iterate()`; what Arrow cannot read becomes an InputError that names `path`."""
    import pyarrow as pa

    try:
        yield from iterate()
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} is truncated or corrupt: {str(error).splitlines()[0]}", "fetch or write the file again"
        ) from error


def _parquet_rows(file: pa.parquet.ParquetFile, wanted: list[str]) -> int:
    """Rows of a record batch that hold about `BATCH_BYTES` of the wanted columns."""
    size = 0
    for group in range(file.metadata.num_row_groups):
        chunks = file.metadata.row_group(group)
        for i in range(chunks.num_columns):
            chunk = chunks.column(i)
            if chunk.path_in_schema in wanted:
                size += chunk.total_uncompressed_size
    rows: int = file.metadata.num_rows * BATCH_BYTES // max(1, size)
    return max(1, min(BATCH_ROWS, rows))
