"""What the stages hand to one another: frozen records of arrays.

A document is a position, never an object: document `i` of a batch is row `i`
of every array, and the bytes `data[offsets[i]:offsets[i + 1]]` of every text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Buffer as Buffer
else:
    Buffer = object

U8: TypeAlias = NDArray[np.uint8]
U32: TypeAlias = NDArray[np.uint32]
U64: TypeAlias = NDArray[np.uint64]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Texts:
    """`n` UTF-8 texts in one buffer.

    Attributes:
        data: The bytes of all texts, one after the other. Invalid UTF-8 counts as U+FFFD.
        offsets: int64[n + 1], ascending; text `i` is `data[offsets[i]:offsets[i + 1]]`.
    """

    data: Buffer
    offsets: I64

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_strings(cls, texts: Sequence[str | bytes]) -> Texts:
        """Build the buffer from Python strings (lone surrogates become U+FFFD) or bytes."""
        parts = [t if isinstance(t, bytes) else encode(t) for t in texts]
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(p) for p in parts], out=offsets[1:])
        return cls(b"".join(parts), offsets)

    def bytes_at(self, i: int) -> bytes:
        """Text `i` as bytes."""
        return bytes(memoryview(self.data)[self.offsets[i] : self.offsets[i + 1]])

    def strings(self) -> list[str]:
        """All texts as Python strings; invalid UTF-8 becomes U+FFFD."""
        return [self.bytes_at(i).decode("utf-8", "replace") for i in range(len(self))]


def encode(text: str) -> bytes:
    """UTF-8 bytes of `text`, lone surrogates as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


@dataclass(frozen=True, slots=True)
class Shingles:
    """Shingle hashes of `n` documents, in text order, repeats included.

    Attributes:
        hashes: uint64[m], xxh3_64 (seed 0) of each shingle's UTF-8 bytes.
        offsets: int64[n + 1] into `hashes`.
    """

    hashes: U64
    offsets: I64


@dataclass(frozen=True, slots=True)
class Sketches:
    """All that matching needs to know of `n` documents without their text.

    Attributes:
        keys: uint32[bands, n], band keys, band-major.
        low: uint8[n, num_perm], the low byte of each signature value.
        tokens: uint32[n], number of tokens of the clean text; 0 = empty document.
        digest: uint64[n, 2], xxh3_128 of the token sequence (tokens joined by one
            space) as (high, low) halves: equal digests are exact copies.
        removed_lines: int64[r + 2], lines of the batch that stripping removed whole: by rule in the order of the
            engine's rules, then by `structure.caption` and `structure.repeat`. `r` is 0 where nothing is stripped.
        removed_chars: int64[r + 2], likewise the characters of those lines, without their line ends, and of the parts
            cut off others.
        guarded: uint8[n], 1 where a guard rail of stripping changed the outcome.
        minimizers: uint32[m], the winnowed shingle hashes of each document, ascending (see
            `dedup.reference.excerpts`); none unless asked for.
        minimizer_counts: uint32[n], how many each document has, if asked for.
        deltas: How some documents differ from others, which spares reading them again; see `dedup.deltas`.
    """

    keys: U32
    low: U8
    tokens: U32
    digest: U64
    removed_lines: I64
    removed_chars: I64
    guarded: U8
    minimizers: U32 = field(default_factory=lambda: np.zeros(0, np.uint32))
    minimizer_counts: U32 = field(default_factory=lambda: np.zeros(0, np.uint32))
    deltas: tuple[I64, U64] | None = field(default=None, compare=False)


class Relation(IntEnum):
    """How a document relates to the representative of its cluster, or to the article that it is an excerpt of."""

    KEPT = 0
    EXACT = 1
    NEAR = 2
    EXCERPT = 3


class Form(IntEnum):
    """What the bytes of one document in a `Segment` are."""

    TEXT = 0
    """The raw text itself."""
    RECORD = 1
    """A JSON object; the text fields have to be lifted from it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of memory that holds consecutive documents of a run.

    Attributes:
        data: The bytes: a memory-mapped file, a spool, or an Arrow buffer.
        form: What a document's bytes are.
        starts: int64[n], first byte of each document.
        ends: int64[n], one past its last byte.
    """

    data: Buffer
    form: Form
    starts: I64
    ends: I64


