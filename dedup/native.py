"""The native engine: `stages.Stages` on the Rust kernel, and the kernel's other batch functions.

The one door to native code: no other module imports `_kernel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter

import numpy as np

from dedup import _kernel
from dedup._kernel import (
    Compressor,
    Meeting,
    annotate,
    cluster_rows,
    digest_texts,
    hash_texts,
    pair_rows,
    prefixes,
    probe,
    stretches,
    tag_rows,
    unique,
    verify,
)
from dedup.bands import choose
from dedup.blocks import Blocks
from dedup.comparable import Comparable
from dedup.config import Settings
from dedup.containment import Contained, Gates, Scope
from dedup.deltas import Deltas
from dedup.memory import Growing, Memory
from dedup.model import (
    I64,
    U8,
    U32,
    U64,
    Buffer,
    Column,
    Form,
    Mask,
    Matches,
    Removal,
    Rule,
    Scan,
    Segment,
    Shingles,
    Sketches,
    Stripped,
    Texts,
)
from dedup.observations import ROW, Observations, Rows, Tally
from dedup.permutations import permutations

__all__ = [
    "Compressor",
    "Meeting",
    "Native",
    "annotate",
    "array_of",
    "cluster_rows",
    "digest_texts",
    "hash_texts",
    "pair_rows",
    "plain_form",
    "prefixes",
    "probe",
    "stretches",
    "tag_rows",
    "unique",
    "verify",
]

_FIELDS = attrgetter(*Rule.__slots__[:10])
"""The fields of a rule that decide what is stripped: all up to `line`."""


def plain_form(line: str) -> str:
    """The folded plain form of a line (see `dedup.reference.lines`)."""
    form, start, end = _kernel.Stripper.form(line, True)
    return form[start:end].decode()


def array_of(data: Buffer) -> U8:
    """A uint8 view of any buffer."""
    view = memoryview(data)
    return np.frombuffer(view, np.uint8) if view.nbytes else np.empty(0, np.uint8)


class Native:
    """The fast engine.

    Args:
        settings: What decides a match.
        rules: Boilerplate rules, used when `settings.strip`.
        text_fields: Fields to lift from records when matching reads them again.
        threads: Threads of the kernel, for the whole process; 0 = one per core.
    """

    name = "native"

    def __init__(
        self,
        settings: Settings,
        rules: Sequence[Rule] = (),
        text_fields: Sequence[str] = ("text",),
        threads: int = 0,
    ) -> None:
        self.settings = settings
        self.bands = choose(settings)
        self.threads = _kernel.set_threads(threads)
        a, b = permutations(settings.num_perm, settings.seed)
        self._stripper = _stripper(tuple(rules))
        used = self._stripper if settings.strip else None
        how = (settings.shingle_size, settings.shingle_unit), self.bands.bands, self.bands.rows
        self._engine = _kernel.Engine(used, a, b, *how, list(text_fields))

    def scan(
        self, data: Buffer, start: int, end: int, text_fields: Sequence[str], fields: Sequence[str]
    ) -> Scan:
        """Lift texts and fields out of JSON lines."""
        return _scan(_kernel.scan(data, start, end, text_fields, fields))

    def scan_spans(
        self, data: Buffer, starts: I64, ends: I64, text_fields: Sequence[str], fields: Sequence[str]
    ) -> Scan:
        """Lift texts and fields out of the JSON records at some places."""
        return _scan(_kernel.scan_spans(data, starts, ends, text_fields, fields))

    def split_array(self, data: Buffer) -> tuple[I64, I64]:
        """Starts and ends of the elements of a JSON array."""
        return _kernel.split_array(data)

    def strip(self, texts: Texts, explain: bool = False) -> Stripped:
        """Remove boilerplate."""
        clean, dropped, removed, guarded, lines, chars, removals = self._stripper.strip(
            array_of(texts.data), texts.offsets, explain
        )
        explained = None if removals is None else [[Removal(*one) for one in some] for some in removals]
        return Stripped(_texts(*clean), dropped, removed, guarded, lines, chars, explained)

    def tokenize(self, texts: Texts) -> Texts:
        """Tokens of each text joined by one space."""
        return _texts(*_kernel.tokenize(array_of(texts.data), texts.offsets))

    def shingle(self, texts: Texts, size: int) -> Shingles:
        """Hashes of the shingles of each text."""
        unit = self.settings.shingle_unit
        return Shingles(*_kernel.shingle(array_of(texts.data), texts.offsets, size, unit))

    def sign(self, shingles: Shingles, num_perm: int, seed: int) -> U32:
        """Signatures."""
        return _kernel.sign(shingles.hashes, shingles.offsets, *permutations(num_perm, seed))

    def band(self, signatures: U32, bands: int, rows: int) -> U32:
        """Band keys."""
        return _kernel.band(signatures, bands, rows)

    def sketch(self, texts: Texts, window: int | None = None, alone: bool = False) -> Sketches:
        """All stages in a row, each document without leaving the cache."""
        return Sketches(*self._engine.sketch(array_of(texts.data), texts.offsets, window, alone))

    def observer(self, repeated_after: int | None) -> NativeObserver:
        """What turns texts into observations."""
        return NativeObserver(repeated_after)

    def compact(self, rows: Rows) -> Rows:
        """The counts of some rows."""
        return _kernel.compact(np.ascontiguousarray(rows).view(np.uint8)).view(ROW)

    def tally(self, rows: Rows) -> Tally:
        """What counts say."""
        return Tally(*_kernel.tally(np.ascontiguousarray(rows).view(np.uint8)))

    def matcher(
        self, *, pairs: bool = False, links: bool = False, memory: Memory | None = None, beside: bool = False
    ) -> NativeMatcher:
        """A matcher with the engine's settings."""
        gates = self.settings.threshold, self.bands.gate
        return NativeMatcher(_kernel.Matcher(self._engine, *gates, pairs, links), memory or Memory(), beside)

    def excerpts(
        self, gates: Gates, scope: Scope = Scope.REPRESENTATIVES, memory: Memory | None = None
    ) -> NativeExcerptSearch:
        """A search with the engine's settings."""
        return NativeExcerptSearch(self._engine, gates, scope, memory or Memory())


