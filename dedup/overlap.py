"""Several things at a time: items are made in the calling thread while what was made before is worked on in others.

The kernel spreads a call over all threads, but has to wait for the last of them at its end, and between two calls
Python prepares and files are written, which one core does alone. Here nobody waits for anybody as long as there are
items. Results come in the order of the items, whoever is faster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 10
"""Items in line beside one for each worker. With few, workers wait whenever the caller has to: of three threads on two
cores, one stands still for longer than an item takes. With four, two workers were idle for 5% of their time."""


def spread(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The results of `work`, which runs beside the making of further items and beside itself.

    Args:
        work: Called by `threads` threads at the same time. What it raises is raised here.
        items: Made in the calling thread, which is the one that hears of interrupts.
        threads: How many; with 1, nothing is done beside anything.
    """
    return map(work, items) if threads == 1 else _in_turn(work, items, threads, 2 * threads + AHEAD)


def beside(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """As `spread`, but `work` is called with one item after the other, never with two at a time.

    Args:
        work: See above.
        items: See above.
        threads: Threads that may be used; None = as many as help.
    """
    return map(work, items) if threads == 1 else _in_turn(work, items, 1, 3)


def both(first: Callable[[], None], second: Callable[[], None], threads: int | None = None) -> None:
    """Do two things that have nothing to do with one another; with more than one thread, at the same time.

    The second is done in the calling thread, which is the one that hears of interrupts. What either raises is raised
    here, once both have ended.
    """
    if threads == 1:
        first()
        second()
        return
    with meanwhile(first) as wait:
        second()
        wait()


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Do something in another thread during the block, which ends no sooner.

    Gives what waits (once) for its end, and raises what it raised.
    """
    crew = _Crew[None, None](lambda _: work(), 1)
    try:
        yield crew.give(None)
    finally:
        crew.stop()


def _in_turn(
    work: Callable[[Item], Result], items: Iterable[Item], count: int, most: int
) -> Iterator[Result]:
    """Give items to whichever of `count` workers is free, and take their results in the order of the items.

    At most `most` items are in line, at work, or done with and not taken.
    """
    crew = _Crew(work, count)
    awaited: deque[Callable[[], Result]] = deque()
    try:
        for item in items:
            awaited.append(crew.give(item))
            del item
            if len(awaited) > most:
                yield awaited.popleft()()
        while awaited:
            yield awaited.popleft()()
    finally:
        crew.stop()


class _Crew(Generic[Item, Result]):
    """Threads that share one line of items. Pools take longer to import than a small run takes."""

    def __init__(self, work: Callable[[Item], Result], count: int) -> None:
        self._work = work
        self._line: SimpleQueue[tuple[Item, SimpleQueue[tuple[Result] | BaseException]] | None] = (
            SimpleQueue()
        )
        self._stopped = False
        self._threads = [Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def give(self, item: Item) -> Callable[[], Result]:
        """Put an item in line. Gives what waits for its result, once, and raises what its work raised."""
        place: SimpleQueue[tuple[Result] | BaseException] = SimpleQueue()
        self._line.put((item, place))

        def take() -> Result:
            result = place.get()
            if isinstance(result, BaseException):
                raise result
            return result[0]

        return take

    def stop(self) -> None:
        """Wait until the items at work are done with; those in line are let go."""
        self._stopped = True
        for _ in self._threads:
            self._line.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (given := self._line.get()) is not None and not self._stopped:
            item, place = given
            del given
            try:
                place.put((self._work(item),))
            except BaseException as error:
                self._stopped = (
                    True  # all before this item have been begun, and nobody asks for those behind it
                )
                place.put(error)
            del item, place
