"""Several things at a time: items are made in the calling thread while what was made before is worked on in others.

The kernel spreads a call over all threads, but has to wait for the last of them at its end, and between two calls
Python prepares and files are written, which one core does alone. Here nobody waits for anybody as long as there are
items. Results come in the order of the items, whoever is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items that wait for each worker while it works: without any, it would wait whenever the others are slow."""


def spread(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The results of `work`, which runs beside the making of further items and beside itself.

    Args:
        work: Called by `threads` threads at the same time. What it raises is raised here.
        items: Made in the calling thread, which is the one that hears of interrupts.
        threads: How many; with 1, nothing is done beside anything.
    """
    return map(work, items) if threads == 1 else _in_turn(work, items, threads)


def beside(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """As `spread`, but `work` is called with one item after the other, never with two at a time.

    Args:
        work: See above.
        items: See above.
        threads: Threads that may be used; None = as many as help.
    """
    return map(work, items) if threads == 1 else _in_turn(work, items, 1)


def both(first: Callable[[], None], second: Callable[[], None], threads: int | None = None) -> None:
    """Do two things that have nothing to do with one another; with more than one thread, at the same time.

    The second is done in the calling thread, which is the one that hears of interrupts. What either raises is raised
    here, once both have ended.
    """
    if threads == 1:
        first()
        second()
        return
    worker = _Worker[Callable[[], None], None](lambda work: work())
    try:
        worker.give(first)
        second()
        worker.take()
    finally:
        worker.stop()


def _in_turn(work: Callable[[Item], Result], items: Iterable[Item], count: int) -> Iterator[Result]:
    """Give items to one worker after the other, and take their results in the same order."""
    workers = [_Worker(work) for _ in range(count)]
    given = taken = 0
    try:
        for item in items:
            workers[given % count].give(item)
            given += 1
            if given - taken > count * (1 + AHEAD):
                yield workers[taken % count].take()
                taken += 1
        for number in range(taken, given):
            yield workers[number % count].take()
    finally:
        for worker in workers:
            worker.stop()


class _Worker(Thread, Generic[Item, Result]):
    """A thread that works on one item after the other. Pools take longer to import than a small run takes."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._items: SimpleQueue[tuple[Item] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Result] | BaseException] = SimpleQueue()
        self._stopped = False
        self.start()

    def give(self, item: Item) -> None:
        """Put an item in line."""
        self._items.put((item,))

    def take(self) -> Result:
        """The result of the next item that was given, once there is one; what its work raised is raised again."""
        result = self._results.get()
        if isinstance(result, BaseException):
            raise result
        return result[0]

    def stop(self) -> None:
        """Wait until the item at work is done with; those behind it are let go."""
        self._stopped = True
        self._items.put(None)
        self.join()

    def run(self) -> None:
        """Work until told to stop, or something is raised."""
        while (item := self._items.get()) is not None and not self._stopped:
            try:
                self._results.put((self._work(*item),))
            except BaseException as error:
                self._results.put(error)
                return
            del item
