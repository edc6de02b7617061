"""Recorded runs: measurements go in; `raw.csv`, `summary.md` and a README with commands and versions come out.

A run is a directory, `benchmarks/runs/<date>-<machine>/` by default. Benchmarks may be run one by one into the same
directory: what one measured before is replaced, the others' stays. Everything but `run.json` and `raw.csv` is made
from these two.
"""

from __future__ import annotations

import csv
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "benchmarks" / "runs"


class Facts(TypedDict):
    """How a benchmark was run."""

    command: str
    commit: str
    date: str
    minutes: float
    machine: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Row:
    """One measured number.

    Attributes:
        benchmark: Name of the benchmark.
        case: What was measured.
        size: Documents, values, or what else the case grows with.
        round: From 0.
        metric: Name of the number.
        value: The number.
    """

    benchmark: str
    case: str
    size: int
    round: int
    metric: str
    value: float


class Rows:
    """Measured numbers, to select from."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)

    def of(self, benchmark: str) -> Rows:
        """Those of a benchmark."""
        return Rows(row for row in self._rows if row.benchmark == benchmark)

    def cases(self) -> list[tuple[str, int]]:
        """(case, size) in the order they were measured."""
        return list(dict.fromkeys((row.case, row.size) for row in self._rows))

    def values(self, case: str, size: int, metric: str) -> list[float]:
        """A metric of a case, one a round."""
        found = [r for r in self._rows if (r.case, r.size, r.metric) == (case, size, metric)]
        return [row.value for row in sorted(found, key=lambda row: row.round)]

    def median(self, case: str, size: int, metric: str) -> float | None:
        """The median over rounds; None where it was not measured."""
        values = self.values(case, size, metric)
        return statistics.median(values) if values else None

    def ratio(self, case: str, other: str, size: int, metric: str) -> float | None:
        """The median over rounds of a case's metric, as a multiple of another's in the same round; None without any.

        Within a round the machine is about as fast for both; between rounds its speed changes.
        """
        rounds: dict[int, tuple[list[float], list[float]]] = {}
        for row in self._rows:
            if (row.size, row.metric) == (size, metric) and row.case in (case, other):
                own, others = rounds.setdefault(row.round, ([], []))
                if row.case == case:
                    own.append(row.value)
                if row.case == other:
                    others.append(row.value)
        both = [(statistics.median(a), statistics.median(b)) for a, b in rounds.values() if a and b]
        return statistics.median(a / b for a, b in both) if both else None

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


Summaries = Mapping[str, Callable[[Rows], str]]
"""Makes the Markdown of a benchmark's part of a summary, by its name, in the order to show them."""


class Log:
    """Takes the measurements of one benchmark, and says what is going on."""

    def __init__(self, benchmark: str) -> None:
        self.benchmark = benchmark
        self.rows: list[Row] = []
        self.notes: dict[str, str] = {}
        self.load = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan

    def add(self, case: str, size: int, turn: int, **metrics: float) -> None:
        """Note the metrics of a case in a round."""
        for metric, value in metrics.items():
            self.rows.append(Row(self.benchmark, case, size, turn, metric, float(value)))
        shown = ", ".join(f"{metric} {value:.4g}" for metric, value in metrics.items())
        print(f"{self.benchmark}: {case}, {size:,}, round {turn + 1}: {shown}", file=sys.stderr, flush=True)

    def note(self, name: str, value: str) -> None:
        """Keep what a reader needs to repeat it: a version, the checksum of the data."""
        self.notes[name] = value


def machine() -> str:
    """The processor, as a name for directories; never the name of the host."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = next(line.split(":")[1] for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model = re.sub(r"\(R\)|\(TM\)|CPU|Processor|@.*", " ", model)
    return re.sub(r"[^a-z0-9]+", "-", f"{model} {cores} cores".lower()).strip("-")


def instructions() -> str:
    """The SIMD levels that the kernel uses here."""
    from dedup import _kernel

    return ", ".join(_kernel.levels())


def commit() -> str:
    """The commit that was measured."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def save(directory: Path, log: Log, command: str, seconds: float, summaries: Summaries) -> None:
    """Put what a benchmark measured into a run, and make its documents anew.

    Args:
        directory: Of the run; made if need be.
        log: The measurements.
        command: That made them.
        seconds: How long it took.
        summaries: Of all benchmarks.
    """
    directory.mkdir(parents=True, exist_ok=True)
    rows = [row for row in load(directory) if row.benchmark != log.benchmark] + log.rows
    path = directory / "raw.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Row))
        writer.writerows((*astuple(row)[:-1], f"{row.value:.6g}") for row in rows)
    facts = directory / "run.json"
    known: dict[str, Facts] = json.loads(facts.read_text()) if facts.exists() else {}
    known[log.benchmark] = {
        "command": command,
        "commit": commit(),
        "date": time.strftime("%Y-%m-%d"),
        "minutes": round(seconds / 60, 1),
        "machine": f"{machine()}: {instructions()}; load {log.load:.1f} when it began",
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("article-dedup", "numpy")}
        | log.notes,
    }
    known = {name: known[name] for name in summaries if name in known}
    facts.write_text(json.dumps(known, indent=1) + "\n")
    _write_documents(directory, known, summaries)


def load(directory: Path) -> Rows:
    """The measurements of a run; none if there are none yet."""
    path = directory / "raw.csv"
    if not path.exists():
        return Rows([])
    with path.open(newline="", encoding="utf-8") as file:
        return Rows(
            Row(r["benchmark"], r["case"], int(r["size"]), int(r["round"]), r["metric"], float(r["value"]))
            for r in csv.DictReader(file)
        )


def _write_documents(directory: Path, known: Mapping[str, Facts], summaries: Summaries) -> None:
    """Write README.md and summary.md of a run."""
    rows = load(directory)
    lines = [
        "# A recorded run",
        "",
        "Measurements: [summary.md](summary.md), every number: [raw.csv](raw.csv).",
        "",
    ]
    for name, facts in known.items():
        lines += [f"## {name}", "", "```sh", str(facts["command"]), "```", ""]
        lines += [f"- {facts['date']}, {facts['minutes']} minutes, commit {facts['commit']}"]
        lines += [f"- {facts['machine']}"]
        lines += [f"- {key} {value}" for key, value in facts["versions"].items()] + [""]
    (directory / "README.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")
    parts = [f"## {name}\n\n{summaries[name](rows.of(name))}\n" for name in known]
    text = "# Summary\n\nMedians over the rounds of one run.\n\n" + "\n".join(parts)
    (directory / "summary.md").write_text(text, "utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [list(header), ["---"] + ["---:"] * (len(header) - 1), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None, digits: int = 1) -> str:
    """A number for people; a dash where it was not measured."""
    return "–" if value is None else f"{value:,.{digits}f}"
