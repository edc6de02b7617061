"""The articles of a job: a data frame goes in, the same rows come out as texts, ids and places, where they are needed.

Texts are read where they lie, by every stage that wants some, and never exchanged between machines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.spark.columns import Batches

BITS = 1 << 15
"""Positions of one bitmap, as `bitmap_construct_agg` makes them: 4 KB."""


@dataclass(frozen=True, slots=True)
class Articles:
    """The articles of a job.

    Attributes:
        frame: One row an article, with the column `position` (long): all different, ascending in input order, dense but
            for steps from file to file.
        prepare: Makes record batches with the columns `position`, `text`, `id` (null or empty = none) and `fields` of
            those of any rows of `frame`; None = the frame has these columns.
        locate: Adds the column `location` to a frame that has positions; None = `row:POSITION`.
        fields: Further columns, for the keep policy.
    """

    frame: DataFrame
    prepare: Callable[[Batches], Batches] | None = None
    locate: Callable[[DataFrame], DataFrame] | None = None
    fields: tuple[str, ...] = ()

    def map(self, make: Callable[[Batches], Batches], schema: str) -> DataFrame:
        """What `make` makes of the prepared articles."""
        if self.prepare is not None:
            return self.frame.mapInArrow(partial(_composed, self.prepare, make), schema)
        columns = dict.fromkeys(("position", "text", "id", *self.fields))
        return self.frame.select(*(f"`{name}`" for name in columns)).mapInArrow(make, schema)

    def only(self, positions: DataFrame) -> Articles:
        """Those at some positions."""
        return replace(self, frame=among(self.frame, positions))

    def located(self, frame: DataFrame) -> DataFrame:
        """A frame with the column `location`."""
        if self.locate is not None:
            return self.locate(frame)
        return frame.withColumn("location", F.concat(F.lit("row:"), F.col("position").cast("string")))


def among(
    frame: DataFrame, positions: DataFrame, *, is_in: bool = True, column: str = "position"
) -> DataFrame:
    """The rows of a frame whose position is one of some others, or none of them. The frame is not exchanged.

    The positions are sent to every executor as bitmaps: an eighth of a byte for each article of the corpus.

    Args:
        frame: Has a `column` of positions.
        positions: Has one of the name `position`.
        is_in: Whether rows stay that are among the positions, or those that are not.
        column: See above.
    """
    bitmaps = (
        positions.groupBy(F.bitmap_bucket_number("position").alias("dedup_bucket"))
        .agg(F.bitmap_construct_agg(F.bitmap_bit_position("position")).alias("dedup_bitmap"))
        .hint("broadcast")
    )
    bit = F.bitmap_bit_position(column)
    byte = F.hex(F.substring("dedup_bitmap", (bit / 8).cast("int") + 1, F.lit(1)))
    is_set = F.getbit(F.conv(byte, 16, 10).cast("int"), (bit % 8).cast("int")) == 1
    joined = frame.join(bitmaps, F.bitmap_bucket_number(column) == F.col("dedup_bucket"), "left")
    found = F.coalesce(is_set, F.lit(False))
    return joined.where(found if is_in else ~found).drop("dedup_bucket", "dedup_bitmap")


def _composed(
    first: Callable[[Batches], Batches], then: Callable[[Batches], Batches], batches: Batches
) -> Batches:
    return then(first(batches))
