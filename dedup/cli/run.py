"""`dedup run`: find, cluster, keep one each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli.options import (
    CONTAINMENT,
    MIN_DOCUMENTS,
    Across,
    Bands,
    Encoding,
    ExcerptContainment,
    Excerpts,
    ExcerptShingles,
    IdField,
    Limit,
    MinDocuments,
    NumPerm,
    Quiet,
    Recall,
    Rows,
    Rules,
    Same,
    Seed,
    Shingle,
    ShingleSize,
    Strict,
    Strip,
    TextField,
    Threads,
    Threshold,
    Window,
    chosen_shingle,
)
from dedup.errors import UsageError

EXAMPLES = """\b
Examples:
  dedup run articles.jsonl -o out
  dedup run 'news/*.csv.gz' -o out --text-field title,body --keep longest
  dedup run today.jsonl --against yesterday.jsonl -o out
  dedup run s3a://news/2024 -o s3a://news/unique --engine spark --master yarn
  zcat articles.jsonl.gz | dedup run - --dry-run

Exit codes: 0 done; 1 duplicates found, with --fail-on-duplicates; 2 a mistake, an input that cannot be read, or,
with --strict, skipped records."""


class Engine(StrEnum):
    """Who computes."""

    NATIVE = "native"
    REFERENCE = "reference"
    SPARK = "spark"


def command(
    context: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders, globs, or - for JSON lines on standard input.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str | None,  # which may be an address: a Path would take one of two slashes away
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Where the results go. What lies there is not read.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            help="Known articles, such as an earlier corpus or an index: remove what they have too; may be repeated.",
        ),
    ] = None,
    text_field: TextField = "text",
    id_field: IdField = "id",
    source_field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Field with the publisher, for --keep source:A>B and --learn."),
    ] = None,
    encoding: Encoding = "utf-8",
    limit: Limit = None,
    threshold: Threshold = 0.5,
    recall: Recall = 0.99,
    shingle: Shingle = None,
    shingle_size: ShingleSize = None,
    num_perm: NumPerm = 128,
    bands: Bands = None,
    rows: Rows = None,
    seed: Seed = 1,
    strip: Strip = True,
    rules: Rules = None,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn/--no-learn",
            help="Learn from the articles what else is boilerplate, and strip it too.",
            show_default=False,
        ),
    ] = False,
    min_documents: MinDocuments = MIN_DOCUMENTS,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="RULES",
            help="Which article of a cluster stays: first (the default), last, longest (with --excerpts remove), "
            "shortest, earliest:FIELD, latest:FIELD, source:A>B; several with commas.",
            show_default=False,
        ),
    ] = None,
    excerpts: Annotated[
        Excerpts,
        typer.Option(
            help="Articles of which a larger one has most, though they are no copies: report them, remove them too, "
            "or do not look for them."
        ),
    ] = Excerpts.REPORT,
    excerpt_containment: ExcerptContainment = CONTAINMENT,
    excerpt_shingles: ExcerptShingles = None,
    same: Same = None,
    across: Across = None,
    window: Window = None,
    annotate: Annotated[
        bool,
        typer.Option(
            "--annotate/--no-annotate",
            help="Keep every record and say in it what was found; files of text cannot say it.",
            show_default=False,
        ),
    ] = False,
    families: Annotated[
        bool,
        typer.Option(
            "--families/--no-families",
            help="Also give near-duplicates of near-duplicates one family_id, across clusters.",
            show_default=False,
        ),
    ] = False,
    pairs: Annotated[
        bool,
        typer.Option(
            "--pairs/--no-pairs",
            help="Also write pairs.jsonl: all pairs found, many where clusters are large.",
            show_default=False,
        ),
    ] = False,
    write_removed: Annotated[
        bool,
        typer.Option(
            "--write-removed/--no-write-removed", help="Also write the removed records.", show_default=False
        ),
    ] = False,
    copy: Annotated[
        bool,
        typer.Option(
            "--copy/--no-copy",
            help="Copy the kept files of a folder of text, not only list them.",
            show_default=False,
        ),
    ] = False,
    report: Annotated[
        bool,
        typer.Option(
            "--report/--no-report",
            help="Also write report.html: figures, the largest clusters and what differs in them, for people.",
            show_default=False,
        ),
    ] = False,
    threads: Threads = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="The reference is slow, plain Python, and gives the same result; Spark is for a cluster."
        ),
    ] = Engine.NATIVE,
    master: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Cluster for --engine spark, such as spark://HOST:7077, yarn or local[*]."
        ),
    ] = None,
    work_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Where --engine spark leaves its stages, to go on from if it is stopped."
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory to use, such as 2G; what takes more is held in files. Half of what is free by default.",
            show_default=False,
        ),
    ] = None,
    temp_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where such files and compressed and piped inputs are held; the system's by default.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but write.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier run.")] = False,
    strict: Strict = False,
    fail_on_duplicates: Annotated[
        bool,
        typer.Option(
            "--fail-on-duplicates/--no-fail-on-duplicates",
            help="Exit with 1 if duplicates were found.",
            show_default=False,
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Find the copies in a corpus and keep one article of each story.

    Articles are read from JSONL, JSON, CSV, TSV, Parquet, Arrow and folders of text, also compressed. DIR receives
    kept/ (the records that stay, as they came), clusters.jsonl, skipped.jsonl and summary.json.
    """
    if output is None and not dry_run:
        raise UsageError("no place for the results", "add -o DIR, or --dry-run to only look")

    from dedup.blocking import Blocking
    from dedup.cli.on_spark import check_engine, run_on_spark
    from dedup.cli.progress import shown
    from dedup.cli.summary import show
    from dedup.config import WORDS, Settings
    from dedup.excerpts import ExcerptSettings
    from dedup.memory import parse_size
    from dedup.options import Options
    from dedup.pipeline import run

    check_engine(engine, master, work_dir)
    size, unit = chosen_shingle(context, shingle, shingle_size) or (5, WORDS)
    settings = Settings(threshold, recall, size, num_perm, seed, bands, rows, strip, unit)
    options = Options(
        settings=settings,
        output=None if output is None else Path(output),
        text_fields=tuple(name.strip() for name in text_field.split(",")),
        id_field=id_field,
        source_field=source_field,
        encoding=encoding,
        limit=limit,
        against=tuple(against or ()),
        rules=tuple(rules or ()),
        learn=learn,
        min_documents=min_documents,
        keep=keep,
        excerpts=ExcerptSettings.chosen(excerpts.value, excerpt_containment, excerpt_shingles, unit),
        blocking=Blocking.parse(same, across, window),
        annotate=annotate,
        families=families,
        pairs=pairs,
        write_removed=write_removed,
        copy=copy,
        report=report,
        threads=threads,
        engine=engine.value,
        memory=None if memory is None else parse_size(memory),
        temp_dir=temp_dir,
        dry_run=dry_run,
        force=force,
    )
    opened = {}
    if against and engine is not Engine.SPARK:
        from dedup.index.source import IndexSource, is_index

        opened = {name: IndexSource(name, temp_dir) for name in against if is_index(name)}
    with shown(quiet) as progress:
        if engine is Engine.SPARK:
            summary = run_on_spark(inputs, options, output, master, work_dir, progress)
        else:
            summary = run(inputs, options, progress, opened)
    show(summary, None if dry_run else output, json=json, quiet=quiet)
    if strict and (summary.skipped or (summary.against or {}).get("skipped")):
        raise typer.Exit(2)
    if fail_on_duplicates and summary.removed:
        raise typer.Exit(1)