class NativeObserver:
    """`stages.Observer` on the kernel."""

    def __init__(self, repeated_after: int | None) -> None:
        self._observer = _kernel.Observer(repeated_after)

    def observe(self, texts: Texts, sources: U64, places: U64) -> Observations:
        """The observations of a batch."""
        rows, keys, given = self._observer.observe(array_of(texts.data), texts.offsets, sources, places)
        return Observations(rows.view(ROW), keys, _texts(*given))


class NativeMatcher:
    """`stages.Matcher` on the kernel, which fills and reads arrays that lie where `memory` puts them."""

    def __init__(self, matcher: _kernel.Matcher, memory: Memory, beside: bool) -> None:
        self._matcher = matcher
        self._memory = memory
        self._beside = beside
        self._blocks = Blocks(memory)
        self._empty = Growing(memory, np.uint8)
        self._digest = Growing(memory, np.uint64, 2)
        self._deltas = Deltas(memory)

    def add(self, sketches: Sketches) -> None:
        """Append the sketches of the next documents."""
        self._blocks.add(sketches.keys, sketches.low)
        self._empty.append((sketches.tokens == 0).view(np.uint8))
        self._digest.append(sketches.digest)
        self._deltas.add(sketches)

    def start(self, order: I64, segments: Sequence[Segment], comparable: Comparable | None = None) -> None:
        """Begin matching."""
        if (
            not self._beside
        ):  # reading is over, and what it let go of, a sixth of all, would lie idle from now on
            _kernel.give_back()
        keys, low = self._blocks.whole()
        lengths = self._matcher.group(order, self._empty.whole(), self._digest.whole(), keys, comparable)
        members = [self._memory.zeros((length,), np.uint32) for length in lengths]
        self._matcher.start(members, low, _stored(segments), self._deltas.whole())

    def advance(self, limit: int) -> int:
        """Decide up to `limit` more documents."""
        return self._matcher.advance(limit, self._beside)

    def kept(self, start: int, stop: int) -> Mask:
        """Which of some decided documents are representatives."""
        return self._matcher.kept(start, stop)

    def result(self) -> Matches:
        """The outcome."""
        return Matches(**self._matcher.result())


class NativeExcerptSearch:
    """`stages.ExcerptSearch` on the kernel."""

    def __init__(self, engine: _kernel.Engine, gates: Gates, scope: Scope, memory: Memory) -> None:
        self._engine = engine
        self._gates = gates
        self._scope = scope
        self._minimizers = Growing(memory, np.uint32)
        self._counts = Growing(memory, np.uint32)
        self._search: _kernel.ExcerptSearch | None = None

    def add(self, sketches: Sketches) -> None:
        """Append the minimizers of the next documents."""
        self._minimizers.append(sketches.minimizers)
        self._counts.append(sketches.minimizer_counts)

    def start(
        self,
        representative: I64,
        compared: Mask,
        segments: Sequence[Segment],
        comparable: Comparable | None = None,
    ) -> None:
        """Begin searching; the minimizers are let go once they are grouped."""
        minimizers = self._minimizers.whole(), self._counts.whole()
        asked = (representative, compared, comparable), self._scope.value, self._gates, _stored(segments)
        self._search = _kernel.ExcerptSearch(self._engine, minimizers, *asked)

    def advance(self, limit: int) -> int:
        """Search up to `limit` more documents."""
        return self._started.advance(limit)

    def result(self) -> Contained:
        """What was found."""
        pairs, sizes, shared, candidates, verified, frequent = self._started.result()
        self._search = None
        counts = {"candidates": candidates, "verified": verified, "frequent": frequent}
        return Contained(pairs, sizes, shared, counts)

    @property
    def _started(self) -> _kernel.ExcerptSearch:
        if self._search is None:
            raise ValueError("the search has not been started")
        return self._search


def _stored(segments: Sequence[Segment]) -> list[tuple[U8, I64, I64, bool]]:
    return [(array_of(s.data), s.starts, s.ends, s.form is Form.RECORD) for s in segments]


@lru_cache(maxsize=4)
def _stripper(rules: tuple[Rule, ...]) -> _kernel.Stripper:
    """Made once of the same rules: it takes as long as finding the copies among hundreds of articles."""
    return _kernel.Stripper([_FIELDS(rule) for rule in rules])


def _scan(arrays: _kernel.ScanArrays) -> Scan:
    texts, columns, starts, ends, lines, repaired, skipped, line_count, present = arrays
    lifted = [Column(_texts(*column), valid) for column, valid in columns]
    return Scan(_texts(*texts), lifted, starts, ends, lines, repaired, skipped, line_count, present)


def _texts(data: U8, offsets: I64) -> Texts:
    return Texts(data.data, offsets)
