"""Whether a run finds the labelled pairs: sets of articles in; precision, recall and F1 by relation, and ARI, out.

A run lists an exact copy with its first copy only. What it lists is completed before it is judged: exact copies of
each other make pairs, and a copy has all other pairs of its first copy.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import numpy as np

import dedup
from benchmarks.quality.measure import Measured
from dedup.tuning.scores import Score, adjusted_rand_index

Pair = tuple[str, str]
"""Two ids, the smaller first."""

COPIES = frozenset({"exact", "near"})
ANY = COPIES | {"excerpt"}


@dataclass(frozen=True)
class Question:
    """What is asked of the pairs of a set; a pair of no label is a wrong one.

    Attributes:
        name: The metrics' middle name.
        relations: The pairs that were found in one of these are judged...
        right: ...by labels that are right,
        unsure: and labels that are neither right nor wrong.
    """

    name: str
    relations: Set[str]
    right: Set[str]
    unsure: Set[str] = frozenset()


OPEN = frozenset({"revision", "short"})
SAME = frozenset({"same"})
QUESTIONS: Mapping[str, Sequence[Question]] = {
    "corpus": [Question(name, {name}, {name}) for name in ("exact", "near", "excerpt")],
    "mccormick-100": [Question("copies", COPIES, SAME)],
    "mccormick-1000": [Question("copies", COPIES, SAME)],
    "pagebody": [Question("any", ANY, SAME)],
    "spotify": [
        Question("copies", COPIES, {"copy"}, OPEN | {"contained"}),
        Question("contained", ANY, {"contained"}, OPEN | {"copy"}),
    ],
    "seeds": [Question("any", ANY, SAME)],
    "tgcontest": [Question("any", ANY, frozenset(), {"OK"})],
}
"""What is asked of each set."""
COPY_LABELS = frozenset({"exact", "near", "copy", "same"})
"""What clusters are expected to join."""


@dataclass(frozen=True)
class Labelled:
    """Articles and what is known of their pairs.

    Attributes:
        texts: By id.
        labels: By pair; other pairs are no copies.
    """

    texts: Mapping[str, str]
    labels: Mapping[Pair, str]


@dataclass(frozen=True)
class Found:
    """What a tool found: the relation of each pair, and the cluster of each article."""

    pairs: Mapping[Pair, str]
    clusters: Mapping[str, str]


def read_set(folder: Path) -> Labelled:
    """A folder with `docs.jsonl` or text files, and `labels.tsv`, `pairs.tsv` or `clusters.tsv`."""
    if (folder / "docs.jsonl").exists():
        with (folder / "docs.jsonl").open(encoding="utf-8") as file:
            texts = {row["id"]: row["text"] for row in map(json.loads, file)}
    else:
        paths = sorted([*folder.glob("*.txt"), *folder.glob("articles/*.txt")])
        # Ids are the part before the first underscore; bytes are taken as a run takes them.
        texts = {path.stem.split("_")[0]: path.read_bytes().decode("utf-8", "replace") for path in paths}
    rows = {path.name: _rows(path) for path in folder.glob("*.tsv")}
    table = rows.get("labels.tsv") or rows.get("pairs.tsv")
    if table is not None:
        return Labelled(texts, {_pair(a, b): more[0] if more else "same" for a, b, *more in table})
    clusters = defaultdict(list)
    for name, cluster in rows["clusters.tsv"]:
        clusters[cluster].append(name)
    return Labelled(
        texts, {_pair(a, b): "same" for some in clusters.values() for a, b in combinations(some, 2)}
    )


def find(texts: Mapping[str, str], strip: bool = True) -> Found:
    """What a run with the default settings finds, complete."""
    result = dedup.find_duplicates(list(texts.values()), ids=list(texts), pairs=True, strip=strip)
    rows = [(row["a"], row["b"], row["relation"]) for row in result.pairs.to_pylist()]
    first = {b: a for a, b, relation in rows if relation == "exact"}
    twins = {name: [name] for name in texts if name not in first}
    for copy, original in first.items():
        twins[original].append(copy)
    pairs = {_pair(a, b): "exact" for some in twins.values() for a, b in combinations(some, 2)}
    for one, other, relation in rows:
        for a, b in product(twins[first.get(one, one)], twins[first.get(other, other)]):
            if a != b:
                pairs.setdefault(_pair(a, b), relation)
    clusters = {row["id"]: row["cluster_id"] for row in result.clusters.to_pylist()}
    return Found(pairs, clusters)


def measure_detection(
    name: str, labelled: Labelled, finder: Callable[[Mapping[str, str]], Found] = find
) -> Measured:
    """Score every question of a set, and its clusters where copies are labelled."""
    found = finder(labelled.texts)
    measured = Measured()
    for question in QUESTIONS[name]:
        score = judge(found.pairs, labelled.labels, question)
        measured.add(
            f"{name}.{question.name}",
            {"precision": score.precision, "recall": score.recall, "f1": score.f1},
        )
    if copies := [key for key, label in labelled.labels.items() if label in COPY_LABELS]:
        expected = components(labelled.texts, copies)
        pair = [_numbered([side[of] for of in labelled.texts]) for side in (expected, found.clusters)]
        measured.add(f"{name}.clusters", {"ari": adjusted_rand_index(*pair)})
    return measured


def judge(found: Mapping[Pair, str], labels: Mapping[Pair, str], question: Question) -> Score:
    """How many pairs of the question's relations were found, are right, and are expected."""
    judged = {
        key
        for key, relation in found.items()
        if relation in question.relations and labels.get(key) not in question.unsure
    }
    expected = {key for key, label in labels.items() if label in question.right}
    return Score(len(judged), len(judged & expected), len(expected))


def components(names: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """The connected component of each article, under the name of one of its articles."""
    component = {name: name for name in names}
    for a, b in pairs:
        new, old = component[a], component[b]
        component = {name: new if of == old else of for name, of in component.items()}
    return component


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return rows[1:] if rows[0][:2] == ["a", "b"] else rows


def _numbered(names: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _pair(a: str, b: str) -> Pair:
    return (a, b) if a < b else (b, a)
