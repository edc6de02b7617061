"""What `dedup tune` found, as tables for a person or as one JSON document."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.bands import choose
from dedup.cli.messages import coloured
from dedup.cli.summary import plural
from dedup.titles import printable
from dedup.tuning.advise import BINS, TIMED

if TYPE_CHECKING:
    from dedup.config import Settings
    from dedup.tuning.advise import Advice
    from dedup.tuning.articles import Articles
    from dedup.tuning.evaluate import Evaluation, Listed
    from dedup.tuning.labels import Labels
    from dedup.tuning.pairs import Cost
    from dedup.tuning.scores import Point

LISTED = 5
"""Wrong and missed pairs that are named."""

EVERY = 5
"""Hundredths between two thresholds of the table; JSON has them all."""

BAR = 40
"""Columns of the longest bar of the histogram."""

NARROWEST = 80
"""Columns that tables take at least: a narrower terminal breaks their lines, which is better than figures cut short."""


def show_evaluation(
    found: Evaluation,
    costs: Sequence[Cost],
    articles: Articles,
    labels: Labels,
    current: Settings,
    *,
    json: bool,
) -> None:
    """Print what labels say.

    Args:
        found: The evaluation.
        costs: Of the setting in use, and of the recommended one if it is another.
        articles: What was read.
        labels: What it was judged by.
        current: The settings in use.
        json: Print all of it as JSON.
    """
    if json:
        shown = (
            _corpus(articles)
            | {"labels": labels.counts(), "left_out": labels.unknown}
            | found.as_dict(articles)
        )
        for name, cost in (("current", costs[0]), ("recommended", costs[-1])):
            shown[name]["cost"] = asdict(cost)
        _print_json(shown)
        return
    counted = ", ".join(f"{count:,} {name}" for name, count in labels.counts().items())
    parts: list[RenderableType] = [
        f"articles  {_counted(articles)}",
        f"labels    {plural(len(labels.pairs), 'pair')}: {counted or 'none'}",
        _verdict(found),
        "",
        _compared(found, costs, current),
        "\n[bold]best threshold of each shingle size[/bold]",
        _scores(_best_of_sizes(found), found.recommended),
        f"\n[bold]thresholds with shingles of {found.recommended.shingle_size} {found.recommended.shingle_unit}[/bold]",
        _scores(_rows(found), found.recommended),
        "\n[bold]labels against what is found at the recommended setting[/bold]",
        _confusion(found),
    ]
    for name, pairs, count in (
        ("different, but found near", found.wrong, found.wrong_count),
        ("not found", found.missed, found.missed_count),
    ):
        if pairs:
            parts += [f"\n[bold]{name}: {plural(count, 'pair')}[/bold]", _listed(pairs, count, articles)]
    _print(parts)


def show_advice(found: Advice, articles: Articles, *, json: bool) -> None:
    """Print what similarities alone say."""
    if json:
        _print_json(_corpus(articles) | found.as_dict(articles))
        return
    pairs = sum(found.histogram)
    where = "no valley between unrelated articles and copies: the threshold in use stays"
    if found.valley is not None:
        where = "the valley between unrelated articles and copies"
    timed = f"timed on {plural(min(TIMED, len(articles)), 'article')} on this machine"
    parts: list[RenderableType] = [
        f"articles   {_counted(articles)}",
        f"pairs      {pairs:,} above {found.floor:g}, and {found.exact:,} exact",
        f"threshold  {found.threshold:g}: {where}",
        f"\n[bold]pairs by similarity of shingles of {found.shingle_size} {found.shingle_unit}[/bold]",
        _histogram(found),
        f"\n[bold]bands and rows at threshold {found.threshold:g}, {timed}[/bold]",
        _choices(found),
    ]
    if len(found.borderline):
        parts += ["\n[bold]pairs to label, around the threshold[/bold]", _borderline(found, articles)]
    _print(parts)


def _verdict(found: Evaluation) -> str:
    best, (low, high) = found.recommended, found.plateau
    stays = ": the setting in use, none is better" if best == found.current else ""
    reach = f", as good from {low:g} to {high:g}" if high > low else ", and no other threshold is as good"
    return f"best      --threshold {best.threshold:g} {best.option}{stays}{reach}"


def _compared(found: Evaluation, costs: Sequence[Cost], current: Settings) -> Table:
    """The setting in use and the recommended one, with what they cost."""
    scores, spent = ("precision", "recall", "F1", "ARI"), ("bands x rows", "candidates", "seconds")
    table = _table("", "threshold", found.current.shingle_unit, *scores, *spent)
    # One cost where the setting in use is the one recommended: then there is one row.
    for name, point, cost in zip(("in use", "best"), (found.current, found.recommended), costs, strict=False):
        bands = choose(point.settings(current))
        near = point.near
        table.add_row(
            name,
            f"{point.threshold:g}",
            str(point.shingle_size),
            *(f"{value:.3f}" for value in (near.precision, near.recall, near.f1)),
            _known(point.ari),
            f"{bands.bands} x {bands.rows}",
            f"{cost.candidates:,}",
            f"{cost.seconds:.2f}",
        )
    return table


def _best_of_sizes(found: Evaluation) -> list[Point]:
    """The recommended point, and of each other shingle size its best by F1; the middle one of several."""
    best = []
    for size in sorted({point.shingle_size for point in found.points}):
        points = [point for point in found.points if point.shingle_size == size]
        most = max(point.near.f1 for point in points)
        equal = [point for point in points if point.near.f1 == most]
        best.append(found.recommended if size == found.recommended.shingle_size else equal[len(equal) // 2])
    return best


def _rows(found: Evaluation) -> list[Point]:
    """Round thresholds at the recommended shingle size."""
    best = found.recommended
    return [
        point
        for point in found.points
        if point.shingle_size == best.shingle_size
        and (round(point.threshold * 100) % EVERY == 0 or point == best)
    ]


def _scores(points: Sequence[Point], best: Point) -> Table:
    scores = "precision", "recall", "F1", "wrong", "missed", "ARI"
    table = _table("threshold", best.shingle_unit, *scores, "excerpts F1", "any F1")
    for point in points:
        near = point.near
        table.add_row(
            f"{point.threshold:.2f}",
            str(point.shingle_size),
            *(f"{value:.3f}" for value in (near.precision, near.recall, near.f1)),
            f"{near.found - near.right:,}",
            f"{near.expected - near.right:,}",
            _known(point.ari),
            f"{point.excerpt.f1:.3f}" if point.excerpt.expected or point.excerpt.found else "-",
            f"{point.any.f1:.3f}",
            style="bold green" if point == best else None,
        )
    return table


def _confusion(found: Evaluation) -> Table:
    table = _table("label", "exact", "near", "excerpt", "nothing")
    for label, row in found.confusion.items():
        table.add_row(label, *(f"{count:,}" for count in row.values()))
    return table


def _listed(pairs: Sequence[Listed], count: int, articles: Articles) -> Table:
    table = _pairs_table("label")
    for one in pairs[:LISTED]:
        table.add_row(_id(articles, one.a), _id(articles, one.b), f"{one.similarity:.3f}", one.label)
    if count > LISTED:
        table.add_row(f"... and {count - LISTED:,} more; --json names {len(pairs):,}")
    return table


def _borderline(found: Advice, articles: Articles) -> Table:
    table = _pairs_table()
    for (a, b), similarity in zip(found.borderline.tolist(), found.similarity.tolist(), strict=True):
        table.add_row(_id(articles, a), _id(articles, b), f"{similarity:.3f}")
    return table


def _histogram(found: Advice) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    most = max(1, *found.histogram)
    for i, count in enumerate(found.histogram):
        low, high = i / BINS, (i + 1) / BINS
        if high <= found.floor:
            continue
        bar = "█" * -(-BAR * count // most)
        here = " ← threshold" if low <= found.threshold < high else ""
        table.add_row(f"{low:.2f}-{high:.2f}", f"{count:,}", f"{bar}{here}")
    return table


def _choices(found: Advice) -> Table:
    table = _table(
        "bands x rows", "at threshold", "predicted recall", "measured recall", "candidates", "seconds", ""
    )
    for i, choice in enumerate(found.choices):
        table.add_row(
            f"{choice.bands} x {choice.rows}",
            *(f"{value:.4f}" for value in (choice.at_threshold, choice.predicted, choice.measured)),
            f"{choice.cost.candidates:,}",
            f"{choice.cost.seconds:.2f}",
            "what a run takes" if i == found.chosen else "",
            style="bold green" if i == found.chosen else None,
        )
    return table


def _table(*names: str) -> Table:
    """Columns of figures; what is first names the row."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, justify="left" if name in ("", "label") else "right", no_wrap=True)
    return table


