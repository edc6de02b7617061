"""Parquet and Arrow tables out again: kept rows as they came, or all rows with tags.

Schema, metadata and compression stay those of the input.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dedup.model import I64, Texts
from dedup.readers.formats import Format
from dedup.readers.table import ARROW_FILE, BATCH_ROWS, Table, open_arrow, reading
from dedup.writers.rewrite import Rewrite, Selection
from dedup.writers.tags import tag_columns, tag_names, tag_schema

_LZ4_MAGIC = b"\x04\x22\x4d\x18"
_FOOTER_BATCHES = 4 + 2 * 3  # where the list of fields has the fourth, the record batches
_FOOTER_BLOCK = 24  # bytes that say where a record batch is
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

GROUP_BYTES = 16 << 20
"""Bytes in a batch, about. Each one written becomes a row group of a Parquet file, which should not be small."""


def write_selected(rewrite: Rewrite[Table], keep: Selection) -> None:
    """Write the kept rows; see `records.write_selected`."""
    _write(rewrite, keep, None, lambda batch, *_: batch)


def write_annotated(rewrite: Rewrite[Table], tags: Texts) -> None:
    """Write all usable rows with `dedup_*` columns; see `records.write_annotated`.

    Those of an earlier run are replaced: hardly anything reads a file with two columns of one name.
    """
    names = tag_names(tags)

    def with_tags(batch: pa.RecordBatch, first: int, last: int) -> pa.RecordBatch:
        (tagged,) = tag_columns(tags, first, last, names).combine_chunks().to_batches()
        batch = batch.select(_others(batch.schema, tagged.schema))
        for field, column in zip(tagged.schema, tagged.columns, strict=True):
            batch = batch.append_column(field, column)
        return batch

    _write(rewrite, None, tag_schema(names), with_tags)


def _write(
    rewrite: Rewrite[Table],
    keep: Selection | None,
    more: pa.Schema | None,
    change: Callable[[pa.RecordBatch, int, int], pa.RecordBatch],
) -> None:
    """Write the rows of some usable documents (None = all), changed, with the columns `more` in the schema."""
    source = rewrite.source
    memory = pa.py_buffer(source.file.content())
    with rewrite.output() as stream:
        if source.format is Format.PARQUET:
            file = pq.ParquetFile(memory)
            schema, writer = file.schema_arrow, _parquet_writer
            batches: Iterator[pa.RecordBatch] = file.iter_batches(_rows_per_batch(file), use_threads=False)
        else:
            schema, batches, _ = open_arrow(source.path, memory)
            writer = _arrow_writer
        if more is not None:
            fields = [schema.field(i) for i in _others(schema, more)]
            schema = pa.schema([*fields, *more], schema.metadata)
        with writer(stream, schema, memory) as write:
            seen = 0
            for batch in reading(source.path, lambda: batches):
                first, last = np.searchsorted(rewrite.numbers, [seen + 1, seen + len(batch) + 1]).tolist()
                rows = rewrite.numbers[first:last] - (seen + 1)
                if keep is not None:
                    rows = rows[rewrite.chosen(keep, first, last)]
                if len(rows):
                    chosen = batch
                    if len(rows) < len(batch):
                        chosen = _take(batch, rows)
                    write(change(chosen, first, last))
                seen += len(batch)


def _others(schema: pa.Schema, more: pa.Schema) -> list[int]:
    """The columns of `schema` that have no namesake in `more`."""
    return [i for i, name in enumerate(schema.names) if name not in more.names]


def _take(batch: pa.RecordBatch, rows: I64) -> pa.RecordBatch:
    """The `rows` (ascending, from 0) of a record batch."""
    try:
        return batch.take(pa.array(rows, pa.int64()))
    except pa.ArrowNotImplementedError:
        # Some types, string views among them, can be sliced and joined but not taken from.
        runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        return pa.concat_batches([batch.slice(run[0], len(run)) for run in runs])


@contextlib.contextmanager
def _parquet_writer(
    stream: IO[bytes], schema: pa.Schema, memory: pa.Buffer
) -> Iterator[Callable[[pa.RecordBatch], None]]:
    metadata = pq.read_metadata(pa.BufferReader(memory))
    codecs: dict[str, str] | str = "snappy"
    if metadata.num_row_groups:
        group = metadata.row_group(0)
        chunks = [group.column(i) for i in range(group.num_columns)]
        codecs = {
            c.path_in_schema: "none" if c.compression == "UNCOMPRESSED" else c.compression for c in chunks
        }
    with pq.ParquetWriter(pa.PythonFile(stream, mode="w"), schema, compression=codecs) as writer:
        yield writer.write_batch


@contextlib.contextmanager
def _arrow_writer(
    stream: IO[bytes], schema: pa.Schema, memory: pa.Buffer
) -> Iterator[Callable[[pa.RecordBatch], None]]:
    is_file = bytes(memory[: len(ARROW_FILE)]) == ARROW_FILE
    open_writer = pa.ipc.new_file if is_file else pa.ipc.new_stream
    options = pa.ipc.IpcWriteOptions(compression=_arrow_codec(memory, is_file))
    with open_writer(pa.PythonFile(stream, mode="w"), schema, options=options) as writer:
        yield writer.write_batch


def _rows_per_batch(file: pq.ParquetFile) -> int:
    """Rows that hold about `GROUP_BYTES` of all columns."""
    metadata = file.metadata
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    rows: int = max(1, min(BATCH_ROWS, metadata.num_rows * GROUP_BYTES // max(1, size)))
    return rows


def _arrow_codec(memory: pa.Buffer, is_file: bool) -> str | None:
    """The compression of Arrow IPC data, which pyarrow does not tell: each compressed buffer begins with a magic."""
    messages = _batches_of_file(memory) if is_file else pa.ipc.MessageReader.open_stream(memory)
    for message in messages:
        if message.type == "record batch" and message.body is not None and message.body.size >= 12:
            body = np.frombuffer(message.body, np.uint32, message.body.size // 4)
            # A compressed buffer: its plain size as int64, then one frame. Buffers begin at multiples of eight.
            frames = body[2::2]
            if (frames == int.from_bytes(_LZ4_MAGIC, "little")).any():
                return "lz4"
            if (frames == int.from_bytes(_ZSTD_MAGIC, "little")).any():
                return "zstd"
            return None
    return None


def _batches_of_file(memory: pa.Buffer) -> Iterator[pa.Message]:
    """The record batches in Arrow's file format, found through its footer.

    The messages before it are a stream in most files, but not in those of polars. The footer is a flatbuffer: offsets
    count from where they stand. See https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format.
    """
    end = len(memory) - len(ARROW_FILE) - 4
    footer = memory[end - int.from_bytes(memory[end : end + 4], "little") : end].to_pybytes()

    def number(position: int, size: int) -> int:
        return int.from_bytes(footer[position : position + size], "little", signed=True)

    table = number(0, 4)
    fields = table - number(table, 4)  # two bytes each, after the sizes of this list and of the table
    if number(fields, 2) <= _FOOTER_BATCHES or not number(fields + _FOOTER_BATCHES, 2):
        return
    batches = table + number(fields + _FOOTER_BATCHES, 2)
    batches += number(batches, 4)
    for i in range(number(batches, 4)):
        yield pa.ipc.read_message(memory[number(batches + 4 + i * _FOOTER_BLOCK, 8) :])
