"""Choosing bands and rows, the S-curve, and the low-byte gate.

In: a threshold, a recall, a signature length. Out: `Bands`, the three numbers
that decide which pairs are compared exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dedup.config import Settings
from dedup.errors import UsageError

GATE_MISS = 1e-6
"""Greatest probability that the gate drops a pair at the threshold."""


@dataclass(frozen=True, slots=True)
class Bands:
    """How candidates are found.

    Attributes:
        bands: Number of bands.
        rows: Signature values per band.
        gate: Least number of equal low bytes of two signatures for the pair to be compared exactly.
        recall: Probability that a pair exactly at the threshold shares a band.
    """

    bands: int
    rows: int
    gate: int
    recall: float


def probability(similarity: float, bands: int, rows: int) -> float:
    """Probability that two documents share at least one of `bands` bands of `rows` values.

    1 - (1 - s^r)^b: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4.2.
    """
    return 1.0 - (1.0 - similarity**rows) ** bands


def derive(threshold: float, recall: float, num_perm: int) -> tuple[int, int]:
    """The largest number of rows, then the smallest number of bands, that reach `recall` at `threshold`.

    Returns:
        (bands, rows) with bands * rows <= num_perm.

    Raises:
        UsageError: No choice reaches the recall.
    """
    for rows in range(num_perm, 0, -1):
        most = num_perm // rows
        if probability(threshold, most, rows) >= recall:
            return next(b for b in range(1, most + 1) if probability(threshold, b, rows) >= recall), rows
    best = probability(threshold, num_perm, 1)
    raise UsageError(
        f"{num_perm} permutations reach a recall of {best:.4f} at threshold {threshold:g}, not {recall:g}",
        "raise num_perm, or lower recall",
    )


def gate(threshold: float, num_perm: int) -> int:
    """The most equal low bytes that may be asked for while P(miss at the threshold) <= GATE_MISS.

    The low bytes of a slot agree with probability p = t + (1 - t)/256 (b-bit minwise hashing with b = 8: Li and
    König 2010, theorem 1, for sets that are small against the hash range), and slots are independent:
    the gate is the largest g with P(Binomial(num_perm, p) < g) <= GATE_MISS.
    """
    p = threshold + (1.0 - threshold) / 256.0
    if p >= 1.0:
        return num_perm
    below = 0.0
    for count in range(num_perm + 1):
        log_choose = math.lgamma(num_perm + 1) - math.lgamma(count + 1) - math.lgamma(num_perm - count + 1)
        below += math.exp(log_choose + count * math.log(p) + (num_perm - count) * math.log1p(-p))
        if below > GATE_MISS:
            return count
    return num_perm


def choose(settings: Settings) -> Bands:
    """The bands of a run: as given, else derived. Raises UsageError when the recall cannot be reached."""
    if settings.bands is not None and settings.rows is not None:
        bands, rows = settings.bands, settings.rows
    else:
        bands, rows = derive(settings.threshold, settings.recall, settings.num_perm)
    return Bands(
        bands,
        rows,
        gate(settings.threshold, settings.num_perm),
        probability(settings.threshold, bands, rows),
    )
