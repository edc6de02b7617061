"""Learning boilerplate from a corpus: texts in, in any order and any number of parts; lines that recur out.

    learner = Learner()
    learner.add(texts, sources, places)     # as often as there are batches
    write_learned("learned.toml", learner.learn())

What it holds are counts (`dedup.observations`), which can be saved, loaded, added to and merged. No order and no
split of the corpus changes what is learned, as long as `Learned.missed` is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dedup.boilerplate.decide import decide
from dedup.boilerplate.learned import Learned, LearnedLine
from dedup.model import U64, Texts
from dedup.observations import ACTIONS, ROW, Kind, Rows, Tally

if TYPE_CHECKING:
    from dedup.stages import Stages

MIN_DOCUMENTS = 200
"""Documents below which nothing is learned: chance repeats too much of a small corpus."""


class Learner:
    """Counts of the lines of a corpus.

    Args:
        stages: The engine that observes and counts; the native one unless given.
    """

    def __init__(self, stages: Stages | None = None) -> None:
        if stages is None:
            from dedup.config import Settings
            from dedup.native import Native

            stages = Native(Settings())
        self._stages = stages
        self._observer = stages.observer(False)
        self.documents = 0
        self._rows: Rows = np.empty(0, ROW)
        self._texts: dict[int, bytes] = {}
        self._places: dict[int, str] = {}
        self._sources: dict[int, int] = {}

    @property
    def sources(self) -> int:
        """Distinct sources so far; 0 where none were given."""
        return len(self._sources)

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
            places: Where each stands, such as `articles.jsonl:12`, for the examples.
        """
        packed = _packed(texts)
        n = len(packed)
        source_hashes, place_hashes = self._hashes(sources, n), self._hashes(places, n)
        seen = self._observer.observe(packed, source_hashes, place_hashes)
        self.documents += n
        self._rows = self._stages.compact(np.concatenate([self._rows, seen.rows]))
        for i, key in enumerate(seen.keys.tolist()):
            self._texts[key] = seen.texts.bytes_at(i)
        if places is not None:
            self._places.update(zip(place_hashes.tolist(), _packed(places).strings(), strict=True))
        for source, count in zip(*np.unique(source_hashes, return_counts=True), strict=True):
            if source:
                self._sources[int(source)] = self._sources.get(int(source), 0) + int(count)

    def learn(self, min_documents: int = MIN_DOCUMENTS) -> Learned:
        """Decide which lines are boilerplate; nothing of a corpus of fewer than `min_documents`."""
        if self.documents < min_documents:
            return Learned(self.documents, self.sources, ())
        tally = self._stages.tally(self._rows)
        sources = np.array(sorted(self._sources), np.uint64)
        counts = np.array([self._sources[int(source)] for source in sources], np.int64)
        chosen = np.flatnonzero(decide(tally, self.documents, sources, counts))
        lines = [self._line(tally, int(i)) for i in chosen]
        lines.sort(key=lambda one: (-one.documents, -one.stories, one.line, one.action))
        return Learned(self.documents, self.sources, tuple(lines))

    def _line(self, tally: Tally, i: int) -> LearnedLine:
        return LearnedLine(
            self._texts[int(tally.keys[i])].decode(),
            ACTIONS[Kind(int(tally.kinds[i]))],
            int(tally.documents[i]),
            int(tally.stories[i]),
            int(tally.sources[i]),
            tuple(self._places[place] for place in tally.places[i].tolist() if place),
        )

    def _hashes(self, texts: Texts | Sequence[str] | None, n: int) -> U64:
        if texts is None:
            return np.zeros(n, np.uint64)
        packed = _packed(texts)
        if len(packed) != n:
            raise ValueError(f"{len(packed)} sources or places for {n} texts")
        from dedup.native import array_of, hash_texts

        hashes = hash_texts(array_of(packed.data), packed.offsets)
        hashes[np.diff(packed.offsets) == 0] = 0
        return hashes


def _packed(texts: Texts | Sequence[str]) -> Texts:
    return texts if isinstance(texts, Texts) else Texts.from_strings(texts)
