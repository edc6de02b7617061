"""Records out again, in the format they came in.

A source and a choice of its records go in, one output file comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from dedup.errors import InternalError
from dedup.model import I64, Segment, Texts
from dedup.readers.base import Source
from dedup.readers.delimited import Delimited
from dedup.readers.json_array import JsonArray
from dedup.readers.jsonl import JsonLines
from dedup.readers.record_file import RecordFile
from dedup.readers.table import Table
from dedup.readers.text import TextFiles
from dedup.writers import delimited, json_array, jsonl, text
from dedup.writers.output import OutputDirectory
from dedup.writers.rewrite import Rewrite, Selection


class _Writer(Protocol):
    """What the module of a format offers."""

    def write_selected(self, rewrite: Any, keep: Selection, /) -> None: ...

    def write_annotated(self, rewrite: Any, tags: Texts, /) -> None: ...


def write_selected(
    source: Source,
    numbers: I64,
    keep: Selection,
    segments: Sequence[Segment],
    out: OutputDirectory,
    folder: str,
    *,
    copy: bool = False,
) -> None:
    """Write the chosen records of `source` to `folder/<relative>`, in its own format and compression.

    JSON, CSV and TSV records leave byte for byte, rows of Parquet and Arrow value for value with their schema. Text
    files are listed in `<folder>.txt` (see `writers.text`), and with `copy` copied to `folder/`.

    Args:
        source: A source whose batches have been read.
        numbers: int64[n], `Batch.numbers` of its usable documents, in order.
        keep: bool[n], the documents to write. Formats that have a batch after the other ask for it in slices.
        segments: `Batch.segment` of its batches, in order.
        out: Where to.
        folder: `kept` or `removed`.
        copy: Copy text files.

    Raises:
        InputError: The source cannot be read again.
        OutputError: The output cannot be written.
    """
    if isinstance(source, TextFiles):
        text.write_selected(source, numbers[keep[:]], out, folder, copy=copy)
    elif isinstance(source, RecordFile) and source.rejected is None:
        source.check_mapped()
        _writer(source).write_selected(Rewrite(source, numbers, segments, out, folder), keep)


def write_annotated(
    source: Source, numbers: I64, segments: Sequence[Segment], tags: Texts, out: OutputDirectory, folder: str
) -> None:
    """Write all usable records of `source` with what became of them to `folder/<relative>`.

    JSON records get a last member `"dedup"`; tables, CSV and TSV get columns `dedup_cluster_id` and so on. Text files
    have no place for it: nothing is written for them.

    Args:
        source: A source whose batches have been read.
        numbers: int64[n], `Batch.numbers` of its usable documents, in order.
        segments: `Batch.segment` of its batches, in order.
        tags: A JSON object for each document, with the members of a row of clusters.jsonl except id and location.
        out: Where to.
        folder: `kept`.

    Raises:
        InputError: The source cannot be read again.
        OutputError: The output cannot be written.
    """
    if isinstance(source, RecordFile) and source.rejected is None:
        source.check_mapped()
        _writer(source).write_annotated(Rewrite(source, numbers, segments, out, folder), tags)


def _writer(source: RecordFile) -> _Writer:
    match source:
        case JsonLines():
            return jsonl
        case JsonArray():
            return json_array
        case Delimited():
            return delimited
        case Table():
            from dedup.writers import table  # pyarrow takes 0.1 s to import

            return table
    raise InternalError(f"no writer for {type(source).__name__}")
