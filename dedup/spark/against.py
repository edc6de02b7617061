"""A job against known articles: both sides go in, which articles of the job the known ones have comes out.

The rules are those of `dedup.against.known`: an article that copies a known one is gone before the others are matched.
Each is compared with all known articles that share a band with it, not only with representatives; of articles with the
same words one stands for all.

In pairs a known article goes by its position less `FAR`, so that it comes before all of the job.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.bands import choose
from dedup.containment import MOST_KNOWN
from dedup.excerpts import ExcerptSettings
from dedup.keep import Policy
from dedup.spark.articles import Articles
from dedup.spark.buckets import GUEST, HEAD, meeting, shared, with_role
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.compare import compared, contained, measured
from dedup.spark.minimizers import candidates
from dedup.spark.order import apart, named
from dedup.spark.sketches import SETS, Sketcher
from dedup.spark.twins import twins

FAR = 1 << 62
"""More than any position."""

_FOUND = ("rank", "known", "relation", "similarity", "containment")


@dataclass(frozen=True, slots=True)
class Seen:
    """Which articles of a job known ones have.

    Attributes:
        found: `position`, `original` (the known one's name), `relation`, `similarity`, `containment` of each of them.
        remove: Whether excerpts go, too.
    """

    found: DataFrame
    remove: bool

    @property
    def gone(self) -> DataFrame:
        """Those that take no further part."""
        return self.found if self.remove else self.found.where("relation != 'excerpt'")

    def merge(self, rows: DataFrame, names: DataFrame) -> DataFrame:
        """The rows of all articles from those of the rest; `names` of all."""
        copied = F.col("relation") != "excerpt"
        sizes = self.gone.where(copied).groupBy("original").agg((F.count("*") + 1).alias("size"))
        gone = self.gone.join(sizes, "original", "left").join(names, "position")
        columns = {
            "position": F.col("position"),
            "id": F.col("name"),
            "cluster_id": F.when(copied, F.col("original")).otherwise(F.col("name")),
            "cluster_size": F.when(copied, F.col("size")).otherwise(1),
            "is_duplicate": F.lit(True),
            "duplicate_of": F.col("original"),
            "relation": F.col("relation"),
            "similarity": F.col("similarity"),
            "containment": F.col("containment"),
            "location": F.col("location"),
            "excerpt_of": F.when(~copied, F.col("original")),
            "excerpt_containment": F.when(~copied, F.col("containment")),
            "family_id": F.col("name"),
        }
        gone = gone.select(*(columns[name].alias(name) for name in rows.columns))
        if "excerpt_of" in rows.columns and not self.remove:
            rows = self._reported(rows)
        return rows.unionByName(gone)

    def _reported(self, rows: DataFrame) -> DataFrame:
        """Of those that stay it is said of which known article they are excerpts, rather than of which other one."""
        cut = self.found.where("relation = 'excerpt'")
        cut = cut.selectExpr("position", "original", "containment as of_original")
        is_cut = F.col("original").isNotNull() & ~F.col("is_duplicate")
        return (
            rows.join(cut, "position", "left")
            .withColumn("excerpt_of", F.when(is_cut, F.col("original")).otherwise(F.col("excerpt_of")))
            .withColumn(
                "excerpt_containment",
                F.when(is_cut, F.col("of_original")).otherwise(F.col("excerpt_containment")),
            )
            .select(*rows.columns)
        )


def compare(
    articles: Articles,
    sketches: DataFrame,
    names: DataFrame,
    known: Articles,
    sketcher: Sketcher,
    excerpts: ExcerptSettings,
    checkpoints: Checkpoints,
) -> Seen:
    """Hold the articles of a job against known ones.

    Args:
        articles: Those of the job.
        sketches: Their sketches.
        names: Their names.
        known: The others.
        sketcher: What made the sketches.
        excerpts: What is an excerpt, and whether it goes.
        checkpoints: Where stages go.
    """
    maker = replace(sketcher, policy=Policy.parse("first"))
    others = checkpoints.stage("known-sketches", known.map(maker.sketch, maker.schema))
    copies, leaders = twins(sketches.withColumn("rank", F.col("position")), "against-copies", checkpoints)
    _, originals = twins(others.withColumn("rank", F.col("position") - FAR), "known-copies", checkpoints)
    both = with_role(originals, HEAD).unionByName(with_role(leaders, GUEST), allowMissingColumns=True)

    def sets(wanted: DataFrame) -> DataFrame:
        far = wanted.where("position < 0").withColumn("position", F.col("position") + FAR)
        theirs = known.only(far).map(maker.shingle, SETS).withColumn("position", F.col("position") - FAR)
        return articles.only(wanted.where("position >= 0")).map(maker.shingle, SETS).union(theirs)

    def measure(pairs: DataFrame, threshold: float, name: str) -> DataFrame:
        at = pairs.selectExpr("a", "b", "a as position_a", "b as position_b")
        return compared(at, sets, threshold, name, checkpoints)

    settings = sketcher.settings
    entries = checkpoints.stage("against-buckets", shared(both)).join(
        both.select("rank", "low", "role"), "rank"
    )
    pairs = checkpoints.stage("against-pairs", meeting(entries, choose(settings).gate, 0))
    near = measured(measure(pairs, settings.threshold, "against-compared"))
    same = originals.selectExpr("rank as a", "digest_high", "digest_low").join(
        leaders.selectExpr("rank as b", "digest_high", "digest_low"), ["digest_high", "digest_low"]
    )
    exact = same.selectExpr("a", "b", "1D as similarity", "1D as containment", "'exact' as relation")
    either = exact.unionByName(near.selectExpr("a", "b", "similarity", "containment", "'near' as relation"))
    # Exact before near: the words come in the order of the alphabet.
    best = F.min(F.struct("relation", -F.col("similarity"), "a", "containment")).alias("best")
    found = (
        either.groupBy("b")
        .agg(best)
        .selectExpr(
            "b as rank", "best.a as known", "best.relation", "-best.col2 as similarity", "best.containment"
        )
    )
    found = checkpoints.stage("against-found", found)
    if excerpts.window is not None:
        gates = excerpts.gates(settings.threshold)._replace(most_clusters=MOST_KNOWN)
        open_ = both.join(found, "rank", "left_anti")
        # Each known article stands for itself, those of the job for nothing: none is compared with its own side.
        representative = F.when(F.col("role") == HEAD, F.col("rank")).otherwise(-1)
        open_ = open_.select("rank", representative.alias("representative"), "minimizers")
        pairs = candidates(open_, gates, "against-excerpts", checkpoints, members_only=True)
        some = contained(measure(pairs, 0.0, "against-excerpts-compared"), gates).where("size_b <= size_a")
        best = F.max(F.struct("containment", -F.col("a"), "similarity")).alias("best")
        some = (
            some.groupBy("b")
            .agg(best)
            .selectExpr(
                "b as rank",
                "-best.col2 as known",
                "'excerpt' as relation",
                "best.similarity",
                "best.containment",
            )
        )
        found = found.select(*_FOUND).unionByName(some)
    also = copies.join(found.withColumnRenamed("rank", "first"), "first").select(*_FOUND)
    theirs, _ = named(others, known, checkpoints, "known-ids")
    theirs = apart(theirs, names, checkpoints, "known-ids-again")
    named_ = found.select(*_FOUND).unionByName(also).withColumn("known", F.col("known") + FAR)
    theirs = theirs.selectExpr("position as known", "name as original")
    found = named_.join(theirs, "known").withColumnRenamed("rank", "position").drop("known")
    return Seen(checkpoints.stage("against", found), excerpts.mode == "remove")
