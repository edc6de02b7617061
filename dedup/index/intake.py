"""Taking in a batch: articles go in part by part. One is decided and stored while others are sketched or compressed.

Who decides reads the articles, too, and runs all SQL. Helpers sketch and compress; whatever they have not begun when it
is wanted, who decides does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np

from dedup.index.articles import Articles, cuts, split
from dedup.index.decisions import Delivery
from dedup.index.helpers import Helpers, Task
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
"""Parts that are read, and may be sketched, before they are decided."""


class Read(NamedTuple):
    """A part before it is sketched; see `Part`."""

    articles: Articles
    repeats: dict[int, int]
    seen: I64


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
        self._core, self._stream = core, stream
        self._read = _read(stretches, seen)
        read = next(self._read)
        self._first = Part(read.articles, core.sketch(read.articles.texts), read.repeats, read.seen)

    def admit(self, writer: Writer) -> list[Outcome]:
        """Decide and store all parts; returns what became of each."""
        core, outcomes = self._core, []
        delivery = Delivery(self._stream, next_number(writer))
        with Helpers(core.stages.threads) as helpers:
            for part in self._parts(helpers):
                _train(core, writer, part.articles)
                left: Part | None = part
                while left is not None:
                    decided = core.decide(writer, *left, delivery, beside=True)
                    core.store(writer, decided, helpers)
                    done, left = left.cut(len(decided.batch.texts))
                    ids = [identity.decode("utf-8", "replace") for identity in split(done.ids)]
                    outcomes.append(outcome(ids, decided, done))
            core.finish(writer)
        return outcomes

    def _parts(self, helpers: Helpers) -> Iterator[Part]:
        """All parts. Those that come next are in the hands of the helpers."""
        coming: deque[tuple[Read, Task[Sketches]]] = deque()

        def fetch() -> None:
            for read in islice(self._read, AHEAD - len(coming)):
                sketch = partial(self._core.sketch, read.articles.texts, alone=True)
                coming.append((read, helpers.task(sketch)))

        fetch()
        yield self._first
        while coming:
            read, sketches = coming.popleft()
            fetch()
            yield Part(read.articles, sketches.result(), read.repeats, read.seen)


def _read(stretches: Iterable[Articles], seen: Callable[[int], I64]) -> Iterator[Read]:
    """Articles cut into parts."""
    for articles in stretches:
        times = seen(len(articles))
        bounds, repeats = cuts(articles, LARGEST)
        for start, stop in pairwise(bounds):
            own = {i - start: earlier - start for i, earlier in repeats.items() if start <= i < stop}
            yield Read(articles.part(start, stop), own, times[start:stop])


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
