"""The reference engine: `stages.Stages` composed from the plain functions of this package."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xxhash

from dedup.bands import choose
from dedup.config import Settings
from dedup.containment import Gates, Scope
from dedup.memory import Memory
from dedup.model import (
    I64,
    U32,
    Buffer,
    Form,
    Rule,
    Scan,
    Segment,
    Shingles,
    Sketches,
    Stripped,
    Texts,
)
from dedup.observations import Rows, Tally
from dedup.reference import learn, scan, strip
from dedup.reference.excerpts import ReferenceExcerptSearch, winnow
from dedup.reference.matching import ReferenceMatcher
from dedup.reference.tokens import shingle, tokenize


class Reference:
    """The executable specification, selectable as `--engine reference`.

    Args:
        settings: What decides a match.
        rules: Boilerplate rules, used when `settings.strip`.
        text_fields: Fields to lift from records when matching reads them again.
    """

    name = "reference"
    threads = 1

    def __init__(
        self, settings: Settings, rules: Sequence[Rule] = (), text_fields: Sequence[str] = ("text",)
    ) -> None:
        self.settings = settings
        self.bands = choose(settings)
        self._rules = tuple(rules)
        self._text_fields = tuple(text_fields)

    def scan(
        self, data: Buffer, start: int, end: int, text_fields: Sequence[str], fields: Sequence[str]
    ) -> Scan:
        """Lift texts and fields out of JSON lines."""
        return scan.scan(data, start, end, text_fields, fields)

    def scan_spans(
        self, data: Buffer, starts: I64, ends: I64, text_fields: Sequence[str], fields: Sequence[str]
    ) -> Scan:
        """Lift texts and fields out of JSON records."""
        return scan.scan_spans(data, starts, ends, text_fields, fields)

    def split_array(self, data: Buffer) -> tuple[I64, I64]:
        """Starts and ends of the elements of a JSON array."""
        return scan.split_array(data)

    def strip(self, texts: Texts, explain: bool = False) -> Stripped:
        """Remove boilerplate."""
        return strip.strip_all(texts, self._rules, explain)

    def tokenize(self, texts: Texts) -> Texts:
        """Tokens of each text joined by one space."""
        return Texts.from_strings([" ".join(tokenize(text)) for text in texts.strings()])

    def shingle(self, texts: Texts, size: int) -> Shingles:
        """xxh3_64 of each shingle's UTF-8 bytes."""
        unit = self.settings.shingle_unit
        per_text = [
            [xxhash.xxh3_64_intdigest(s.encode()) for s in shingle(tokenize(text), size, unit)]
            for text in texts.strings()
        ]
        offsets = np.zeros(len(per_text) + 1, np.int64)
        np.cumsum([len(hashes) for hashes in per_text], out=offsets[1:])
        return Shingles(np.array([h for hashes in per_text for h in hashes], np.uint64), offsets)

    def sign(self, shingles: Shingles, num_perm: int, seed: int) -> U32:
        """Signatures by datasketch itself: scheme affine32, hash = low 32 bits of the shingle hash."""
        from datasketch import MinHash  # a third of a second, and a run needs other parts of this package

        rows = np.empty((len(shingles.offsets) - 1, num_perm), np.uint32)
        for i in range(len(rows)):
            minhash = MinHash(num_perm, seed=seed, scheme="affine32", hashfunc=lambda value: value)
            low_bits = shingles.hashes[shingles.offsets[i] : shingles.offsets[i + 1]] & np.uint64(0xFFFFFFFF)
            minhash.update_batch([int(value) for value in low_bits])
            rows[i] = minhash.hashvalues
        return rows

    def band(self, signatures: U32, bands: int, rows: int) -> U32:
        """Band key: low 32 bits of xxh3_64 over the band's values as little-endian bytes, seed = band number."""
        keys = np.empty((bands, len(signatures)), np.uint32)
        for i, signature in enumerate(signatures.astype("<u4")):
            for band in range(bands):
                values = signature[band * rows : (band + 1) * rows].tobytes()
                keys[band, i] = xxhash.xxh3_64_intdigest(values, seed=band) & 0xFFFFFFFF
        return keys

    def sketch(self, texts: Texts, window: int | None = None, alone: bool = False) -> Sketches:
        """All stages in a row, by the calling thread, `alone` or not."""
        del alone
        settings = self.settings
        stripped = self.strip(texts) if settings.strip else strip.leave_all(texts)
        clean = stripped.texts
        shingles = self.shingle(clean, settings.shingle_size)
        signatures = self.sign(shingles, settings.num_perm, settings.seed)
        minimizers: list[list[int]] = []
        if window is not None:
            ends = pairwise(shingles.offsets.tolist())
            minimizers = [winnow(shingles.hashes[start:end].tolist(), window) for start, end in ends]
        tokens = [tokenize(text) for text in clean.strings()]
        digests = [xxhash.xxh3_128_intdigest(" ".join(t).encode()) for t in tokens]
        return Sketches(
            self.band(signatures, self.bands.bands, self.bands.rows),
            (signatures & 0xFF).astype(np.uint8),
            np.array([len(t) for t in tokens], np.uint32),
            np.array([divmod(d, 2**64) for d in digests], np.uint64).reshape(-1, 2),
            stripped.removed_lines,
            stripped.removed_chars,
            stripped.guarded,
            np.array([value for some in minimizers for value in some], np.uint32),
            np.array([len(some) for some in minimizers], np.uint32),
        )

    def observer(self, repeated_after: int | None) -> learn.ReferenceObserver:
        """What turns texts into observations."""
        return learn.ReferenceObserver(repeated_after)

    def compact(self, rows: Rows) -> Rows:
        """The counts of some rows."""
        return learn.compact(rows)

    def tally(self, rows: Rows) -> Tally:
        """What counts say."""
        return learn.tally(rows)

    def matcher(
        self,
        *,
        pairs: bool = False,
        links: bool = False,
        memory: Memory | None = None,  # noqa: ARG002  # the oracle holds Python objects
        beside: bool = False,  # noqa: ARG002  # one thread does everything
    ) -> ReferenceMatcher:
        """A matcher that reads documents again through `shingles_of`."""
        return ReferenceMatcher(
            self.bands, self.settings.threshold, self._shingles_of, pairs=pairs, links=links
        )

    def excerpts(
        self,
        gates: Gates,
        scope: Scope = Scope.REPRESENTATIVES,
        memory: Memory | None = None,  # noqa: ARG002  # as above
    ) -> ReferenceExcerptSearch:
        """A search that reads documents again through `shingles_of`."""
        return ReferenceExcerptSearch(gates, self._shingles_of, scope)

    def _shingles_of(self, segment: Segment, at: int) -> frozenset[int]:
        starts, ends = segment.starts[at : at + 1], segment.ends[at : at + 1]
        if segment.form is Form.RECORD:
            texts = self.scan_spans(segment.data, starts, ends, self._text_fields, ()).texts
        else:
            texts = Texts(segment.data, np.concatenate([starts, ends]))
        clean = self.strip(texts).texts if self.settings.strip else texts
        return frozenset(self.shingle(clean, self.settings.shingle_size).hashes.tolist())
