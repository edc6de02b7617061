"""How often articles of a given similarity share a band, measured: pairs of articles in, points of the S-curve out.

The pairs that a run found cannot say what it missed: it found them because they share a band. So the bands are drawn
anew, with other seeds, and each pair, whose exact similarity is known, is tried with all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.bands import Bands
from dedup.model import U64, Shingles
from dedup.stages import Stages

SEEDS = 16
"""Draws of the bands."""

WIDTH = 0.05
"""Of the intervals of similarity that pairs are counted in; the multiples are in their middle."""

PARTS = 20
"""A document is compared with its first twentieth, its first two, and so on."""

LENGTH = 2_000
"""Shingles of a document that are looked at for that."""

LEAST = 64
"""Trials that make a point: fewer leave its recall open by more than 12% either way."""

Z = 1.96
"""Standard errors on either side that hold 95%."""


@dataclass(frozen=True, slots=True)
class Point:
    """Pairs of about one similarity.

    Attributes:
        similarity: Their mean exact Jaccard similarity.
        pairs: How many they are.
        recall: Share of the trials in which a pair shares a band; each pair is tried with `SEEDS` draws.
        low, high: Its 95% interval (Wilson 1927).
    """

    similarity: float
    pairs: int
    recall: float
    low: float
    high: float


def measure(
    documents: Sequence[U64], pairs: Sequence[tuple[int, int]], stages: Stages, bands: Bands
) -> list[Point]:
    """The recall of the bands at the similarities that some pairs have.

    Args:
        documents: Shingle hashes of the clean texts of `n` documents.
        pairs: Which of them to compare, from 0.
        stages: The engine of the run.
        bands: Its bands.

    Returns:
        Ascending by similarity; none for intervals that hold few pairs.
    """
    pairs = [(a, b) for a, b in pairs if len(documents[a]) and len(documents[b])]
    if not pairs:
        return []
    sets = [np.unique(hashes) for hashes in documents]
    similarity = np.array([_jaccard(sets[a], sets[b]) for a, b in pairs])
    shingles = Shingles(np.concatenate(sets), np.append(0, np.cumsum([len(one) for one in sets])))
    settings = stages.settings
    first, second = np.array(pairs).T
    hits = np.zeros(len(pairs), np.int64)
    for draw in range(1, SEEDS + 1):
        seed = (settings.seed + draw) % (1 << 32)
        keys = stages.band(stages.sign(shingles, settings.num_perm, seed), bands.bands, bands.rows)
        hits += (keys[:, first] == keys[:, second]).any(axis=0)
    interval = np.round(similarity / WIDTH).astype(np.int64)
    found = []
    for number in np.unique(interval).tolist():
        some = interval == number
        count = int(np.count_nonzero(some))
        if count * SEEDS >= LEAST:
            recall = float(hits[some].sum()) / (count * SEEDS)
            found.append(
                Point(float(similarity[some].mean()), count, recall, *_wilson(recall, count * SEEDS))
            )
    return found


def beginnings(documents: Sequence[U64]) -> tuple[list[U64], list[tuple[int, int]]]:
    """Documents beside beginnings of their own, which give pairs of every similarity; to be measured like others."""
    found: list[U64] = []
    pairs = []
    for document in documents:
        hashes = document[:LENGTH]
        pairs += [(len(found), len(found) + i) for i in range(1, PARTS)]
        found += [hashes, *(hashes[: len(hashes) * i // PARTS] for i in range(1, PARTS))]
    return found, pairs


def _jaccard(a: U64, b: U64) -> float:
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / (len(a) + len(b) - shared)


def _wilson(share: float, trials: int) -> tuple[float, float]:
    """The 95% interval of a share: Wilson 1927, as in Brown, Cai, DasGupta 2001, equation 4."""
    scale = 1 + Z * Z / trials
    centre = (share + Z * Z / (2 * trials)) / scale
    half = Z * math.sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)
