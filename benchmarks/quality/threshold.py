"""Whether pairs at the threshold are found as promised: made-up pairs in, measured recall beside the promised one out.

Half of the pairs lie where finding them is hardest, within .02 above the threshold; a quarter lie just below it, where
none may be listed; the others lie anywhere. That is arranged by replacing words five or more apart, each of which
costs both articles five shingles, but not relied on: which pairs are near, and how much, says an inverted index of
all shingles of all articles (`benchmarks.pairs.Truth`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.pairs import Truth, coded
from benchmarks.quality.measure import Measured
from benchmarks.quality.similarity import found_pairs
from benchmarks.quality.words import Words
from dedup.bands import choose, probability
from dedup.config import Settings

SETTINGS = Settings()
SIZE = SETTINGS.shingle_size
NAME = "threshold"
AT = 0.02
"""Pairs at the threshold are those that are at most so much more similar."""


def measure_threshold(articles: int, seed: int, work: Path) -> Measured:
    """Make articles, half of them copies of the other half, and judge the near pairs that a run lists."""
    texts = list(make(articles, seed))
    path = work / f"{NAME}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": str(at), "text": text}) + "\n" for at, text in enumerate(texts))
    truth = Truth(path, SETTINGS.threshold)
    listed, _ = found_pairs(texts, None)
    found = coded(np.array(sorted(listed), np.int64).reshape(-1, 2), len(texts))
    true = coded(truth.pairs(), len(texts))
    hardest = truth.similarities < SETTINGS.threshold + AT
    right = np.isin(true, found)
    bands = choose(SETTINGS)
    promised = [probability(float(at), bands.bands, bands.rows) for at in truth.similarities]
    measured = Measured()
    measured.add(
        f"{NAME}.near",
        {
            "precision": right.sum() / len(found),
            "recall": right.mean(),
            "promised_recall": np.mean(promised),
            "recall_at_threshold": right[hardest].mean(),
            "promised_recall_at_threshold": np.mean(promised, where=hardest),
        },
    )
    return measured


def make(articles: int, seed: int) -> Iterator[str]:
    """Articles of 85 to 330 words, each followed by its copy."""
    dice = random.Random(seed)
    words = Words(dice)
    for at in range(articles // 2):
        replaced = dice.randint(6, 20)
        # n shingles of which 5 for each word are lost: (n - 5m) / (n + 5m) is .5 for n = 15m, .52 for n = 15.83m.
        least, most = ((15.0, 15.7), (14.0, 15.0), (15.0, 15.7), (10.0, 60.0))[at % 4]
        text = words.draw(round(dice.uniform(least, most) * replaced) + SIZE - 1)
        yield " ".join(text)
        for place in _apart(len(text), replaced, dice):
            text[place] = f"edit{dice.randrange(1_000_000)}"
        yield " ".join(text)


def _apart(count: int, chosen: int, dice: random.Random) -> list[int]:
    """Places of words, each at least a shingle from the next and from both ends."""
    free = count - 2 * (SIZE - 1) - (chosen - 1) * (SIZE - 1)
    places = sorted(dice.sample(range(free), chosen))
    return [SIZE - 1 + place + at * (SIZE - 1) for at, place in enumerate(places)]