def _pairs_table(*more: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("a", "b"):
        table.add_column(name, overflow="fold")
    for name in ("similarity", *more):
        table.add_column(name, no_wrap=True)
    return table


def _id(articles: Articles, position: int) -> Text:
    """An id as plain text: a bracket in it is no markup, an escape no colour."""
    return Text(printable(articles.id_of(position)))


def _known(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _counted(articles: Articles) -> str:
    return f"{len(articles):,}" + (
        f"; {plural(articles.skipped, 'record')} skipped" if articles.skipped else ""
    )


def _corpus(articles: Articles) -> dict[str, Any]:
    return {"articles": len(articles), "skipped": articles.skipped}


def _print_json(shown: dict[str, Any]) -> None:
    import json as encoder

    typer.echo(encoder.dumps(shown, ensure_ascii=False, indent=2))


def _print(parts: Sequence[RenderableType]) -> None:
    colours = coloured(sys.stdout)
    console = Console(file=sys.stdout, highlight=False, no_color=not colours)
    console.width = max(console.width, NARROWEST) if sys.stdout.isatty() else 120
    unbounded = console.options.update(max_width=1000)
    with console.capture() as shown:
        for part in parts:
            if isinstance(part, Table) and console.measure(part, options=unbounded).maximum > console.width:
                _narrow(part)
            console.print(part)
    typer.echo("\n".join(line.rstrip() for line in shown.get().rstrip().split("\n")))


def _narrow(table: Table) -> None:
    """Headings of several words on two lines, and columns closer together: no figure is cut short."""
    table.padding = (0, 1, 0, 0)
    for column in table.columns:
        column.header = "\n".join(str(column.header).rsplit(" ", 1))
