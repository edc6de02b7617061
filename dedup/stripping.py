"""What stripping took in a run: counts per rule go in, totals, counts per class and the busiest rules come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.model import I64, Rule

MOST = 10
"""Rules that are listed."""

STRUCTURE = "structure"
"""Class of what goes without a rule ..."""

STRUCTURAL = ("structure.caption", "structure.repeat")
"""... and its names; their counts come after those of the rules."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one rule or class took.

    Attributes:
        name: Its name.
        lines: Lines removed whole.
        characters: Characters of those, without line ends, and of the parts cut out of others.
    """

    name: str
    lines: int
    characters: int


@dataclass(frozen=True, slots=True)
class Stripping:
    """What stripping took.

    Attributes:
        lines, characters: In all, as in `Taken`.
        by_class: Per class of rules that took something; most lines first.
        rules: The rules that took most lines.
        guarded: Documents in which a guard rail held rules back.
    """

    lines: int
    characters: int
    by_class: list[Taken]
    rules: list[Taken]
    guarded: int

    @classmethod
    def of(cls, rules: Sequence[Rule], lines: I64, characters: I64, guarded: int) -> Stripping:
        """Account for `lines` and `characters`, int64[len(rules) + 2] each, with `guarded` documents."""
        names = [rule.id for rule in rules] + list(STRUCTURAL)
        classes = [rule.cls for rule in rules] + [STRUCTURE] * len(STRUCTURAL)
        acted = np.flatnonzero((lines > 0) | (characters > 0)).tolist()
        taken = [Taken(names[i], int(lines[i]), int(characters[i])) for i in acted]
        by_class: dict[str, list[Taken]] = {}
        for i, one in zip(acted, taken, strict=True):
            by_class.setdefault(classes[i], []).append(one)
        totals = [_total(name, some) for name, some in by_class.items()]
        every = _total("", taken)
        return cls(every.lines, every.characters, _ranked(totals), _ranked(taken)[:MOST], guarded)

    def as_dict(self) -> dict[str, object]:
        """The content of `stripped` in summary.json."""
        return {
            "lines": self.lines,
            "characters": self.characters,
            "guarded": self.guarded,
            "by_class": {
                one.name: {"lines": one.lines, "characters": one.characters} for one in self.by_class
            },
            "rules": [
                {"rule": one.name, "lines": one.lines, "characters": one.characters} for one in self.rules
            ],
        }


def _total(name: str, some: Sequence[Taken]) -> Taken:
    return Taken(name, sum(one.lines for one in some), sum(one.characters for one in some))


def _ranked(some: Sequence[Taken]) -> list[Taken]:
    return sorted(some, key=lambda one: (-one.lines, -one.characters, one.name))
