"""Texts to strip: lines of rules, of bodies and of noise, and the rows of a table of labelled lines."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from dedup import _kernel
from dedup.model import Removal, Rule, Stripped, Texts

HERE = Path(__file__).parent
CASES = HERE / "data" / "strip_cases.tsv"

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
BODY = [
    f"On {day} {ferry} ferry across the sound was late again, and the harbour master wrote down why."
    for ferry in ("the first", "the last")
    for day in _DAYS
]


class Case(NamedTuple):
    """One labelled line: `keep`, `remove`, `strip_prefix` or `strip_suffix`, and where it stands."""

    expect: str
    position: str
    line: str
    note: str

    def text(self) -> str:
        """The line in a body, at its place."""
        at = {"head": 0, "any": len(BODY) // 2, "tail": len(BODY)}[self.position]
        return "\n\n".join([*BODY[:at], self.line, *BODY[at:]])


def read_cases(path: Path) -> list[Case]:
    """The rows of a table of labelled lines."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Case(*row) for row in rows[1:]]


class KernelStripper:
    """The kernel's stripper, for a set of rules."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._stripper = _kernel.Stripper(
            [
                (
                    *(rule.id, rule.cls, rule.pos, rule.max_words, rule.action, rule.strength, rule.pattern),
                    list(rule.literals),
                    rule.cased,
                    rule.line,
                )
                for rule in rules
            ]
        )

    def __call__(self, texts: Texts, explain: bool = True, guard: bool = True) -> Stripped:
        data = np.frombuffer(bytes(texts.data), np.uint8)
        stripped, dropped, removed, guarded, lines, chars, removals = self._stripper.strip(
            data, texts.offsets, explain, guard
        )
        listed = None if removals is None else [[Removal(*removal) for removal in one] for one in removals]
        return Stripped(Texts(*stripped), dropped, removed, guarded, lines, chars, listed)


_LINES = [case.line for case in read_cases(CASES)]
_NOISE = "aB9 \t\r\x00\x1f|>:•»*-“’…\u00a0\u200b\u2003\u3000\u0301\u0308\u3099é̈ßİſﬁ№ﾊﾞ가\u1161\u11a8漢ไ🙂𝐀\U000e0001"

noise = st.text(
    st.sampled_from(_NOISE) | st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=12
)
lines = st.one_of(
    st.sampled_from(_LINES),
    st.sampled_from(BODY),
    st.sampled_from(
        ["", " ", "4", "(7)", "Topics", "News", "Photo: x", "By Ida Example", "#harbour", "Harbour"]
    ),
    noise,
    st.builds("".join, st.tuples(noise, st.sampled_from(_LINES), noise)),
    st.builds("".join, st.lists(st.sampled_from(_LINES), min_size=2, max_size=2)),
)
captions = st.builds(
    lambda caption, number, credit: [caption, number, caption + credit],
    st.sampled_from([*BODY, "A boat at sea", "Two boats"]),
    st.sampled_from(["4", " 12 ", "1234", "x"]),
    st.sampled_from(["", "Credit: Getty Images", " (Photo: Ida)", "!"]),
)
texts = st.lists(st.one_of(captions, lines.map(lambda line: [line])), max_size=25).map(
    lambda parts: "\n".join(line for part in parts for line in part)
)
"""Texts that mix lines of rules with body lines and noise."""

learned_rules = st.builds(
    lambda action, line: Rule(
        "", "learned", "head" if action == "strip_prefix" else "any", 1, action, "learned", "", line=line
    ),
    st.sampled_from(["drop", "drop", "strip_prefix", "strip_suffix"]),
    st.sampled_from(
        ["a", "ab", "0", "é", "x y z", "d " * 14 + "d", "a c", "a -", "c", "- b", "- x y z", "(0)"]
    ),
)
pattern_rules = st.builds(
    lambda cls, pos, words, action, strength, pattern, literals, cased: Rule(
        "", cls, pos, words, action, strength, pattern, literals, cased
    ),
    st.sampled_from(["ad", "prompt"]),
    st.sampled_from(["any", "head", "tail"]),
    st.integers(1, 17),
    st.sampled_from(["drop", "strip_prefix", "strip_suffix"]),
    st.sampled_from(["strong", "weak"]),
    st.sampled_from(
        [
            r"a",
            r"[ab]+",
            r" ?c",
            r".{1,3}b",
            r"(?:a|\xc3\xa9) ?",
            r"c.*",
            r"\W+",
            r"A|b",
            r"b?",
            r"\d+",
            r"x ",
        ]
    ),
    st.sampled_from([(), (), ("a",), ("b", "c")]),
    st.booleans(),
)
small_rules = st.lists(learned_rules | pattern_rules, max_size=5).map(
    lambda rules: tuple(replace(rule, id=f"r{i}") for i, rule in enumerate(rules))
)
"""A few rules of all kinds that often match small texts."""
small_lines = st.sampled_from(
    [
        *("a", "b", "ab", "a c", "A", "é", "7", "", "a é b", " • c", "7 c", "• 42", "a - b"),
        *("x y z", "x y z c", "X Y Z:", "x x y z", "a - x y z", "c: x y z - b", "(4) x » y z - b:"),
        *("d " * 39 + "d", "d " * 14, "a d " + "d " * 13),
    ]
)
small_texts = st.lists(small_lines, max_size=20).map("\n".join) | st.lists(
    small_lines, min_size=1, max_size=4, unique=True
).flatmap(lambda few: st.lists(st.sampled_from(few), max_size=16)).map("\n".join)
long_texts = (
    st.lists(small_lines, min_size=1, max_size=5, unique=True)
    .flatmap(lambda few: st.lists(st.sampled_from([*few, "a"]), min_size=70, max_size=150))
    .map("\n".join)
)
"""Texts that are longer than a line looks around."""
