"""Families of a run, for studying lineages: what a run found goes in, one row a family comes out.

A family is what near relations connect (`dedup.clusters.families`): its members may have drifted far apart. A row has

- `family_id`, `size` (members) and `clusters` (articles that would stay of it);
- `diameter`: the largest Jaccard distance, 1 - J, between two members, and in `farthest` the two;
- `weakest_link`: the least similar near pair without which the family would fall apart, that is the least edge of a
  maximum spanning tree of its near pairs (Kruskal 1956); null where all members have the same words;
- `versions`: the members, by date where the keep policy names a field with one, else in its order; `updated_version_of`
  is the largest smaller member of which a member has nearly everything, if that one is not later.

All pairs of a family are compared exactly, among its distinct texts. In one of more than `COMPARED` texts only those
with a representative are: its `diameter` and `farthest` are null then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dedup.dates import MISSING
from dedup.model import F64, I64, Matches, Segment, Texts
from dedup.native import unique, verify
from dedup.reading import texts_at
from dedup.stages import Stages

COMPARED = 64
"""Distinct texts of a family up to which all pairs are compared: 2,016 pairs of about a microsecond each."""

GROWN = 0.9
"""Least share of an article's shingles that an updated version of it still has."""

BATCH = 4096
"""Documents whose texts are read at a time: about 20 MB."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Who looks at families.

    Attributes:
        matches: What matching found, with links.
        family: int64[n], position of the document that names each one's family.
        segments: Where the documents are.
        ids: Their ids.
        order: int64[n], the priority order.
        dates: int64[n], microseconds since 1970, `dates.MISSING` where there is none; None where no field is known.
        stages: The engine of the run.
        text_fields: Fields that make up the text of a record.
    """

    matches: Matches
    family: I64
    segments: Sequence[Segment]
    ids: Texts
    order: I64
    dates: I64 | None
    stages: Stages
    text_fields: Sequence[str]

    def lines(self) -> Iterator[bytes]:
        """Lines of families.jsonl, some families at a time."""
        for rows in self.batches():
            yield "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()

    def batches(self) -> Iterator[Iterator[dict[str, object]]]:
        """The rows, some families at a time, in the priority order of their first members."""
        family = self.family
        size = np.bincount(family, minlength=len(family))
        ordered = self.order[size[family[self.order]] > 1]
        rank = np.empty(len(family), np.int64)
        rank[self.order] = np.arange(len(family))
        ordered = ordered[np.argsort(rank[family[ordered]], kind="stable")]
        names = family[ordered]
        bounds = np.flatnonzero(np.append(True, names[1:] != names[:-1])[: len(names)])
        groups = np.split(ordered, bounds[1:]) if len(ordered) else []
        start = 0
        while start < len(groups):
            stop, count = start + 1, len(groups[start])
            while stop < len(groups) and count + len(groups[stop]) <= BATCH:
                count += len(groups[stop])
                stop += 1
            yield self._describe(groups[start:stop])
            start = stop

    def _describe(self, groups: Sequence[I64]) -> Iterator[dict[str, object]]:
        firsts = [np.unique(self.matches.first[group]) for group in groups]
        pairs = [self._pairs(texts) for texts in firsts]
        texts = np.concatenate(firsts)
        similarity, sizes = self._compare(texts, np.concatenate(pairs))
        done = 0
        for group, own, some in zip(groups, firsts, pairs, strict=True):
            yield self._row(group, own, some, similarity[done : done + len(some)], sizes)
            done += len(some)

    def _pairs(self, texts: I64) -> I64:
        """int64[p, 2], the pairs of a family that are compared."""
        if len(texts) <= COMPARED:
            return np.array([*combinations(texts.tolist(), 2)], np.int64).reshape(-1, 2)
        matches = self.matches
        near = np.stack([texts, matches.first[matches.representative[texts]]], axis=1)
        links = matches.links[np.isin(matches.links[:, 0], texts)]
        links = np.concatenate([near[near[:, 0] != near[:, 1]], links])
        return np.unique(np.sort(links, axis=1), axis=0)

    def _compare(self, texts: I64, pairs: I64) -> tuple[F64, dict[int, int]]:
        """The exact similarity of each pair, and the number of shingles of each text."""
        settings = self.stages.settings
        raw = texts_at(self.segments, texts, self.stages, self.text_fields)
        clean = self.stages.strip(raw).texts if settings.strip else raw
        shingles = self.stages.shingle(clean, settings.shingle_size)
        hashes, offsets = unique(shingles.hashes, shingles.offsets)
        order = np.argsort(texts)
        rows = order[np.searchsorted(texts, pairs, sorter=order)].astype(np.int64).reshape(-1, 2)
        sizes = dict(zip(texts.tolist(), np.diff(offsets).tolist(), strict=True))
        return verify(hashes, offsets, np.ascontiguousarray(rows), 0.0), sizes

    def _row(
        self, group: I64, texts: I64, pairs: I64, similarity: F64, sizes: dict[int, int]
    ) -> dict[str, object]:
        compared = list(zip(pairs.tolist(), similarity.tolist(), strict=True))
        is_complete = len(texts) <= COMPARED
        farthest = min(compared, key=lambda pair: pair[1], default=None)
        weakest = self._weakest(compared)
        return {
            "family_id": self._name(int(self.family[group[0]])),
            "size": len(group),
            "clusters": len(np.unique(self.matches.representative[group])),
            "diameter": None if not is_complete else round(1 - farthest[1], 6) if farthest else 0.0,
            "farthest": [self._name(doc) for doc in farthest[0]] if farthest and is_complete else None,
            "weakest_link": weakest
            and {
                "a": self._name(weakest[0][0]),
                "b": self._name(weakest[0][1]),
                "similarity": round(weakest[1], 6),
            },
            "versions": self._versions(group, compared, sizes),
        }

    def _weakest(self, compared: Sequence[tuple[list[int], float]]) -> tuple[list[int], float] | None:
        """The last edge that Kruskal's algorithm takes."""
        root: dict[int, int] = {}

        def find(doc: int) -> int:
            while root.get(doc, doc) != doc:
                root[doc] = doc = root.get(root[doc], root[doc])
            return doc

        weakest = None
        near = [pair for pair in compared if pair[1] >= self.stages.settings.threshold]
        for (a, b), similarity in sorted(near, key=lambda pair: -pair[1]):
            one, other = find(a), find(b)
            if one != other:
                root[one] = other
                weakest = [a, b], similarity
        return weakest

    def _versions(
        self, group: I64, compared: Sequence[tuple[list[int], float]], sizes: dict[int, int]
    ) -> list[dict[str, object]]:
        first = self.matches.first
        grown: dict[int, list[int]] = {}
        for pair, similarity in compared:
            small, large = sorted(pair, key=lambda doc: sizes[doc])
            # J = x / (a + b - x) gives the size of the intersection back.
            shared = round(similarity * (sizes[small] + sizes[large]) / (1 + similarity))
            if sizes[small] < sizes[large] and shared / sizes[small] >= GROWN:
                grown.setdefault(large, []).append(small)
        if self.dates is not None:
            group = group[np.argsort(self.dates[group], kind="stable")]
        versions: list[dict[str, object]] = []
        for doc in group.tolist():
            known = self._date(doc)
            before = [
                small
                for small in grown.get(int(first[doc]), [])
                if self.dates is None or self.dates[small] <= self.dates[doc] < MISSING
            ]
            origin = max(before, key=lambda small: sizes[small], default=None)
            versions.append(
                {
                    "id": self._name(doc),
                    **({} if self.dates is None else {"date": known}),
                    "updated_version_of": None if origin is None else self._name(origin),
                }
            )
        return versions

    def _date(self, doc: int) -> str | None:
        if self.dates is None or self.dates[doc] == MISSING:
            return None
        return f"{np.datetime64(int(self.dates[doc]), 'us').astype('datetime64[s]')}Z"

    def _name(self, doc: int) -> str:
        return self.ids.bytes_at(doc).decode("utf-8", "replace")
