"""`dedup.spark.deduplicate`: a data frame of articles goes in, the same with what was found comes out."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it
from pyspark.sql.types import BinaryType, DataType, IntegerType, LongType, StringType

from dedup import boilerplate
from dedup.config import MIN_DOCUMENTS, Settings
from dedup.containment import least_shingles
from dedup.errors import UsageError
from dedup.excerpts import ExcerptSettings
from dedup.keep import Policy
from dedup.spark.articles import Articles, among
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.job import Wanted, find

PREFIX = "dedup_"
"""What the names of the columns begin with that are joined to a frame."""


def deduplicate(
    df: DataFrame,
    text: str = "text",
    id: str | None = "id",  # noqa: A002  # the column's usual name
    settings: Settings | None = None,
    *,
    keep: str | None = None,
    source_field: str | None = None,
    excerpts: ExcerptSettings | None = None,
    rules: Sequence[str] = (),
    learn: bool = False,
    min_documents: int = MIN_DOCUMENTS,
    families: bool = False,
    against: DataFrame | None = None,
    position: str | None = None,
    only_kept: bool = False,
    work_dir: str | None = None,
) -> DataFrame:
    """Find the copies among the articles of a frame: those that one machine finds.

    Args:
        df: The articles. Its texts are not exchanged between machines, unless the columns are joined on.
        text: Column of the text; null counts as empty.
        id: Column of the id; None = they have none. One without gets `row:POSITION`, as does a later one with an id
            already seen.
        settings: What decides a match; None = the defaults.
        keep: Which article of a cluster stays, see `dedup.keep`; None = `first`, or `longest` where excerpts are
            removed.
        source_field: Column of the publisher, for the keep policy and learning.
        excerpts: What is done about excerpts; None = they are reported.
        rules: Files with further boilerplate rules, on the driver.
        learn: Learn from the articles what else is boilerplate, and strip it too; see `dedup.Learner`.
        min_documents: Least articles to learn from; from fewer nothing is learned.
        families: Add `family_id`, the connected components of near relations.
        against: Known articles, a frame with the same columns: what they have is removed. One without an id,
            or with one already seen there or in `df`, gets `against:POSITION`.
        position: Column of whole numbers, all different, that ascend in input order; None = the articles are numbered
            as they come, and written to `work_dir` with their numbers, so that these stay what they are.
        only_kept: Give the articles that stay, with the columns that they came with. Else give all, with the columns of
            `clusters.jsonl` as `dedup_id`, `dedup_cluster_id`, ... joined on.
        work_dir: Address that all executors can write to, for the outputs of stages, of which the result is read, too;
            None = a temporary folder, where everything runs on one machine.

    Raises:
        UsageError: A parameter cannot be used, or a column is not there.
    """
    settings = settings or Settings()
    excerpts = excerpts or ExcerptSettings(shingles=least_shingles(settings.shingle_unit))
    policy = Policy.parse(keep or excerpts.keep, source_field)
    _check_columns(df, text, id, position, "")
    if learn and not settings.strip:
        raise UsageError("learning finds what to strip", "leave out strip=False or learn=True")
    publisher = () if source_field is None or not learn else (source_field,)
    fields = tuple(dict.fromkeys((*policy.fields(), *publisher)))
    for name in fields:
        _check(df, name, "the keep policy" if name in policy.fields() else "learning")
        if name in (own := {"position": position, "text": text, "id": id}) and own[name] != name:
            raise UsageError(
                f'a column "{name}" that is not the {name} cannot be used here', "give it another name"
            )
    spark = df.sparkSession
    checkpoints = Checkpoints(spark, work_dir or _temporary(spark.sparkContext.master))
    loaded = boilerplate.load(rules) if settings.strip else ()
    frame, number = _numbered(df, position, "articles", checkpoints)
    articles = Articles(_narrow(frame, number, text, id, fields), fields=fields)
    known = None
    if against is not None:
        _check_columns(against, text, id, position, " of a known article")
        other, other_number = _numbered(against, position, "known-articles", checkpoints)
        known = Articles(_narrow(other, other_number, text, id, ()), locate=_known)
    least = min_documents if learn else None
    wanted = Wanted(settings, policy, excerpts, loaded, families, least, *publisher)
    found = find(articles, wanted, checkpoints, known)
    added = [] if position is not None else [number]
    if only_kept:
        return among(frame, found.kept, column=number).drop(*added)
    tags = {name: f"{PREFIX}{name}" for name in found.rows.columns if name != "position"}
    rows = found.rows.withColumnsRenamed({**tags, "position": "dedup_at"})
    untagged = frame.drop(*tags.values())
    return untagged.join(rows, F.col(number) == F.col("dedup_at")).drop("dedup_at", *added)


def _numbered(
    df: DataFrame, position: str | None, name: str, checkpoints: Checkpoints
) -> tuple[DataFrame, str]:
    """The frame and the name of its column of positions."""
    if position is not None:
        return df, position
    numbered = df.withColumn("dedup_position", F.monotonically_increasing_id())
    return checkpoints.stage(name, numbered), "dedup_position"


def _narrow(
    frame: DataFrame, position: str, text: str, identity: str | None, fields: Sequence[str]
) -> DataFrame:
    """The columns that `Articles` have."""
    return frame.select(
        F.col(position).cast("long").alias("position"),
        F.col(text).alias("text"),
        (F.lit(None) if identity is None else F.col(identity)).cast("string").alias("id"),
        *(name for name in fields if name not in ("position", "text", "id")),
    )


def _known(frame: DataFrame) -> DataFrame:
    place = F.concat(F.lit("against:"), F.col("position").cast("string"))
    return frame.withColumn("location", place)


def _check_columns(df: DataFrame, text: str, identity: str | None, position: str | None, whose: str) -> None:
    _check(df, text, f"the text{whose}", (StringType, BinaryType))
    _check(df, identity, f"the id{whose}")
    _check(df, position, f"the position{whose}", (LongType, IntegerType))


def _check(df: DataFrame, name: str | None, purpose: str, kinds: tuple[type[DataType], ...] = ()) -> None:
    """Raise UsageError where a column is not there, or of another kind."""
    if name is None:
        return
    if name not in df.columns:
        there = ", ".join(df.columns)
        raise UsageError(
            f'{purpose} needs a column "{name}"; there are: {there}', "name a column that is there"
        )
    kind = df.schema[name].dataType
    if kinds and not isinstance(kind, kinds):
        raise UsageError(
            f'{purpose} cannot be the column "{name}": it is {kind.simpleString()}',
            f"name a column of {kinds[0]().simpleString()}",
        )


def _temporary(master: str | None) -> str:
    if master is None or not master.startswith("local"):
        raise UsageError(
            f"{master} needs a place that all executors can write to",
            "name it with work_dir, such as hdfs:///tmp/x",
        )
    directory = tempfile.mkdtemp(prefix="dedup-spark-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory
