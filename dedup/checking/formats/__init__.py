"""Reports in the formats that people and CI services read: one module a format, each with `render`."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath

from dedup.checking.findings import Report
from dedup.errors import UsageError

FORMATS = ("text", "json", "sarif", "junit", "github", "markdown", "html")
"""The formats by name; the module of `json` is `document`, so that it does not hide another."""

SUFFIXES = {
    ".txt": "text",
    ".json": "json",
    ".sarif": "sarif",
    ".xml": "junit",
    ".md": "markdown",
    ".html": "html",
}
"""Which format a file name asks for."""


def render(report: Report, name: str) -> str:
    """A report in a format, ready to be written.

    Raises:
        UsageError: There is no such format, or it needs a package that is not installed.
    """
    if name not in FORMATS:
        raise UsageError(f'unknown format "{name}"', f"known: {', '.join(FORMATS)}")
    module = import_module(f"dedup.checking.formats.{'document' if name == 'json' else name}")
    text: str = module.render(report)
    return text


def format_of(path: str) -> str:
    """The format of a file by the end of its name; `report.sarif.json` is SARIF.

    Raises:
        UsageError: Its name does not tell.
    """
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes[-2:]]
    if suffixes == [".sarif", ".json"]:
        return "sarif"
    found = SUFFIXES.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise UsageError(
            f"the name of {path} tells no format", f"write FORMAT={path}; formats: {', '.join(FORMATS)}"
        )
    return found
