"""A `Comparison` for people: the verdict, what stripping took, and both texts side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.passages import Part, hunks
from dedup.titles import printable

if TYPE_CHECKING:
    from dedup.comparison import Comparison, Gate

BANDS = 8
"""Bands that are listed by number."""

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
    return _shown(Group(*_parts(found, names, colour)), colour, width)


def texts(found: Comparison, names: tuple[str, str], colour: bool) -> str:
    """Both texts alone, as wide as the terminal, for somebody whom a verdict would sway."""
    return _shown(_texts(found, names, colour), colour, None)


def _shown(part: RenderableType, colour: bool, width: int | None) -> str:
    console = Console(width=width, no_color=not colour, force_terminal=colour, highlight=False)
    with console.capture() as capture:
        console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))


def _parts(found: Comparison, names: tuple[str, str], colour: bool) -> Iterator[RenderableType]:
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
    yield _texts(found, names, colour)


def _figures(found: Comparison) -> Table:
    grid = Table.grid(padding=(0, 2))
    bands, hit = found.bands, len(found.bands_hit)
    rows = [
        (
            "Jaccard",
            f"{_number(found.jaccard)}, threshold {found.threshold:g}; {_number(found.raw_jaccard)} before stripping",
        ),
        (
            "containment",
            f"{_share(found.containment_a)} of A is in B, {_share(found.containment_b)} of B is in A; "
            f"{_share(found.raw_containment_a)} and {_share(found.raw_containment_b)} before stripping",
        ),
        ("shingles", f"{found.a.shingles:,} in A, {found.b.shingles:,} in B, {found.shared:,} in both"),
        (
            "estimate",
            f"{_number(found.estimate)} of the signature values agree, standard error {found.standard_error:.3f}",
        ),
        (
            "bands",
            f"{hit} of {bands.bands} agree{_listed(found.bands_hit)}; "
            f"at least one does with probability {found.probability:.4f}",
        ),
    ]
    for name, value in rows:
        grid.add_row(Text(name, style="dim"), Text(value))
    for relation in ("near", "excerpt"):
        gates = [gate for gate in found.gates if gate.relation == relation]
        grid.add_row(Text(f"{relation} asks", style="dim"), _asked(gates))
    return grid


def _asked(gates: Sequence[Gate]) -> Text:
    """Each gate on a line, with what the pair has."""
    marks = [("✓ ", "green") if gate.passed else ("✗ ", "bold red") for gate in gates]
    lines = [
        Text.assemble(mark, f"{gate.name}: {gate.verdict}") for mark, gate in zip(marks, gates, strict=True)
    ]
    return Text("\n").join(lines)


def _listed(bands: Sequence[int]) -> str:
    """The numbers of the first bands that agree."""
    if not bands:
        return ""
    shown = ", ".join(map(str, bands[:BANDS]))
    return f" (number {shown}{', …' if len(bands) > BANDS else ''})"


def _texts(found: Comparison, names: tuple[str, str], colour: bool) -> RenderableType:
    """The places where the clean texts differ."""
    places = hunks(found.passages)
    if not places:
        words = len(found.a.clean.split())
        return Text(f"all {words:,} words alike" if words else "no words to show", style="dim")
    table = Table(expand=True, box=None, padding=(0, 1), pad_edge=False)
    for letter, name in zip("AB", names, strict=True):
        table.add_column(Text(f"{letter}: {printable(name)}", style="bold"), ratio=1, overflow="fold")
    for hunk in places:
        _alike(table, hunk.before)
        table.add_row(
            _side(hunk.a, "red", "" if colour else "-"), _side(hunk.b, "green", "" if colour else "+")
        )
    _alike(table, places[-1].after)
    return table


def _alike(table: Table, words: int) -> None:
    text = f"… {words:,} words alike …" if words else ""
    table.add_row(*[Text(text, style="dim italic")] * 2)


def _side(parts: Sequence[Part], colour: str, mark: str) -> Text:
    """One side of a hunk; what only it has is between marks where there are no colours."""
    shown = Text()
    before = ""
    for part in parts:
        text = "\n".join(line for line in map(printable, part.text.split("\n")) if line)
        if not text:
            continue
        if shown:
            shown.append("\n" if before.endswith("\n") or part.text.startswith("\n") else " ")
        before = part.text
        if part.own:
            shown.append(f"[{mark}{text}{mark}]" if mark else text, colour)
        else:
            shown.append(text, "dim")
    return shown


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.3f}"


def _share(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.1%}"
