"""JSON lines on Spark: files go in, the frame of their lines with positions comes out, and what reads records of them.

Spark cuts files into parts that end wherever they end, gives each line to one part, and counts nothing. Here each part
is a task of its own, so that a line's number in its part is Spark's own running number, and a first look counts the
lines of each part. Lines stay bytes as they came: Spark neither decodes them nor looks at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.config import Settings
from dedup.errors import InternalError
from dedup.model import Scan
from dedup.native import Native
from dedup.readers import Fields
from dedup.spark.columns import Batches, longs, strings
from dedup.spark.counted import SCHEMA, told
from dedup.spark.failures import appeared
from dedup.spark.files import ADDRESS, ROW_BITS, Files
from dedup.spark.session import settings_of

PARTS = 64
SMALLEST, LARGEST = 4 << 20, 128 << 20
"""Files are cut into about so many parts, each of so many bytes."""

RUNNING = (1 << 33) - 1
"""The bits of `monotonically_increasing_id` that number the rows of a task."""


def in_parts(spark: SparkSession, sizes: Sequence[int]) -> AbstractContextManager[None]:
    """Have Spark cut files of these sizes in one way, whatever the cluster, and make a task of each part."""
    return cut_into(spark, max(SMALLEST, min(LARGEST, sum(sizes) // PARTS)))


def cut_into(spark: SparkSession, size: int) -> AbstractContextManager[None]:
    """Have Spark make a task of so many bytes of a file, and never one of two files."""
    names = ("maxPartitionBytes", "openCostInBytes")
    return settings_of(spark, {f"spark.sql.files.{name}": str(size) for name in names})


def raw(spark: SparkSession, files: Files) -> DataFrame:
    """`value`, `file`, `start` (of the part, in bytes), `at` (from 0, in the part) of each line."""
    read = spark.read.option("lineSep", "\n").text(files.paths())
    start, at = "_metadata.file_block_start as start", f"monotonically_increasing_id() & {RUNNING} as at"
    return read.selectExpr("value", ADDRESS, start, at)


def look(spark: SparkSession, files: Files, fields: Fields) -> DataFrame:
    """What every batch of lines holds, see `dedup.spark.counted`."""
    return raw(spark, files).mapInArrow(partial(_look, fields), SCHEMA)


def starts(spark: SparkSession, files: Files, batches: DataFrame) -> DataFrame:
    """`file`, `start`, and `base`: the position of the first line of each part."""
    found = batches.groupBy("file", "start").agg(F.sum("lines").alias("lines")).collect()
    lines = {(str(row["file"]), int(row["start"])): int(row["lines"]) for row in found}
    number = {address: i for i, address in enumerate(files.addresses)}
    rows, before = [], dict.fromkeys(files.addresses, 1)
    for file, start in sorted(lines):
        rows.append((file, start, number[file] << ROW_BITS | before[file]))
        before[file] += lines[file, start]
    return spark.createDataFrame(rows, "file string, start long, base long")


def positioned(spark: SparkSession, files: Files, known: DataFrame) -> DataFrame:
    """`position` and `value` of each line, from what `starts` gave."""
    joined = raw(spark, files).join(F.broadcast(known), ["file", "start"], "left")
    is_known = F.col("base").isNotNull()
    position = F.when(is_known, F.col("base") + F.col("at")).otherwise(appeared("file"))
    return joined.select(position.alias("position"), "value")


def skipped(batches: DataFrame, known: DataFrame) -> DataFrame:
    """`position`, `reason` and `detail` of each record that cannot be used."""
    rows = batches.select("file", "start", F.explode("skipped").alias("one"))
    rows = rows.join(F.broadcast(known), ["file", "start"])
    return rows.select((F.col("base") + F.col("one.row") - 1).alias("position"), "one.reason", "one.detail")


def read(fields: Fields, batches: Batches) -> Batches:
    """`position`, `text`, `id` and further fields of the usable records among some lines."""
    stages = Native(Settings())
    for batch in batches:
        scan = _scan(stages, batch["value"], fields)
        columns = [strings(column.texts, column.valid) for column in scan.columns]
        position = longs(batch["position"])[scan.lines - 1]
        yield pa.RecordBatch.from_arrays(
            [pa.array(position), strings(scan.texts), *columns], ["position", "text", "id", *fields.more]
        )


def _look(fields: Fields, batches: Batches) -> Batches:
    stages = Native(Settings())
    for batch in batches:
        if not len(batch):
            continue
        part, last = ((str(batch["file"][i]), batch["start"][i].as_py()) for i in (0, len(batch) - 1))
        if part != last:
            raise InternalError("a task has several parts of files")
        before = batch["at"][0].as_py()
        scan = _scan(stages, batch["value"], fields)
        skipped = [(before + line, reason, detail) for line, reason, detail in scan.skipped]
        yield told(part, len(batch), scan.texts, scan.columns[0], scan.repaired, scan.present, skipped)


def _scan(stages: Native, lines: pa.StringArray, fields: Fields) -> Scan:
    """The records of some lines; blank ones are none."""
    every = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines.cast(pa.binary()))
    data = pc.binary_join(every, b"\n")[0].as_buffer() if len(lines) else b""
    return stages.scan(data, 0, len(data), fields.text, (fields.id, *fields.more))
