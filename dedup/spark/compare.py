"""Comparing pairs exactly: pairs of documents go in, how many shingles they share comes out.

The texts of the documents that are in a pair at all are read again where they lie; only their shingle sets are
exchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from dedup.native import verify
from dedup.spark.articles import Articles
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.columns import Batches, longs, unpacked
from dedup.spark.sketches import SETS, Sketcher

COMPARED = "a long, b long, size_a long, size_b long, shared long"
"""The columns of compared pairs, as Spark reads them."""

SLICE = 1024
"""Pairs that are compared at a time: 10 MB of shingle sets."""


def compared(
    pairs: DataFrame,
    positions: DataFrame | None,
    articles: Articles,
    sketcher: Sketcher,
    threshold: float,
    name: str,
    checkpoints: Checkpoints,
) -> DataFrame:
    """The pairs `a`, `b` of at least the Jaccard similarity `threshold` that share any shingle, with sizes.

    Args:
        pairs: Ranks.
        positions: The `position` of each `rank`; None = they are the same.
        articles: Where the texts are.
        sketcher: What makes shingle sets.
        threshold: See above.
        name: What the stage is called.
        checkpoints: Where stages go.
    """
    at = pairs.select("a", "b")
    if positions is None:
        at = at.selectExpr("a", "b", "a as position_a", "b as position_b")
    else:
        for end in ("a", "b"):
            at = at.join(positions.selectExpr(f"rank as {end}", f"position as position_{end}"), end)
    wanted = at.selectExpr("position_a as position").union(at.selectExpr("position_b")).distinct()
    sets = checkpoints.stage(f"{name}-sets", articles.only(wanted).map(sketcher.shingle, SETS))
    for end in ("b", "a"):
        at = at.join(
            sets.selectExpr(f"position as position_{end}", f"hashes as hashes_{end}"), f"position_{end}"
        )
    both = at.select("a", "b", "hashes_a", "hashes_b")
    return checkpoints.stage(name, both.mapInArrow(partial(_compare, threshold), COMPARED))


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
