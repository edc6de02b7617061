"""`dedup run`: find, cluster, keep one each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.errors import UsageError

EXAMPLES = """\b
Examples:
  dedup run articles.jsonl -o out
  dedup run 'news/*.csv.gz' -o out --text-field title,body --keep longest
  dedup run today.jsonl --against yesterday.jsonl -o out
  zcat articles.jsonl.gz | dedup run - --dry-run

Exit codes: 0 done; 1 duplicates found, with --fail-on-duplicates; 2 a mistake, an input that cannot be read, or,
with --strict, skipped records."""


CONTAINMENT = 0.6
SHINGLES = 40
"""As in `dedup.containment`, likewise."""

MIN_DOCUMENTS = 200
"""As in `dedup.boilerplate.learner`, which takes too long to import for a help text."""


class Engine(StrEnum):
    """Who computes."""

    NATIVE = "native"
    REFERENCE = "reference"


class Excerpts(StrEnum):
    """What is done about excerpts."""

    OFF = "off"
    REPORT = "report"
    REMOVE = "remove"


def command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders, globs, or - for JSON lines on standard input.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
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
    text_field: Annotated[
        str, typer.Option(metavar="NAME", help="Field with the text; several as title,body; nested as a.b.")
    ] = "text",
    id_field: Annotated[str, typer.Option(metavar="NAME", help="Field with the id.")] = "id",
    source_field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Field with the publisher, for --keep source:A>B and --learn."),
    ] = None,
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="Encoding of text files and tables.")
    ] = "utf-8",
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="Only read the first N articles; all by default.")
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(metavar="T", help="Least Jaccard similarity of near-duplicates, above 0, up to 1."),
    ] = 0.5,
    recall: Annotated[
        float, typer.Option(metavar="R", help="Share of pairs at the threshold that must be found.")
    ] = 0.99,
    shingle_size: Annotated[int, typer.Option(metavar="K", help="Words per shingle.")] = 5,
    num_perm: Annotated[int, typer.Option(metavar="N", help="Values per MinHash signature.")] = 128,
    bands: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of bands; derived from threshold and recall if not given."),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(metavar="N", help="Signature values per band, together with --bands.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the permutations, as in datasketch.")] = 1,
    strip: Annotated[
        bool, typer.Option("--strip/--no-strip", help="Remove boilerplate before comparing.")
    ] = True,
    rules: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Further boilerplate rules; may be repeated.")
    ] = None,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn/--no-learn",
            help="Learn from the articles what else is boilerplate, and strip it too.",
            show_default=False,
        ),
    ] = False,
    min_documents: Annotated[
        int, typer.Option(metavar="N", help="Learn nothing from fewer articles.")
    ] = MIN_DOCUMENTS,
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
    excerpt_containment: Annotated[
        float,
        typer.Option(
            metavar="C", help="Least share of an excerpt that the larger article has, above 0, up to 1."
        ),
    ] = CONTAINMENT,
    excerpt_shingles: Annotated[
        int, typer.Option(metavar="N", help="Least number of different shingles of an excerpt.")
    ] = SHINGLES,
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
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads to use; all cores by default.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="The reference is slow, plain Python, and gives the same result.")
    ] = (Engine.NATIVE),
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
    strict: Annotated[
        bool,
        typer.Option("--strict/--no-strict", help="Exit with 2 if records were skipped.", show_default=False),
    ] = False,
    fail_on_duplicates: Annotated[
        bool,
        typer.Option(
            "--fail-on-duplicates/--no-fail-on-duplicates",
            help="Exit with 1 if duplicates were found.",
            show_default=False,
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")
    ] = False,
) -> None:
    """Find the copies in a corpus and keep one article of each story.

    Articles are read from JSONL, JSON, CSV, TSV, Parquet, Arrow and folders of text, also compressed. DIR receives
    kept/ (the records that stay, as they came), clusters.jsonl, skipped.jsonl and summary.json.
    """
    if output is None and not dry_run:
        raise UsageError("no place for the results", "add -o DIR, or --dry-run to only look")

    from dedup.cli.progress import shown
    from dedup.cli.summary import show
    from dedup.config import Settings
    from dedup.excerpts import ExcerptSettings
    from dedup.memory import parse_size
    from dedup.options import Options
    from dedup.pipeline import run

    settings = Settings(threshold, recall, shingle_size, num_perm, seed, bands, rows, strip)
    options = Options(
        settings=settings,
        output=output,
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
        excerpts=ExcerptSettings(excerpts.value, excerpt_containment, excerpt_shingles),
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
    if against:
        from dedup.index.source import IndexSource, is_index

        opened = {name: IndexSource(name, temp_dir) for name in against if is_index(name)}
    with shown(quiet) as progress:
        summary = run(inputs, options, progress, opened)
    show(summary, None if dry_run else output, json=json, quiet=quiet)
    if strict and (summary.skipped or (summary.against or {}).get("skipped")):
        raise typer.Exit(2)
    if fail_on_duplicates and summary.removed:
        raise typer.Exit(1)
