"""Taking in a batch: articles go in part by part. One is read and sketched, one decided, one compressed at the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from dedup.index.articles import Articles, cuts, split
from dedup.index.decisions import Delivery
from dedup.index.lookup import next_number, some
from dedup.index.matching import Core
from dedup.index.results import Outcome, outcome
from dedup.index.store import Writer
from dedup.index.texts import ENOUGH, sample
from dedup.model import I64, Sketches

LARGEST = 4096
"""Articles of a part: 16 MB of texts. The C library would give back more than 32 MB to the system, and new pages take
longer to get than to fill."""

AHEAD = 4
"""Parts that may be read and sketched before they are decided: with few, that has come to its end too soon."""

CORES = 3
"""Cores that the three threads keep busy. With no more each does its work by itself: to hand it to the threads of the
kernel, which are busy with the work of the others, takes longer than to do it. The first part has them to itself."""


class Part(NamedTuple):
    """Consecutive articles of a batch.

    Attributes:
        articles: The articles.
        sketches: Their sketches.
        repeats: Position -> earlier position of those that have the id and the text of an earlier one.
        seen: int64[n], when they arrive.
    """

    articles: Articles
    sketches: Sketches
    repeats: dict[int, int]
    seen: I64

    def cut(self, count: int) -> tuple[Articles, Part | None]:
        """The first articles, and the others, if there are any. Of the first those know who is repeated."""
        articles, total = self.articles, len(self.articles)
        if count == total:
            return articles, None
        repeats = {i - count: earlier - count for i, earlier in self.repeats.items() if earlier >= count}
        sketches = some(self.sketches, np.arange(count, total))
        return articles.part(0, count), Part(
            articles.part(count, total), sketches, repeats, self.seen[count:]
        )


class Intake:
    """A batch on its way into an index. Its first part is sketched at once, before a transaction begins.

    Args:
        core: What decides.
        stretches: The articles, read some at a time.
        seen: Gives the times at which as many articles arrive.
        stream: Number of the stream that they come in, 0 for none.
    """

    def __init__(
        self, core: Core, stretches: Iterable[Articles], seen: Callable[[int], I64], stream: int
    ) -> None:
        self._core, self._stretches, self._seen, self._stream = core, stretches, seen, stream
        self._alone = core.stages.threads <= CORES
        self._parts = self._sketched()
        self._first = next(self._parts)

    def admit(self, writer: Writer) -> list[Outcome]:
        """Decide and store all parts; returns what became of each."""
        core, outcomes = self._core, []
        delivery = Delivery(self._stream, next_number(writer))
        with closing(_ahead(chain([self._first], self._parts))) as parts:
            try:
                for part in parts:
                    _train(core, writer, part.articles)
                    left: Part | None = part
                    while left is not None:
                        decided = core.decide(writer, *left, delivery)
                        core.store(writer, decided)
                        done, left = left.cut(len(decided.batch.texts))
                        ids = [identity.decode("utf-8", "replace") for identity in split(done.ids)]
                        outcomes.append(outcome(ids, decided, done))
                    core.alone = self._alone
            finally:
                core.alone = False
        core.finish(writer)
        return outcomes

    def _sketched(self) -> Iterator[Part]:
        alone = False
        for articles in self._stretches:
            seen = self._seen(len(articles))
            bounds, repeats = cuts(articles, LARGEST)
            for start, stop in pairwise(bounds):
                own = {i - start: earlier - start for i, earlier in repeats.items() if start <= i < stop}
                part = articles.part(start, stop)
                yield Part(part, self._core.sketch(part.texts, alone), own, seen[start:stop])
                alone = self._alone


def _ahead(parts: Iterator[Part]) -> Generator[Part]:
    """The same parts, made in another thread, up to `AHEAD` of them before they are wanted."""
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, parts, None) for _ in range(AHEAD))
        while (part := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, parts, None))
            yield part


def _train(core: Core, writer: Writer, articles: Articles) -> None:
    """Train a dictionary once there are texts enough, of some articles and those before them."""
    if core.codec.trained:
        return
    stored = next_number(writer) - 1
    if stored + len(articles) < ENOUGH:
        return
    texts = [articles.texts.bytes_at(i) for i in sample(len(articles)).tolist()]
    if len(texts) < ENOUGH:
        texts += core.codec.originals(writer, [1 + i for i in sample(stored).tolist()]).values()
    core.codec.train(writer, texts)
