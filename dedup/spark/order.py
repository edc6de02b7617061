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


def named(
    sketches: DataFrame, articles: Articles, checkpoints: Checkpoints, name: str = "ids"
) -> tuple[DataFrame, DataFrame]:
    """`position`, `name` and `location` of every document, no two with the same name; and those that were renamed.

    See `dedup.identities`. Of the renamed `position`, `location` and the `id` that they came with.
    """
    ids = articles.located(sketches.select("position", "id")).withColumn("name", F.coalesce("id", "location"))
    firsts = ids.groupBy("name").agg(F.min("position").alias("first"), F.count("*").alias("uses"))
    again = ids.join(firsts.where("uses > 1"), "name").where("position != first")
    again = checkpoints.stage(name, again.selectExpr("position", "location", "name as id"))
    return _renamed(ids, again, ids, checkpoints, name), again


def apart(names: DataFrame, others: DataFrame, checkpoints: Checkpoints, name: str) -> DataFrame:
    """The names of some documents, those that are also a name of one of the others replaced."""
    again = checkpoints.stage(name, names.join(others.select("name"), "name", "left_semi"))
    return _renamed(names, again, names.select("name").union(others.select("name")), checkpoints, name)


def _renamed(
    names: DataFrame, again: DataFrame, taken: DataFrame, checkpoints: Checkpoints, name: str
) -> DataFrame:
    """The names, those in `again` replaced by the location, with `#2`, `#3`, ... where that is `taken` itself."""
    names = names.select("position", "name", "location")
    if again.isEmpty():
        return names
    taken = taken.selectExpr("name as free")
    wanted, number = again.selectExpr("position", "location", "location as free"), 1
    while True:
        free = wanted.join(taken, "free", "left_anti").select("position", "location", "free")
        free = checkpoints.stage(f"{name}-{number}", free)
        left = wanted.join(free, "position", "left_anti")
        if left.isEmpty():
            break
        number += 1
        wanted = free.unionByName(left.withColumn("free", F.concat("location", F.lit(f"#{number}"))))
    joined = names.join(free.select("position", "free"), "position", "left")
    return joined.select("position", F.coalesce("free", "name").alias("name"), "location")


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
