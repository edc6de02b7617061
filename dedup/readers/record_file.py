"""A file of many records: what the readers of all such formats share. The bytes are those of an `InputFile`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from dedup.model import Form, Segment, Texts
from dedup.readers.base import Batch, Fields, NoArticlesError, missing
from dedup.readers.file import InputFile


class RecordFile(ABC):
    """A `Source` that is one file; a format says in `_batches` how its records are read.

    Attributes:
        file: Where the bytes come from.
        relative: Path of its outputs.
        rejected: Why it is no article file, once that was seen; it was found and not named.
    """

    def __init__(self, file: InputFile, relative: PurePosixPath, fields: Fields) -> None:
        self.file = file
        self.relative = relative
        self.rejected: NoArticlesError | None = None
        self._fields = fields

    @property
    def path(self) -> str:
        """As given; `-` for standard input."""
        return self.file.path

    @property
    def size(self) -> int | None:
        """Bytes on disk; None for standard input."""
        return self.file.size

    def batches(self, limit: int | None = None) -> Iterator[Batch]:
        """Read the records; see `Source.batches`."""
        try:
            yield from self._batches(limit)
        except NoArticlesError as error:
            if self.file.named:
                raise
            self.rejected = error
            yield self._rejection(error)

    def check_mapped(self) -> None:
        """See `Source.check_mapped`."""
        self.file.check_mapped()

    def check_unchanged(self) -> None:
        """See `Source.check_unchanged`."""
        self.file.check_unchanged()

    def close(self) -> None:
        """See `Source.close`."""
        self.file.close()

    @abstractmethod
    def _batches(self, limit: int | None) -> Iterator[Batch]:
        """As `batches`. Raises NoArticlesError, before the first batch, where the file is no article file."""

    def _progress(self, done: int, total: int) -> int:
        """Bytes on disk that `done` of `total` plain bytes stand for."""
        return done if self.size is None else int(self.size * done / total)

    def _rejection(self, error: NoArticlesError) -> Batch:
        """One skipped record, in place of the articles that are not there."""
        none = np.empty(0, np.int64)
        return Batch(
            texts=Texts(b"", np.zeros(1, np.int64)),
            ids=missing(0),
            fields=[missing(0) for _ in self._fields.more],
            numbers=none,
            segment=Segment(b"", Form.TEXT, none, none),
            skipped=[error.record],
            repaired=0,
            bytes_read=self.size or 0,
        )
