"""The persistent index: adding, asking, and room, as it grows.

    python -m benchmarks.index [--articles 1000000] [--batch 10000] [--location FILE or postgresql://...] [--peer]

Generated articles of 4 KB, a fifth of them edited copies, as JSON lines in memory: reading files is not counted,
lifting texts out of JSON is. Rates are wall-clock, articles a second, over the last tenth before each mark; sizes are
those of the store, log and free pages included. Every article that is asked for must be found, with similarity 1.

`--peer` adds datasketch's MinHashLSH on a Redis server that is started for it (redis-server must be installed), fed
with signatures made beforehand, so only its storing and asking count. What speaks against the comparison: datasketch
keeps no texts and verifies nothing; Redis keeps everything in memory.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import dedup
from benchmarks.generate import Recipe, write

ASKED = 10_000
SINGLES = 500
PEER = 20_000
MARKS = (0.1, 0.25, 0.5, 1.0)


def batches(path: Path, size: int) -> Iterator[bytes]:
    """The JSON lines of a file, `size` articles at a time."""
    with path.open("rb") as lines:
        while chunk := list(itertools.islice(lines, size)):
            yield b"".join(chunk)


def generated(count: int, work: Path) -> Path:
    """A file of generated articles; made once, before anything is measured."""
    path = work / f"{Recipe().name}-{count}.jsonl"
    if not path.exists():
        print(f"{count:,} articles, SHA-256 {write(count, path)[:16]}", flush=True)
    return path


def measure(path: Path, location: str, count: int, size: int) -> None:
    """Fill an index; at each mark print rates and room."""
    print(
        f"{'stored':>9} {'add/s':>8} {'query/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'slowest batch s':>15} {'bytes':>6}"
    )
    marks = [int(count * mark) for mark in MARKS]
    stored, times = 0, []
    with dedup.Index(location) as index:
        for batch in batches(path, size):
            start = time.perf_counter()
            counts = index.add(batch)
            times.append(time.perf_counter() - start)
            assert counts["new"] + counts["duplicates"] == counts["articles"]
            stored += counts["articles"]
            if marks and stored >= marks[0]:
                marks.pop(0)
                recent = times[-max(1, len(times) // 10) :]
                asked = batch.splitlines()[:ASKED]
                start = time.perf_counter()
                found = index.query(b"\n".join(asked))
                rate = len(asked) / (time.perf_counter() - start)
                assert all(matches and matches[0].similarity == 1.0 for matches in found)
                singles = []
                for line in asked[:SINGLES]:
                    start = time.perf_counter()
                    assert index.query(line)[0]
                    singles.append(time.perf_counter() - start)
                p50, p99 = np.percentile(singles, [50, 99]) * 1000
                room = index.info()["bytes"] / stored
                adds = size * len(recent) / sum(recent)
                rates = f"{adds:>8,.0f} {rate:>8,.0f} {p50:>7.2f} {p99:>7.2f}"
                print(f"{stored:>9,} {rates} {max(times):>15.2f} {room:>6,.0f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MB, the generator's with it")


def measure_peer(path: Path, size: int) -> None:
    """The same of datasketch on Redis."""
    from datasketch import MinHashLSH

    server = shutil.which("redis-server")
    if server is None:
        print("datasketch + Redis: no redis-server here")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([server, "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        lsh = MinHashLSH(
            params=(35, 3),
            num_perm=128,
            storage_config={"type": "redis", "redis": {"host": "127.0.0.1", "port": port}},
        )
        records = [json.loads(line) for line in next(batches(path, PEER)).splitlines()]
        signatures = dedup.signatures([record["text"] for record in records])
        hashes = [dedup.to_datasketch(signature) for signature in signatures]
        start = time.perf_counter()
        with lsh.insertion_session(buffer_size=size) as session:
            for record, minhash in zip(records, hashes, strict=True):
                session.insert(record["id"], minhash)
        adds = len(records) / (time.perf_counter() - start)
        start = time.perf_counter()
        for minhash in hashes[:SINGLES]:
            lsh.query(minhash)
        print(
            f"datasketch + Redis: {adds:,.0f} inserts/s, {SINGLES / (time.perf_counter() - start):,.0f} queries/s"
        )
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--location", help="a new file by default, removed at the end")
    parser.add_argument("--work", type=Path, help="directory for the articles, which stay there")
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as directory:
        path = generated(options.articles, options.work or Path(directory))
        measure(path, options.location or f"{directory}/news.dedup", options.articles, options.batch)
        if options.peer:
            measure_peer(path, options.batch)


if __name__ == "__main__":
    main()
