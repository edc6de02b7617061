"""The files of a run: records in `kept/` and `removed/`, and one JSON line a document, pair and skipped record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedup import native
from dedup.clusters import families, sizes_with_known
from dedup.corpus import Corpus
from dedup.decisions import Choice, Decisions
from dedup.excerpts import Excerpts
from dedup.model import I64, Buffer, Mask, Matches, Texts
from dedup.progress import Progress
from dedup.readers import Source
from dedup.writers import OutputDirectory, write_annotated, write_chunks, write_selected, write_skipped

if TYPE_CHECKING:
    from dedup._kernel import OutcomeArrays, TextBuffers

ROWS = 10_000
"""Documents whose rows are made at a time: about 2 MB."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the documents of a run.

    Attributes:
        corpus: The documents.
        matches: What matching found.
        excerpts: Which documents are excerpts; None if nobody looked.
        cluster_size: int64[n], size of each document's cluster; a known article counts with its copies.
        family: int64[n], position of the document that names each one's family; None if not asked for.
        names: Ids of the documents and, after them, of the known articles that they were held against.
    """

    corpus: Corpus
    matches: Matches
    excerpts: Excerpts | None
    cluster_size: I64
    family: I64 | None
    names: Texts

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        matches: Matches,
        excerpts: Excerpts | None,
        order: I64,
        with_families: bool,
        names: Texts,
    ) -> Outcome:
        """Sizes and, if asked for, families from what matching found in the priority order `order`."""
        size = sizes_with_known(matches.representative, len(names))
        family = families(matches, order) if with_families else None
        return cls(corpus, matches, excerpts, size, family, names)

    @property
    def kept(self) -> Mask:
        """bool[n], whether a document stays."""
        return self.matches.kept

    def cluster_rows(self, start: int, stop: int) -> Buffer:
        """Lines of clusters.jsonl."""
        places = self.corpus.places
        locations = (places.paths.data, places.paths.offsets, places.path, places.number)
        return native.cluster_rows(self._ids, locations, self._columns, start, stop).data

    def tags(self, start: int, stop: int) -> Texts:
        """What is added to each record with `--annotate`, as JSON objects."""
        rows, offsets = native.tag_rows(self._ids, self._columns, start, stop)
        return Texts(rows.data, offsets)

    def pair_rows(self, start: int, stop: int) -> Buffer:
        """Lines of pairs.jsonl."""
        found, some = self.matches, slice(start, stop)
        rows = (found.pair_relation[some], found.pair_similarity[some], found.pair_containment[some])
        return native.pair_rows(self._ids, np.ascontiguousarray(found.pairs[some]), *rows).data

    def guarded_rows(self, start: int, stop: int) -> Buffer:
        """Lines of guarded.jsonl."""
        some = self.corpus.guarded[start:stop]
        ids = (self.corpus.ids.bytes_at(i).decode("utf-8", "replace") for i in some.tolist())
        places = self.corpus.places.texts(some).strings()
        rows = ({"id": name, "location": place} for name, place in zip(ids, places, strict=True))
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()

    @property
    def _ids(self) -> TextBuffers:
        return self.names.data, self.names.offsets

    @property
    def _columns(self) -> OutcomeArrays:
        found = self.matches
        measures = found.relation, found.similarity, found.containment
        excerpts = None
        if self.excerpts is not None:
            excerpts = self.excerpts.of, self.excerpts.containment
        return found.representative, self.cluster_size, *measures, excerpts, self.family


def write_records(
    directory: OutputDirectory,
    sources: Sequence[Source],
    corpus: Corpus,
    decisions: Decisions,
    progress: Progress,
    *,
    removed: bool = False,
    copy: bool = False,
) -> None:
    """Write the records of all sources: those that stay to `kept/`, with `removed` the others to `removed/`.

    Raises:
        InputError: A source cannot be read again.
        OutputError: A file cannot be written.
    """
    for i, source in enumerate(sources):
        start, stop = corpus.documents_of(i)
        where = source, corpus.numbers[start:stop]
        how = corpus.segments_of(i), directory
        write_selected(*where, Choice(decisions, start, stop), *how, "kept", copy=copy)
        if removed:
            write_selected(*where, Choice(decisions, start, stop, stay=False), *how, "removed", copy=copy)
        progress.update(stop, stop)


def write_tagged(
    directory: OutputDirectory, sources: Sequence[Source], outcome: Outcome, progress: Progress
) -> None:
    """Write all records of all sources to `kept/`, each saying what was found. Raises as `write_records`."""
    corpus = outcome.corpus
    for i, source in enumerate(sources):
        start, stop = corpus.documents_of(i)
        where = source, corpus.numbers[start:stop], corpus.segments_of(i)
        write_annotated(*where, outcome.tags(start, stop), directory, "kept")
        progress.update(stop, stop)


def write_tables(directory: OutputDirectory, outcome: Outcome, *, pairs: bool, guarded: bool) -> None:
    """Write clusters.jsonl, skipped.jsonl and, if asked for, pairs.jsonl and guarded.jsonl. Raises OutputError."""
    count = len(outcome.corpus)
    write_chunks(directory, "clusters.jsonl", (outcome.cluster_rows(*part) for part in _parts(count)))
    write_skipped(directory, "skipped.jsonl", outcome.corpus.skipped)
    if pairs:
        found = len(outcome.matches.pairs)
        write_chunks(directory, "pairs.jsonl", (outcome.pair_rows(*part) for part in _parts(found)))
    if guarded:
        held = len(outcome.corpus.guarded)
        write_chunks(directory, "guarded.jsonl", (outcome.guarded_rows(*part) for part in _parts(held)))


def _parts(count: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + ROWS, count)) for start in range(0, count, ROWS))
