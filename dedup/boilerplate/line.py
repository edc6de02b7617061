"""Learned lines: a line, prefix or suffix as a person or `dedup learn` wrote it in, its `Rule` out.

The key of a line is xxh3_64 of its folded plain form (see
`dedup.reference.lines`) with every ASCII digit as 0, so that "Page 3 of 12" and
"page 4 of 10" are one line. The seed tells whole lines from prefixes and
suffixes.
"""

from __future__ import annotations

import re

import xxhash

from dedup.model import Rule
from dedup.native import plain_form

SEEDS = {"drop": 0, "strip_prefix": 1, "strip_suffix": 2}
"""The actions of a learned line, and the seed of the keys of each."""

# What the rule of a prefix or suffix says of the words of the line around it.
_NO_LIMIT = 10_000
_DIGITS = str.maketrans(dict.fromkeys("123456789", "0"))
_ID = re.compile(r"learned\.[0-9a-f]{16}")


def normalised(line: str) -> str:
    """The folded plain form of `line`, digits as 0: what its key is taken of."""
    return plain_form(line).translate(_DIGITS)


def key(line: str, action: str) -> int:
    """The key of a normalised line, prefix or suffix: 64 bits."""
    return xxhash.xxh3_64_intdigest(line.encode(), SEEDS[action])


def learned(line: str, action: str, documents: int = 0, stories: int = 0, sources: int = 0) -> Rule:
    """The rule that removes `line`, which need not be normalised.

    Raises:
        ValueError: Nothing is left of the line in its normalised form.
    """
    text = normalised(line)
    if not text:
        raise ValueError("line is empty")
    is_line = action == "drop"
    return Rule(
        id=f"learned.{key(text, action):016x}",
        cls="learned",
        pos="head" if action == "strip_prefix" else "any",
        max_words=len(text.split(" ")) if is_line else _NO_LIMIT,
        action=action,
        strength="learned",
        pattern="",
        line=text,
        documents=documents,
        stories=stories,
        sources=sources,
    )


def is_learned(rule_id: str) -> bool:
    """Whether a rule of this id can only be a learned one."""
    return _ID.fullmatch(rule_id) is not None
