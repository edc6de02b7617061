"""Greedy matching of a job: documents with ranks go in, the representative of each copy comes out.

    round 1   all documents that share a bucket   -> pairs -> near edges -> who stays, who goes, who cannot be decided
    round 2.. what is undecided, with more heads  -> likewise, until everything is decided
    last      who stayed late, with all that went earlier: in a bucket that was left over they have not met
    join      each that goes joins the most similar earlier representative, the earlier of equals

The outcome is that of `dedup.reference.matching`, whatever the partitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.bands import choose
from dedup.spark.articles import Articles
from dedup.spark.buckets import AGREEING, EITHER, GROWTH, GUEST, HEAD, meeting, shared, with_role
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.compare import compared, measured
from dedup.spark.greedy import FEW, decide
from dedup.spark.sketches import SETS, Sketcher
from dedup.spark.twins import twins


@dataclass(frozen=True, slots=True)
class Job:
    """What the stages after sketching share.

    Attributes:
        articles: The articles.
        documents: Their sketches with a `rank`.
        sketcher: What made them.
        checkpoints: Where stages go.
        agreeing: See `dedup.spark.buckets.AGREEING`.
        few: See `dedup.spark.greedy.FEW`.
    """

    articles: Articles
    documents: DataFrame
    sketcher: Sketcher
    checkpoints: Checkpoints
    agreeing: int = AGREEING
    few: int = FEW

    def compare(self, pairs: DataFrame, name: str, threshold: float) -> DataFrame:
        """Compare pairs of ranks exactly, see `dedup.spark.compare`."""
        if self.sketcher.policy.rules[0].kind == "first":  # ranks are positions
            at = pairs.selectExpr("a", "b", "a as position_a", "b as position_b")
        else:
            at, positions = pairs.select("a", "b"), self.documents.select("rank", "position")
            for end in ("a", "b"):
                at = at.join(positions.selectExpr(f"rank as {end}", f"position as position_{end}"), end)
        return compared(at, self._sets, threshold, name, self.checkpoints)

    def _sets(self, positions: DataFrame) -> DataFrame:
        return self.articles.only(positions).map(self.sketcher.shingle, SETS)


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching found.

    Attributes:
        copies: `rank` and `first` of each later exact copy: the first document with its words.
        leaders: The documents that have words, and are the first with these.
        gone: `rank` of the leaders that are near an earlier one which stays.
        links: `a`, `b`, `similarity`, `containment` of every near relation between a document `b` and an earlier
            representative `a`.
        near: The same of each leader that goes with the representative that it joins.
    """

    copies: DataFrame
    leaders: DataFrame
    gone: DataFrame
    links: DataFrame
    near: DataFrame


def match(job: Job) -> Matched:
    """Find the representative of every document."""
    checkpoints = job.checkpoints
    copies, leaders = twins(job.documents, "copies", checkpoints)
    entries = checkpoints.stage("buckets", shared(leaders))
    low = leaders.select("rank", "low")
    edges: list[DataFrame] = []
    gone: list[DataFrame] = []
    waiting: list[DataFrame] = []
    undecided, agreeing = low, job.agreeing
    while True:
        name = f"round-{len(edges) + 1}"
        found, held = _near(job, with_role(entries.join(undecided, "rank"), EITHER), name, agreeing)
        decided = decide(found, held, name, checkpoints, job.few)
        edges.append(found)
        gone.append(decided.gone)
        waiting.append(checkpoints.stage(f"{name}-waiting", decided.waiting))
        if waiting[-1].isEmpty():
            break
        undecided = low.join(waiting[-1], "rank", "left_semi")
        agreeing *= GROWTH
    went = checkpoints.stage("gone", reduce(DataFrame.union, gone).distinct())
    if len(edges) > 1:
        edges.append(_last(job, entries, low, waiting[0], went))
    stays = reduce(DataFrame.union, edges).join(went.withColumnRenamed("rank", "a"), "a", "left_anti")
    links = checkpoints.stage("links", stays.distinct())
    best = F.max(F.struct("similarity", -F.col("a"), "containment")).alias("best")
    near = links.groupBy("b").agg(best)
    near = near.selectExpr("-best.col2 as a", "b", "best.similarity", "best.containment")
    return Matched(copies, leaders, went, links, checkpoints.stage("near", near))


def _near(job: Job, entries: DataFrame, name: str, agreeing: int) -> tuple[DataFrame, DataFrame]:
    """The near pairs among entries of buckets, with `similarity` and `containment`; and `rank` of what is left over."""
    settings = job.sketcher.settings
    gate = choose(settings).gate
    pairs = job.checkpoints.stage(f"{name}-pairs", meeting(entries, gate, agreeing))
    found = job.compare(pairs.where("a != b"), f"{name}-compared", settings.threshold)
    return measured(found), pairs.where("a = b").selectExpr("a as rank")


def _last(job: Job, entries: DataFrame, low: DataFrame, late: DataFrame, gone: DataFrame) -> DataFrame:
    """The near pairs of representatives that were decided after the first round with documents that go."""
    stayed = low.join(late, "rank", "left_semi").join(gone, "rank", "left_anti")
    heads = entries.join(stayed, "rank")
    buckets = heads.select("bucket").distinct()
    guests = entries.join(low.join(gone, "rank", "left_semi"), "rank").join(buckets, "bucket", "left_semi")
    both = with_role(heads, HEAD).unionByName(with_role(guests, GUEST))
    found, _ = _near(job, both, "last", 0)
    return found
