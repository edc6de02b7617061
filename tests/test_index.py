"""The index decides what a run decides, whatever the batches; ids, replays and updates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.index import Index, Outcome
from tests.articles import story
from tests.syndication import collections

START = datetime(2026, 1, 1, tzinfo=UTC)
Row = tuple[str, bool, str | None, str | None, float | None, float | None]


def rows(outcomes: list[Outcome]) -> list[Row]:
    return [
        (
            tag["id"],
            tag["is_duplicate"],
            tag["duplicate_of"],
            tag["relation"],
            tag["similarity"],
            tag["containment"],
        )
        for outcome in outcomes
        for tag in outcome.tags()
    ]


def feed(index: Index, texts: list[str], size: int, prefix: str = "") -> list[Outcome]:
    """Filter texts in batches of `size`."""
    records = [{"id": f"{prefix}{i}", "text": text} for i, text in enumerate(texts)]
    return [index.filter(records[i : i + size]) for i in range(0, len(records), size)]


@contextmanager
def parts_of(size: int) -> Iterator[None]:
    """Let batches be taken in in parts of so many articles, and a few more be remembered."""
    with (
        patch("dedup.index.intake.LARGEST", size),
        patch("dedup.index.articles.STRETCH", 300 * size),
        patch("dedup.index.recent.ROOM", size + 2),
    ):
        yield


@settings(max_examples=40)
@given(collections, st.integers(1, 13), st.integers(1, 5), st.sampled_from([0.3, 0.5, 0.8]), st.booleans())
def test_the_index_gives_the_clusters_of_a_run(
    texts: list[str], size: int, part: int, threshold: float, strip: bool
) -> None:
    result = dedup.find_duplicates(texts, threshold=threshold, strip=strip)
    columns = ["id", "is_duplicate", "duplicate_of", "relation", "similarity", "containment"]
    expected = [tuple(row.values()) for row in result.clusters.select(columns).to_pylist()]
    for i, row in enumerate(expected):
        if not row[1]:
            expected[i] = (*row[:4], None, None)
    with Index(threshold=threshold, strip=strip) as index, parts_of(part):
        assert rows(feed(index, texts, size)) == expected
        assert index.verify() == []


@settings(max_examples=40)
@given(st.lists(st.sampled_from("abcde"), max_size=12), st.integers(1, 3))
def test_an_id_may_be_repeated_in_another_part_of_a_batch(ids: list[str], part: int) -> None:
    batch = [{"id": identity, "text": story(ord(identity) % 3)} for identity in ids]
    decided = []
    for size in (part, 12):
        with Index() as index, parts_of(size):
            outcomes = [index.filter(batch, seen=START), index.filter(batch, seen=START)]
            decided.append([outcome.tags() for outcome in outcomes])
            assert index.verify() == []
    assert decided[0] == decided[1]


@settings(max_examples=20)
@given(collections, st.integers(1, 13))
def test_a_query_finds_every_near_representative(texts: list[str], size: int) -> None:
    with Index() as index:
        outcomes = feed(index, texts, size)
        decided = rows(outcomes)
        for text, row, matches in zip(texts, decided, index.query(texts), strict=True):
            similar = [match.similarity or 0.0 for match in matches]
            assert similar == sorted(similar, reverse=True)
            if matches:
                assert matches[0].relation == "exact"
                assert matches[0].similarity == 1.0
            else:
                assert not dedup.tokens(dedup.strip(text).text)
            if row[1] and row[3] == "near":
                (match,) = [match for match in matches if match.id == row[2]]
                assert match.similarity == row[4]
                assert max(match.contained or 0, match.contains or 0) == row[5]


def test_what_is_given_may_be_a_list_a_table_or_json_lines() -> None:
    texts = [story(0), story(1), story(0)]
    records = [{"id": str(i), "text": text, "url": f"u{i}"} for i, text in enumerate(texts)]
    lines = b"\n".join(json.dumps(record).encode() for record in records)
    forms = [records, pa.Table.from_pylist(records), pd.DataFrame(records), pl.DataFrame(records), lines]
    for form in forms:
        with Index() as index:
            outcome = index.filter(form)
            assert outcome.kept.tolist() == [True, True, False]
            (_, none), _, (article, match) = outcome
            assert none is None
            assert match is not None
            assert (match.id, match.relation, match.metadata) == ("0", "exact", {"url": "u0"})
            assert article == (records[2] if form is not lines else lines.split(b"\n")[2])
            assert len(outcome.new) == 2
            assert outcome.table()["duplicate_of"].to_pylist() == [None, None, "0"]
    with Index() as index:
        assert index.filter(texts).ids[0] == xxhash.xxh3_128_hexdigest(texts[0].encode())
        assert index.filter(texts).seen.all()


def test_records_that_cannot_be_used_are_skipped() -> None:
    with Index() as index:
        outcome = index.filter([{"id": "a", "text": 3}, {"id": "b", "text": story(0)}, {"id": "c"}])
        assert outcome.ids == ["b"]
        assert outcome.articles[0]["id"] == "b"
        assert [(one.location, one.reason) for one in outcome.skipped] == [
            ("record:1", "text_not_string"),
            ("record:3", "no_text"),
        ]
        outcome = index.filter(pa.table({"id": ["d", "e"], "text": [None, story(1)]}))
        assert (outcome.ids, len(outcome.skipped)) == (["e"], 1)
        for wrong in (story(0), {"text": "a"}, 7, [1], pa.table({"body": ["a"]})):
            with pytest.raises(dedup.UsageError):
                index.filter(wrong)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_same_batch_again_changes_nothing(tmp_path: Path, size: int) -> None:
    texts = [story(0), story(1), story(0), "", story(1) + " more words at the end", "…", story(2)]
    with Index(tmp_path / "a.dedup") as index:
        first = rows(feed(index, texts, size))
    before = (tmp_path / "a.dedup").read_bytes()
    with Index(tmp_path / "a.dedup") as index:
        again = feed(index, texts, size)
        assert rows(again) == first
        assert all(outcome.seen.all() and not outcome.new for outcome in again)
        assert again[0].counts()["seen"] == len(again[0])
    changed = sum(a != b for a, b in zip(before, (tmp_path / "a.dedup").read_bytes(), strict=True))
    assert changed < 100  # counters of the file


def test_in_one_stream_a_repeated_id_is_an_exact_copy() -> None:
    with Index() as index:
        stream = index.new_stream()
        records = [{"id": "a", "text": story(0)}]
        assert index.filter(records, stream=stream).kept.tolist() == [True]
        again = index.filter(records, stream=stream)
        assert (again.kept.tolist(), again.seen.tolist()) == ([False], [False])
        assert again.matches[0] is not None
        assert (again.matches[0].id, again.matches[0].relation) == ("a", "exact")
        other = index.filter(records, stream=index.new_stream())
        assert (other.kept.tolist(), other.seen.tolist()) == ([True], [True])
        twice = index.filter(records * 2)  # delivered again, and twice in this batch
        assert (twice.kept.tolist(), twice.seen.tolist()) == ([True, False], [True, True])
        nothing = index.filter([{"id": "e", "text": ""}] * 2, stream=stream)
        assert nothing.kept.tolist() == [True, True]


def test_a_new_text_is_an_update() -> None:
    with Index() as index:
        index.filter([{"id": "a", "text": story(0)}, {"id": "b", "text": story(0)}])
        outcome = index.filter([{"id": "b", "text": story(1)}])
        assert outcome.kept.tolist() == [True]
        assert (outcome.updated[0].relation, outcome.updated[0].similarity) == ("exact", 1.0)
        assert outcome.tags()[0]["updated"] == {"relation": "exact", "similarity": 1.0}
        assert index.query([story(1)])[0][0].id == "b"

        index.filter([{"id": "c", "text": story(0)}])
        outcome = index.filter([{"id": "a", "text": story(2)}])  # c was a copy of a
        assert (outcome.updated[0].relation, outcome.forgotten) == (None, 1)
        assert index.query([story(0)]) == [[]]
        # A revision is not a copy of what it replaces.
        revised = index.filter([{"id": "a", "text": story(2) + " revised"}])
        assert revised.kept.tolist() == [True]


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_updates_within_a_batch_come_one_after_the_other(size: int) -> None:
    batch = [
        {"id": "a", "text": story(0)},
        {"id": "b", "text": story(0)},
        {"id": "a", "text": story(1)},
        {"id": "c", "text": story(1)},
        {"id": "b", "text": story(0)},
        {"id": "a", "text": story(1)},
    ]
    for _ in range(2):
        with Index() as index:
            for start in range(0, len(batch), size):
                index.filter(batch[start : start + size])
            assert index.query([story(1)])[0][0].id == "a"


def test_lines_are_read_some_at_a_time() -> None:
    lines = [json.dumps({"id": str(i), "text": story(i % 7)}).encode() for i in range(40)]
    lines[11], lines[33] = b"{", b'{"id": 5}'
    data = b"\n\n".join(lines)
    with Index() as index, Index() as other, patch("dedup.index.articles.STRETCH", 3000):
        outcome = index.filter(data, seen=START)
        assert [record.location for record in outcome.skipped] == ["record:23", "record:67"]
        usable = [line for i, line in enumerate(lines) if i not in (11, 33)]
        assert list(outcome.articles) == outcome.articles[:] == usable
        assert outcome.articles[-1] == usable[-1]
        assert outcome.articles[5:30:7] == usable[5:30:7]
        assert outcome.tags() == other.filter(list(map(json.loads, usable)), seen=START).tags()
        assert [found[0].id for found in index.query(b"\n".join(usable))] == [
            str(int(json.loads(line)["id"]) % 7) for line in usable
        ]


def test_the_log_is_cut_off_once_nobody_reads_it(tmp_path: Path) -> None:
    path, log = tmp_path / "a.dedup", tmp_path / "a.dedup-wal"
    texts = [f"{i} {i * 7} {i * i}" for i in range(1500)]
    with (
        Index(path, strip=False) as index,
        Index(path) as other,
        patch("dedup.index.sqlite_log.LOG_BYTES", 0),
    ):
        with other._store.reading() as reader:  # type: ignore[attr-defined]
            assert reader.numbers() == []
            index.add(texts)
            copying = index._store._copying._thread  # type: ignore[attr-defined]
            copying.join(0.1)  # it has tried in vain
        copying.join()
        assert log.stat().st_size == 0


def test_the_log_of_a_large_batch_is_copied_while_others_come(tmp_path: Path) -> None:
    path, log = tmp_path / "a.dedup", tmp_path / "a.dedup-wal"
    texts = [f"{i} {i + 1} {i * 7} {i * i} {i % 5} {i % 17} {i % 93}" for i in range(3000)]
    with Index(path, strip=False) as index, patch("dedup.index.sqlite_log.LOG_BYTES", 0):
        for start in range(0, 3000, 1500):
            assert index.add(texts[start : start + 1500])["articles"] == 1500
        index._store._wait()  # type: ignore[attr-defined]
        assert log.stat().st_size == 0
        assert path.stat().st_size > 500_000
        assert index.add(texts[:1])["seen"] == 1
    assert not log.exists()
    with Index(path) as index:
        assert index.verify() == []


def test_articles_are_numbered_for_good_and_all_bands_are_looked_up(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    words = np.array([f"w{i}" for i in range(5000)])
    texts = [" ".join(words[generator.integers(0, 5000, 30)]) for _ in range(5000)]
    with Index(tmp_path / "a.dedup", strip=False) as index:
        index.filter(texts)  # large runs
        for start in range(0, 300, 7):  # and small ones, merged
            index.filter([f"{text} {i}" for i, text in enumerate(texts[start : start + 7])])
        assert all(matches and matches[0].similarity == 1.0 for matches in index.query(texts))
        outcome = index.filter([text.upper() for text in texts])
        assert not outcome.kept.any()
        assert [match and match.relation for match in outcome.matches] == ["exact"] * 5000
    with Index(tmp_path / "a.dedup") as index:  # runs are read block by block, then whole
        assert all(index.query([text])[0][0].similarity == 1.0 for text in texts[:40])


def test_nothing_is_a_batch_too() -> None:
    with Index() as index:
        for nothing in ([], b"", pa.table({"text": pa.array([], pa.string())})):
            outcome = index.filter(nothing)
            assert (len(outcome), list(outcome), outcome.table().num_rows) == (0, [], 0)
            assert index.query(nothing) == []
        assert index.info()["bytes_per_article"] is None
        assert index.verify() == []
        index.compact()
        index.rebuild(threshold=0.7)
        assert list(index.to_datasketch().keys) == []


def test_threads_may_share_an_index(tmp_path: Path) -> None:
    with Index(tmp_path / "a.dedup") as index, ThreadPoolExecutor(8) as pool:

        def work(worker: int) -> int:
            records = [{"id": f"{worker}-{i}", "text": story(i)} for i in range(20)]
            assert len(index.query(records)) == 20
            return int(index.filter(records).kept.sum())

        assert sum(pool.map(work, range(8))) == 20
        assert index.verify() == []
