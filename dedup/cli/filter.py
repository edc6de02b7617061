"""`dedup filter`: JSON lines in, those of new articles out, as they come."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.indexing import (
    WARNINGS,
    ExcerptContainment,
    Excerpts,
    ExcerptShingles,
    IdField,
    NumPerm,
    Recall,
    Seed,
    Shingle,
    Store,
    Strip,
    Threshold,
    explicit,
    open_index,
    with_excerpts,
)
from dedup.cli.messages import warn
from dedup.cli.options import Rules, ShingleSize, Strict, TextField, Threads, chosen_shingle
from dedup.errors import OutputError, UsageError

if TYPE_CHECKING:
    from dedup.model import Skipped

EXAMPLES = """\b
Examples:
  crawler | dedup filter --index news.dedup > new.jsonl
  crawler | dedup filter --index news.dedup --annotate | loader
  dedup filter < articles.jsonl > new.jsonl

Exit codes: 0 done; 2 a mistake, an index that cannot be used, or, with --strict, skipped records."""

Location = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="PATH",
        help="The index, made if it is not there: a file, or postgresql://... Without it only this stream counts.",
        show_default=False,
    ),
]


def command(
    context: typer.Context,
    index: Location = None,
    annotate: Annotated[
        bool,
        typer.Option(
            "--annotate/--no-annotate",
            help="Let every record pass, and say in it what was found.",
            show_default=False,
        ),
    ] = False,
    duplicates: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append the records of copies to a file.", show_default=False),
    ] = None,
    drop_seen: Annotated[
        bool,
        typer.Option(
            "--drop-seen/--no-drop-seen",
            help="Drop articles that passed in an earlier call, with the same id and text. By default they pass "
            "again, so that nothing is lost when a job is repeated.",
            show_default=False,
        ),
    ] = False,
    batch_size: Annotated[
        int, typer.Option(metavar="N", help="Articles that are looked up and stored at a time.")
    ] = 10_000,
    max_latency: Annotated[
        float, typer.Option(metavar="SECONDS", help="Longest time that an article waits for others.")
    ] = 1.0,
    text_field: TextField = "text",
    id_field: IdField = "id",
    store: Store = None,
    threshold: Threshold = None,
    recall: Recall = None,
    shingle: Shingle = None,
    shingle_size: ShingleSize = None,
    num_perm: NumPerm = None,
    seed: Seed = None,
    strip: Strip = None,
    rules: Rules = None,
    excerpts: Excerpts = None,
    excerpt_containment: ExcerptContainment = None,
    excerpt_shingles: ExcerptShingles = None,
    threads: Threads = None,
    strict: Strict = False,
    json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON, on stderr.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but records, warnings and errors.")
    ] = False,
) -> None:
    """Let new articles pass, as they came.

    JSON lines go from standard input to standard output byte for byte. Each batch is looked up and stored in one
    transaction before its records are printed: of two workers on one index only one passes a story on, and what was
    printed is never forgotten. An index keeps its settings and rules; asking for other ones is an error.
    """
    if batch_size < 1 or max_latency < 0:
        raise UsageError(
            f"batch size {batch_size} or latency {max_latency:g} is out of range", "1 or more, 0 or more"
        )
    from dedup.index.stream import Filter, batches

    skipped = 0

    def report(record: Skipped) -> None:
        nonlocal skipped
        skipped += 1
        if skipped <= WARNINGS:
            warn(f"{record.location} skipped: {record.detail}")

    shingles = chosen_shingle(context, shingle, shingle_size)
    basic = explicit(threshold, recall, shingles, num_perm, seed, strip)
    chosen = with_excerpts(basic, excerpts, excerpt_containment, excerpt_shingles)
    out = sys.stdout.buffer
    with (
        open_index(index, True, text_field, id_field, store, rules, threads, chosen) as opened,
        _Appended(duplicates) as copies,
    ):
        stream = Filter(opened, annotate, drop_seen, opened.new_stream())
        for batch in batches(sys.stdin.fileno(), batch_size, max_latency):
            passing, copied = stream.process(batch, report)
            copies.write(copied)
            out.write(passing)
            out.flush()
    if skipped > WARNINGS:
        warn(f"{skipped:,} records were skipped in all")
    if json or not quiet:
        _show(dict(stream.counts), json)
    if strict and skipped:
        raise typer.Exit(2)


class _Appended:
    """A file that records are appended to, or none."""

    def __init__(self, path: Path | None) -> None:
        try:
            self._file = None if path is None else path.open("ab")
        except OSError as error:
            raise OutputError(f"{path}: {error.strerror}", "name a file that can be written") from None

    def __enter__(self) -> _Appended:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, data: bytes) -> None:
        """Append and flush."""
        if self._file is not None and data:
            self._file.write(data)
            self._file.flush()


def _show(counts: dict[str, int], json: bool) -> None:
    if json:
        import json as library

        typer.echo(library.dumps(counts), err=True)
        return
    shown = ", ".join(
        f"{count:,} {name.removesuffix('s') if count == 1 else name}"
        for name, count in counts.items()
        if count
    )
    typer.echo(shown or "no articles", err=True)
