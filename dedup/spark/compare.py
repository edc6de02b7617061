"""Comparing pairs exactly: pairs of documents go in, how many shingles they share comes out.

The texts of the documents that are in a pair at all are read again where they lie; only their shingle sets are
exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.containment import Gates
from dedup.native import verify
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.columns import Batches, longs, unpacked

COMPARED = "a long, b long, size_a long, size_b long, shared long"
"""The columns of compared pairs, as Spark reads them."""

SLICE = 1024
"""Pairs that are compared at a time: 10 MB of shingle sets."""


def compared(
    pairs: DataFrame,
    sets: Callable[[DataFrame], DataFrame],
    threshold: float,
    name: str,
    checkpoints: Checkpoints,
) -> DataFrame:
    """The pairs of at least the Jaccard similarity `threshold` that share any shingle, with their sizes.

    Args:
        pairs: `a`, `b`, `position_a` and `position_b`.
        sets: Makes the shingle sets at some positions.
        threshold: See above.
        name: What the stage is called.
        checkpoints: Where it goes.
    """
    wanted = pairs.selectExpr("position_a as position").union(pairs.selectExpr("position_b")).distinct()
    found = checkpoints.stage(f"{name}-sets", sets(wanted))
    both = pairs
    for end in ("b", "a"):
        own = found.selectExpr(f"position as position_{end}", f"hashes as hashes_{end}")
        both = both.join(own, f"position_{end}")
    both = both.select("a", "b", "hashes_a", "hashes_b")
    return checkpoints.stage(name, both.mapInArrow(partial(_compare, threshold), COMPARED))


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


def _compare(threshold: float, batches: Batches) -> Iterator[pa.RecordBatch]:
    for whole in batches:
        for start in range(0, len(whole), SLICE):
            batch = whole.slice(start, SLICE)
            one, one_offsets = unpacked(batch["hashes_a"], np.uint64)
            other, other_offsets = unpacked(batch["hashes_b"], np.uint64)
            offsets = np.concatenate([one_offsets, other_offsets[1:] + one_offsets[-1]])
            rows = np.arange(2 * len(batch)).reshape(2, -1).T
            jaccard = verify(np.concatenate([one, other]), offsets, np.ascontiguousarray(rows), threshold)
            sizes = np.diff(offsets)[rows]
            passes = jaccard > 0
            # J = x / (a + b - x) gives the size of the intersection back.
            shared = np.rint(jaccard * sizes.sum(axis=1) / (1.0 + jaccard)).astype(np.int64)
            columns = {
                "a": longs(batch["a"]),
                "b": longs(batch["b"]),
                "size_a": sizes[:, 0],
                "size_b": sizes[:, 1],
                "shared": shared,
            }
            yield pa.RecordBatch.from_pydict({name: values[passes] for name, values in columns.items()})
