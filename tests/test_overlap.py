"""Work beside the making of items: the same results in the same order, errors where they happen."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dedup.overlap import AHEAD, beside, both, spread
from dedup.progress import Clock


@pytest.mark.parametrize("threads", [1, 2, None])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_order(threads: int | None, count: int) -> None:
    assert list(beside(lambda item: item * 2, range(count), threads)) == [2 * i for i in range(count)]
    assert list(spread(lambda item: item * 2, range(count), threads or 3)) == [2 * i for i in range(count)]


def test_items_are_worked_on_at_the_same_time() -> None:
    begun = threading.Barrier(3)

    def work(item: int) -> int:
        begun.wait(20)
        return item

    assert list(spread(work, range(6), 3)) == list(range(6))


def test_items_are_not_made_long_before_they_are_worked_on() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    results = spread(str, items(), 4)
    assert next(results) == "0"
    assert len(made) == 2 * 4 + AHEAD + 1
    results.close()


def test_an_item_is_made_while_the_one_before_is_worked_on() -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    def work(item: int) -> bool:
        return item == 2 or made[item + 1].wait(20)

    assert list(beside(work, items())) == [True, True, True]


def test_nothing_is_done_beside_with_one_thread() -> None:
    assert set(beside(lambda _: threading.current_thread(), range(3), 1)) == {threading.current_thread()}


@pytest.mark.parametrize("threads", [1, 2])
def test_errors_of_work_and_of_items_are_raised(threads: int) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError

    for run in (beside, spread):
        results = run(lambda item: 6 // item, (3, 2, 0, 1), threads)
        assert [next(results), next(results)] == [2, 3]
        with pytest.raises(ZeroDivisionError):
            next(results)
        with pytest.raises(LookupError):
            list(run(str, items(), threads))


@pytest.mark.parametrize("threads", [1, 2])
def test_both_are_done_and_errors_of_either_are_raised(threads: int) -> None:
    done: list[str] = []

    def fail() -> None:
        raise LookupError

    both(lambda: done.append("first"), lambda: done.append("second"), threads)
    assert sorted(done) == ["first", "second"]
    for first, second in ((fail, list), (list, fail)):
        with pytest.raises(LookupError):
            both(first, second, threads)


def test_both_are_done_at_the_same_time() -> None:
    here, there = threading.Event(), threading.Event()

    def first() -> None:
        here.set()
        assert there.wait(20)

    def second() -> None:
        there.set()
        assert here.wait(20)

    both(first, second)


def test_work_is_over_when_nobody_wants_more() -> None:
    running, go = threading.Event(), threading.Event()

    def work(item: int) -> int:
        if item == 1:
            running.set()
            assert go.wait(20)
        return item

    results = beside(work, range(5))
    assert next(results) == 0
    assert running.wait(20)
    threading.Timer(0.05, go.set).start()
    results.close()
    assert threading.active_count() <= 2


def test_a_stage_within_another_is_not_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 3.0, 10.0, 20.0, 21.0])
    monkeypatch.setattr("dedup.progress.time.perf_counter", lambda: next(times))
    clock = Clock()
    with clock.stage("sketch"), clock.stage("read"):
        pass
    with clock.stage("sketch"):
        pass
    assert clock.seconds == {"read": 2.0, "sketch": 9.0}
