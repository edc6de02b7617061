"""Two things at a time: items are made in the calling thread while what was made before is worked on in another.

The kernel spreads each of its calls over all threads, but between two calls, Python prepares and files are written, and
one core does that alone. Results come in the order of the items, whoever is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def beside(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """The results of `work`, which runs beside the making of the next item.

    Args:
        work: Called with one item after the other, never with two at a time. What it raises is raised here.
        items: Made in the calling thread, which is the one that hears of interrupts.
        threads: Threads that may be used; with 1, nothing is done beside anything.
    """
    if threads == 1:
        yield from map(work, items)
        return
    task: _Task[Item, Result] | None = None
    try:
        for item in items:
            before, task = task, None
            results = [] if before is None else [before.result()]
            task = _Task(work, item)
            yield from results
        if task is not None:
            yield task.result()
    finally:
        if task is not None:
            task.join()


def both(first: Callable[[], None], second: Callable[[], None], threads: int | None = None) -> None:
    """Do two things that have nothing to do with one another; with more than one thread, at the same time.

    The second is done in the calling thread, which is the one that hears of interrupts. What either raises is raised
    here, once both have ended.
    """
    if threads == 1:
        first()
        second()
        return
    task = _Task(lambda work: work(), first)
    try:
        second()
    finally:
        task.join()
    task.result()


class _Task(Thread, Generic[Item, Result]):
    """One call in a thread of its own. Pools of threads take longer to import than a small run takes."""

    def __init__(self, work: Callable[[Item], Result], item: Item) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._item = item
        self._found: list[Result] = []
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Make the call."""
        try:
            self._found.append(self._work(self._item))
        except BaseException as error:
            self._error = error

    def result(self) -> Result:
        """What the call returned, once it has; what it raised is raised again."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._found[0]
