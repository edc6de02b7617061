"""Comparing pairs exactly: pairs of documents go in, how many shingles they share comes out.

The texts of the documents that are in a pair at all are read again where they lie; only their shingle sets are
exchanged. The later documents of the pairs are put into blocks that a task holds in memory; the earlier ones stream
past each block in which they have a pair. So a set moves once a block, not once a pair: where thousands of pages of a
template are to be compared with one another, that is a thousandth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.containment import Gates
from dedup.model import I64, U64
from dedup.native import verify
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.columns import Batches, longs, unpacked

COMPARED = "a long, b long, size_a long, size_b long, shared long"
"""The columns of compared pairs, as Spark reads them."""

BLOCK = 1024
"""Sets of a block, about: 5 MB of articles."""

SLICE = 512
"""Sets that stream past a block at a time, each with up to `BLOCK` pairs."""


def compared(
    pairs: DataFrame,
    sets: Callable[[DataFrame], DataFrame],
    threshold: float,
    name: str,
    checkpoints: Checkpoints,
    size: int = BLOCK,
) -> DataFrame:
    """The pairs of at least the Jaccard similarity `threshold` that share any shingle, with their sizes.

    Args:
        pairs: `a`, `b`, `position_a` and `position_b`.
        sets: Makes the shingle sets at some positions.
        threshold: See above.
        name: What the stage is called.
        checkpoints: Where it goes.
        size: Sets of a block, about.
    """
    wanted = pairs.selectExpr("position_a as position").union(pairs.selectExpr("position_b")).distinct()
    found = checkpoints.stage(f"{name}-sets", sets(wanted))
    blocks = found.count() // size + 1
    placed = pairs.withColumn("block", F.pmod(F.xxhash64("b"), F.lit(blocks)))
    own = placed.selectExpr("block", "b as document", "position_b as position").distinct()
    own = own.withColumn("others", F.lit(None).cast("array<long>"))
    passing = placed.groupBy("block", "a", "position_a").agg(F.collect_list("b").alias("others"))
    passing = passing.selectExpr("block", "a as document", "position_a as position", "others")
    both = own.unionByName(passing).join(found, "position")
    both = both.select("block", "document", "hashes", "others").repartition("block")
    ordered = both.sortWithinPartitions("block", F.col("others").isNotNull())
    return checkpoints.stage(name, ordered.mapInArrow(partial(_compare, threshold), COMPARED))


def measured(found: DataFrame) -> DataFrame:
    """Compared pairs with their sizes, their `similarity`, and the larger of both containments as `containment`."""
    similarity = F.col("shared") / (F.col("size_a") + F.col("size_b") - F.col("shared"))
    containment = F.col("shared") / F.least("size_a", "size_b")
    return found.select(
        "a", "b", "size_a", "size_b", similarity.alias("similarity"), containment.alias("containment")
    )


def contained(found: DataFrame, gates: Gates) -> DataFrame:
    """Those of compared pairs of which one has most of the other, and which are not near, measured."""
    return measured(found).where(
        (F.least("size_a", "size_b") >= gates.shingles)
        & (F.col("containment") >= gates.containment)
        & (F.col("similarity") < gates.threshold)
    )


@dataclass(frozen=True, slots=True)
class _Sets:
    """Shingle sets of `n` documents.

    Attributes:
        documents: int64[n].
        hashes: uint64[m].
        offsets: int64[n + 1] into `hashes`.
    """

    documents: I64
    hashes: U64
    offsets: I64

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> _Sets:
        return cls(longs(batch["document"]), *unpacked(batch["hashes"], np.uint64))

    def and_also(self, other: _Sets) -> _Sets:
        hashes = np.concatenate([self.hashes, other.hashes])
        offsets = np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]])
        return _Sets(np.concatenate([self.documents, other.documents]), hashes, offsets)


def _compare(threshold: float, batches: Batches) -> Iterator[pa.RecordBatch]:
    """Rows come ordered by block: first its own sets, then those that stream past, with whom each is compared."""
    block, own = None, None
    for whole in filter(len, batches):
        blocks = longs(whole["block"])
        is_own: NDArray[np.bool_] = whole["others"].is_null().to_numpy(zero_copy_only=False)
        turns = np.flatnonzero((np.diff(blocks) != 0) | np.diff(is_own)) + 1
        for first, end in zip([0, *turns], [*turns, len(whole)], strict=True):
            if blocks[first] != block:
                block, own = blocks[first], None
            part = whole.slice(first, end - first)
            if is_own[first]:
                sets = _Sets.of(part)
                own = sets if own is None else own.and_also(sets)
            elif own is not None:
                for start in range(0, len(part), SLICE):
                    yield _met(own, part.slice(start, SLICE), threshold)


def _met(own: _Sets, batch: pa.RecordBatch, threshold: float) -> pa.RecordBatch:
    """The pairs of some documents that stream past with those of a block."""
    sets = _Sets.of(batch).and_also(own)
    count = len(batch)
    later = longs(batch["others"].flatten())
    order = np.argsort(own.documents)
    at = count + order[np.searchsorted(own.documents, later, sorter=order)]
    rows = np.stack([np.repeat(np.arange(count), longs(batch["others"].value_lengths())), at], axis=1)
    jaccard = verify(sets.hashes, sets.offsets, np.ascontiguousarray(rows), threshold)
    sizes = np.diff(sets.offsets)[rows]
    passes = jaccard > 0
    # J = x / (a + b - x) gives the size of the intersection back.
    shared = np.rint(jaccard * sizes.sum(axis=1) / (1.0 + jaccard)).astype(np.int64)
    columns = {
        "a": sets.documents[rows[:, 0]],
        "b": later,
        "size_a": sizes[:, 0],
        "size_b": sizes[:, 1],
        "shared": shared,
    }
    return pa.RecordBatch.from_pydict({name: values[passes] for name, values in columns.items()})
