"""JSON arrays: one file holds one array of records; it is split once, then scanned in chunks of elements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from dedup.errors import InputError
from dedup.readers.base import Batch, Fields, NoArticlesError
from dedup.readers.file import InputFile
from dedup.readers.jsonl import CHUNK, progress, scan_batch
from dedup.stages import Stages

_BLANKS = b" \t\r\n\xef\xbb\xbf"
_HEAD = 1 << 16


class JsonArray:
    """One file with a JSON array of records; record `n` is element `n`, from 1.

    Attributes:
        file: Where the bytes come from.
        relative: Path of its outputs.
    """

    def __init__(self, file: InputFile, relative: PurePosixPath, fields: Fields, stages: Stages) -> None:
        self.file = file
        self.relative = relative
        self._fields = fields
        self._stages = stages

    @property
    def path(self) -> str:
        """As given."""
        return self.file.path

    @property
    def size(self) -> int | None:
        """Bytes on disk."""
        return self.file.size

    @property
    def rejected(self) -> NoArticlesError | None:
        """Why it is no article file."""
        return self.file.rejected

    def batches(self, limit: int | None = None) -> Iterator[Batch]:
        """Scan the elements; see `Source.batches`."""
        data = self.file.content()
        try:
            starts, ends = self._stages.split_array(data)
        except ValueError as error:
            hint = "JSON lines need the extension .jsonl, or pipe them in: dedup run - < FILE"
            if memoryview(data)[:_HEAD].tobytes().lstrip(_BLANKS).startswith(b"["):
                raise InputError(f"{self.path} is not a whole JSON array: {error}", hint) from error
            no_array = NoArticlesError(self.path, f"is not a JSON array: {error}", "malformed", hint)
            yield self.file.reject(no_array, len(self._fields.more))
            return
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
            yield scan_batch(
                self.path, data, scan, first, progress(self.file, int(ends[last - 1]), len(data))
            )
            first = last

    def check_mapped(self) -> None:
        """See `Source.check_mapped`."""
        self.file.check_mapped()

    def check_unchanged(self) -> None:
        """See `Source.check_unchanged`."""
        self.file.check_unchanged()

    def close(self) -> None:
        """See `Source.close`."""
        self.file.close()
