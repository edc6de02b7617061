"""One rules file: TOML text in, its rules, learned lines and switched-off rules out.

    version = 1
    disable = ["share.en"]      # ids of rules that shall not act
    [[rule]]                    # rules.toml opens with the fields
    [learned]                   # what the lines were learned from: documents, sources
    [[line]]                    # only `line` is required

Everything in it is checked; a mistake is reported with the file, the number of
the rule or line, and the reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from dedup.boilerplate.line import SEEDS, learned
from dedup.boilerplate.pattern import check, to_bytes_pattern
from dedup.errors import UsageError
from dedup.model import Rule

_KEYS = {"version": int, "disable": list, "rule": list, "learned": dict, "line": list}
_CHOICES = {
    "pos": ("head", "tail", "any"),
    "action": ("drop", "strip_prefix", "strip_suffix"),
    "strength": ("strong", "weak"),
}
_RULE_REQUIRED = {"id": str, "class": str, "max_words": int, "pattern": str} | dict.fromkeys(_CHOICES, str)
_RULE_OPTIONAL = {"lang": str, "literals": list, "cased": bool, "note": str}
_COUNTS = {"documents": int, "stories": int, "sources": int}
_LINE_OPTIONAL = {"action": str, "examples": list, "note": str} | _COUNTS
_LEARNED = {"documents": int, "sources": int, "note": str}
_RESERVED = ("learned.", "structure.")
_MAX_WORDS = 10_000
_HINT = "the rules.toml of the package opens with the fields of a rule; `dedup learn` writes [[line]]"


@dataclass(frozen=True, slots=True)
class RuleFile:
    """What one file holds.

    Attributes:
        name: The file, for messages.
        rules: Its rules, in its order.
        lines: Its learned lines, in its order.
        disabled: Ids of the rules that it switches off.
    """

    name: str
    rules: tuple[Rule, ...]
    lines: tuple[Rule, ...]
    disabled: tuple[str, ...]


class _FieldError(ValueError):
    """A mistake in a table; `hint` says what was perhaps meant."""

    def __init__(self, message: str, hint: str = _HINT) -> None:
        super().__init__(message)
        self.hint = hint


def parse(text: str, name: str, trusted: bool = False) -> RuleFile:
    """Read a rules file.

    Args:
        text: What it holds.
        name: How messages call it.
        trusted: Leave out the one check that takes long, whether each pattern compiles.

    Raises:
        UsageError: The file is not valid.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}", _HINT) from None
    try:
        _check_keys(document, {}, _KEYS)
        if document.get("version", 1) != 1:
            raise _FieldError(f"version {document['version']} of the rules is not known", "this is version 1")
        _check_keys(document.get("learned", {}), {}, _LEARNED)
        disabled = _strings(document, "disable")
    except ValueError as error:
        raise UsageError(f"{name}: {error}", _hint(error)) from None
    rules = _tables(document, "rule", name, lambda table: _rule(table, trusted))
    return RuleFile(name, rules, _tables(document, "line", name, _line), disabled)


def _tables(
    document: Mapping[str, object], key: str, name: str, read: Callable[[Mapping[str, object]], Rule]
) -> tuple[Rule, ...]:
    """The rules that `read` makes of the tables under `key`."""
    tables = document.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{name}: {key!r} is not a list of tables", f"write [[{key}]] above each")
    made = []
    for number, table in enumerate(tables, 1):
        try:
            made.append(read(table))
        except ValueError as error:
            called = f" ({table['id']})" if isinstance(table.get("id"), str) else ""
            raise UsageError(f"{name}: {key} {number}{called}: {error}", _hint(error)) from None
    return tuple(made)


def _rule(table: Mapping[str, object], trusted: bool) -> Rule:
    _check_keys(table, _RULE_REQUIRED, _RULE_OPTIONAL)
    for key, choices in _CHOICES.items():
        _check_choice(table, key, choices)
    rule_id, max_words = str(table["id"]), int(str(table["max_words"]))
    if not rule_id or rule_id.startswith(_RESERVED):
        raise _FieldError("id is empty, or begins with 'learned.' or 'structure.', which mean something else")
    if not 1 <= max_words <= _MAX_WORDS:
        raise _FieldError(f"max_words {max_words} is not between 1 and {_MAX_WORDS}")
    literals = _strings(table, "literals")
    if upper := [literal for literal in literals if literal != literal.lower()]:
        raise _FieldError(f"the literal {upper[0]!r} is not in lower case")
    cased = table.get("cased", False) is True
    pattern = to_bytes_pattern(str(table["pattern"]), cased)
    if not trusted:
        check(pattern)
    return Rule(
        id=rule_id,
        cls=str(table["class"]),
        pos=str(table["pos"]),
        max_words=max_words,
        action=str(table["action"]),
        strength=str(table["strength"]),
        pattern=pattern,
        literals=literals,
        cased=cased,
        lang=str(table.get("lang", "")),
    )


def _line(table: Mapping[str, object]) -> Rule:
    _check_keys(table, {"line": str}, _LINE_OPTIONAL)
    if "action" in table:
        _check_choice(table, "action", tuple(SEEDS))
    _strings(table, "examples")
    if "\n" in str(table["line"]):
        raise _FieldError("line holds a line end", "write a [[line]] for each line")
    counts = {key: int(str(table.get(key, 0))) for key in _COUNTS}
    if negative := [key for key, count in counts.items() if count < 0]:
        raise _FieldError(f"{negative[0]} is negative")
    return learned(str(table["line"]), str(table.get("action", "drop")), **counts)


def _check_keys(
    table: Mapping[str, object], required: Mapping[str, type], optional: Mapping[str, type]
) -> None:
    kinds = {**required, **optional}
    if unknown := sorted(set(table) - set(kinds)):
        near = get_close_matches(unknown[0], list(kinds), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(kinds)}"
        raise _FieldError(f"unknown key {unknown[0]!r}", hint)
    for key, kind in kinds.items():
        if key in required and key not in table:
            raise _FieldError(f"{key} is missing")
        if key in table and type(table[key]) is not kind:
            raise _FieldError(f"{key} is not {_NAMES[kind]}")


_NAMES = {str: "a string", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


def _check_choice(table: Mapping[str, object], key: str, choices: tuple[str, ...]) -> None:
    if table[key] not in choices:
        raise _FieldError(f"{key} {table[key]!r} is none of {', '.join(choices)}")


def _strings(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise _FieldError(f"{key} is not a list of strings")
    return tuple(values)


def _hint(error: ValueError) -> str:
    return error.hint if isinstance(error, _FieldError) else _HINT
