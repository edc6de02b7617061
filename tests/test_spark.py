"""Spark finds what one machine finds: the same rows, whatever the partitions and the settings."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from dedup import find_duplicates
from dedup.config import Settings
from dedup.errors import DedupError
from dedup.excerpts import ExcerptSettings
from dedup.keep import Policy
from tests.articles import edited, story

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def both(
    spark: SparkSession, where: Path, articles: pa.Table, *, shuffled: int | None = None, **asked: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that Spark finds and those of one machine, in input order."""
    from dedup import boilerplate
    from dedup.spark.articles import Articles
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.job import Wanted, find

    limits = {name: asked.pop(name) for name in ("agreeing", "few") if name in asked}
    families = asked.get("families", False)
    excerpts = ExcerptSettings(asked.pop("excerpts", "off"))
    policy = Policy.parse(asked.get("keep") or excerpts.keep, asked.get("source_field"))
    one = find_duplicates(articles, excerpts=excerpts.mode, **asked).clusters.drop(["location"])
    for name in ("keep", "source_field", "families"):
        asked.pop(name, None)
    table = articles.append_column("position", pa.array(range(len(articles)), pa.int64()))
    if shuffled is not None:
        table = table.take(random.Random(shuffled).sample(range(len(table)), len(table)))
    frame = (
        spark.createDataFrame(table).repartition(3, "position") if shuffled else spark.createDataFrame(table)
    )
    settings = Settings(**asked)
    known = boilerplate.load() if settings.strip else ()
    wanted = Wanted(settings, policy, excerpts, known, families, **limits)
    found = find(Articles(frame, fields=policy.fields()), wanted, Checkpoints(spark, str(where)))
    rows = found.rows.toArrow().sort_by("position").select(one.column_names).to_pylist()
    return rows, one.to_pylist()


def project_corpus(corpus: Path) -> pa.Table:
    paths = sorted((corpus / "articles").iterdir())
    return pa.table(
        {"id": [path.stem for path in paths], "text": [path.read_text("utf-8") for path in paths]}
    )


def skewed() -> pa.Table:
    """Stories and their versions, of which many share a template; empty ones, exact copies, ids that come again."""
    chance = random.Random(8)
    template = story(1, 60)
    texts = ["", "…", "two words"]
    for seed in range(30):
        text = story(100 + seed, chance.choice([30, 80, 120]))
        # Half of a page is the template: pages agree with one another, and are not near.
        versions = [text, f"{template} {text}"] if seed % 2 else [text]
        texts += versions
        for _ in range(chance.choice([0, 0, 1, 3, 12])):
            version = chance.choice(versions)
            words = len(version.split())
            for _ in range(chance.randrange(3)):
                version = edited(version, chance.randrange(words))
            texts.append(version)
    texts += [texts[10], texts[10].upper(), ""]
    chance.shuffle(texts)
    ids = [f"a{i}" if i % 7 else "again" for i in range(len(texts))]
    return pa.table({"id": pa.array(ids, pa.string()), "text": texts})


def test_the_projects_corpus(spark: SparkSession, tmp_path: Path, corpus: Path) -> None:
    found, expected = both(spark, tmp_path, project_corpus(corpus), excerpts="report")
    assert found == expected


def test_small_rounds_on_shuffled_partitions(spark: SparkSession, tmp_path: Path) -> None:
    asked = {"excerpts": "remove", "agreeing": 1, "families": True, "strip": False}
    found, expected = both(spark, tmp_path, skewed(), shuffled=3, **asked)
    assert found == expected


def test_a_column_that_is_not_there(spark: SparkSession) -> None:
    from dedup.spark import deduplicate

    frame = spark.createDataFrame([("a story",)], "body string")
    with pytest.raises(DedupError, match='the text needs a column "text"; there are: body'):
        deduplicate(frame)


def test_a_frame_without_positions(spark: SparkSession) -> None:
    from dedup.spark import deduplicate

    frame = spark.createDataFrame(
        [("a", story(1)), ("b", story(2)), ("c", story(1))], "id string, text string"
    )
    kept = deduplicate(frame.coalesce(1), only_kept=True)
    assert sorted(row.id for row in kept.collect()) == ["a", "b"]
    tagged = deduplicate(frame.coalesce(1), keep="last")
    assert {row.id: row.dedup_duplicate_of for row in tagged.collect()} == {"a": "c", "b": None, "c": None}
