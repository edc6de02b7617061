"""Settings without labels: measured pairs in; a histogram, its valley, pairs to label and the cost of bands out.

Where copies and unrelated articles are two hills of the histogram, the valley between them is the threshold that
confuses fewest (the mode method: Prewitt and Mendelsohn 1966). A pair near it says most about where the threshold
belongs, so these are the pairs to label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from dedup.bands import choose, probability
from dedup.config import Settings
from dedup.model import F64, I64, Mask, Texts
from dedup.tuning.articles import Articles
from dedup.tuning.pairs import Cost, Pairs, cost

BINS = 20
"""Of the histogram, from 0 to 1."""

BANDWIDTH = 0.04
"""Standard deviation of the Gaussian that smooths similarities before a valley is sought: a bin, about."""

DEPTH = 2.5
"""Least depth of a valley below the lower hill beside it, in standard deviations of the difference: of 300 flat
histograms of 20, 100 or 2,000 pairs each, one in twenty has a valley of this depth."""

BORDERLINE = 20
"""Pairs to label ..."""

REACH = 0.15
"""... with similarities that differ by at most about this from the threshold."""

TIMED = 20_000
"""Articles on which choices of bands are timed, at most."""

LEAST_RECALL = 0.5
"""Choices of bands that find less than this share of pairs at the threshold are not worth a try."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of bands and rows.

    Attributes:
        bands: Number of bands.
        rows: Signature values per band.
        at_threshold: Probability that a pair at the threshold shares a band.
        predicted: Mean of that probability over the pairs at or above the threshold; 1 of none.
        measured: Share of those pairs that share a band.
        cost: Candidates and time.
    """

    bands: int
    rows: int
    at_threshold: float
    predicted: float
    measured: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Advice:
    """What similarities alone say of settings.

    Attributes:
        shingle_size: Tokens, or characters, per shingle.
        shingle_unit: Which of the two: `words` or `chars`.
        exact: Pairs with the same tokens; they are not in the histogram.
        histogram: Pairs by similarity, `BINS` counts from 0 to 1; below the floor nothing was looked for.
        floor: Least similarity looked for.
        valley: The threshold between two hills; None where there is no valley.
        threshold: The valley, or else the threshold in use.
        borderline: int64[b, 2], pairs to label, those next to the threshold first.
        similarity: float64[b], of these.
        choices: Choices of bands and rows at the threshold, by rows.
        chosen: The index of that which a run makes.
    """

    shingle_size: int
    shingle_unit: str
    exact: int
    histogram: tuple[int, ...]
    floor: float
    valley: float | None
    threshold: float
    borderline: I64
    similarity: F64
    choices: tuple[Choice, ...]
    chosen: int

    def as_dict(self, articles: Articles) -> dict[str, Any]:
        """All of it for JSON, with ids."""
        return {
            "shingle_size": self.shingle_size,
            "shingle_unit": self.shingle_unit,
            "floor": self.floor,
            "exact": self.exact,
            "histogram": [
                {"from": i / BINS, "to": (i + 1) / BINS, "pairs": count}
                for i, count in enumerate(self.histogram)
                if (i + 1) / BINS > self.floor
            ],
            "valley": self.valley,
            "threshold": self.threshold,
            "borderline": [
                {"a": articles.id_of(a), "b": articles.id_of(b), "similarity": similarity}
                for (a, b), similarity in zip(self.borderline.tolist(), self.similarity.tolist(), strict=True)
            ],
            "choices": [
                asdict(choice) | {"chosen": i == self.chosen} for i, choice in enumerate(self.choices)
            ],
        }


def advise(
    pairs: Pairs,
    articles: Articles,
    current: Settings,
    floor: float,
    labelled: I64 | None = None,
    threads: int | None = None,
) -> Advice:
    """Look at the similarities of some articles.

    Args:
        pairs: All pairs above the floor, and excerpts.
        articles: The articles.
        current: The setting in use.
        floor: Least similarity looked for.
        labelled: int64[l, 2], pairs that need no label.
        threads: Threads of the kernel; None = one per core.
    """
    is_near = ~pairs.exact & (pairs.similarity >= floor)  # excerpts may lie below
    near = pairs.similarity[is_near]
    found = valley(near, floor)
    threshold = current.threshold if found is None else found
    border = _borderline(pairs, is_near, threshold, labelled)
    settings = replace(current, threshold=threshold, bands=None, rows=None)
    bands = choose(settings)
    reached = pairs.exact | (pairs.similarity >= threshold)
    timed = Texts(articles.texts.data, articles.texts.offsets[: TIMED + 1])
    choices = [
        _choice(pairs, reached, timed, replace(settings, bands=count, rows=rows), threads)
        for count, rows in _layouts(settings)
    ]
    return Advice(
        pairs.shingle_size,
        current.shingle_unit,
        int(np.count_nonzero(pairs.exact)),
        tuple(np.histogram(near, BINS, (0.0, 1.0))[0].tolist()),
        floor,
        found,
        threshold,
        pairs.pairs[border],
        pairs.similarity[border],
        tuple(choices),
        next(i for i, choice in enumerate(choices) if choice.rows == bands.rows),
    )


def valley(similarities: F64, floor: float) -> float | None:
    """The deepest point between two hills of some similarities from `floor` to 1, to two digits; None without one."""
    grid = np.arange(round(floor * 100), 101) / 100
    counts = np.histogram(similarities, np.append(grid - 0.005, 1.005))[0].astype(np.float64)
    # Mirrored at both ends, where else a hill would lose half of its height.
    mirrored = np.concatenate([counts[::-1], counts, counts[::-1]])
    weights = np.exp(-0.5 * (np.arange(-4 * BANDWIDTH, 4 * BANDWIDTH + 0.005, 0.01) / BANDWIDTH) ** 2)
    inner = slice(len(grid), 2 * len(grid))
    height = np.convolve(mirrored, weights, "same")[inner]
    variance = np.convolve(mirrored, weights**2, "same")[inner]  # of sums of weighted Poisson counts
    hill = np.minimum(np.maximum.accumulate(height), np.maximum.accumulate(height[::-1])[::-1])
    hill_variance = hill * (weights**2).sum() / weights.sum()
    depth = (hill - height) / np.sqrt(np.maximum(hill_variance + variance, 1e-9))
    if depth.max() < DEPTH:
        return None
    return round(float(grid[depth >= depth.max() - 1e-9].mean()), 2)


def _borderline(pairs: Pairs, is_near: Mask, threshold: float, labelled: I64 | None) -> I64:
    """int64[b], which pairs to label: spread evenly around the threshold, each article once if possible.

    All of them next to the threshold would say whether it is too high or too low, but not by how much.
    """
    is_open = is_near.copy()
    if labelled is not None:
        keys, known = (some[:, 0] * pairs.articles + some[:, 1] for some in (pairs.pairs, labelled))
        is_open &= ~np.isin(keys, known)
    is_fresh = is_open.copy()
    chosen: list[int] = []
    for target in threshold + REACH * np.linspace(-1, 1, BORDERLINE):
        among = np.flatnonzero(is_fresh if is_fresh.any() else is_open)
        if not len(among):
            break
        best = int(among[np.argmin(np.abs(pairs.similarity[among] - target))])
        chosen.append(best)
        is_open[best] = False
        is_fresh &= is_open & ~np.isin(pairs.pairs, pairs.pairs[best]).any(axis=1)
    found = np.array(chosen, np.int64)
    return found[np.argsort(np.abs(pairs.similarity[found] - threshold), kind="stable")]


def _layouts(settings: Settings) -> Iterator[tuple[int, int]]:
    """(bands, rows) to try: for each number of rows the fewest bands that reach the recall, or else as many as fit."""
    for rows in range(1, settings.num_perm + 1):
        most = settings.num_perm // rows
        reached = (b for b in range(1, most) if probability(settings.threshold, b, rows) >= settings.recall)
        bands = next(reached, most)
        if probability(settings.threshold, bands, rows) < LEAST_RECALL:
            return
        yield bands, rows


def _choice(pairs: Pairs, reached: Mask, texts: Texts, settings: Settings, threads: int | None) -> Choice:
    """Predict and measure one choice of bands and rows."""
    bands = choose(settings)
    similarity = pairs.similarity[reached]
    predicted = 1.0 - (1.0 - similarity**bands.rows) ** bands.bands
    found = pairs.share_band(bands.bands, bands.rows, np.flatnonzero(reached))
    return Choice(
        bands.bands,
        bands.rows,
        bands.recall,
        float(predicted.mean()) if len(predicted) else 1.0,
        float(found.mean()) if len(found) else 1.0,
        cost(texts, settings, threads),
    )
