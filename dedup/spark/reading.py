"""The inputs of a job: addresses go in; articles with positions, what was skipped, and the kept records come out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.readers import Fields
from dedup.readers.formats import Codec, Format
from dedup.spark import counted, delimited, lines, tables
from dedup.spark.articles import Articles, among
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.counted import Counts, check_usable
from dedup.spark.files import Files

COMPRESSIONS = {Codec.GZIP: "gzip", Codec.BZIP2: "bzip2", Codec.ZSTD: "zstd"}
"""What Spark calls the compressions that it can write."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The inputs of a job.

    Attributes:
        files: Where they are.
        articles: Their usable records.
        counts: How many of what.
        skipped: `position`, `location`, `reason`, `detail` of each record that cannot be used.
        records: `position` and the record as it came: `value`, a line, or `record`, a struct of columns.
        header: The line above the lines of each file; None where there is none.
    """

    files: Files
    articles: Articles
    counts: Counts
    skipped: DataFrame
    records: DataFrame
    header: str | None = None

    def check_usable(self) -> None:
        """Raise InputError when there are records, but every one of them was skipped."""
        check_usable(self.counts, self.skipped)

    @property
    def extension(self) -> str:
        """Of files of lines; empty where the files are none."""
        return "" if self.files.format is Format.PARQUET else f".{self.files.format}"

    def write(self, positions: DataFrame, address: str) -> None:
        """Write the records at some positions as they came, as files of the format of the inputs in a folder."""
        kept = among(self.records, positions).drop("position")
        if self.files.format is Format.PARQUET:
            kept.select("record.*").write.parquet(address)
            return
        if self.header is not None:
            kept = kept.mapInArrow(partial(delimited.below, self.header), "value string")
        write = kept.write.option("lineSep", "\n")
        if self.files.codec in COMPRESSIONS:
            write = write.option("compression", COMPRESSIONS[self.files.codec])
        write.text(address)


def in_parts(spark: SparkSession, *files: Files) -> AbstractContextManager[None]:
    """Have Spark cut the files of a job in one way, for all of its passes over them."""
    return lines.in_parts(spark, [size for some in files for size in some.sizes])


@contextmanager
def reading(
    spark: SparkSession, files: Files, fields: Fields, checkpoints: Checkpoints, stage: str = "looked"
) -> Iterator[Reading]:
    """Take a first look at some files; what it gives is to be used in the block, and this inside `in_parts`.

    Raises:
        InputError: A file cannot be read, or changed until the end of the block.
        UsageError: Files of rows have different headers.
    """
    kinds = {Format.JSONL: _lines, Format.PARQUET: _tables}
    with files.unchanged(spark):
        yield kinds.get(files.format, _delimited)(spark, files, fields, checkpoints, stage)


def _lines(
    spark: SparkSession, files: Files, fields: Fields, checkpoints: Checkpoints, stage: str
) -> Reading:
    looked = checkpoints.stage(stage, lines.look(spark, files, fields))
    starts = lines.starts(spark, files, looked)
    frame = lines.positioned(spark, files, starts)
    counts = counted.counts(looked, len(fields.text))
    articles = Articles(frame, partial(lines.read, fields), files.locate, fields.more)
    return Reading(files, articles, counts, files.locate(lines.skipped(looked, starts)), frame)


def _tables(
    spark: SparkSession, files: Files, fields: Fields, checkpoints: Checkpoints, stage: str
) -> Reading:
    rows = tables.rows(spark, files, fields)
    frame = tables.compared(rows, fields)
    looked = checkpoints.stage(stage, tables.look(frame, fields))
    counts = counted.counts(looked, len(fields.text))
    articles = Articles(frame, partial(tables.read, fields), files.locate, fields.more)
    return Reading(files, articles, counts, files.locate(tables.skipped(looked)), rows)


def _delimited(
    spark: SparkSession, files: Files, fields: Fields, checkpoints: Checkpoints, stage: str
) -> Reading:
    with delimited.uncut(spark):
        rows = checkpoints.stage(stage, delimited.rows(spark, files, fields))
    delimited.check_headers(rows, files)
    usable = delimited.usable(rows)
    articles = Articles(
        usable.drop("raw", "reason", "detail", "repaired"),
        partial(delimited.read, fields),
        files.locate,
        fields.more,
    )
    records = usable.select("position", F.col("raw").alias("value"))
    counts = delimited.sums(rows, fields)
    return Reading(
        files, articles, counts, files.locate(delimited.skipped(rows)), records, delimited.header(rows)
    )
