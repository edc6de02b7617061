"""rensa's hashing in its own environment: shingle hashes go in, seconds and signatures come out."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import measure
from benchmarks.peers.tools import PROGRAMS
from benchmarks.work import Work
from dedup.model import Shingles

REQUIREMENTS = ("rensa==0.5.0", "numpy==2.4.6")
NAME = "rensa 0.5.0"


def sign(
    work: Work, shingles: Shingles, num_perms: Sequence[int], rounds: int = 1, *, save: bool = False
) -> tuple[dict[int, float], dict[int, NDArray[np.uint32]]]:
    """CPU seconds, and with `save` signatures uint32[n, num_perm], by the number of values."""
    python = work.python("rensa-core", REQUIREMENTS)
    directory = work.results("rensa-core")
    directory.mkdir()
    np.save(directory / "hashes.npy", shingles.hashes)
    np.save(directory / "offsets.npy", shingles.offsets.astype(np.uint64))
    options = [str(directory), str(rounds), "save" if save else "time", *map(str, num_perms)]
    done = measure([str(python), "-P", str(PROGRAMS / "rensa_core.py"), *options])
    seconds = {row["values"]: row["seconds"] for row in map(json.loads, done.output.splitlines())}
    signatures = {values: np.load(directory / f"{values}.npy") for values in num_perms} if save else {}
    return seconds, signatures
