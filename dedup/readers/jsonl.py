"""JSON lines: one record a line, scanned by the kernel where it lies, in chunks of whole lines."""

from __future__ import annotations

import codecs
import mmap
from collections.abc import Iterator
from pathlib import PurePosixPath

from dedup.model import Form, Scan, Segment, Skipped
from dedup.readers.base import BATCH_BYTES, Batch, Fields
from dedup.readers.file import InputFile
from dedup.readers.record_file import RecordFile
from dedup.stages import Stages

CHUNK = BATCH_BYTES
"""Bytes scanned at a time; a line that is longer makes a longer chunk."""


class JsonLines(RecordFile):
    """One file of JSON lines; record `n` is line `n`, from 1."""

    def __init__(self, file: InputFile, relative: PurePosixPath, fields: Fields, stages: Stages) -> None:
        super().__init__(file, relative, fields)
        self._stages = stages

    def _batches(self, limit: int | None) -> Iterator[Batch]:
        data = self.file.content()
        if binary := self.file.no_text():
            raise binary
        begin = len(codecs.BOM_UTF8) if data[:3] == codecs.BOM_UTF8 else 0
        lines_before = 0
        for start, end in line_chunks(data, begin, len(data), CHUNK):
            if limit == 0:
                return
            scan = self._scan(data, start, end)
            if limit is not None:
                if len(scan.texts) >= limit:
                    end = int(scan.ends[limit - 1])
                    scan = self._scan(data, start, end)
                limit -= len(scan.texts)
            yield scan_batch(self.path, data, scan, lines_before, self._progress(end, len(data)))
            lines_before += scan.line_count
            self.file.check_mapped()

    def _scan(self, data: bytes | mmap.mmap, start: int, end: int) -> Scan:
        lifted = (self._fields.id, *self._fields.more)
        return self._stages.scan(data, start, end, self._fields.text, lifted)


def line_chunks(data: bytes | mmap.mmap, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of whole lines that cover `data[start:end]`, each of about `size` bytes or one longer line."""
    while start < end:
        stop = min(start + size, end)
        if stop < end:
            cut = data.rfind(b"\n", start, stop)
            if cut < 0:
                cut = data.find(b"\n", stop, end)
            stop = end if cut < 0 else cut + 1
        yield start, stop
        start = stop


def scan_batch(path: str, data: bytes | mmap.mmap, scan: Scan, numbers_before: int, bytes_read: int) -> Batch:
    """What one scan of the file at `path` found, numbered on from `numbers_before`."""
    ids, *more = scan.columns
    return Batch(
        texts=scan.texts,
        ids=ids,
        fields=more,
        numbers=scan.lines + numbers_before,
        segment=Segment(data, Form.RECORD, scan.starts, scan.ends),
        skipped=[
            Skipped(f"{path}:{number + numbers_before}", reason, detail)
            for number, reason, detail in scan.skipped
        ],
        repaired=scan.repaired,
        bytes_read=bytes_read,
        present=scan.present,
    )
