r"""Stripping boilerplate: a raw text and rules in, the clean text and what was removed out.

A text is its lines, split at "\n" only. Each has a matching form (see `lines`);
a line whose form is empty is blank, stays, and is looked over everywhere below.

**One round** judges every remaining line against the same picture of the text:

1. `structure.caption`: of three successive lines A, N, B, where N is a number of 1 to 3 digits, A has at least
   3 words and B equals A (in folded plain form; a credit that a `strip_suffix` rule finds at the end of B does
   not count), all three are dropped.
2. `structure.repeat`: a line of at least 8 words that equals the remaining line before it is dropped. (Not any
   earlier one: of 350 lines repeated further apart on 175 news pages, 86 were body text, such as refrains and the
   questions of an interview; and a repeat changes no set of shingles but at its ends.)
3. The first `drop` rule that may act and whose pattern matches the whole plain form drops the line.
4. Else the first `strip_prefix` or `strip_suffix` rule that may act and finds its pattern at that edge cuts the
   line: at the nearest end of a segment that leaves no matched byte, and white space beside the cut goes
   too. (A prefix is searched from the start of the plain form, a suffix up to its end, the longest one.)
   A line of which nothing would be left is dropped.

A rule may act where its position (of the line among those that remain), its word limit and its literals allow.
A weak rule also needs a removed line next to this one, or that this is the first or last remaining line. In a text
of one line only rules of class `prompt` and those that cut may act. A learned rule has a line instead of a pattern,
and matches what is equal to it, digits aside, however long it is.

**Settling** repeats rounds until one changes nothing. **A step** settles with all rules; if fewer than 40
words would remain, with the strong ones only; if no token would remain, it changes nothing. Steps repeat, each
on the outcome of the last, until one changes nothing: so stripping twice equals stripping once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from dedup.model import I64, Removal, Rule, Stripped, Texts
from dedup.reference.lines import Form, count_words, form, without_digits
from dedup.reference.tokens import tokenize

HEAD = 6
TAIL = 12
LEAST_WORDS = 40
CAPTION_WORDS = 3
REPEAT_WORDS = 8


@dataclass(frozen=True, slots=True)
class Clean:
    """A stripped text.

    Attributes:
        text: What remains.
        removals: What was removed, in line order.
        guarded: Whether a guard rail changed the outcome.
    """

    text: str
    removals: tuple[Removal, ...]
    guarded: bool


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    raw: str
    text: str
    cuts: tuple[Removal, ...] = ()
    dropped_by: str = ""

    @property
    def blank(self) -> bool:
        return not form(self.text, fold=True).data


def strip(text: str, rules: Sequence[Rule]) -> Clean:
    """Remove the boilerplate of one text."""
    lines = [_Line(number, raw, raw) for number, raw in enumerate(text.split("\n"), 1)]
    gone: list[_Line] = []
    guarded = False
    while True:
        settled, held_back = _step(lines, rules)
        guarded |= held_back
        gone += [line for line in settled if line.dropped_by]
        remaining = [line for line in settled if not line.dropped_by]
        if remaining == lines:
            break
        lines = remaining
    removals: list[Removal] = []
    for line in sorted(gone + lines, key=lambda line: line.number):
        dropped = Removal(line.number, line.raw, "drop", line.dropped_by)
        removals += (dropped,) if line.dropped_by else line.cuts
    return Clean("\n".join(line.text for line in lines), tuple(removals), guarded)


def strip_all(texts: Texts, rules: Sequence[Rule], explain: bool = False) -> Stripped:
    """The stage of the same name: all texts of a batch."""
    raw = texts.strings()
    clean = [strip(text, rules) for text in raw]
    stripped = Texts.from_strings([c.text for c in clean])
    sizes = [len(text.encode()) for text in raw]
    return Stripped(
        stripped,
        np.array([sum(r.action == "drop" for r in c.removals) for c in clean], np.uint32),
        (np.array(sizes, np.int64) - np.diff(stripped.offsets)).astype(np.uint32),
        np.array([c.guarded for c in clean], np.uint8),
        *_account([r for c in clean for r in c.removals], rules),
        [list(c.removals) for c in clean] if explain else None,
    )


def leave_all(texts: Texts) -> Stripped:
    """The same stage where nothing is to be stripped."""
    none = np.zeros(len(texts), np.uint32)
    return Stripped(texts, none, none, none.astype(np.uint8), *_account([], ()))


def _account(removals: Sequence[Removal], rules: Sequence[Rule]) -> tuple[I64, I64]:
    """Lines and characters removed, by rule and then by structure."""
    slots = [*(rule.id for rule in rules), "structure.caption", "structure.repeat"]
    lines, chars = np.zeros(len(slots), np.int64), np.zeros(len(slots), np.int64)
    for removal in removals:
        slot = slots.index(removal.rule)
        lines[slot] += removal.action == "drop"
        chars[slot] += len(removal.text)
    return lines, chars


def _step(lines: list[_Line], rules: Sequence[Rule]) -> tuple[list[_Line], bool]:
    """Settle under the guard rails; also whether one of them changed the outcome."""
    full = settled = _settle(lines, rules)
    if sum(count_words(line.text) for line in full if not line.dropped_by) < LEAST_WORDS:
        settled = _settle(lines, [rule for rule in rules if rule.strength == "strong"])
    if not any(tokenize(line.text) for line in settled if not line.dropped_by):
        settled = lines
    return settled, _left(settled) != _left(full)


def _left(lines: list[_Line]) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in lines if not line.dropped_by]


def _settle(lines: list[_Line], rules: Sequence[Rule]) -> list[_Line]:
    if sum(not line.blank for line in lines) == 1:
        rules = [rule for rule in rules if rule.action != "drop" or rule.cls == "prompt"]
    while (after := _round(lines, rules)) != lines:
        lines = after
    return lines


def _round(lines: list[_Line], rules: Sequence[Rule]) -> list[_Line]:
    filled = [i for i, line in enumerate(lines) if not line.blank]
    remaining = [i for i in filled if not lines[i].dropped_by]
    near_removed = {
        i
        for before, i, after in zip([None, *filled], filled, [*filled[1:], None], strict=False)
        if any(j is not None and lines[j].dropped_by for j in (before, after))
    }
    after = list(lines)
    for i, rule_id in _structure([lines[i] for i in remaining], rules).items():
        after[remaining[i]] = replace(lines[remaining[i]], dropped_by=rule_id)
    for at, i in enumerate(remaining):
        if after[i].dropped_by:
            continue
        places = (
            {"any"}
            | ({"head"} if at < HEAD else set())
            | ({"tail"} if len(remaining) - at <= TAIL else set())
        )
        weak = i in near_removed or at in (0, len(remaining) - 1)
        acting = [rule for rule in rules if rule.pos in places and (weak or rule.strength != "weak")]
        after[i] = _judge(lines[i], acting)
    return after


def _structure(lines: list[_Line], rules: Sequence[Rule]) -> dict[int, str]:
    """The lines that structure alone removes, and by which rule."""
    found: dict[int, str] = {}
    plains = [form(line.text, fold=True).plain for line in lines]
    for i, line in enumerate(lines):
        if i and plains[i] == plains[i - 1] and count_words(line.text) >= REPEAT_WORDS:
            found[i] = "structure.repeat"
    for i in range(len(lines) - 2):
        first, number = (form(line.text, fold=True) for line in lines[i : i + 2])
        if not re.fullmatch(rb"\d{1,3}", number.plain) or count_words(lines[i].text) < CAPTION_WORDS:
            continue
        texts = [
            lines[i + 2].text,
            *(_cut(lines[i + 2].text, r) for r in rules if r.action == "strip_suffix"),
        ]
        if first.plain in [form(text, fold=True).plain for text in texts if text is not None]:
            found |= dict.fromkeys((i, i + 1, i + 2), "structure.caption")
    return found


def _judge(line: _Line, rules: Sequence[Rule]) -> _Line:
    for rule in rules:
        if rule.action == "drop" and _matches(line.text, rule):
            return replace(line, dropped_by=rule.id)
    for rule in rules:
        if rule.action != "drop" and (left := _cut(line.text, rule)) is not None:
            if not form(left, fold=True).data:
                return replace(line, dropped_by=rule.id)
            prefix = rule.action == "strip_prefix"
            taken = line.text.removesuffix(left) if prefix else line.text.removeprefix(left)
            cut = Removal(line.number, taken, rule.action, rule.id)
            return replace(line, text=left, cuts=(*line.cuts, cut))
    return line


def _matches(line: str, rule: Rule) -> bool:
    if rule.line:
        return without_digits(form(line, fold=True).plain) == rule.line.encode()
    at = _admit(line, rule)
    return at is not None and bool(_compile(rule.pattern).fullmatch(at.plain))


def _cut(line: str, rule: Rule) -> str | None:
    """What a `strip_*` rule leaves of `line`; None where it does not match."""
    at = _admit(line, rule)
    if at is None:
        return None
    if rule.action == "strip_prefix":
        match = _compile(rule.pattern).match(at.data, at.start)
        if not match or not match[0]:
            return None
        cut = next(raw for raw, size in at.ends if size >= match.end())
        return line[cut:].lstrip(" \t\r\u00a0")
    match = _compile(f"(?:{rule.pattern})\\Z").search(at.data[: at.end])
    if not match or not match[0]:
        return None
    cut = max(raw for raw, size in ((0, 0), *at.ends) if size <= match.start())
    return line[:cut].rstrip(" \t\r\u00a0")


def _admit(line: str, rule: Rule) -> Form | None:
    """The form to match `rule` on, if its word limit and literals admit the line."""
    folded = form(line, fold=True)
    if folded.words > rule.max_words:
        return None
    if rule.literals and not any(literal.encode() in folded.data for literal in rule.literals):
        return None
    return form(line, fold=False) if rule.cased else folded


@cache
def _compile(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"))
