"""Taking in a batch: articles go in part by part; each part is sketched while the one before is stored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

from dedup.index.articles import Articles, cuts, split
from dedup.index.matching import Core
from dedup.index.results import Outcome, outcome
from dedup.index.rows import Moment
from dedup.index.store import Writer
from dedup.index.texts import ENOUGH, sample
from dedup.model import Sketches

PARTS = 4
"""Parts of a batch. With more there is less to wait for at both ends, but each is looked up for itself."""

SMALLEST, LARGEST = 1024, 8192
"""Articles of a part: 32 MB of texts are as much as the C library keeps to use again, where it would otherwise ask the
system for new pages."""


class Part(NamedTuple):
    """Consecutive articles of a batch.

    Attributes:
        articles: The articles.
        sketches: Their sketches.
        repeats: Position -> earlier position of those that have the id and the text of an earlier one.
        moment: When they arrive.
    """

    articles: Articles
    sketches: Sketches
    repeats: dict[int, int]
    moment: Moment


class Intake:
    """A batch on its way into an index. Its first part is sketched at once, before a transaction begins.

    Args:
        core: What decides.
        batch: The articles.
        moment: When they arrive.
    """

    def __init__(self, core: Core, batch: Articles, moment: Moment) -> None:
        self._core, self._batch, self._moment = core, batch, moment
        size = min(LARGEST, max(SMALLEST, -(-len(batch) // PARTS)))
        self._bounds, self._repeats = cuts(batch, size)
        self._first = self._part(*self._bounds[:2])

    def admit(self, writer: Writer) -> list[Outcome]:
        """Decide and store all parts; returns what became of each."""
        core, outcomes = self._core, []
        _train(core, writer, self._batch)
        with ThreadPoolExecutor(1) as pool:
            storing: Future[None] | None = None
            for part in self._parts():  # sketches it
                if storing is not None:
                    storing.result()
                decided = core.decide(writer, part.articles, part.sketches, part.repeats, part.moment)
                storing = pool.submit(core.store, writer, decided)
                ids = [identity.decode("utf-8", "replace") for identity in split(part.articles.ids)]
                outcomes.append(outcome(ids, decided))
            if storing is not None:
                storing.result()
        core.lists.postings.insert(writer)
        return outcomes

    def _parts(self) -> Iterator[Part]:
        yield self._first
        for start, stop in pairwise(self._bounds[1:]):
            yield self._part(start, stop)

    def _part(self, start: int, stop: int) -> Part:
        articles = self._batch.part(start, stop)
        own = {i - start: earlier - start for i, earlier in self._repeats.items() if start <= i < stop}
        moment = Moment(self._moment.seen[start:stop], self._moment.stream)
        return Part(articles, self._core.sketch(articles.texts), own, moment)


def _train(core: Core, writer: Writer, batch: Articles) -> None:
    """Train a dictionary once there are texts enough, of the batch and those before it."""
    if core.codec.trained:
        return
    stored = int(writer.value("number") or b"1") - 1
    if stored + len(batch) < ENOUGH:
        return
    texts = [batch.texts.bytes_at(i) for i in sample(len(batch)).tolist()]
    if len(texts) < ENOUGH:
        texts += core.codec.originals(writer, [1 + i for i in sample(stored).tolist()]).values()
    core.codec.train(writer, texts)
