"""Why two articles are copies, or are not: two texts in, one `Comparison` out.

Everything is computed as a run computes it, by the same kernel with the same settings, so what it says of a pair is
what the run did.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from dedup import boilerplate
from dedup.bands import Bands, choose, probability
from dedup.config import Settings
from dedup.containment import least_shingles
from dedup.excerpts import ExcerptSettings
from dedup.model import Removal, Texts
from dedup.native import Native
from dedup.passages import Passage, passages
from dedup.stages import Stages


@dataclass(frozen=True, slots=True)
class Side:
    """One of two articles.

    Attributes:
        raw: The article as it came.
        clean: What is left without boilerplate: this is compared.
        removed: What stripping took, and by which rule.
        guarded: Whether a guard rail held rules back.
        shingles: Distinct shingles of the clean text.
    """

    raw: str
    clean: str
    removed: tuple[Removal, ...]
    guarded: bool
    shingles: int


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition on the way to a relation.

    Attributes:
        relation: The relation that asks for it: `near` asks for all of its gates, and so does `excerpt`.
        name: What is looked at.
        value: What the pair has.
        least: What is asked for at least.
    """

    relation: str
    name: str
    value: float
    least: float

    @property
    def passed(self) -> bool:
        """Whether the pair has enough; not where there is nothing to measure."""
        return self.value >= self.least

    @property
    def verdict(self) -> str:
        """What the pair has, and by how much that is too little; for people."""
        if math.isnan(self.value):
            return "none"
        value, least, short = (
            f"{number:,.0f}" if isinstance(self.value, int) else f"{number:.3f}"
            for number in (self.value, self.least, self.least - self.value)
        )
        return f"{value}, at least {least}" if self.passed else f"{value}, {short} short of {least}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found.

    Attributes:
        relation: `exact`, `near`, `excerpt`, or None.
        reason: One sentence: why this relation, or which gate failed and by how much.
        jaccard: |A ∩ B| / |A ∪ B| of the shingles of the clean texts; NaN where both have none.
        containment_a, containment_b: Share of the shingles of `a` that `b` has, and of `b` that `a` has.
        raw_jaccard, raw_containment_a, raw_containment_b: The same of the raw texts.
        shared: |A ∩ B|.
        estimate: Jaccard as estimated from the signatures.
        standard_error: sqrt(J (1 - J) / num_perm), of the estimate.
        bands: How a run finds candidates.
        bands_hit: Bands that the two share, from 0; none means that a run does not compare them.
        probability: That two articles of this similarity share a band.
        equal_low: Equal low bytes of the signatures; a run compares exactly from `bands.gate` on.
        threshold: Least Jaccard of near copies.
        excerpts: What an excerpt is.
        a, b: The two articles.
        passages: Both clean texts, aligned.
    """

    relation: str | None
    reason: str
    jaccard: float
    containment_a: float
    containment_b: float
    raw_jaccard: float
    raw_containment_a: float
    raw_containment_b: float
    shared: int
    estimate: float
    standard_error: float
    bands: Bands
    bands_hit: tuple[int, ...]
    probability: float
    equal_low: int
    threshold: float
    excerpts: ExcerptSettings
    a: Side
    b: Side
    passages: tuple[Passage, ...]

    @property
    def gates(self) -> tuple[Gate, ...]:
        """What a run asks of the two, in its order."""
        smaller = min(self.a.shingles, self.b.shingles)
        return (
            Gate("near", "bands in common", len(self.bands_hit), 1),
            Gate("near", "equal low bytes", self.equal_low, self.bands.gate),
            Gate("near", "Jaccard", self.jaccard, self.threshold),
            Gate("excerpt", "containment of the smaller", self._contained, self.excerpts.containment),
            Gate("excerpt", "shingles of the smaller", smaller, self.excerpts.shingles),
        )

    @property
    def _contained(self) -> float:
        """Share of the smaller article that the other one has."""
        smaller = min(self.a.shingles, self.b.shingles)
        return self.shared / smaller if smaller else math.nan

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON; null where a figure is not defined."""
        figures = {name: getattr(self, name) for name in _FIGURES}
        return {
            "relation": self.relation,
            "reason": self.reason,
            **{name: _defined(value) for name, value in figures.items()},
            "standard_error": self.standard_error,
            "shared_shingles": self.shared,
            "threshold": self.threshold,
            "bands": {
                "bands": self.bands.bands,
                "rows": self.bands.rows,
                "agreeing": list(self.bands_hit),
                "probability": self.probability,
            },
            "gates": [
                {**asdict(gate), "value": _defined(gate.value), "passed": gate.passed} for gate in self.gates
            ],
            "sides": {
                name: {
                    "shingles": side.shingles,
                    "guarded": side.guarded,
                    "removed": [asdict(one) for one in side.removed],
                }
                for name, side in (("a", self.a), ("b", self.b))
            },
            "passages": [asdict(passage) for passage in self.passages],
        }


_FIGURES = (
    *("jaccard", "containment_a", "containment_b", "raw_jaccard", "raw_containment_a", "raw_containment_b"),
    "estimate",
)
"""Figures that are not defined for articles without words."""


def compare(
    a: str,
    b: str,
    *,
    settings: Settings | None = None,
    rules: Sequence[str] | str = (),
    excerpts: ExcerptSettings | None = None,
) -> Comparison:
    """Compare two articles.

    Args:
        a: An article, one paragraph or heading a line.
        b: Another.
        settings: Of the run to explain; the default ones if None.
        rules: Files with further boilerplate rules.
        excerpts: What an excerpt is; as by default if None. Its mode does not matter.

    Raises:
        UsageError: A setting or a rules file cannot be used.
    """
    settings = settings or Settings()
    engine = _engine(settings, (rules,) if isinstance(rules, str) else tuple(rules))
    default = ExcerptSettings(shingles=least_shingles(settings.shingle_unit))
    return compare_with(engine, a, b, excerpts or default)


