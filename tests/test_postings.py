"""Sorted runs find what a dictionary finds, through merges, compaction and both ways of reading."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.index import held, runs
from dedup.index import postings as module
from dedup.index.postings import Postings
from dedup.index.sqlite import SqliteStore
from dedup.model import U64
from dedup.native import prefixes, probe

batches = st.lists(
    st.lists(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 20), max_size=40), min_size=2, max_size=2),
    max_size=25,
)


def posting(keys: list[int], first: int) -> U64:
    numbers = np.arange(first, first + len(keys), dtype=np.uint64)
    return np.sort((np.array(keys, np.uint64) << np.uint64(32)) | numbers)


@pytest.mark.parametrize("cache", [0, 1 << 20])
@given(data=batches, asked=st.lists(st.integers(0, 20), max_size=10))
def test_runs_find_what_a_dictionary_finds(
    cache: int, data: list[list[list[int]]], asked: list[int], monkeypatch_small: None
) -> None:
    store, lists = SqliteStore(None), Postings(2, cache)
    expected: list[dict[int, set[int]]] = [defaultdict(set), defaultdict(set)]
    number = 1
    for batch in data:
        with store.writing() as writer:
            lists.hold(writer, [posting(keys, number) for keys in batch])
            lists.insert(writer)
        for where, keys in enumerate(batch):
            for i, key in enumerate(keys):
                expected[where][key].add(number + i)
        number += 40
    keys = np.array([asked, [key + 1 for key in asked]], np.uint32).reshape(2, -1)

    def check(alive: set[int]) -> None:
        with store.reading() as reader:
            both = [*zip(*lists.probe(reader, 0, keys), strict=True)]
            second = [*zip(*lists.probe(reader, 1, keys[1:]), strict=True)]
            wanted = [
                [(q, d) for q, key in enumerate(row) for d in expected[w][key]] for w, row in enumerate(keys)
            ]
            assert both == sorted({pair for some in wanted for pair in some if pair[1] in alive})
            assert second == sorted(pair for pair in wanted[1] if pair[1] in alive)

    check(set(range(number)))
    alive = np.arange(0, number, 3)
    with store.writing() as writer:
        lists.compact(writer, alive)
    check(set(alive.tolist()))
    store.close()


@pytest.fixture(autouse=True)
def monkeypatch_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of 60 postings are large ones, in blocks of 8."""
    monkeypatch.setattr(module, "SMALL", 30)
    monkeypatch.setattr(runs, "SMALL", 30)
    monkeypatch.setattr(module, "BLOCK", 8)
    monkeypatch.setattr(held, "SHORT", 8)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1), st.lists(st.integers(0, 2**32 - 1)))
def test_prefixes_have_no_say(there: list[int], absent: list[int]) -> None:
    run, keys = posting(there, 1), np.array([there + absent], np.uint32)
    plain = probe([(0, run, None)], keys, True)
    assert len(plain) >= len(there)
    assert np.array_equal(probe([(0, run, prefixes(run))], keys, True), plain)
    assert np.array_equal(probe([(0, run, prefixes(run))], keys, False), plain)


def test_what_is_no_run_is_refused() -> None:
    keys, run = np.zeros((1, 1), np.uint32), np.zeros(1, np.uint64)
    with pytest.raises(ValueError, match="list that has no keys"):
        probe([(1, run, None)], keys, False)
    with pytest.raises(ValueError, match="prefixes are not those"):
        probe([(0, run, np.zeros(3, np.uint64))], keys, False)


def test_runs_stay_few() -> None:
    store, lists = SqliteStore(None), Postings(2, 0)
    for i in range(500):
        with store.writing() as writer:
            lists.hold(writer, [posting([i * 7919], i + 1)] * 2)
            lists.insert(writer)
    with store.reading() as reader:
        directory, _ = lists._read(reader)
        assert len(directory) < 2 * 4 * 6
        assert [len(one) for one in lists.all(reader)] == [500, 500]
