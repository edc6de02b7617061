"""Spark finds what one machine finds: the same rows, whatever the partitions and the settings."""

from __future__ import annotations

import importlib
import random
import sys
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
    from pyspark.sql import DataFrame, SparkSession


def both(
    spark: SparkSession, where: Path, articles: pa.Table, *, shuffled: int | None = None, **asked: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that Spark finds and those of one machine, in input order."""
    from dedup import boilerplate
    from dedup.spark.articles import Articles
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.frames import _known
    from dedup.spark.job import Wanted, find

    limits = {name: asked.pop(name) for name in ("agreeing", "few") if name in asked}
    one = find_duplicates(articles, **asked).clusters.drop(["location"])
    excerpts = ExcerptSettings(asked.pop("excerpts", "report"))
    source = asked.pop("source_field", None)
    policy = Policy.parse(asked.pop("keep", None) or excerpts.keep, source)
    learn = asked.pop("min_documents", None) if asked.pop("learn", False) else None
    against, families = asked.pop("against", None), asked.pop("families", False)
    settings = Settings(**asked)

    def frame(table: pa.Table) -> DataFrame:
        table = table.append_column("position", pa.array(range(len(table)), pa.int64()))
        if shuffled is not None:
            table = table.take(random.Random(shuffled).sample(range(len(table)), len(table)))
        return spark.createDataFrame(table).repartition(3)

    known = None if against is None else Articles(frame(against), locate=_known)
    loaded = boilerplate.load() if settings.strip else ()
    wanted = Wanted(settings, policy, excerpts, loaded, families, learn, source, **limits)
    fields = tuple(dict.fromkeys([*policy.fields(), *([] if source is None else [source])]))
    mine = Articles(frame(articles), fields=fields)
    found = find(mine, wanted, Checkpoints(spark, str(where)), known)
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
    ids = [f"a{i}" if i % 25 else "again" for i in range(len(texts))]
    days = [f"2024-01-{1 + i % 5:02}" if i % 4 else None for i in range(len(texts))]
    publishers = [chance.choice(["a", "b", "c"]) for _ in texts]
    return pa.table({"id": ids, "text": texts, "day": days, "source": publishers})


def test_the_projects_corpus(spark: SparkSession, tmp_path: Path, corpus: Path) -> None:
    found, expected = both(spark, tmp_path, project_corpus(corpus))
    assert found == expected


def test_small_rounds_on_shuffled_partitions_with_learned_boilerplate(
    spark: SparkSession, tmp_path: Path
) -> None:
    table = skewed()
    furniture = ["Read what our readers say about it", "Follow the harbour desk for more"]
    texts = [
        f"{furniture[i % 2]}\n{text}" if i % 3 else text for i, text in enumerate(table["text"].to_pylist())
    ]
    table = table.set_column(1, "text", pa.array(texts))
    asked = {
        "learn": True,
        "min_documents": 20,
        "source_field": "source",
        "excerpts": "remove",
        "families": True,
    }
    assert len(find_duplicates(table, **asked).learned.lines) == 2
    found, expected = both(spark, tmp_path, table, shuffled=3, agreeing=1, **asked)
    assert found == expected


def test_known_articles(spark: SparkSession, tmp_path: Path) -> None:
    table = skewed()
    split = len(table) - 30
    ids = [f"a{i % 10}" for i in range(30)]  # each three times, and in the job, too
    known = table.slice(split).set_column(0, "id", pa.array(ids))
    asked = {"against": known, "keep": "latest:day,source:b>a,last"}
    settings = {"source_field": "source", "threshold": 0.7, "shingle_size": 3, "num_perm": 64}
    found, expected = both(spark, tmp_path, table.slice(0, split), **asked, **settings)
    assert found == expected
    own = {row["id"] for row in expected}
    assert sum(row["duplicate_of"] not in {None, *own} for row in expected) > 5


def test_a_column_that_is_not_there(spark: SparkSession) -> None:
    from dedup.spark import deduplicate

    frame = spark.createDataFrame([("a story",)], "body string")
    with pytest.raises(DedupError, match='the text needs a column "text"; there are: body'):
        deduplicate(frame)


def test_a_column_of_another_kind(spark: SparkSession) -> None:
    from dedup.spark import deduplicate

    frame = spark.createDataFrame([(1, "a story")], "text int, place string")
    with pytest.raises(DedupError, match='the text cannot be the column "text": it is int'):
        deduplicate(frame, id=None)
    with pytest.raises(DedupError, match='the position cannot be the column "place": it is string'):
        deduplicate(frame, text="place", id=None, position="place")


def test_without_spark_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.delitem(sys.modules, "dedup.spark", raising=False)
    with pytest.raises(DedupError, match="not installed") as caught:
        importlib.import_module("dedup.spark")
    assert caught.value.hint == "pip install 'article-dedup[spark]'"


def test_a_frame_without_positions(spark: SparkSession) -> None:
    from dedup.spark import deduplicate

    texts = [("a", story(1), 7), ("b", story(2), 8), ("c", story(1), 9)]
    frame = spark.createDataFrame(texts, "id string, text string, `position` int").coalesce(1)
    tagged = deduplicate(frame, keep="last", excerpts=ExcerptSettings("off"))
    assert tagged.columns[:5] == ["id", "text", "position", "dedup_id", "dedup_cluster_id"]
    found = {row.id: (row.position, row.dedup_duplicate_of) for row in tagged.collect()}
    assert found == {"a": (7, "c"), "b": (8, None), "c": (9, None)}


def test_only_rows_at_some_positions_are_read(spark: SparkSession) -> None:
    from dedup.spark.articles import among

    every = [0, 1, 7, 8, 32767, 32768, 32769, 1 << 40, (1 << 40) + 9]
    some = {0, 8, 32768, 1 << 40}
    frame = spark.createDataFrame([(i,) for i in every], "place long")
    positions = spark.createDataFrame([(i,) for i in some], "position long")
    for is_in in (True, False):
        rows = among(frame, positions, is_in=is_in, column="place").collect()
        assert sorted(row.place for row in rows) == [i for i in every if (i in some) == is_in]
