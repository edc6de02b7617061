"""`dedup compare`: why two articles are copies, or are not."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.indexing import NumPerm, Recall, Seed, Shingle, Strip, Threshold, explicit
from dedup.cli.messages import coloured
from dedup.cli.options import (
    CONTAINMENT,
    Bands,
    Encoding,
    ExcerptContainment,
    ExcerptShingles,
    IdField,
    Rows,
    Rules,
    ShingleSize,
    TextField,
    chosen_shingle,
)
from dedup.errors import InputError, UsageError

if TYPE_CHECKING:
    from dedup.comparison import Comparison
    from dedup.index.frozen import Matching

EXAMPLES = """\b
Examples:
  dedup compare a.txt b.txt
  dedup compare 1042 1077 --in articles.jsonl
  dedup compare 1042 1077 --index news.dedup --format html > why.html

Exit codes: 0 done, whatever was found; 2 a mistake, or an article that is not there."""

WIDTH = 120
"""Columns where the output is no terminal."""


class Format(StrEnum):
    """How a comparison is shown."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"


def command(
    context: typer.Context,
    a: Annotated[
        str, typer.Argument(metavar="A", help="A text file; with --in or --index, an id.", show_default=False)
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    within: Annotated[
        list[str] | None,
        typer.Option(
            "--in",
            metavar="INPUT",
            help="Where the articles of these ids are: files, folders, globs; may be repeated.",
            show_default=False,
        ),
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The index that holds the articles of these ids, whose settings and rules count: a file, or "
            "postgresql://...",
            show_default=False,
        ),
    ] = None,
    text_field: TextField = "text",
    id_field: IdField = "id",
    encoding: Encoding = "utf-8",
    threshold: Threshold = None,
    recall: Recall = None,
    shingle: Shingle = None,
    shingle_size: ShingleSize = None,
    num_perm: NumPerm = None,
    bands: Bands = None,
    rows: Rows = None,
    seed: Seed = None,
    strip: Strip = None,
    excerpt_containment: ExcerptContainment = CONTAINMENT,
    excerpt_shingles: ExcerptShingles = None,
    rules: Rules = None,
    style: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TEXT,
) -> None:
    """Say whether two articles are copies, and why.

    Shown are similarity, gates, boilerplate and both texts side by side.
    """
    if index is not None and within is not None:
        raise UsageError("--in and --index are two places for the same articles", "leave one of them out")
    if style is Format.HTML:
        from dedup.report.page import require_jinja2

        require_jinja2()
    asked = excerpt_containment, excerpt_shingles
    shingles = chosen_shingle(context, shingle, shingle_size)
    chosen = explicit(threshold, recall, shingles, num_perm, seed, strip)
    if bands is not None or rows is not None:
        chosen |= {"bands": bands, "rows": rows}
    if index is not None:
        found = _of_index((a, b), index, rules, chosen, asked)
    else:
        from dedup.comparison import compare
        from dedup.config import Settings
        from dedup.excerpts import ExcerptSettings
        from dedup.named import texts_of
        from dedup.readers import Fields

        if within is None:
            _check_single((a, b))
        settings = Settings(**chosen)
        excerpts = ExcerptSettings.chosen("report", *asked, settings.shingle_unit)
        fields = Fields(tuple(name.strip() for name in text_field.split(",")), id_field, (), encoding)
        texts = texts_of((a, b), within or [a, b], fields)
        paths = [str(path) for path in rules or ()]
        found = compare(texts[a], texts[b], settings=settings, rules=paths, excerpts=excerpts)
    _show(found, (a, b), style)


def _check_single(paths: tuple[str, str]) -> None:
    """Refuse what is not one article in a file of its own, and say how to name one of many."""
    from dedup.readers.formats import Format as Kind
    from dedup.readers.formats import classify

    for path in paths:
        known = classify(path)
        if path == "-" or os.path.isdir(path) or (known and known[0] is not Kind.TEXT):
            raise UsageError(f"{path} may hold many articles", f"name two: dedup compare ID ID --in {path}")
        if not os.path.exists(path):
            hint = "check the path; if it is an id, say where it is: --in articles.jsonl, or --index PATH"
            raise InputError(f"{path} does not exist", hint)


def _of_index(
    names: tuple[str, str],
    location: str,
    rules: list[Path] | None,
    chosen: Matching,
    asked: tuple[float, int | None],
) -> Comparison:
    """The comparison of two articles of an index."""
    from dedup.comparison import compare_with
    from dedup.excerpts import ExcerptSettings
    from dedup.index import Index

    with Index(location, create=False, rules=rules or None, **chosen) as index:
        texts = index.texts(names)
        for name in names:
            if name not in texts:
                hint = f"`dedup index query {location} FILE` says by which ids it knows articles"
                raise InputError(f"the index has no article with the id {name!r}", hint)
        excerpts = ExcerptSettings.chosen("report", *asked, index.stages.settings.shingle_unit)
        return compare_with(index.stages, texts[names[0]], texts[names[1]], excerpts)


def _show(found: Comparison, names: tuple[str, str], style: Format) -> None:
    match style:
        case Format.JSON:
            import json

            rows = {"a": names[0], "b": names[1]} | found.as_dict()
            typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        case Format.HTML:
            from dedup.report import comparison_page

            for piece in comparison_page(found, names):
                sys.stdout.buffer.write(piece)
        case Format.MARKDOWN:
            from dedup.report import comparison_markdown

            typer.echo(comparison_markdown(found, names), nl=False)
        case Format.TEXT:
            from dedup.cli.side_by_side import render

            width = None if sys.stdout.isatty() else WIDTH
            typer.echo(render(found, names, coloured(sys.stdout), width), nl=False)
