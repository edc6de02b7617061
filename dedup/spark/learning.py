"""Learning boilerplate in a job: articles go in, lines that recur in unrelated stories come out (`dedup.boilerplate`).

    observe  articles -> rows of observations, counted batch by batch     (map only)
    count    one exchange by line; each line's rows are counted, and decided
    texts    articles -> the texts of the few lines that were learned     (map only)

Counting is compacting (`dedup.observations`), so that no split of the corpus changes what is learned. Places of
examples are not kept: who wants to review what is learned does so with `dedup learn`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from dedup.boilerplate.decide import decide
from dedup.boilerplate.learned import Learned
from dedup.boilerplate.learner import learned_lines
from dedup.config import Settings
from dedup.model import I64, U64
from dedup.native import Native, array_of, hash_texts
from dedup.observations import PLACES, ROW, Rows, Tally
from dedup.readers.columns import value_column
from dedup.spark.articles import Articles
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.columns import Batches, binary, matrix, texts_of

HELD = 1 << 18
"""Rows of observations that are counted together, at least: 13 MB."""

_OBSERVED = "key long, documents long, row binary"
_CHOSEN = "key long, kind int, words int, documents long, stories long, sources long"


def learn(articles: Articles, source_field: str | None, least: int, checkpoints: Checkpoints) -> Learned:
    """Learn what is boilerplate in some articles.

    Args:
        articles: The articles.
        source_field: The one of their fields that says who published each; None = not known.
        least: Documents below which nothing is learned.
        checkpoints: Where stages go.
    """
    observe = partial(_observe, source_field)
    observed = checkpoints.stage("learn-observed", articles.map(observe, _OBSERVED))
    counted = observed.where("row is null").groupBy("key").sum("documents").toArrow()
    every = counted.column(0).to_numpy().view(np.uint64)
    order = np.argsort(every)
    hashes, documents = every[order], counted.column(1).to_numpy()[order]
    total, is_known = int(documents.sum()), hashes != 0
    known = int(is_known.sum())
    if total < least:
        return Learned(total, known, ())
    count = partial(_count, total, hashes[is_known], documents[is_known])
    rows = observed.where("row is not null").select("key", "row")
    ordered = rows.repartition("key").sortWithinPartitions("key")
    chosen = _tally(checkpoints.stage("learn-chosen", ordered.mapInArrow(count, _CHOSEN)))
    texts = articles.map(partial(_texts, chosen.keys), "key long, line binary").dropDuplicates(["key"])
    found = checkpoints.stage("learn-texts", texts).toArrow()
    keys = found.column("key").to_numpy().view(np.uint64).tolist()
    lines = [line.decode("utf-8", "replace") for line in found.column("line").to_pylist()]
    return Learned(total, known, learned_lines([chosen], dict(zip(keys, lines, strict=True)), {}))


def _observe(source_field: str | None, batches: Batches) -> Iterator[pa.RecordBatch]:
    """The counts of each batch by key; and the documents of each source, with its hash as key and no row."""
    engine = Native(Settings(strip=False), threads=1)
    observer = engine.observer(0)
    for batch in batches:
        sources = _sources(batch, source_field)
        rows = observer.observe(texts_of(batch["text"]), sources, np.zeros(len(batch), np.uint64)).rows
        rows = engine.compact(rows)
        packed = binary(np.ascontiguousarray(rows).view(np.uint8).reshape(-1, ROW.itemsize))
        keys = rows["key"].copy().view(np.int64)
        yield pa.RecordBatch.from_pydict(
            {"key": keys, "documents": np.zeros(len(keys), np.int64), "row": packed}
        )
        hashes, counts = np.unique(sources, return_counts=True)
        nothing = pa.nulls(len(hashes), pa.binary())
        yield pa.RecordBatch.from_pydict({"key": hashes.view(np.int64), "documents": counts, "row": nothing})


def _sources(batch: pa.RecordBatch, source_field: str | None) -> U64:
    """uint64[n], a hash of the publisher of each article; 0 = unknown."""
    if source_field is None:
        return np.zeros(len(batch), np.uint64)
    names = value_column(batch, source_field, np.ones(len(batch), np.bool_)).texts
    hashes = hash_texts(array_of(names.data), names.offsets)
    hashes[np.diff(names.offsets) == 0] = 0
    return hashes


def _count(total: int, sources: U64, documents: I64, batches: Batches) -> Iterator[pa.RecordBatch]:
    """What is learned of rows that come ordered by key."""
    engine = Native(Settings(strip=False), threads=1)
    held = np.empty(0, ROW)
    for batch in batches:
        rows = matrix(batch["row"]).reshape(-1).view(ROW)
        held = np.concatenate([held, rows])
        if len(held) > HELD:
            # The last key may go on in the next batch.
            is_last = held["key"] == held["key"][-1]
            yield _decided(engine, engine.compact(held[~is_last]), total, sources, documents)
            held = engine.compact(held[is_last])
    yield _decided(engine, engine.compact(held), total, sources, documents)


def _decided(engine: Native, rows: Rows, total: int, sources: U64, documents: I64) -> pa.RecordBatch:
    tally = engine.tally(rows)
    tally = tally.select(decide(tally, total, sources, documents))
    columns = {
        "key": tally.keys.view(np.int64),
        "kind": tally.kinds.astype(np.int32),
        "words": tally.words.astype(np.int32),
        **{name: getattr(tally, name).astype(np.int64) for name in ("documents", "stories", "sources")},
    }
    return pa.RecordBatch.from_pydict(columns)


def _tally(chosen: DataFrame) -> Tally:
    """What was learned, as few lines as rules can be."""
    table = chosen.orderBy("key").toArrow()
    values = {name: table.column(name).to_numpy() for name in table.column_names}
    none = np.zeros(0, np.uint32)
    documents, stories, sources = (
        values[name].astype(np.uint32) for name in ("documents", "stories", "sources")
    )
    return Tally(
        values["key"].view(np.uint64),
        values["kind"].astype(np.uint8),
        values["words"].astype(np.uint8),
        documents,
        stories,
        sources,
        np.zeros((len(table), PLACES), np.uint64),
        none,
        none.astype(np.uint64),
        none,
        none,
    )


def _texts(chosen: U64, batches: Batches) -> Iterator[pa.RecordBatch]:
    """The texts of the chosen lines, as far as they stand in these articles."""
    observer = Native(Settings(strip=False), threads=1).observer(None)
    for batch in batches:
        nowhere = np.zeros(len(batch), np.uint64)
        seen = observer.observe(texts_of(batch["text"]), nowhere, nowhere)
        keys, first = np.unique(seen.keys, return_index=True)
        wanted = np.isin(keys, chosen)
        lines = [seen.texts.bytes_at(i) for i in first[wanted].tolist()]
        columns = {"key": keys[wanted].view(np.int64), "line": pa.array(lines, pa.binary())}
        yield pa.RecordBatch.from_pydict(columns)
