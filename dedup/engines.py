"""Choosing an engine by name. Only the chosen one is imported."""

from __future__ import annotations

from collections.abc import Sequence

from dedup.config import Settings
from dedup.errors import UsageError
from dedup.model import Rule
from dedup.stages import Stages

MAX_THREADS = 1024
"""More would only cost memory and start-up: the kernel computes, it does not wait."""


def make_engine(
    name: str,
    settings: Settings,
    rules: Sequence[Rule],
    text_fields: Sequence[str],
    threads: int | None = None,
) -> Stages:
    """The engine of that name: `native` or `reference`. Only that one is imported.

    Raises:
        UsageError: There is no such engine, or `threads` is out of range.
    """
    if threads is not None and not 1 <= threads <= MAX_THREADS:
        raise UsageError(f"{threads} threads are not between 1 and {MAX_THREADS}", "leave it out: one a core")
    if name == "native":
        from dedup.native import Native

        return Native(settings, rules, text_fields, threads or 0)
    if name == "reference":
        from dedup.reference import Reference

        return Reference(settings, rules, text_fields)
    raise UsageError(f'unknown engine "{name}"', "native or reference")
