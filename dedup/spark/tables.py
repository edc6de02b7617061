"""Parquet on Spark: files go in, the frame of their rows with positions comes out, and what reads articles of them.

Spark tells the number of each row. Records stay rows of columns as Spark reads them; only the columns that matter to
the comparison reach a kernel.
"""

from __future__ import annotations

from functools import partial

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it
from pyspark.sql.types import StructType

from dedup.model import Mask, Texts
from dedup.readers import Fields
from dedup.readers.columns import has_column, spans, text_column, value_column
from dedup.readers.delimited import no_column
from dedup.readers.text import count_invalid
from dedup.spark.columns import Batches, longs, strings
from dedup.spark.counted import SCHEMA, told
from dedup.spark.failures import appeared
from dedup.spark.files import ADDRESS, ROW_BITS, Files


def rows(spark: SparkSession, files: Files, fields: Fields) -> DataFrame:
    """`position` and `record`, a struct of all columns, of each row.

    Raises InputError when there is no column with texts.
    """
    # Columns that only some files have would be lost without merging, and without a word.
    table = spark.read.option("mergeSchema", "true").parquet(*files.paths())
    if not any(_has(table.schema, name) for name in fields.text):
        raise no_column(files.names[0], fields.text, table.columns)
    number = F.broadcast(files.numbers(spark))
    record = F.struct(*map(quoted, table.columns)).alias("record")
    told = map(F.expr, (ADDRESS, "_metadata.row_index as row"))
    joined = table.select(record, *told).join(number, "file", "left")
    position = F.shiftleft("number", ROW_BITS).bitwiseOR(F.col("row") + 1)
    position = F.when(F.col("number").isNotNull(), position).otherwise(appeared("file"))
    return joined.select(position.alias("position"), "record")


def compared(records: DataFrame, fields: Fields) -> DataFrame:
    """The rows with those columns only that matter to the comparison."""
    there = records.select("record.*").columns
    wanted = [name for field in (*fields.text, fields.id, *fields.more) for name in _tops(field, there)]
    chosen = [F.col("record").getField(name).alias(name) for name in dict.fromkeys(wanted)]
    return records.select("position", F.struct(*chosen).alias("record"))


def look(frame: DataFrame, fields: Fields) -> DataFrame:
    """What every batch of rows holds, see `dedup.spark.counted`; rows are known by their position."""
    return frame.mapInArrow(partial(_look, fields), SCHEMA)


def skipped(batches: DataFrame) -> DataFrame:
    """`position`, `reason` and `detail` of each record that cannot be used."""
    one = batches.select(F.explode("skipped").alias("one"))
    return one.select(F.col("one.row").alias("position"), "one.reason", "one.detail")


def read(fields: Fields, batches: Batches) -> Batches:
    """`position`, `text`, `id` and further fields of the usable rows among some."""
    for batch in batches:
        record = pa.RecordBatch.from_struct_array(batch["record"])
        text = text_column(record, fields.text)
        usable = text.usable
        columns = [text.values.filter(usable).view(pa.large_string())]
        for name in (fields.id, *fields.more):
            values = value_column(record, name, usable)
            columns.append(strings(values.texts, values.valid))
        position = pa.array(longs(batch["position"])[usable])
        yield pa.RecordBatch.from_arrays([position, *columns], ["position", "text", "id", *fields.more])


def quoted(name: str) -> Column:
    """The column of that name, whatever is in it."""
    return F.col("`" + name.replace("`", "``") + "`")


def _look(fields: Fields, batches: Batches) -> Batches:
    for batch in batches:
        record = pa.RecordBatch.from_struct_array(batch["record"])
        text = text_column(record, fields.text)
        usable: Mask = text.usable
        ids = value_column(record, fields.id, usable)
        texts = Texts(*spans(text.values.filter(usable)))
        rows = longs(batch["position"])[~usable].tolist()
        skipped = [(row, text.reason, text.detail) for row in rows]
        present = [len(texts) * has_column(record.schema, name) for name in fields.text]
        yield told(("", 0), len(batch), texts, ids, count_invalid(texts), present, skipped)


def _tops(field: str, there: list[str]) -> list[str]:
    """The column that a field is, or that it is nested in."""
    heads = [field, *(field[:i] for i, c in enumerate(field) if c == ".")]
    return [name for name in heads if name in there]


def _has(schema: StructType, name: str) -> bool:
    """Whether there is a column of that name, or a field of nested columns."""
    if name in schema.names:
        return True
    heads = (name[:i] for i, c in enumerate(name) if c == ".")
    nested = ((head, schema[head].dataType) for head in heads if head in schema.names)
    return any(isinstance(kind, StructType) and _has(kind, name[len(head) + 1 :]) for head, kind in nested)
