"""JSON arrays: one file holds one array of records; it is split once, then scanned in chunks of elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from dedup.errors import InputError
from dedup.readers.base import Batch, Fields, NoArticlesError
from dedup.readers.file import InputFile
from dedup.readers.jsonl import CHUNK, scan_batch
from dedup.readers.record_file import RecordFile
from dedup.stages import Stages

_BLANKS = b" \t\r\n\xef\xbb\xbf"
_HEAD = 1 << 16
_LINES = re.compile(rb"\{[^\n]*\}[ \t\r]*\n[ \t]*\{")
"""How JSON lines begin: an object on a line of its own, then another one. Spark names such files .json."""


class JsonArray(RecordFile):
    """One file with a JSON array of records; record `n` is element `n`, from 1."""

    def __init__(self, file: InputFile, relative: PurePosixPath, fields: Fields, stages: Stages) -> None:
        super().__init__(file, relative, fields)
        self._stages = stages

    def _batches(self, limit: int | None) -> Iterator[Batch]:
        data = self.file.content()
        try:
            starts, ends = self._stages.split_array(data)
        except ValueError as error:
            head = memoryview(data)[:_HEAD].tobytes().lstrip(_BLANKS)
            if head.startswith(b"["):
                hint = "it may have been cut off: fetch it again"
                raise InputError(f"{self.path} is not a whole JSON array: {error}", hint) from error
            hint = "JSON lines need the extension .jsonl, or pipe them in: dedup run - < FILE"
            problem = "holds JSON lines" if _LINES.match(head) else f"is not a JSON array: {error}"
            raise NoArticlesError(self.path, problem, "malformed", hint) from error
        lifted = (self._fields.id, *self._fields.more)
        first = 0
        while first < len(starts) and limit != 0:
            self.file.check_mapped()
            last = max(first + 1, int(np.searchsorted(starts, starts[first] + CHUNK)))
            scan = self._stages.scan_spans(
                data, starts[first:last], ends[first:last], self._fields.text, lifted
            )
            if limit is not None:
                if len(scan.texts) >= limit:
                    last = first + int(scan.lines[limit - 1])
                    scan = self._stages.scan_spans(
                        data, starts[first:last], ends[first:last], self._fields.text, lifted
                    )
                limit -= len(scan.texts)
            done = self._progress(int(ends[last - 1]), len(data))
            yield scan_batch(self.path, data, scan, first, done)
            first = last
