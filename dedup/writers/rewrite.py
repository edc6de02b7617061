"""One file of records to be written again: which documents it has, and the compressed stream that takes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Generic, Protocol, TypeVar

from dedup.model import I64, Mask, Segment
from dedup.readers.compression import compressor
from dedup.readers.record_file import RecordFile
from dedup.writers.output import OutputDirectory

FileSource = TypeVar("FileSource", bound=RecordFile)


class Selection(Protocol):
    """Which of the usable documents of a source are written: a mask, whose slices may take a while to be known."""

    def __getitem__(self, some: slice, /) -> Mask: ...


@dataclass(frozen=True, slots=True)
class Rewrite(Generic[FileSource]):
    """What a writer is given.

    Attributes:
        source: A source whose batches have been read.
        numbers: int64[n], `Batch.numbers` of its usable documents, in order.
        segments: `Batch.segment` of its batches, in order.
        out: Where to.
        folder: `kept` or `removed`.
    """

    source: FileSource
    numbers: I64
    segments: Sequence[Segment]
    out: OutputDirectory
    folder: str

    @contextlib.contextmanager
    def output(self) -> Iterator[IO[bytes]]:
        """The output file, compressed as the source is."""
        name = (PurePosixPath(self.folder) / self.source.relative).as_posix()
        with self.out.open(name) as raw, compressor(raw, self.source.file.codec) as stream:
            yield stream

    def chosen(self, keep: Selection, first: int, last: int) -> Mask:
        """Part of `keep`. To know it may take a while, in which the file may have become shorter than its map."""
        mask = keep[first:last]
        self.source.check_mapped()
        return mask

    def parts(self) -> Iterator[tuple[Segment, int, int]]:
        """Each segment with the positions of its first document and of the one after its last."""
        first = 0
        for segment in self.segments:
            last = first + len(segment.starts)
            yield segment, first, last
            first = last
