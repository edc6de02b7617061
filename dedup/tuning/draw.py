"""Drawings of what tuning found: an evaluation or advice in, an SVG out, the same bytes for the same figures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.tuning.advise import BINS, Advice
from dedup.tuning.evaluate import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREEN, RED, BLUE, GREY, ORANGE = "#0b6e4f", "#c8553d", "#2f6690", "#8a8f98", "#d99a2b"

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "dedup",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
}


def draw(found: Evaluation | Advice) -> bytes:
    """An SVG of two drawings side by side."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        if isinstance(found, Evaluation):
            _scores(left, found)
            _sizes(right, found)
        else:
            _histogram(left, found)
            _curves(right, found)
        return _svg(figure)


def _scores(axes: Axes, found: Evaluation) -> None:
    """Precision, recall, F1 and ARI over thresholds, at the recommended shingle size."""
    best = found.recommended
    points = [point for point in found.points if point.shingle_size == best.shingle_size]
    at = [point.threshold for point in points]
    axes.axvspan(*found.plateau, color=GREEN, alpha=0.12, linewidth=0, label="as good")
    axes.plot(at, [point.near.precision for point in points], color=BLUE, label="precision")
    axes.plot(at, [point.near.recall for point in points], color=RED, label="recall")
    axes.plot(at, [point.near.f1 for point in points], color=GREEN, linewidth=2.4, label="F1")
    clusters = [(point.threshold, point.ari) for point in points if point.ari is not None]
    if clusters:
        axes.plot(*zip(*clusters, strict=True), color=GREY, linestyle="--", label="ARI of clusters")
    _mark(axes, best.threshold, "recommended")
    _finish(axes, f"threshold (shingles of {best.shingle_size} {best.shingle_unit})", "near pairs")
    axes.set_ylim(-0.03, 1.03)


def _sizes(axes: Axes, found: Evaluation) -> None:
    """F1 over thresholds, a line for each shingle size."""
    sizes = sorted({point.shingle_size for point in found.points})
    for number, size in enumerate(sizes):
        points = [point for point in found.points if point.shingle_size == size]
        style = _line(number, len(sizes), size == found.recommended.shingle_size)
        at = [point.threshold for point in points]
        axes.plot(
            at, [point.near.f1 for point in points], label=f"{size} {found.current.shingle_unit}", **style
        )
    _finish(axes, "threshold", "F1 of near pairs")
    axes.set_ylim(-0.03, 1.03)


def _histogram(axes: Axes, found: Advice) -> None:
    """Pairs by similarity, with the valley."""
    from matplotlib.ticker import MaxNLocator

    edges = np.arange(BINS) / BINS
    colours = [GREEN if edge + 0.5 / BINS >= found.threshold else GREY for edge in edges]
    axes.bar(edges, found.histogram, width=0.9 / BINS, align="edge", color=colours)
    if found.floor > 0:
        axes.axvspan(0, found.floor, color=GREY, alpha=0.12, linewidth=0, label="not looked at")
    _mark(axes, found.threshold, "threshold" if found.valley is None else "valley")
    _finish(axes, f"Jaccard similarity (shingles of {found.shingle_size} {found.shingle_unit})", "pairs")
    axes.set(xlim=(0, 1), ylim=(0, 1.25 * max(1, *found.histogram)))  # with room for the legend
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _curves(axes: Axes, found: Advice) -> None:
    """The S-curve of each choice of bands and rows."""
    similarity = np.linspace(0, 1, 201)
    for i, choice in enumerate(found.choices):
        share = 1 - (1 - similarity**choice.rows) ** choice.bands
        style = _line(i, len(found.choices), i == found.chosen)
        axes.plot(similarity, share, label=f"{choice.bands} bands x {choice.rows}", **style)
    _mark(axes, found.threshold, None)
    _finish(axes, "Jaccard similarity", "pairs that are compared")
    axes.set_xlim(0, 1)


def _line(number: int, count: int, is_best: bool) -> dict[str, Any]:
    """The style of one of several lines: the best is green, the others go from light to dark."""
    if is_best:
        return {"color": GREEN, "linewidth": 2.4}
    return {"color": str(round(0.75 - 0.5 * number / max(1, count - 1), 2)), "linewidth": 1.2}


def _mark(axes: Axes, threshold: float, name: str | None) -> None:
    axes.axvline(
        threshold, color=ORANGE, linewidth=1.4, label=None if name is None else f"{name} {threshold:g}"
    )


def _finish(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e3e5e8", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=8)


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
