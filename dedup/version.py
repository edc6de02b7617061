"""Versions of what a result depends on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version


def version() -> str:
    """Version of the installed package; `unknown` when it runs from a source tree that was never installed."""
    try:
        return installed_version("article-dedup")
    except PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """Version of dedup and of each package that takes part in a result."""
    return {
        "dedup": version(),
        **{name: installed_version(name) for name in ("datasketch", "numpy", "pyarrow", "xxhash")},
    }