@dataclass(frozen=True, slots=True)
class Matches:
    """The outcome of matching `n` documents, by position.

    Attributes:
        representative: int64[n], position of the cluster's representative; a kept document is its own.
        first: int64[n], position of the first document, in priority order, with the same tokens; its own for one that
            is the first, or empty.
        relation: uint8[n], values of `Relation`.
        similarity: float64[n], exact Jaccard with the representative; 1 for a kept document, NaN for an empty one.
        containment: float64[n], the larger of the two containments with the representative; NaN for an empty one.
        links: int64[l, 2], (document, representative) for every near relation found, when asked for; else empty.
        pairs: int64[p, 2], all verified pairs, the earlier in priority order first, when asked for; else empty. An
            exact copy is listed as such with its first copy only, and near with all that are near that one.
        pair_relation: uint8[p]; pair_similarity, pair_containment: float64[p].
        counts: deterministic counters: candidates (pairs that share a band), gated (of them, dropped by the low-byte
            gate), verified (compared exactly).
    """

    representative: I64
    first: I64
    relation: U8
    similarity: F64
    containment: F64
    links: I64
    pairs: I64
    pair_relation: U8
    pair_similarity: F64
    pair_containment: F64
    counts: dict[str, int]

    @property
    def kept(self) -> Mask:
        """bool[n], whether a document stays."""
        own = self.representative == np.arange(len(self.representative))
        kept: Mask = own & (self.relation != Relation.EXCERPT)
        return kept


@dataclass(frozen=True, slots=True)
class Rule:
    """One boilerplate rule, ready for both engines (`dedup.boilerplate.load` makes them).

    Attributes:
        id: Name of the rule, unique among all rules.
        cls: Its class, such as `share` or `byline`; only `prompt` means something to the engines.
        pos: Where it may act: `head` (first 6 remaining non-blank lines), `tail` (last 12), `any`.
        max_words: Most words of a line that it may act on.
        action: `drop` the line, `strip_prefix` or `strip_suffix`.
        strength: `strong` acts alone, `weak` only beside a removed line or at the edge of the document.
        pattern: ASCII pattern over the UTF-8 bytes of the line's matching form.
        literals: If any, one of them must occur in the folded form.
        cased: Whether the pattern is matched on the form as written; if not, on the case-folded one.
        line: Of a rule that `dedup learn` found: the line, prefix or suffix that it removes, in plain form with every
            digit as 0. Such a rule has class and strength `learned` and no pattern.
        documents: Documents it was seen in, while it was learned.
        stories: Distinct stories among them.
        sources: Distinct sources among them, 0 where they were not known.
        lang: The languages it is written for, for people.
    """

    id: str
    cls: str
    pos: str
    max_words: int
    action: str
    strength: str
    pattern: str
    literals: tuple[str, ...] = ()
    cased: bool = False
    line: str = ""
    documents: int = 0
    stories: int = 0
    sources: int = 0
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """One line that stripping took away or trimmed.

    Attributes:
        line_no: Line number in the raw text, from 1.
        text: The raw line (drop), or the part that was cut off (strip_prefix, strip_suffix).
        action: `drop`, `strip_prefix` or `strip_suffix`.
        rule: Id of the rule, or `structure.caption` / `structure.repeat`.
    """

    line_no: int
    text: str
    action: str
    rule: str


@dataclass(frozen=True, slots=True)
class Stripped:
    """Clean texts of `n` documents.

    Attributes:
        texts: The clean texts.
        dropped_lines: uint32[n], lines removed whole.
        removed_bytes: uint32[n], bytes of text removed.
        guarded: uint8[n], 1 where a guard rail kept rules from acting or the text from becoming empty.
        removed_lines, removed_chars: int64[r + 2], what each rule removed in all; see `Sketches`.
        removals: Per document, what was removed; None unless asked for.
    """

    texts: Texts
    dropped_lines: U32
    removed_bytes: U32
    guarded: U8
    removed_lines: I64
    removed_chars: I64
    removals: list[list[Removal]] | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that could not be used.

    Attributes:
        location: `path:line` (JSONL, from 1), `path:row` (tables, from 1) or `path`.
        reason: A short stable code: `malformed`, `no_text`, `text_not_string`, `undecodable`, `unreadable`.
        detail: One sentence for a person.
    """

    location: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Column:
    """A lifted field of `n` records, as text.

    Attributes:
        texts: The value of each record: strings unescaped, numbers and booleans as written, empty where missing.
        valid: bool[n], False where the field is missing, null, an object or an array.
    """

    texts: Texts
    valid: Mask


@dataclass(frozen=True, slots=True)
class Scan:
    """What scanning some JSON records lifted out of them. `n` usable records, `s` skipped ones.

    Attributes:
        texts: The raw texts of the usable records (several text fields joined by a newline).
        columns: One per further field asked for, in that order.
        starts, ends: int64[n], each record's bytes in the scanned buffer, without the line end.
        lines: int64[n], line number of each record, counting from 1 at the first scanned byte.
        repaired: Number of usable records with invalid UTF-8 or lone surrogates.
        skipped: (line, reason code, detail) of each skipped record.
        line_count: Number of line ends in the scanned range (an unterminated last line counts).
        present: For each text field, the number of usable records that have it, also as null.
    """

    texts: Texts
    columns: list[Column]
    starts: I64
    ends: I64
    lines: I64
    repaired: int
    skipped: list[tuple[int, str, str]] = field(default_factory=list)
    line_count: int = 0
    present: Sequence[int] = ()
