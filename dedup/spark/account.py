"""The summary of a job: what was read and found goes in, counts that reconcile come out, as on one machine.

Only counts come to the driver: what is summed over articles is summed where these are.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyspark
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # as Spark's documentation has it

from dedup.bands import choose
from dedup.config import fingerprint
from dedup.dates import MISSING
from dedup.errors import InternalError
from dedup.keep import DATED, Policy
from dedup.model import Rule
from dedup.options import Options
from dedup.spark.columns import Batches
from dedup.spark.job import Found
from dedup.spark.reading import Reading
from dedup.stripping import Stripping
from dedup.summary import EXAMPLES, LARGEST, Cluster, Summary
from dedup.version import versions


def all_settings(options: Options, rules: tuple[Rule, ...]) -> dict[str, object]:
    """All settings that decide the result, ready for JSON."""
    bands = choose(options.settings)
    digest = hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
    return replace(options.settings, bands=bands.bands, rows=bands.rows).as_dict(rules=digest)


def summarise(
    spark: SparkSession,
    inputs: Sequence[str],
    options: Options,
    rules: tuple[Rule, ...],
    policy: Policy,
    read: Reading,
    known: Reading | None,
    found: Found,
) -> Summary:
    """Count what the job found. Raises InternalError when the counts do not reconcile."""
    relations = {row["relation"]: row["count"] for row in found.rows.groupBy("relation").count().collect()}
    heads = found.rows.where("not is_duplicate and cluster_size > 1")
    largest = heads.orderBy(F.desc("cluster_size"), "position").limit(LARGEST).collect()
    used = rules if found.learned is None else rules + found.learned.rules()
    settings = all_settings(options, used)
    counts = read.counts
    summary = Summary(
        input=counts.documents + sum(counts.skipped.values()),
        kept=relations.get(None, 0),
        exact=relations.get("exact", 0),
        near=relations.get("near", 0),
        against=None if known is None else _against(known, found),
        excerpts=None if options.excerpts.mode == "off" else _excerpts(found, relations.get("excerpt", 0)),
        skipped=counts.skipped,
        empty=found.sketches.where("tokens = 0").count(),
        absent=[name for name, n in zip(options.text_fields, counts.present, strict=True) if not n],
        repaired=counts.repaired,
        without_id=counts.without_id,
        duplicate_ids=found.renamed.count(),
        duplicate_id_examples=[
            row.asDict() for row in found.renamed.orderBy("position").select("id", "location").take(EXAMPLES)
        ],
        missing=_missing(found.sketches, policy),
        unblocked={},
        clusters=heads.count(),
        largest=[Cluster(str(row["id"]), int(row["cluster_size"]), "") for row in largest],
        stripping=stripping(found.sketches, used) if options.settings.strip else None,
        learned=found.learned,
        text_bytes=counts.text_bytes,
        sources=len(read.files.addresses),
        bands=choose(options.settings),
        comparisons={},
        settings=settings,
        fingerprint=fingerprint(settings),
        options=options.as_dict(inputs),
        environment={
            "engine": "spark",
            "master": spark.sparkContext.master,
            "spark": pyspark.__version__,
            "parallelism": spark.sparkContext.defaultParallelism,
            "spilled": 0,
            "python": platform.python_version(),
            "platform": f"{sys.platform}-{platform.machine()}",
            "versions": versions(),
        },
    )
    if summary.kept + summary.removed != counts.documents:
        raise InternalError(
            f"the counts do not reconcile: {summary.kept} kept + {summary.removed} removed is not "
            f"{counts.documents} read"
        )
    return summary


def stripping(sketches: DataFrame, rules: Sequence[Rule]) -> Stripping:
    """What stripping took, from `removed` of the sketches."""
    told = (
        sketches.where("removed is not null").select("removed").mapInArrow(_sum, "removed binary").collect()
    )
    sums = np.zeros(1 + 2 * (len(rules) + 2), np.int64)
    for row in told:
        sums += np.frombuffer(row["removed"], np.int64)
    lines, characters = sums[1:].reshape(2, -1)
    return Stripping.of(rules, lines, characters, int(sums[0]))


def _excerpts(found: Found, removed: int) -> dict[str, int]:
    """Counts of excerpts; no value is too frequent to be looked up here."""
    reported = found.rows.where("not is_duplicate and excerpt_of is not null").count()
    return {"removed": removed, "reported": reported, "frequent": 0}


def _against(known: Reading, found: Found) -> dict[str, int]:
    """How many articles are known, and how many of the job's these have, by relation."""
    assert found.seen is not None
    relations = {row["relation"]: row["count"] for row in found.seen.groupBy("relation").count().collect()}
    counts = {"articles": known.counts.documents, "skipped": sum(known.counts.skipped.values())}
    return counts | {relation: relations.get(relation, 0) for relation in ("exact", "near", "excerpt")}


def _missing(sketches: DataFrame, policy: Policy) -> dict[str, int]:
    """How many articles lack a usable value, by field of the keep policy."""
    last = {
        i: MISSING if rule.kind in DATED else len(rule.names)
        for i, rule in enumerate(policy.rules)
        if rule.field is not None
    }
    if not last:
        return {}
    sums = [F.count_if(F.col(f"rule_{i}") == value) for i, value in last.items()]
    counted = sketches.agg(*sums).collect()[0]
    return {str(policy.rules[i].field): int(n) for i, n in zip(last, counted, strict=True)}


def _sum(batches: Batches) -> Batches:
    total: int | np.ndarray[tuple[int], np.dtype[np.int64]] = 0
    for batch in batches:
        for one in batch["removed"]:
            total = total + np.frombuffer(one.as_buffer(), np.int64)
    if isinstance(total, np.ndarray):
        yield pa.RecordBatch.from_pydict({"removed": [total.tobytes()]})
