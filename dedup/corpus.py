"""What a run remembers of its documents: arrays over positions, filled while the sources are read.

Batches go in, with the sketches of their texts; out comes a `Corpus`. The texts themselves are not held: `segments` say
where they can be read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.blocking import Blocking, Values
from dedup.comparable import Comparable
from dedup.errors import InputError
from dedup.identities import Renamed, complete, concatenate, has_id, numbered, unique
from dedup.keep import Policy
from dedup.memory import Growing, GrowingTexts, Memory
from dedup.model import I64, U32, U64, Segment, Sketches, Skipped, Texts
from dedup.readers.base import Batch, Source


def identify(source: Source, batch: Batch) -> Texts:
    """The id of each document of a batch, before duplicates are told apart."""
    return complete(batch.ids, lambda: locate(source, batch))


def locate(source: Source, batch: Batch) -> Texts:
    """The place of each document of a batch: `path:number`, or its own path."""
    if batch.paths is not None:
        return concatenate([batch.paths])
    return numbered(source.path.encode("utf-8", "surrogateescape"), batch.numbers)


@dataclass(frozen=True, slots=True)
class Places:
    """Where `n` documents came from.

    Attributes:
        paths: The path of each record file, and of each file that is one document.
        path: uint32[n], index into `paths`.
        number: int64[n], line or row number; 0 where the file is the document. The array `Corpus.numbers` itself where
            no file is.
    """

    paths: Texts
    path: U32
    number: I64

    def texts(self, positions: I64) -> Texts:
        """`path:number`, or `path`, of some documents."""
        parts = []
        for position in positions.tolist():
            path = self.paths.bytes_at(int(self.path[position]))
            number = int(self.number[position])
            parts.append(path + b":%d" % number if number else path)
        return Texts.from_strings(parts)


@dataclass(frozen=True, slots=True)
class Corpus:
    """All documents of a run.

    Attributes:
        ids: Their ids, all different.
        renamed: Which documents got another id because theirs had been seen before.
        places: Where they came from.
        numbers: int64[n], their numbers in their source, as the reader gave them.
        first: int64[sources + 1], position of the first document of each source.
        first_segment: int64[sources + 1], index of the first segment of each source.
        tokens: uint32[n], tokens of the clean texts; 0 = empty.
        digest: uint64[n, 2], digests of the clean texts; without rows where the keep policy does not ask for them.
        values: int64[n] for each rule of the keep policy that has a field.
        comparable: Which documents are compared with which; None = all with all.
        unblocked: For each field of blocking, how many documents have no value in it that can be used.
        segments: Where the documents can be read again.
        skipped: Records that could not be used.
        present: For each text field, the number of documents whose record has it; empty where all are files of text.
        repaired: Documents with invalid UTF-8 or lone surrogates.
        without_id: Documents that go by their place, since their id field is missing or empty; files of text have none.
        removed_lines: int64[r + 2], lines that stripping removed whole, by rule; see `Sketches`. Empty if there are no
            documents.
        removed_chars: int64[r + 2], characters that stripping removed, likewise.
        guarded: int64[g], ascending positions of the documents in which a guard rail held rules back.
        text_bytes: Bytes of the raw texts.
    """

    ids: Texts
    renamed: Renamed
    places: Places
    numbers: I64
    first: I64
    first_segment: I64
    tokens: U32
    digest: U64
    values: list[I64]
    comparable: Comparable | None
    unblocked: dict[str, int]
    segments: list[Segment]
    skipped: list[Skipped]
    present: list[int]
    repaired: int
    without_id: int
    removed_lines: I64
    removed_chars: I64
    guarded: I64
    text_bytes: int

    def __len__(self) -> int:
        return len(self.tokens)

    def check_usable(self) -> None:
        """Raise InputError when there are records, but every one of them was skipped."""
        if len(self) or not self.skipped:
            return
        no_text = any(record.reason == "no_text" for record in self.skipped)
        raise nothing_usable(len(self.skipped), self.skipped[0].location, self.skipped[0].detail, no_text)

    def documents_of(self, source: int) -> tuple[int, int]:
        """Position of the first document of a source, and one past its last."""
        return int(self.first[source]), int(self.first[source + 1])

    def segments_of(self, source: int) -> list[Segment]:
        """Where the documents of a source can be read again."""
        return self.segments[self.first_segment[source] : self.first_segment[source + 1]]


def nothing_usable(count: int, location: str, detail: str, no_text: bool) -> InputError:
    """The error about inputs whose `count` records were all skipped; the first is at `location`.

    Args:
        count: See above.
        location: See above.
        detail: Why the first was skipped.
        no_text: Whether some have no text field.
    """
    counted = (
        "the only record was skipped," if count == 1 else f"all {count:,} records were skipped, the first"
    )
    hint = "name the field of the text: --text-field" if no_text else "look at the first records of the input"
    return InputError(f"nothing usable: {counted} at {location}: {detail}", hint)


class CorpusBuilder:
    """Collects batches and, then or later, the sketches of their texts; the arrays are joined once, at the end.

    Args:
        policy: Says which fields to keep.
        memory: Where the arrays lie.
        blocking: Likewise.
        fields: Names of the fields that batches have.

    Attributes:
        size: Documents so far.
        segments: Where the documents so far can be read again, one segment a batch.
    """

    def __init__(
        self,
        policy: Policy,
        memory: Memory | None = None,
        blocking: Blocking | None = None,
        fields: Sequence[str] = (),
    ) -> None:
        memory = memory or Memory()
        self.policy = policy
        self.size = 0
        self.segments: list[Segment] = []
        self._first = [0]
        self._first_segment = [0]
        self._ids = GrowingTexts(memory)
        self._paths: list[Texts] = []
        self._path_count = 0
        self._path = Growing(memory, np.uint32)
        self._numbers = Growing(memory, np.int64)
        self._files: list[slice] = []
        self._tokens = Growing(memory, np.uint32)
        self._digest = Growing(memory, np.uint64, 2)
        self._fields = tuple(fields)
        self._blocking = Values(blocking or Blocking(), memory)
        self._values = [Growing(memory, np.int64) for rule in policy.rules if rule.field is not None]
        self._skipped: list[Skipped] = []
        self._present: list[int] = []
        self._repaired = 0
        self._without_id = 0
        self._removed: tuple[I64, I64] | None = None
        self._guarded = Growing(memory, np.int64)
        self._sketched = 0
        self._text_bytes = 0
        self._source_path: int | None = None

    def add(self, source: Source, batch: Batch) -> None:
        """Take in the next batch of the current source."""
        n = len(batch.texts)
        if batch.paths is None:
            if self._source_path is None:
                self._source_path = self._add_paths(Texts.from_strings([source.path]))
            self._path.append(np.full(n, self._source_path, np.uint32))
            self._without_id += n - int(np.count_nonzero(has_id(batch.ids)))
        else:
            first = self._add_paths(concatenate([batch.paths]))
            self._path.append(np.arange(first, first + n, dtype=np.uint32))
            self._files.append(slice(self.size, self.size + n))
        self._ids.append(identify(source, batch))
        self._numbers.append(batch.numbers)
        lifted = dict(zip(self._fields, batch.fields, strict=False))
        values = self.policy.values([lifted[name] for name in self.policy.fields()])
        for column, more in zip(self._values, values, strict=True):
            column.append(more)
        self._blocking.add(lifted)
        self.segments.append(batch.segment)
        self._skipped.extend(batch.skipped)
        if batch.present:
            before = self._present or [0] * len(batch.present)
            self._present = [a + b for a, b in zip(before, batch.present, strict=True)]
        self._repaired += batch.repaired
        self._text_bytes += int(batch.texts.offsets[-1] - batch.texts.offsets[0])
        self.size += n

    def add_sketches(self, sketches: Sketches) -> None:
        """Take in what is to be known of the texts of the next batch, in the order of the batches."""
        self._tokens.append(sketches.tokens)
        if self.policy.breaks_ties:
            self._digest.append(sketches.digest)
        self._guarded.append(np.flatnonzero(sketches.guarded) + self._sketched)
        removed = sketches.removed_lines, sketches.removed_chars
        if self._removed is not None:
            removed = removed[0] + self._removed[0], removed[1] + self._removed[1]
        self._removed = removed
        self._sketched += len(sketches.tokens)

    def end_source(self) -> None:
        """The next batch is from another source."""
        self._first.append(self.size)
        self._first_segment.append(len(self.segments))
        self._source_path = None

    def build(self, whose: str = "article") -> Corpus:
        """The corpus of all batches. What is joined is let go at once: the builder can be used no more.

        Raises:
            UsageError: Not one `whose` has a value in a field of blocking.
        """
        numbers = self._numbers.whole()
        place_numbers = numbers.copy() if self._files else numbers
        for some in self._files:
            place_numbers[some] = 0
        places = Places(concatenate(self._paths), self._path.whole(), place_numbers)
        ids, renamed = unique(self._ids.whole(), places.texts)
        removed_lines, removed_chars = self._removed or (np.zeros(0, np.int64), np.zeros(0, np.int64))
        return Corpus(
            ids=ids,
            renamed=renamed,
            places=places,
            numbers=numbers,
            first=np.array(self._first, np.int64),
            first_segment=np.array(self._first_segment, np.int64),
            tokens=self._tokens.whole(),
            digest=self._digest.whole(),
            values=[column.whole() for column in self._values],
            comparable=self._blocking.build(whose),
            unblocked=self._blocking.missing,
            segments=self.segments,
            skipped=self._skipped,
            present=self._present,
            repaired=self._repaired,
            without_id=self._without_id,
            removed_lines=removed_lines,
            removed_chars=removed_chars,
            guarded=self._guarded.whole(),
            text_bytes=self._text_bytes,
        )

    def _add_paths(self, paths: Texts) -> int:
        first = self._path_count
        self._paths.append(paths)
        self._path_count += len(paths)
        return first
