"""Choosing an engine by name. Only the chosen one is imported."""

from __future__ import annotations

from collections.abc import Sequence

from dedup.config import Settings
from dedup.errors import UsageError
from dedup.model import Rule
from dedup.stages import Stages


def make_engine(
    name: str,
    settings: Settings,
    rules: Sequence[Rule],
    text_fields: Sequence[str],
    threads: int | None = None,
) -> Stages:
    """The engine of that name: `native` or `reference`. Only that one is imported."""
    if name == "native":
        from dedup.native import Native

        return Native(settings, rules, text_fields, threads or 0)
    if name == "reference":
        from dedup.reference import Reference

        return Reference(settings, rules, text_fields)
    raise UsageError(f'unknown engine "{name}"', "native or reference")
