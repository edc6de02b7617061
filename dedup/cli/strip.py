"""`dedup strip`: articles without their boilerplate, or what goes and which rule takes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.messages import warn
from dedup.cli.options import Encoding, Engine, IdField, Rules, TextField
from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.model import Rule
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
    text_field: TextField = "text",
    id_field: IdField = "id",
    encoding: Encoding = "utf-8",
    rules: Rules = None,
    engine: Annotated[Engine, typer.Option(help="Who computes; both give the same result.")] = Engine.NATIVE,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what goes instead, in its place, and which rule took it.")
    ] = False,
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="List the rules instead; no input is read.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one an article (or rule).")] = False,
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
    loaded = load(rules or ())
    stages = make_engine(engine.value, Settings(), loaded, text_fields)
    by_id = {rule.id: rule for rule in loaded}
    sources = open_sources(inputs, Fields(text_fields, id_field, (), encoding), stages)
    skipped = 0
    for source in sources:
        for batch in source.batches():
            for record in batch.skipped[: max(0, WARNINGS - skipped)]:
                warn(f"{record.location} skipped: {record.detail}")
            skipped += len(batch.skipped)
            pieces = (
                _explained(source, batch, stages, by_id, json)
                if explain
                else _cleaned(source, batch, stages, json)
            )
            for piece in pieces:
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


def _explained(
    source: Source, batch: Batch, stages: Stages, rules: Mapping[str, Rule], json: bool
) -> Iterator[str]:
    """What was removed, article by article."""
    from dedup.cli.explain import explain
    from dedup.explain import record

    stripped = stages.strip(batch.texts, explain=True)
    removals = stripped.removals or []
    guarded = stripped.guarded.astype(bool).tolist()
    for article in zip(_ids(source, batch), batch.texts.strings(), removals, guarded, strict=True):
        yield _line(record(*article, rules)) if json else explain(*article, rules)


def _ids(source: Source, batch: Batch) -> list[str]:
    from dedup.corpus import identify

    return identify(source, batch).strings()


def _line(row: dict[str, object]) -> str:
    import json

    return json.dumps(row, ensure_ascii=False) + "\n"
