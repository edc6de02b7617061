"""Similar pairs at one shingle size: articles go in; out come pairs with their exact similarities, for any threshold.

Articles are matched once, at a low threshold (the floor), and excerpts are looked for below it. Which near pairs a
run with some settings finds follows from arrays alone: exact copies, and those whose similarity reaches its threshold,
whose signatures share one of its bands and pass its gate. So a sweep over thresholds compares no article again, and
says bit for bit what runs would.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from dedup.bands import choose
from dedup.config import Settings
from dedup.containment import least_shingles
from dedup.excerpts import ExcerptSettings
from dedup.identities import gather
from dedup.model import F64, I64, U32, Form, Mask, Matches, Segment, Texts
from dedup.native import Native, unique, verify

SCREENING_VALUES = 256
"""Values of the signatures that find pairs above the floor: with 128 a floor below 0.27 needs bands of one row, which
make candidates of a third of all pairs of unrelated articles when shingles are short."""

COMPARED = 1 << 16
"""Pairs whose signatures are compared at a time: 8 MB a side."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """`p` pairs among `n` articles, at one shingle size.

    Attributes:
        shingle_size: Tokens per shingle, or characters.
        articles: n.
        pairs: int64[p, 2], positions, the earlier article first.
        exact: bool[p], whether they have the same tokens.
        similarity: float64[p], exact Jaccard.
        containment: float64[p], share of the shingles of the smaller that the larger has.
        smaller: int64[p], distinct shingles of the smaller.
        equal_low: int64[p], equal low bytes of the signatures.
    """

    shingle_size: int
    articles: int
    pairs: I64
    exact: Mask
    similarity: F64
    containment: F64
    smaller: I64
    equal_low: I64
    _stages: Native
    _signatures: U32
    _rows: I64

    def found(self, settings: Settings) -> Mask:
        """bool[p], the pairs that a run with these settings finds. Its signatures have to be those measured with."""
        bands = choose(settings)
        passes = (self.similarity >= settings.threshold) & (self.equal_low >= bands.gate)
        found = self.exact.copy()
        among = np.flatnonzero(passes & ~self.exact)
        found[among] = self.share_band(bands.bands, bands.rows, among)
        return found

    def share_band(self, bands: int, rows: int, among: I64) -> Mask:
        """bool[m], which of the pairs at some indices, int64[m], have a band in common."""
        shared = np.zeros(len(among), np.bool_)
        left, right = self._rows[among].T
        todo = np.arange(len(among))
        for keys in self._stages.band(self._signatures, bands, rows):
            is_hit = keys[left[todo]] == keys[right[todo]]
            shared[todo[is_hit]] = True
            todo = todo[~is_hit]
        return shared


@dataclass(frozen=True, slots=True)
class Cost:
    """What settings cost on some articles, on this machine.

    Attributes:
        articles: Articles that were matched.
        candidates: Pairs that share a band, of an article and an earlier one that stays.
        verified: Those of them that were compared exactly.
        seconds: Time to sign and match, without reading, stripping and looking for excerpts.
    """

    articles: int
    candidates: int
    verified: int
    seconds: float


def measure(
    texts: Texts,
    shingle_size: int,
    floor: float,
    run: Settings,
    also: I64 | None = None,
    threads: int | None = None,
) -> Pairs:
    """Find the pairs of some clean texts.

    Args:
        texts: `n` clean texts.
        shingle_size: Tokens per shingle, or characters.
        floor: Least similarity of the pairs, but for excerpts; of those at the floor 1% are missed, of others fewer.
        run: Signature length, seed and unit of shingles of the runs to tune.
        also: int64[l, 2], pairs to measure whatever their similarity, the earlier article first.
        threads: Threads of the kernel; None = one per core.
    """
    screening = Settings(
        floor,
        shingle_size=shingle_size,
        num_perm=SCREENING_VALUES,
        strip=False,
        shingle_unit=run.shingle_unit,
    )
    engine = Native(screening, threads=threads or 0)
    matches = _match(engine, texts, ExcerptSettings(shingles=least_shingles(run.shingle_unit)))
    n = len(texts)
    every = matches.pairs if also is None else np.concatenate([matches.pairs, also])
    every = np.sort(every, axis=1)  # of an excerpt and its article the excerpt comes first
    keys = np.sort(every[:, 0] * n + every[:, 1])  # np.unique takes ten times as long for millions
    keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
    pairs = np.stack([keys // n, keys % n], axis=1)
    involved, rows = np.unique(pairs, return_inverse=True)
    rows = rows.reshape(-1, 2)
    some = gather(texts, involved)
    digest = engine.sketch(some).digest
    shingles = engine.shingle(some, shingle_size)
    hashes, offsets = unique(shingles.hashes, shingles.offsets)
    similarity = verify(hashes, offsets, rows, 0.0)
    sizes = np.diff(offsets)[rows]
    # |A ∩ B| = J (|A| + |B|) / (1 + J), a whole number
    shared = np.rint(similarity * sizes.sum(axis=1) / (1.0 + similarity))
    smaller = sizes.min(axis=1)
    signatures = engine.sign(shingles, run.num_perm, run.seed)
    return Pairs(
        shingle_size,
        n,
        pairs,
        (digest[rows[:, 0]] == digest[rows[:, 1]]).all(axis=1) & (smaller > 0),
        similarity,
        shared / np.maximum(smaller, 1),
        smaller,
        _equal_low(signatures, rows),
        engine,
        signatures,
        rows,
    )


def cost(texts: Texts, settings: Settings, threads: int | None = None) -> Cost:
    """Match some clean texts as a run does, and take the time."""
    engine = Native(settings, threads=threads or 0)
    start = time.perf_counter()
    matches = _match(engine, texts)
    seconds = time.perf_counter() - start
    return Cost(len(texts), matches.counts["candidates"], matches.counts["verified"], seconds)


def _match(engine: Native, texts: Texts, listed: ExcerptSettings | None = None) -> Matches:
    """Match clean texts in their order; with settings of excerpts all pairs are listed, and excerpts among them."""
    finder = listed.finder(engine, engine.settings.threshold, list_pairs=True) if listed else None
    matcher = engine.matcher(pairs=listed is not None)
    sketches = engine.sketch(texts, listed.window if listed else None)
    segments = [Segment(texts.data, Form.TEXT, texts.offsets[:-1], texts.offsets[1:])]
    order = np.arange(len(texts))
    matcher.add(sketches)
    matcher.start(order, segments)
    while matcher.advance(len(texts)) < len(texts):
        pass
    matches = matcher.result()
    if finder is None:
        return matches
    finder.add(sketches)
    finder.start(matches, order, segments)
    while finder.advance(len(texts)) < len(texts):
        pass
    return finder.result()[0]


def _equal_low(signatures: U32, rows: I64) -> I64:
    """int64[p], in how many places the low bytes of two signatures agree."""
    low = signatures.astype(np.uint8)
    counts = [
        np.count_nonzero(low[some[:, 0]] == low[some[:, 1]], axis=1)
        for some in (rows[i : i + COMPARED] for i in range(0, len(rows), COMPARED))
    ]
    return np.concatenate(counts) if counts else np.zeros(0, np.int64)
