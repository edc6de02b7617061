"""Deciding a batch inside a transaction: articles and their sketches in, decisions and new state out.

The rule is that of a run in order of arrival: an article that shares a band with representatives, and is near one,
joins the most similar (ties: the earlier); else it becomes a representative. An exact copy of any stored article takes
that one's representative. The comparing itself is done by the matcher of a run: over the stored representatives that
pass the gate, which come first, and the articles of the batch. Excerpts are looked for after that, if at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from dedup.errors import OutputError
from dedup.index import excerpts
from dedup.index.articles import Articles, split
from dedup.index.decisions import Decisions, copy, repeat, repeat_within
from dedup.index.excerpts import Found
from dedup.index.frozen import Frozen
from dedup.index.lookup import Lists, digest_bytes, some, stored_lows
from dedup.index.postings import MAX_NUMBER
from dedup.index.store import Document, Reader, Writer
from dedup.index.texts import TextCodec
from dedup.model import F64, I64, U64, Form, Matches, Relation, Segment, Sketches, Texts
from dedup.native import unique
from dedup.stages import Stages


class Core:
    """What decides the articles of one index.

    Attributes:
        settings: What decides a match.
        excerpts: What is done about excerpts.
        gates: What makes one.
        lists: Who stands under which key.
        codec: The texts.
        stages: The engine.
    """

    def __init__(self, frozen: Frozen, stages: Stages, cache_bytes: int) -> None:
        self.settings, self.excerpts = frozen.settings, frozen.excerpts
        self.gates = frozen.excerpts.gates(frozen.settings.threshold)
        self.stages = stages
        self.codec = TextCodec()
        self.lists = Lists(frozen.settings, cache_bytes, frozen.excerpts.mode != "off")

    def forget(self) -> None:
        """Drop what a transaction that was rolled back may have left."""
        self.codec = TextCodec()
        self.lists.postings.forget()

    def sketch(self, texts: Texts) -> Sketches:
        """Sketches of raw texts, with minimizers where excerpts are looked for."""
        return self.stages.sketch(texts, self.excerpts.window)

    def sets(self, parts: Sequence[bytes]) -> tuple[U64, I64]:
        """The shingle sets of some raw texts, sorted: uint64[m] hashes and int64[n + 1] offsets."""
        texts = Texts.from_strings(parts)
        clean = self.stages.strip(texts).texts if self.settings.strip else texts
        shingles = self.stages.shingle(clean, self.settings.shingle_size)
        return unique(shingles.hashes, shingles.offsets)

    def remove(self, writer: Writer, documents: Iterable[Document]) -> list[Document]:
        """Remove documents, and the copies of those that are representatives; returns these copies."""
        removed = {document.number: document for document in documents}
        heads = [d.number for d in removed.values() if d.representative == d.number]
        forgotten = [d for d in self.lists.members(writer, heads) if d.number not in removed] if heads else []
        writer.delete([*removed, *(document.number for document in forgotten)])
        return forgotten

    def match(self, reader: Reader, texts: Texts, sketches: Sketches, positions: I64) -> tuple[Matches, I64]:
        """Match articles with the stored representatives and with one another, in their order.

        Returns:
            The matches of the representatives that were candidates, then of the articles; and the numbers of these
            representatives.
        """
        _, numbers = self.lists.candidates(reader, sketches, positions)
        stored = np.unique(numbers)
        originals = self.codec.originals(reader, stored.tolist())
        old = Texts.from_strings([originals[number] for number in stored.tolist()])
        matcher = self.stages.matcher()
        matcher.add(self.stages.sketch(old))
        matcher.add(some(sketches, positions))
        segments = [
            Segment(old.data, Form.TEXT, old.offsets[:-1], old.offsets[1:]),
            Segment(texts.data, Form.TEXT, texts.offsets[:-1][positions], texts.offsets[1:][positions]),
        ]
        total = len(stored) + len(positions)
        matcher.start(np.arange(total), segments)
        while matcher.advance(total) < total:
            pass
        return matcher.result(), stored

    def admit(
        self,
        writer: Writer,
        articles: Articles,
        sketches: Sketches,
        repeats: Mapping[int, int],
        moment: Moment,
    ) -> tuple[Decisions, Found | None, dict[int, Document], int]:
        """Decide some articles, and store those that are not known.

        Args:
            writer: The transaction.
            articles: The articles.
            sketches: Their sketches.
            repeats: Position -> earlier position of those that have the id and the text of an earlier one. Otherwise
                all ids are different.
            moment: When they arrive, and in which stream.

        Returns:
            The decisions; the excerpts, if they are looked for; the documents of all representatives that these name;
            how many copies of updated articles were removed with them.
        """
        n = len(articles)
        decisions = Decisions.empty(n)
        known = {i: one for i, one in self.lists.by_id(writer, articles.ids).items() if i not in repeats}
        changed = {i: one for i, one in known.items() if one.raw != articles.raw[i]}
        decisions.updated.update(changed)
        forgotten = self.remove(writer, changed.values()) if changed else []
        gone = {one.number for one in (*forgotten, *changed.values())}
        for i, document in known.items():
            if document.number not in gone:
                repeat(decisions, i, document, moment.stream)
        settled = repeats.keys() | {i for i, one in known.items() if one.number not in gone}
        open_ = np.array([i for i in range(n) if i not in settled], np.int64)
        first = int(writer.value("number") or b"1")
        if first + len(open_) > MAX_NUMBER:
            raise OutputError("the index has no numbers left", "export it and import it into a new one")
        numbers = np.zeros(n, np.int64)
        numbers[open_] = first + np.arange(len(open_))
        writer.set_value("number", b"%d" % (first + len(open_)))

        found = self._decide(writer, articles.texts, sketches, open_, numbers, decisions)
        for i, earlier in repeats.items():
            repeat_within(decisions, i, earlier)
        if found is not None:
            again = np.flatnonzero(decisions.seen & decisions.kept & (sketches.tokens > 0))
            own = decisions.representative
            found = excerpts.with_known(self, writer, articles.texts, sketches, again, own, found)
        originals = self._originals(writer, articles.texts, decisions, open_, numbers)
        with ThreadPoolExecutor(1) as pool:  # the texts are compressed while the rest is stored
            blobs = pool.submit(self._encode, articles.texts, open_, originals)
            documents = _documents(articles, sketches, decisions, open_, numbers, moment)
            if documents:
                self.lists.insert(writer, articles.ids, sketches, decisions, open_, numbers)
            writer.insert(documents, blobs.result())
        named = {document.number: document for document in documents}
        others = set(decisions.representative[~decisions.kept].tolist()) - named.keys()
        others |= set() if found is None else set(found.number.tolist()) - named.keys()
        return decisions, found, named | writer.documents(sorted(others)), len(forgotten)

    def _originals(
        self, reader: Reader, texts: Texts, decisions: Decisions, positions: I64, numbers: I64
    ) -> dict[int, bytes]:
        """Position -> the raw text of the representative, of the copies among some articles."""
        copies = positions[~decisions.kept[positions]].tolist()
        of = {i: int(decisions.representative[i]) for i in copies}
        here = {int(numbers[i]): i for i in positions.tolist()}
        stored = self.codec.originals(
            reader, sorted({number for number in of.values() if number not in here})
        )
        return {
            i: texts.bytes_at(here[number]) if number in here else stored[number] for i, number in of.items()
        }

    def _encode(self, texts: Texts, positions: I64, originals: Mapping[int, bytes]) -> list[bytes]:
        """The compressed texts of some articles."""
        others = positions[[i not in originals for i in positions.tolist()]] if originals else positions
        blobs = dict(zip(others.tolist(), self.codec.encode(texts, others), strict=True))
        for i, original in originals.items():
            blobs[i] = self.codec.encode_copy(texts.bytes_at(i), original)
        return [blobs[i] for i in positions.tolist()]

    def _decide(
        self,
        reader: Reader,
        texts: Texts,
        sketches: Sketches,
        positions: I64,
        numbers: I64,
        decisions: Decisions,
    ) -> Found | None:
        """Fill in the decisions of some articles; returns the excerpts among those kept, if they are looked for."""
        decisions.kept[positions] = True
        decisions.representative[positions] = numbers[positions]
        worded = positions[sketches.tokens[positions] > 0]
        twins = self.lists.twins(reader, sketches, worded)
        for i, twin in twins.items():
            copy(decisions, i, twin)
        rest = worded[[i not in twins for i in worded.tolist()]] if len(worded) else worded
        if not len(rest):
            return None if self.excerpts.mode == "off" else Found.none()
        if self.excerpts.mode == "remove":
            return excerpts.decide(self, reader, texts, sketches, rest, numbers, decisions)
        self.join(reader, texts, sketches, rest, numbers, decisions)
        if self.excerpts.mode == "off":
            return None
        return excerpts.find(self, reader, texts, sketches, rest[decisions.kept[rest]], numbers)

    def join(
        self,
        reader: Reader,
        texts: Texts,
        sketches: Sketches,
        positions: I64,
        numbers: I64,
        decisions: Decisions,
    ) -> None:
        """Fill in what matching finds of some articles with words."""
        matches, stored = self.match(reader, texts, sketches, positions)
        found = slice(len(stored), None)
        known = np.concatenate([stored, numbers[positions]])
        decisions.representative[positions] = known[matches.representative[found]]
        decisions.relation[positions] = matches.relation[found]
        decisions.similarity[positions] = matches.similarity[found]
        decisions.containment[positions] = matches.containment[found]
        decisions.kept[positions] = matches.relation[found] == Relation.KEPT


@dataclass(frozen=True, slots=True)
class Moment:
    """When articles arrive.

    Attributes:
        seen: int64[n], microseconds since 1970 UTC, of each.
        stream: Number of the stream that they come in, 0 for none: in a stream a repeated id with the same text is an
            exact copy, and not something delivered again.
    """

    seen: I64
    stream: int = 0


def _documents(
    articles: Articles,
    sketches: Sketches,
    decisions: Decisions,
    positions: I64,
    numbers: I64,
    moment: Moment,
) -> list[Document]:
    ids = split(articles.ids)
    stored = stored_lows(sketches)
    width, lows = stored.shape[1], stored.tobytes()
    digests = digest_bytes(sketches.digest)
    worded, heads = sketches.tokens > 0, decisions.kept & (sketches.tokens > 0)
    columns = zip(
        positions.tolist(),
        numbers[positions].tolist(),
        decisions.representative[positions].tolist(),
        decisions.relation[positions].tolist(),
        _reals(decisions.similarity[positions]),
        _reals(decisions.containment[positions]),
        worded[positions].tolist(),
        heads[positions].tolist(),
        moment.seen[positions].tolist(),
        strict=True,
    )
    return [
        Document(
            number,
            ids[i],
            articles.raw[i],
            digests[16 * i : 16 * i + 16] if has_words else b"",
            representative,
            relation,
            similarity,
            containment,
            seen,
            moment.stream,
            lows[width * i : width * (i + 1)] if is_head else b"",
            articles.metadata[i],
        )
        for i, number, representative, relation, similarity, containment, has_words, is_head, seen in columns
    ]


def _reals(values: F64) -> list[float | None]:
    """Numbers for the store, which has no NaN."""
    return [None if value != value else value for value in values.tolist()]
