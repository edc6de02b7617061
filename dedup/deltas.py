"""Documents that hardly differ from another: what the kernel noted batch by batch in, one array for a run out.

A row is int64[4]: the position of a document, that of its anchor, where its hashes begin among the hashes of all rows,
and how many shingle hashes the anchor has and the document lacks. They are its first hashes; up to those of the next
row, the hashes follow that it has and the anchor has not. So the set of shingles of the document need not be made from
its text. Rows ascend by document; which documents have one is the kernel's choice, and decides no result.
"""

from __future__ import annotations

import numpy as np

from dedup.memory import Growing, Memory
from dedup.model import I64, U64, Sketches


class Deltas:
    """Collects the rows and hashes of batches, whose positions count from the first document of the batch.

    Args:
        memory: Where they lie.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._rows = Growing(memory, np.int64, 4)
        self._hashes = Growing(memory, np.uint64)
        self._documents = 0
        self._count = 0

    def add(self, sketches: Sketches) -> None:
        """Take in those of the next documents."""
        if sketches.deltas is not None:
            rows, hashes = sketches.deltas
            self._rows.append(rows + np.array([self._documents, self._documents, self._count, 0]))
            self._hashes.append(hashes)
            self._count += len(hashes)
            self._memory.beside += rows.nbytes + hashes.nbytes
        self._documents += len(sketches.tokens)

    def whole(self) -> tuple[I64, U64]:
        """All rows and hashes. Nothing is held here afterwards."""
        return self._rows.whole(), self._hashes.whole()
