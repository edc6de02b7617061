"""The command line of the benchmarks.

    python -m benchmarks list
    python -m benchmarks run [NAME...] [--count N] [--rounds N] [--only CASE...] [--output DIR]
    python -m benchmarks draw DIR
    python -m benchmarks compare OLD NEW [--count N] [--rounds N]

`run` measures all benchmarks, or those named, records what it found and draws it; each prints its table. `compare`
installs two commits and runs both in turn.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.work import Work

NAMES = ("peers", "growth", "skew", "startup", "hashing", "accuracy", "stages", "index", "spark")
"""All benchmarks: modules with `run(work, log)` and `summary(rows)`, in the order to show them."""


def main() -> None:
    """Parse, measure, record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Benchmarks of dedup.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="say what there is")
    run = commands.add_parser("run", help="measure and record")
    run.add_argument("names", nargs="*", metavar="NAME", help="benchmarks; all by default")
    run.add_argument("--only", nargs="+", metavar="CASE", default=(), help="cases; all by default")
    where = "where to record; benchmarks/runs/<date>-<machine> by default"
    run.add_argument("--output", type=Path, metavar="DIR", help=where)
    draw = commands.add_parser("draw", help="draw a recorded run again")
    draw.add_argument("directory", type=Path, metavar="DIR")
    compare = commands.add_parser("compare", help="measure two commits in turn")
    compare.add_argument("commits", nargs=2, metavar="COMMIT")
    kept = Path(tempfile.gettempdir()) / "dedup-benchmark"
    for command in (run, compare):
        command.add_argument("--count", type=int, metavar="N", help="articles, instead of the usual number")
        command.add_argument("--rounds", type=int, metavar="N", help="rounds, instead of the usual number")
        where = "where data and environments are kept; a temporary directory by default"
        command.add_argument("--work", type=Path, default=kept, metavar="DIR", help=where)
    chosen = parser.parse_args()
    if chosen.command == "list":
        for name in NAMES:
            print(f"{name:10} {(_module(name).__doc__ or '').splitlines()[0]}")
    elif chosen.command == "draw":
        _draw(chosen.directory)
    elif chosen.command == "compare":
        from benchmarks.commits import compare as measured

        print(measured(Work(chosen.work, chosen.count, chosen.rounds), *chosen.commits))
    else:
        unknown = [name for name in chosen.names if name not in NAMES]
        if unknown:
            parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
        _run(chosen)


def _module(name: str) -> Any:
    return import_module(f"benchmarks.{name}")


def _run(chosen: argparse.Namespace) -> None:
    output = chosen.output or record.RUNS / f"{time.strftime('%Y-%m-%d')}-{record.machine()}"
    work = Work(chosen.work, chosen.count, chosen.rounds, tuple(chosen.only))
    summaries = {name: _module(name).summary for name in NAMES}
    settings = [f" --{name} {value}" for name in ("count", "rounds") if (value := getattr(chosen, name))]
    if chosen.only:
        settings.append(" --only " + " ".join(shlex.quote(case) for case in chosen.only))
    for name in chosen.names or NAMES:
        log = record.Log(name)
        start = time.monotonic()
        _module(name).run(work, log)
        if not log.rows:
            raise SystemExit(f"no case of {name} is named {' or '.join(map(repr, chosen.only))}")
        command = f"python -m benchmarks run {name}{''.join(settings)}"
        record.save(output, log, command, time.monotonic() - start, summaries)
        print(f"\n{name}\n{summaries[name](record.Rows(log.rows))}\n", flush=True)
    _draw(output)


def _draw(directory: Path) -> None:
    try:
        from benchmarks.drawing import draw
    except ImportError as error:
        print(f"not drawn, {error}: pip install matplotlib", file=sys.stderr)
        return
    for path in draw(record.load(directory), directory):
        print(path)


if __name__ == "__main__":
    main()