def compare_with(engine: Stages, a: str, b: str, excerpts: ExcerptSettings) -> Comparison:
    """As `compare`, by the engine of a run or an index, with its settings and rules."""
    settings = engine.settings
    raw = Texts.from_strings([a, b])
    if settings.strip:
        stripped = engine.strip(raw, explain=True)
        clean, removals, guarded = stripped.texts, stripped.removals or [[], []], stripped.guarded
    else:
        clean, removals, guarded = raw, [[], []], np.zeros(2, np.uint8)
    size = settings.shingle_size
    sets, raw_sets = _sets(engine, clean, size), _sets(engine, raw, size)
    shared, jaccard, containment_a, containment_b = _overlap(*sets)
    _, raw_jaccard, raw_containment_a, raw_containment_b = _overlap(*raw_sets)
    sketch = _engine(replace(settings, strip=False), ()).sketch(clean)
    signatures = engine.sign(engine.shingle(clean, size), settings.num_perm, settings.seed)
    bands = choose(settings)
    sides = [
        Side(text, clean.bytes_at(i).decode(), tuple(removals[i]), bool(guarded[i]), len(sets[i]))
        for i, text in enumerate((a, b))
    ]
    both = all(map(len, sets))
    hit = np.flatnonzero(sketch.keys[:, 0] == sketch.keys[:, 1]) if both else np.empty(0)
    found = Comparison(
        relation=None,
        reason="",
        jaccard=jaccard,
        containment_a=containment_a,
        containment_b=containment_b,
        raw_jaccard=raw_jaccard,
        raw_containment_a=raw_containment_a,
        raw_containment_b=raw_containment_b,
        shared=shared,
        estimate=float(np.mean(signatures[0] == signatures[1])) if both else math.nan,
        standard_error=math.sqrt(jaccard * (1 - jaccard) / settings.num_perm) if shared else 0.0,
        bands=bands,
        bands_hit=tuple(map(int, hit)),
        probability=probability(jaccard, bands.bands, bands.rows) if shared else 0.0,
        equal_low=int(np.count_nonzero(sketch.low[0] == sketch.low[1])) if both else 0,
        threshold=settings.threshold,
        excerpts=excerpts,
        a=sides[0],
        b=sides[1],
        passages=tuple(passages(engine, sides[0].clean, sides[1].clean, settings.shingle_words)),
    )
    exact = bool(shared) and bool((sketch.digest[0] == sketch.digest[1]).all())
    relation, reason = _verdict(found, exact)
    return replace(found, relation=relation, reason=reason)


@cache
def _engine(settings: Settings, rules: tuple[str, ...]) -> Native:
    return Native(settings, boilerplate.load(rules) if settings.strip else ())


def _sets(engine: Stages, texts: Texts, size: int) -> list[set[int]]:
    found = engine.shingle(texts, size)
    return [set(found.hashes[start:end].tolist()) for start, end in pairwise(found.offsets)]


def _overlap(a: set[int], b: set[int]) -> tuple[int, float, float, float]:
    """|A ∩ B|, the Jaccard similarity, and the containments of A and B."""
    shared = len(a & b)
    jaccard, in_a, in_b = (shared / size if size else math.nan for size in (len(a | b), len(a), len(b)))
    return shared, jaccard, in_a, in_b


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _verdict(found: Comparison, exact: bool) -> tuple[str | None, str]:
    """The relation, and why."""
    for name, side in (("A", found.a), ("B", found.b)):
        if not side.shingles:
            return None, f"{name} has no words{' left' if side.raw.strip() else ''}, so it is near nothing"
    if exact:
        return "exact", "the same words in the same order, boilerplate aside"
    hits = f"{len(found.bands_hit)} of {found.bands.bands} bands agree"
    if found.jaccard >= found.threshold:
        if not found.bands_hit:
            missed = f"no band agrees, which happens to {1 - found.probability:.2%} of such pairs"
            return "near", f"similar enough ({found.jaccard:.3f}), but a run does not find it: {missed}"
        if found.equal_low < found.bands.gate:
            short = f"{found.equal_low} equal low bytes, {found.bands.gate} are asked for"
            return "near", f"similar enough ({found.jaccard:.3f}), but the low-byte gate drops it: {short}"
        return "near", f"Jaccard {found.jaccard:.3f} is at least the threshold {found.threshold:g}; {hits}"
    near, contained, long_enough = found.gates[2:]
    short = f"Jaccard {found.jaccard:.3f} is {near.least - near.value:.3f} below the threshold {near.least:g}"
    if contained.passed and long_enough.passed:
        name = "A" if found.a.shingles <= found.b.shingles else "B"
        return "excerpt", f"{contained.value:.0%} of {name} is in the other article; {short}"
    if not found.shared:
        return None, "not one shingle in common"
    if contained.passed:
        missing = f"{long_enough.value:.0f} shingles are {long_enough.least - long_enough.value:.0f} too few"
        return (
            None,
            f"{short}; {contained.value:.0%} of the smaller is in the other, but {missing} for an excerpt",
        )
    missing = f"{contained.value:.0%} of the smaller is in the other, {contained.least:.0%} make an excerpt"
    return None, f"{short}; {missing}; {hits}"
