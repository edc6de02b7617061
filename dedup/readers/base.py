"""What a reader gives: a `Source` per input file or folder of text files, read in batches, re-read on demand.

What happens to a file that cannot be used depends on how it came into the run and on how much it may hold:

    file                                       named itself   found in a folder or by a pattern
    holds no articles (no text column, or a
      JSON document that is no array)          error          one skipped record, no output
    one text that cannot be read or decoded    error          one skipped record
    many records, unreadable or damaged        error          error

A damaged archive stays an error wherever it was found: one skipped record would hide how many articles are lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

import numpy as np

from dedup.errors import InputError
from dedup.model import I64, Column, Segment, Skipped, Texts

BATCH_BYTES = 2 << 20
"""Bytes of input in a batch, about.

Each is sketched by one thread. Buffers of this size are given back and taken again without new pages: on two cores,
100,000 articles (400 MB of JSON lines) take 2.45 CPU s in batches of 1 or 2 MB, 3.0 in batches of 4, 8 or 16 MB.
"""


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a record matter.

    Attributes:
        text: Fields that make up the text, joined by a newline.
        id: The id field.
        more: Further fields to lift, e.g. for the keep policy and titles.
        encoding: Encoding of text files and tables; JSON is UTF-8 unless this says otherwise.
    """

    text: tuple[str, ...] = ("text",)
    id: str = "id"
    more: tuple[str, ...] = ()
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive records of one source: `n` usable documents and what was skipped among them.

    Attributes:
        texts: Raw texts of the usable documents; they stay valid, but whoever holds many of them holds the corpus.
        ids: The id field; where it is not valid, the run makes an id.
        fields: `Fields.more`, in that order.
        numbers: int64[n], line, row or file number in the source, from 1; ascending through all batches.
        segment: Where the documents' bytes can be read again until the source is closed.
        skipped: Records that cannot be used.
        repaired: Usable documents with invalid UTF-8 or lone surrogates.
        bytes_read: How far the source has been read, for progress.
        paths: Path of each document where it is a file of its own; None where it is at `path:number`.
        present: For each of `Fields.text`, the number of documents whose record has it, also as null; empty for files.
    """

    texts: Texts
    ids: Column
    fields: Sequence[Column]
    numbers: I64
    segment: Segment
    skipped: Sequence[Skipped]
    repaired: int
    bytes_read: int
    paths: Texts | None = None
    present: Sequence[int] = ()


def missing(n: int) -> Column:
    """A column without a single value."""
    return Column(Texts(b"", np.zeros(n + 1, np.int64)), np.zeros(n, np.bool_))


class NoArticlesError(InputError):
    """A file is whole and readable, but what it holds are no articles.

    Attributes:
        record: The skipped record that stands for the file where it was only found.
    """

    def __init__(self, path: str, problem: str, reason: str, hint: str) -> None:
        super().__init__(f"{path} {problem}", hint)
        self.record = Skipped(path, reason, f"the file {problem}")


class Source(Protocol):
    """One input file, or one folder of text files.

    Attributes:
        path: As given, used in locations and messages; `-` for standard input.
        relative: Path of its outputs below `kept/` and `removed/`.
        size: Bytes on disk for progress, None where unknown.
        rejected: Why the file is no article file, once that was seen; it was found and not named.
    """

    @property
    def path(self) -> str: ...  # noqa: D102

    @property
    def relative(self) -> PurePosixPath: ...  # noqa: D102

    @property
    def size(self) -> int | None: ...  # noqa: D102

    @property
    def rejected(self) -> NoArticlesError | None: ...  # noqa: D102

    def batches(self, limit: int | None = None) -> Iterator[Batch]:
        """Read the source once, front to back, up to and including usable document number `limit`.

        Raises:
            InputError: The source cannot be read at all, or only in part (a truncated archive).
        """

    def check_mapped(self) -> None:
        """Raise InputError when the file is shorter than what is mapped of it: reading on would kill the process."""

    def check_unchanged(self) -> None:
        """Raise InputError when the file changed since it was opened."""

    def close(self) -> None:
        """Release memory maps and spools."""
