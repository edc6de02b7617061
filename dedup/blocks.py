"""Band keys and low bytes of all documents: batches go in, blocks of equal size come out, in memory or in files.

Blocks, because the number of documents is not known before the last: nothing is copied to make an array longer, and
one that was begun in memory is moved to a file a block at a time. Band by band within a block, so that grouping the
documents by the keys of one band reads memory in long stretches.
"""

from __future__ import annotations

import numpy as np

from dedup.memory import Memory
from dedup.model import U8, U32

BLOCK = 1 << 16
"""Documents of a block; the last has fewer. As in the kernel."""

OTHER = 120
"""Bytes a document that a run holds beside: where it lies, what became of it. Of 10 million it was 106 each."""


class Blocks:
    """Collects the arrays of `Sketches`.

    Args:
        memory: Where blocks lie.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._keys: list[U32] = []
        self._low: list[U8] = []
        self._parts: list[tuple[U32, U8]] = []
        self._open = 0

    def add(self, keys: U32, low: U8) -> None:
        """Take in the uint32[bands, n] band keys and uint8[n, num_perm] low bytes of the next documents."""
        start = 0
        while start < len(low):
            stop = min(len(low), start + BLOCK - self._open)
            self._parts.append((keys[:, start:stop], low[start:stop]))
            self._open += stop - start
            start = stop
            if self._open == BLOCK:
                self._close()

    def whole(self) -> tuple[list[U32], list[U8]]:
        """All blocks: uint32[bands, m] and uint8[m, num_perm]. Nothing is held here afterwards."""
        if self._open:
            self._close()
        keys, low = self._keys, self._low
        self._keys, self._low = [], []
        return keys, low

    def _close(self) -> None:
        parts, self._parts = self._parts, []
        count, self._open = self._open, 0
        bands, num_perm = len(parts[0][0]), parts[0][1].shape[1]
        # Where documents share bands, the buckets take as much again as the keys.
        each = 2 * bands * np.dtype(np.uint32).itemsize + num_perm + OTHER
        was_spilling = self._memory.spilling
        self._memory.expect((len(self._low) * BLOCK + count) * each)
        if self._memory.spilling and not was_spilling:
            self._keys = [self._memory.copied(block) for block in self._keys]
            self._low = [self._memory.copied(block) for block in self._low]
        self._keys.append(self._memory.zeros((bands, count), np.uint32))
        self._low.append(self._memory.zeros((count, num_perm), np.uint8))
        np.concatenate([keys for keys, _ in parts], axis=1, out=self._keys[-1])
        np.concatenate([low for _, low in parts], out=self._low[-1])
