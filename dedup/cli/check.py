"""`dedup check`: fail a build when a corpus has duplicates that nobody accepted."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.options import (
    CONTAINMENT,
    Across,
    Bands,
    Encoding,
    ExcerptContainment,
    Excerpts,
    ExcerptShingles,
    IdField,
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
    TempDir,
    TextField,
    Threads,
    Threshold,
    Window,
    chosen_shingle,
)
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.checking import Report

EXAMPLES = """\b
Examples:
  dedup check corpus/ --baseline dedup-baseline.json
  dedup check corpus/ --since origin/main --format github
  dedup check new.txt --in corpus/
  dedup check test.jsonl --against train.jsonl --output leaks.sarif --output leaks.md

Exit codes: 0 passed; 1 more duplicates than allowed, or problems found with --lint; 2 a mistake, an input that
cannot be read, or, with --strict, skipped records."""

MIN_WORDS = 40
"""As in `dedup.checking.lint`, which takes too long to import for a help text."""

DIFFERENCES = 200
"""Duplicates that an HTML page shows with what differs."""


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"
    HTML = "html"


def command(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders, globs, or - for JSON lines on standard input.",
            show_default=False,
        ),
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            help="Look for copies of PATH in here instead, as of a test set in a training set; may be repeated.",
        ),
    ] = None,
    excerpts: Annotated[
        Excerpts,
        typer.Option(
            help="With --against, articles of which the other side has most, or that have most of one there."
        ),
    ] = Excerpts.REPORT,
    excerpt_containment: ExcerptContainment = CONTAINMENT,
    excerpt_shingles: ExcerptShingles = None,
    same: Same = None,
    across: Across = None,
    window: Window = None,
    within: Annotated[
        list[str] | None,
        typer.Option(
            "--in", metavar="INPUT", help="The corpus that PATH comes into: only check PATH; may be repeated."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="REV", help="Only check articles that changed since this git revision."),
    ] = None,
    max_duplicates: Annotated[
        int | None,
        typer.Option(metavar="N", help="Most duplicates allowed; 0 unless --max-ratio is given."),
    ] = None,
    max_ratio: Annotated[
        float | None,
        typer.Option(
            metavar="R", help="Greatest share of duplicates allowed among the articles checked, 0 to 1."
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Pairs that somebody accepted; they do not count."),
    ] = None,
    update_baseline: Annotated[
        bool,
        typer.Option("--update-baseline", help="Accept all duplicates there are: write the baseline anew."),
    ] = False,
    lint: Annotated[
        bool,
        typer.Option(
            "--lint/--no-lint",
            help="Also look for articles that are empty, short or undecodable, for duplicate ids, and for boilerplate.",
            show_default=False,
        ),
    ] = False,
    ignore: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --lint, problems to ignore; several as short,boilerplate."),
    ] = None,
    min_words: Annotated[
        int, typer.Option(metavar="N", help="With --lint, fewer words make an article short.")
    ] = MIN_WORDS,
    report_format: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="[FORMAT=]FILE",
            help="Also write a report; .txt .json .sarif .xml .md .html tell the format. May be repeated.",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Also write an HTML page that shows what differs in duplicates, as --output html=FILE does.",
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Remember articles here: unchanged ones are not analysed again."),
    ] = None,
    text_field: TextField = "text",
    id_field: IdField = "id",
    encoding: Encoding = "utf-8",
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
    threads: Threads = None,
    temp_dir: TempDir = None,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Fail if a corpus has duplicates that nobody accepted.

    Made for continuous integration: limits, a baseline of accepted pairs, only what changed, copies of a test set in a
    training set. A whole corpus is decided as by `dedup run`.
    """
    from dedup.blocking import Blocking
    from dedup.checking import Limits, Options, check
    from dedup.checking.findings import PROBLEMS
    from dedup.cli.messages import warn
    from dedup.cli.progress import shown
    from dedup.config import WORDS, Settings
    from dedup.excerpts import ExcerptSettings

    files = [_named(output) for output in outputs or ()]
    if page is not None:
        files.append((Format.HTML.value, page))
    differences = 0
    if Format.HTML in (report_format, *(name for name, _ in files)):
        from dedup.report import require_jinja2

        require_jinja2()
        differences = DIFFERENCES
    written = [path for path in (*(path for _, path in files), baseline, cache) if path is not None]
    _keep_apart([*paths, *(against or ()), *(within or ())], written)
    ignored = {name.strip() for name in (ignore or "").split(",")} - {""}
    if unknown := sorted(ignored - PROBLEMS.keys()):
        raise UsageError(f'--ignore: unknown problem "{unknown[0]}"', f"known: {', '.join(PROBLEMS)}")
    size, unit = chosen_shingle(context, shingle, shingle_size) or (5, WORDS)
    options = Options(
        settings=Settings(threshold, recall, size, num_perm, seed, bands, rows, strip, unit),
        text_fields=tuple(name.strip() for name in text_field.split(",")),
        id_field=id_field,
        encoding=encoding,
        rules=tuple(rules or ()),
        against=tuple(against or ()),
        excerpts=ExcerptSettings.chosen(excerpts.value, excerpt_containment, excerpt_shingles, unit),
        blocking=Blocking.parse(same, across, window),
        within=tuple(within or ()),
        since=since,
        limits=Limits(max_duplicates, max_ratio),
        baseline=baseline,
        update_baseline=update_baseline,
        lint=frozenset(PROBLEMS.keys() - ignored if lint else ()),
        min_words=min_words,
        differences=differences,
        cache=cache,
        threads=threads,
        temp_dir=temp_dir,
    )
    with shown(quiet) as progress:
        report = check(paths, options, progress)
    _write(report, files, None if quiet else report_format.value)
    for warning in report.warnings:
        warn(warning)
    if strict and report.skipped:
        raise typer.Exit(2)
    if not report.passed:
        raise typer.Exit(1)


def _named(output: str) -> tuple[str, Path]:
    """Format and path of `FORMAT=FILE` or `FILE`."""
    from dedup.checking.formats import format_of

    name, equals, path = output.partition("=")
    if not equals:
        return format_of(output), Path(output)
    if not path:
        raise UsageError(f"--output {output} names no file", "write FORMAT=FILE")
    if name not in list(Format):
        raise UsageError(
            f'--output {output}: "{name}" is no format', f"write FORMAT=FILE; formats: {', '.join(Format)}"
        )
    return name, Path(path)


def _keep_apart(inputs: list[str], written: list[Path]) -> None:
    """Refuse to write over an input, and to leave a file where the next check would take it for articles."""
    import glob
    import os

    from dedup.readers.formats import classify

    named = {os.path.realpath(path) for name in inputs for path in (name, *glob.glob(name, recursive=True))}
    for path in written:
        real = os.path.realpath(path)
        if real in named and not os.path.isdir(real):
            raise UsageError(f"{path} is an input", "write to another file")
        folder = next(
            (name for name in inputs if real.startswith(os.path.join(os.path.realpath(name), ""))), ""
        )
        if folder and classify(path.name) and not path.name.startswith("."):
            raise UsageError(
                f"{path} would count as articles of {folder}",
                f"keep it elsewhere, or hidden: {path.with_name('.' + path.name)}",
            )


def _write(report: Report, files: list[tuple[str, Path]], printed: str | None) -> None:
    """Write the report to some files, and print it."""
    from dedup.boilerplate.learned import whole_file
    from dedup.checking.formats import render

    for name, path in files:
        content = render(report, name).encode("utf-8", "replace")
        with whole_file(path) as file:
            file.write(content)
    if printed is not None:
        typer.echo(render(report, printed), nl=False)
