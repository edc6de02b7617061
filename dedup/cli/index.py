"""`dedup index`: the persistent index by hand."""

from __future__ import annotations

import json as library
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    batches,
    explicit,
    open_index,
    with_excerpts,
)
from dedup.cli.messages import warn
from dedup.cli.options import Encoding, Rules, ShingleSize, TextField, Threads, chosen_shingle
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.index.index import Index

app = typer.Typer(
    name="index",
    help="The persistent index by hand.",
    rich_markup_mode=None,
    invoke_without_command=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def _main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


Where = Annotated[
    str,
    typer.Argument(metavar="INDEX", help="The index: a file, or postgresql://...", show_default=False),
]
Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files, folders, globs, or - for JSON lines on standard input.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
BatchSize = Annotated[int, typer.Option(metavar="N", help="Articles that are stored at a time.")]

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@app.command("add")
def add(
    context: typer.Context,
    location: Where,
    inputs: Inputs,
    text_field: TextField = "text",
    id_field: IdField = "id",
    encoding: Encoding = "utf-8",
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
    batch_size: BatchSize = 50_000,
    json: Json = False,
) -> None:
    """Store articles; the index is made if it is not there.

    An index keeps its settings and rules; asking for other ones is an error.
    """
    shingles = chosen_shingle(context, shingle, shingle_size)
    basic = explicit(threshold, recall, shingles, num_perm, seed, strip)
    chosen = with_excerpts(basic, excerpts, excerpt_containment, excerpt_shingles)
    totals: dict[str, int] = {}
    with open_index(location, True, text_field, id_field, store, rules, threads, chosen) as index:
        for batch in batches(index, inputs, encoding, max(1, batch_size)):
            for name, count in index.take(batch).counts().items():
                totals[name] = totals.get(name, 0) + count
    _show(totals, json)


@app.command("query")
def query(
    location: Where,
    inputs: Inputs,
    text_field: TextField = "text",
    id_field: IdField = "id",
    encoding: Encoding = "utf-8",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Say which stored articles each one copies; store nothing."""
    with open_index(location, False, text_field, id_field, None, None, threads, {}) as index:
        for batch in batches(index, inputs, encoding, 10_000):
            for identity, matches in zip(batch.ids.strings(), index.look_up(batch), strict=True):
                if json:
                    row = {"id": identity, "matches": [match.as_dict() for match in matches]}
                    typer.echo(library.dumps(row, ensure_ascii=False))
                    continue
                typer.echo(f"{identity}: {len(matches)} found")
                for match in matches:
                    how = f"  {match.direction}, {match.containment:.3f}" if match.direction else ""
                    typer.echo(
                        f"  {match.similarity:.3f}  {match.relation:<7}  {match.first_seen:%F}  {match.id}{how}"
                    )


@app.command("remove")
def remove(
    location: Where,
    ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Ids; - reads them from standard input, one a line.")
    ],
    json: Json = False,
) -> None:
    """Remove articles. The copies of one that was kept are forgotten with it."""
    import sys

    if ids == ["-"]:
        ids = sys.stdin.read().splitlines()
    with _opened(location) as index:
        done = index.remove(ids)
    for identity in done.unknown[:WARNINGS]:
        warn(f"there is no article {identity}")
    _show({"removed": done.removed, "forgotten": done.forgotten, "unknown": len(done.unknown)}, json)


@app.command("expire")
def expire(
    location: Where,
    before: Annotated[
        str, typer.Option(metavar="TIME", help="A date (2026-01-31), a time, or an age (12h, 30d, 4w).")
    ],
    json: Json = False,
) -> None:
    """Remove the articles that arrived before a time.

    The copies of those that were kept are forgotten with them.
    """
    time = moment(before)
    with _opened(location) as index:
        done = index.expire(time)
    _show({"removed": done.removed, "forgotten": done.forgotten}, json)


@app.command("info")
def info(location: Where, json: Json = False) -> None:
    """Show what an index holds and what it was made with."""
    with _opened(location) as index:
        _show(index.info(), json)


@app.command("verify")
def verify(location: Where, json: Json = False) -> None:
    """Check that an index is whole.

    Every text, relation and posting is derived again. Exits with 1 if something is wrong.
    """
    with _opened(location) as index:
        problems = index.verify()
    if json:
        typer.echo(library.dumps({"problems": problems}))
    else:
        for problem in problems:
            typer.echo(problem)
        if not problems:
            typer.echo("the index is whole")
    if problems:
        raise typer.Exit(1)


@app.command("compact")
def compact(location: Where, json: Json = False) -> None:
    """Make an index smaller and faster.

    Merges what many batches left, and gives back the room of what was removed.
    """
    with _opened(location) as index:
        before = index.info()["bytes"]
        index.compact()
        _show({"before": before, "after": index.info()["bytes"]}, json)


@app.command("rebuild")
def rebuild(
    context: typer.Context,
    location: Where,
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
    package_rules: Annotated[
        bool, typer.Option("--package-rules", help="Take the rules that this version of dedup comes with.")
    ] = False,
    json: Json = False,
) -> None:
    """Decide everything anew from the stored texts.

    Settings and rules that are not given stay those of the index.
    """
    shingles = chosen_shingle(context, shingle, shingle_size)
    basic = explicit(threshold, recall, shingles, num_perm, seed, strip)
    chosen = with_excerpts(basic, excerpts, excerpt_containment, excerpt_shingles)
    with _opened(location) as index:
        _show(index.rebuild(rules=rules or (() if package_rules else None), **chosen), json)


@app.command("export")
def export(
    location: Where,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A Parquet file that is not there yet.")],
    json: Json = False,
) -> None:
    """Write all articles with their texts to a Parquet file."""
    with _opened(location) as index:
        _show({"articles": index.export_parquet(path)}, json)


@app.command("import")
def import_(
    location: Where,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `dedup index export` wrote.")],
    threshold: Threshold = None,
    rules: Rules = None,
    excerpts: Excerpts = None,
    json: Json = False,
) -> None:
    """Add the articles of an export.

    They keep the times at which they arrived.
    """
    chosen = with_excerpts(explicit(threshold, None, None, None, None, None), excerpts, None, None)
    with open_index(location, True, "text", "id", None, rules, None, chosen) as index:
        _show(index.import_parquet(path), json)


def moment(text: str) -> datetime:
    """A date, a time (UTC if it names no zone), or an age before now. Raises UsageError for anything else."""
    if age := re.fullmatch(r"(\d+)([hdw])", text):
        return datetime.now(UTC) - int(age[1]) * _UNITS[age[2]]
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text} is no time", "for example 2026-01-31, or 30d for thirty days ago") from None


def _opened(location: str) -> Index:
    return open_index(location, False, "text", "id", None, None, None, {})


def _show(values: dict[str, Any], json: bool) -> None:
    if json:
        typer.echo(library.dumps(values, ensure_ascii=False))
        return
    width = max(map(len, values), default=0)
    for name, value in values.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {part}" for key, part in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        shown = f"{value:,}" if isinstance(value, int) else value
        typer.echo(f"{name.replace('_', ' '):<{width}}  {shown}")
