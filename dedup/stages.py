"""The protocol of the hot path: what each stage takes and gives.

Two engines implement it: `native` (the Rust kernel) and `reference` (plain
Python on datasketch and xxhash), which is the executable specification. They
agree bit for bit, by property test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dedup.comparable import Comparable
from dedup.config import Settings
from dedup.containment import Contained, Gates, Scope
from dedup.memory import Memory
from dedup.model import (
    I64,
    U32,
    U64,
    Buffer,
    Mask,
    Matches,
    Scan,
    Segment,
    Shingles,
    Sketches,
    Stripped,
    Texts,
)
from dedup.observations import Observations, Rows, Tally


class Matcher(Protocol):
    """Greedy matching in priority order; see `Stages.matcher`."""

    def add(self, sketches: Sketches) -> None:
        """Append the sketches of the next documents of the run."""

    def start(self, order: I64, segments: Sequence[Segment], comparable: Comparable | None = None) -> None:
        """Begin matching.

        Args:
            order: int64[n], the positions of all documents, first choice first.
            segments: Where their bytes lie; documents are numbered through all segments.
            comparable: Which of them are compared with which; None = all with all.
        """

    def advance(self, limit: int) -> int:
        """Decide up to `limit` more documents; return how many are decided by now."""

    def kept(self, start: int, stop: int) -> Mask:
        """bool[stop - start], whether the documents at these places in the order, all decided, are representatives."""

    def result(self) -> Matches:
        """The outcome, once every document is decided. Ends the matcher: its memory is let go."""


class ExcerptSearch(Protocol):
    """Searching for excerpts, after matching; see `Stages.excerpts`."""

    def add(self, sketches: Sketches) -> None:
        """Append the sketches of the next documents of the run, with their minimizers."""

    def start(
        self,
        representative: I64,
        compared: Mask,
        segments: Sequence[Segment],
        comparable: Comparable | None = None,
    ) -> None:
        """Begin searching.

        Args:
            representative: int64[n], the representative of each document's cluster.
            compared: bool[n], the documents that are compared at all.
            segments: Where their bytes lie; documents are numbered through all segments.
            comparable: Which of them are compared with which; None = all with all.
        """

    def advance(self, limit: int) -> int:
        """Search up to `limit` more documents; return how many are done by now."""

    def result(self) -> Contained:
        """What was found, once all documents are done. Ends the search."""


class Observer(Protocol):
    """Looks at texts for lines that may turn out to be boilerplate; see `Stages.observer`."""

    def observe(self, texts: Texts, sources: U64, places: U64) -> Observations:
        """The observations of a batch.

        Args:
            texts: Raw texts of `n` documents.
            sources: uint64[n], a hash of the source of each; 0 = unknown.
            places: uint64[n], a hash of the place of each; 0 = none.
        """


class Stages(Protocol):
    """One engine. All functions are pure; batches are independent of one another.

    Attributes:
        name: What it is called.
        settings: What decides a match.
        threads: Threads that it works on.
    """

    name: str
    settings: Settings
    threads: int

    def scan(
        self, data: Buffer, start: int, end: int, text_fields: Sequence[str], fields: Sequence[str]
    ) -> Scan:
        """Lift texts and fields out of the JSON lines of `data[start:end]` (whole lines, LF or CRLF).

        Every line is validated whole. A field name is first looked up literally, then as a dotted path. Blank
        lines are no records. The last of duplicate keys wins; NaN and Infinity are accepted.
        """

    def scan_spans(
        self, data: Buffer, starts: I64, ends: I64, text_fields: Sequence[str], fields: Sequence[str]
    ) -> Scan:
        """As `scan`, of the records `data[starts[i]:ends[i]]`; record `i` has line number `i + 1`."""

    def split_array(self, data: Buffer) -> tuple[I64, I64]:
        """Starts and ends of the elements of a file that is one JSON array; ValueError for anything else."""

    def strip(self, texts: Texts, explain: bool = False) -> Stripped:
        """Remove boilerplate lines, prefixes and suffixes (`dedup.boilerplate`)."""

    def tokenize(self, texts: Texts) -> Texts:
        """Normalised texts: the tokens of each, joined by one space."""

    def shingle(self, texts: Texts, size: int) -> Shingles:
        """Hashes of the shingles of `size` consecutive tokens of each text, or of characters as the settings say."""

    def sign(self, shingles: Shingles, num_perm: int, seed: int) -> U32:
        """MinHash signatures, uint32[n, num_perm]; all ones for a document without shingles."""

    def band(self, signatures: U32, bands: int, rows: int) -> U32:
        """Band keys, uint32[bands, n]."""

    def sketch(self, texts: Texts, window: int | None = None, alone: bool = False) -> Sketches:
        """Strip (if the settings say so), tokenize, shingle, sign and band, with the engine's settings.

        Args:
            texts: Raw texts.
            window: Shingles of which one is kept as a minimizer, at least 1; None = no minimizers are asked for.
            alone: All is done by the calling thread: for whoever has other threads sketch other batches.
        """

    def matcher(
        self, *, pairs: bool = False, links: bool = False, memory: Memory | None = None, beside: bool = False
    ) -> Matcher:
        """A matcher with the engine's settings.

        Args:
            pairs: Compare all documents that share a band and list every pair that passes.
            links: Record every near relation between a document and a representative.
            memory: Where the arrays of all documents lie, if they need not lie in ordinary memory.
            beside: Other threads work beside the caller's: where there are few, that one does everything by itself.
        """

    def excerpts(
        self, gates: Gates, scope: Scope = Scope.REPRESENTATIVES, memory: Memory | None = None
    ) -> ExcerptSearch:
        """A search for pairs of documents of which one contains most of the other.

        Args:
            gates: What such a pair has to pass.
            scope: Which documents are compared with which.
            memory: Where minimizers lie, if they need not lie in ordinary memory.
        """

    def observer(self, repeated_after: int | None) -> Observer:
        """What turns texts into observations.

        Args:
            repeated_after: None = give the text of every line with every observation. Else do so only until there
            were
                so many; in later batches give a text only where its line may have been observed before.
        """

    def compact(self, rows: Rows) -> Rows:
        """The counts of some rows (`dedup.observations`), ordered by key and source."""

    def tally(self, rows: Rows) -> Tally:
        """What the counts that `compact` gave say of each key."""
