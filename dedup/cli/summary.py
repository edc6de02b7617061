"""The end of a run, for a person or as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from dedup.cli.messages import coloured, warn

if TYPE_CHECKING:
    from rich.table import Table

    from dedup.boilerplate.learned import Learned
    from dedup.stripping import Stripping
    from dedup.summary import Summary

CLASSES = 4
"""Classes of boilerplate that are named."""


def show(summary: Summary, output: str | None, *, json: bool, quiet: bool) -> None:
    """Print the summary on stdout, its warnings on stderr.

    Args:
        summary: Of a run.
        output: Where the results are; None after a dry run.
        json: Print what summary.json holds.
        quiet: Print only the warnings.
    """
    if json:
        import json as encoder

        typer.echo(encoder.dumps(summary.as_dict(), ensure_ascii=False, indent=2))
    elif not quiet:
        _print(summary, output)
    for warning in summary.warnings():
        warn(warning)


def _print(summary: Summary, output: str | None) -> None:
    from rich.console import Console

    colours = coloured(sys.stdout)
    console = Console(
        file=sys.stdout, highlight=False, no_color=not colours, width=None if sys.stdout.isatty() else 120
    )
    with console.capture() as shown:
        console.print(_counts(summary, output))
        if summary.largest:
            console.print("\n[bold]largest clusters[/bold]")
            console.print(_clusters(summary))
    typer.echo("\n".join(line.rstrip() for line in shown.get().rstrip().split("\n")))


def _counts(summary: Summary, output: str | None) -> Table:
    from rich.table import Table

    documents = summary.kept + summary.removed
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")

    def share(count: int) -> str:
        return f"{100 * count / documents:.1f}%" if documents else "0%"

    table.add_row(
        "read",
        f"{summary.input:,}",
        f"{plural(summary.sources, 'input')}, {_bytes(summary.text_bytes)} of text",
    )
    found = [
        f"{count:,} {relation}"
        for relation, count in (
            ("exact", summary.exact),
            ("near", summary.near),
            ("excerpts", summary.removed_excerpts),
        )
        if count
    ]
    if summary.annotated:
        table.add_row("unique", f"{summary.kept:,}", share(summary.kept))
        table.add_row("duplicates", f"{summary.removed:,}", ", ".join([share(summary.removed), *found]))
    else:
        table.add_row("kept", f"{summary.kept:,}", share(summary.kept))
        table.add_row("removed", f"{summary.removed:,}", ", ".join([share(summary.removed), *found]))
    if summary.against is not None:
        gone = sum(summary.against[relation] for relation in ("exact", "near", "excerpt"))
        note = f"of these are among the {plural(summary.against['articles'], 'article')} of --against"
        table.add_row("known", f"{gone:,}", note)
    if summary.excerpts and summary.excerpts["reported"]:
        place = "" if output is None else "; see excerpt_of in clusters.jsonl"
        note = f"of the kept articles are contained in larger ones{place}"
        table.add_row("excerpts", f"{summary.excerpts['reported']:,}", note)
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in summary.skipped.items())
    if skipped and output is not None:
        skipped += "; see skipped.jsonl"
    table.add_row("skipped", f"{sum(summary.skipped.values()):,}", skipped)
    if summary.empty:
        table.add_row("empty", f"{summary.empty:,}", "without a word; kept")
    if summary.repaired:
        table.add_row(
            "repaired",
            f"{summary.repaired:,}",
            "with invalid UTF-8, compared as U+FFFD, written as they came",
        )
    table.add_row()
    table.add_row("bands", "", describe_bands(summary))
    if spilled := int(str(summary.environment["spilled"])):
        table.add_row("spilled", "", f"{_bytes(spilled)} held in temporary files; see --memory")
    if summary.learned is not None:
        place = "; see learned.toml" if summary.learned.lines and output is not None else ""
        table.add_row("learned", "", f"{describe_learned(summary.learned)}{place}")
    if summary.stripping is not None and summary.stripping.characters:
        table.add_row("stripped", "", describe_stripping(summary.stripping))
    if summary.stripping is not None and summary.stripping.guarded:
        place = "" if output is None else "; see guarded.jsonl"
        table.add_row(
            "guarded",
            f"{summary.stripping.guarded:,}",
            f"fewer than 40 words would remain: rules held back{place}",
        )
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in summary.timings.items())
    table.add_row("time", "", f"{summary.seconds:.1f} s: {stages}")
    if summary.seconds:
        table.add_row("speed", "", f"{documents / summary.seconds:,.0f} articles/s")
    table.add_row("results", "", f"{output.rstrip('/')}/" if output is not None else "not written: a dry run")
    return table


def describe_bands(summary: Summary) -> str:
    """What the bands find, in a line."""
    bands, recall = summary.bands, 100 * summary.bands.recall
    threshold = summary.settings["threshold"]
    return (
        f"{bands.bands} bands x {bands.rows} rows: {recall:.1f}% of pairs at {threshold:g} become candidates"
    )


def describe_learned(learned: Learned) -> str:
    """What was learned, in a line."""
    actions = [one.action for one in learned.lines]
    kinds = (("drop", "line"), ("strip_prefix", "prefix"), ("strip_suffix", "suffix"))
    found = [plural(actions.count(action), noun) for action, noun in kinds if action in actions]
    return f"{', '.join(found) or 'nothing'} from {describe_corpus(learned)}"


def describe_corpus(learned: Learned) -> str:
    """What it was learned from."""
    sources = f" of {plural(learned.sources, 'source')}" if learned.sources else ""
    return f"{plural(learned.documents, 'article')}{sources}"


def describe_stripping(stripping: Stripping) -> str:
    """What stripping took, in a line."""
    most = ", ".join(f"{one.name} {one.lines:,}" for one in stripping.by_class[:CLASSES] if one.lines)
    more = ", …" if len(stripping.by_class) > CLASSES else ""
    counts = f"{plural(stripping.lines, 'line')}, {plural(stripping.characters, 'character')}"
    return f"{counts}: {most}{more}" if most else counts


def _clusters(summary: Summary) -> Table:
    from rich.table import Table
    from rich.text import Text

    from dedup.titles import printable

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=40)
    table.add_column()  # the only one that may be narrowed: a count or an id cut short says nothing
    for cluster in summary.largest:
        # As printable Text, since ids and titles are data: a bracket in them is no markup, an escape no colour.
        title = Text(cluster.title, no_wrap=True, overflow="ellipsis")
        table.add_row(f"{cluster.size:,}", Text(printable(cluster.id)), title)
    return table


def plural(count: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    many = f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"


def _bytes(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError
