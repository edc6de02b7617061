"""What a process costs: a command goes in; CPU seconds, wall seconds and memory come out.

CPU seconds are user plus system time of the process and all its children, as the system accounts them at its end
(`wait4`). The peak is the resident set of the largest process, mapped input included; private memory is what no file
backs, read from `/proc/PID/smaps_rollup` (Linux) while the process runs. A process has one thread unless said
otherwise: the variables that thread pools read are set for all tools alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

LAUNCH = Path(__file__).with_name("launch.py")

TIMES, MOST = 8, 6 << 30
"""Memory that is made ready for a process: so many times the size of what it reads, but no more than this."""

T = TypeVar("T")

POOLS = ("RAYON", "OMP", "OPENBLAS", "MKL", "ARROW", "POLARS_MAX", "NUMEXPR")
"""Whose number of threads a variable `…_NUM_THREADS` (or `…_THREADS`) decides."""


@dataclass(frozen=True)
class Usage:
    """What a process cost.

    Attributes:
        cpu: User and system CPU seconds, children included.
        wall: Seconds from start to end.
        peak: Largest resident set, MB.
        private: Most memory that no file backs, MB; 0 where it was not asked for or cannot be known.
        output: What it printed, both streams.
    """

    cpu: float
    wall: float
    peak: float
    private: float
    output: str


def measure(
    command: Sequence[str | Path],
    threads: int = 1,
    *,
    private: bool = False,
    reads: Path | None = None,
) -> Usage:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        threads: What the environment tells thread pools; a tool with an option of its own needs that too.
        private: Whether to watch its private memory.
        reads: The file that it reads; memory in proportion is made ready first, see `_touch`.

    Raises:
        SystemExit: The command failed; with what it printed.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}  # nobody shall wait for the network
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled
    for pool in POOLS:
        environment[f"{pool}_THREADS" if pool == "POLARS_MAX" else f"{pool}_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile() as output:
        cost = Path(directory) / "cost"
        launch = [sys.executable, "-I", "-S", LAUNCH, cost, *command]
        if reads is not None:
            _touch(min(TIMES * reads.stat().st_size, MOST))
        launcher = subprocess.Popen(launch, stdout=output, stderr=subprocess.STDOUT, env=environment)
        watch = _Watch(cost) if private else None
        launcher.wait()
        most = watch.end() if watch else 0.0
        output.seek(0)
        text = output.read().decode("utf-8", "replace").strip()
        if launcher.returncode:
            raise SystemExit(f"{' '.join(map(str, command))} cannot be run:\n{text}")
        found = json.loads(cost.read_text().splitlines()[1])
    if found["code"]:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {found['code']}:\n{text}")
    return Usage(found["cpu"], found["wall"], found["peak"], most, text)


def _touch(size: int) -> None:
    """Take memory and let it go, in another process.

    A virtual machine hands memory that is free back to its host, and whoever is the first to touch it again pays for
    getting it: up to 3 µs a page, so that a copy of 560 MB took between .17 and 2 CPU s. Now nobody measured does.
    """
    if sys.platform == "linux":
        flags = "mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE"
        take = f"import mmap; mmap.mmap(-1, {size}, {flags})"
        subprocess.run([sys.executable, "-I", "-S", "-c", take], check=True)


class _Watch(threading.Thread):
    """Reads the private memory of a process again and again.

    A look walks the process's page tables, so that many would slow it down: they are at most a fiftieth of the time.
    """

    def __init__(self, cost: Path) -> None:
        super().__init__(daemon=True)
        self._cost = cost
        self._most = 0.0
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not (self._cost.exists() and self._cost.read_text()):
            if self._over.wait(0.002):
                return
        path = Path(f"/proc/{self._cost.read_text().split()[0]}/smaps_rollup")
        pause = 0.0
        while not self._over.wait(pause):
            start = time.perf_counter()
            try:
                lines = path.read_text().splitlines()
            except OSError:  # the process is over, or this is not Linux
                return
            sizes = [int(line.split()[1]) for line in lines if line.startswith(("Anonymous:", "Swap:"))]
            self._most = max(self._most, sum(sizes) * 1024 / 1e6)
            pause = max(0.02, 50 * (time.perf_counter() - start))

    def end(self) -> float:
        """The most that was seen, MB."""
        self._over.set()
        self.join()
        return self._most


def best(stage: Callable[[T], object], batches: Iterable[T], rounds: int) -> float:
    """CPU seconds of the fastest of some rounds over all batches, in this process.

    The fastest, because the others measure what else the machine is doing. What a batch gives is let go before the
    next, as in a run: to keep it would measure how fast the system hands out memory.
    """
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        for batch in batches:
            stage(batch)
        seconds.append(time.process_time() - start)
    return min(seconds)
