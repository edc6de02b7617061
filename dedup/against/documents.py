"""Documents that are held against one another: sketches and segments in, raw texts of some of them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.comparable import Comparable
from dedup.identities import concatenate
from dedup.model import I64, Segment, Sketches, Texts
from dedup.readers import Source, check_mapped
from dedup.reading import texts_again
from dedup.stages import Stages


@dataclass(frozen=True, slots=True)
class Documents:
    """Some documents, by position in the order they were read.

    Attributes:
        sketches: Their sketches, batch by batch.
        segments: Where their bytes lie, one segment a batch.
        sources: What they were read from.
        stages: The engine that reads their texts again.
        text_fields: The fields of these.
        comparable: Which documents are compared with which; None = all with all.
    """

    sketches: Sequence[Sketches]
    segments: Sequence[Segment]
    sources: Sequence[Source]
    stages: Stages
    text_fields: Sequence[str]
    comparable: Comparable | None = None

    def __len__(self) -> int:
        return sum(len(segment.starts) for segment in self.segments)

    def texts(self, positions: I64) -> Texts:
        """The raw texts at some ascending positions, read again. Raises InputError when a file was cut short."""
        self.check_mapped()
        parts = []
        first = 0
        for segment in self.segments:
            low, high = np.searchsorted(positions, (first, first + len(segment.starts)))
            if low < high:
                parts.append(texts_again(segment, self.stages, self.text_fields, positions[low:high] - first))
            first += len(segment.starts)
        return concatenate(parts)

    def check_mapped(self) -> None:
        """Raise InputError when a file was cut short: reading what is mapped of it would kill the process."""
        check_mapped(self.sources)
