"""One rule and one line: whether the rule matches it, and what a rule that cuts leaves of it.

A pattern is matched on the line's form, the whole plain form or one edge of it;
a learned rule on what its line, prefix or suffix is equal to, digits aside. A
cut is made at the nearest end of a segment that leaves no matched byte.
"""

from __future__ import annotations

import re
from functools import cache

from dedup.model import Rule
from dedup.reference.lines import Form, form, plain_of, prefixes, suffixes, without_digits

_SPACE = " \t\r\u00a0"


def matches(line: str, rule: Rule) -> bool:
    """Whether a `drop` rule matches `line`."""
    at = _admit(line, rule)
    if at is None:
        return False
    return _is_line(at.plain, rule) if rule.line else bool(_compile(rule.pattern).fullmatch(at.plain))


def cut(line: str, rule: Rule) -> str | None:
    """What a `strip_*` rule leaves of `line`; None where it does not match."""
    at = _admit(line, rule)
    if at is None or (edge := _edge(at, rule)) is None:
        return None
    if rule.action == "strip_prefix":
        return line[next(raw for raw, size in at.ends if size >= edge) :].lstrip(_SPACE)
    return line[: max(raw for raw, size in ((0, 0), *at.ends) if size <= edge)].rstrip(_SPACE)


def _edge(at: Form, rule: Rule) -> int | None:
    """Where in the form the prefix ends or the suffix begins that a `strip_*` rule finds."""
    if rule.line and rule.action == "strip_prefix":
        return max((end for end in prefixes(at) if _is_line(plain_of(at.data[:end]), rule)), default=None)
    if rule.line:
        return min(
            (start for start in suffixes(at) if _is_line(plain_of(at.data[start:]), rule)), default=None
        )
    if rule.action == "strip_prefix":
        match = _compile(rule.pattern).match(at.data, at.start)
        return match.end() if match and match[0] else None
    match = _compile(f"(?:{rule.pattern})\\Z").search(at.data[: at.end])
    return match.start() if match and match[0] else None


def _is_line(plain: bytes, rule: Rule) -> bool:
    return without_digits(plain) == rule.line.encode()


def _admit(line: str, rule: Rule) -> Form | None:
    """The form to match `rule` on, if its word limit and literals admit the line."""
    folded = form(line, fold=True)
    if rule.line:
        return folded
    if folded.words > rule.max_words:
        return None
    if rule.literals and not any(literal.encode() in folded.data for literal in rule.literals):
        return None
    return form(line, fold=False) if rule.cased else folded


@cache
def _compile(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"))
