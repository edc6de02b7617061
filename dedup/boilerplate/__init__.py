"""Boilerplate rules: TOML files in, validated `Rule`s out.

The packaged rules (`rules.toml`, which opens with the meaning of each field)
always come first; a person's own files follow in the order given. What the
rules do to a text is specified in `dedup.reference.strip`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from dedup.boilerplate.pattern import check, to_bytes_pattern
from dedup.errors import UsageError
from dedup.model import Rule

__all__ = ["load"]

_PACKAGED = resources.files(__package__).joinpath("rules.toml")

_CHOICES = {
    "pos": ("head", "tail", "any"),
    "action": ("drop", "strip_prefix", "strip_suffix"),
    "strength": ("strong", "weak"),
}
_REQUIRED = {"id": str, "class": str, "max_words": int, "pattern": str} | dict.fromkeys(_CHOICES, str)
_OPTIONAL = {"lang": str, "literals": list, "cased": bool, "note": str}


def load(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = ()) -> tuple[Rule, ...]:
    """The packaged rules, then those of `paths`, which is one path or several.

    Raises:
        UsageError: A file cannot be read or is not TOML, or a rule is not valid; the message names file, rule
            and reason.
    """
    rules = _packaged()
    # One path instead of a list of them would be taken letter by letter.
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        name = os.fspath(path)
        try:
            with open(name, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(
                f"{name}: rules cannot be read: {reason}", "give a TOML file of [[rule]]"
            ) from None
        rules += _parse(text, name)
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise UsageError(f"two rules have the id {rule.id!r}", "give every rule an id of its own")
        seen.add(rule.id)
    return rules


@cache
def _packaged() -> tuple[Rule, ...]:
    """Read once a process: it takes 30 ms, as long as finding the copies among 1,000 articles."""
    return _parse(_PACKAGED.read_text(encoding="utf-8"), "rules.toml", trusted=True)


def _parse(text: str, name: str, trusted: bool = False) -> tuple[Rule, ...]:
    hint = f"{_PACKAGED} opens with the fields of a rule"
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}", hint) from None
    tables = document.get("rule", [])
    if unknown := sorted(set(document) - {"version", "rule"}):
        raise UsageError(f"{name}: unknown key {unknown[0]!r}", hint)
    if document.get("version", 1) != 1:
        raise UsageError(
            f"{name}: version {document['version']} of the rules is not known", "this is version 1"
        )
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{name}: 'rule' is not a list of tables", hint)
    rules = []
    for number, table in enumerate(tables, 1):
        try:
            rules.append(_rule(table))
            if not trusted:
                check(rules[-1].pattern)
        except ValueError as error:
            raise UsageError(f"{name}: rule {table.get('id', number)}: {error}", hint) from None
    return tuple(rules)


def _rule(table: Mapping[str, object]) -> Rule:
    kinds = _REQUIRED | _OPTIONAL
    for key, kind in kinds.items():
        if key in _REQUIRED and key not in table:
            raise ValueError(f"{key} is missing")
        if key in table and type(table[key]) is not kind:
            raise ValueError(f"{key} is not a {kind.__name__}")
    if unknown := sorted(set(table) - set(kinds)):
        raise ValueError(f"unknown key {unknown[0]!r}")
    for key, choices in _CHOICES.items():
        if table[key] not in choices:
            raise ValueError(f"{key} {table[key]!r} is none of {', '.join(choices)}")
    values: dict[str, object] = dict(table)
    if not values["id"] or not 1 <= int(str(values["max_words"])) <= 10_000:
        raise ValueError("id is empty, or max_words is not between 1 and 10000")
    literals = values.get("literals", [])
    if not isinstance(literals, list) or not all(
        isinstance(literal, str) and literal for literal in literals
    ):
        raise ValueError("literals is not a list of strings")
    if upper := [literal for literal in literals if literal != literal.lower()]:
        raise ValueError(f"the literal {upper[0]!r} is not in lower case")
    cased = values.get("cased", False) is True
    return Rule(
        id=str(values["id"]),
        cls=str(values["class"]),
        pos=str(values["pos"]),
        max_words=int(str(values["max_words"])),
        action=str(values["action"]),
        strength=str(values["strength"]),
        pattern=to_bytes_pattern(str(values["pattern"]), cased),
        literals=tuple(literals),
        cased=cased,
    )
