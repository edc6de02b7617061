"""Invented prose: words drawn by Zipf's law, and the names that come again."""

from __future__ import annotations

import random
import tomllib
from bisect import bisect
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generate import vocabulary

FILE = Path(__file__).with_name("publishers.toml")


@cache
def tables() -> dict[str, Any]:
    """What stands in `publishers.toml`."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def pick(field: str, dice: random.Random) -> str:
    """One of the words of a field: a place, a topic, ..."""
    words: list[str] = tables()["words"][field]
    return dice.choice(words)


@cache
def _vocabulary() -> list[str]:
    words: list[str] = vocabulary(np.random.default_rng(1)).tolist()
    return words


class Words:
    """Prose of words drawn by Zipf's law."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._words = _vocabulary()
        self._cumulative = list(accumulate(1 / rank for rank in range(2, len(self._words) + 2)))

    def draw(self, count: int) -> list[str]:
        """`count` words."""
        top = self._cumulative[-1]
        return [self._words[bisect(self._cumulative, self.dice.random() * top)] for _ in range(count)]

    def sentence(self, least: int = 7, most: int = 22) -> str:
        """A sentence with a capital and a full stop, some with a comma."""
        words = self.draw(self.dice.randint(least, most))
        if len(words) > 10:
            words[self.dice.randrange(3, 8)] += ","
        return " ".join(words).capitalize() + "."

    def title(self) -> str:
        """A headline."""
        return " ".join(self.draw(self.dice.randint(6, 11))).capitalize()

    def paragraph(self, is_opening: bool = False) -> str:
        """One to four sentences, some of them spoken; none at the opening begins with words that need others before."""
        text = " ".join(self.sentence() for _ in range(self.dice.randint(1, 4)))
        turn = self.dice.random()
        if turn < 0.12:
            return f"“{text[:-1]},” said {name(self.dice)}."
        if turn < 0.18 and not is_opening:
            return f"{pick('openers', self.dice)}“{text}”"
        return text

    def body(self, least: int = 6, most: int = 20) -> list[str]:
        """The paragraphs of an article."""
        return [self.paragraph(is_opening=at < 2) for at in range(self.dice.randint(least, most))]


def name(dice: random.Random) -> str:
    """A person."""
    return f"{pick('first', dice)} {pick('last', dice)}"
