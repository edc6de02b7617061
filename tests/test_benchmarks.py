"""Benchmarks are tests too: short runs of them check their own results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import peers, skew
from benchmarks.generate import Recipe, articles, write
from benchmarks.measure import measure
from benchmarks.pairs import Truth
from benchmarks.record import Log, Rows, load, save
from benchmarks.work import Work
from dedup.definitions import shingles
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """A working directory that the tests share, for the smallest of runs."""
    return Work(tmp_path_factory.mktemp("work"), count=300, rounds=1)


def test_generated_articles_are_reproducible_and_like_news(tmp_path: Path) -> None:
    first, second = (write(300, tmp_path / name) for name in ("a.jsonl", "b.jsonl"))
    assert first == second != write(300, tmp_path / "c.jsonl", Recipe(words=600))
    made = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [(article["id"], article["text"]) for article in made] == list(articles(300))
    assert len({article["id"] for article in made}) == 300
    assert 3000 < sum(len(article["text"]) for article in made) / 300 < 5000


def test_a_longer_file_begins_like_a_shorter_one(tmp_path: Path) -> None:
    write(40, tmp_path / "short.jsonl", Recipe(words=40, boilerplate=True))
    write(60, tmp_path / "long.jsonl", Recipe(words=40, boilerplate=True))
    assert (tmp_path / "long.jsonl").read_bytes().startswith((tmp_path / "short.jsonl").read_bytes())
    assert "All rights reserved" in (tmp_path / "short.jsonl").read_text()


def test_a_process_is_measured_with_its_children() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; b'x' * 50_000_000; subprocess.run([sys.executable, '-c', {burn!r}]); print('out')"
    usage = measure([sys.executable, "-c", code], private=True)
    assert usage.output == "out"
    assert usage.cpu >= 0.3
    assert usage.wall >= 0.3
    assert 0 <= usage.private <= usage.peak
    with pytest.raises(SystemExit, match="failed with 3"):
        measure([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_true_pairs_are_those_of_the_definition(work: Work) -> None:
    path, _ = work.articles(300)
    sets = [shingles(json.loads(line)["text"]) for line in path.read_text().splitlines()]
    sets = [set(some) for some in sets]
    near = {
        (a, b) for b in range(300) for a in range(b) if len(sets[a] & sets[b]) >= 0.5 * len(sets[a] | sets[b])
    }
    assert len(near) > 20
    truth = Truth(path)
    assert set(zip(*truth.pairs().T.tolist(), strict=True)) == near


def test_a_peer_is_compared_on_the_same_articles(
    work: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "orjson.py").write_text(
        "from json import loads\n"
    )  # which only the tool's own environment has
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    tool = "datasketch 2.0.0, xxhash"
    monkeypatch.setattr(Work, "python", lambda *_: Path(sys.executable))
    log = Log("peers")
    peers.run(Work(work.directory, 300, 1, (tool,)), log)
    rows = Rows(log.rows)
    for case in (tool, peers.DEDUP):
        assert rows.median(case, 300, "recall") > 0.95
        assert rows.median(case, 300, "cpu") > 0
    assert rows.median(peers.DEDUP, 300, "precision") == 1
    assert rows.median("exact Jaccard", 300, "pairs") > 20
    assert tool in peers.summary(rows)


def test_ratios_are_those_of_the_same_round() -> None:
    log = Log("peers")
    for turn, speed in enumerate((1.0, 2.0, 10.0)):
        log.add("other", 10, turn, cpu=6 * speed)
        log.add("dedup", 10, turn, cpu=1.5 * speed)
        log.add("dedup", 10, turn, cpu=2.5 * speed)
    log.add("dedup", 10, 3, cpu=1000)
    log.add("other", 20, 0, cpu=1)
    rows = Rows(log.rows)
    assert rows.ratio("other", "dedup", 10, "cpu") == 3
    assert rows.ratio("dedup", "dedup", 10, "cpu") == 1
    assert rows.ratio("other", "dedup", 20, "cpu") is None


def test_all_others_run_and_are_recorded(tmp_path: Path, work: Work) -> None:
    names = ["growth", "skew", "startup", "hashing", "accuracy", "stages", "index"]
    # Only what needs no environment and no server of its own: not rensa, not Redis.
    only = ["--only", skew.IDENTICAL, skew.VARIANTS, skew.TEMPLATE, "SQLite, 6 a batch"]
    command = [sys.executable, "-m", "benchmarks", "run", *names, "--count", "60", "--rounds", "1", *only]
    command += ["--work", str(work.directory), "--output", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    readme, summary, raw = (
        (tmp_path / "run" / name).read_text() for name in ("README.md", "summary.md", "raw.csv")
    )
    assert "python -m benchmarks run stages --count 60 --rounds 1 --only identical" in readme
    for name in names:
        assert f"\n## {name}\n" in summary
        assert f"\n{name}," in raw
    assert "<svg" in (tmp_path / "run" / "growth.svg").read_text()
    assert "<svg" in (tmp_path / "run" / "curve.svg").read_text()


def test_a_later_run_replaces_what_it_measures_again(tmp_path: Path) -> None:
    summaries = {name: lambda rows: f"{len(rows)} rows" for name in ("a", "b")}
    for name, turns in (("a", 2), ("b", 1), ("a", 3)):
        log = Log(name)
        for turn in range(turns):
            log.add("case", 10, turn, cpu=turn + 0.5)
        save(tmp_path, log, f"run {name}", 60.0, summaries)
    rows = load(tmp_path)
    assert rows.of("a").values("case", 10, "cpu") == [0.5, 1.5, 2.5]
    assert rows.of("b").median("case", 10, "cpu") == 0.5
    assert "## a\n\n3 rows" in (tmp_path / "summary.md").read_text()
