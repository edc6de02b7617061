"""Excerpts of a job: what matching found goes in, what becomes of each excerpt comes out.

The definitions are those of `dedup.excerpts`. Excerpts are removed in rounds, as copies are.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.containment import Gates
from dedup.spark.compare import contained
from dedup.spark.greedy import decide
from dedup.spark.matching import Job, Matched
from dedup.spark.minimizers import candidates


@dataclass(frozen=True, slots=True)
class Cut:
    """Which leaders are excerpts: `rank`, `article`, `similarity` and `containment` of each with the article it is in.

    Attributes:
        reported: Of representatives that stay.
        removed: Of all leaders of the clusters that go.
    """

    reported: DataFrame
    removed: DataFrame


def find(job: Job, matched: Matched, gates: Gates, *, remove: bool) -> Cut:
    """Find the excerpts of a job, see `dedup.excerpts.decide`."""
    pairs = _contained(job, matched, gates)
    gone = matched.gone
    removed = pairs.where(F.lit(False))
    if remove:
        removed = job.checkpoints.stage("excerpts-removed", _removed(job, pairs, matched))
        gone = gone.union(removed.select("rank")).distinct()
    for end in ("rank", "article"):
        pairs = pairs.join(gone.withColumnRenamed("rank", end), end, "left_anti")
    return Cut(job.checkpoints.stage("excerpts-reported", _best(pairs)), removed.select(*_COLUMNS))


_COLUMNS = ("rank", "article", "similarity", "containment")


def _contained(job: Job, matched: Matched, gates: Gates) -> DataFrame:
    """Pairs of excerpt (`rank`) and `article` among the leaders; of two of one size the later is the excerpt."""
    clusters = matched.near.selectExpr("b as rank", "a as representative")
    leaders = matched.leaders.select("rank", "minimizers").join(clusters, "rank", "left")
    leaders = leaders.select(
        "rank", F.coalesce("representative", "rank").alias("representative"), "minimizers"
    )
    pairs = candidates(leaders, gates, "excerpts", job.checkpoints)
    found = contained(job.compare(pairs, "excerpts-compared", 0.0), gates)
    is_first = "size_a < size_b"
    return found.selectExpr(
        f"if({is_first}, a, b) as rank", f"if({is_first}, b, a) as article", "similarity", "containment"
    )


def _removed(job: Job, pairs: DataFrame, matched: Matched) -> DataFrame:
    """The pair of each leader of a cluster that goes with the article that stays instead."""
    clusters = matched.near.selectExpr("b as rank", "a as cluster")
    texts = matched.near.groupBy("a").agg((F.count("*") + 1).alias("texts"))
    texts = texts.withColumnRenamed("a", "cluster")
    to_stay = pairs.join(matched.gone.withColumnRenamed("rank", "article"), "article", "left_anti")
    placed = to_stay.join(clusters, "rank", "left")
    placed = placed.withColumn("cluster", F.coalesce("cluster", "rank")).where("cluster != article")
    placed = job.checkpoints.stage("excerpts-placed", placed)
    whole = (
        placed.groupBy("cluster", "article").agg(F.count("*").alias("found")).join(texts, "cluster", "left")
    )
    whole = whole.where("found = coalesce(texts, 1)").select("cluster", "article")
    edges = placed.where("rank = cluster").join(whole, ["cluster", "article"])
    edges = job.checkpoints.stage("excerpts-edges", edges.select(*_COLUMNS))
    nobody = edges.select("rank").where(F.lit(False))
    decided = decide(
        edges.selectExpr("article as a", "rank as b"), nobody, "excerpts", job.checkpoints, job.few
    )
    stays = edges.join(decided.gone.withColumnRenamed("rank", "article"), "article", "left_anti")
    goes_to = _best(stays).selectExpr("rank as cluster", "article")
    return placed.join(goes_to, ["cluster", "article"]).select(*_COLUMNS)


def _best(pairs: DataFrame) -> DataFrame:
    """Of the pairs of each excerpt that of highest containment, then similarity, then the first in priority order."""
    best = F.max(F.struct("containment", "similarity", -F.col("article"))).alias("best")
    found = pairs.groupBy("rank").agg(best)
    return found.selectExpr("rank", "-best.col3 as article", "best.similarity", "best.containment")
