"""Versions of what a result depends on."""

from __future__ import annotations

import sys

VERSION = "0.1.0"
"""Of the package, as in pyproject.toml. To ask for the metadata of what is installed takes longer than a small run."""


def version() -> str:
    """Version of the package."""
    return VERSION


def versions() -> dict[str, str]:
    """Version of dedup and of each package that took part in what was done so far."""
    found = {"dedup": VERSION}
    for name in ("datasketch", "numpy", "pyarrow", "xxhash"):
        if name in sys.modules:
            found[name] = getattr(sys.modules[name], "__version__", None) or _installed(name)
    return found


def _installed(name: str) -> str:
    """What the metadata of a package says, for one that does not say it itself."""
    from importlib.metadata import version

    return version(name)
