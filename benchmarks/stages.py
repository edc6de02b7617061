"""The stages of the kernel, one by one, on one thread: nanoseconds per byte of text.

    python -m benchmarks.stages [--count 20000] [--work DIR]

Each stage runs alone over the same generated articles in batches of 1 MB, as in a run; the best of several rounds
counts, because the others measure what else the machine is doing. Every result is checked, so a benchmark is also a
test. The column `limit` is what a C++ prototype of the same stage took on a machine with AVX2.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.generate import write
from dedup import _kernel, boilerplate
from dedup.config import Settings
from dedup.model import Form, Segment, Texts
from dedup.native import Native, permutations
from dedup.reference import Reference

BATCH = 1 << 20

T = TypeVar("T")


def best(stage: Callable[[T], object], batches: Iterable[T], rounds: int = 7) -> float:
    """CPU seconds of the fastest of some rounds over all batches.

    What a batch gives is let go before the next, as in a run: to keep it would measure how fast the system hands out
    memory.
    """
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        for batch in batches:
            stage(batch)
        seconds.append(time.process_time() - start)
    return min(seconds)


def show(stage: str, seconds: float, count: float, unit: str, limit: str = "") -> None:
    """Print a row."""
    print(f"{stage:36} {seconds * 1e9 / count:9.3f} {unit:20} {limit:>8}")


def main() -> None:
    """Measure all stages and print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=20_000)
    options.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "dedup-benchmark")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    path = chosen.work / f"articles-{chosen.count}.jsonl"
    if not path.exists():
        write(chosen.count, path)
    data = path.read_bytes()
    settings = Settings(strip=False)
    engine, reference = Native(settings, boilerplate.load(), threads=1), Reference(settings)

    ends = [0]
    while ends[-1] < len(data):
        ends.append(data.find(b"\n", min(ends[-1] + BATCH, len(data) - 1)) + 1)
    lines = list(itertools.pairwise(ends))
    scans = [engine.scan(data, start, end, ("text",), ("id",)) for start, end in lines]
    batches = [scan.texts for scan in scans]
    size = sum(int(texts.offsets[-1]) for texts in batches)
    assert sum(map(len, batches)) == chosen.count
    shingles = [engine.shingle(texts, 5) for texts in batches]
    hashes = sum(len(s.hashes) for s in shingles)
    sketches = [engine.sketch(texts) for texts in batches]
    sample = Texts.from_strings(batches[0].strings()[:50])
    np.testing.assert_array_equal(engine.sketch(sample).keys, reference.sketch(sample).keys)
    print(
        f"{chosen.count} articles, {size / chosen.count:.0f} bytes, {hashes / chosen.count:.0f} shingles each"
    )
    print(f"{'stage':36} {'ns':>9} {'per':20} {'limit':>8}")

    scan = best(lambda line: engine.scan(data, *line, ("text",), ("id",)), lines)
    show("scan: lift and unescape", scan, len(data), "byte of JSON", "0.41")
    show("strip", best(engine.strip, batches), size, "byte")
    tokenize = best(engine.tokenize, batches)
    show("tokenize", tokenize, size, "byte", "0.58")
    shingle = best(lambda texts: engine.shingle(texts, 5), batches)
    show("shingle, without tokenizing", max(shingle - tokenize, 0), size, "byte", "0.58")
    a, b = permutations(128, 1)
    for level in _kernel.levels():
        signing = best(
            partial(lambda level, s: _kernel.sign(s.hashes, s.offsets, a, b, level), level), shingles
        )
        show(
            f"sign, 128 values, {level}",
            signing,
            size,
            "byte",
            {"avx512": "0.82", "avx2": "1.1"}.get(level, ""),
        )
    signatures = [engine.sign(s, 128, 1) for s in shingles]
    banding = best(lambda values: engine.band(values, 35, 3), signatures)
    show("band keys", banding, chosen.count * 35, "document and band")
    show("sketch: tokenize to band keys", best(engine.sketch, batches), size, "byte")

    def group() -> object:
        matcher = engine.matcher()
        for sketch in sketches:
            matcher.add(sketch)
        segments = [Segment(t.data, Form.TEXT, t.offsets[:-1], t.offsets[1:]) for t in batches]
        start = time.process_time()
        matcher.start(np.arange(chosen.count), segments)
        started = time.process_time() - start
        matcher.advance(chosen.count)
        return started, time.process_time() - start - started, matcher.result()

    rounds = [group() for _ in range(5)]
    show("group by band key", min(r[0] for r in rounds), chosen.count * 35, "document and band", "15 to 21")  # type: ignore[index]
    show(
        "sort a shingle set",
        best(lambda s: _kernel.unique(s.hashes, s.offsets), shingles),
        size,
        "byte",
        "0.78",
    )
    found = rounds[0][2]  # type: ignore[index]
    copies = np.flatnonzero(found.relation == 2)[:5000]
    every = Texts.from_strings([text for texts in batches for text in texts.strings()])
    sets, bounds = _kernel.unique(*(lambda s: (s.hashes, s.offsets))(engine.shingle(every, 5)))
    # A document is compared right after it was read: its set is in the cache, so few pairs are taken many times.
    pairs = np.tile(np.stack([copies, found.representative[copies]], axis=1)[:200], (25, 1))
    expected = np.tile(found.similarity[copies][:200], 25)
    np.testing.assert_array_equal(_kernel.verify(sets, bounds, pairs, 0.5), expected)
    show(
        "verify a pair",
        best(lambda some: _kernel.verify(sets, bounds, some, 0.5), [pairs]),
        len(pairs),
        "pair",
        "740",
    )
    show("match, all in all", min(r[1] for r in rounds), chosen.count, "document")  # type: ignore[index]


if __name__ == "__main__":
    main()
