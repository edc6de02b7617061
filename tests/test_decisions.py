"""Documents that are decided in one thread and asked for in another."""

from __future__ import annotations

import signal
import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.decisions import Choice, Decisions, ahead
from dedup.model import Mask


def mask(*stay: int) -> Mask:
    return np.array(stay, np.bool_)


@given(
    stay=st.lists(st.booleans(), max_size=20), cuts=st.lists(st.integers(0, 20), max_size=4), data=st.data()
)
def test_a_choice_is_a_mask_of_one_source(stay: list[bool], cuts: list[int], data: st.DataObject) -> None:
    decisions = Decisions(len(stay))
    for start, stop in pairwise([0, *sorted(min(cut, len(stay)) for cut in cuts), len(stay)]):
        decisions.add(mask(*stay[start:stop]))
    start = data.draw(st.integers(0, len(stay)))
    stop = data.draw(st.integers(start, len(stay)))
    first = data.draw(st.integers(0, stop - start))
    last = data.draw(st.integers(first, stop - start))
    expected = mask(*stay)[start:stop]
    for chosen, stays in ((expected, True), (~expected, False)):
        choice = Choice(decisions, start, stop, stay=stays)
        assert choice[:].tolist() == chosen.tolist()
        assert choice[first:last].tolist() == chosen[first:last].tolist()


def test_work_ahead_sees_documents_as_they_are_decided() -> None:
    seen: list[list[bool]] = []
    asked = [threading.Event() for _ in range(3)]

    def work(decisions: Decisions) -> None:
        for number, event in enumerate(asked):
            seen.append(decisions.of(2 * number, 2 * number + 2).tolist())
            event.set()

    with ahead(6, work) as (decisions, wait):
        for number, event in enumerate(asked):
            assert not event.is_set()
            decisions.add(mask(number % 2, 1))
            assert event.wait(20)
        wait()
    assert seen == [[False, True], [True, True], [False, True]]


def test_who_waits_is_let_go_when_the_block_ends() -> None:
    def work(decisions: Decisions) -> None:
        decisions.of(0, 1)
        raise AssertionError("nobody decided that")

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), ahead(1, work):
        raise KeyboardInterrupt
    assert threading.active_count() == before


def test_who_decides_hears_that_the_work_failed() -> None:
    failed = threading.Event()

    def work(decisions: Decisions) -> None:
        decisions.of(0, 1)
        decisions.fail(ValueError("full"))
        failed.set()

    with ahead(2, work) as (decisions, wait):
        decisions.add(mask(1))
        assert failed.wait(20)
        with pytest.raises(ValueError, match="full"):
            decisions.add(mask(1))
        wait()


def test_who_waits_for_the_end_gets_what_the_work_raised() -> None:
    def work(_: Decisions) -> None:
        raise ValueError("full")

    with ahead(0, work) as (_, wait), pytest.raises(ValueError, match="full"):
        wait()


def decide_until_interrupted(seconds: float) -> None:
    """Say nothing new until a timer fires."""

    def work(decisions: Decisions) -> None:
        decisions.of(0, 1)

    nothing = mask()
    with ahead(1, work) as (decisions, _):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while True:
            decisions.add(nothing)


def test_an_interrupt_of_whoever_decides_leaves_nobody_waiting() -> None:
    """Signals come at any moment, also within the few lines that tell the other thread something."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupted)
    try:
        for tick in range(300):
            with pytest.raises(KeyboardInterrupt):
                decide_until_interrupted(1e-5 * (1 + tick % 50))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
