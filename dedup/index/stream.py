"""Filtering a stream of JSON lines: bytes in, batch by batch; the lines of new articles out, byte for byte."""

from __future__ import annotations

import io
import json
import os
import select
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from dedup.index.articles import from_scan
from dedup.index.index import Index
from dedup.index.results import Outcome
from dedup.model import I64, Buffer, Mask, Scan, Skipped, Texts
from dedup.native import annotate
from dedup.writers.spans import write_stretches

READ_BYTES = 1 << 20


def batches(descriptor: int, size: int, latency: float) -> Iterator[bytes]:
    """Whole lines of an open file.

    Args:
        descriptor: The file, pipe or socket.
        size: Most lines of a batch.
        latency: Most seconds that a line waits for others.

    Yields:
        Up to `size` lines; the last one may have no line end.
    """
    pending = bytearray()
    lines = 0
    since: float | None = None
    while True:
        left = None if since is None else max(0.0, since + latency - time.monotonic())
        ready = bool(select.select([descriptor], [], [], left)[0])
        chunk = os.read(descriptor, READ_BYTES) if ready else b""
        pending += chunk
        lines += chunk.count(b"\n")
        if since is None and lines:
            since = time.monotonic()
        ended = ready and not chunk
        late = since is not None and time.monotonic() >= since + latency
        while lines >= size or (lines and late):
            end = _end_of_line(pending, min(size, lines))
            yield bytes(pending[:end])
            del pending[:end]
            lines -= min(size, lines)
            since = time.monotonic() if lines else None
        if ended:
            if pending:
                yield bytes(pending)
            return


def _end_of_line(data: bytearray, count: int) -> int:
    """Where the line number `count` ends."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    return int(ends[count - 1]) + 1


@dataclass(slots=True)
class Filter:
    """One stream through an index.

    Attributes:
        index: The index.
        annotate: Let every record pass, with a member "dedup".
        drop_seen: Do not let those pass again that came before, with the same id and text.
        stream: The number of the stream.
        counts: As `Outcome.counts`, of all batches so far.
        lines: Lines so far.
    """

    index: Index
    annotate: bool = False
    drop_seen: bool = False
    stream: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    lines: int = 0

    def process(self, data: bytes, report: Callable[[Skipped], None]) -> tuple[bytes, bytes]:
        """Filter a batch of lines, once it is stored.

        Args:
            data: Whole lines.
            report: Is told of each record that cannot be used.

        Returns:
            The lines that pass, and those of copies.
        """
        fields = self.index.fields
        scan = self.index.stages.scan(data, 0, len(data), fields.text, (fields.id, *fields.more))
        outcome = self.index.take(from_scan(scan, fields, ()), stream=self.stream)
        for line, reason, detail in scan.skipped:
            report(Skipped(f"-:{self.lines + line}", reason, detail))
        self.lines += scan.line_count
        self.counts.update(outcome.counts())
        return self._lines(data, scan, outcome)

    def _lines(self, data: bytes, scan: Scan, outcome: Outcome) -> tuple[bytes, bytes]:
        starts, ends = scan.starts, scan.ends
        passing = outcome.kept & ~outcome.seen if self.drop_seen else outcome.kept
        if self.annotate:
            tags = Texts.from_strings([json.dumps(tag, ensure_ascii=False) for tag in outcome.tags()])
            data = annotate(data, starts, ends, (tags.data, tags.offsets)).tobytes()
            bounds = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
            starts, ends = np.concatenate([[0], bounds[:-1] + 1]).astype(np.int64), bounds
            passing = np.ones(len(outcome), np.bool_)
        return _chosen(data, starts, ends, passing), _chosen(data, starts, ends, ~outcome.kept)


def _chosen(data: Buffer, starts: I64, ends: I64, keep: Mask) -> bytes:
    out = io.BytesIO()
    write_stretches(out, data, starts, ends, keep)
    return out.getvalue()
