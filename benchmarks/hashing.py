"""The hashing core: hashes of shingles in, MinHash signatures out, against datasketch and rensa.

Signatures of 64 to 512 values of the same articles, on one thread, each of the kernel's SIMD levels by itself; the
fastest of several rounds counts. The kernel's signatures are compared with datasketch's, value by value.

Bias. Nobody hashes text here: all get 64 bits per shingle, ready made, rensa in its bulk call on buffers, the kernel
in its own, datasketch in `MinHash.bulk` with lists of integers, the fastest that its interface allows: it makes
Python objects where the others do not, which is what it costs its users, too. rensa's hash functions are other ones,
and fewer operations a value. The three take turns only as whole blocks; rensa runs in a process of its own.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from datasketch import MinHash

from benchmarks.measure import best
from benchmarks.peers import rensa
from benchmarks.record import Log, Rows, number, table
from benchmarks.work import Work
from dedup import _kernel
from dedup.config import Settings
from dedup.model import Shingles
from dedup.native import Native
from dedup.permutations import permutations

COUNT, ROUNDS = 2_000, 7
NUM_PERMS = (64, 128, 256, 512)
DATASKETCH = "datasketch 2"


def run(work: Work, log: Log) -> None:
    """Measure all numbers of values."""
    count, rounds = work.count or COUNT, work.rounds or ROUNDS
    path, checksum = work.articles(count)
    log.note(path.name, checksum)
    data = path.read_bytes()
    engine = Native(Settings(strip=False), threads=1)
    shingles = engine.shingle(engine.scan(data, 0, len(data), ("text",), ("id",)).texts, 5)
    total = len(shingles.hashes)
    log.add("shingles", count, 0, number=total)

    lists = [part.tolist() for part in np.split(shingles.hashes & 0xFFFFFFFF, shingles.offsets[1:-1])]
    for num_perm in NUM_PERMS:
        a, b = permutations(num_perm, 1)
        bulk = partial(MinHash.bulk, num_perm=num_perm, hashfunc=int)
        expected = np.array([value.hashvalues for value in bulk(lists)])
        for level in _kernel.levels():
            sign = partial(_sign, a=a, b=b, level=level)
            np.testing.assert_array_equal(sign(shingles), expected)
            log.add(f"dedup, {level}", num_perm, 0, ns=best(sign, [shingles], rounds) * 1e9 / total)
        log.add(DATASKETCH, num_perm, 0, ns=best(bulk, [lists], min(rounds, 3)) * 1e9 / total)
    if work.chosen(rensa.NAME):
        log.note(rensa.NAME, ", ".join(rensa.REQUIREMENTS))
        for num_perm, seconds in rensa.sign(work, shingles, NUM_PERMS, rounds)[0].items():
            log.add(rensa.NAME, num_perm, 0, ns=seconds * 1e9 / total)


def _sign(shingles: Shingles, a: object, b: object, level: str) -> object:
    return _kernel.sign(shingles.hashes, shingles.offsets, a, b, level)  # type: ignore[arg-type]


def summary(rows: Rows) -> str:
    """Nanoseconds a shingle, and against the kernel's best."""
    cases = list(dict.fromkeys(case for case, _ in rows.cases() if case != "shingles"))
    fastest = {
        size: min(rows.median(case, size, "ns") or np.inf for case in cases if case.startswith("dedup"))
        for size in NUM_PERMS
    }
    lines = []
    for case in cases:
        values = [rows.median(case, size, "ns") for size in NUM_PERMS]
        shown = [
            number(value)
            + (f" ({value / fastest[size]:.1f}x)" if value and not case.startswith("dedup") else "")
            for size, value in zip(NUM_PERMS, values, strict=True)
        ]
        lines.append((case, *shown))
    return "Nanoseconds a shingle, by values of a signature:\n\n" + table(("", *map(str, NUM_PERMS)), lines)
