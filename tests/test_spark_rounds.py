"""The parts of a Spark job that decide: buckets that stream past, rounds, stars, names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.clusters import components, independent
from dedup.native import Meeting

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dedup.model import I64

graphs = st.integers(2, 24).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40),
        st.sets(st.integers(0, n - 1)),
    )
)


def ascending(edges: list[tuple[int, int]]) -> I64:
    """The edges, each once, the earlier node first."""
    found = {(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]}
    return np.array(sorted(found), np.int64).reshape(-1, 2)


@given(graphs)
def test_who_is_held_and_who_waits_is_not_said_to_stay(
    graph: tuple[int, list[tuple[int, int]], set[int]],
) -> None:
    n, edges, some = graph
    pairs = ascending(edges)
    held = np.isin(np.arange(n), sorted(some))
    stays, waits = independent(n, pairs, held)
    expected = np.zeros((2, n), np.bool_)
    for node in range(n):
        before = pairs[pairs[:, 1] == node, 0]
        goes = (expected[0, before] & ~expected[1, before]).any()
        expected[:, node] = not goes, not goes and (held[node] or expected[1, before].any())
    assert np.array_equal(stays, expected[0])
    assert np.array_equal(waits, expected[1])


entries = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 99), st.integers(0, 3), st.integers(0, 2)), max_size=40
)


@given(entries, st.integers(1, 4), st.integers(0, 4), st.integers(1, 6), st.integers(1, 9))
def test_documents_meet_whatever_the_batches(
    drawn: list[tuple[int, int, int, int]], gate: int, agreeing: int, heads: int, size: int
) -> None:
    unique = {(bucket, rank): (value, role) for bucket, rank, value, role in drawn}
    rows = np.array([[*key, *value] for key, value in sorted(unique.items())], np.int64).reshape(-1, 4)
    low = (rows[:, 2:3] >> np.arange(4) & 1).astype(np.uint8)
    stream = Meeting(gate, agreeing, heads)
    found = []
    for start in range(0, len(rows), size):
        some = slice(start, start + size)
        bucket, rank, role = (rows[some, i].copy() for i in (0, 1, 3))
        found += stream.add(bucket, rank, low[some], role.astype(np.uint8)).tolist()
    expected, held = [], {}
    for i, (bucket, rank, _, role) in enumerate(rows.tolist()):
        before, is_full = held.setdefault(bucket, ([], [False]))
        agree = [j for j in before if (low[i] == low[j]).sum() >= gate] if role != 1 else []
        expected += [[int(rows[j, 1]), rank] for j in agree]
        if role == 0 and (is_full[0] or len(agree) > agreeing or len(before) >= heads):
            is_full[0] = True
            expected.append([rank, rank])
        elif role != 2:
            before.append(i)
    assert found == expected


def test_a_meeting_refuses_what_does_not_fit() -> None:
    rows = np.arange(2)
    with pytest.raises(ValueError, match="of the same documents"):
        Meeting(1, 1, 1).add(rows, rows[:1], np.zeros((2, 4), np.uint8), np.zeros(2, np.uint8))
    with pytest.raises(ValueError, match="roles are"):
        Meeting(1, 1, 1).add(rows, rows, np.zeros((2, 4), np.uint8), np.full(2, 3, np.uint8))


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 7))
def test_documents_alone_in_a_bucket_are_dropped_whatever_the_batches(buckets: list[int], size: int) -> None:
    pytest.importorskip("pyspark")
    from dedup.spark.buckets import _company

    bucket = np.sort(np.array(buckets, np.int64))
    table = {"bucket": bucket, "rank": np.arange(len(bucket))}
    found = [rank for part in _company(batches(table, size)) for rank in part["rank"].to_pylist()]
    assert found == [i for i, one in enumerate(bucket.tolist()) if buckets.count(one) > 1]


def batches(columns: dict[str, I64], size: int) -> Iterator[pa.RecordBatch]:
    whole = pa.RecordBatch.from_pydict(columns)
    for start in range(0, len(whole), size):
        yield whole.slice(start, size)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8), st.integers(0, 30)), max_size=60),
    st.integers(1, 3),
    st.booleans(),
    st.integers(1, 20),
)
def test_minimizers_make_the_pairs_of_the_definition(
    drawn: list[tuple[int, int, int]], most: int, members_only: bool, size: int
) -> None:
    pytest.importorskip("pyspark")
    from dedup.spark.minimizers import _groups

    # Document `d` belongs to cluster `d % 9`, whose representative is that document.
    rows = sorted({(value, rank % 9, rank) for value, _, rank in drawn})
    columns = {
        name: np.array([row[i] for row in rows], np.int64)
        for i, name in enumerate(("value", "representative", "rank"))
    }
    found = sorted(
        pair
        for part in _groups(most, members_only, batches(columns, size))
        for pair in zip(part["a"].to_pylist(), part["b"].to_pylist(), strict=True)
    )
    expected = []
    for value in {row[0] for row in rows}:
        group = [row[1:] for row in rows if row[0] == value]
        if len({cluster for cluster, _ in group}) > most:
            expected += [(rank, rank) for _, rank in group]
            continue
        for one, (cluster, rank) in enumerate(group):
            for other_cluster, other in group[:one]:
                heads = (cluster == rank) + (other_cluster == other)
                if cluster != other_cluster and heads in ((1,) if members_only else (1, 2)):
                    expected.append((min(rank, other), max(rank, other)))
    assert found == sorted(expected)


numbers = st.integers(0, 14)


@given(
    st.lists(st.sets(st.integers(0, 9), min_size=1), min_size=15, max_size=15),
    st.lists(st.tuples(numbers, numbers), max_size=30),
    st.integers(1, 4),
    st.integers(1, 9),
    st.sampled_from([0.0, 0.4]),
)
def test_blocks_are_compared_whatever_the_batches(
    sets: list[set[int]], edges: list[tuple[int, int]], blocks: int, size: int, threshold: float
) -> None:
    pytest.importorskip("pyspark")
    from dedup.spark.compare import _compare

    pairs = ascending(edges).tolist()
    rows: list[tuple[int, int, list[int] | None]] = []
    for block in range(blocks):
        inside = [(a, b) for a, b in pairs if b % blocks == block]
        rows += [(block, b, None) for b in sorted({b for _, b in inside}, reverse=True)]
        rows += [(block, a, [b for one, b in inside if one == a]) for a in sorted({a for a, _ in inside})]
    hashes = [np.array(sorted(sets[document]), np.uint64).tobytes() for _, document, _ in rows]
    table = pa.RecordBatch.from_pydict(
        {
            "block": pa.array([row[0] for row in rows], pa.int64()),
            "document": pa.array([row[1] for row in rows], pa.int64()),
            "hashes": pa.array(hashes, pa.binary()),
            "others": pa.array([row[2] for row in rows], pa.list_(pa.int64())),
        }
    )
    parts = (table.slice(start, size) for start in range(0, len(table), size))
    found = sorted(tuple(row.values()) for part in _compare(threshold, parts) for row in part.to_pylist())
    expected = []
    for a, b in pairs:
        one, other = sets[a], sets[b]
        if one & other and len(one & other) / len(one | other) >= threshold:
            expected.append((a, b, len(one), len(other), len(one & other)))
    assert found == expected


def pairs_frame(spark: SparkSession, pairs: I64) -> DataFrame:
    return spark.createDataFrame(pa.table({"a": pairs[:, 0].copy(), "b": pairs[:, 1].copy()}))


def test_rounds_and_stars_of_joins(spark: SparkSession, tmp_path: Path) -> None:
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.families import _stars
    from dedup.spark.greedy import decide

    n = 24
    chance = np.random.default_rng(3)
    pairs = ascending([tuple(edge) for edge in chance.integers(0, n, (20, 2)).tolist()])
    frame = pairs_frame(spark, pairs)
    held = np.zeros(n, np.bool_)
    held[[5, 20]] = True
    ranks = spark.createDataFrame([(5,), (20,)], "rank long")
    decided = decide(frame, ranks, "test", Checkpoints(spark, str(tmp_path / "rounds")), few=0)
    stays, waits = independent(n, pairs, held)
    assert sorted(row.rank for row in decided.gone.collect()) == np.flatnonzero(~stays).tolist()
    assert sorted(row.rank for row in decided.waiting.collect()) == np.flatnonzero(waits).tolist()
    stars = _stars(frame, Checkpoints(spark, str(tmp_path / "stars")), 0)
    label = components(n, pairs)
    others = np.flatnonzero(label != np.arange(n))
    assert {row.b: row.a for row in stars.collect()} == dict(
        zip(others.tolist(), label[others].tolist(), strict=True)
    )


def test_names_that_are_taken(spark: SparkSession, tmp_path: Path) -> None:
    from dedup.spark.articles import Articles
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.order import apart, named

    ids = ["x", "x", "row:1", None, "row:1#2", "x"]
    frame = spark.createDataFrame(list(enumerate(ids)), "position long, id string")
    names, again = named(frame, Articles(frame), Checkpoints(spark, str(tmp_path)))
    assert [row.name for row in names.sort("position").collect()] == [
        *("x", "row:1#3", "row:1", "row:3", "row:1#2", "row:5")
    ]
    assert [row.position for row in again.sort("position").collect()] == [1, 5]
    others = spark.createDataFrame(
        [(0, "x", "there:0"), (1, "y", "there:1")], "position long, name string, location string"
    )
    moved = apart(others, names, Checkpoints(spark, str(tmp_path)), "others")
    assert {row.position: row.name for row in moved.collect()} == {0: "there:0", 1: "y"}
