"""`dedup learn`: the boilerplate of a corpus, as rules that a person can review."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli.messages import warn
from dedup.cli.options import (
    MIN_DOCUMENTS,
    Encoding,
    Engine,
    EngineName,
    Limit,
    MinDocuments,
    Quiet,
    TextField,
    Threads,
)
from dedup.errors import OutputError, UsageError

EXAMPLES = """\b
Examples:
  dedup learn articles.jsonl --source-field site -o learned.toml
  dedup learn articles.jsonl --review | less
  dedup learn monday.counts tuesday.jsonl --counts tuesday.counts
  dedup run articles.jsonl --rules learned.toml -o out"""


def command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders, globs, or - for JSON lines on standard input; FILE.counts for the counts of others.",
            show_default=False,
        ),
    ],
    learned_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the rules go, such as learned.toml.",
            show_default=False,
        ),
    ] = None,
    counts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the counts, for later updates: FILE.counts."),
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Print each line with its counts, and where it stands.")
    ] = False,
    text_field: TextField = "text",
    id_field: Annotated[
        str, typer.Option(metavar="NAME", help="Field with the id, which --review shows.")
    ] = "id",
    source_field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Field with the publisher: finds what is peculiar to each."),
    ] = None,
    encoding: Encoding = "utf-8",
    limit: Limit = None,
    min_documents: MinDocuments = MIN_DOCUMENTS,
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Rules in use, whose lines need not be learned again; may be repeated."
        ),
    ] = None,
    threads: Threads = None,
    engine: EngineName = (Engine.NATIVE),
    temp_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where counts and unpacked inputs are held; the system's by default."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the counts, or the review, as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Learn which lines of a corpus are boilerplate.

    Lines, prefixes and suffixes that recur in unrelated articles come out as a rules file: review it, edit it, and
    give it to the other commands with --rules.
    """
    if learned_file is None and counts is None and not review:
        raise UsageError("no place for what is learned", "add -o learned.toml, or --review to only look")
    _check_outputs(inputs, learned_file, counts, force)

    from dedup.boilerplate.learned import write_learned
    from dedup.cli.progress import shown
    from dedup.cli.review import show
    from dedup.learning import Options, learn

    options = Options(
        text_fields=tuple(name.strip() for name in text_field.split(",")),
        id_field=id_field,
        source_field=source_field,
        encoding=encoding,
        limit=limit,
        rules=tuple(rules or ()),
        min_documents=min_documents,
        review=review,
        counts=counts,
        only_count=learned_file is None and not review,
        threads=threads,
        engine=engine.value,
        temp_dir=temp_dir,
    )
    with shown(quiet) as progress:
        lesson = learn(inputs, options, progress)
    if learned_file is not None:
        write_learned(learned_file, lesson.learned)
    if not quiet:
        show(lesson, [path for path in (learned_file, counts) if path], json=json, review=review)
    for warning in lesson.warnings():
        warn(warning)


def _check_outputs(inputs: list[str], learned_file: Path | None, counts: Path | None, force: bool) -> None:
    """Refuse outputs that are there already, before any work."""
    outputs = [path for path in (learned_file, counts) if path is not None]
    if counts is not None and counts.suffix != ".counts":
        raise UsageError(f"{counts} does not end with .counts", f"--counts {counts}.counts")
    if len(outputs) == 2 and outputs[0].absolute() == outputs[1].absolute():
        raise UsageError(f"{counts} cannot hold the rules and the counts", "give each a file of its own")
    for path in outputs:
        if path.is_dir():
            raise OutputError(f"{path} is a directory", "name a file in it")
        if not path.parent.is_dir():
            raise OutputError(f"{path.parent} is no directory", "make it first, or choose another place")
        if path.exists() and not force:
            raise OutputError(f"{path} exists", "choose another name, or replace it with --force")
        # Counts are updated in place; articles are not to be replaced by what was learned from them.
        others = [name for name in inputs if not name.endswith(".counts")]
        if any(os.path.exists(name) and path.exists() and os.path.samefile(name, path) for name in others):
            raise OutputError(f"{path} is an input", "choose another name")
