"""Bands and the gate keep what they promise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.bands import GATE_MISS, choose, derive, gate, probability
from dedup.config import Settings
from dedup.errors import UsageError


def test_the_defaults() -> None:
    bands = choose(Settings())
    assert (bands.bands, bands.rows, bands.gate) == (35, 3, 38)
    assert bands.recall == pytest.approx(1 - (1 - 0.125) ** 35)


@given(st.floats(0.05, 1), st.floats(0.5, 0.999), st.integers(16, 512))
def test_derived_bands_reach_the_recall_with_the_most_rows(
    threshold: float, recall: float, num_perm: int
) -> None:
    try:
        bands, rows = derive(threshold, recall, num_perm)
    except UsageError:
        assert probability(threshold, num_perm, 1) < recall
        return
    assert bands * rows <= num_perm
    assert probability(threshold, bands, rows) >= recall
    assert bands == 1 or probability(threshold, bands - 1, rows) < recall
    assert all(
        probability(threshold, num_perm // more, more) < recall for more in range(rows + 1, num_perm + 1)
    )


def below(count: int, trials: int, p: float) -> float:
    """P(Binomial(trials, p) < count), exactly as sums go."""
    return sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(count))


@given(st.floats(0.05, 0.99), st.integers(1, 300))
def test_the_gate_is_the_greatest_within_its_miss_probability(threshold: float, num_perm: int) -> None:
    p = threshold + (1 - threshold) / 256
    least = gate(threshold, num_perm)
    assert below(least, num_perm, p) <= GATE_MISS * (1 + 1e-6)
    assert least == num_perm or below(least + 1, num_perm, p) > GATE_MISS * (1 - 1e-6)


def test_identical_texts_only() -> None:
    assert gate(1.0, 128) == 128
    assert derive(1.0, 0.99, 128) == (1, 128)


def test_given_bands_are_taken() -> None:
    bands = choose(Settings(bands=9, rows=13))
    assert (bands.bands, bands.rows) == (9, 13)
    assert bands.recall == probability(0.5, 9, 13)


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0.0},
        {"threshold": float("nan")},
        {"recall": 1.0},
        {"shingle_size": 0},
        {"num_perm": 0},
        {"seed": -1},
        {"bands": 3},
        {"bands": 50, "rows": 3},
    ],
)
def test_settings_that_cannot_be_used(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(**wrong)  # type: ignore[arg-type]
    assert caught.value.hint
