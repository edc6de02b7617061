"""The articles of a check: sources go in; sketches come out and, for the few that matter, places and texts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import xxhash

from dedup.against.documents import Documents
from dedup.blocking import Blocking
from dedup.checking.findings import Article, Place
from dedup.corpus import Corpus, CorpusBuilder
from dedup.keep import Policy
from dedup.model import I64, Form, Segment, Sketches, Texts
from dedup.native import array_of
from dedup.progress import Clock, Progress
from dedup.readers import Source, check_articles, check_mapped
from dedup.readers.delimited import Delimited
from dedup.readers.formats import Codec, Format, classify
from dedup.reading import batches
from dedup.stages import Stages

REPLACEMENT = "\ufffd".encode()


@dataclass(slots=True)
class Articles:
    """The articles of a check, by position in the order they were read.

    Attributes:
        corpus: Their ids and places.
        sketches: Their sketches, one a batch.
        damaged: int64[d], ascending positions of those with invalid UTF-8 or lone surrogates; empty unless asked for.
        stages: The engine that reads their texts again.
        text_fields: The fields of these.
    """

    corpus: Corpus
    sketches: list[Sketches]
    damaged: I64
    stages: Stages
    text_fields: Sequence[str]
    _sources: Sequence[Source] = ()
    _lines: dict[int, I64] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.corpus)

    @classmethod
    def read(
        cls,
        sources: Sequence[Source],
        stages: Stages,
        text_fields: Sequence[str],
        sketch: Callable[[Texts], Sketches],
        progress: Progress,
        *,
        find_damaged: bool = False,
        blocking: Blocking | None = None,
    ) -> Articles:
        """Read all sources once; their further fields are those of `blocking`.

        Raises:
            InputError: A source cannot be read, or there are records and none can be used.
            UsageError: No record has a value in a field of `blocking`.
        """
        blocking = blocking or Blocking()
        builder = CorpusBuilder(Policy.parse("first"), None, blocking, blocking.fields())
        sketches = []
        damaged = [np.zeros(0, np.int64)]
        for source, batch in batches(sources, None, progress, Clock()):
            if batch is None:
                builder.end_source()
                continue
            if find_damaged and batch.repaired:
                damaged.append(_damaged(batch.texts, batch.segment) + builder.size)
            builder.add(source, batch)
            sketches.append(sketch(batch.texts))
            builder.add_sketches(sketches[-1])
        check_articles(sources)
        corpus = builder.build()
        corpus.check_usable()
        return cls(corpus, sketches, np.concatenate(damaged), stages, text_fields, sources)

    @property
    def documents(self) -> Documents:
        """What they are compared by."""
        corpus, read = self.corpus, (self._sources, self.stages, self.text_fields)
        return Documents(self.sketches, corpus.segments, *read, corpus.comparable)

    def texts(self, positions: I64) -> Texts:
        """The raw texts at some ascending positions, read again. Raises InputError when a file was cut short."""
        return self.documents.texts(positions)

    def check_mapped(self) -> None:
        """Raise InputError when a file was cut short: reading what is mapped of it would kill the process."""
        check_mapped(self._sources)

    def describe(self, positions: I64) -> dict[int, Article]:
        """The articles at some ascending positions, by position."""
        words = content(self.stages, self.texts(positions))
        ids = (self.corpus.ids.bytes_at(i).decode("utf-8", "replace") for i in positions.tolist())
        places = (self.place(i) for i in positions.tolist())
        return {
            i: Article(*one)
            for i, one in zip(positions.tolist(), zip(ids, places, words, strict=True), strict=True)
        }

    def place(self, position: int) -> Place:
        """Where an article is."""
        places = self.corpus.places
        path = os.fsdecode(places.paths.bytes_at(int(places.path[position])))
        number = int(places.number[position])
        kind, codec = classify(path) or (Format.JSONL, Codec.NONE)  # standard input has no extension
        line = 1
        if codec is Codec.NONE and kind is Format.JSONL:
            line = number
        elif codec is Codec.NONE and kind in (Format.JSON, Format.CSV, Format.TSV):
            line = self._line(position)
        return Place(relative(path), number, line)

    def _line(self, position: int) -> int:
        """The line of its file on which a record begins, where that is not its number."""
        number = int(np.searchsorted(self.corpus.first, position, "right")) - 1
        if number not in self._lines:
            source, segments = self._sources[number], self.corpus.segments_of(number)
            data, starts = segments[0].data, [segment.starts for segment in segments]
            if isinstance(source, Delimited):
                data, starts = source.file.content(), source.starts
            newlines = np.flatnonzero(array_of(data) == ord("\n"))
            self._lines[number] = np.searchsorted(newlines, np.concatenate(starts)) + 1
        return int(self._lines[number][position - self.corpus.first[number]])


def relative(path: str) -> str:
    """A path as editors and CI services want it: relative to the working directory where it lies below that."""
    if path == "-":
        return path
    normal = os.path.normpath(path)
    below = os.path.relpath(normal) if os.path.isabs(normal) else normal
    return (normal if below.startswith("..") else below).replace(os.sep, "/")


def content(stages: Stages, texts: Texts) -> list[str]:
    """A digest of the words of each text, 32 hex digits: the same whatever spaces, case, quotes and line ends are.

    Boilerplate counts, so that a new boilerplate rule does not make another article of it.
    """
    words = stages.tokenize(texts)
    return [xxhash.xxh3_128_hexdigest(words.bytes_at(i)) for i in range(len(words))]


def _damaged(texts: Texts, segment: Segment) -> I64:
    """Which documents of a batch are not as they should be in their file."""
    found = []
    raw = memoryview(segment.data)
    for i, (start, end) in enumerate(zip(segment.starts.tolist(), segment.ends.tolist(), strict=True)):
        record = bytes(raw[start:end])
        try:
            record.decode()
        except UnicodeDecodeError:
            found.append(i)
            continue
        # An escape that is half a character: what came of it was not in the record.
        halves = texts.bytes_at(i).count(REPLACEMENT) > record.count(REPLACEMENT)
        if segment.form is Form.RECORD and halves and b"\\ufffd" not in record.lower():
            found.append(i)
    return np.array(found, np.int64)
