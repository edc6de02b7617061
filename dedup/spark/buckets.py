"""Buckets of documents that share a band: band keys go in, pairs worth comparing come out.

Band keys are exchanged once, and most documents are alone in most of their buckets: only the rest is worth more bytes.
These get their low bytes and are exchanged again, ordered by bucket and rank, and each bucket streams past the kernel's
`Meeting` in bounded memory. What a bucket leaves over comes again in the next round.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.native import Meeting
from dedup.spark.columns import Batches, longs, matrix, unpacked

AGREEING = 8
"""Heads that a document may agree with in the first round and still become one; a copy of more is left over."""

GROWTH = 8
"""By how much that grows from round to round: a bucket of so many millions of unlike pages needs eight rounds."""

HEADS = 1 << 16
"""Heads of a bucket at most: 8 MB of low bytes. Where more stay alike to none, the next round goes on."""

SLICE = 1024
"""Entries of buckets that meet at a time: what agrees with thousands of heads makes as many pairs."""

EITHER, HEAD, GUEST = range(3)
"""What a document is in its bucket, see `Meeting`."""

PAIRS = "a long, b long"
"""The columns of pairs, as Spark reads them."""


def shared(documents: DataFrame) -> DataFrame:
    """`bucket` and `rank` of all documents that are not alone in a bucket, from their `rank` and `keys`."""
    entries = documents.select("rank", "keys").mapInArrow(_entries, "bucket long, rank long")
    return entries.repartition("bucket").sortWithinPartitions("bucket").mapInArrow(_company, entries.schema)


def meeting(entries: DataFrame, gate: int, agreeing: int) -> DataFrame:
    """The distinct pairs (`a` before `b`) that are worth comparing, and each that is left over as a pair of itself.

    Args:
        entries: `bucket`, `rank`, `low`, and a `role`.
        gate: Least number of equal low bytes.
        agreeing: Heads that a document may agree with and still become one.
    """
    ordered = entries.repartition("bucket").sortWithinPartitions("bucket", "rank")
    ordered = ordered.select("bucket", "rank", "low", "role")
    return ordered.mapInArrow(partial(_meet, gate, agreeing), PAIRS).distinct()


def _entries(batches: Batches) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        keys, _ = unpacked(batch["keys"], np.uint32)
        rank = longs(batch["rank"])
        bands = len(keys) // max(1, len(rank))
        bucket = keys.reshape(len(rank), bands).astype(np.int64) | np.arange(bands) << 32
        yield pa.RecordBatch.from_pydict({"bucket": bucket.ravel(), "rank": np.repeat(rank, bands)})


def _company(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Without those alone in their bucket; the last of a batch waits for the next."""
    bucket, rank = np.empty((2, 0), np.int64)
    has_before = False
    for batch in batches:
        bucket = np.concatenate([bucket, longs(batch["bucket"])])
        rank = np.concatenate([rank, longs(batch["rank"])])
        if not len(bucket):
            continue
        same = bucket[1:] == bucket[:-1]
        stays = np.append(has_before, same[:-1]) | same if len(same) else same
        yield pa.RecordBatch.from_pydict({"bucket": bucket[:-1][stays], "rank": rank[:-1][stays]})
        has_before = bool(same[-1]) if len(same) else has_before
        bucket, rank = bucket[-1:], rank[-1:]
    if has_before:
        yield pa.RecordBatch.from_pydict({"bucket": bucket, "rank": rank})


def _meet(gate: int, agreeing: int, batches: Batches) -> Iterator[pa.RecordBatch]:
    stream = None
    for whole in batches:
        for start in range(0, len(whole), SLICE):
            batch = whole.slice(start, SLICE)
            low = matrix(batch["low"])
            if stream is None:
                stream = Meeting(gate, agreeing, max(1, HEADS * 128 // low.shape[1]))
            roles = batch["role"].to_numpy(zero_copy_only=False).astype(np.uint8)
            pairs = stream.add(longs(batch["bucket"]), longs(batch["rank"]), low, roles)
            pairs = np.unique(pairs, axis=0)
            yield pa.RecordBatch.from_pydict({"a": pairs[:, 0].copy(), "b": pairs[:, 1].copy()})


def with_role(frame: DataFrame, role: int) -> DataFrame:
    """The frame with a column `role`."""
    return frame.withColumn("role", F.lit(role))
