"""An index as known articles of a run: its location goes in, what it keeps comes out as from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from dedup.index.frozen import Frozen
from dedup.index.location import open_store
from dedup.index.texts import TextCodec
from dedup.index.upkeep import chunks
from dedup.model import Column, Form, Segment, Texts
from dedup.readers.base import Batch, NoArticlesError
from dedup.readers.spool import TextSpool

SQLITE = b"SQLite format 3\0"
"""How every SQLite file begins: https://sqlite.org/fileformat.html#magic_header_string."""


def is_index(location: str) -> bool:
    """Whether a location, as a person gives it, is that of an index and no other input."""
    if location.startswith(("postgresql://", "postgres://")):
        return True
    path = Path(location)
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False  # whoever opens it as an input says why not


class IndexSource:
    """The articles that an index keeps, as a `readers.Source`; it is read in one transaction, as it is then.

    An article has its number in the order of arrival. Settings and rules of the index do not matter: its texts are
    stored as they came.

    Args:
        location: Path of the SQLite file, or `postgresql://...`.
        temp_dir: Where texts are held; None = the system's directory.

    Raises:
        InputError: The index cannot be read, is not there, or is not one.
    """

    size = None
    rejected: NoArticlesError | None = None

    def __init__(self, location: str, temp_dir: Path | None) -> None:
        self._store = open_store(location, create=False)
        self._spool = TextSpool(temp_dir)
        self.path = self._store.name
        self.relative = PurePosixPath(Path(self.path).name)

    def batches(self, limit: int | None = None) -> Iterator[Batch]:
        """What the index keeps, in order of arrival."""
        codec = TextCodec()
        with self._store.reading() as reader:
            Frozen.load(reader, self.path)
            codec.load(reader)
            for documents in chunks(reader):
                kept = [document for document in documents if document.representative == document.number]
                kept = kept[:limit]
                limit = None if limit is None else limit - len(kept)
                texts = Texts.from_strings(codec.read(reader, kept))
                data, start = self._spool.append(texts.data)
                offsets = texts.offsets + start
                yield Batch(
                    texts=texts,
                    ids=Column(
                        Texts.from_strings([document.id for document in kept]), np.ones(len(kept), np.bool_)
                    ),
                    fields=(),
                    numbers=np.array([document.number for document in kept], np.int64),
                    segment=Segment(data, Form.TEXT, offsets[:-1], offsets[1:]),
                    skipped=(),
                    repaired=0,
                    bytes_read=0,
                )

    def check_mapped(self) -> None:
        """Nothing of the index is mapped."""

    def check_unchanged(self) -> None:
        """What comes into the index after it was read is for the next run."""

    def close(self) -> None:
        """Close the index."""
        self._store.close()
