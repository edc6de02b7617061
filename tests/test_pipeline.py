"""The promises of a run, by property, and its parts: ids, families, the order of slices."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.clusters import families, largest, sizes
from dedup.config import Settings
from dedup.errors import InternalError, UsageError
from dedup.identities import complete, gather, numbered, unique
from dedup.model import Column, Matches, Relation, Texts
from dedup.pipeline import Options, run
from tests.articles import edited, read_jsonl, read_summary, story, write_jsonl

OUTPUTS = ("kept/in.jsonl", "removed/in.jsonl", "clusters.jsonl", "pairs.jsonl", "skipped.jsonl")


def copies(seed: int, position: int, cut: int) -> str:
    """A version of story `seed`: one word changed, words cut off at the end."""
    return " ".join(edited(story(seed), position).split()[: 80 - cut])


VERSIONS = st.builds(copies, st.integers(0, 3), st.integers(0, 79), st.sampled_from([0, 0, 10, 30]))
TEXTS = st.one_of(VERSIONS, st.integers(0, 3).map(story), st.sampled_from(["", "…", "one two three"]))
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "in.jsonl:2", "", None]) | st.integers(0, 99),
            "text": TEXTS | st.just(None),
        },
        optional={"date": st.sampled_from(["2024-05-01", "1714607999", "soon"])},
    ),
    max_size=12,
).filter(lambda records: not records or any(record["text"] is not None for record in records))
POLICIES = st.sampled_from(["first", "last", "longest", "shortest", "earliest:date", "latest:date,last"])


def outputs(folder: Path, options: Options) -> dict[str, bytes]:
    """The files of a run on `folder/in.jsonl`."""
    out = Path(tempfile.mkdtemp(dir=folder))
    asked = replace(options, output=out, write_removed=True, pairs=True, families=True)
    run([str(folder / "in.jsonl")], asked)
    return {name: (out / name).read_bytes() for name in OUTPUTS}


def matched(representative: list[int]) -> Matches:
    """An outcome in which nothing is known but the representatives."""
    nothing, measures = np.zeros((0, 2), np.int64), np.ones(len(representative))
    kept = np.zeros(len(representative), np.uint8)
    pairs = (nothing, np.zeros(0, np.uint8), np.zeros(0), np.zeros(0))
    positions = np.array(representative, np.int64), np.arange(len(representative))
    return Matches(*positions, kept, measures, measures, nothing, *pairs, counts={})


def shingles(text: str) -> set[tuple[str, ...]]:
    """Word 5-grams; the made-up texts need no normalisation."""
    words = [word for word in text.split() if word != "…"]
    size = min(5, len(words))
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)} if words else set()


def jaccard(a: str, b: str) -> float:
    one, other = shingles(a), shingles(b)
    return len(one & other) / len(one | other) if one and other else 0.0


@settings(max_examples=30)
@given(RECORDS, POLICIES)
@example([{"id": "a", "text": story(0)}] * 3, "last")
def test_promises(tmp_path: Path, records: list[dict[str, Any]], keep: str) -> None:
    """Reconciled counts; every removed article names a kept one and both were compared; no two kept are copies."""
    write_jsonl(tmp_path / "in.jsonl", records)
    out = Path(tempfile.mkdtemp(dir=tmp_path))
    summary = run(
        [str(tmp_path / "in.jsonl")], Options(Settings(strip=False), out, keep=keep, write_removed=True)
    )
    assert summary.input == summary.kept + summary.removed + sum(summary.skipped.values()) == len(records)

    lines = (tmp_path / "in.jsonl").read_bytes().splitlines(keepends=True)
    kept, removed = (out / "kept/in.jsonl").read_bytes(), (out / "removed/in.jsonl").read_bytes()
    usable = [line for line, record in zip(lines, records, strict=True) if record["text"] is not None]
    assert Counter(kept.splitlines(keepends=True) + removed.splitlines(keepends=True)) == Counter(usable)

    rows = read_jsonl(out / "clusters.jsonl")
    texts = [record["text"] for record in records if record["text"] is not None]
    text_of = {row["id"]: text for row, text in zip(rows, texts, strict=True)}
    assert len(text_of) == len(rows), "an id came twice"
    kept_ids = {row["id"] for row in rows if not row["is_duplicate"]}
    for row in rows:
        assert row["cluster_id"] in kept_ids
        assert row["cluster_size"] == sum(other["cluster_id"] == row["cluster_id"] for other in rows)
        if row["is_duplicate"]:
            similarity = jaccard(text_of[row["id"]], text_of[row["duplicate_of"]])
            assert similarity >= 0.5
            assert row["similarity"] == pytest.approx(similarity, abs=1e-6)
            assert (row["relation"] == "exact") == (text_of[row["id"]] == text_of[row["duplicate_of"]])
    for a in kept_ids:
        for b in kept_ids:
            # At 0.8 the bands miss a pair with probability (1 - 0.8^3)^35 < 1e-10.
            assert a == b or jaccard(text_of[a], text_of[b]) < 0.8


@settings(max_examples=8)
@given(RECORDS, POLICIES)
def test_engines_threads_and_batches_give_the_same_bytes(
    tmp_path: Path, records: list[dict[str, Any]], keep: str
) -> None:
    write_jsonl(tmp_path / "in.jsonl", records)
    expected = outputs(tmp_path, Options(keep=keep, engine="reference"))
    assert outputs(tmp_path, Options(keep=keep, threads=1)) == expected
    assert outputs(tmp_path, Options(keep=keep, threads=3)) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dedup.readers.jsonl.CHUNK", 700)
        patch.setattr("dedup.pipeline.SLICE_SECONDS", 0.0)
        assert outputs(tmp_path, Options(keep=keep)) == expected


@settings(max_examples=25)
@given(
    st.lists(TEXTS, max_size=10), st.randoms(use_true_random=False), st.sampled_from(["longest", "shortest"])
)
def test_clusters_do_not_depend_on_input_order(
    tmp_path: Path, texts: list[str], shuffle: Any, keep: str
) -> None:
    records = [{"id": i, "text": text} for i, text in enumerate(texts)]
    found = []
    for _ in range(2):
        write_jsonl(tmp_path / "in.jsonl", records)
        out = Path(tempfile.mkdtemp(dir=tmp_path))
        run([str(tmp_path / "in.jsonl")], Options(Settings(strip=False), out, keep=keep))
        found.append(
            {row["id"]: (row["cluster_id"], row["similarity"]) for row in read_jsonl(out / "clusters.jsonl")}
        )
        shuffle.shuffle(records)
    assert found[0] == found[1]


def test_two_equal_runs_differ_only_in_timings_and_environment(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", [{"id": i, "text": story(i % 3)} for i in range(9)])
    summaries = []
    for engine in ("native", "reference"):
        run([str(tmp_path / "in.jsonl")], Options(output=tmp_path / engine, engine=engine))
        summary = read_summary(tmp_path / engine)
        assert summary.pop("timings")
        assert summary.pop("environment")["engine"] == engine
        summaries.append(summary)
    assert summaries[0] == summaries[1]


def test_counts_that_do_not_reconcile_are_a_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jsonl(tmp_path / "in.jsonl", [{"id": i, "text": story(0)} for i in range(2)])
    wrong = replace(matched([0, 0]), relation=np.full(2, Relation.NEAR, np.uint8))
    monkeypatch.setattr("dedup.native.NativeMatcher.result", lambda _: wrong)
    with pytest.raises(InternalError, match=r"1 kept \+ 2 removed \+ 0 skipped is not 2 read"):
        run([str(tmp_path / "in.jsonl")], Options(output=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_progress_is_told_of_every_stage(tmp_path: Path) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.stages: list[str] = []
            self.last = (0, 0)

        def start(self, stage: str, total: int | None, unit: str) -> None:
            self.stages.append(f"{stage} {total} {unit}")

        def update(self, done: int, articles: int) -> None:
            self.last = (done, articles)

    write_jsonl(tmp_path / "in.jsonl", [{"id": i, "text": story(i)} for i in range(9)])
    progress = Recorder()
    run([str(tmp_path / "in.jsonl")], Options(output=tmp_path / "out"), progress)
    size = (tmp_path / "in.jsonl").stat().st_size
    stages = ["matching 9 articles", "searching 9 articles", "writing 9 articles"]
    assert progress.stages == [f"reading {size} bytes", *stages]
    assert progress.last == (9, 9)


def test_a_run_needs_a_place_and_a_known_engine(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="place for its results"):
        run([], Options())
    with pytest.raises(UsageError, match="abacus"):
        run([], Options(output=tmp_path / "out", engine="abacus"))


def column(values: list[str | None]) -> Column:
    return Column(
        Texts.from_strings([v or "" for v in values]), np.array([v is not None for v in values], np.bool_)
    )


@given(st.lists(st.none() | st.text(max_size=3)))
def test_documents_without_an_id_go_by_their_place(values: list[str | None]) -> None:
    places = numbered("ä.jsonl".encode(), np.arange(9, 9 + len(values)))
    expected = [value or f"ä.jsonl:{i}" for i, value in enumerate(values, 9)]
    assert complete(column(values), lambda: places).strings() == expected


def places(positions: np.ndarray[Any, Any]) -> Texts:
    return Texts.from_strings([f"p:{i}" for i in positions])


@given(st.lists(st.sampled_from(["a", "b", "p:0", "p:1", "p:2", "p:2#2"]), max_size=8))
def test_ids_become_unique(values: list[str]) -> None:
    ids, renamed = unique(Texts.from_strings(values), places)
    names = ids.strings()
    assert len(set(names)) == len(values)
    again = [i for i, value in enumerate(values) if value in values[:i]]
    assert renamed.positions.tolist() == again
    assert renamed.ids.strings() == [values[i] for i in again]
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        assert name.split("#")[0] == f"p:{i}" if i in again else name == value


@given(st.lists(st.binary(max_size=4), min_size=1), st.data())
def test_gather(values: list[bytes], data: st.DataObject) -> None:
    positions = data.draw(st.lists(st.integers(0, len(values) - 1)))
    found = gather(Texts.from_strings(values), np.array(positions, np.int64))
    assert [found.bytes_at(i) for i in range(len(found))] == [values[i] for i in positions]


@given(st.data())
def test_families_are_connected_components(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    draw: Callable[..., list[Any]] = lambda values: data.draw(st.lists(values, min_size=n, max_size=n))  # noqa: E731
    order = np.array(data.draw(st.permutations(range(n))), np.int64)
    representative = draw(st.integers(0, n - 1))
    links = np.array(data.draw(st.lists(st.tuples(*[st.integers(0, n - 1)] * 2))), np.int64).reshape(-1, 2)
    component = list(range(n))
    for a, b in [*enumerate(representative), *links.tolist()]:
        component = [component[a] if c == component[b] else c for c in component]
    expected = [next(i for i in order if component[i] == component[j]) for j in range(n)]
    assert families(replace(matched(representative), links=links), order).tolist() == expected


def test_largest_clusters_first_then_input_order() -> None:
    assert largest(sizes(np.array([0, 1, 1, 3, 3, 5, 5, 5])), 2) == [5, 1]
    assert largest(sizes(np.array([0, 1])), 5) == []
