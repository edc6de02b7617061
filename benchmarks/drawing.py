"""Drawings of a recorded run: measurements go in, SVG files come out, the same bytes for the same numbers.

`throughput.svg`: articles a CPU second against peers. `growth.svg`: CPU time an article and private memory from ten
thousand articles on. `curve.svg`: the share of pairs that get a band in common, measured against theory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.record import Rows

OWN, OTHER, THEORY = "#0b6e4f", "#8a8f98", "#c8553d"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "dedup",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
}


def draw(rows: Rows, directory: Path) -> list[Path]:
    """Draw what was measured; returns the files."""
    drawn = []
    for name, benchmark, make in (
        ("throughput", "peers", throughput),
        ("growth", "growth", growth),
        ("curve", "accuracy", curve),
    ):
        measured = rows.of(benchmark)
        if len(measured):
            path = directory / f"{name}.svg"
            with mpl.rc_context(STYLE):
                make(measured).savefig(path, metadata={"Date": None}, bbox_inches="tight")
            drawn.append(path)
    return drawn


def throughput(rows: Rows) -> Figure:
    """A bar for each tool, at the most articles it was given."""
    largest: dict[str, int] = {}
    for case, size in rows.cases():
        if rows.values(case, size, "cpu"):
            largest[case] = max(size, largest.get(case, 0))
    speeds = {case: size / (rows.median(case, size, "cpu") or 1) for case, size in largest.items()}
    cases = sorted(speeds, key=speeds.__getitem__)
    most = max(largest.values())
    names = [case + f" ({largest[case]:,} articles)" * (largest[case] < most) for case in cases]
    figure = Figure(figsize=(7, 0.36 * len(cases) + 0.8))
    axes = figure.subplots()
    colours = [OWN if case.startswith("dedup") else OTHER for case in cases]
    bars = axes.barh(names, [speeds[case] for case in cases], color=colours, height=0.7)
    axes.bar_label(bars, [f"{speeds[case]:,.0f}" for case in cases], padding=4)
    axes.set_xscale("log")
    axes.set_xlim(min(speeds.values()) / 2, max(speeds.values()) * 3)
    axes.set_xlabel(f"articles of 4 KB a CPU second, one thread, of {most:,} (logarithmic)")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure


def growth(rows: Rows) -> Figure:
    """CPU time an article, and private memory, against the number of articles."""
    sizes = sorted({size for _, size in rows.cases()})
    figure = Figure(figsize=(8, 3))
    left, right = figure.subplots(1, 2)
    for case, colour in (("1 thread", OWN), ("2 threads", THEORY)):
        costs = [(rows.median(case, size, "cpu") or 0) / size * 1e6 for size in sizes]
        left.plot(sizes, costs, "o-", color=colour, label=case)
    _finish(left, "articles", "CPU µs an article")
    left.set_xscale("log")
    left.set_ylim(0)
    left.legend(frameon=False)
    private = [rows.median("1 thread", size, "private") or 0 for size in sizes]
    right.plot(sizes, private, "o-", color=OWN)
    right.set(xscale="log", yscale="log")
    _finish(right, "articles", "private memory, MB")
    figure.tight_layout()
    return figure


def curve(rows: Rows) -> Figure:
    """Points on the S-curve."""
    at = [(case, size) for case, size in rows.cases() if case.startswith("curve")]
    similarities = [size / 1000 for _, size in at]
    figure = Figure(figsize=(5, 3))
    axes = figure.subplots()
    theory = [rows.median(*point, "theory") or 0.0 for point in at]
    measured = [rows.median(*point, "measured") or 0.0 for point in at]
    axes.plot(similarities, theory, "-", color=THEORY, label="1 - (1 - J^r)^b")
    axes.plot(similarities, measured, "o", color=OWN, label="measured")
    _finish(axes, "Jaccard similarity J", "pairs that become candidates")
    axes.legend(frameon=False, title=at[0][0].removeprefix("curve of "))
    return figure


def _finish(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e3e5e8", linewidth=0.6)
    axes.set_axisbelow(True)
