"""Which stored documents an article may have to do with: by id, by words, by band, by representative.

Lists of postings: one a band, of the representatives with words; then all documents with words by digest, all by id,
all copies by representative and, where excerpts are looked for, the representatives with words by minimizer. A key has
32 bits, so what is found is compared with what was looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dedup.bands import choose
from dedup.config import Settings
from dedup.index.decisions import Arrivals, Decisions
from dedup.index.postings import Postings
from dedup.index.store import Document, Reader, Writer
from dedup.model import I64, U8, U32, U64, Sketches, Texts
from dedup.native import array_of, hash_texts

GATE_PAIRS = 1 << 16
"""Candidate pairs that pass the gate at a time: 16 MB of low bytes."""


class Lists:
    """The lists of one index.

    Attributes:
        postings: The lists as such.
    """

    def __init__(self, settings: Settings, cache_bytes: int, has_minimizers: bool) -> None:
        bands = choose(settings)
        self._gate = bands.gate
        self._digests, self._ids, self._members = range(bands.bands, bands.bands + 3)
        self._has_minimizers = has_minimizers
        self._minimizers = bands.bands + 3
        self.postings = Postings(bands.bands + 3 + has_minimizers, cache_bytes)

    def by_id(self, reader: Reader, ids: Texts) -> dict[int, Document]:
        """Position -> the document with that id, of those that there are."""
        found = self._look_up(reader, self._ids, _low_half(hash_texts(array_of(ids.data), ids.offsets)))
        return {i: document for i, document in found if document.id == ids.bytes_at(i)}

    def twins(self, reader: Reader, sketches: Sketches, positions: I64) -> dict[int, Document]:
        """Position -> the earliest document with the same tokens, of those of `positions` that have one."""
        digests = sketches.digest[positions]
        twins: dict[int, Document] = {}
        own = digest_bytes(digests).tobytes()
        for i, document in self._look_up(reader, self._digests, _low_half(digests[:, 1])):
            if document.digest == own[16 * i : 16 * i + 16]:
                twins.setdefault(int(positions[i]), document)
        return twins

    def members(self, reader: Reader, representatives: Sequence[int]) -> list[Document]:
        """The copies of some representatives."""
        keys = _scattered(np.array(representatives, np.int64))
        found = self._look_up(reader, self._members, keys)
        return [d for i, d in found if d.representative == representatives[i] != d.number]

    def candidates(
        self, reader: Reader, sketches: Sketches, positions: I64, beside: bool = False
    ) -> tuple[I64, I64]:
        """Pairs (index into `positions`, number of a representative) that share a band and pass the gate."""
        queries, numbers = self.postings.probe(reader, 0, sketches.keys[:, positions], beside)
        distinct, where = np.unique(numbers, return_inverse=True)
        lows = reader.lows(distinct.tolist())
        width = sketches.low.shape[1]
        there = np.array([number in lows for number in distinct.tolist()], np.bool_)
        stored = np.frombuffer(
            b"".join(lows[number][:width] for number in distinct[there].tolist()), np.uint8
        ).reshape(-1, width)
        row = np.cumsum(there) - 1
        passed = there[where]
        for start in range(0, len(queries), GATE_PAIRS):
            part = np.flatnonzero(passed[start : start + GATE_PAIRS]) + start
            own, other = sketches.low[positions[queries[part]]], stored[row[where[part]]]
            passed[part] = np.count_nonzero(own == other, axis=1) >= self._gate
        return queries[passed], numbers[passed]

    def holders(self, reader: Reader, minimizers: U32) -> tuple[I64, I64]:
        """(index into `minimizers`, number) for all representatives that have some minimizers, in this order."""
        return self.postings.probe(reader, self._minimizers, minimizers.reshape(1, -1))

    def minimizer_counts(self, reader: Reader, numbers: I64) -> I64:
        """int64[n], how many minimizers some representatives have; 0 where one has been removed."""
        lows = reader.lows(numbers.tolist())
        return np.array([int.from_bytes(lows.get(n, b"")[-4:], "little") for n in numbers.tolist()], np.int64)

    def hold(self, writer: Writer, ids: Texts, batch: Arrivals, positions: I64) -> None:
        """Add the documents at some positions of a batch to the lists that they belong to; `ids` by position."""
        own = self.postings_of(ids, batch.sketches, batch.decisions, positions, batch.numbers)
        self.postings.hold(writer, own)

    def postings_of(
        self, ids: Texts, sketches: Sketches, decisions: Decisions, positions: I64, numbers: I64
    ) -> list[U64]:
        """What the documents at some positions of a batch have in each list, sorted."""
        worded = positions[sketches.tokens[positions] > 0]
        heads = worded[decisions.kept[worded]]
        copies = positions[~decisions.kept[positions]]
        hashes = hash_texts(array_of(ids.data), ids.offsets)
        bands = np.sort(_posting(np.ascontiguousarray(sketches.keys[:, heads]), numbers[heads]), axis=1)
        lists = [
            *bands,
            np.sort(_posting(_low_half(sketches.digest[worded, 1]), numbers[worded])),
            np.sort(_posting(_low_half(hashes[positions]), numbers[positions])),
            np.sort(_posting(_scattered(decisions.representative[copies]), numbers[copies])),
        ]
        if self._has_minimizers:
            own = some(sketches, heads)
            lists.append(np.sort(_posting(own.minimizers, np.repeat(numbers[heads], own.minimizer_counts))))
        return lists

    def _look_up(self, reader: Reader, where: int, keys: U32) -> list[tuple[int, Document]]:
        """(query, document) for all documents under some keys of one list, in order of query and number."""
        queries, numbers = self.postings.probe(reader, where, keys.reshape(1, -1))
        documents = reader.documents(np.unique(numbers).tolist()) if len(numbers) else {}
        pairs = zip(queries.tolist(), numbers.tolist(), strict=True)
        return [(i, documents[number]) for i, number in pairs if number in documents]


def next_number(reader: Reader) -> int:
    """The number of the next document."""
    return int(reader.value("number") or b"1")


def some(sketches: Sketches, positions: I64) -> Sketches:
    """The sketches of some documents."""
    counts, minimizers = sketches.minimizer_counts, sketches.minimizers
    if len(counts):
        starts = np.cumsum(counts, dtype=np.int64) - counts
        counts = counts[positions]
        minimizers = minimizers[stretches(starts[positions], counts.astype(np.int64))]
    return replace(
        sketches,
        keys=np.ascontiguousarray(sketches.keys[:, positions]),
        low=sketches.low[positions],
        tokens=sketches.tokens[positions],
        digest=sketches.digest[positions],
        minimizers=minimizers,
        minimizer_counts=counts,
        deltas=None,
    )


def stretches(starts: I64, counts: I64) -> I64:
    """The positions of some stretches, one stretch after the other."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


def stored_lows(sketches: Sketches) -> U8:
    """`Document.low` of each document, were it a representative: uint8[n, w]."""
    counts = sketches.minimizer_counts.astype("<u4").view(np.uint8).reshape(-1, 4)
    return np.concatenate([sketches.low, counts], axis=1) if len(counts) else sketches.low


def digest_bytes(digests: U64) -> U8:
    """Digests as they are stored: uint8[n, 16], big-endian like `xxh3_128_digest`."""
    return digests.astype(">u8").view(np.uint8).reshape(-1, 16)


def _posting(keys: U32, numbers: I64) -> U64:
    return (keys.astype(np.uint64) << np.uint64(32)) | numbers.astype(np.uint64)


def _low_half(hashes: U64) -> U32:
    return hashes.astype(np.uint32)


def _scattered(numbers: I64) -> U32:
    """Keys of document numbers, spread evenly: postings are cut by the leading bits. Fibonacci hashing, mod 2^32."""
    return (numbers.astype(np.uint64) * np.uint64(0x9E3779B1)).astype(np.uint32)
