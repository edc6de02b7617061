"""Boilerplate rules: TOML files in, validated `Rule`s out.

The packaged rules (`rules.toml`, which opens with the meaning of each field)
come first; a person's own follow in the order of their files; learned lines,
of all files together, come last. What rules do to a text is specified in
`dedup.reference.strip`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib import resources

from dedup.boilerplate.line import is_learned
from dedup.boilerplate.rulefile import RuleFile, parse
from dedup.errors import UsageError
from dedup.model import Rule

__all__ = ["load"]

_PACKAGED = resources.files(__package__).joinpath("rules.toml")


def load(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = ()) -> tuple[Rule, ...]:
    """The packaged rules, then those of `paths`, which is one path or several, but for those that a file disables.

    A line that was learned in several files is one rule, with the largest of each count.

    Raises:
        UsageError: A file cannot be read or is not TOML, a rule or line is not valid, two rules have one id, or
            a disabled rule does not exist; the message names the file, the rule or line, and the reason.
    """
    # One path instead of a list of them would be taken letter by letter.
    given = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    files = [_packaged(), *(_read(os.fspath(path)) for path in given)]
    rules: dict[str, Rule] = {}
    for rule in (rule for file in files for rule in file.rules):
        if rule.id in rules:
            raise UsageError(f"two rules have the id {rule.id!r}", "give every rule an id of its own")
        rules[rule.id] = rule
    for line in (line for file in files for line in file.lines):
        rules[line.id] = _merged(rules.get(line.id, line), line)
    for file in files:
        _check_disabled(file, rules)
    disabled = {one for file in files for one in file.disabled}
    return tuple(rule for rule in rules.values() if rule.id not in disabled)


@cache
def _packaged() -> RuleFile:
    """Read once a process: it takes 30 ms, as long as finding the copies among 1,000 articles."""
    return parse(_PACKAGED.read_text(encoding="utf-8"), "rules.toml", trusted=True)


def _read(name: str) -> RuleFile:
    try:
        with open(name, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{name}: rules cannot be read: {reason}", "give a TOML file of [[rule]] or [[line]]"
        ) from None
    return parse(text, name)


def _merged(one: Rule, other: Rule) -> Rule:
    counts = ("documents", "stories", "sources")
    return replace(one, **{count: max(getattr(one, count), getattr(other, count)) for count in counts})


def _check_disabled(file: RuleFile, rules: dict[str, Rule]) -> None:
    # A learned line may be gone when a corpus is learned again: that it is switched off is no mistake then.
    unknown = [one for one in file.disabled if one not in rules and not is_learned(one)]
    if unknown:
        raise UsageError(
            f"{file.name}: disable: there is no rule {unknown[0]!r}", _nearest(unknown[0], list(rules))
        )


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1, 0.5)
    return f"did you mean {near[0]!r}?" if near else "`dedup strip --list-rules` lists the ids"
