"""What stripping did to one article: its raw text and the removals go in, its lines come out, marked part by part.

`lines` is what a person is shown, `record` what a program reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dedup.model import Removal, Rule


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a raw text.

    Attributes:
        number: From 1.
        parts: (text, whether it was removed), joined they are the raw line.
        removals: What was removed of it.
    """

    number: int
    parts: tuple[tuple[str, bool], ...]
    removals: tuple[Removal, ...]

    @property
    def blank(self) -> bool:
        """Whether it holds white space only."""
        return not any(text.strip() for text, _ in self.parts)

    @property
    def dropped(self) -> bool:
        """Whether all of it was removed."""
        return bool(self.removals) and all(removed for _, removed in self.parts)


def lines(text: str, removals: Iterable[Removal]) -> list[Line]:
    """All lines of a text; `removals` as `Stages.strip` lists them."""
    of_line: dict[int, list[Removal]] = {}
    for one in removals:
        of_line.setdefault(one.line_no, []).append(one)
    return [_line(number, raw, of_line.get(number, [])) for number, raw in enumerate(text.split("\n"), 1)]


def class_of(rule: str, rules: Mapping[str, Rule]) -> str:
    """Class of the rule with the id `rule`; `structure` for what goes without one."""
    return rules[rule].cls if rule in rules else rule.partition(".")[0]


def record(
    identity: str, text: str, removals: Sequence[Removal], guarded: bool, rules: Mapping[str, Rule]
) -> dict[str, object]:
    """One article as JSON: `id`, `guarded`, `removed`.

    Each removal has `line_no`, `text`, `action`, `rule`, `class`; of a learned rule `distinct` stories and
    `documents` it was learned from, else null; and its `position`: the `part` of the text, `head` (the first 6 lines
    that are not blank), `tail` (the last 12) or `body`, whichever end is nearer, and the `ordinal` in it, counted
    from the nearer end.
    """
    filled = [number for number, raw in enumerate(text.split("\n"), 1) if raw.strip()]
    place = {number: at for at, number in enumerate(filled, 1)}
    return {
        "id": identity,
        "guarded": guarded,
        "removed": [
            {
                "line_no": one.line_no,
                "text": one.text,
                "action": one.action,
                "rule": one.rule,
                "class": class_of(one.rule, rules),
                "distinct": rules[one.rule].stories if _learned(one.rule, rules) else None,
                "documents": rules[one.rule].documents if _learned(one.rule, rules) else None,
                "position": _position(place.get(one.line_no, 1), len(filled)),
            }
            for one in removals
        ],
    }


def _learned(rule: str, rules: Mapping[str, Rule]) -> bool:
    return rule in rules and bool(rules[rule].line)


def _position(at: int, count: int) -> dict[str, object]:
    """Part and ordinal of line `at` (from 1) of `count`."""
    from dedup.reference.strip import (  # a run imports this module and does without the reference engine
        HEAD,
        TAIL,
    )

    from_end = count - at + 1
    if at <= HEAD and at <= from_end:
        return {"part": "head", "ordinal": at}
    if from_end <= TAIL:
        return {"part": "tail", "ordinal": from_end}
    return {"part": "body", "ordinal": at}


def _line(number: int, raw: str, removals: Sequence[Removal]) -> Line:
    start, end = 0, len(raw)
    for one in removals:
        if one.action == "drop":
            start = end
        elif one.action == "strip_prefix":
            start += len(one.text)
        else:
            end -= len(one.text)
    parts = ((raw[:start], True), (raw[start:end], False), (raw[end:], True))
    return Line(number, tuple(part for part in parts if part[0]), tuple(removals))
