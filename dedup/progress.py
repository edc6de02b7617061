"""How far a run is, and where its time went: told to whoever wants to show it. Library code never prints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


class Later:
    """Shows nothing until it is told where: what happens belongs to a stage that has not begun."""

    def __init__(self) -> None:
        self._where: Progress = Silent()

    def show(self, where: Progress) -> None:
        """Show there what happens from now on."""
        self._where = where

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Pass it on."""
        self._where.start(stage, total, unit)

    def update(self, done: int, articles: int) -> None:
        """Pass it on."""
        self._where.update(done, articles)


@dataclass(slots=True)
class Clock:
    """Seconds by stage, in the order in which the stages first ended. A stage within another is not part of it."""

    seconds: dict[str, float] = field(default_factory=dict)
    _inner: float = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block for a stage."""
        start, around = time.perf_counter(), self._inner
        self._inner = 0.0
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds - self._inner
            self._inner = around + seconds
