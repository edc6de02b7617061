"""Growth: `dedup run --no-strip --excerpts off` from 10,000 articles to a million, on one thread and on two.

What counts is CPU time an article, wall time, and private memory: what no file backs. The input is mapped and the
system may keep it in memory or not, so the peak resident set says little. Ten million on demand, `--count 10000000`:
beyond a million the articles have 1 KB in the mean instead of 4, so that they fit on a disk. All runs have a budget of
2 GB, which some three million articles exceed: then their arrays are in files, which are not private either.

Bias. Copies are copies of articles at most 10,000 back, as news are; the number of clusters grows with the articles,
their size does not. Small runs are dominated by start-up. Two threads are two cores only on a machine that has them
and nothing else to do.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from benchmarks.generate import Recipe
from benchmarks.measure import measure
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import NEAR_ONLY, Work, dedup

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
LARGEST, LARGEST_OF_NEWS = 1_000_000, 1_000_000
ROUNDS = 3
SHORT = 155
"""Words of an article of 1 KB."""


def run(work: Work, log: Log) -> None:
    """Measure all sizes, threads in turn; the same clusters on any number of threads."""
    largest = work.count or LARGEST
    recipe = Recipe() if largest <= LARGEST_OF_NEWS else Recipe(words=SHORT)
    log.note("cores", str(os.cpu_count()))
    for size in sorted({*(size for size in SIZES if size < largest), largest}):
        articles, checksum = work.articles(size, recipe)
        log.note(articles.name, checksum)
        for turn in range(work.rounds or ROUNDS):
            clusters = set()
            for threads in (1, 2):
                results = work.results()
                usage = measure(
                    dedup(articles, results, *NEAR_ONLY, "--memory", "2G", threads=threads),
                    threads,
                    private=True,
                    reads=articles,
                )
                found = json.loads((results / "summary.json").read_text())
                assert found["input"] == size == found["kept"] + found["removed"]
                clusters.add(_checksum(results / "clusters.jsonl"))
                log.add(
                    f"{threads} thread{'s' * (threads > 1)}",
                    size,
                    turn,
                    cpu=usage.cpu,
                    wall=usage.wall,
                    peak=usage.peak,
                    private=usage.private,
                    removed=found["removed"],
                    spilled=found["environment"]["spilled"] / 1e6,
                    candidates=found["comparisons"]["candidates"],
                )
            assert len(clusters) == 1
        work.results()


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def summary(rows: Rows) -> str:
    """A table of all sizes; threads are compared in the same round."""
    lines = []
    for size in dict.fromkeys(size for _, size in rows.cases()):
        faster = rows.ratio("1 thread", "2 threads", size, "wall")
        cpu = rows.median("1 thread", size, "cpu") or 0.0
        private = rows.median("1 thread", size, "private") or 0.0
        lines.append(
            (
                number(size, 0),
                number(cpu, 2),
                number(cpu / size * 1e6),
                number(faster, 2),
                number(private, 0),
                number(private * 1e3 / size, 2),
                number(rows.median("1 thread", size, "spilled") or 0.0, 0),
                number((rows.median("1 thread", size, "candidates") or 0.0) / size, 2),
            )
        )
    header = (
        "articles",
        "CPU s",
        "µs an article",
        "2 threads faster",
        "private MB",
        "kB an article",
        "MB in files",
        "candidates",
    )
    return table(header, lines)
