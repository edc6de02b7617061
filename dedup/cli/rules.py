"""`dedup strip --list-rules`: the rules in their order, as a table for people, tab-separated lines, or JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from dedup.cli.messages import coloured
from dedup.titles import printable

if TYPE_CHECKING:
    from dedup.model import Rule

_COLUMNS = ("id", "class", "language", "action", "position", "strength", "words", "line")


def show_rules(rules: Sequence[Rule], *, json: bool) -> None:
    """Print `rules` on stdout.

    Args:
        rules: As `dedup.boilerplate.load` gives them.
        json: Print one JSON object a rule, with the counts of learned lines; else a table on a terminal, and
            tab-separated lines below a header elsewhere.
    """
    if json:
        import json as encoder

        for rule in rules:
            typer.echo(encoder.dumps(_object(rule), ensure_ascii=False))
    elif sys.stdout.isatty():
        _print_table(rules)
    else:
        typer.echo("\n".join("\t".join(row) for row in (_COLUMNS, *map(_row, rules))))


def _row(rule: Rule) -> tuple[str, ...]:
    words = f"{rule.max_words}" if rule.max_words < 10_000 else ""
    fields = (rule.id, rule.cls, rule.lang, rule.action, rule.pos, rule.strength, words, rule.line)
    return tuple(map(printable, fields))


def _object(rule: Rule) -> dict[str, object]:
    row: dict[str, object] = dict(zip(_COLUMNS, _row(rule), strict=True))
    row["words"] = rule.max_words
    if not rule.line:
        del row["line"]
        return row
    return row | {
        "line": rule.line,
        "documents": rule.documents,
        "stories": rule.stories,
        "sources": rule.sources,
    }


def _print_table(rules: Sequence[Rule]) -> None:
    from rich.console import Console
    from rich.table import Table

    has_lines = any(rule.line for rule in rules)
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in _COLUMNS[: None if has_lines else -1]:
        folds = name in ("language", "line")
        table.add_column(
            name, justify="right" if name == "words" else "left", no_wrap=not folds, overflow="fold"
        )
    for rule in rules:
        table.add_row(*_row(rule)[: len(table.columns)], style="" if rule.strength == "strong" else "dim")
    console = Console(file=sys.stdout, highlight=False, markup=False, no_color=not coloured(sys.stdout))
    console.print(table)
    console.print(f"\n{len(rules):,} rules")
