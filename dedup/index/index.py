"""`dedup.Index`: articles in, batch by batch, for years; whether each is new, and what it copies, out."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np

from dedup import boilerplate
from dedup.engines import make_engine
from dedup.index import upkeep
from dedup.index.articles import Articles, read
from dedup.index.frozen import Chosen, Frozen, digest
from dedup.index.intake import Intake
from dedup.index.location import open_store
from dedup.index.matching import Core
from dedup.index.query import query, stored
from dedup.index.results import Match, Outcome, microseconds, moment, together
from dedup.index.store import AbsentError, Reader, Writer
from dedup.index.upkeep import Removed
from dedup.model import I64
from dedup.readers.base import Fields
from dedup.stages import Stages

if TYPE_CHECKING:
    from datasketch import MinHashLSH

METADATA = ("url", "source", "published")
"""Fields that are stored with each article unless others are chosen."""

CACHE_BYTES = 512 << 20
"""Memory for postings: those of 1.5 million articles at 350 bytes."""


class Index:
    """A persistent index of articles; see `dedup.index`.

    Args:
        location: Path of the SQLite file, `postgresql://...`, or None for an index in memory. It is made if it is not
            there.
        create: Whether it may be made.
        rules: Files with further rules of boilerplate; None = those of the index, or of the package for a new one.
        text_field: Field of the text in records and tables; several with commas are joined by a newline.
        id_field: Field of the id; an article without one goes by the hex xxh3_128 of its text.
        metadata: Fields to store with each article; None = those of the index, or url, source and published.
        threads: Threads to use; None = one per core.
        cache_bytes: Memory for postings.
        **chosen: Settings, as in `dedup.find_duplicates`. A new index takes them; one that is there must have them.
            `excerpts` is `off` by default: to find them takes a fifth more room.

    Attributes:
        frozen: What it was made with.
        fields: Where the text, id and metadata of an article are.
        stages: The engine.

    Raises:
        UsageError: A setting cannot be used, or differs from the index's.
        InputError: The index cannot be read, is not there, or is not one.
        OutputError: It cannot be made.
    """

    def __init__(
        self,
        location: str | os.PathLike[str] | None = None,
        *,
        create: bool = True,
        rules: Sequence[str | os.PathLike[str]] | None = None,
        text_field: str = "text",
        id_field: str = "id",
        metadata: Sequence[str] | None = None,
        threads: int | None = None,
        cache_bytes: int = CACHE_BYTES,
        **chosen: Unpack[Chosen],
    ) -> None:
        loaded = None if rules is None else boilerplate.load(rules)
        fresh = partial(Frozen.choose, chosen, loaded, METADATA if metadata is None else metadata)
        try:
            self._store = open_store(location, create=False)
        except AbsentError:
            if not create:
                raise
            fresh()  # settings that cannot be used leave no empty index
            self._store = open_store(location, create=True)
        self._lock = threading.RLock()
        try:
            with self._store.reading() as reader:
                frozen = Frozen.load(reader, self._store.name)
            if frozen is None:
                with self._store.writing() as writer:  # another process may have come first
                    frozen = Frozen.load(writer, self._store.name)
                    if frozen is None:
                        frozen = fresh()
                        frozen.save(writer)
            self.frozen = frozen
            self.frozen.require(self._store.name, chosen, loaded)
            text_fields = tuple(name.strip() for name in text_field.split(","))
            self.fields = Fields(text_fields, id_field, self.frozen.fields)
            self._threads, self._cache_bytes = threads, cache_bytes
            self._core = self._make_core(self.frozen)
        except BaseException:
            self._store.close()
            raise

    @property
    def stages(self) -> Stages:  # noqa: D102
        return self._core.stages

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<dedup.Index {self._store.name}>"

    def close(self) -> None:
        """Release the store."""
        with self._lock:
            self._store.close()

    def filter(self, articles: Any, *, seen: datetime | None = None, stream: int = 0) -> Outcome:
        """Look a batch up and store it, in one transaction: of two workers only one gets a story as new.

        Args:
            articles: A list of strings or of dicts, a table (pyarrow, pandas, polars, ...), or JSON lines as bytes.
            seen: When they arrived; now by default.
            stream: A number from `new_stream`, if the batch is part of a stream that is never delivered again.

        Returns:
            What became of each, in order. Iterate for (article, match), where match is None for a new one.

        Raises:
            UsageError: The articles are of another kind.
            OutputError: The index cannot be written. Nothing of the batch is stored.
        """
        return self._take(read(articles, self.fields, self._core.stages), seen, stream)

    def take(self, batch: Articles, *, seen: datetime | I64 | None = None, stream: int = 0) -> Outcome:
        """As `filter`, of articles that were read before; `seen` may be a time for each, in microseconds."""
        return self._take([batch], seen, stream)

    def _take(self, stretches: Iterable[Articles], seen: datetime | I64 | None, stream: int) -> Outcome:
        if seen is None or isinstance(seen, datetime):
            times = partial(np.full, fill_value=microseconds(seen or datetime.now(UTC)), dtype=np.int64)
        else:
            times = partial(_given, seen)
        with self._lock:
            intake = Intake(self._core, stretches, times, stream)
            with self._writing() as writer:
                outcomes = intake.admit(writer)
        return together(outcomes)

    def add(self, articles: Any, *, seen: datetime | None = None) -> dict[str, int]:
        """Store a batch; the same as `filter` for who only wants the counts (`Outcome.counts`)."""
        return self.filter(articles, seen=seen).counts()

    def query(self, articles: Any) -> list[list[Match]]:
        """What stored articles each of some articles is a copy of, the most similar first. Stores nothing.

        Raises:
            UsageError: The articles are of another kind, or one of them has no text.
        """
        with self._reading() as reader:
            stretches = read(articles, self.fields, self._core.stages)
            return [matches for batch in stretches for matches in query(self._core, reader, batch.texts)]

    def look_up(self, batch: Articles) -> list[list[Match]]:
        """As `query`, of articles that were read before."""
        with self._reading() as reader:
            return query(self._core, reader, batch.texts)

    def texts(self, ids: Sequence[str]) -> dict[str, str]:
        """The stored texts of articles by id, of those that are there."""
        with self._reading() as reader:
            return stored(self._core, reader, ids)

    def new_stream(self) -> int:
        """A number for `filter(stream=)`: in one stream a repeated id with the same text is an exact copy."""
        with self._writing() as writer:
            number = int(writer.value("stream") or b"0") + 1
            writer.set_value("stream", b"%d" % number)
        return number

    def remove(self, ids: Sequence[str]) -> Removed:
        """Remove articles by id. The copies of one that was kept are forgotten with it."""
        with self._writing() as writer:
            return upkeep.remove(self._core, writer, ids)

    def expire(self, before: datetime) -> Removed:
        """Remove the articles that arrived before a time, and forget the copies of those that were kept."""
        with self._writing() as writer:
            return upkeep.expire(self._core, writer, microseconds(before))

    def compact(self) -> None:
        """Merge all postings, without those of removed articles, and give back the room."""
        with self._writing() as writer:
            self._core.lists.postings.compact(writer, np.array(writer.numbers(), np.int64))
        with self._lock:
            self._store.vacuum()

    def rebuild(
        self, *, rules: Sequence[str | os.PathLike[str]] | None = None, **chosen: Unpack[Chosen]
    ) -> dict[str, Any]:
        """Decide everything anew from the stored texts, in order of arrival: with other settings or rules.

        Args:
            rules: Files with further rules; None keeps the index's rules, () takes those of the package.
            **chosen: Settings that change; the others stay.

        Returns:
            As `info`.

        Raises:
            UsageError: A setting cannot be used.
            OutputError: The index cannot be written. It is as it was.
        """
        begins = chosen.get("strip", False) and not self.frozen.settings.strip
        loaded = boilerplate.load(rules or ()) if begins or rules is not None else None
        frozen = self.frozen.changed(chosen, loaded)
        anew = self._make_core(frozen)
        with self._writing() as writer:
            upkeep.rebuild(self._core, writer, anew)
            frozen.save(writer)
        self.frozen, self._core = frozen, anew
        self.compact()
        return self.info()

    def info(self) -> dict[str, Any]:
        """What the index is and holds, ready for JSON."""
        with self._reading() as reader:
            articles, kept, first, last = reader.totals()
        size = self._store.size()
        return {
            "location": self._store.name,
            "articles": articles,
            "kept": kept,
            "duplicates": articles - kept,
            "first_seen": None if first is None else moment(first).isoformat(),
            "last_seen": None if last is None else moment(last).isoformat(),
            "bytes": size,
            "bytes_per_article": round(size / articles) if articles else None,
            "fingerprint": self.frozen.fingerprint,
            "settings": self.frozen.settings.as_dict(),
            "excerpts": self.frozen.excerpts.as_dict(),
            "rules": digest(self.frozen.rules),
            "metadata": list(self.frozen.fields),
        }

    def verify(self) -> list[str]:
        """What is wrong with the index, one line each: every text, relation and posting is derived again."""
        with self._reading() as reader:
            return upkeep.verify(self._core, reader, self._store)

    def export_parquet(self, path: str | os.PathLike[str]) -> int:
        """Write all articles with texts, times and decisions to a Parquet file; returns how many."""
        with self._reading() as reader:
            return upkeep.export(self._core, reader, Path(path))

    def import_parquet(self, path: str | os.PathLike[str]) -> dict[str, int]:
        """Add the articles of an export, with the times at which they arrived; returns counts as `add` does.

        Raises:
            InputError: The file cannot be read, or is no export.
        """
        counts: Counter[str] = Counter()
        for batch, seen in upkeep.exported(Path(path)):
            counts.update(self.take(batch, seen=seen).counts())
        return dict(counts)

    def to_datasketch(self) -> MinHashLSH:
        """The kept articles as an in-memory `datasketch.MinHashLSH`, by id, with the bands of the index."""
        with self._reading() as reader:
            return upkeep.datasketch_lsh(self._core, reader, self.frozen)

    def _make_core(self, frozen: Frozen) -> Core:
        stages = make_engine("native", frozen.settings, frozen.rules, self.fields.text, self._threads)
        return Core(frozen, stages, self._cache_bytes)

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        with self._lock, self._store.reading() as reader:
            self._core.codec.load(reader)
            yield reader

    @contextmanager
    def _writing(self) -> Iterator[Writer]:
        with self._lock:
            try:
                with self._store.writing() as writer:
                    self._core.codec.load(writer)
                    yield writer
            except BaseException:
                self._core.forget()
                raise


def _given(times: I64, count: int) -> I64:
    """The times of a batch that is taken in at once."""
    assert len(times) == count
    return times
