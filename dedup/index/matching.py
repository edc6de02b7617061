"""Deciding a batch inside a transaction: articles and their sketches in, decisions and new state out.

The rule is that of a run in order of arrival: an article that shares a band with representatives, and is near one,
joins the most similar (ties: the earlier); else it becomes a representative. An exact copy of any stored article takes
that one's representative. The comparing itself is done by the matcher of a run: over the stored representatives that
pass the gate, which come first, and the articles of the batch. Excerpts are looked for after that, if at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dedup.errors import OutputError
from dedup.index import excerpts
from dedup.index.articles import Articles
from dedup.index.decisions import Arrivals, Batch, Decisions, Delivery, copy, repeat, repeat_within
from dedup.index.excerpts import Found
from dedup.index.frozen import Frozen
from dedup.index.helpers import Helpers
from dedup.index.lookup import Lists, next_number, some
from dedup.index.postings import MAX_NUMBER
from dedup.index.recent import Recent
from dedup.index.rows import Columns, columns, documents
from dedup.index.store import Document, Writer
from dedup.index.texts import TextCodec
from dedup.index.updates import reach
from dedup.model import I64, U64, Form, Matches, Relation, Segment, Sketches, Texts
from dedup.native import unique
from dedup.stages import Stages

HELD = 2
"""Parts of a batch whose texts may still be on their way to the store: with none, who decides waits for who
compresses."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Articles that have been decided, and what is left to do.

    Attributes:
        batch: The articles, with their decisions.
        new: int64[k], positions of those that are to be stored.
        rows: Their documents.
        originals: Position -> the raw text of the representative, of the copies among them.
        found: The excerpts, if they are looked for.
        named: The documents of all representatives that decisions and excerpts name, by number.
        forgotten: How many copies of updated articles were removed with them.
    """

    batch: Arrivals
    new: I64
    rows: Columns
    originals: dict[int, bytes]
    found: Found | None
    named: dict[int, Document]
    forgotten: int


class Core:
    """What decides the articles of one index.

    Attributes:
        settings: What decides a match.
        excerpts: What is done about excerpts.
        gates: What makes one.
        lists: Who stands under which key.
        codec: The texts.
        recent: Sketches of those that came last.
        stages: The engine.
    """

    def __init__(self, frozen: Frozen, stages: Stages, cache_bytes: int) -> None:
        self.settings, self.excerpts = frozen.settings, frozen.excerpts
        self.gates = frozen.excerpts.gates(frozen.settings.threshold)
        self.stages = stages
        self.codec = TextCodec()
        self.lists = Lists(frozen.settings, cache_bytes, frozen.excerpts.mode != "off")
        self.recent = Recent()

    def forget(self) -> None:
        """Drop what a transaction that was rolled back may have left."""
        self.codec = TextCodec()
        self.lists.postings.forget()
        self.recent.forget()

    def sketch(self, texts: Texts, alone: bool = False) -> Sketches:
        """Sketches of raw texts, with minimizers where excerpts are looked for; `alone` as for `Stages.sketch`."""
        return self.stages.sketch(texts, self.excerpts.window, alone)

    def sets(self, parts: Sequence[bytes]) -> tuple[U64, I64]:
        """The shingle sets of some raw texts, sorted: uint64[m] hashes and int64[n + 1] offsets."""
        texts = Texts.from_strings(parts)
        clean = self.stages.strip(texts).texts if self.settings.strip else texts
        shingles = self.stages.shingle(clean, self.settings.shingle_size)
        return unique(shingles.hashes, shingles.offsets)

    def remove(self, writer: Writer, documents: Iterable[Document]) -> list[Document]:
        """Remove documents, and the copies of those that are representatives; returns these copies."""
        self.codec.write(writer)
        removed = {document.number: document for document in documents}
        heads = [d.number for d in removed.values() if d.representative == d.number]
        forgotten = [d for d in self.lists.members(writer, heads) if d.number not in removed] if heads else []
        writer.delete([*removed, *(document.number for document in forgotten)])
        return forgotten

    def match(self, batch: Batch, positions: I64) -> tuple[Matches, I64]:
        """Match articles with the stored representatives and with one another, in their order.

        Returns:
            The matches of the representatives that were candidates, then of the articles; and the numbers of these
            representatives.
        """
        _, numbers = self.lists.candidates(batch.reader, batch.sketches, positions, batch.beside)
        stored = np.unique(numbers)
        originals = self.codec.originals(batch.reader, stored.tolist())
        old = Texts.from_strings([originals[number] for number in stored.tolist()])
        matcher = self.stages.matcher(beside=batch.beside)
        begin, end = self.recent.span(stored)
        if begin:
            matcher.add(self.stages.sketch(Texts(old.data, old.offsets[: begin + 1]), alone=batch.beside))
        if begin < end:
            matcher.add(self.recent.sketches(stored[begin:end]))
        if end < len(stored):
            matcher.add(self.stages.sketch(Texts(old.data, old.offsets[end:]), alone=batch.beside))
        matcher.add(some(batch.sketches, positions))
        texts = batch.texts
        segments = [
            Segment(old.data, Form.TEXT, old.offsets[:-1], old.offsets[1:]),
            Segment(texts.data, Form.TEXT, texts.offsets[:-1][positions], texts.offsets[1:][positions]),
        ]
        total = len(stored) + len(positions)
        matcher.start(np.arange(total), segments)
        while matcher.advance(total) < total:
            pass
        return matcher.result(), stored

    def decide(
        self,
        writer: Writer,
        articles: Articles,
        sketches: Sketches,
        repeats: Mapping[int, int],
        seen: I64,
        delivery: Delivery,
        beside: bool = False,
    ) -> Decided:
        """Decide some articles, after all before them, or as many as can be decided at once; their postings are held.

        Args:
            writer: The transaction.
            articles: The articles.
            sketches: Their sketches.
            repeats: Position -> earlier position of those that have the id and the text of an earlier one. Otherwise
                all ids are different.
            seen: int64[n], when they arrive, microseconds since 1970 UTC.
            delivery: How, and what came before them in their batch.
            beside: Other threads work on other parts.

        Raises:
            OutputError: There are no numbers left.
            InputError: A stored text is damaged.
        """
        decisions = Decisions.empty(len(articles))
        known = {i: one for i, one in self.lists.by_id(writer, articles.ids).items() if i not in repeats}
        changed = {i: one for i, one in known.items() if one.raw != articles.raw[i]}
        if any(i > 0 for i in changed) and (count := reach(self, writer, sketches, known, changed)) < len(
            articles
        ):
            fewer = {i: earlier for i, earlier in repeats.items() if i < count}
            articles, sketches = articles.part(0, count), some(sketches, np.arange(count))
            return self.decide(writer, articles, sketches, fewer, seen[:count], delivery, beside)
        decisions.updated.update(changed)
        forgotten = self.remove(writer, changed.values()) if changed else []
        gone = {one.number for one in (*forgotten, *changed.values())}
        settled = {i: one for i, one in known.items() if one.number not in gone}
        for i, document in settled.items():
            repeat(decisions, i, document, delivery)
        is_new = np.ones(len(articles), np.bool_)
        is_new[[*repeats, *settled]] = False
        new = np.flatnonzero(is_new)
        first = next_number(writer)
        if first + len(new) > MAX_NUMBER:
            raise OutputError("the index has no numbers left", "export it and import it into a new one")
        writer.set_value("number", b"%d" % (first + len(new)))
        numbers = np.zeros(len(articles), np.int64)
        numbers[new] = first + np.arange(len(new))

        batch = Arrivals(writer, articles.texts, sketches, beside, numbers, decisions)
        found = self._decide(batch, new)
        for i, earlier in repeats.items():
            repeat_within(decisions, i, earlier)
        if found is not None:
            again = np.flatnonzero(decisions.seen & decisions.kept & (sketches.tokens > 0))
            found = excerpts.with_known(self, batch, again, found)
        rows = columns(articles, sketches, decisions, new, numbers, seen, delivery.stream)
        named = set(decisions.representative[~decisions.kept].tolist())
        named |= set() if found is None else set(found.number.tolist())
        here = documents(rows, first, named)
        others = writer.documents(sorted(named - here.keys()))
        originals = self._originals(batch, new) if len(new) else {}
        self.lists.hold(writer, articles.ids, batch, new)
        self.recent.add(first, some(sketches, new))
        return Decided(batch, new, rows, originals, found, here | others, len(forgotten))

    def store(self, writer: Writer, decided: Decided, helpers: Helpers) -> None:
        """Store the articles that were not known, their texts a little later, once helpers have compressed them."""
        if len(decided.new):
            numbers, texts = decided.rows[0], decided.batch.texts
            writer.insert_documents(decided.rows)
            self.codec.write(writer, HELD)
            self.codec.hold(numbers, texts, decided.new, decided.originals, helpers)

    def finish(self, writer: Writer) -> None:
        """Write what is held."""
        self.lists.postings.insert(writer)
        self.codec.write(writer)

    def _originals(self, batch: Arrivals, positions: I64) -> dict[int, bytes]:
        """Position -> the raw text of the representative, of the copies among some articles."""
        copies = positions[~batch.decisions.kept[positions]]
        of = batch.decisions.representative[copies]
        first = int(batch.numbers[positions[0]])
        stored = self.codec.originals(batch.reader, np.unique(of[of < first]).tolist())
        return {
            i: stored[number] if number < first else batch.texts.bytes_at(int(positions[number - first]))
            for i, number in zip(copies.tolist(), of.tolist(), strict=True)
        }

    def _decide(self, batch: Arrivals, positions: I64) -> Found | None:
        """Fill in the decisions of some articles; returns the excerpts among those kept, if they are looked for."""
        decisions, tokens = batch.decisions, batch.sketches.tokens
        decisions.kept[positions] = True
        decisions.representative[positions] = batch.numbers[positions]
        worded = positions[tokens[positions] > 0]
        twins = self.lists.twins(batch.reader, batch.sketches, worded)
        for i, twin in twins.items():
            copy(decisions, i, twin)
        rest = worded[~np.isin(worded, list(twins))]
        if not len(rest):
            return None if self.excerpts.mode == "off" else Found.none()
        if self.excerpts.mode == "remove":
            return excerpts.decide(self, batch, rest)
        self.join(batch, rest)
        if self.excerpts.mode == "off":
            return None
        return excerpts.find(self, batch, rest[decisions.kept[rest]])

    def join(self, batch: Arrivals, positions: I64) -> None:
        """Fill in what matching finds of some articles with words."""
        matches, stored = self.match(batch, positions)
        decisions, found = batch.decisions, slice(len(stored), None)
        known = np.concatenate([stored, batch.numbers[positions]])
        decisions.representative[positions] = known[matches.representative[found]]
        decisions.relation[positions] = matches.relation[found]
        decisions.similarity[positions] = matches.similarity[found]
        decisions.containment[positions] = matches.containment[found]
        decisions.kept[positions] = matches.relation[found] == Relation.KEPT
