"""Which documents stay, while it is being decided: one thread decides, another writes what is decided already.

Documents are decided from the first on. Whoever asks for one that is not decided yet waits. Comparing leaves cores idle
now and then, and writing takes one: so the records of a large run are nearly written by the time all are decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from dedup.errors import InternalError
from dedup.model import Mask
from dedup.overlap import meanwhile


class Decisions:
    """Whether each of `count` documents stays; one thread decides, and one at a time asks.

    What is decided goes through a queue: whoever is interrupted while he decides leaves nothing locked behind.
    """

    def __init__(self, count: int) -> None:
        self._stays = np.zeros(count, np.bool_)
        self._decided = 0
        self._coming: SimpleQueue[Mask | None] = SimpleQueue()
        self._error: BaseException | None = None

    @classmethod
    def made(cls, stays: Mask) -> Decisions:
        """Decisions that are known for all documents."""
        decisions = cls(len(stays))
        decisions.add(stays)
        return decisions

    def add(self, stays: Mask) -> None:
        """Take in what is decided of the next documents. Raises what `fail` was given."""
        self.check()
        self._coming.put(stays)

    def fail(self, error: BaseException) -> None:
        """Whoever waits, asks or decides from now on gets the error: one side tells the other that it gave up."""
        self._error = self._error or error
        self._coming.put(None)

    def check(self) -> None:
        """Raise what `fail` was given."""
        if self._error is not None:
            raise self._error

    def of(self, start: int, stop: int) -> Mask:
        """bool[stop - start], whether these documents stay, once they are decided. Raises what `fail` was given."""
        self.check()
        while self._decided < stop:
            stays = self._coming.get()
            self.check()
            if stays is not None:
                self._stays[self._decided : self._decided + len(stays)] = stays
                self._decided += len(stays)
        return self._stays[start:stop]


@dataclass(frozen=True, slots=True)
class Choice:
    """The documents of one source that go to one file; a slice of it is a mask, once they are decided.

    Attributes:
        decisions: Those of all documents.
        start: The first document of the source.
        stop: The one after its last.
        stay: Whether those that stay are chosen, or the others.
    """

    decisions: Decisions
    start: int
    stop: int
    stay: bool = True

    def __getitem__(self, some: slice) -> Mask:
        first, last, _ = some.indices(self.stop - self.start)
        stays = self.decisions.of(self.start + first, self.start + last)
        return stays if self.stay else ~stays


@contextmanager
def ahead(count: int, work: Callable[[Decisions], None]) -> Iterator[tuple[Decisions, Callable[[], None]]]:
    """Do something in another thread that follows decisions about `count` documents during the block.

    Gives the decisions, and what waits (once) for the end of `work` and raises what it raised. Deciding further raises
    that too.
    """
    decisions = Decisions(count)

    def follow() -> None:
        try:
            work(decisions)
        except BaseException as error:
            decisions.fail(error)
            raise

    with meanwhile(follow) as wait:
        try:
            yield decisions, wait
        finally:
            decisions.fail(InternalError("nobody decides any more"))
