"""The stages of the kernel, one by one, on one thread: nanoseconds per byte of text.

Each stage runs alone over the same generated articles in batches of 1 MB, as in a run; the fastest of several rounds
counts. Every result is checked, so a benchmark is also a test: the sketches against the reference engine, the
similarities against those of the matcher.

Bias. A stage alone finds its input in the cache more often than in a run. Articles are English letters only: scripts
that need normalising cost more. `limit` is what a C++ prototype of the same stage took on a machine with AVX2, and
for signing with AVX-512 on one that has it; another machine is another scale.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.measure import best
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import Work
from dedup import _kernel, boilerplate
from dedup.config import Settings
from dedup.model import Form, Segment, Sketches, Texts
from dedup.native import Native
from dedup.permutations import permutations
from dedup.reference import Reference

COUNT, ROUNDS = 20_000, 7
BATCH = 1 << 20

Note = Callable[[str, float, float], None]

UNITS = {
    "scan: lift and unescape": ("byte of JSON", "0.41"),
    "strip": ("byte", ""),
    "tokenize": ("byte", "0.58"),
    "shingle, without tokenizing": ("byte", "0.58"),
    "sign, 128 values, avx2": ("byte", "1.1"),
    "sign, 128 values, avx512": ("byte", "0.82"),
    "band keys": ("document and band", ""),
    "group by band key": ("document and band", "15 to 21"),
    "sort a shingle set": ("byte", "0.78"),
    "verify a pair": ("pair", "740"),
    "match, all in all": ("document", ""),
}
"""Per what a stage is counted, and the limit; bytes of text if not listed."""


def run(work: Work, log: Log) -> None:
    """Measure all stages."""
    count, rounds = work.count or COUNT, work.rounds or ROUNDS
    path, checksum = work.articles(count)
    log.note(path.name, checksum)
    data = path.read_bytes()
    settings = Settings(strip=False)
    engine, reference = Native(settings, boilerplate.load(), threads=1), Reference(settings)

    ends = [0]
    while ends[-1] < len(data):
        ends.append(data.find(b"\n", min(ends[-1] + BATCH, len(data) - 1)) + 1)
    lines = list(itertools.pairwise(ends))
    batches = [engine.scan(data, start, end, ("text",), ("id",)).texts for start, end in lines]
    size = sum(int(texts.offsets[-1]) for texts in batches)
    shingles = [engine.shingle(texts, 5) for texts in batches]
    sketches = [engine.sketch(texts) for texts in batches]
    assert sum(map(len, batches)) == count
    sample = Texts.from_strings(batches[0].strings()[:50])
    np.testing.assert_array_equal(engine.sketch(sample).keys, reference.sketch(sample).keys)

    def note(stage: str, seconds: float, number: float) -> None:
        log.add(stage, count, 0, ns=seconds * 1e9 / number)

    def scan(line: tuple[int, int]) -> object:
        return engine.scan(data, *line, ("text",), ("id",))

    note("scan: lift and unescape", best(scan, lines, rounds), len(data))
    note("strip", best(engine.strip, batches, rounds), size)
    tokenize = best(engine.tokenize, batches, rounds)
    note("tokenize", tokenize, size)
    shingle = best(lambda texts: engine.shingle(texts, 5), batches, rounds)
    note("shingle, without tokenizing", max(shingle - tokenize, 0), size)
    a, b = permutations(128, 1)
    for level in _kernel.levels():
        sign = partial(lambda level, s: _kernel.sign(s.hashes, s.offsets, a, b, level), level)
        note(f"sign, 128 values, {level}", best(sign, shingles, rounds), size)
    signatures = [engine.sign(s, 128, 1) for s in shingles]
    banding = best(lambda values: engine.band(values, 35, 3), signatures, rounds)
    note("band keys", banding, count * 35)
    note("sketch: tokenize to band keys", best(engine.sketch, batches, rounds), size)
    unique = best(lambda s: _kernel.unique(s.hashes, s.offsets), shingles, rounds)
    note("sort a shingle set", unique, size)
    _match(engine, batches, sketches, count, rounds, note)


def _match(
    engine: Native, batches: list[Texts], sketches: list[Sketches], count: int, rounds: int, note: Note
) -> None:
    """Group, match, and verify again what matching found."""
    grouped, matched = [], []
    for _ in range(rounds):
        matcher = engine.matcher()
        for sketch in sketches:
            matcher.add(sketch)
        segments = [Segment(t.data, Form.TEXT, t.offsets[:-1], t.offsets[1:]) for t in batches]
        start = time.process_time()
        matcher.start(np.arange(count), segments)
        middle = time.process_time()
        matcher.advance(count)
        grouped.append(middle - start)
        matched.append(time.process_time() - middle)
        found = matcher.result()
    copies = np.flatnonzero(found.relation == 2)[:200]
    every = Texts.from_strings([text for texts in batches for text in texts.strings()])
    hashes = engine.shingle(every, 5)
    sets, bounds = _kernel.unique(hashes.hashes, hashes.offsets)
    # A document is compared right after it was read: its set is in the cache, so few pairs are taken many times.
    pairs = np.tile(np.stack([copies, found.representative[copies]], axis=1), (25, 1))
    expected = np.tile(found.similarity[copies], 25)
    np.testing.assert_array_equal(_kernel.verify(sets, bounds, pairs, 0.5), expected)
    verify = best(lambda some: _kernel.verify(sets, bounds, some, 0.5), [pairs], rounds)
    note("group by band key", min(grouped), count * 35)
    note("verify a pair", verify, len(pairs))
    note("match, all in all", min(matched), count)


def summary(rows: Rows) -> str:
    """A table of all stages."""
    lines = []
    for case, size in rows.cases():
        unit, limit = UNITS.get(case, ("byte", ""))
        value = rows.median(case, size, "ns") or 0.0
        lines.append((case, number(value, 3 if value < 100 else 0), unit, limit))
    return table(("stage", "ns", "per", "limit"), lines)
