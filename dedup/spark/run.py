"""`dedup run` on Spark: addresses and options go in; kept records, rows and an account of the rest come out.

look   files -> positions, counts, skipped records      (a first pass over the inputs)
find   articles -> sketches -> ... -> a row each        (`dedup.spark.job`)
write  records that stay, rows, skipped, summary        (a last pass; moved into place at the end)
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pyspark.sql import SparkSession

from dedup.boilerplate import load
from dedup.errors import UsageError
from dedup.keep import Policy
from dedup.model import Rule
from dedup.options import Options
from dedup.progress import Progress, Silent
from dedup.readers import Fields
from dedup.spark.account import all_settings, summarise
from dedup.spark.checkpoints import Checkpoints
from dedup.spark.failures import reported
from dedup.spark.files import Files, find_files, find_known
from dedup.spark.job import Found, Wanted, find
from dedup.spark.reading import Reading, in_parts, reading
from dedup.spark.results import Results
from dedup.spark.rows import printed
from dedup.spark.session import described, set_up
from dedup.spark.storage import Storage
from dedup.summary import Summary
from dedup.version import VERSION


@dataclass(frozen=True, slots=True)
class Places:
    """Where a job writes; addresses of any file system that every executor can write to.

    Attributes:
        output: For the results; None = a dry run.
        work: For the outputs of stages, to continue from; None = hidden in the output, and gone at the end.
    """

    output: str | None
    work: str | None


def run(
    spark: SparkSession,
    inputs: Sequence[str],
    options: Options,
    places: Places,
    progress: Progress | None = None,
) -> Summary:
    """Find the copies among some articles and write what stays.

    Args:
        spark: The session.
        inputs: Addresses of files, folders and patterns, as Spark reads them.
        options: How; `refuse` has accepted them.
        places: Where to write.
        progress: Told of each stage.

    Raises:
        UsageError: An option cannot be used, or the stages in `places.work` are of another job.
        InputError: An input cannot be read, or changed during the run. Nothing was written.
        OutputError: The results cannot be written.
    """
    rules: tuple[Rule, ...] = load(options.rules) if options.settings.strip else ()
    policy = Policy.parse(options.keep_policy, options.source_field)
    more = policy.fields()
    if options.learn and options.source_field is not None and options.source_field not in more:
        more += (options.source_field,)
    fields = Fields(options.text_fields, options.id_field, more)
    with reported(), ExitStack() as stack:
        files = find_files(spark, inputs, places.output)
        known = find_known(spark, options.against, files, places.output)
        every = [files] if known is None else [files, known]
        stack.enter_context(set_up(spark, sum(sum(some.sizes) for some in every)))
        stack.enter_context(in_parts(spark, *every))
        results = None
        if places.output is not None:
            results = stack.enter_context(Results(Storage(spark), places.output, options.force))
        job = None if places.work is None else _job(every, options, rules)
        work = places.work or (None if results is None else results.work)
        if work is None:
            raise UsageError("a dry run on Spark needs a place for its stages", "add --work-dir DIR")
        checkpoints = Checkpoints(spark, work, job, progress or Silent())
        read = stack.enter_context(reading(spark, files, fields, checkpoints))
        read.check_usable()
        other = None
        if known is not None:
            plain = replace(fields, more=())
            other = stack.enter_context(reading(spark, known, plain, checkpoints, "known-looked"))
        wanted = Wanted(
            options.settings,
            policy,
            options.excerpts,
            rules,
            options.families,
            options.min_documents if options.learn else None,
            options.source_field,
        )
        found = find(read.articles, wanted, checkpoints, None if other is None else other.articles)
        start = time.perf_counter()
        with described(spark, "count"):
            summary = summarise(spark, inputs, options, rules, policy, read, other, found)
        counted = time.perf_counter()
        if results is not None:
            with described(spark, "write"):
                _write(results, read, found, options)
        written = time.perf_counter()
        seconds = {**checkpoints.seconds, "count": counted - start, "write": written - counted}
        summary = replace(summary, timings=seconds)
        if results is not None:
            document = json.dumps(summary.as_dict(), ensure_ascii=False, indent=2) + "\n"
            results.write("summary.json", document.encode("utf-8", "replace"))
            results.commit()
    return summary


def refuse(inputs: Sequence[str], options: Options) -> None:
    """Raise UsageError where something is asked for that a cluster does not do."""
    asked = {
        "--annotate": options.annotate,
        "--copy": options.copy,
        "--encoding": options.encoding != "utf-8",
        "--limit": options.limit is not None,
        "--memory": options.memory is not None,
        "--pairs": options.pairs,
        "--report": options.report,
        "--temp-dir": options.temp_dir is not None,
        "--threads": options.threads is not None,
        "--same, --across or --window": bool(options.blocking.fields()),
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise UsageError(f"{name} is not for --engine spark", _INSTEAD.get(name, "leave out one of them"))
    if "-" in inputs:
        raise UsageError(
            "Spark does not read standard input", "give it files that all of its machines can read"
        )


_INSTEAD = {
    "--annotate": "clusters.jsonl says of each article what was found",
    "--encoding": "Spark reads UTF-8: convert the inputs",
    "--limit": "give it fewer files",
    "--memory": "set spark.executor.memory, see docs/spark.md",
    "--temp-dir": "set spark.local.dir, see docs/spark.md",
    "--threads": "set spark.executor.cores, or --master 'local[N]'",
}


def _job(every: Sequence[Files], options: Options, rules: tuple[Rule, ...]) -> dict[str, object]:
    """All that decides what stages hold."""
    inputs = [[files.addresses, files.names, files.sizes, files.changed] for files in every]
    return {
        "version": VERSION,
        "inputs": hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16],
        **all_settings(options, rules),
        "text_field": ",".join(options.text_fields),
        "id_field": options.id_field,
        "source_field": options.source_field,
        "keep": options.keep_policy,
        "families": options.families,
        "learn": options.min_documents if options.learn else None,
        **{f"excerpts_{name}": value for name, value in options.excerpts.as_dict().items()},
    }


def _write(results: Results, read: Reading, found: Found, options: Options) -> None:
    """Everything but the summary."""
    read.write(found.kept, results.place("kept", read.extension))
    if options.write_removed:
        removed = found.rows.where("is_duplicate").select("position")
        read.write(removed, results.place("removed", read.extension))
    tables = {
        "clusters.jsonl": printed(found.rows),
        "skipped.jsonl": read.skipped.orderBy("position").select("location", "reason", "detail"),
    }
    for name, frame in tables.items():
        frame.write.option("ignoreNullFields", "false").json(results.place(name, ".jsonl"))
    if found.learned is not None:
        results.write("learned.toml", found.learned.to_toml().encode())
