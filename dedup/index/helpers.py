"""Threads beside the caller's, who works with them instead of waiting: tasks go in, what they make comes out.

As many threads as there are cores have something to do at all times then, and none of them waits for a core. With one
thread more than cores, a core is idle a sixth of the time while a thread waits for the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Result = TypeVar("Result")

MOST = 3
"""Helpers of one caller: with two he has more to do than each of them."""


class Task(Generic[Result]):
    """Something that is made by a helper or the caller.

    Args:
        work: Makes it, in any thread.
        helpers: Who makes it.
    """

    def __init__(self, work: Callable[[], Result], helpers: Helpers) -> None:
        self._work = work
        self._helpers = helpers
        self._made: Future[Result] = Future()

    def do(self) -> None:
        """Make it."""
        try:
            self._made.set_result(self._work())
        except BaseException as error:  # whoever asks for the result gets it
            self._made.set_exception(error)

    def result(self) -> Result:
        """What is made; until it is there, the caller does what nobody has begun."""
        while not self._made.done() and self._helpers.do_next():
            pass
        return self._made.result()


class Helpers:
    """Threads that help the caller's. At the end of a `with` block tasks that nobody began are dropped.

    Args:
        threads: How many threads there are, with the caller's.
    """

    def __init__(self, threads: int) -> None:
        self._waiting: deque[Task[Any]] = deque()
        self._pool = ThreadPoolExecutor(min(threads - 1, MOST)) if threads > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown()

    def task(self, work: Callable[[], Result]) -> Task[Result]:
        """Something to make, after all before it."""
        task = Task(work, self)
        self._waiting.append(task)
        if self._pool is not None:
            self._pool.submit(self.do_next)
        return task

    def do_next(self) -> bool:
        """Do the first task that nobody has begun; whether there was one."""
        try:
            task = self._waiting.popleft()
        except IndexError:
            return False
        task.do()
        return True
