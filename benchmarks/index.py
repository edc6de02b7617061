"""The persistent index as it grows: adding, asking, and room, in SQLite and PostgreSQL, beside datasketch on Redis.

A million articles of 4 KB, a fifth of them edited copies, as JSON lines in memory: reading files is not counted,
lifting texts out of JSON is. Rates are of wall-clock time, articles a second, since the size before; sizes are those of
the store, log and free pages included. What is asked for are 10,000 to 20,000 stored articles, spread over all of them,
in batches of 10,000; each must be found, with similarity 1. Single queries are those of a process that has just added
the articles. CPU time is that of this process, without PostgreSQL's own. PostgreSQL gets a tenth of the articles,
datasketch a fiftieth; both servers are started for this on loopback, if they are installed.

Bias. For datasketch: it keeps no texts, verifies nothing and gets signatures made beforehand, so only its storing and
asking count. Redis keeps everything in memory and writes no file. Against it: Redis answers one command at a time, and
the client is Python; it is not told to ask for many at once, for which it has no call.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dedup
from benchmarks.measure import measure
from benchmarks.record import Log, Rows, number, table
from benchmarks.servers import UnavailableError, postgres, redis
from benchmarks.work import Work

LARGEST = 1_000_000
BATCHES = (10_000, 100_000)
MARKS = (0.1, 0.25, 0.5, 1.0)
ASKED = 10_000
SINGLES = 1000
POSTGRES, PEER = 10, 50
"""What part of the articles each gets."""

PACKAGES = ("datasketch==2.0.0", "redis==5.2.1")
PEER_CASE = "datasketch + Redis, signatures only"


def run(work: Work, log: Log) -> None:
    """Fill an index in batches of each size, then the servers."""
    count = work.count or LARGEST
    articles, checksum = work.articles(count)
    log.note(articles.name, checksum)
    for turn in range(work.rounds or 1):
        for size in dict.fromkeys(min(size, max(1, count // 10)) for size in BATCHES):
            if work.chosen(case := f"SQLite, {size:,} a batch"):
                with tempfile.TemporaryDirectory(dir=work.directory) as directory:
                    _fill(log, case, turn, articles, f"{directory}/news.dedup", count, size)
        count_there, size = max(1, count // POSTGRES), min(BATCHES[0], max(1, count // 10))
        if work.chosen(case := f"PostgreSQL, {size:,} a batch"):
            try:
                with postgres() as address:
                    _fill(log, case, turn, articles, address, count_there, size)
            except UnavailableError as error:
                log.note(case, f"not measured: {error}")
        if work.chosen(PEER_CASE):
            try:
                with redis() as port:
                    log.add(PEER_CASE, max(1, count // PEER), turn, **_peer(work, articles, port, count))
                    log.note(PEER_CASE, ", ".join(PACKAGES))
            except UnavailableError as error:
                log.note(PEER_CASE, f"not measured: {error}")


def _lines(path: Path, count: int, size: int) -> Iterator[list[bytes]]:
    """The first lines of a file, `size` at a time."""
    with path.open("rb") as file:
        lines = itertools.islice(file, count)
        while chunk := list(itertools.islice(lines, size)):
            yield chunk


def _fill(log: Log, case: str, turn: int, path: Path, location: str, count: int, size: int) -> None:
    """Fill an index; at each mark measure what was added since the last one, and ask."""
    marks = [int(count * mark) for mark in MARKS]
    stored, before, wall, cpu, slowest = 0, 0, 0.0, 0.0, 0.0
    spread: list[bytes] = []
    step = 1
    with dedup.Index(location) as index:
        for lines in _lines(path, count, size):
            batch = b"".join(lines)
            start, start_cpu = time.perf_counter(), time.process_time()
            counts = index.add(batch)
            took = time.perf_counter() - start
            wall, cpu, slowest = wall + took, cpu + time.process_time() - start_cpu, max(slowest, took)
            assert counts["new"] + counts["duplicates"] == counts["articles"] == len(lines)
            stored += len(lines)
            spread += lines[::step]
            if len(spread) > 2 * ASKED:
                spread, step = spread[::2], 2 * step
            if stored < marks[0] and stored < count:
                continue
            marks.pop(0)
            rates = {"adds": (stored - before) / wall, "cpu": cpu / (stored - before) * 1e6}
            asked = _ask(index, spread)
            room = index.info()["bytes"] / stored
            log.add(case, stored, turn, **rates, **asked, slowest=slowest, bytes=room)
            before, wall, cpu, slowest = stored, 0.0, 0.0, 0.0


def _ask(index: dedup.Index, lines: list[bytes]) -> dict[str, float]:
    """Ask for articles in batches and one by one."""
    took = 0.0
    for first in range(0, len(lines), ASKED):
        batch = b"".join(lines[first : first + ASKED])
        start = time.perf_counter()
        found = index.query(batch)
        took += time.perf_counter() - start
        assert all(matches and matches[0].similarity == 1.0 for matches in found)
    rate = len(lines) / took
    singles = []
    for line in lines[:: max(1, len(lines) // SINGLES)]:
        start = time.perf_counter()
        assert index.query(line)[0]
        singles.append(time.perf_counter() - start)
    p50, p99 = np.percentile(singles, [50, 99]) * 1000
    return {"queries": rate, "p50": p50, "p99": p99}


def _peer(work: Work, path: Path, port: int, count: int) -> dict[str, Any]:
    """The same of datasketch on Redis, in a virtual environment of its own."""
    python = work.python("datasketch-redis", PACKAGES)
    (lines,) = _lines(path, max(1, count // PEER), count)
    signatures = dedup.signatures([json.loads(line)["text"] for line in lines])
    file = work.directory / "signatures.npy"
    np.save(file, signatures)
    program = Path(__file__).parent / "peers" / "programs" / "datasketch_redis.py"
    arguments = [file, port, BATCHES[0], min(len(lines), SINGLES)]
    found: dict[str, Any] = json.loads(
        measure([str(part) for part in (python, "-P", program, *arguments)]).output
    )
    return found


def summary(rows: Rows) -> str:
    """A table of all cases as they grow."""
    metrics = {"adds": 0, "cpu": 0, "slowest": 2, "queries": 0, "p50": 2, "p99": 2, "bytes": 0}
    lines = [
        (
            case,
            number(size, 0),
            *(number(rows.median(case, size, name), digits) for name, digits in metrics.items()),
        )
        for case, size in rows.cases()
    ]
    header = ("", "stored", "added a second", "CPU µs an article", "slowest batch s", "asked a second")
    return table((*header, "one: p50 ms", "p99 ms", "bytes an article"), lines)
