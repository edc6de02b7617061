"""Exact copies of a job: documents go in, who has the same words as an earlier one comes out, and who has not."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.spark.checkpoints import Checkpoints

_DIGEST = ["digest_high", "digest_low"]


def twins(documents: DataFrame, name: str, checkpoints: Checkpoints) -> tuple[DataFrame, DataFrame]:
    """`rank` and `first` of each later exact copy; and the documents that have words, and are the first with these.

    Args:
        documents: Sketches with a `rank`.
        name: What the stage is called.
        checkpoints: Where it goes.
    """
    worded = documents.where("tokens > 0")
    firsts = worded.groupBy(*_DIGEST).agg(F.min("rank").alias("first"), F.count("*").alias("uses"))
    several = worded.select("rank", *_DIGEST).join(firsts.where("uses > 1"), _DIGEST)
    copies = checkpoints.stage(name, several.where("rank != first").select("rank", "first"))
    return copies, worded.join(copies, "rank", "left_anti")
