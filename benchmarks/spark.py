"""Spark: `dedup run --engine spark` on local[2] and on a cluster of two workers, against the native engine, per stage.

What Spark is for cannot be measured on one machine: more machines. What it costs can: the same articles, the same two
cores, the same options, results compared row by row. CPU seconds are those of all processes, Java and Python, read from
/proc (Linux) while the job runs, and go to the stage whose Spark job was the last to begin. Bytes shuffled are what
exchanges wrote, from Spark's event log; bytes stored are the stage's files under `--work-dir`.

Bias. On two cores master, workers and driver take processor time from tasks, which on a cluster have machines of their
own. A job of minutes pays for starting Java and Python and for compiling, about a minute, which one of hours does not
notice. The extrapolation to a billion articles is linear: buckets and rounds of matching grow with the number of copies
of a story, not with the number of stories.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Self
from unittest import mock

from benchmarks.measure import measure
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import Work, dedup

COUNT = 200_000
LOCAL, CLUSTER = "spark, local[2]", "spark, two workers"
BILLION = 1e9
MEMORY = "2g"

FACTS = ("cpu", "shuffled", "stored")

START = "start"
"""What comes before the first stage: Java, Python, the executors."""


def run(work: Work, log: Log) -> None:
    """Measure all cases; every one finds the same rows."""
    import pyspark

    from tests.cluster import Cluster

    count = work.count or COUNT
    articles, checksum = work.articles(count)
    log.note(articles.name, checksum)
    log.note("pyspark", pyspark.__version__)
    for turn in range(work.rounds or 1):
        results = work.results("native")
        for threads in (1, 2):
            if work.chosen("native"):
                results = work.results("native")
                usage = measure(dedup(articles, results, threads=threads), threads)
                log.add(
                    f"native, {threads} thread{'s' * (threads > 1)}",
                    count,
                    turn,
                    cpu=usage.cpu,
                    wall=usage.wall,
                )
        if work.chosen(LOCAL):
            _spark(work, log, articles, count, turn, LOCAL, "local[2]", results)
        if work.chosen(CLUSTER):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
                cluster = Cluster(Path(directory), memory="3G", environment={})
                try:
                    _spark(work, log, articles, count, turn, CLUSTER, cluster.url, results)
                finally:
                    cluster.stop()


def _spark(
    work: Work, log: Log, articles: Path, count: int, turn: int, case: str, master: str, native: Path
) -> None:
    """One run on Spark, and what its stages cost."""
    results, stages, events = (work.results(f"spark-{name}") for name in ("results", "stages", "events"))
    events.mkdir(parents=True)
    options = ("--engine", "spark", "--master", master, "--work-dir", str(stages))
    command = [part for part in dedup(articles, results, *options) if part not in ("--threads", "1")]
    with _submitted(events), _Meter() as meter:
        usage = measure(command, 2)
    found = json.loads((results / "summary.json").read_text())
    assert found["input"] == count == found["kept"] + found["removed"]
    if native.exists():
        assert _rows(results) == _rows(native)
    began, shuffled = _accounted(events)
    cpu = meter.by_stage(began)
    total = {"cpu": cpu.total(), "shuffled": shuffled.total(), "stored": 0.0}
    for stage in cpu:
        stored = sum(file.stat().st_size for file in (stages / stage).rglob("part-*"))
        total["stored"] += stored
        log.add(f"{case}: {stage}", count, turn, cpu=cpu[stage], shuffled=shuffled[stage], stored=stored)
    log.add(case, count, turn, wall=usage.wall, **total)
    for directory in (results, stages, events):
        shutil.rmtree(directory)


@contextmanager
def _submitted(events: Path) -> Iterator[None]:
    """The environment in which Spark writes its event log."""
    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.driver.memory": MEMORY,
        "spark.executor.memory": MEMORY,
        "spark.ui.enabled": "false",
    }
    told = " ".join(f"--conf {name}={value}" for name, value in settings.items())
    environment = {"PYSPARK_SUBMIT_ARGS": f"{told} pyspark-shell", "SPARK_LOCAL_IP": "127.0.0.1"}
    with mock.patch.dict(os.environ, environment):
        yield


def _accounted(events: Path) -> tuple[list[tuple[float, str]], Counter[str]]:
    """When jobs of each stage began, and the bytes that each stage shuffled, from Spark's event log."""
    names: dict[int, str] = {}
    began: list[tuple[float, str]] = []
    shuffled: Counter[str] = Counter()
    (log,) = events.iterdir()
    with log.open() as lines:
        for event in map(json.loads, lines):
            if event["Event"] == "SparkListenerJobStart":
                name = event.get("Properties", {}).get("spark.job.description", START)
                names.update(dict.fromkeys(event["Stage IDs"], name))
                began.append((event["Submission Time"] / 1e3, name))
            elif event["Event"] == "SparkListenerTaskEnd":
                written = event.get("Task Metrics", {}).get("Shuffle Write Metrics", {})
                shuffled[names[event["Stage ID"]]] += written.get("Shuffle Bytes Written", 0)
    return began, shuffled


class _Meter(threading.Thread):
    """Reads again and again how many CPU seconds the processes below this one have used by now."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._seen: dict[tuple[int, str], int] = {}
        self._readings: list[tuple[float, float]] = []
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._read()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self._read()

    def by_stage(self, began: list[tuple[float, str]]) -> Counter[str]:
        """CPU seconds by what began last."""
        found: Counter[str] = Counter({START: 0.0})
        times = [start for start, _ in began]
        for (_, before), (now, after) in pairwise(self._readings):
            i = bisect.bisect(times, now) - 1
            found[began[i][1] if i >= 0 else START] += after - before
        return found

    def _read(self) -> None:
        from tests.cluster import below

        ticks = os.sysconf("SC_CLK_TCK")
        for pid in below(os.getpid()):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                self._seen[pid, fields[19]] = int(fields[11]) + int(fields[12])
        self._readings.append((time.time(), sum(self._seen.values()) / ticks))


def _rows(results: Path) -> list[str]:
    """The rows of a run, in one order whatever the engine."""
    where = results / "clusters.jsonl"
    files = sorted(where.glob("part-*")) if where.is_dir() else [where]
    rows = (json.loads(line) for file in files for line in file.read_text().splitlines())
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def summary(rows: Rows) -> str:
    """Whole runs, then the stages, and what they come to for a billion articles."""
    whole, stages = [], []
    for case, count in rows.cases():
        cpu, *bytes_ = (rows.median(case, count, fact) for fact in FACTS)
        shown = [number(None if value is None else value / 1e6) for value in bytes_]
        if ": " not in case:
            wall = number(rows.median(case, count, "wall"))
            whole.append((f"{case}, {count:,} articles", wall, number(cpu), *shown))
        elif case.startswith(f"{LOCAL}: "):
            scale = BILLION / count
            hours, *far = ((value or 0) * scale for value in (cpu, *bytes_))
            billion = [number(hours / 3600, 0), *(number(value / 1e9, 0) for value in far)]
            stages.append((case.removeprefix(f"{LOCAL}: "), number(cpu), *shown, *billion))
    header = ("CPU s", "MB shuffled", "MB stored")
    return "\n\n".join(
        (
            table(("run", "wall s", *header), whole),
            "Stages on local[2]; the last three columns are a billion articles at the same rate.",
            table(("stage", *header, "CPU hours", "GB shuffled", "GB stored"), stages),
        )
    )
