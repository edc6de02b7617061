"""Looking articles up: what stored articles each is a copy of, compared exactly; and what was stored, by id."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dedup.index.decisions import Batch
from dedup.index.excerpts import among_stored
from dedup.index.matching import Core
from dedup.index.results import Match
from dedup.index.store import Reader
from dedup.model import F64, I64, Relation, Texts
from dedup.native import verify


def query(core: Core, reader: Reader, texts: Texts) -> list[list[Match]]:
    """The matches of each text: its earliest exact copy, then all representatives that are near, most similar first.

    After these, where excerpts are looked for, come those that it is an excerpt of or has as an excerpt.
    """
    sketches = core.sketch(texts)
    worded = np.flatnonzero(sketches.tokens)
    twins = core.lists.twins(reader, sketches, worded)
    queries, numbers = core.lists.candidates(reader, sketches, worded)
    twin_of = np.zeros(len(texts), np.int64)
    twin_of[list(twins)] = [twin.number for twin in twins.values()]
    other_than_twin = twin_of[worded[queries]] != numbers  # which needs no comparing
    queries, numbers = queries[other_than_twin], numbers[other_than_twin]
    asked, row = np.unique(worded[queries], return_inverse=True)
    stored, column = np.unique(numbers, return_inverse=True)
    originals = core.codec.originals(reader, stored.tolist())
    parts = [texts.bytes_at(i) for i in asked.tolist()] + [originals[number] for number in stored.tolist()]
    hashes, offsets = core.sets(parts)
    pairs = np.stack([row, column + len(asked)], axis=1).astype(np.int64)
    similarity = verify(hashes, offsets, pairs, core.settings.threshold)
    near = np.flatnonzero(similarity > 0)
    sizes = np.diff(offsets)
    own, other = sizes[pairs[near, 0]], sizes[pairs[near, 1]]
    common = shared(similarity[near], own, other)
    documents = reader.documents(np.unique(numbers[near]).tolist())
    found: list[list[tuple[float, int, Match]]] = [[] for _ in range(len(texts))]
    for i, twin in twins.items():
        found[i].append((-2.0, twin.number, Match.of(twin, Relation.EXACT, 1.0, 1.0, 1.0, 1.0)))
    for at, intersection, a, b in zip(
        near.tolist(), common.tolist(), own.tolist(), other.tolist(), strict=True
    ):
        i, number, jaccard = int(asked[row[at]]), int(numbers[at]), float(similarity[at])
        contained, contains = intersection / a, intersection / b
        match = Match.of(
            documents[number], Relation.NEAR, jaccard, max(contained, contains), contained, contains
        )
        found[i].append((-jaccard, number, match))
    if core.excerpts.mode != "off":
        excerpts = among_stored(core, Batch(reader, texts, sketches, beside=False), worded)
        named = reader.documents(np.unique(excerpts.number).tolist())
        for i, some in excerpts.matches(named).items():
            found[i] += [(1.0, place, match) for place, match in enumerate(some)]
    return [[match for _, _, match in sorted(own, key=lambda one: one[:2])] for own in found]


def stored(core: Core, reader: Reader, ids: Sequence[str]) -> dict[str, str]:
    """The raw texts of articles by id, of those that are there."""
    found = core.lists.by_id(reader, Texts.from_strings(ids))
    texts = core.codec.read(reader, list(found.values()))
    return {ids[i]: text.decode("utf-8", "replace") for i, text in zip(found, texts, strict=True)}


def shared(similarity: F64, a: I64, b: I64) -> I64:
    """|A ∩ B| from the Jaccard of sets of `a` and `b` elements: s = x / (a + b - x), so x = s (a + b) / (1 + s)."""
    return np.rint(similarity * (a + b) / (1.0 + similarity)).astype(np.int64)
