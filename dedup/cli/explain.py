"""`dedup strip --explain` for a person: articles with their boilerplate marked.

    out/a.txt: 1 line removed, 1 cut
    ~  1  [-News article: -]The ferry to Oldsund sails again  prompt.head_prefix
       2  Crowds cheered as the first boat left the harbour.
       …  14 lines
    - 17  Share this article                                  share.en

Kept lines that are far from a removed one are folded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dedup.cli.rows import Row, block
from dedup.explain import Line, lines
from dedup.model import Removal, Rule

CONTEXT = 1
"""Kept lines shown on either side of a removed one."""


def explain(
    identity: str, text: str, removals: Sequence[Removal], guarded: bool, rules: Mapping[str, Rule]
) -> str:
    """What stripping did to one article, ready to print on stdout.

    Args:
        identity: Its id.
        text: Its raw text.
        removals: What was removed.
        guarded: Whether a guard rail acted.
        rules: All rules, by id.
    """
    marked = lines(text, removals)
    guard = "guard rail: rules were held back, since fewer than 40 words would remain" if guarded else ""
    return block(identity, _counts(marked), list(_rows(marked, rules)), guard)


def _counts(marked: Sequence[Line]) -> str:
    dropped = sum(line.dropped for line in marked)
    cut = sum(bool(line.removals) and not line.dropped for line in marked)
    counts = [f"{dropped:,} line{'' if dropped == 1 else 's'} removed"] if dropped else []
    counts += [f"{cut:,} cut"] if cut else []
    return ", ".join(counts) or "nothing removed"


def _rows(marked: Sequence[Line], rules: Mapping[str, Rule]) -> Iterator[Row]:
    """The rows of an article; none if nothing was removed."""
    filled = [line for line in marked if line.removals or not line.blank]
    near = {
        filled[i].number
        for at, line in enumerate(filled)
        if line.removals
        for i in range(max(0, at - CONTEXT), min(len(filled), at + CONTEXT + 1))
    }
    if not near:
        return
    folded: list[Line] = []
    for line in filled:
        if line.number not in near:
            folded.append(line)
            continue
        yield from _fold(folded)
        folded = []
        notes = dict.fromkeys(_note(one.rule, rules) for one in line.removals)
        yield Row.of(line, ", ".join(notes))
    yield from _fold(folded)


def _fold(folded: Sequence[Line]) -> Iterator[Row]:
    if len(folded) == 1:
        yield Row.of(folded[0])
    elif folded:
        yield Row(" ", "…", ((f"{len(folded):,} lines", False),))


def _note(rule: str, rules: Mapping[str, Rule]) -> str:
    """The id of a rule; of a learned one also in how many stories and documents it was seen."""
    if rule in rules and rules[rule].line:
        return f"{rule} ({rules[rule].stories:,} stories in {rules[rule].documents:,} documents)"
    return rule
