"""Families of a job: near relations go in, the family of each document comes out.

A family is a connected component over every near relation between a document and a representative, see
`dedup.clusters.families`. Components are found by stars (Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii 2014,
"Connected components in MapReduce and beyond"): in turn every node links its larger and its smaller neighbours to the
least of them, until all are stars. Once few edges are left one task does the rest in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.clusters import components
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.columns import Batches, longs
from dedup.spark.matching import Job, Matched


def families(job: Job, matched: Matched) -> DataFrame:
    """`rank` and `family`, the rank of its first member, of every document that is not the first of its family.

    The first of a family is a representative, so that only these have to be connected: all that one document is near.
    """
    firsts = matched.links.groupBy("b").agg(F.min("a").alias("first"))
    edges = matched.links.join(firsts, "b").where("a != first").selectExpr("first as a", "a as b").distinct()
    stars = _stars(job.checkpoints.stage("families-edges", edges), job.checkpoints, job.few)
    members = matched.near.selectExpr("b as rank", "a as representative")
    copies = matched.copies.join(members.withColumnRenamed("rank", "first"), "first", "left")
    copies = copies.select("rank", F.coalesce("representative", "first").alias("representative"))
    placed = members.unionByName(copies).join(
        stars.selectExpr("b as representative", "a"), "representative", "left"
    )
    family = placed.select("rank", F.coalesce("a", "representative").alias("family"))
    return family.union(stars.selectExpr("b", "a"))


def _stars(edges: DataFrame, checkpoints: Checkpoints, few: int) -> DataFrame:
    """`a`, `b`: the least node of its component for every other one."""
    number = 0
    while edges.count() > few:
        number += 1
        both = edges.union(edges.selectExpr("b", "a"))
        edges = checkpoints.stage(f"families-large-{number}", _linked(both, "a < b"))
        smaller = edges.selectExpr("b as a", "a as b").union(edges.selectExpr("b", "b"))
        edges = checkpoints.stage(f"families-small-{number}", _linked(smaller, "a >= b"))
        centres = edges.select("a").distinct().withColumnRenamed("a", "b")
        if (
            edges.join(centres, "b", "left_semi").isEmpty()
            and edges.count() == edges.select("b").distinct().count()
        ):
            return edges
    return checkpoints.stage("families", edges.coalesce(1).mapInArrow(_finish, edges.schema))


def _linked(neighbours: DataFrame, linked: str) -> DataFrame:
    """The neighbours `b` of each `a` that are to be linked, each with the least of them all and `a` itself."""
    least = neighbours.groupBy("a").agg(F.min("b").alias("least"))
    least = least.select("a", F.least("a", "least").alias("least"))
    found = neighbours.where(linked).join(least, "a").selectExpr("least as a", "b")
    return found.where("a != b").distinct()


def _finish(batches: Batches) -> Iterator[pa.RecordBatch]:
    parts = [np.stack([longs(batch["a"]), longs(batch["b"])], axis=1) for batch in batches]
    edges = np.concatenate([np.empty((0, 2), np.int64), *parts])
    ranks, at = np.unique(edges, return_inverse=True)
    least = ranks[components(len(ranks), at.reshape(-1, 2))]
    others = least != ranks
    yield pa.RecordBatch.from_pydict({"a": least[others], "b": ranks[others]})
