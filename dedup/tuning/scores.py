"""Scores of settings: counts of pairs, or clusterings, in; precision, recall, F1, ARI and the best setting out.

Nothing is divided by zero: precision of no pair, like recall of none, is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from dedup.config import WORDS, Settings
from dedup.model import I64


@dataclass(frozen=True, slots=True)
class Score:
    """How well the pairs found agree with the labels.

    Attributes:
        found: Pairs found that the labels judge.
        right: Those of them that are labelled so.
        expected: Pairs that are labelled so.
    """

    found: int
    right: int
    expected: int

    @property
    def precision(self) -> float:
        """Share of the pairs found that are right; 1 of none."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs expected that are found; 1 of none."""
        return self.right / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """Counts and shares for JSON."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "found": self.found,
            "right": self.right,
            "expected": self.expected,
        }


@dataclass(frozen=True, slots=True)
class Point:
    """One setting, judged.

    Attributes:
        shingle_size: Tokens per shingle, or characters.
        threshold: Least similarity of near copies.
        near: Near and exact pairs.
        excerpt: Excerpts.
        any: Pairs in any relation.
        ari: Adjusted Rand index of the clusters, 1 for those that are expected, 0 for chance (Hubert and Arabie 1985,
            equation 5), unsure pairs taken as different; None where pairs that are not listed are unsure.
        shingle_unit: What shingles are made of: `words` or `chars`.
    """

    shingle_size: int
    threshold: float
    near: Score
    excerpt: Score
    any: Score
    ari: float | None
    shingle_unit: str = WORDS

    @property
    def option(self) -> str:
        """How the command line is told of its shingles."""
        if self.shingle_unit == WORDS:
            return f"--shingle-size {self.shingle_size}"
        return f"--shingle {self.shingle_unit}:{self.shingle_size}"

    def settings(self, current: Settings) -> Settings:
        """The settings in use, with this threshold and shingle size."""
        return replace(current, threshold=self.threshold, shingle_size=self.shingle_size)

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        scores = {name: getattr(self, name).as_dict() for name in ("near", "excerpt", "any")}
        shingle = {"shingle_size": self.shingle_size, "shingle_unit": self.shingle_unit}
        return {**shingle, "threshold": self.threshold, **scores, "ari": self.ari}


def recommend(points: Sequence[Point], now: Point, *, by_clusters: bool) -> tuple[Point, tuple[float, float]]:
    """The best of some settings, and the lowest and highest threshold around it that are as good.

    Settings are ranked by F1 of near pairs and, where clusters are known, ARI. Of the best that in use is taken if it
    is one of them; else the middle of the longest row of thresholds, at the shingle size next to that in use: there
    what was measured on some pairs is most likely to hold for others.
    """

    def quality(point: Point) -> tuple[float, float]:
        ari = point.ari if by_clusters and point.ari is not None else 0.0
        return round(point.near.f1, 9), round(ari, 9)  # sums of floats differ in their last digits

    best = max(map(quality, points))
    rows = [
        list(row)
        for (_, reached), row in groupby(points, key=lambda point: (point.shingle_size, quality(point)))
        if reached == best
    ]
    for row in rows:
        if now in row:
            return now, (row[0].threshold, row[-1].threshold)
    row = min(
        rows, key=lambda row: (abs(row[0].shingle_size - now.shingle_size), row[0].shingle_size, -len(row))
    )
    return row[len(row) // 2], (row[0].threshold, row[-1].threshold)


def adjusted_rand_index(one: I64, other: I64) -> float:
    """Agreement of two clusterings of the same articles, int64[n] each; 1 for equal ones."""
    n = len(one)

    def together(labels: I64) -> float:
        counts = np.unique(labels, return_counts=True)[1].astype(np.float64)
        return float((counts * (counts - 1) / 2).sum())

    both, ones, others = together(one * n + other), together(one), together(other)
    by_chance = ones * others / (n * (n - 1) / 2)
    most = (ones + others) / 2
    return 1.0 if most == by_chance else (both - by_chance) / (most - by_chance)
