"""Settings files: `[tool.dedup]` in pyproject.toml, or dedup.toml, become the defaults of the options.

The nearest file counts, from the current directory upwards to the root of its repository (the directory that holds
`.git`); outside a repository only the current directory is looked at. In one directory dedup.toml goes first. Keys are
the names of the options (`text-field` or `text_field`); the same key serves every command that has the option. Paths
are relative to the file. An option on the command line overrides its key.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dedup.errors import UsageError

PATHS = frozenset({"output", "rules", "temp_dir"})
"""Options whose values are paths."""

NOT_SETTINGS = frozenset({"help", "dry_run", "force"})
"""Options that belong to one call: a file that always says `--force` would defeat its purpose."""


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


def defaults(options: Mapping[str, Mapping[str, bool]], start: Path) -> dict[str, dict[str, Any]]:
    """Defaults of each command's options.

    Args:
        options: Per command, its options, and whether each takes several values.
        start: The current directory.

    Returns:
        Per command, values by option name; empty without a settings file.

    Raises:
        UsageError: The file is no TOML, or a key is no option.
    """
    path = find(start)
    if path is None:
        return {}
    allowed = {name for names in options.values() for name in names} - NOT_SETTINGS
    values: dict[str, Any] = {}
    for key, value in (_table(path) or {}).items():
        name = key.replace("-", "_")
        if name not in allowed:
            raise UsageError(f'{path.name}: unknown setting "{key}"', _nearest(name, allowed))
        values[name] = _absolute(value, path.parent) if name in PATHS else value
    return {
        command: {
            name: ",".join(map(str, value)) if isinstance(value, list) and not several[name] else value
            for name, value in values.items()
            if name in several
        }
        for command, several in options.items()
    }


def _table(path: Path) -> dict[str, Any] | None:
    """The settings in a file; None where a pyproject.toml is silent about dedup."""
    import tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}", "it is read for the settings of dedup") from None
    if path.name == "dedup.toml":
        return content
    table = content.get("tool", {}).get("dedup")
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{path.name}: tool.dedup is not a table", "write [tool.dedup]")
    return table


def _nearest(name: str, allowed: set[str]) -> str:
    near = difflib.get_close_matches(name, allowed, 1)
    shown = (near[0] if near else "").replace("_", "-")
    return (
        f'did you mean "{shown}"?'
        if shown
        else "settings are named like the options: text-field, threshold, keep, ..."
    )


def _absolute(value: Any, base: Path) -> Any:
    if isinstance(value, list):
        return [_absolute(item, base) for item in value]
    return str(base / value) if isinstance(value, str) else value
