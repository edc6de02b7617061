"""The first look at the inputs: what every batch of records holds goes in; counts, skipped records and places come out.

It comes before everything else because the number of a line is the number of lines in all parts of the file before its
own, and because a job that has nothing to do should say so at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.corpus import nothing_usable
from dedup.model import Column, Texts

SCHEMA = (
    "file string, start long, lines long, documents long, repaired long, named long, bytes long, "
    "present array<long>, skipped array<struct<row: long, reason: string, detail: string>>"
)
"""What is told of a batch.

`file` and `start` say which part of which file it is from, `lines` is the number of its lines, `named` that of its
documents with an id, `bytes` the size of their texts. `row` is the number of a line in its part of a file, or a
position.
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the inputs hold.

    Attributes:
        documents: Usable records.
        skipped: Records that cannot be used, by reason.
        repaired: Documents with invalid UTF-8 or lone surrogates.
        without_id: Documents that go by their place.
        text_bytes: Bytes of the raw texts.
        present: For each text field, the number of documents that have it.
    """

    documents: int
    skipped: dict[str, int]
    repaired: int
    without_id: int
    text_bytes: int
    present: list[int]


def told(
    part: tuple[str, int],
    lines: int,
    texts: Texts,
    ids: Column,
    repaired: int,
    present: Sequence[int],
    skipped: Sequence[tuple[int, str, str]],
) -> pa.RecordBatch:
    """One row of `SCHEMA`."""
    file, start = part
    named = int(np.count_nonzero(ids.valid & (np.diff(ids.texts.offsets) > 0)))
    row = {
        "file": file,
        "start": start,
        "lines": lines,
        "documents": len(texts),
        "repaired": repaired,
        "named": named,
        "bytes": int(texts.offsets[-1] - texts.offsets[0]),
        "present": [int(count) for count in present],
        "skipped": [{"row": row, "reason": reason, "detail": detail} for row, reason, detail in skipped],
    }
    return pa.RecordBatch.from_pylist([row], _ARROW)


_ARROW = pa.schema(
    [
        ("file", pa.string()),
        *((name, pa.int64()) for name in ("start", "lines", "documents", "repaired", "named", "bytes")),
        ("present", pa.list_(pa.int64())),
        ("skipped", pa.list_(pa.struct({"row": pa.int64(), "reason": pa.string(), "detail": pa.string()}))),
    ]
)


def counts(batches: DataFrame, fields: int) -> Counts:
    """The sums over what was told of all batches, with `fields` text fields."""
    sums = [F.sum(name) for name in ("documents", "repaired", "named", "bytes")]
    sums += [F.sum(F.get("present", F.lit(i))) for i in range(fields)]
    documents, repaired, named, size, *present = (
        int(value or 0) for value in batches.agg(*sums).collect()[0]
    )
    reasons = batches.select(F.explode("skipped.reason").alias("reason")).groupBy("reason").count().collect()
    skipped = {str(row["reason"]): int(row["count"]) for row in sorted(reasons)}
    return Counts(documents, skipped, repaired, documents - named, size, present)


def check_usable(found: Counts, skipped: DataFrame) -> None:
    """Raise InputError when there are records, but every one of them was skipped; `skipped` has locations."""
    if found.documents or not found.skipped:
        return
    first = skipped.orderBy("position").first()
    assert first is not None
    raise nothing_usable(
        sum(found.skipped.values()), first["location"], first["detail"], "no_text" in found.skipped
    )
