"""Why two articles are copies, or are not: two texts in, one `Comparison` out.

Everything is computed as a run computes it, by the same kernel with the same settings, so what it says of a pair is
what the run did.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from dedup import boilerplate
from dedup.alignment import align
from dedup.bands import Bands, choose, probability
from dedup.config import Settings
from dedup.model import Removal, Texts
from dedup.native import Native

EXCERPT_CONTAINMENT = 0.6
"""Least containment of the smaller article in the larger one for an excerpt ..."""

EXCERPT_SHINGLES = 40
"""... which has at least this many shingles: two short texts share a sentence by accident."""


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
class Passage:
    """A stretch of both clean texts: shared, or what each has in place of the other's.

    Attributes:
        shared: Whether both have the same tokens here.
        a, b: The stretch as written on either side; one may be empty where they differ.
    """

    shared: bool
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found.

    Attributes:
        relation: `exact`, `near`, `excerpt`, or None.
        reason: One sentence: why this relation, or which gate failed and by how much.
        jaccard: |A ∩ B| / |A ∪ B| of the shingles of the clean texts; NaN where both have none.
        raw_jaccard: The same of the raw texts.
        containment_a, containment_b: Share of the shingles of `a` that `b` has, and of `b` that `a` has.
        shared: |A ∩ B|.
        estimate: Jaccard as estimated from the signatures.
        standard_error: sqrt(J (1 - J) / num_perm), of the estimate.
        bands: How a run finds candidates.
        bands_hit: Bands that the two share, from 0; none means that a run does not compare them.
        probability: That two articles of this similarity share a band.
        equal_low: Equal low bytes of the signatures; a run compares exactly from `bands.gate` on.
        threshold: Least Jaccard of near copies.
        a, b: The two articles.
        passages: Both clean texts, aligned.
    """

    relation: str | None
    reason: str
    jaccard: float
    raw_jaccard: float
    containment_a: float
    containment_b: float
    shared: int
    estimate: float
    standard_error: float
    bands: Bands
    bands_hit: tuple[int, ...]
    probability: float
    equal_low: int
    threshold: float
    a: Side
    b: Side
    passages: tuple[Passage, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON; null where a figure is not defined."""
        figures = {
            name: getattr(self, name)
            for name in ("jaccard", "raw_jaccard", "containment_a", "containment_b", "estimate")
        }
        return {
            "relation": self.relation,
            "reason": self.reason,
            **{name: None if math.isnan(value) else value for name, value in figures.items()},
            "standard_error": self.standard_error,
            "shared_shingles": self.shared,
            "threshold": self.threshold,
            "bands": {
                "bands": self.bands.bands,
                "rows": self.bands.rows,
                "agreeing": list(self.bands_hit),
                "probability": self.probability,
            },
            "low_bytes": {"agreeing": self.equal_low, "gate": self.bands.gate},
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


def compare(
    a: str, b: str, *, settings: Settings | None = None, rules: Sequence[str] | str = ()
) -> Comparison:
    """Compare two articles.

    Args:
        a: An article, one paragraph or heading a line.
        b: Another.
        settings: Of the run to explain; the default ones if None.
        rules: Files with further boilerplate rules.

    Raises:
        UsageError: A setting or a rules file cannot be used.
    """
    settings = settings or Settings()
    engine = _engine(settings, (rules,) if isinstance(rules, str) else tuple(rules))
    raw = Texts.from_strings([a, b])
    bare = _engine(replace(settings, strip=False), ())
    if settings.strip:
        stripped = engine.strip(raw, explain=True)
        clean, removals, guarded = stripped.texts, stripped.removals or [[], []], stripped.guarded
    else:
        clean, removals, guarded = raw, [[], []], np.zeros(2, np.uint8)
    sets = _sets(engine, clean, settings)
    shared, jaccard = _overlap(*sets)
    sketch = bare.sketch(clean)
    signatures = engine.sign(engine.shingle(clean, settings.shingle_size), settings.num_perm, settings.seed)
    bands = choose(settings)
    sides = [
        Side(text, clean.bytes_at(i).decode(), tuple(removals[i]), bool(guarded[i]), len(sets[i]))
        for i, text in enumerate((a, b))
    ]
    hit = np.flatnonzero(sketch.keys[:, 0] == sketch.keys[:, 1]) if all(map(len, sets)) else np.empty(0)
    found = Comparison(
        relation=None,
        reason="",
        jaccard=jaccard,
        raw_jaccard=_overlap(*_sets(engine, raw, settings))[1],
        containment_a=shared / len(sets[0]) if len(sets[0]) else math.nan,
        containment_b=shared / len(sets[1]) if len(sets[1]) else math.nan,
        shared=shared,
        estimate=float(np.mean(signatures[0] == signatures[1])) if all(map(len, sets)) else math.nan,
        standard_error=math.sqrt(jaccard * (1 - jaccard) / settings.num_perm) if shared else 0.0,
        bands=bands,
        bands_hit=tuple(map(int, hit)),
        probability=probability(jaccard, bands.bands, bands.rows) if shared else 0.0,
        equal_low=int(np.count_nonzero(sketch.low[0] == sketch.low[1])),
        threshold=settings.threshold,
        a=sides[0],
        b=sides[1],
        passages=tuple(_passages(engine, sides[0].clean, sides[1].clean, settings.shingle_size)),
    )
    exact = bool(shared) and bool((sketch.digest[0] == sketch.digest[1]).all())
    relation, reason = _verdict(found, exact)
    return replace(found, relation=relation, reason=reason)


_SINGLES = (
    range(0x0E00, 0x0F00),
    range(0x1000, 0x10A0),
    range(0x1780, 0x1800),
    range(0x3005, 0x3008),
    range(0x3040, 0x3100),
    range(0x3400, 0xA000),
    range(0xF900, 0xFB00),
    range(0x20000, 0x40000),
)
"""Blocks of the scripts without spaces, in which a character is a token."""


@cache
def _engine(settings: Settings, rules: tuple[str, ...]) -> Native:
    return Native(settings, boilerplate.load(rules) if settings.strip else ())


def _sets(engine: Native, texts: Texts, settings: Settings) -> list[set[int]]:
    found = engine.shingle(texts, settings.shingle_size)
    return [set(found.hashes[start:end].tolist()) for start, end in pairwise(found.offsets)]


def _overlap(a: set[int], b: set[int]) -> tuple[int, float]:
    """|A ∩ B| and the Jaccard similarity."""
    shared = len(a & b)
    union = len(a) + len(b) - shared
    return shared, shared / union if union else math.nan


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
    short = f"Jaccard {found.jaccard:.3f} is {found.threshold - found.jaccard:.3f} below the threshold"
    smaller = min(found.a.shingles, found.b.shingles)
    contained = found.shared / smaller
    if contained >= EXCERPT_CONTAINMENT and smaller >= EXCERPT_SHINGLES:
        name = "A" if found.a.shingles <= found.b.shingles else "B"
        return "excerpt", f"{contained:.0%} of {name} is in the other article; {short}"
    return None, f"{short} {found.threshold:g}; {hits}" if found.shared else "not one shingle in common"


def _passages(engine: Native, a: str, b: str, size: int) -> list[Passage]:
    """Both texts, cut where they begin or cease to agree."""
    (tokens_a, spans_a), (tokens_b, spans_b) = _spans(engine, a), _spans(engine, b)
    passages: list[Passage] = []
    at_a = at_b = 0  # tokens
    done_a = done_b = 0  # characters

    def cut(end_a: int, end_b: int, shared: bool) -> None:
        """A passage up to where a token begins, with the white space in front of it."""
        nonlocal done_a, done_b
        stop_a = spans_a[end_a] if end_a < len(spans_a) else len(a)
        stop_b = spans_b[end_b] if end_b < len(spans_b) else len(b)
        part_a, part_b = a[done_a:stop_a], b[done_b:stop_b]
        if part_a.strip() or part_b.strip():  # else it goes with the next
            passages.append(Passage(shared, part_a, part_b))
            done_a, done_b = max(done_a, stop_a), max(done_b, stop_b)

    for run in align(tokens_a, tokens_b, size):
        if run.a > at_a or run.b > at_b:
            cut(run.a, run.b, False)
        at_a, at_b = run.a + run.length, run.b + run.length
        cut(at_a, at_b, True)
    if at_a < len(tokens_a) or at_b < len(tokens_b) or not passages:
        cut(len(tokens_a), len(tokens_b), False)
    return passages


def _spans(engine: Native, text: str) -> tuple[list[str], list[int]]:
    """The tokens of a text, and the character at which the piece of each begins."""
    pieces = list(_pieces(text))
    tokens: list[str] = []
    spans: list[int] = []
    joined = engine.tokenize(Texts.from_strings([piece for _, piece in pieces])).strings()
    for (start, _), some in zip(pieces, joined, strict=True):
        parts = some.split()
        tokens += parts
        spans += [start] * len(parts)
    return tokens, spans


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Stretches of a text that no token spans, and where they begin.

    White space separates them, and a character of a script without spaces is one, with its marks.
    """
    start, is_single = 0, False
    for at, char in enumerate(text):
        single = char > "\u0dff" and any(ord(char) in block for block in _SINGLES)
        is_mark = char > "\u02ff" and unicodedata.category(char).startswith("M")
        if char.isspace() or ((single or is_single) and not is_mark):
            if at > start:
                yield start, text[start:at]
            start, is_single = at + char.isspace(), single
    if len(text) > start:
        yield start, text[start:]
