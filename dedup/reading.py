"""The first pass over the inputs: sources go in, their batches come out, and the texts again from where they lie.

What a pass does with a batch is the caller's: a run sketches its texts, learning counts their lines. Where both is
wanted the second pass takes the texts again from the segments, so that inputs are opened and unpacked once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from dedup.corpus import CorpusBuilder
from dedup.model import I64, Form, Segment, Texts
from dedup.progress import Clock, Progress
from dedup.readers import Batch, Source, check_mapped
from dedup.stages import Stages


def batches(
    sources: Sequence[Source], limit: int | None, progress: Progress, clock: Clock
) -> Iterator[tuple[Source, Batch | None]]:
    """Read all sources once, up to and including usable document number `limit`.

    Yields each batch with its source and, after the last of a source, that source and None.
    """
    known = [source.size for source in sources if source.size is not None]
    progress.start("reading", sum(known) if len(known) == len(sources) else None, "bytes")
    articles = bytes_before = 0
    for source in sources:
        found = source.batches(None if limit is None else limit - articles)
        bytes_read = 0
        while True:
            with clock.stage("read"):
                batch = next(found, None)
            yield source, batch
            if batch is None:
                break
            articles += len(batch.texts)
            bytes_read = batch.bytes_read
            progress.update(bytes_before + bytes_read, articles)
        bytes_before += bytes_read


def collect(
    sources: Sequence[Source], builder: CorpusBuilder, limit: int | None, progress: Progress, clock: Clock
) -> Iterator[tuple[Source, Batch]]:
    """The first pass: each batch with its source, taken into the corpus already."""
    for source, batch in batches(sources, limit, progress, clock):
        if batch is None:
            builder.end_source()
            continue
        with clock.stage("read"):
            builder.add(source, batch)
        yield source, batch


def read_again(
    sources: Sequence[Source],
    builder: CorpusBuilder,
    stages: Stages,
    text_fields: Sequence[str],
    progress: Progress,
) -> Iterator[Texts]:
    """The second pass: the raw texts of each batch, from where they lie."""
    progress.start("stripping", builder.size, "articles")
    done = 0
    for segment in builder.segments:
        check_mapped(sources)
        yield texts_again(segment, stages, text_fields)
        done += len(segment.starts)
        progress.update(done, done)


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
    segment: Segment, stages: Stages, text_fields: Sequence[str], some: I64 | None = None
) -> Texts:
    """The raw texts of the documents of a segment, from where they lie; of `some` of them, if given."""
    starts, ends = segment.starts, segment.ends
    if some is not None:
        starts, ends = starts[some], ends[some]
    if segment.form is Form.RECORD:
        return stages.scan_spans(segment.data, starts, ends, text_fields, ()).texts
    if len(starts) and np.array_equal(starts[1:], ends[:-1]):
        return Texts(segment.data, np.append(starts, ends[-1]))
    view = memoryview(segment.data)
    return Texts.from_strings([bytes(view[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])


def texts_at(
    segments: Sequence[Segment], positions: I64, stages: Stages, text_fields: Sequence[str]
) -> Texts:
    """The raw texts of some documents of a run, in the order of `positions`, from where they lie."""
    ends = np.cumsum([len(segment.starts) for segment in segments])
    where = np.searchsorted(ends, positions, side="right")
    found = [b""] * len(positions)
    for number in np.unique(where).tolist():
        chosen = np.flatnonzero(where == number)
        segment = segments[number]
        texts = texts_again(
            segment, stages, text_fields, positions[chosen] - (ends[number] - len(segment.starts))
        )
        for i, place in enumerate(chosen.tolist()):
            found[place] = texts.bytes_at(i)
    return Texts.from_strings(found)
