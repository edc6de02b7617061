"""Learning boilerplate from a corpus: texts in, in any order and any number of parts; lines that recur out.

    learner = Learner()
    learner.add(texts, sources, places)     # as often as there are batches
    write_learned("learned.toml", learner.learn())

What it holds are counts (`dedup.observations`), which can be saved, loaded, added to and merged. No order and no
split of the corpus changes what is learned, as long as `Learned.missed` is 0.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from dedup.boilerplate.counts import Counts, read_counts, write_counts
from dedup.boilerplate.decide import decide
from dedup.boilerplate.learned import Learned, LearnedLine, without_parts
from dedup.boilerplate.store import Bounded, Spilled, Store, above, forgettable
from dedup.boilerplate.strings import distinct, find, select
from dedup.config import MIN_DOCUMENTS, Settings
from dedup.model import U64, Texts
from dedup.native import Native, array_of, hash_texts
from dedup.observations import ACTIONS, Kind, Tally
from dedup.stages import Stages

MOST_ROWS = 350_000
"""Rows of counts in memory, and in a counts file: as many as 12,000 articles of 4 KB have. A process that counts a
stream of such articles, 40 sites, takes 300 MB in all."""


class Learner:
    """Counts of the lines of a corpus. Use it in a `with` statement, or `close` it, where it has temporary files.

    Args:
        stages: The engine that observes and counts; the native one unless given.
        spill: Keep the counts of all lines in temporary files; for a corpus that is there as a whole. If not, they
        are
            held in memory, and of a large corpus only the lines that come often enough (`Learned.missed`); for
            streams.
        temp_dir: Where temporary files are made.
        most_rows: Rows of counts to hold in memory, and to save.

    Raises:
        OutputError: Temporary files cannot be made or written; so do the methods.
    """

    def __init__(
        self,
        stages: Stages | None = None,
        *,
        spill: bool = False,
        temp_dir: Path | None = None,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._stages: Stages = Native(Settings()) if stages is None else stages
        self._most_rows = most_rows
        self._store: Store = Spilled(self._stages, temp_dir) if spill else Bounded(self._stages, most_rows)
        self._observer = self._stages.observer(most_rows if spill else None)
        self._documents_of = Counter[int]()
        self.documents = 0

    @property
    def sources(self) -> int:
        """Distinct sources so far; 0 where none were given."""
        return len(self._documents_of)

    def add(
        self,
        texts: Texts | Sequence[str],
        sources: Texts | Sequence[str] | None = None,
        places: Texts | Sequence[str] | None = None,
    ) -> None:
        """Count the lines of some documents.

        Args:
            texts: Their raw texts.
            sources: Who published each, for instance the site; "" = unknown.
            places: Where each stands, such as `articles.jsonl:12`, for the examples; "" = none.

        Raises:
            ValueError: There are not as many sources or places as texts.
        """
        packed = _packed(texts)
        source_of, _ = _hashed(sources, len(packed))
        place_of, names = _hashed(places, len(packed))
        seen = self._observer.observe(packed, source_of, place_of)
        self._store.add(seen.rows, seen.keys, seen.texts)
        if names is not None:
            self._store.add_places(place_of, names)
        hashes, documents = np.unique(source_of[source_of != 0], return_counts=True)
        self._documents_of.update(dict(zip(hashes.tolist(), documents.tolist(), strict=True)))
        self.documents += len(packed)

    def merge(self, other: Learner) -> None:
        """Add what another learner has counted, or as much of it as that one would save."""
        self._take(other._counts())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the counts into a file (by custom `.counts`), whole or not at all; a file that is there is replaced.

        Raises:
            OutputError: It cannot be written.
        """
        write_counts(path, self._counts())

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], stages: Stages | None = None, *, most_rows: int = MOST_ROWS
    ) -> Self:
        """A learner, without temporary files, that goes on where the saved one was.

        Raises:
            InputError: The file cannot be read, is no counts file, or is one of another version.
        """
        learner = cls(stages, most_rows=most_rows)
        learner._take(read_counts(path))
        return learner

    def learn(self, min_documents: int = MIN_DOCUMENTS) -> Learned:
        """Decide which lines are boilerplate; nothing of a corpus of fewer than `min_documents`."""
        if self.documents < min_documents:
            return Learned(self.documents, self.sources, (), self._store.missed)
        sources = np.array(sorted(self._documents_of), np.uint64)
        documents = np.array([self._documents_of[source] for source in sources.tolist()], np.int64)
        chosen: list[Tally] = []
        for rows in self._store.counts():
            tally = self._stages.tally(rows)
            chosen.append(tally.select(decide(tally, self.documents, sources, documents)))
        lines = self._lines(chosen)
        return Learned(self.documents, self.sources, lines, self._store.missed)

    def close(self) -> None:
        """Remove the temporary files."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _counts(self) -> Counts:
        forgotten = forgettable(self._store.counts(), self._most_rows)
        rows = np.concatenate([above(rows, forgotten) for rows in self._store.counts()])
        return Counts(
            self.documents,
            self._store.missed + forgotten,
            dict(self._documents_of),
            rows,
            select(self._store.texts, distinct(rows["key"])),
            select(self._store.places, distinct(rows["place"])),
        )

    def _take(self, counts: Counts) -> None:
        self.documents += counts.documents
        self._documents_of.update(counts.sources)
        self._store.missed += counts.missed
        self._store.add(counts.rows, *counts.texts)
        self._store.add_places(*counts.places)

    def _lines(self, chosen: Sequence[Tally]) -> tuple[LearnedLine, ...]:
        keys = np.concatenate([tally.keys for tally in chosen])
        texts = find(self._store.texts, np.sort(keys))
        places = find(
            self._store.places, np.unique(np.concatenate([tally.places.ravel() for tally in chosen]))
        )
        return learned_lines(chosen, texts, places)


def learned_lines(
    chosen: Sequence[Tally], texts: Mapping[int, str], places: Mapping[int, str]
) -> tuple[LearnedLine, ...]:
    """The lines of the chosen keys, those in most documents first, from texts by key and names of places by hash."""
    lines = [
        LearnedLine(
            texts[int(tally.keys[i])],
            ACTIONS[Kind(int(tally.kinds[i]))],
            int(tally.documents[i]),
            int(tally.stories[i]),
            int(tally.sources[i]),
            tuple(sorted(places[place] for place in tally.places[i].tolist() if place)),
        )
        for tally in chosen
        for i in range(len(tally.keys))
        if int(tally.keys[i]) in texts  # else two learners forgot it, and each saw the line once
    ]
    lines = without_parts(lines)
    lines.sort(key=lambda one: (-one.documents, -one.stories, one.line, one.action))
    return tuple(lines)


def _packed(texts: Texts | Sequence[str]) -> Texts:
    return texts if isinstance(texts, Texts) else Texts.from_strings(texts)


def _hashed(names: Texts | Sequence[str] | None, n: int) -> tuple[U64, Texts | None]:
    """A hash of each name, 0 of an empty one."""
    if names is None:
        return np.zeros(n, np.uint64), None
    packed = _packed(names)
    if len(packed) != n:
        raise ValueError(f"{len(packed)} sources or places were given for {n} texts")
    hashes = hash_texts(array_of(packed.data), packed.offsets)
    hashes[np.diff(packed.offsets) == 0] = 0
    return hashes, packed
