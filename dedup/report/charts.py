"""Charts as geometry: figures in, what a template draws as SVG out, in the units of its `viewBox`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.bands import Bands, probability
from dedup.model import F64
from dedup.report.recall import Point

WIDTH, HEIGHT = 440, 250
"""Of a chart: on a phone a unit is a little less than a pixel, so that its labels stay readable."""

LEFT, RIGHT, TOP, BOTTOM = 50, 430, 36, 212
"""Where the axes are."""

BINS = 40
"""Intervals of similarity from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, with the text that tells its figures."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A measured point with its interval, and the text that tells its figures."""

    x: float
    y: float
    low: float
    high: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Attributes:
        name: What it shows, for who cannot see it.
        x_label, y_label: Names of the axes.
        x_ticks, y_ticks: Their marks.
        threshold: Where the threshold is on the x axis, and what it says.
        bars, dots, small: What is drawn.
        line: A curve: points for `polyline`, empty for none.
    """

    name: str
    x_label: str
    y_label: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    threshold: Tick
    bars: Sequence[Bar] = ()
    dots: Sequence[Dot] = ()
    small: Sequence[Dot] = ()
    line: str = ""


def histogram(similarities: F64, threshold: float) -> Chart:
    """How many copies there are of each similarity.

    Args:
        similarities: float64[m], exact Jaccard similarities of near copies with what they copy.
        threshold: Least similarity of near copies.
    """
    first = min(int(threshold * BINS), BINS - 4) // 4 * 4
    first = max(0, first - 4)
    edges = np.arange(BINS + 1) / BINS
    counts, _ = np.histogram(similarities, edges)
    top = _round_up(int(counts.max(initial=1)))
    bars = []
    for i in range(first, BINS):
        if not counts[i]:
            continue
        begin, end = _x(edges[i], edges[first]), _x(edges[i + 1], edges[first])
        y = _y(counts[i] / top)
        title = f"{counts[i]:,} at {edges[i]:.3f} to {edges[i + 1]:.3f}"
        bars.append(Bar(begin + 0.5, y, round(end - begin - 1, 2), round(BOTTOM - y, 2), title))
    return Chart(
        name=f"{len(similarities):,} near copies by their similarity with what they copy",
        x_label="Jaccard similarity",
        y_label="near copies",
        x_ticks=[Tick(_x(edges[i], edges[first]), f"{edges[i]:.1f}") for i in range(first, BINS + 1, 4)],
        y_ticks=[Tick(_y(share), f"{round(top * share):,}") for share in _shares(top)],
        threshold=Tick(_x(max(threshold, edges[first]), edges[first]), f"threshold {threshold:g}"),
        bars=bars,
    )


def curve(measured: Sequence[Point], made: Sequence[Point], bands: Bands, threshold: float) -> Chart:
    """The probability that two articles share a band, by their similarity, and what was measured of it.

    Args:
        measured: On pairs of articles.
        made: On pairs that were made for it.
        bands: The bands.
        threshold: Least similarity of near copies.
    """
    grid = np.linspace(0, 1, 101).tolist()
    line = " ".join(f"{_x(s):g},{_y(probability(s, bands.bands, bands.rows)):g}" for s in grid)
    return Chart(
        name=f"probability that {bands.bands} bands of {bands.rows} rows make two articles candidates",
        x_label="Jaccard similarity",
        y_label="share a band",
        x_ticks=[Tick(_x(i / 5), f"{i / 5:.1f}") for i in range(6)],
        y_ticks=[Tick(_y(i / 4), f"{i / 4:.0%}") for i in range(5)],
        threshold=Tick(_x(threshold), f"threshold {threshold:g}"),
        dots=[_dot(point, bands) for point in measured],
        small=[_dot(point, bands) for point in made],
        line=line,
    )


def _dot(point: Point, bands: Bands) -> Dot:
    title = (
        f"{point.recall:.1%} of {point.pairs:,} pairs of similarity {point.similarity:.3f}, "
        f"95% interval {point.low:.1%} to {point.high:.1%}; "
        f"expected {probability(point.similarity, bands.bands, bands.rows):.1%}"
    )
    return Dot(_x(point.similarity), _y(point.recall), _y(point.low), _y(point.high), title)


def _x(value: float, first: float = 0.0) -> float:
    return round(float(LEFT + (RIGHT - LEFT) * (value - first) / (1 - first)), 2)


def _y(share: float) -> float:
    return round(float(BOTTOM - (BOTTOM - TOP) * share), 2)


def _round_up(count: int) -> int:
    """The next number that an axis may end with: 1, 2 or 5 times a power of ten, or four of such steps."""
    power = 1
    while True:
        for factor in (1, 2, 4, 5):
            if count <= factor * power:
                return factor * power
        power *= 10


def _shares(top: int) -> list[float]:
    """Where the marks of a count axis are: at whole numbers."""
    steps = next(steps for steps in (4, 5, 2, 1) if top % steps == 0)
    return [i / steps for i in range(steps + 1)]
