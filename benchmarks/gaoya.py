"""Whole processes against gaoya 0.2.2: JSON lines in, duplicates out, CPU seconds on one thread.

    python -m benchmarks.gaoya [--count 100000] [--rounds 3] [--work DIR]

Makes the articles, installs gaoya into a virtual environment of its own, and runs both tools in turn, each as a new
process with one thread. What is counted: user plus system CPU seconds of the whole process, and its peak memory.

Bias. Both tokenise into word 5-grams and use 35 bands of 3 rows at threshold 0.5. gaoya gets its own fastest path:
its bulk calls, its Rust word analyzer, `smallvec` buckets, orjson for reading. It lists neighbours by estimated
similarity; it does not verify them, make clusters, or write the articles that stay, all of which `dedup run` does.
`--no-strip` because gaoya does not strip. dedup's default, with stripping, is reported beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.generate import write

PEER = """
import sys, orjson
from gaoya.minhash import MinHashStringIndex
ids, texts = [], []
with open(sys.argv[1], "rb") as file:
    for number, line in enumerate(file):
        ids.append(number)
        texts.append(orjson.loads(line)["text"])
index = MinHashStringIndex(hash_size=32, jaccard_threshold=0.5, num_bands=35, band_size=3, analyzer="word",
                           lowercase=True, ngram_range=(5, 5), id_container="smallvec")
index.par_bulk_insert_docs(ids, texts)
found = index.par_bulk_query(texts)
print(sum(len(neighbours) > 1 for neighbours in found), "articles have neighbours")
"""


def measure(command: list[str]) -> tuple[float, float, str]:
    """Run a command with one thread; returns its CPU seconds, peak memory in MB and output."""
    environment = {
        **os.environ,
        "RAYON_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        output.seek(0)
        text = output.read().decode("utf-8", "replace").strip()
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed:\n{text}")
    peak = usage.ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    return usage.ru_utime + usage.ru_stime, peak, text


def peer_python(work: Path) -> Path:
    """A Python that has gaoya, installed if need be."""
    home = work / "gaoya-venv"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "-q", "install", "gaoya==0.2.2", "orjson"], check=True)
    return python


def main() -> None:
    """Measure and print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "dedup-benchmark")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    articles = chosen.work / f"articles-{chosen.count}.jsonl"
    if not articles.exists():
        write(chosen.count, articles.with_suffix(".part"))
        articles.with_suffix(".part").rename(articles)
    results = chosen.work / "results"
    run = [sys.executable, "-m", "dedup", "run", str(articles), "-o", str(results), "--threads", "1"]
    commands = {
        "gaoya 0.2.2": [str(peer_python(chosen.work)), "-c", PEER, str(articles)],
        "dedup --no-strip": [*run, "--no-strip"],
        "dedup": run,
    }
    measured: dict[str, list[tuple[float, float, str]]] = {name: [] for name in commands}
    for _ in range(chosen.rounds):
        for name, command in commands.items():
            shutil.rmtree(results, ignore_errors=True)
            measured[name].append(measure(command))
    megabytes = articles.stat().st_size / 1e6
    print(f"{chosen.count} articles, {megabytes:.0f} MB, medians of {chosen.rounds} rounds, one thread")
    print(f"{'':18} {'CPU s':>8} {'gaoya takes':>12} {'peak MB':>8}")
    slow = statistics.median(run[0] for run in measured["gaoya 0.2.2"])
    for name, runs in measured.items():
        seconds = statistics.median(run[0] for run in runs)
        peak = statistics.median(run[1] for run in runs)
        print(f"{name:18} {seconds:8.2f} {slow / seconds:11.1f}x {peak:8.0f}")


if __name__ == "__main__":
    main()
