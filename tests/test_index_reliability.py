"""What survives: a killed writer, a full disk, a file that cannot be written, a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import dedup
from dedup.index import Index
from tests.articles import story
from tests.conftest import ROOT

ROUNDS = 50

KILLER = """
import os, random, signal, sys, time, warnings
warnings.simplefilter("ignore")  # of forking
from dedup.index import Index
from tests.articles import story

path, rounds = sys.argv[1], int(sys.argv[2])
chance = random.Random(1)
acknowledged = set()
duration = 0.1
with Index(path):
    pass
for number in range(rounds):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        index = Index(path)
        os.write(writer, b"ready\\n")
        for batch in range(1000):
            seed = number * 1000 + batch
            ids = [f"{seed}-{i}" for i in range(20)]
            index.filter([{"id": id, "text": story(seed * 20 + i % 15)} for i, id in enumerate(ids)])
            os.write(writer, f"{seed}\\n".encode())
        os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as lines:
        assert lines.readline() == "ready\\n"
        for _ in range(chance.randrange(3)):  # the first batch, or a later one
            start = time.monotonic()
            acknowledged.add(int(lines.readline()))
            duration = time.monotonic() - start
        time.sleep(chance.random() * duration)  # at any moment of it
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        acknowledged |= {int(line) for line in lines if line.endswith("\\n")}
    with Index(path) as index:
        assert index.info()["articles"] % 20 == 0, "half a batch"
with Index(path) as index:
    stored = index.info()["articles"] // 20
    assert len(acknowledged) <= stored <= len(acknowledged) + rounds
    for seed in acknowledged:
        batch = [{"id": f"{seed}-{i}", "text": story(seed * 20 + i % 15)} for i in range(20)]
        outcome = index.filter(batch)
        assert outcome.seen.all(), "an acknowledged article was lost"
        assert outcome.kept.sum() == 15
    assert not index.verify()
print(len(acknowledged))
"""


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLER, tmp_path / "a.dedup", str(ROUNDS)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > ROUNDS // 2


def test_a_batch_that_was_cut_off_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [{"id": str(i), "text": story(i % 7)} for i in range(20)]
    with Index(tmp_path / "a.dedup") as index, Index() as other:
        index.filter(batch[:5])
        with monkeypatch.context() as patch:
            patch.setattr("dedup.index.postings.Postings.insert", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                index.filter(batch[5:])
        assert index.info()["articles"] == 5
        again = index.filter(batch[5:])
        other.filter(batch[:5])
        assert again.tags() == [
            {**tag, "first_seen": own["first_seen"]}
            for tag, own in zip(other.filter(batch[5:]).tags(), again.tags(), strict=True)
        ]
        assert index.verify() == []


def test_a_full_disk_is_said_so_and_the_index_stays_as_it_was(tmp_path: Path) -> None:
    with Index(tmp_path / "a.dedup") as index:
        index.filter([{"id": "a", "text": story(0)}])
        connection = index._store._connection  # type: ignore[attr-defined]
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(dedup.OutputError, match="disk is full"):
            index.filter([{"id": str(i), "text": story(i)} for i in range(500)])
        connection.execute("PRAGMA max_page_count = 1000000")
        assert index.info()["articles"] == 1
        assert index.verify() == []
        assert index.filter([{"id": "b", "text": story(0)}]).kept.tolist() == [False]


def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a.dedup"
    with Index(path) as index:
        index.filter([{"id": "a", "text": story(0)}])
        index._store._connection.execute("PRAGMA query_only = 1")  # type: ignore[attr-defined]
        assert index.query([story(0)])[0][0].id == "a"
        with pytest.raises(dedup.OutputError, match="cannot be written"):
            index.filter([{"id": "b", "text": story(1)}])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
def test_permissions_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "a.dedup"
    Index(path).close()
    path.chmod(0o400)
    with pytest.raises(dedup.OutputError, match="cannot be written"), Index(path) as index:
        index.filter([{"id": "b", "text": story(1)}])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_index_is_not_used_across_a_fork(tmp_path: Path) -> None:
    with Index(tmp_path / "a.dedup") as index:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking a process with threads
            child = os.fork()
        if child == 0:
            try:
                index.filter([{"id": "a", "text": story(0)}])
            except dedup.InputError:
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
