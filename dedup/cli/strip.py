"""`dedup strip`: articles without their boilerplate, or which rule took which line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.messages import warn
from dedup.cli.run import Engine
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.readers import Batch, Source
    from dedup.stages import Stages

EXAMPLES = """\b
Examples:
  dedup strip article.txt --explain
  dedup strip articles.jsonl > stripped.jsonl
  dedup strip --list-rules --rules own.toml"""


WARNINGS = 10
"""Skipped records that are named one by one."""


def command(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders, globs, or - for JSON lines on standard input.",
            show_default=False,
        ),
    ] = None,
    text_field: Annotated[
        str, typer.Option(metavar="NAME", help="Field with the text; several as title,body; nested as a.b.")
    ] = "text",
    id_field: Annotated[str, typer.Option(metavar="NAME", help="Field with the id.")] = "id",
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="Encoding of text files and tables.")
    ] = "utf-8",
    rules: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Further boilerplate rules; may be repeated.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="Who computes; both give the same result.")] = Engine.NATIVE,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which rule took which line instead.")
    ] = False,
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="List the rules instead; no input is read.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines, for text files too.")] = False,
) -> None:
    """Print articles without their boilerplate.

    This is what `dedup run` compares. Text files come out as text, one after the other. Records come out as JSON lines
    of id and text.
    """
    from dedup.boilerplate import load

    if list_rules:
        from dedup.cli.rules import show_rules

        show_rules(load(rules or ()), json=json)
        return
    if not inputs:
        raise UsageError("no INPUT is given", "name a file or folder, or - for JSON lines on standard input")
    from dedup.config import Settings
    from dedup.engines import make_engine
    from dedup.readers import Fields, check_articles, open_sources

    text_fields = tuple(name.strip() for name in text_field.split(","))
    stages = make_engine(engine.value, Settings(), load(rules or ()), text_fields)
    show = _explanation if explain else _cleaned
    sources = open_sources(inputs, Fields(text_fields, id_field, (), encoding), stages)
    skipped = 0
    for source in sources:
        for batch in source.batches():
            for record in batch.skipped[: max(0, WARNINGS - skipped)]:
                warn(f"{record.location} skipped: {record.detail}")
            skipped += len(batch.skipped)
            for piece in show(source, batch, stages, json):
                sys.stdout.buffer.write(piece.encode("utf-8", "surrogateescape"))
        source.close()
    check_articles(sources)
    sys.stdout.buffer.flush()
    if skipped > WARNINGS:
        warn(f"{skipped:,} records were skipped in all")


def _cleaned(source: Source, batch: Batch, stages: Stages, json: bool) -> Iterator[str]:
    """The clean texts."""
    texts = stages.strip(batch.texts).texts.strings()
    if batch.paths is not None and not json:
        yield from (text if text.endswith("\n") else f"{text}\n" for text in texts)
        return
    for identity, text in zip(_ids(source, batch), texts, strict=True):
        yield _line({"id": identity, "text": text})


def _explanation(source: Source, batch: Batch, stages: Stages, json: bool) -> Iterator[str]:
    """What was removed: a line each, under the id of its document."""
    stripped = stages.strip(batch.texts, explain=True)
    for i, (identity, removals) in enumerate(zip(_ids(source, batch), stripped.removals or [], strict=True)):
        if json:
            for one in removals:
                row = {"id": identity, "line_no": one.line_no, "text": one.text}
                yield _line({**row, "action": one.action, "rule": one.rule})
            continue
        guarded = ", a guard rail held others back" if stripped.guarded[i] else ""
        yield f"{identity}: {len(removals):,} removed{guarded}\n"
        width = max((len(one.rule) for one in removals), default=0)
        for one in removals:
            yield f"{one.line_no:6}  {one.action:<12}  {one.rule:<{width}}  {one.text.strip()}\n"


def _ids(source: Source, batch: Batch) -> list[str]:
    from dedup.corpus import identify

    return identify(source, batch).strings()


def _line(row: dict[str, object]) -> str:
    import json

    return json.dumps(row, ensure_ascii=False) + "\n"
