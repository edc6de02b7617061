"""Records out again, in the format they came in.

A source and a choice of its records go in, one output file comes out.
"""

from __future__ import annotations

from collections.abc import Sequence

from dedup.errors import InternalError
from dedup.model import I64, Mask, Segment, Texts
from dedup.readers.base import Source
from dedup.readers.delimited import Delimited
from dedup.readers.json_array import JsonArray
from dedup.readers.jsonl import JsonLines
from dedup.readers.table import Table
from dedup.readers.text import TextFiles
from dedup.writers import delimited, json_array, jsonl, text
from dedup.writers.output import OutputDirectory


def write_selected(
    source: Source,
    numbers: I64,
    keep: Mask,
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
        keep: bool[n], the documents to write.
        segments: `Batch.segment` of its batches, in order.
        out: Where to.
        folder: `kept` or `removed`.
        copy: Copy text files.

    Raises:
        InputError: The source cannot be read again.
        OutputError: The output cannot be written.
    """
    if source.rejected is not None:
        return
    source.check_mapped()
    match source:
        case JsonLines():
            jsonl.write_selected(source, keep, segments, out, folder)
        case JsonArray():
            json_array.write_selected(source, keep, segments, out, folder)
        case Delimited():
            delimited.write_selected(source, keep, out, folder)
        case Table():
            from dedup.writers import table  # pyarrow takes 0.1 s to import

            table.write_selected(source, numbers[keep], out, folder)
        case TextFiles():
            text.write_selected(source, numbers[keep], out, folder, copy=copy)
        case _:
            raise InternalError(f"no writer for {type(source).__name__}")


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
    if source.rejected is not None:
        return
    source.check_mapped()
    match source:
        case JsonLines():
            jsonl.write_annotated(source, segments, tags, out, folder)
        case JsonArray():
            json_array.write_annotated(source, segments, tags, out, folder)
        case Delimited():
            delimited.write_annotated(source, tags, out, folder)
        case Table():
            from dedup.writers import table  # pyarrow takes 0.1 s to import

            table.write_annotated(source, numbers, tags, out, folder)
        case TextFiles():
            pass
        case _:
            raise InternalError(f"no writer for {type(source).__name__}")
