"""CSV and TSV on Spark: files go in; their rows come out as a stage of their own, with text, id and fields taken out.

A quoted field may span lines, so that no part of such a file can be read without what is before it: a file is read by
one task, which writes it to its own disk and reads it from there as one machine does. The rows are written once, and
all that follows reads those.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import groupby, pairwise
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.errors import UsageError
from dedup.model import Texts
from dedup.readers import Batch, Fields
from dedup.readers.delimited import Delimited
from dedup.readers.file import InputFile
from dedup.readers.formats import Codec
from dedup.readers.spool import TextSpool
from dedup.spark.columns import Batches, strings
from dedup.spark.counted import Counts
from dedup.spark.failures import handed_on
from dedup.spark.files import ROW_BITS, Files
from dedup.spark.lines import cut_into, raw

NAMES = ("position", "raw", "reason", "detail", "repaired", "text", "id")
"""The columns of a row, before further fields."""

HEADER = "header"
"""The reason of row 0; its detail is the names of the columns as JSON."""

WHOLE = 1 << 50
"""More bytes than any file has: none is cut."""


def rows(spark: SparkSession, files: Files, fields: Fields) -> DataFrame:
    """The rows of the files: see `schema`. To be evaluated inside `uncut`.

    `position`, `raw` (the row as it came), `reason` and `detail` (of a row that cannot be used; it has nothing else),
    `repaired` (a sum over many rows stands in one of them), `text`, `id` and further fields. Row 0 of each file is its
    header.
    """
    number = F.broadcast(files.numbers(spark).select("file", "number"))
    lines = raw(spark, files).select("value", "file").join(number, "file")
    return lines.select("number", "value").mapInArrow(partial(_rows, files, fields), schema(fields))


def uncut(spark: SparkSession) -> AbstractContextManager[None]:
    """Have Spark make one task of each file."""
    return cut_into(spark, WHOLE)


def schema(fields: Fields) -> str:
    """The columns of rows, as Spark reads them."""
    longs = ("position", "repaired")
    return ", ".join(f"{name} {'long' if name in longs else 'string'}" for name in _names(len(fields.more)))


def check_headers(stage: DataFrame, files: Files) -> None:
    """Raise UsageError when two files have different headers: rows of both could not go below one."""
    found = stage.where(F.col("reason") == HEADER).select("position", "raw").orderBy("position").collect()
    for row in found[1:]:
        if row["raw"] != found[0]["raw"]:
            one, other = (files.names[one["position"] >> ROW_BITS] for one in (found[0], row))
            raise UsageError(
                f"{one} and {other} have different headers", "give Spark files of one kind at a time"
            )


def skipped(stage: DataFrame) -> DataFrame:
    """`position`, `reason` and `detail` of each row that cannot be used."""
    return stage.where(F.col("reason") != HEADER).select("position", "reason", "detail")


def usable(stage: DataFrame) -> DataFrame:
    """The rows with an article."""
    return stage.where(F.col("reason").isNull())


def sums(stage: DataFrame, fields: Fields) -> Counts:
    """What the files hold."""
    named = F.when(F.length("id") > 0, 1).otherwise(0)
    row = (
        usable(stage)
        .agg(F.count("*"), F.sum("repaired"), F.sum(named), F.sum(F.octet_length("text")))
        .collect()[0]
    )
    documents, repaired, with_id, size = (int(value or 0) for value in row)
    reasons = skipped(stage).groupBy("reason").count().collect()
    first = stage.where(F.col("reason") == HEADER).first()
    names = [] if first is None else json.loads(first["detail"])
    return Counts(
        documents,
        {str(row["reason"]): int(row["count"]) for row in sorted(reasons)},
        repaired,
        documents - with_id,
        size,
        [documents * (name in names) for name in fields.text],
    )


def read(fields: Fields, batches: Batches) -> Batches:
    """`position`, `text`, `id` and further fields."""
    for batch in batches:
        yield batch.rename_columns(["position", "text", "id", *fields.more])


def header(stage: DataFrame) -> str | None:
    """The header of the first file that has one."""
    row = stage.where(F.col("reason") == HEADER).orderBy("position").first()
    return None if row is None else str(row["raw"])


def below(header: str, batches: Batches) -> Batches:
    """Lines with the header above them, if there are any."""
    for i, batch in enumerate(batches):
        if not i:
            yield pa.RecordBatch.from_pydict({"value": [header]})
        yield batch


def _rows(files: Files, fields: Fields, batches: Batches) -> Batches:
    """The rows of some files, one after the other."""
    with handed_on(), tempfile.TemporaryDirectory() as directory:
        pieces = ((number, piece) for batch in batches for number, piece in _by_file(batch))
        for number, same in groupby(pieces, key=lambda one: one[0]):
            path = os.path.join(directory, "rows")
            with open(path, "wb") as copy:
                for _, piece in same:
                    copy.write(piece)
            yield from _file(path, number, files, fields)


def _by_file(batch: pa.RecordBatch) -> Iterator[tuple[int, bytes]]:
    """The lines of a batch, by the number of their file."""
    numbers = batch["number"].to_numpy(zero_copy_only=False)
    cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    for start, end in pairwise(cuts):
        if start < end:
            lines = batch["value"].slice(start, end - start).cast(pa.binary())
            every = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
            yield int(numbers[start]), pc.binary_join(every, b"\n")[0].as_py() + b"\n"


def _file(path: str, number: int, files: Files, fields: Fields) -> Iterator[pa.RecordBatch]:
    """The rows of one file, copied to `path`."""
    file = InputFile(path, Codec.NONE, "utf-8", None)
    data = file.content()
    file.path = files.names[number]  # which messages name
    source = Delimited(file, PurePosixPath("rows"), files.format, fields, TextSpool(None))
    for i, batch in enumerate(source.batches()):
        if not i:
            names, header = json.dumps(source.columns), data[: source.header_end].rstrip(b"\r\n")
            yield _unusable([(0, HEADER, names)], number, fields, header)
        ends = zip(source.starts[i].tolist(), source.ends[i].tolist(), strict=True)
        yield _usable(batch, [data[start:end] for start, end in ends], number)
        places = [int(one.location.rpartition(":")[2]) for one in batch.skipped]
        skipped = [(row, one.reason, one.detail) for row, one in zip(places, batch.skipped, strict=True)]
        yield _unusable(skipped, number, fields)


def _usable(batch: Batch, rows: list[bytes], number: int) -> pa.RecordBatch:
    n = len(rows)
    nulls, repaired = pa.nulls(n, pa.large_string()), np.zeros(n, np.int64)
    repaired[:1] = batch.repaired
    position = pa.array(batch.numbers | number << ROW_BITS)
    values = [strings(column.texts, column.valid) for column in (batch.ids, *batch.fields)]
    given = [
        strings(Texts.from_strings(rows)),
        nulls,
        nulls,
        pa.array(repaired),
        strings(batch.texts),
        *values,
    ]
    return pa.RecordBatch.from_arrays([position, *given], _names(len(batch.fields)))


def _unusable(
    some: list[tuple[int, str, str]], number: int, fields: Fields, header: bytes = b""
) -> pa.RecordBatch:
    n = len(some)
    nulls = pa.nulls(n, pa.large_string())
    position = pa.array([row | number << ROW_BITS for row, _, _ in some], pa.int64())
    told = [
        strings(Texts.from_strings(texts)) for texts in ([one[1] for one in some], [one[2] for one in some])
    ]
    given = [strings(Texts.from_strings([header] * n)), *told, pa.array(np.zeros(n, np.int64)), nulls, nulls]
    return pa.RecordBatch.from_arrays(
        [position, *given, *([nulls] * len(fields.more))], _names(len(fields.more))
    )


def _names(more: int) -> list[str]:
    return [*NAMES, *(f"field_{i}" for i in range(more))]
