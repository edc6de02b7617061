"""Which pairs are really near: articles go in, all pairs with their exact similarity come out; and what tools found.

No LSH is involved: every shingle that two or more articles have in common gives a pair, and the pairs are counted.
That is feasible because made-up articles share shingles only if one is a copy of the other.

Bias. Shingles are dedup's, word 5-grams without punctuation and case; tools that keep punctuation on words see
slightly other sets, so a pair within 0.01 of the threshold may be theirs and not ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup import _kernel
from dedup.config import Settings
from dedup.native import Native

PARTS = 16
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Quality:
    """How right a tool is.

    Attributes:
        precision: Share of what it reports that is true; 1 if it reports nothing.
        recall: Share of what is true that it reports; 1 if nothing is.
        reported: How many pairs (or articles, see `of`) it reports.
        of: `pairs`, or `articles` for a tool that only says which articles have a copy.
    """

    precision: float
    recall: float
    reported: int
    of: str


class Truth:
    """All pairs of articles in a file with their exact similarity.

    Args:
        path: JSON lines.
        threshold: Least similarity of a true pair.

    Attributes:
        count: Articles.
        similarities: Exact Jaccard similarity of each of `pairs()`, float64[n].
    """

    def __init__(self, path: Path, threshold: float = 0.5) -> None:
        engine = Native(Settings(strip=False), threads=1)
        hashes, owners = [], []
        sizes: list[int] = []
        with path.open("rb") as file:
            while lines := file.readlines(1 << 22):
                data = b"".join(lines)
                texts = engine.scan(data, 0, len(data), ("text",), ("id",)).texts
                shingles = engine.shingle(texts, 5)
                sets, bounds = _kernel.unique(shingles.hashes, shingles.offsets)
                counts = np.diff(bounds)
                owners.append(
                    np.repeat(np.arange(len(sizes), len(sizes) + len(counts), dtype=np.int32), counts)
                )
                hashes.append(sets)
                sizes.extend(counts.tolist())
        self.count = len(sizes)
        codes, shared = _common(np.concatenate(hashes), np.concatenate(owners), self.count)
        size = np.array(sizes)
        a, b = codes // self.count, codes % self.count
        similarities = shared / (size[a] + size[b] - shared)
        similar = similarities >= threshold
        self._codes = codes[similar]
        self.similarities: NDArray[np.float64] = similarities[similar]

    def __len__(self) -> int:
        return len(self._codes)

    def pairs(self) -> I64:
        """The true pairs, int64[n, 2], ascending, the smaller number first."""
        return np.stack([self._codes // self.count, self._codes % self.count], axis=1)

    def judge(self, results: Path) -> Quality:
        """How right the results of a tool on these articles are.

        Raises:
            FileNotFoundError: It left none of the files that `found` knows.
        """
        flags = results / "flags.txt"
        if flags.exists():
            true, found = np.unique(self.pairs()), _numbers(flags).ravel()
        else:
            true, found = self._codes, coded(found_pairs(results), self.count)
        right = len(np.intersect1d(true, found))
        return Quality(
            right / len(found) if len(found) else 1.0,
            right / len(true) if len(true) else 1.0,
            len(found),
            "articles" if flags.exists() else "pairs",
        )


def found_pairs(results: Path) -> I64:
    """The pairs that a tool reports, int64[n, 2].

    Reads `pairs.txt` (two numbers of articles a line), `clusters.txt` (article and cluster: all pairs of a cluster), or
    dedup's `pairs.jsonl`, where exact copies stand with their first copy only and have its near pairs too.
    """
    if (results / "pairs.txt").exists():
        return _numbers(results / "pairs.txt")
    if (results / "clusters.txt").exists():
        members: dict[int, list[int]] = {}
        for article, cluster in _numbers(results / "clusters.txt").tolist():
            members.setdefault(cluster, []).append(article)
        return _within(list(members.values()))
    twins: dict[int, list[int]] = {}
    near = []
    with (results / "pairs.jsonl").open("rb") as file:
        for line in file:
            row = json.loads(line)
            a, b = int(row["a"][1:]), int(row["b"][1:])
            if row["relation"] == "exact":
                twins.setdefault(a, [a]).append(b)
            elif row["relation"] == "near":  # nobody else looks for excerpts
                near.append((a, b))
    every = [(x, y) for a, b in near for x in twins.get(a, [a]) for y in twins.get(b, [b])]
    return np.concatenate([np.array(every, np.int64).reshape(-1, 2), _within(list(twins.values()))])


def coded(pairs: I64, count: int) -> I64:
    """Each pair as one number, smaller article first, without repetitions, sorted."""
    return np.unique(pairs.min(axis=1) * count + pairs.max(axis=1)) if len(pairs) else np.empty(0, np.int64)


def _within(groups: list[list[int]]) -> I64:
    pairs = [(a, b) for group in groups for i, a in enumerate(group) for b in group[i + 1 :]]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _numbers(path: Path) -> I64:
    lines = path.read_text().split()
    return np.array(lines, np.int64).reshape(-1, 1 if path.name == "flags.txt" else 2)


def _common(hashes: NDArray[np.uint64], owners: NDArray[np.int32], count: int) -> tuple[I64, I64]:
    """Pairs that share hashes as codes, int64[p] sorted, and how many they share, int64[p]."""
    found = []
    part = hashes >> np.uint64(60)
    for number in range(PARTS):
        chosen = part == number
        order = np.argsort(hashes[chosen], kind="stable")
        some, whose = hashes[chosen][order], owners[chosen][order].astype(np.int64)
        distance = 1
        # Equal hashes stand together, owners ascending: compare each with the one after, the one after that, …
        same = np.flatnonzero(some[:-1] == some[1:])
        while len(same):
            found.append(whose[same] * count + whose[same + distance])
            distance += 1
            same = same[same + distance < len(some)]
            same = same[some[same] == some[same + distance]]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.unique(np.concatenate(found), return_counts=True)
