"""`dedup run --engine spark`: the results of one machine in parts, resumed where it stopped, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.articles import Cli, edited, read_summary, story, write_jsonl

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("spark")


def parts(folder: Path, pattern: str = "part-*") -> bytes:
    """All parts of a folder of lines."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)))


def rows(data: bytes) -> list[dict[str, Any]]:
    """JSON lines, in the order of their places."""
    return sorted((json.loads(line) for line in data.splitlines()), key=lambda row: str(row["location"]))


def corpus(path: Path) -> Path:
    """A file with copies, an excerpt, an id that is there twice, and lines that cannot be used."""
    records: list[dict[str, object]] = [
        {"id": f"a{i}", "text": edited(story(i // 3), 9 + i), "seen": f"2024-05-{30 - i:02}"}
        for i in range(24)
    ]
    records[1]["text"] = records[0]["text"]
    records += [
        {"id": "a3", "text": story(100)},
        {"text": " ".join(story(100).split()[:50])},
        {"id": "e", "text": ""},
    ]
    write_jsonl(path, records)
    with path.open("ab") as file:
        file.write(b'{"id": "bad", "text": 3}\n{broken\n\n{"id": "x", "text": "byte \xff"}')
    return path


def check_results(many: Path, one: Path) -> None:
    """Check that all results of Spark are those of one machine."""
    assert {p.name for p in many.iterdir() if not p.name.endswith(".crc")} == {
        *("kept", "removed", "clusters.jsonl", "skipped.jsonl", "summary.json")
    }
    assert [p.name for p in sorted((many / "kept").glob("*.jsonl"))] == ["part-00000.jsonl"]
    for name in ("kept", "removed"):
        assert parts(many / name) == (one / name / "news.jsonl").read_bytes()
    assert rows(parts(many / "clusters.jsonl")) == rows((one / "clusters.jsonl").read_bytes())
    assert (
        parts(many / "skipped.jsonl").replace(b'":', b'": ').replace(b',"', b', "')
        == (one / "skipped.jsonl").read_bytes()
    )
    ours, theirs = read_summary(many), read_summary(one)
    for summary in (ours, theirs):
        for name in ("timings", "environment", "comparisons"):
            del summary[name]
        for cluster in summary["largest_clusters"]:
            del cluster["title"]
        summary["excerpts"] = {name: summary["excerpts"][name] for name in ("removed", "reported")}
    assert ours == theirs


def test_a_job_goes_on_where_it_was_stopped_to_the_results_of_one_machine(
    dedup: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dedup.spark import checkpoints

    (tmp_path / "in").mkdir()
    path, many, work = corpus(tmp_path / "in" / "news.jsonl"), tmp_path / "spark", tmp_path / "work"
    options = ["--keep", "earliest:seen,longest", "--families", "--excerpts", "remove", "--write-removed"]
    call = ["run", path, "-o", many, "--engine", "spark", *options, "--quiet", "--work-dir", work]
    made: list[str] = []
    stage = checkpoints.Checkpoints.stage

    def stopped(self: Any, name: str, frame: Any) -> Any:
        if name == "links":
            raise KeyboardInterrupt
        made.append(name)
        return stage(self, name, frame)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoints, "stage", stopped)
        dedup(*call, code=130)
    assert not many.exists()
    (work / made[-1] / "_SUCCESS").unlink()  # as if it had been stopped while it wrote the last one
    dedup(*call)
    assert set(read_summary(many)["timings"]).isdisjoint(made[:-1])
    assert made[-1] in read_summary(many)["timings"]
    dedup("run", path, "-o", tmp_path / "native", *options, "--quiet")
    check_results(many, tmp_path / "native")
    assert "was 0.5, is 0.6" in dedup.fails(*call, "--force", "--threshold", "0.6")
    with path.open("a") as file:
        file.write("\n")
    assert "has stages of another job: inputs was" in dedup.fails(*call, "--force")
    assert "holds no stages, but news.jsonl" in dedup.fails(*call[:-1], path.parent, "--force")


def test_measures_are_rounded_as_on_one_machine(spark: SparkSession) -> None:
    from dedup.spark.rows import printed

    exact = [89 / 128, 0.0015625, 0.0046875, 1 / 3, 1.0, None]
    found = spark.createDataFrame(
        [(i, value) for i, value in enumerate(exact)], "position long, similarity double"
    )
    rows = printed(found).collect()
    assert [row["similarity"] for row in rows] == [None if x is None else round(x, 6) for x in exact]


def test_parquet_comes_back_as_parquet(dedup: Cli, tmp_path: Path) -> None:
    texts = [edited(story(i // 2), 9 + i) for i in range(12)]
    table = pa.table({"body": texts, "n": list(range(12)), "more": [[i] for i in range(12)]})
    folder = tmp_path / "in"
    folder.mkdir()
    pq.write_table(table, folder / "a.parquet")
    options = ["--engine", "spark", "--text-field", "body", "--id-field", "n", "--excerpts", "off"]
    dedup("run", folder, "-o", folder / "out", *options)
    kept = pq.read_table(folder / "out" / "kept")
    assert kept.to_pylist() == table.take(list(range(0, 12, 2))).to_pylist()
    assert kept.schema.names == table.schema.names


def test_known_articles_and_learned_boilerplate_over_an_earlier_run(dedup: Cli, tmp_path: Path) -> None:
    known = [{"id": f"k{i}", "text": f"{edited(story(i), 20)}\n{story(i + 50)}"} for i in range(4)]
    write_jsonl(tmp_path / "known.jsonl", known)
    line = "Subscribe to the morning letter of the harbour office"
    records = [{"id": f"a{i}", "text": f"{story(i)}\n{story(i + 50)}\n{line}"} for i in range(30)]
    write_jsonl(tmp_path / "a.jsonl", records)
    options = ["--against", tmp_path / "known.jsonl", "--learn", "--min-documents", 20]
    one, many = tmp_path / "native", tmp_path / "spark"
    (many / "removed").mkdir(parents=True)
    for name in ("mine", "summary.json", "removed/part-00000.jsonl"):
        (many / name).write_text("of an earlier run, or mine")
    for engine in ("native", "spark"):
        call = ["run", tmp_path / "a.jsonl", "-o", tmp_path / engine, "--engine", engine, *options]
        dedup(*call, "--quiet", "--force")
    assert {p.name for p in many.iterdir() if not p.name.endswith(".crc")} == {
        *("kept", "clusters.jsonl", "skipped.jsonl", "summary.json", "learned.toml", "mine")
    }
    assert (many / "mine").read_text() == "of an earlier run, or mine"
    assert rows(parts(many / "clusters.jsonl")) == rows((one / "clusters.jsonl").read_bytes())
    ours, theirs = read_summary(many), read_summary(one)
    for name in ("against", "learned", "kept", "removed", "stripped", "fingerprint", "removed_by_relation"):
        assert ours[name] == theirs[name]
    assert ours["learned"]["lines"] == 1


def test_what_spark_cannot_do_is_refused(dedup: Cli, tmp_path: Path) -> None:
    path, out = write_jsonl(tmp_path / "a.jsonl", [{"text": story(1)}]), tmp_path / "out"
    call = ["run", path, "-o", out, "--engine", "spark"]
    for option in (
        *("--annotate", "--copy", "--pairs", "--report"),
        *("--encoding latin-1", "--limit 3", "--memory 1G", "--temp-dir x", "--threads 2", "--same lang"),
    ):
        name = option.split()[0]
        assert f"{name}" in dedup.fails(*call, *option.split()).splitlines()[0]
    assert "--master is for --engine spark" in dedup.fails(*call[:-2], "--master", "local[2]")
    assert "standard input" in dedup.fails("run", "-", *call[2:])
    assert "is inside the output directory" in dedup.fails("run", path, "-o", tmp_path, *call[4:], "--force")
    assert "needs a place for its stages" in dedup.fails("run", path, "--dry-run", *call[4:])
    assert not out.exists()
    out.mkdir()
    (out / "mine").write_text("mine")
    assert "exists and is not empty" in dedup.fails(*call)
