"""Labelled pairs of articles: read from a table, and scored against what a run found."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import comb
from pathlib import Path

from tests.articles import read_jsonl

Pair = tuple[str, str]
"""Two ids, the smaller first."""


def pair(a: str, b: str) -> Pair:
    """The pair of two ids, whichever comes first."""
    return (a, b) if a < b else (b, a)


def read_labels(path: Path, unnamed: str = "same") -> dict[Pair, str]:
    """The pairs of a TSV file: two ids, then the label; `unnamed` where there is no third column."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {pair(a, b): more[0] if more else unnamed for a, b, *more in rows if (a, b) != ("a", "b")}


def labelled(labels: Mapping[Pair, str], *names: str) -> set[Pair]:
    """The pairs with one of some labels."""
    return {key for key, label in labels.items() if label in names}


def found_pairs(out: Path) -> dict[Pair, str]:
    """The relation of each pair in pairs.jsonl of a run."""
    return {pair(row["a"], row["b"]): row["relation"] for row in read_jsonl(out / "pairs.jsonl")}


def found_clusters(out: Path) -> dict[str, str]:
    """The representative of each article of a run."""
    return {row["id"]: row["cluster_id"] for row in read_jsonl(out / "clusters.jsonl")}


@dataclass(frozen=True)
class Score:
    """How well some pairs agree with the expected ones, each measure from 0 to 1."""

    precision: float
    recall: float

    @classmethod
    def of(cls, found: AbstractSet[Pair], expected: AbstractSet[Pair]) -> Score:
        """Compare two sets of pairs; a measure over nothing is 1."""
        right = len(found & expected)
        return cls(right / len(found) if found else 1.0, right / len(expected) if expected else 1.0)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def components(ids: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """The connected component of each id, under the name of one of its ids."""
    component = {name: name for name in ids}
    for a, b in pairs:
        new, old = component[a], component[b]
        component = {name: new if of == old else of for name, of in component.items()}
    return component


def adjusted_rand_index(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """Agreement of two clusterings of the same articles, 1 for equal ones (Hubert and Arabie 1985, equation 5)."""
    together = sum(comb(n, 2) for n in Counter(zip(one, other, strict=True)).values())
    pairs_one = sum(comb(n, 2) for n in Counter(one).values())
    pairs_other = sum(comb(n, 2) for n in Counter(other).values())
    by_chance = pairs_one * pairs_other / comb(len(one), 2)
    most = (pairs_one + pairs_other) / 2
    return 1.0 if most == by_chance else (together - by_chance) / (most - by_chance)
