"""The job: articles and what is asked of them go in, a row of each comes out.

    learn    articles -> rules                             (on request)
    sketch   articles -> sketches                          (map only; texts stay where they are)
    name     ids -> names, no two alike
    rank     the keep policy's order, by a sort
    against  known articles -> which articles they have    (on request; those take no further part)
    match    buckets -> pairs -> rounds -> representatives
    rows     the columns of clusters.jsonl

Every stage is a checkpoint (`dedup.spark.checkpoints`). To the driver come counts, and the lines that were learned.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame

from dedup.boilerplate.learned import Learned
from dedup.config import Settings
from dedup.excerpts import ExcerptSettings
from dedup.keep import Policy
from dedup.model import Rule
from dedup.spark import against
from dedup.spark.articles import Articles
from dedup.spark.buckets import AGREEING
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.excerpts import find as find_excerpts
from dedup.spark.families import families
from dedup.spark.greedy import FEW
from dedup.spark.learning import learn
from dedup.spark.matching import Job, match
from dedup.spark.order import named, ranked
from dedup.spark.rows import rows
from dedup.spark.sketches import Sketcher


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a job.

    Attributes:
        settings: What decides a match.
        policy: The keep policy.
        excerpts: What is done about excerpts.
        rules: Boilerplate rules.
        families: Whether families are wanted.
        learn: Least articles to learn boilerplate from; None = nothing is learned.
        source_field: The one of the articles' fields that says who published each, for learning.
        agreeing: See `dedup.spark.buckets.AGREEING`.
        few: See `dedup.spark.greedy.FEW`.
    """

    settings: Settings
    policy: Policy
    excerpts: ExcerptSettings
    rules: tuple[Rule, ...] = ()
    families: bool = False
    learn: int | None = None
    source_field: str | None = None
    agreeing: int = AGREEING
    few: int = FEW


@dataclass(frozen=True, slots=True)
class Found:
    """What a job found.

    Attributes:
        rows: `position` and the columns of `clusters.jsonl`, a row an article, in no order.
        sketches: Those of the articles, see `dedup.spark.sketches`.
        renamed: `position` and `location` of the articles whose id had been seen before, and the `id`.
        learned: What was learned; None = nobody asked.
        seen: `position` and `relation` of the articles that known ones have; None = there are no known ones.
    """

    rows: DataFrame
    sketches: DataFrame
    renamed: DataFrame
    learned: Learned | None
    seen: DataFrame | None

    @property
    def kept(self) -> DataFrame:
        """`position` of the articles that stay."""
        return self.rows.where("not is_duplicate").select("position")


def find(
    articles: Articles, wanted: Wanted, checkpoints: Checkpoints, known: Articles | None = None
) -> Found:
    """Find the copies among some articles.

    Args:
        articles: The articles.
        wanted: What is asked.
        checkpoints: Where the outputs of stages go.
        known: Articles that are known: what they have is removed. Their fields are not looked at.
    """
    excerpts, rules, learned = wanted.excerpts, wanted.rules, None
    if wanted.learn is not None:
        learned = learn(articles, wanted.source_field, wanted.learn, checkpoints)
        rules += learned.rules()
    sketcher = Sketcher(wanted.settings, rules, wanted.policy, excerpts.window)
    sketches = checkpoints.stage("sketches", articles.map(sketcher.sketch, sketcher.schema))
    names, renamed = named(sketches, articles, checkpoints)
    documents = ranked(sketches, names, wanted.policy, checkpoints)
    seen = None
    if known is not None:
        seen = against.compare(articles, sketches, names, known, sketcher, excerpts, checkpoints)
        documents = documents.join(seen.gone, "position", "left_anti")
    job = Job(articles, documents, sketcher, checkpoints, wanted.agreeing, wanted.few)
    matched = match(job)
    cut = None
    if excerpts.mode != "off":
        gates = excerpts.gates(wanted.settings.threshold)
        cut = find_excerpts(job, matched, gates, remove=excerpts.mode == "remove")
    family = families(job, matched) if wanted.families else None
    found = rows(job, names, matched, cut, family)
    if seen is not None:
        found = seen.merge(found, names)
    gone = None if seen is None else seen.gone
    return Found(checkpoints.stage("rows", found), sketches, renamed, learned, gone)
