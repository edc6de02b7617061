"""Two commits against each other: their names go in, a table of CPU seconds, memory and ratios comes out.

Each commit is checked out into a directory of its own and installed into a virtual environment of its own (which
takes a Rust compiler and minutes, once for each), then both run on the same articles in turn. On a machine that is
not quiet a difference below 3% says nothing: `old` against `old` shows how much noise there is.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Usage, measure
from benchmarks.record import ROOT, number, table
from benchmarks.work import Work

COUNT, ROUNDS = 100_000, 5
MODES = {
    "--no-strip": ["--no-strip"],
    "default": [],
    "--no-strip, two threads": ["--no-strip", "--threads", "2"],
}


def compare(work: Work, old: str, new: str) -> str:
    """Measure both commits and return a Markdown table."""
    articles, _ = work.articles(work.count or COUNT)
    names = (old, new)
    pythons = [_installed(work, _git("rev-parse", "--verify", f"{name}^{{commit}}")) for name in names]
    measured: dict[tuple[str, int], list[Usage]] = {}
    for turn in range(work.rounds or ROUNDS):
        for mode, options in MODES.items():
            for side in (0, 1) if turn % 2 else (1, 0):
                results = work.results("commit")
                threads = 2 if "--threads" in options else 1
                command = [str(pythons[side]), "-P", "-m", "dedup", "run", str(articles), "-o", str(results)]
                usage = measure(
                    [*command, "--threads", "1", "--quiet", *options], threads, private=True, reads=articles
                )
                measured.setdefault((mode, side), []).append(usage)
                print(f"{names[side]}, {mode}: {usage.cpu:.2f} s CPU", file=sys.stderr, flush=True)
    lines = []
    for mode in MODES:
        for what in ("cpu", "wall", "private"):
            values = [
                statistics.median(getattr(usage, what) for usage in measured[mode, side]) for side in (0, 1)
            ]
            ratio = number(values[1] / values[0], 3) if values[0] else "–"
            lines.append((f"{mode}: {what}", *(number(value, 2) for value in values), ratio))
    return table(("", old, new, "new / old"), lines)


def _installed(work: Work, commit: str) -> Path:
    """The interpreter of an environment with a commit installed."""
    tree = work.directory / "commits" / commit
    if not tree.exists():
        tree.mkdir(parents=True)
        archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    return work.python(f"commit-{commit[:12]}", [str(tree)])


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
