r"""Stripping boilerplate: a raw text and rules in, the clean text and what was removed out.

A text is its lines, split at "\n" only. Each has a matching form (see `lines`);
a line whose form is empty is blank, stays, and is looked over everywhere below.

A line has **versions**: itself, and whatever the cuts of rules that may act leave of a version, in any order (at most
32, the first found first). What holds for one version holds for the line. Two lines **meet** if
at most 32 are between them and all of these are removed; they may be removed themselves.

**One round** judges every remaining line against the same picture of the text:

1. `structure.caption`: of three lines A, N, B, each meeting the next, where N is a number of 1 to 3 digits, A has
   at least 3 words and B equals A (in folded plain form; a credit that a `strip_suffix` rule finds at the end of B
   does not count), all three are dropped.
2. `structure.repeat`: a line of at least 8 words that equals one before it that it meets is dropped. (Not any
   earlier one: of 350 lines repeated further apart on 175 news pages, 86 were body text, such as refrains and the
   questions of an interview; and a repeat changes no set of shingles but at its ends.)
3. The first `drop` rule that may act and whose pattern matches the whole plain form drops the line.
4. Else the first `strip_prefix` or `strip_suffix` rule that may act and finds its pattern at that edge of what is
   left of the line cuts it: at the nearest end of a segment that leaves no matched byte, and white space beside the cut
   goes too. (A prefix is searched from the start of the plain form, a suffix up to its end, the longest one.)
   A line of which a cut of any version would leave nothing is dropped.

A rule may act where its position (`head`: fewer than 6 remaining lines before, `tail`: fewer than 12 behind), its
word limit and its literals allow. A weak rule also needs a removed line next to this one, or no remaining line
before it or behind it. A learned rule has a line, prefix or suffix instead of a pattern, and matches what is equal to
it, digits aside, however long it is.

**Settling** repeats rounds until one changes nothing. No rule can keep another from acting: with more rules more lines
go, and never fewer. **A step** settles with all rules (in a text of one line: with
those of class `prompt` and those that cut); if fewer than 40 words would remain, with the strong ones only; if no
token would remain, it changes nothing. Steps repeat, each on the outcome of the last, until one changes nothing:
so stripping twice equals stripping once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dedup.model import I64, Removal, Rule, Stripped, Texts
from dedup.reference.lines import count_words, form
from dedup.reference.rules import cut, matches
from dedup.reference.tokens import tokenize

HEAD = 6
TAIL = 12
LEAST_WORDS = 40
CAPTION_WORDS = 3
REPEAT_WORDS = 8
VERSIONS = 32
BETWEEN = 32


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
    """A line on its way: what is left of it, and every version that a rule may look at, `text` among them."""

    number: int
    raw: str
    text: str
    versions: tuple[str, ...]
    cuts: tuple[Removal, ...] = ()
    dropped_by: str = ""

    @property
    def blank(self) -> bool:
        return not form(self.text, fold=True).data

    @property
    def plains(self) -> set[bytes]:
        return {form(version, fold=True).plain for version in self.versions}


def strip(text: str, rules: Sequence[Rule], guard: bool = True) -> Clean:
    """Remove the boilerplate of one text; without `guard` in one step, also where little or nothing would remain."""
    lines = [_Line(number, raw, raw, (raw,)) for number, raw in enumerate(text.split("\n"), 1)]
    gone: list[_Line] = []
    guarded = False
    changed = True
    while changed:
        settled, held_back = _step(lines, rules, guard)
        guarded |= held_back
        gone += [line for line in settled if line.dropped_by]
        remaining = [replace(line, versions=(line.text,)) for line in settled if not line.dropped_by]
        changed = guard and remaining != lines
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


def _step(lines: list[_Line], rules: Sequence[Rule], guard: bool) -> tuple[list[_Line], bool]:
    """Settle under the guard rails; also whether one of them changed the outcome."""
    if not guard:
        return _settle(lines, rules), False
    if sum(not line.blank for line in lines) == 1:
        rules = [rule for rule in rules if rule.action != "drop" or rule.cls == "prompt"]
    full = settled = _settle(lines, rules)
    if sum(count_words(line.text) for line in full if not line.dropped_by) < LEAST_WORDS:
        settled = _settle(lines, [rule for rule in rules if rule.strength == "strong"])
    if not any(tokenize(line.text) for line in settled if not line.dropped_by):
        settled = lines
    return settled, _left(settled) != _left(full)


def _left(lines: list[_Line]) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in lines if not line.dropped_by]


def _settle(lines: list[_Line], rules: Sequence[Rule]) -> list[_Line]:
    while (after := _round(lines, rules)) != lines:
        lines = after
    return lines


def _round(lines: list[_Line], rules: Sequence[Rule]) -> list[_Line]:
    filled = [i for i, line in enumerate(lines) if not line.blank]
    found = _structure([lines[i] for i in filled], rules)
    after = list(lines)
    before = 0
    behind = sum(not lines[i].dropped_by for i in filled)
    for at, i in enumerate(filled):
        line = lines[i]
        behind -= not line.dropped_by
        places = {"any"} | ({"head"} if before < HEAD else set()) | ({"tail"} if behind < TAIL else set())
        beside = filled[max(at - 1, 0) : at + 2]
        weak = not before or not behind or any(lines[j].dropped_by for j in beside if j != i)
        acting = [rule for rule in rules if rule.pos in places and (weak or rule.strength != "weak")]
        if line.dropped_by:
            after[i] = _grow(line, acting)
        elif at in found:
            after[i] = replace(line, dropped_by=found[at])
        else:
            after[i] = _judge(line, acting)
        before += not line.dropped_by
    return after


def _structure(lines: list[_Line], rules: Sequence[Rule]) -> dict[int, str]:
    """The places of the lines that structure alone removes, and by which rule."""
    found: dict[int, str] = {}
    for i, line in enumerate(lines):
        long = {version for version in line.versions if count_words(version) >= REPEAT_WORDS}
        plains = {form(version, fold=True).plain for version in long}
        if plains and any(plains & lines[j].plains for j in _meeting(lines, i, -1)):
            found[i] = "structure.repeat"
    for n, number in enumerate(lines):
        if not any(re.fullmatch(rb"\d{1,3}", plain) for plain in number.plains):
            continue
        for a in _meeting(lines, n, -1):
            captions = [version for version in lines[a].versions if count_words(version) >= CAPTION_WORDS]
            plains = {form(caption, fold=True).plain for caption in captions}
            for b in _meeting(lines, n, 1):
                if plains & (lines[b].plains | _without_credit(lines[b], rules)):
                    found |= dict.fromkeys((a, n, b), "structure.caption")
    return found


def _meeting(lines: list[_Line], i: int, step: int) -> Iterator[int]:
    """The places of the lines before (-1) or behind (1) line `i` that meet it."""
    for j in range(i + step, i + step * (BETWEEN + 2), step):
        if not 0 <= j < len(lines):
            break
        yield j
        if not lines[j].dropped_by:
            break


def _without_credit(line: _Line, rules: Sequence[Rule]) -> set[bytes]:
    cuts = [cut(version, r) for version in line.versions for r in rules if r.action == "strip_suffix"]
    return {form(left, fold=True).plain for left in cuts if left is not None}


def _judge(line: _Line, rules: Sequence[Rule]) -> _Line:
    for rule in rules:
        if rule.action == "drop" and any(matches(version, rule) for version in line.versions):
            return replace(line, dropped_by=rule.id)
    cuts = list(_cuts(line, rules))
    for _, rule, left in cuts:
        if not form(left, fold=True).data:
            return replace(line, dropped_by=rule.id)
    grown = _grow(line, rules)
    for version, rule, left in cuts:
        if version == line.text:
            prefix = rule.action == "strip_prefix"
            taken = version.removesuffix(left) if prefix else version.removeprefix(left)
            removal = Removal(line.number, taken, rule.action, rule.id)
            versions = grown.versions if left in grown.versions else (*grown.versions, left)
            return replace(line, text=left, versions=versions, cuts=(*line.cuts, removal))
    return grown


def _grow(line: _Line, rules: Sequence[Rule]) -> _Line:
    """The line with the versions that cuts leave of those that it has."""
    versions = list(line.versions)
    for _, _, left in _cuts(line, rules):
        if left not in versions and len(versions) < VERSIONS and form(left, fold=True).data:
            versions.append(left)
    return replace(line, versions=tuple(versions))


def _cuts(line: _Line, rules: Sequence[Rule]) -> Iterator[tuple[str, Rule, str]]:
    """What rules leave of each version."""
    for version in line.versions:
        for rule in rules:
            if rule.action != "drop" and (left := cut(version, rule)) is not None:
                yield version, rule, left
