"""A progress bar on stderr, with rate and time left, if stderr is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dedup.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


@contextmanager
def shown(quiet: bool) -> Iterator[Progress]:
    """A progress bar while the block runs; nothing where nobody would see it."""
    if quiet or not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[articles]}", justify="right"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Bar(bars)


class Bar:
    """`Progress` as a line of rich: one stage at a time."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, stage: str, total: int | None, unit: str) -> None:  # noqa: ARG002  # a share needs no unit
        """Replace the bar of the stage before."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(stage, total=total, articles="")

    def update(self, done: int, articles: int) -> None:
        """Move the bar."""
        if self._task is None:
            return
        task = self._bars.tasks[-1]
        rate = articles / task.elapsed if task.elapsed else 0
        self._bars.update(self._task, completed=done, articles=f"{articles:,} articles, {rate:,.0f}/s")
