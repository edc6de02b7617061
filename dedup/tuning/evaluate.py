"""Settings judged by labels: measured pairs and labels go in; precision, recall, F1 and ARI of every setting come out.

A relation is judged on the pairs that say something about it: that an excerpt is also near, or a near copy found as an
excerpt, is no mistake of that relation, and unsure pairs are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dedup.clusters import components, representatives
from dedup.config import Settings
from dedup.containment import CONTAINMENT, least_shingles
from dedup.model import I64, U8, Mask
from dedup.tuning.articles import Articles
from dedup.tuning.labels import Label, Labels
from dedup.tuning.pairs import Pairs
from dedup.tuning.scores import Point, Score, adjusted_rand_index, recommend

HIGHEST = 0.95
"""Greatest threshold that is tried: above, a typing error parts two copies of a short article."""

STEP = 0.01
"""Between two thresholds that are tried."""


LISTED = 100
"""Wrong and missed pairs that are named."""

FEW = 10
"""With fewer labelled copies one more or less moves the recall by more than a tenth."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A pair to look at.

    Attributes:
        a, b: Positions of the two articles.
        label: What it is labelled as, or counts as.
        similarity: Exact Jaccard.
    """

    a: int
    b: int
    label: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What labels say of settings.

    Attributes:
        points: All settings tried, by shingle size and ascending threshold.
        current: The setting in use.
        recommended: The best one; the one in use where none is better.
        plateau: Lowest and highest threshold around the recommended one that are as good.
        confusion: For each label, how many of its pairs are found as `exact`, `near`, `excerpt` or `nothing` there;
            pairs that nobody labelled are `unlisted`.
        wrong: Near pairs found that are different, or taken as such: the `LISTED` most similar.
        missed: Copies and excerpts that are not found, likewise.
        wrong_count, missed_count: How many there are in all.
    """

    points: tuple[Point, ...]
    current: Point
    recommended: Point
    plateau: tuple[float, float]
    confusion: dict[str, dict[str, int]]
    wrong: tuple[Listed, ...]
    missed: tuple[Listed, ...]
    wrong_count: int
    missed_count: int

    def warnings(self) -> list[str]:
        """What a person should know about it."""
        found = []
        copies = self.recommended.near.expected
        if not copies:
            found.append("no copies are labelled: recall says nothing")
        elif copies < FEW:
            found.append(
                f"few copies are labelled ({copies}): one more or less moves recall by {1 / copies:.0%}"
            )
        unlisted = self.confusion.get("unlisted", {})
        count = unlisted.get("exact", 0) + unlisted.get("near", 0)
        if count and self.current.ari is not None:
            found.append(
                f"{count:,} of the pairs found are not among the labels and count as different; "
                "where nobody looked at them, add --unlisted unsure"
            )
        return found

    def as_dict(self, articles: Articles) -> dict[str, Any]:
        """All of it for JSON, with ids."""
        listed = {
            name: [
                {
                    "a": articles.id_of(one.a),
                    "b": articles.id_of(one.b),
                    "label": one.label,
                    "similarity": one.similarity,
                }
                for one in pairs
            ]
            for name, pairs in (("wrong", self.wrong), ("missed", self.missed))
        }
        return {
            "current": self.current.as_dict(),
            "recommended": self.recommended.as_dict(),
            "plateau": list(self.plateau),
            "confusion": self.confusion,
            "wrong_count": self.wrong_count,
            "missed_count": self.missed_count,
            **listed,
            "points": [point.as_dict() for point in self.points],
        }


def thresholds(floor: float) -> list[float]:
    """The thresholds that are tried, from `floor` on."""
    return [round(step * STEP, 2) for step in range(round(floor / STEP), round(HIGHEST / STEP) + 1)]


