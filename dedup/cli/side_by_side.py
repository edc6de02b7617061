"""A `Comparison` for people: the verdict, what stripping took, and both texts side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.titles import printable

if TYPE_CHECKING:
    from dedup.comparison import Comparison, Passage

SHOWN = 12
"""Words of a shared passage that are shown at each of its ends."""

REMOVALS = 12
"""Removed lines that are listed a side."""


def render(found: Comparison, names: tuple[str, str], colour: bool, width: int | None = None) -> str:
    """The comparison as text.

    Args:
        found: What to show.
        names: What the two articles are called.
        colour: Whether to use colours.
        width: Columns; those of the terminal if None.
    """
    console = Console(width=width, no_color=not colour, force_terminal=colour, highlight=False)
    with console.capture() as capture:
        console.print(Group(*_parts(found, names)))
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))


def _parts(found: Comparison, names: tuple[str, str]) -> Iterator[RenderableType]:
    verdict = found.relation or "not copies"
    yield Text.assemble((verdict, "bold green" if found.relation else "bold yellow"), ": ", found.reason)
    yield Text()
    yield _figures(found)
    for name, letter, side in zip(names, "AB", (found.a, found.b), strict=True):
        if side.removed:
            guard = ", a guard rail held others back" if side.guarded else ""
            yield Text(f"\nstripped from {letter} ({printable(name)}){guard}:", style="bold")
            for one in side.removed[:REMOVALS]:
                line = printable(one.text.strip())
                yield Text.assemble(
                    (f"  {one.rule}  ", "dim"), (line, "red"), overflow="ellipsis", no_wrap=True
                )
            if len(side.removed) > REMOVALS:
                yield Text(f"  ... and {len(side.removed) - REMOVALS:,} more", style="dim")
    yield Text()
    yield _texts(found, names)


def _figures(found: Comparison) -> Table:
    grid = Table.grid(padding=(0, 2))
    bands = found.bands
    rows = [
        (
            "Jaccard",
            f"{_number(found.jaccard)}, threshold {found.threshold:g}; {_number(found.raw_jaccard)} before stripping",
        ),
        ("shingles", f"{found.a.shingles:,} in A, {found.b.shingles:,} in B, {found.shared:,} in both"),
        (
            "containment",
            f"{_share(found.containment_a)} of A is in B, {_share(found.containment_b)} of B is in A",
        ),
        ("estimate", f"{_number(found.estimate)}, standard error {found.standard_error:.3f}"),
        (
            "bands",
            f"{len(found.bands_hit)} of {bands.bands} agree; some do with probability {found.probability:.4f}",
        ),
        ("low bytes", f"{found.equal_low} agree, the gate asks for {bands.gate}"),
    ]
    for name, value in rows:
        grid.add_row(Text(name, style="dim"), Text(value))
    return grid


def _texts(found: Comparison, names: tuple[str, str]) -> Table:
    table = Table(show_lines=False, expand=True, box=None, padding=(0, 1), pad_edge=False)
    for letter, name in zip("AB", names, strict=True):
        table.add_column(Text(f"{letter}: {printable(name)}"), ratio=1, overflow="fold")
    for passage in found.passages:
        if passage.shared:
            table.add_row(_folded(passage.a), _folded(passage.b))
        else:
            for left, right in _beside(passage):
                table.add_row(Text(left, style="red"), Text(right, style="green"))
    return table


def _beside(passage: Passage) -> Iterator[tuple[str, str]]:
    """What only one side has, line by line; marked, for where there are no colours."""
    left, right = _lines(passage.a), _lines(passage.b)
    for a, b in zip_longest(left, right, fillvalue=""):
        yield f"- {a}" if a else "", f"+ {b}" if b else ""


def _lines(text: str) -> list[str]:
    return [printable(line).strip() for line in text.split("\n") if line.strip()]


def _folded(text: str) -> Text:
    """A shared passage without its middle."""
    words = printable(text).split()
    if len(words) <= 3 * SHOWN:
        return Text(" ".join(words), style="dim")
    middle = f" [... {len(words) - 2 * SHOWN:,} words ...] "
    return Text(" ".join(words[:SHOWN]) + middle + " ".join(words[-SHOWN:]), style="dim")


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.3f}"


def _share(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.1%}"
