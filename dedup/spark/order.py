"""Names and ranks of the documents of a job: sketches go in, documents with names of their own, in order, come out.

A rank is a number by which documents are compared as the keep policy has it: not dense, and made by a distributed sort
where the policy looks at more than positions.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.keep import Policy
from dedup.spark.articles import Articles
from dedup.spark.checkpoints import Checkpoints


def named(sketches: DataFrame, articles: Articles, checkpoints: Checkpoints) -> tuple[DataFrame, DataFrame]:
    """`position`, `name` and `location` of every document, no two with the same name; and those that were renamed.

    See `dedup.identities`. Of the renamed `position`, `location` and the `id` that they came with.
    """
    ids = articles.located(sketches.select("position", "id"))
    ids = ids.withColumn("name", F.coalesce("id", "location"))
    firsts = ids.groupBy("name").agg(F.min("position").alias("first"), F.count("*").alias("uses"))
    firsts = firsts.where("uses > 1")
    again = (
        ids.join(firsts, "name")
        .where("position != first")
        .select("position", "location", F.col("name").alias("id"))
    )
    again = checkpoints.stage("ids", again)
    if again.isEmpty():
        return ids.select("position", "name", "location"), again
    renamed = _free(again, ids.select("name"), checkpoints)
    joined = ids.join(renamed, "position", "left")
    return joined.select("position", F.coalesce("free", "name").alias("name"), "location"), again


def _free(again: DataFrame, names: DataFrame, checkpoints: Checkpoints) -> DataFrame:
    """`position` and `free`: the location of each document, with `#2`, `#3`, ... where another has that for a name."""
    taken = names.withColumnRenamed("name", "free")
    wanted, number = again.withColumn("free", F.col("location")), 1
    while True:
        free = wanted.join(taken, "free", "left_anti").select("position", "location", "free")
        free = checkpoints.stage(f"ids-{number}", free)
        left = wanted.join(free, "position", "left_anti")
        if left.isEmpty():
            return free.select("position", "free")
        number += 1
        wanted = free.unionByName(left.withColumn("free", F.concat("location", F.lit(f"#{number}"))))


def ranked(sketches: DataFrame, names: DataFrame, policy: Policy, checkpoints: Checkpoints) -> DataFrame:
    """The sketches with a `rank`, by which they ascend in priority order."""
    if not policy.breaks_ties:
        sign = -1 if policy.rules[0].kind == "last" else 1
        return sketches.withColumn("rank", F.col("position") * sign)
    keys = [f"rule_{i}" for i in range(len(policy.rules))]
    # Consecutive numbers in every partition, and partitions in the order of the sort.
    ordered = (
        sketches.join(names.select("position", "name"), "position")
        .orderBy(*keys, "digest_high", "digest_low", "name")
        .withColumn("rank", F.monotonically_increasing_id())
        .drop("name", *keys)
    )
    return checkpoints.stage("documents", ordered)