def evaluate(
    measured: Sequence[Pairs], labels: Labels, current: Settings, floor: float, unlisted: Label
) -> Evaluation:
    """Judge every threshold at every shingle size.

    Args:
        measured: The pairs at each shingle size, that of `current` among them, and among the pairs all labelled ones.
        labels: What people say.
        current: The setting in use; signatures, seed and recall are those of all.
        floor: Least threshold to try.
        unlisted: What a pair counts as that is not among the labels: different, or unsure.
    """
    judges = {pairs.shingle_size: _Judge.of(pairs, labels, unlisted) for pairs in measured}
    tried = sorted({*thresholds(floor), current.threshold})
    points = tuple(
        judge.point(replace(current, threshold=threshold, shingle_size=size))
        for size, judge in sorted(judges.items())
        for threshold in tried
    )
    now = next(
        p for p in points if (p.shingle_size, p.threshold) == (current.shingle_size, current.threshold)
    )
    certain = unlisted is Label.DIFFERENT and not np.any(labels.label == Label.UNSURE)
    recommended, plateau = recommend(points, now, by_clusters=certain)
    judge = judges[recommended.shingle_size]
    near, excerpt = judge.found(recommended.settings(current))
    wrong, missed = (
        near & (judge.label == Label.DIFFERENT),
        ~(near | excerpt) & (judge.label >= Label.EXCERPT),
    )
    return Evaluation(
        points,
        now,
        recommended,
        plateau,
        judge.confusion(near, excerpt),
        judge.listed(wrong),
        judge.listed(missed),
        int(np.count_nonzero(wrong)),
        int(np.count_nonzero(missed)),
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """The pairs at one shingle size with their labels.

    Attributes:
        pairs: `p` pairs.
        label: uint8[p], what each counts as.
        is_listed: bool[p], whether somebody labelled it.
        first: int64[n], the first article with the text of each.
        distinct: bool[p], whether both are first: matching clusters these, and gives copies what their first have.
        expected: int64[n], the cluster of each article as the labels have it.
        complete: Whether every pair has a known relation.
    """

    pairs: Pairs
    label: U8
    is_listed: Mask
    first: I64
    distinct: Mask
    expected: I64
    complete: bool

    @classmethod
    def of(cls, pairs: Pairs, labels: Labels, unlisted: Label) -> _Judge:
        n = pairs.articles
        keys, wanted = (some[:, 0] * n + some[:, 1] for some in (pairs.pairs, labels.pairs))
        at = np.searchsorted(keys, wanted)
        label = np.full(len(keys), unlisted, np.uint8)
        label[at] = labels.label
        listed = np.zeros(len(keys), np.bool_)
        listed[at] = True
        first = np.arange(n)
        copies = pairs.pairs[pairs.exact]
        np.minimum.at(first, copies[:, 1], copies[:, 0])
        distinct = ~pairs.exact & (first[pairs.pairs] == pairs.pairs).all(axis=1)
        expected = components(n, labels.having(Label.NEAR, Label.EXACT))
        return cls(pairs, label, listed, first, distinct, expected, unlisted is Label.DIFFERENT)

    def found(self, settings: Settings) -> tuple[Mask, Mask]:
        """bool[p] twice: the near and exact pairs that a run finds, and the excerpts."""
        near = self.pairs.found(settings)
        is_long = self.pairs.smaller >= least_shingles(settings.shingle_unit)
        is_part = (self.pairs.containment >= CONTAINMENT) & is_long
        return near, is_part & ~near

    def point(self, settings: Settings) -> Point:
        near, excerpt = self.found(settings)
        label = self.label
        return Point(
            settings.shingle_size,
            settings.threshold,
            near=_score(near, label >= Label.NEAR, label == Label.DIFFERENT),
            excerpt=_score(excerpt, (label == Label.EXCERPT) & ~near, label == Label.DIFFERENT),
            any=_score(near | excerpt, label >= Label.EXCERPT, label == Label.DIFFERENT),
            ari=self._agreement(near) if self.complete else None,
            shingle_unit=settings.shingle_unit,
        )

    def _agreement(self, near: Mask) -> float:
        """ARI of the clusters that a run makes of the pairs it finds."""
        some = near & self.distinct
        found = representatives(len(self.first), self.pairs.pairs[some], self.pairs.similarity[some])
        return adjusted_rand_index(found[self.first], self.expected)

    def confusion(self, near: Mask, excerpt: Mask) -> dict[str, dict[str, int]]:
        outcomes = {
            "exact": near & self.pairs.exact,
            "near": near & ~self.pairs.exact,
            "excerpt": excerpt,
            "nothing": ~(near | excerpt),
        }
        rows = {label.name.lower(): (self.label == label) & self.is_listed for label in reversed(Label)}
        rows["unlisted"] = ~self.is_listed & (near | excerpt)
        return {
            name: {outcome: int(np.count_nonzero(row & mask)) for outcome, mask in outcomes.items()}
            for name, row in rows.items()
            if row.any()
        }

    def listed(self, some: Mask) -> tuple[Listed, ...]:
        """The most similar of some pairs."""
        at = np.flatnonzero(some)
        at = at[np.argsort(-self.pairs.similarity[at], kind="stable")][:LISTED]
        return tuple(
            Listed(int(a), int(b), Label(label).name.lower(), similarity)
            for (a, b), label, similarity in zip(
                self.pairs.pairs[at].tolist(),
                self.label[at].tolist(),
                self.pairs.similarity[at].tolist(),
                strict=True,
            )
        )


def _score(found: Mask, expected: Mask, different: Mask) -> Score:
    right = int(np.count_nonzero(found & expected))
    return Score(right + int(np.count_nonzero(found & different)), right, int(np.count_nonzero(expected)))
