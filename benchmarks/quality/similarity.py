"""How alike versions of one story are, and whether a run finds them: clean texts in, exact figures out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from pathlib import Path

import numpy as np

import dedup
from benchmarks.quality.documents import Document
from dedup.config import Settings
from dedup.model import F64, U64, Texts
from dedup.native import Native

Pair = tuple[int, int]
"""Positions of two documents, the smaller first."""


def story_pairs(documents: Sequence[Document], least: int = 2) -> list[Pair]:
    """All pairs of documents of one story, of stories with at least `least` documents."""
    stories: dict[str, list[int]] = defaultdict(list)
    for at, document in enumerate(documents):
        stories[document.story].append(at)
    return [pair for some in stories.values() if len(some) >= least for pair in combinations(some, 2)]


def jaccard(texts: Texts, pairs: Iterable[Pair]) -> F64:
    """Exact similarity of the shingle sets of each pair, float64[p]; 0 where both texts are empty."""
    settings = Settings()
    engine = Native(settings)
    shingles = engine.shingle(engine.tokenize(texts), settings.shingle_size)
    bounds = zip(shingles.offsets[:-1], shingles.offsets[1:], strict=True)
    sets: list[U64] = [np.unique(shingles.hashes[start:end]) for start, end in bounds]
    return np.array([_jaccard(sets[a], sets[b]) for a, b in pairs], np.float64)


def found_pairs(texts: Sequence[str], rules: Sequence[Path] | None) -> tuple[set[Pair], set[Pair]]:
    """The near and exact pairs that a run lists, and all that these imply; `rules` None strips nothing.

    An exact copy is listed with its first copy only, but is a copy of whatever that one is a copy of.
    """
    result = dedup.find_duplicates(
        list(texts),
        strip=rules is not None,
        rules=[str(path) for path in rules or ()],
        excerpts="off",
        pairs=True,
    )
    rows = [(int(row["a"]), int(row["b"]), row["relation"]) for row in result.pairs.to_pylist()]
    listed = {(min(a, b), max(a, b)) for a, b, _ in rows}
    first = {b: a for a, b, relation in rows if relation == "exact"}
    copies = {at: [at] for at in range(len(texts)) if at not in first}
    for b, a in first.items():
        copies[a].append(b)
    implied = {pair for some in copies.values() for pair in combinations(sorted(some), 2)}
    for a, b, _ in rows:
        twins = product(copies[first.get(a, a)], copies[first.get(b, b)])
        implied |= {(min(one, other), max(one, other)) for one, other in twins if one != other}
    return listed, implied


def _jaccard(a: U64, b: U64) -> float:
    common = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - common
    return common / union if union else 0.0
