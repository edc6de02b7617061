"""The first pass over the inputs: sources go in, a `CorpusBuilder` is filled, and every batch is handed on.

What a pass does with a text is the caller's: a run sketches it, learning counts its lines. Where both is wanted the
texts come again from where they lie, so that inputs are opened, unpacked and scanned for skipped records once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from dedup.corpus import CorpusBuilder
from dedup.model import Form, Segment, Texts
from dedup.progress import Clock, Progress
from dedup.readers import Batch, Source
from dedup.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(
    sources: Sequence[Source],
    builder: CorpusBuilder,
    limit: int | None,
    take: Callable[[Batch], None],
    progress: Progress,
    clock: Clock,
) -> None:
    """Read all sources once, up to and including usable document number `limit`.

    `take` gets each batch after the builder; its time is its own.
    """
    known = [source.size for source in sources if source.size is not None]
    progress.start("reading", sum(known) if len(known) == len(sources) else None, "bytes")
    for source in sources:
        batches = source.batches(None if limit is None else limit - builder.size)
        while True:
            with clock.stage("read"):
                batch = next(batches, None)
                if batch is not None:
                    builder.add(source, batch)
            if batch is None:
                break
            take(batch)
            progress.update(builder.read_bytes, builder.size)
        builder.end_source()


@contextmanager
def unchanged(sources: Sequence[Source]) -> Iterator[None]:
    """Raise InputError when a source changed during the block.

    Also where the block fails: a record that was written over is none any more, and that is the reason to give.
    """
    try:
        yield
    except Exception:
        for source in sources:
            source.check_unchanged()
        raise
    for source in sources:
        source.check_unchanged()


def texts_again(
    segment: Segment, stages: Stages, text_fields: Sequence[str], some: slice = slice(None)
) -> Texts:
    """The raw texts of some documents of a segment, from where they lie."""
    starts, ends = segment.starts[some], segment.ends[some]
    if segment.form is Form.RECORD:
        return stages.scan_spans(segment.data, starts, ends, text_fields, ()).texts
    if len(starts) and np.array_equal(starts[1:], ends[:-1]):
        return Texts(segment.data, np.append(starts, ends[-1]))
    view = memoryview(segment.data)
    return Texts.from_strings([bytes(view[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])
