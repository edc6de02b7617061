"""Whether scanned copies are found: articles and their copies with character errors in, recall by setting out.

A copy has an error at each character with the same probability, whatever stands there: six in ten replace it by
another letter, two drop it, two put a letter before it, so that words break and join, too. The original has none.
"""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from typing import Any

import dedup
from benchmarks.quality.detection import Labelled
from benchmarks.quality.measure import Measured

NAME = "noise"
RATES = (0.01, 0.02, 0.05)
LEAST = 600
"""Characters of an article that is taken: shorter ones are a matter of luck at any setting."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "size_3": {"shingle_size": 3},
    "size_3_threshold_03": {"shingle_size": 3, "threshold": 0.3},
    "size_2_threshold_02": {"shingle_size": 2, "threshold": 0.2},
    "chars_9": {"shingle_size": 9, "shingle_unit": "chars"},
    "chars_9_threshold_03": {"shingle_size": 9, "shingle_unit": "chars", "threshold": 0.3},
}
"""What is tried, as arguments of `find_duplicates`."""


def measure_noise(corpus: Labelled, seed: int = 1) -> Measured:
    """Recall of noisy copies of articles in Latin letters, and precision of all pairs that a run lists."""
    texts = latin(corpus)
    measured = Measured()
    for rate in RATES:
        dice = random.Random(f"{seed} {rate}")
        pairs = [*texts, *(noisy(text, rate, dice) for text in texts)]
        expected = {(at, at + len(texts)) for at in range(len(texts))}
        for setting, options in SETTINGS.items():
            result = dedup.find_duplicates(pairs, pairs=True, excerpts="off", **options)
            listed = {tuple(sorted((int(row["a"]), int(row["b"])))) for row in result.pairs.to_pylist()}
            values = {
                f"recall_{rate:.0%}": len(listed & expected) / len(expected),
                f"precision_{rate:.0%}": len(listed & expected) / len(listed) if listed else 1.0,
            }
            measured.add(f"{NAME}.{setting}", values)
    return measured


def latin(corpus: Labelled) -> Sequence[str]:
    """The articles in Latin letters that are long enough, one of each story."""
    copies = {b for (_, b), label in corpus.labels.items() if label != "different"}
    return [
        text
        for name, text in sorted(corpus.texts.items())
        if name not in copies and len(text) >= LEAST and _is_latin(text)
    ]


def _is_latin(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return sum(char in string.ascii_letters for char in letters) > 0.9 * len(letters)


def noisy(text: str, rate: float, dice: random.Random) -> str:
    """A text with character errors."""
    characters = []
    for char in text:
        letter = dice.choice(string.ascii_lowercase)
        if dice.random() >= rate:
            characters.append(char)
        else:
            characters.append(dice.choices((letter, "", letter + char), (6, 2, 2))[0])
    return "".join(characters)
