"""The kernel's threads: a setting of the process, absent in a forked one, without a say in any result."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dedup
from dedup.config import Settings
from dedup.model import Form, Segment, Texts
from dedup.native import Native
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


def test_matching_goes_on_with_more_threads_than_it_began_with() -> None:
    """Another run of the process may have asked for them meanwhile."""
    texts, settings = Texts.from_strings(TEXTS), Settings(strip=False)
    engine = Native(settings, threads=1)
    matcher = engine.matcher()
    matcher.add(engine.sketch(texts))
    segment = Segment(texts.data, Form.TEXT, texts.offsets[:-1], texts.offsets[1:])
    matcher.start(np.arange(len(TEXTS)), [segment])
    Native(settings, threads=4)
    assert matcher.advance(len(TEXTS)) == len(TEXTS)
    assert np.flatnonzero(matcher.result().representative != np.arange(len(TEXTS))).tolist() == removed(1)
