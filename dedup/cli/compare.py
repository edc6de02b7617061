"""`dedup compare`: why two articles are copies, or are not."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli.messages import coloured

EXAMPLES = """\b
Examples:
  dedup compare a.txt b.txt
  dedup compare 1042 1077 --in articles.jsonl
  dedup compare a.txt b.txt --format json"""


class Format(StrEnum):
    """How a comparison is shown."""

    TEXT = "text"
    JSON = "json"


def command(
    a: Annotated[str, typer.Argument(metavar="A", help="A text file; with --in, an id.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    within: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="INPUT", help="Where the articles of these ids are; may be repeated."),
    ] = None,
    text_field: Annotated[
        str, typer.Option(metavar="NAME", help="Field with the text; several as title,body; nested as a.b.")
    ] = "text",
    id_field: Annotated[str, typer.Option(metavar="NAME", help="Field with the id.")] = "id",
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="Encoding of text files and tables.")
    ] = "utf-8",
    threshold: Annotated[float, typer.Option(help="Least Jaccard similarity of near copies.")] = 0.5,
    shingle_size: Annotated[int, typer.Option(help="Tokens of a shingle.")] = 5,
    num_perm: Annotated[int, typer.Option(help="Values of a MinHash signature.")] = 128,
    recall: Annotated[float, typer.Option(help="Probability that a pair at the threshold is found.")] = 0.99,
    seed: Annotated[int, typer.Option(help="Seed of the permutations.")] = 1,
    no_strip: Annotated[bool, typer.Option("--no-strip", help="Compare the texts as they are.")] = False,
    rules: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Further boilerplate rules; may be repeated.")
    ] = None,
    style: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TEXT,
) -> None:
    """Say whether two articles are copies, and why.

    Shown are similarity, gates, boilerplate and both texts side by side.
    """
    from dedup.comparison import compare
    from dedup.config import Settings

    settings = Settings(
        threshold=threshold,
        shingle_size=shingle_size,
        num_perm=num_perm,
        recall=recall,
        seed=seed,
        strip=not no_strip,
    )
    inputs = [a, b] if within is None else within
    texts = _texts((a, b), inputs, text_field, id_field, encoding)
    found = compare(*texts, settings=settings, rules=[str(path) for path in rules or ()])
    if style is Format.JSON:
        import json

        typer.echo(json.dumps({"a": a, "b": b} | found.as_dict(), ensure_ascii=False, indent=2))
        return
    from dedup.cli.side_by_side import render

    colour = coloured(sys.stdout)
    typer.echo(render(found, (a, b), colour, None if sys.stdout.isatty() else 120), nl=False)


def _texts(
    names: tuple[str, str], inputs: list[str], text_field: str, id_field: str, encoding: str
) -> tuple[str, str]:
    """The two articles of some ids, or files."""
    from dedup.config import Settings
    from dedup.corpus import identify
    from dedup.engines import make_engine
    from dedup.errors import InputError
    from dedup.readers import Fields, open_sources

    text_fields = tuple(name.strip() for name in text_field.split(","))
    stages = make_engine("native", Settings(strip=False), (), text_fields)
    wanted = {name.encode("utf-8", "surrogateescape"): name for name in names}
    found: dict[str, str] = {}
    seen: list[str] = []
    sources = open_sources(list(dict.fromkeys(inputs)), Fields(text_fields, id_field, (), encoding), stages)
    for source in sources:
        for batch in source.batches():
            ids = identify(source, batch)
            for i in range(len(ids)):
                identity = ids.bytes_at(i)
                if identity in wanted:
                    found.setdefault(wanted[identity], batch.texts.bytes_at(i).decode("utf-8", "replace"))
                elif len(seen) < 3:
                    seen.append(identity.decode("utf-8", "replace"))
        source.close()
    for name in names:
        if name not in found:
            there = f"there are {', '.join(map(repr, seen))} and so on" if seen else "there are no articles"
            raise InputError(f"no article has the id {name!r}", f"{there}; ids come from --id-field")
    return found[names[0]], found[names[1]]
