"""Rows of a job: what matching found goes in, one row a document with the columns of `clusters.jsonl` comes out."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.spark.matching import Job, Matched

COLUMNS = (
    "id",
    "cluster_id",
    "cluster_size",
    "is_duplicate",
    "duplicate_of",
    "relation",
    "similarity",
    "containment",
    "location",
)
"""Those that are always there, in their order."""


def rows(job: Job, names: DataFrame, matched: Matched) -> DataFrame:
    """`position` and the columns of `clusters.jsonl` of every document.

    Args:
        job: With the documents.
        names: `position`, `name` and `location` of each.
        matched: What matching found.
    """
    documents = job.documents.select("rank", "position", "tokens").join(names, "position")
    near = matched.near.selectExpr("b as first", "a", "similarity", "containment")
    # Exact copies share what their first has.
    followers = matched.copies.join(near, "first", "left").select(
        "rank",
        F.coalesce("a", "first").alias("representative"),
        F.when(F.col("a").isNull(), "exact").otherwise("near").alias("relation"),
        F.coalesce("similarity", F.lit(1.0)).alias("similarity"),
        F.coalesce("containment", F.lit(1.0)).alias("containment"),
    )
    members = near.selectExpr(
        "first as rank", "a as representative", "'near' as relation", "similarity", "containment"
    )
    members = job.checkpoints.stage("members", members.unionByName(followers))
    sizes = members.groupBy("representative").agg((F.count("*") + 1).alias("cluster_size"))
    heads = sizes.join(documents.selectExpr("rank as representative", "name as cluster_id"), "representative")
    heads = job.checkpoints.stage("clusters", heads)
    facts = (
        members.join(heads, "representative")
        .drop("representative")
        .unionByName(heads.withColumnRenamed("representative", "rank"), allowMissingColumns=True)
    )
    own = F.when(F.col("tokens") > 0, 1.0)
    return documents.join(facts, "rank", "left").select(
        "position",
        F.col("name").alias("id"),
        F.coalesce("cluster_id", "name").alias("cluster_id"),
        F.coalesce("cluster_size", F.lit(1)).alias("cluster_size"),
        F.col("relation").isNotNull().alias("is_duplicate"),
        F.when(F.col("relation").isNotNull(), F.col("cluster_id")).alias("duplicate_of"),
        "relation",
        F.coalesce("similarity", own).alias("similarity"),
        F.coalesce("containment", own).alias("containment"),
        "location",
    )
