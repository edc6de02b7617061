"""The kernel's threads: a setting of the process, absent in a forked one, without a say in any result."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import dedup
from tests.articles import edited, story

TEXTS = [text for seed in range(60) for text in (story(seed), edited(story(seed), seed))]


def removed(threads: int | None) -> list[int]:
    return dedup.find_duplicates(TEXTS, threads=threads).removed.tolist()


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_makes_threads_of_its_own() -> None:
    """The pool of the parent is there in the child, but not its threads: waiting for them would never end."""
    expected = removed(2)
    with multiprocessing.get_context("fork").Pool(2) as children:
        # As many threads as the parent has, fewer, and one a core.
        assert children.map_async(removed, [2, 1, None, 2]).get(timeout=60) == [expected] * 4
    assert removed(2) == expected


def test_runs_side_by_side_may_ask_for_different_threads() -> None:
    expected = removed(1)
    with ThreadPoolExecutor(4) as callers:
        assert list(callers.map(removed, [1, 2, 3, None] * 3)) == [expected] * 12
