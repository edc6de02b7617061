"""Who stays and who goes, in parallel: edges from earlier to later documents go in, what becomes of them comes out.

A document goes if an earlier one near it stays: the lexicographically first maximal independent set. All documents
whose earlier neighbours are decided are decided at once, which takes O(log² n) rounds in expectation (Blelloch,
Fineman, Shun 2012), each a join of what is open with itself. Once few edges are open one task does the remaining rounds
in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.clusters import independent
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.columns import Batches, longs

FEW = 1 << 21
"""Open edges that one task may hold: some 200 MB while it works on them."""

_STATES = "rank long, waits boolean"


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of documents; those in neither frame stay.

    Attributes:
        gone: `rank` of those that go.
        waiting: `rank` of those that cannot be decided.
    """

    gone: DataFrame
    waiting: DataFrame


def decide(edges: DataFrame, held: DataFrame, name: str, checkpoints: Checkpoints, few: int = FEW) -> Decided:
    """Decide all documents that can be.

    Args:
        edges: `a`, `b`: documents that are near, `a` the earlier.
        held: `rank` of documents that may go, but cannot be said to stay.
        name: What the stages are called.
        checkpoints: Where they go.
        few: Open edges that one task does.
    """
    live, gone = edges.select("a", "b"), [held.where(F.lit(False))]
    while live.count() > few:
        number = len(gone)
        goes = _round(live, held, f"{name}-gone-{number}", checkpoints)
        if goes.isEmpty():  # everybody waits for somebody held
            return Decided(reduce(DataFrame.union, gone), held.union(live.selectExpr("b")).distinct())
        gone.append(goes)
        held = held.join(goes, "rank", "left_anti")
        live = _without(_without(live, goes, "a"), goes, "b")
        live = checkpoints.stage(f"{name}-open-{number}", live)
    ends = live.selectExpr("a as rank").union(live.selectExpr("b"))
    loops = held.join(ends, "rank", "left_semi").selectExpr("rank as a", "rank as b")
    states = live.union(loops).coalesce(1).mapInArrow(_finish, _STATES)
    states = checkpoints.stage(f"{name}-states", states)
    goes = states.where("not waits").select("rank")
    waiting = held.join(goes, "rank", "left_anti").union(states.where("waits").select("rank"))
    return Decided(reduce(DataFrame.union, [*gone, goes]), waiting.distinct())


def _round(live: DataFrame, held: DataFrame, name: str, checkpoints: Checkpoints) -> DataFrame:
    """`rank` of those that go since an earlier neighbour stays for sure: one that is not held and has none itself."""
    blocked = live.selectExpr("b as rank").union(held).distinct()
    stays = live.selectExpr("a as rank").distinct().join(blocked, "rank", "left_anti")
    goes = (
        live.join(stays.withColumnRenamed("rank", "a"), "a", "left_semi").selectExpr("b as rank").distinct()
    )
    return checkpoints.stage(name, goes)


def _without(edges: DataFrame, ranks: DataFrame, end: str) -> DataFrame:
    return edges.join(ranks.withColumnRenamed("rank", end), end, "left_anti").select("a", "b")


def _finish(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Whoever of the edges goes or waits; an edge from a document to itself says that it is held."""
    parts = [np.stack([longs(batch["a"]), longs(batch["b"])], axis=1) for batch in batches]
    edges = np.concatenate([np.empty((0, 2), np.int64), *parts])
    ranks, at = np.unique(edges, return_inverse=True)
    pairs = at.reshape(-1, 2)
    is_loop = pairs[:, 0] == pairs[:, 1]
    held = np.zeros(len(ranks), np.bool_)
    held[pairs[is_loop, 0]] = True
    stays, waits = independent(len(ranks), pairs[~is_loop], held)
    some = ~stays | waits
    yield pa.RecordBatch.from_pydict({"rank": ranks[some], "waits": waits[some]})
