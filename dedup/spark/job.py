"""The job: articles and what is asked of them go in, a row of each comes out.

    sketch  articles -> sketches                      (map only; texts stay where they are)
    name    ids -> names, no two alike
    rank    the keep policy's order, by a sort
    match   buckets -> pairs -> rounds -> representatives
    rows    the columns of clusters.jsonl

Every stage is a checkpoint (`dedup.spark.checkpoints`), and nothing but counts comes to the driver.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame

from dedup.config import Settings
from dedup.excerpts import ExcerptSettings
from dedup.keep import Policy
from dedup.model import Rule
from dedup.spark.articles import Articles
from dedup.spark.buckets import AGREEING
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.excerpts import find as find_excerpts
from dedup.spark.families import families
from dedup.spark.greedy import FEW
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
        agreeing: See `dedup.spark.buckets.AGREEING`.
        few: See `dedup.spark.greedy.FEW`.
    """

    settings: Settings
    policy: Policy
    excerpts: ExcerptSettings
    rules: tuple[Rule, ...] = ()
    families: bool = False
    agreeing: int = AGREEING
    few: int = FEW


@dataclass(frozen=True, slots=True)
class Found:
    """What a job found.

    Attributes:
        rows: `position` and the columns of `clusters.jsonl`, a row an article, in no order.
        sketches: Those of the articles, see `dedup.spark.sketches`.
        renamed: `position` and `location` of the articles whose id had been seen before, and the `id`.
    """

    rows: DataFrame
    sketches: DataFrame
    renamed: DataFrame

    @property
    def kept(self) -> DataFrame:
        """`position` of the articles that stay."""
        return self.rows.where("not is_duplicate").select("position")


def find(articles: Articles, wanted: Wanted, checkpoints: Checkpoints) -> Found:
    """Find the copies among some articles."""
    sketcher = Sketcher(wanted.settings, wanted.rules, wanted.policy, wanted.excerpts.window)
    sketches = checkpoints.stage("sketches", articles.map(sketcher.sketch, sketcher.schema))
    names, renamed = named(sketches, articles, checkpoints)
    documents = ranked(sketches, names, wanted.policy, checkpoints)
    job = Job(articles, documents, sketcher, checkpoints, wanted.agreeing, wanted.few)
    matched = match(job)
    family = families(job, matched) if wanted.families else None
    cut = None
    if wanted.excerpts.mode != "off":
        gates = wanted.excerpts.gates(wanted.settings.threshold)
        cut = find_excerpts(job, matched, gates, remove=wanted.excerpts.mode == "remove")
    return Found(checkpoints.stage("rows", rows(job, names, matched, cut, family)), sketches, renamed)
