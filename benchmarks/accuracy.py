"""How exact the estimates are: sets of known similarity in; error against theory and the S-curve out.

An unbiased MinHash of k values has the mean squared error J(1-J)/k (Broder 1997). What counts is the measured error
as a multiple of that, over random sets of 20, 100 and 600 shingles and similarities from 0.1 to 0.9. The S-curve is
the share of pairs that get a band in common, against 1 - (1 - J^r)^b. Both are checked: a multiple far from 1, a
point far off the curve fails.

Bias. The sets are random numbers, which every hash function likes; shingles that are hashed badly would show only in
texts. The kernel's signatures are datasketch's, bit for bit (see `hashing`), so its row is datasketch's, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.hashing import NUM_PERMS
from benchmarks.peers import rensa
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import Work
from dedup.config import Settings
from dedup.model import Shingles
from dedup.native import Native

TRIALS = 400
SIZES = (20, 100, 600)
SIMILARITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CURVE = tuple(round(0.05 * i, 2) for i in range(1, 20))
CURVE_TRIALS = 1_000
DEDUP = "dedup, datasketch 2"

F64 = NDArray[np.float64]


def run(work: Work, log: Log) -> None:
    """Measure errors and the curve; `--count` is the number of pairs at each point."""
    generator = np.random.default_rng(1)
    engine = Native(Settings(strip=False), threads=1)
    trials = work.count or TRIALS
    pairs, exact = _pairs(generator, SIZES, SIMILARITIES, trials)
    signed = {DEDUP: {num_perm: engine.sign(pairs, num_perm, 1) for num_perm in NUM_PERMS}}
    if work.chosen(rensa.NAME):
        log.note(rensa.NAME, ", ".join(rensa.REQUIREMENTS))
        signed[rensa.NAME] = rensa.sign(work, pairs, NUM_PERMS, save=True)[1]
    for case, signatures in signed.items():
        for num_perm, values in signatures.items():
            estimate = (values[::2] == values[1::2]).mean(axis=1)
            multiple = (estimate - exact) ** 2 / (exact * (1 - exact) / num_perm)
            bias = (estimate - exact).mean()
            # The square of a nearly normal error has a deviation of sqrt(2) times its mean; five are too many.
            assert case != DEDUP or abs(multiple.mean() - 1) < 0.1 + 5 * np.sqrt(2 / len(exact))
            log.add(case, num_perm, 0, multiple=multiple.mean(), bias=bias)

    bands = engine.bands
    trials = work.count or CURVE_TRIALS
    pairs, exact = _pairs(generator, (300,), CURVE, trials)
    keys = engine.band(engine.sign(pairs, 128, 1), bands.bands, bands.rows)
    met = (keys[:, ::2] == keys[:, 1::2]).any(axis=0).reshape(len(CURVE), trials).mean(axis=1)
    exact = exact.reshape(len(CURVE), trials)[:, 0]
    theory = 1 - (1 - exact**bands.rows) ** bands.bands
    assert np.all(np.abs(met - theory) < 0.01 + 5 * np.sqrt(theory * (1 - theory) / trials))
    for j, share, expected in zip(exact, met, theory, strict=True):
        log.add(
            f"curve of {bands.bands} bands of {bands.rows}",
            round(j * 1000),
            0,
            measured=share,
            theory=expected,
        )


def _pairs(
    generator: np.random.Generator, sizes: tuple[int, ...], similarities: tuple[float, ...], trials: int
) -> tuple[Shingles, F64]:
    """Random sets, each two neighbours a pair, and the exact similarity of each pair, float64[pairs]."""
    parts, lengths, exact = [], [], []
    for size in sizes:
        for similarity in similarities:
            common = round(2 * size * similarity / (1 + similarity))
            for _ in range(trials):
                drawn = generator.integers(0, 1 << 64, 2 * size - common, dtype=np.uint64)
                parts += [drawn[:size], drawn[size - common :]]
                lengths += [size, size]
                exact.append(common / (2 * size - common))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Shingles(np.concatenate(parts), offsets), np.array(exact)


def summary(rows: Rows) -> str:
    """Errors by number of values, and the curve's largest distance from theory."""
    cases = [case for case in dict.fromkeys(case for case, _ in rows.cases()) if not case.startswith("curve")]
    lines = [
        (case, *(number(rows.median(case, num_perm, "multiple"), 3) for num_perm in NUM_PERMS))
        for case in cases
    ]
    errors = "Mean squared error as a multiple of J(1-J)/k, by values of a signature k:\n\n"
    curve = [(case, size) for case, size in rows.cases() if case.startswith("curve")]
    far = max(abs((rows.median(*at, "measured") or 0) - (rows.median(*at, "theory") or 0)) for at in curve)
    return (
        errors
        + table(("", *map(str, NUM_PERMS)), lines)
        + f"\n\nThe {curve[0][0]} is at most {far:.3f} from theory at {len(curve)} similarities."
    )
