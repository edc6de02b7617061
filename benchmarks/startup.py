"""Start-up: what the command costs before it has anything to do, in CPU milliseconds above bare Python.

The commands take turns, each is a new process; medians over the rounds.

Bias. All modules lie compiled in the page cache after the first round: the first start after an installation costs
more.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.measure import measure
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import Work, dedup

ROUNDS = 20
BARE = "python -c pass"


def run(work: Work, log: Log) -> None:
    """Measure bare Python and the commands in turn."""
    work.directory.mkdir(parents=True, exist_ok=True)
    article = work.directory / "one.jsonl"
    article.write_text(json.dumps({"id": "a", "text": "The ferries leave Kellin Bay at noon."}) + "\n")
    python = [sys.executable, "-m", "dedup"]
    commands = {
        BARE: [sys.executable, "-c", "pass"],
        "import dedup": [sys.executable, "-c", "import dedup"],
        "dedup --version": [*python, "--version"],
        "dedup --help": [*python, "--help"],
        "dedup run --help": [*python, "run", "--help"],
        "dedup run, one article": [],
    }
    for turn in range(work.rounds or ROUNDS):
        for case, command in commands.items():
            usage = measure(command or dedup(article, work.results()))
            log.add(case, 1, turn, cpu=usage.cpu, peak=usage.peak)
    kept = Path(work.directory / "results" / "last" / "kept" / article.name).read_bytes()
    assert kept == article.read_bytes()


def summary(rows: Rows) -> str:
    """A table of all commands."""
    bare = rows.median(BARE, 1, "cpu") or 0.0
    lines = []
    for case, size in rows.cases():
        cpu = rows.median(case, size, "cpu") or 0.0
        above = "" if case == BARE else number((cpu - bare) * 1e3, 0)
        lines.append((case, number(cpu * 1e3, 0), above, number(rows.median(case, size, "peak"), 0)))
    return table(("", "CPU ms", "above bare Python", "peak MB"), lines)
