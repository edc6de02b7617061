"""Minimizers of a job: those of every document go in, pairs that share as many as excerpts do come out.

The definitions are those of `dedup.reference.excerpts`. Minimizers are exchanged once, ordered by value, and a value
streams past, in memory for the documents of as many clusters as may have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.containment import Gates
from dedup.model import I64
from dedup.spark.buckets import PAIRS
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.columns import Batches, longs, unpacked


def candidates(
    documents: DataFrame,
    gates: Gates,
    name: str,
    checkpoints: Checkpoints,
    *,
    members_only: bool = False,
) -> DataFrame:
    """The pairs (`a` before `b`) that share as many minimizers as excerpts do.

    Args:
        documents: `rank`, `representative`, `minimizers`.
        gates: What makes an excerpt.
        name: What the stages are called.
        checkpoints: Where they go.
        members_only: Whether representatives are not compared with one another.
    """
    entries = documents.mapInArrow(_values, "value long, representative long, rank long")
    ordered = entries.repartition("value").sortWithinPartitions("value", "representative", "rank")
    group = partial(_groups, gates.most_clusters, members_only)
    found = checkpoints.stage(f"{name}-shared", ordered.mapInArrow(group, PAIRS))
    frequent = found.where("a = b").groupBy("a").agg(F.count("*").alias("frequent"))
    counts = documents.selectExpr("rank as a", "cast(length(minimizers) / 4 as long) as minimizers")
    rare = counts.join(frequent, "a", "left").selectExpr(
        "a as rank", "minimizers - coalesce(frequent, 0) as rare"
    )
    pairs = found.where("a != b").groupBy("a", "b").agg(F.count("*").alias("agreeing"))
    for end in ("a", "b"):
        pairs = pairs.join(rare.selectExpr(f"rank as {end}", f"rare as rare_{end}"), end)
    # Half of what the least containment lets expect, less two: edits change minima at their borders too.
    enough = 2.0 * (F.col("agreeing") + 2.0) >= gates.containment * F.least("rare_a", "rare_b")
    return checkpoints.stage(f"{name}-pairs", pairs.where(enough).select("a", "b"))


def _values(batches: Batches) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        values, offsets = unpacked(batch["minimizers"], np.uint32)
        counts = np.diff(offsets)
        yield pa.RecordBatch.from_pydict(
            {
                "value": values.astype(np.int64),
                "representative": np.repeat(longs(batch["representative"]), counts),
                "rank": np.repeat(longs(batch["rank"]), counts),
            }
        )


def _groups(most: int, members_only: bool, batches: Batches) -> Iterator[pa.RecordBatch]:
    """The pairs of each value's documents, and those of a frequent value as pairs of themselves."""
    held = np.empty((0, 3), np.int64)
    for batch in batches:
        new = [longs(batch[name]) for name in ("value", "representative", "rank")]
        held = np.concatenate([held, np.stack(new, axis=1)])
        # The last value may go on in the next batch.
        end = int(np.searchsorted(held[:, 0], held[-1, 0])) if len(held) else 0
        whole, (loops, held) = held[:end], _bounded(held[end:], most)
        pairs = np.concatenate([_pairs(whole, most, members_only), loops])
        yield pa.RecordBatch.from_pydict({"a": pairs[:, 0].copy(), "b": pairs[:, 1].copy()})
    pairs = _pairs(held, most, members_only)
    yield pa.RecordBatch.from_pydict({"a": pairs[:, 0].copy(), "b": pairs[:, 1].copy()})


def _bounded(entries: I64, most: int) -> tuple[I64, I64]:
    """Of entries of one value that is frequent already: all but a few as pairs of themselves, and these few."""
    is_new = np.append(True, entries[1:, 1] != entries[:-1, 1])[: len(entries)]
    few = np.flatnonzero(is_new)[: most + 1]
    if len(few) <= most:
        return np.empty((0, 2), np.int64), entries
    others = np.delete(entries[:, 2], few)
    return np.repeat(others, 2).reshape(-1, 2), entries[few]


def _pairs(entries: I64, most: int, members_only: bool) -> I64:
    """int64[p, 2] of whole groups, int64[m, 3] of value, representative and rank, in this order."""
    if not len(entries):
        return np.empty((0, 2), np.int64)
    value, representative, rank = entries.T
    starts = np.flatnonzero(np.append(True, value[1:] != value[:-1]))
    is_new = np.append(True, (entries[1:, :2] != entries[:-1, :2]).any(axis=1))
    clusters = np.add.reduceat(is_new.astype(np.int64), starts)
    is_head = rank == representative
    heads = np.add.reduceat(is_head.astype(np.int64), starts)
    size = np.diff(np.append(starts, len(entries)))
    group = np.repeat(np.arange(len(starts)), size)
    is_frequent = clusters[group] > most
    wanted = np.flatnonzero((clusters[group] > 1) & ~is_frequent)
    # Each with all heads of its group; the heads of a group lie side by side among the heads of all.
    at_head = np.flatnonzero(is_head)
    first_head = np.cumsum(heads) - heads
    each = heads[group[wanted]]
    one = np.repeat(wanted, each)
    within = np.arange(len(one)) - np.repeat(np.cumsum(each) - each, each)
    other = at_head[first_head[group[one]] + within]
    is_other = representative[one] != representative[other]
    # Two heads meet twice.
    is_once = ~is_head[one] | ((rank[one] < rank[other]) & (not members_only))
    pairs = np.stack([rank[one], rank[other]], axis=1)[is_other & is_once]
    loops = np.repeat(rank[is_frequent], 2).reshape(-1, 2)
    return np.concatenate([np.sort(pairs, axis=1), loops])
