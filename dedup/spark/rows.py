"""Rows of a job: what matching found goes in, one row a document with the columns of `clusters.jsonl` comes out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.spark.columns import Batches
from dedup.spark.excerpts import Cut
from dedup.spark.matching import Job, Matched


def rows(
    job: Job, names: DataFrame, matched: Matched, cut: Cut | None, family: DataFrame | None
) -> DataFrame:
    """`position` and the columns of `clusters.jsonl` of every document.

    Args:
        job: With the documents.
        names: `position`, `name` and `location` of each.
        matched: What matching found.
        cut: Which are excerpts; None = nobody looked.
        family: `family` of each `rank` that is not the first of one; None = nobody asked.
    """
    documents = job.documents.select("rank", "position", "tokens").join(names, "position")
    clusters = job.checkpoints.stage("clusters", _clusters(documents, matched))
    facts = documents.join(clusters, "rank", "left")
    facts = facts.join(_cut(documents, matched, cut), "rank", "left") if cut else _uncut(facts)
    is_excerpt, is_duplicate = F.col("is_excerpt"), F.col("relation").isNotNull()
    own = F.when(F.col("tokens") > 0, 1.0)
    relation = F.when(is_excerpt, "excerpt").otherwise(F.col("relation"))
    found = facts.withColumn("relation", relation).select(
        "position",
        F.col("name").alias("id"),
        F.coalesce("cluster_id", "name").alias("cluster_id"),
        F.coalesce("cluster_size", F.lit(1)).alias("cluster_size"),
        is_duplicate.alias("is_duplicate"),
        F.when(is_excerpt, F.col("article")).when(is_duplicate, F.col("cluster_id")).alias("duplicate_of"),
        "relation",
        *(
            F.when(is_excerpt, F.col(f"excerpt_{name}")).otherwise(F.coalesce(name, own)).alias(name)
            for name in ("similarity", "containment")
        ),
        "location",
        F.col("article").alias("excerpt_of"),
        "excerpt_containment",
    )
    if cut is None:
        found = found.drop("excerpt_of", "excerpt_containment")
    if family is None:
        return found
    named = documents.selectExpr("rank as family", "name as family_id")
    placed = family.join(named, "family").join(documents.select("rank", "position"), "rank")
    family_id = F.coalesce("family_id", "id").alias("family_id")
    return found.join(placed.select("position", "family_id"), "position", "left").select(
        *(name for name in found.columns), family_id
    )


def _clusters(documents: DataFrame, matched: Matched) -> DataFrame:
    """`rank`, `cluster_id` and `cluster_size` of all in clusters; of copies the relation and measures, too."""
    near = matched.near.selectExpr("b as rank", "a as representative", "similarity", "containment")
    # Exact copies share what their first has.
    copies = matched.copies.join(near.withColumnRenamed("rank", "first"), "first", "left").select(
        "rank",
        F.coalesce("representative", "first").alias("representative"),
        F.coalesce("similarity", F.lit(1.0)).alias("similarity"),
        F.coalesce("containment", F.lit(1.0)).alias("containment"),
        F.when(F.col("similarity").isNull(), "exact").otherwise("near").alias("relation"),
    )
    members = near.withColumn("relation", F.lit("near")).unionByName(copies)
    sizes = members.groupBy("representative").agg((F.count("*") + 1).alias("cluster_size"))
    named = documents.selectExpr("rank as representative", "name as cluster_id")
    heads = sizes.join(named, "representative")
    own = heads.withColumnRenamed("representative", "rank")
    return members.join(heads, "representative").drop("representative").unionByName(own, True)


def _cut(documents: DataFrame, matched: Matched, cut: Cut) -> DataFrame:
    """`rank`, `article` (its name), `excerpt_similarity`, `excerpt_containment`, and `is_excerpt` if it is gone."""
    copies = matched.copies.join(cut.removed.withColumnRenamed("rank", "first"), "first").drop("first")
    gone = cut.removed.unionByName(copies).withColumn("is_excerpt", F.lit(True))
    every = gone.unionByName(cut.reported.withColumn("is_excerpt", F.lit(False)))
    every = every.withColumnRenamed("article", "larger")
    named = documents.selectExpr("rank as larger", "name as article")
    return every.join(named, "larger").select(
        "rank",
        "article",
        F.col("similarity").alias("excerpt_similarity"),
        F.col("containment").alias("excerpt_containment"),
        "is_excerpt",
    )


def _uncut(facts: DataFrame) -> DataFrame:
    return facts.selectExpr(
        "*",
        "cast(null as string) as article",
        "cast(null as double) as excerpt_similarity",
        "cast(null as double) as excerpt_containment",
        "false as is_excerpt",
    )


DIGITS = 6
"""Decimal places of similarities in files, as on one machine."""


def printed(found: DataFrame) -> DataFrame:
    """The rows as they are written: without positions, measures rounded."""
    rows = found.drop("position")
    return rows.mapInArrow(_rounded, rows.schema)


def _rounded(batches: Batches) -> Batches:
    for batch in batches:
        for i, column in enumerate(batch.columns):
            if pa.types.is_floating(column.type):
                values = column.to_numpy(zero_copy_only=False)
                scaled = values * 10**DIGITS
                near = np.rint(scaled) / 10**DIGITS
                # Spark rounds what a number looks like in decimals; here ties are decided by what it is.
                for tie in np.flatnonzero(np.abs(scaled % 1 - 0.5) < 1e-6).tolist():
                    near[tie] = round(float(values[tie]), DIGITS)
                batch = batch.set_column(i, batch.schema.field(i), pa.array(near, from_pandas=True))
        yield batch
