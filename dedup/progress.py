"""How far a run is: what the pipeline tells whoever wants to show it. Library code never prints."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of each stage in turn."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """A stage begins; the one before is over.

        Args:
            stage: What happens, e.g. `reading`.
            total: Amount of work in `unit`, None where unknown.
            unit: `bytes` or `articles`.
        """

    def update(self, done: int, articles: int) -> None:
        """`done` units of the stage are finished, and `articles` articles have passed through it."""


class Silent:
    """Shows nothing."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Show nothing."""

    def update(self, done: int, articles: int) -> None:
        """Show nothing."""
