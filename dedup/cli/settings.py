"""Settings files: `[tool.dedup]` in pyproject.toml, or dedup.toml, become the defaults of the options.

The nearest file counts, from the current directory upwards to the root of its repository (the directory that holds
`.git`); outside a repository only the current directory is looked at. In one directory dedup.toml goes first. Keys are
the names of the options (`text-field` or `text_field`); the same key serves every command that has the option. Values
have the type that the option takes; where it takes several values or names with commas, also a list. Paths are relative
to the file. An option on the command line overrides its key.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dedup.errors import UsageError

PATHS = frozenset(
    {
        *("baseline", "cache", "counts", "duplicates", "index", "labels", "output", "rules", "temp_dir"),
        "work_dir",
    }
)
"""Options whose values are paths, or addresses."""

NOT_SETTINGS = frozenset(
    {
        *("help", "dry_run", "force", "learned_file", "list_rules", "review"),
        *("against", "outputs", "report_format", "since", "update_baseline", "within"),
        *("ask", "svg"),
    }
)
"""Options that belong to one call: a file that always says `--force` would defeat its purpose."""


class Kind(NamedTuple):
    """What an option takes.

    Attributes:
        type: Its type, as click names it.
        multiple: Whether it may be given several times.
    """

    type: str = "text"
    multiple: bool = False


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
    "integer range": ((int,), "a whole number"),
    "int": ((int,), "a whole number"),  # as typer 0.28 calls it
    "float": ((int, float), "a number"),
}
"""The TOML types of an option's type, and what to call them; a string for all others."""


def find(start: Path) -> Path | None:
    """The settings file that counts in directory `start`, or None."""
    parents = [start, *start.parents]
    root = next((i for i, directory in enumerate(parents) if (directory / ".git").exists()), 0)
    for directory in parents[: root + 1]:
        for name in ("dedup.toml", "pyproject.toml"):
            path = directory / name
            if path.is_file() and _table(path) is not None:
                return path
    return None


def defaults(options: Mapping[str, Mapping[str, Kind]], start: Path) -> dict[str, dict[str, Any]]:
    """Defaults of each command's options.

    Args:
        options: Per command, its options, and what each takes.
        start: The current directory.

    Returns:
        Per command, values by option name; empty without a settings file.

    Raises:
        UsageError: The file is no TOML, a key is no option, or a value has not the type of its option.
    """
    path = find(start)
    if path is None:
        return {}
    kinds = {name: kind for known in options.values() for name, kind in known.items()}
    allowed = kinds.keys() - NOT_SETTINGS
    values: dict[str, Any] = {}
    for key, value in (_table(path) or {}).items():
        name = key.replace("-", "_")
        if name not in allowed:
            raise UsageError(f'{path.name}: unknown setting "{key}"', _nearest(name, allowed))
        values[name] = _value(
            value, kinds[name], f'{path.name}: "{key}"', path.parent if name in PATHS else None
        )
    return {
        command: {name: value for name, value in values.items() if name in known}
        for command, known in options.items()
    }


def _value(value: Any, kind: Kind, where: str, base: Path | None) -> Any:
    """The value of an option from what a file says; paths are relative to `base`."""
    types, words = _TYPES.get(kind.type, ((str,), "a string"))
    items = value if isinstance(value, list) else [value]
    one = kind.multiple or len(items) == 1 or types == (str,)
    # An exact type: true is no whole number.
    if not one or not items or any(type(item) not in types for item in items):
        shown = json.dumps(value, ensure_ascii=False, default=str)
        raise UsageError(f"{where} is {shown}, not {words}", "see `dedup run --help` for what it takes")
    if base is not None:
        items = [item if "://" in item else str(base / item) for item in items]
    if kind.multiple:
        return items
    return ",".join(items) if types == (str,) else items[0]


def _table(path: Path) -> dict[str, Any] | None:
    """The settings in a file; None where a pyproject.toml is silent about dedup."""
    import tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: {reason}", "it is read for the settings of dedup") from None
    if path.name == "dedup.toml":
        return content
    table = content.get("tool", {}).get("dedup")
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{path.name}: tool.dedup is not a table", "write [tool.dedup]")
    return table


def _nearest(name: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, allowed, 1)
    shown = (near[0] if near else "").replace("_", "-")
    return (
        f'did you mean "{shown}"?'
        if shown
        else "settings are named like the options: text-field, threshold, keep, ..."
    )
