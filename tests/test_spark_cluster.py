"""Faults on a real cluster: a worker that dies, a story with twenty thousand copies, a record that is none."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from dedup.excerpts import ExcerptSettings
from dedup.options import Options
from dedup.pipeline import run
from tests.articles import story, write_jsonl
from tests.cluster import Cluster

ARTICLES, COPIES = 30_000, 20_000
WORDS = 30
MOST = 400
"""MB of a Python process on a worker. All pairs of a bucket of all copies would take 3,200."""


def corpus(path: Path) -> Path:
    """Many articles, two thirds of them copies of one story with a word changed; one line is no record."""
    chosen, words = random.Random(7), story(0, WORDS).split()
    texts = [story(seed, WORDS) for seed in range(1, ARTICLES - COPIES + 1)]
    for copy in range(COPIES):
        at = copy % WORDS
        texts += [" ".join([*words[:at], f"other{copy}", *words[at + 1 :]])]
    chosen.shuffle(texts)
    write_jsonl(path, ({"id": f"a{i}", "text": text} for i, text in enumerate(texts)))
    with path.open("a") as file:
        file.write('{"id": "broken"\n')
    return path


def test_a_worker_killed_in_a_shuffle_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    path, out, work = corpus(tmp_path / "news.jsonl"), tmp_path / "out", tmp_path / "work"
    call = [sys.executable, "-m", "dedup", "run", path, "-o", out, "--excerpts", "off", "--quiet"]
    call += ["--engine", "spark", "--master", cluster.url, "--work-dir", work]
    log = tmp_path / "log"
    most, is_killed = 0.0, False
    with log.open("wb") as output:
        job = subprocess.Popen(list(map(str, call)), env=cluster.environment, stdout=output, stderr=output)
        try:
            while job.poll() is None:
                most = max(most, cluster.python_memory())
                if not is_killed and (work / "buckets").exists() and exchanged(cluster):
                    cluster.kill_worker(0)
                    is_killed = True
                time.sleep(0.05)
        finally:
            job.kill()
            job.wait()
    assert job.returncode == 0, log.read_text()
    assert is_killed
    assert 50 < most < MOST

    options = Options(output=tmp_path / "one", excerpts=ExcerptSettings("off"))
    summary = run([str(path)], options)
    found = json.loads((out / "summary.json").read_text())
    assert found["skipped_by_reason"] == summary.skipped == {"malformed": 1}
    assert (found["kept"], found["removed"]) == (summary.kept, summary.removed)
    assert summary.removed > COPIES * 0.9
    one, many = (sorted(lines(where / "clusters.jsonl")) for where in (tmp_path / "one", out))
    assert many == one
    assert (
        b"".join(p.read_bytes() for p in sorted((out / "kept").glob("part-*")))
        == (tmp_path / "one" / "kept" / "news.jsonl").read_bytes()
    )


def exchanged(cluster: Cluster) -> bool:
    """Whether the first worker has written what the stage of buckets exchanges."""
    files = cluster.local_files(0, "shuffle_*.data")
    return any(file.stat().st_size > 100_000 for file in files)


def lines(where: Path) -> list[str]:
    """The rows of a run, each as one line in one form."""
    files = where.glob("part-*") if where.is_dir() else [where]
    rows = (json.loads(line) for file in files for line in file.read_text().splitlines())
    return [json.dumps(row) for row in rows]
