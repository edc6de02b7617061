"""The native kernel. Bytes come in as any contiguous buffer and go out as uint8 arrays.

A panic raises `dedup.errors.InternalError`, threads that do not start raise OSError.
"""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias, final

from dedup.model import F64, I64, U8, U32, U64, Buffer, Mask

TextBuffers: TypeAlias = tuple[Buffer, I64]
"""Texts that come in: bytes and offsets, as in `model.Texts`."""

TextArrays: TypeAlias = tuple[U8, I64]
"""Texts that go out."""

ScanArrays: TypeAlias = tuple[
    TextArrays, list[tuple[TextArrays, Mask]], I64, I64, I64, int, list[tuple[int, str, str]], int, list[int]
]
"""The fields of `model.Scan`, in its order; a column is its texts and what of them is valid."""

LocationArrays: TypeAlias = tuple[Buffer, I64, U32, I64]
"""Paths (bytes, offsets), then of each document the number of its path and its number in the file (0 = none)."""

BlockingArrays: TypeAlias = tuple[U64 | None, U64 | None, I64 | None, int]
"""The fields of `comparable.Comparable`."""

OutcomeArrays: TypeAlias = tuple[I64, I64, U8, F64, F64, tuple[I64, F64] | None, I64 | None]
"""Of each document: representative, cluster size, relation, similarity, containment; and, if asked for, the article
that it is an excerpt of with the containment, and its family."""

def scan(data: Buffer, start: int, end: int, text_fields: Sequence[str], fields: Sequence[str]) -> ScanArrays:
    """Scan the JSON lines of `data[start:end]`; see `stages.Stages.scan`."""

def scan_spans(
    data: Buffer, starts: I64, ends: I64, text_fields: Sequence[str], fields: Sequence[str]
) -> ScanArrays:
    """Scan the records `data[starts[i]:ends[i]]`, which get the line numbers 1, 2, ..."""

def split_array(data: Buffer) -> tuple[I64, I64]:
    """Starts and ends of the elements of a JSON array; ValueError with the byte where `data` stops being one."""

def stretches(data: Buffer, starts: I64, ends: I64, keep: Mask) -> tuple[I64, I64]:
    """Where the kept records lie, with the line ends behind them: firsts and ends of stretches."""

def annotate(data: Buffer, starts: I64, ends: I64, tags: TextBuffers) -> U8:
    """All records with a last member "dedup", instead of one that is there; ValueError for one that is no object."""

def cluster_rows(
    ids: TextBuffers, locations: LocationArrays, outcome: OutcomeArrays, start: int, stop: int
) -> U8:
    """The rows of clusters.jsonl for the documents `start` to `stop`; all arrays are those of the whole run."""

def tag_rows(ids: TextBuffers, outcome: OutcomeArrays, start: int, stop: int) -> TextArrays:
    """The same rows without id and location and line ends, as tags for `annotate`."""

def pair_rows(ids: TextBuffers, pairs: I64, relation: U8, similarity: F64, containment: F64) -> U8:
    """The rows of pairs.jsonl; `pairs` is int64[p, 2]."""

def version() -> str:
    """Version of the crate."""

def give_back() -> None:
    """Give memory that was let go back to the system, where it can be done."""

def set_threads(count: int) -> int:
    """Use `count` threads from now on, in the whole process; 0 = one per core. Returns how many they are."""

def hash_texts(data: U8, offsets: I64) -> U64:
    """xxh3_64 of each text, uint64[n]."""

def digest_texts(data: U8, offsets: I64) -> U8:
    """xxh3_128 of each text as it is stored, uint8[n, 16], big-endian."""

def tokenize(data: U8, offsets: I64) -> TextArrays:
    """Tokens of each text joined by one space."""

def shingle(data: U8, offsets: I64, size: int, unit: str) -> tuple[U64, I64]:
    """The fields of `model.Shingles`."""

def levels() -> list[str]:
    """Names of the instruction sets that `sign` can use here, slowest first."""

def sign(hashes: U64, offsets: I64, a: U32, b: U32, level: str | None = None) -> U32:
    """Signatures uint32[n, len(a)] with the permutations `a * h + b`, at the fastest level unless one is named."""

def band(signatures: U32, bands: int, rows: int) -> U32:
    """Band keys, uint32[bands, n]."""

def unique(hashes: U64, offsets: I64) -> tuple[U64, I64]:
    """The sorted, distinct hashes of each document."""

def verify(hashes: U64, offsets: I64, pairs: I64, threshold: float) -> F64:
    """The Jaccard similarity of each pair of sets that `unique` made; 0 for one below the threshold."""

def compact(rows: U8) -> U8:
    """`stages.Stages.compact`, of the bytes of rows."""

def tally(rows: U8) -> tuple[U64, U8, U8, U32, U32, U32, U64, U32, U64, U32, U32]:
    """The fields of `observations.Tally`, in its order, of the bytes of rows that `compact` gave."""

@final
class Observer:
    """See `stages.Observer`."""

    def __new__(cls, repeated_after: int | None) -> Self: ...
    def observe(self, data: U8, offsets: I64, sources: U64, places: U64) -> tuple[U8, U64, TextArrays]:
        """The fields of `observations.Observations`, in its order, with the rows as bytes."""

def prefixes(postings: U64) -> U64:
    """Which leading bits the keys of sorted postings have, for `probe`: uint64[w], a power of two."""

def probe(runs: Sequence[tuple[int, U64, U64 | None]], keys: U32, beside: bool) -> U64:
    """Documents in sorted runs (list, postings `key << 32 | document`, their `prefixes`) under `keys` uint32[lists, n].

    Returns uint64[m], ascending: `query << 32 | document`, each once. Where few threads work `beside` one another the
    calling one does everything.
    """

@final
class Stripper:
    """Boilerplate rules, ready to strip texts. ValueError for a rule that cannot be used."""

    def __new__(cls, rules: Sequence[tuple[Any, ...]]) -> Self:
        """Take the fields of `model.Rule`, in its order."""

    def strip(
        self, data: U8, offsets: I64, explain: bool, guard: bool = True
    ) -> tuple[TextArrays, U32, U32, U8, I64, I64, list[list[tuple[int, str, str, str]]] | None]:
        """The fields of `model.Stripped`, in its order; a removal is the fields of `model.Removal`."""

    @staticmethod
    def form(line: str, fold: bool) -> tuple[bytes, int, int]:
        """The matching form of a line: its bytes, and where in them the plain form begins and ends."""

@final
class Engine:
    """What turns raw texts into sketches: the settings of a run."""

    def __new__(
        cls,
        stripper: Stripper | None,
        a: U32,
        b: U32,
        shingle: tuple[int, str],
        bands: int,
        rows: int,
        text_fields: Sequence[str],
    ) -> Self: ...
    def sketch(
        self, data: U8, offsets: I64, window: int | None, alone: bool
    ) -> tuple[U32, U8, U32, U64, I64, I64, U8, U32, U32, tuple[I64, U64]]:
        """The fields of `model.Sketches`, in its order."""

@final
class Compressor:
    """Makes zstd frames of texts."""

    def __new__(cls, dictionary: bytes | None = None) -> Self: ...
    def compress(self, texts: TextArrays, positions: I64, originals: TextArrays, original: I64) -> TextArrays:
        """A frame for each of the texts at some positions.

        `original` says for each which of the originals it is a copy of, -1 for none.
        """

@final
class Matcher:
    """See `stages.Matcher`."""

    def __new__(cls, engine: Engine, threshold: float, gate: int, pairs: bool, links: bool) -> Self: ...
    def group(
        self, order: I64, empty: U8, digest: U64, keys: list[U32], blocking: BlockingArrays | None
    ) -> list[int]:
        """Group documents by their band keys; gives the length of the table of members of each band.

        Args:
            order: int64[n], all positions, first choice first.
            empty: uint8[n], 1 for a document without tokens.
            digest: uint64[n, 2], as in `model.Sketches`.
            keys: uint32[bands, m], in blocks of 65,536 documents, the last of fewer; overwritten and held.
            blocking: The fields of `comparable.Comparable`; held.
        """

    def start(
        self,
        members: list[U32],
        low: list[U8],
        segments: Sequence[tuple[U8, I64, I64, bool]],
        deltas: tuple[I64, U64],
    ) -> None:
        """Begin matching, with tables of zeros of the lengths asked for and the low bytes uint8[m, num_perm].

        Args:
            members: See above.
            low: See above.
            segments: Data, starts, ends, and whether documents are records.
            deltas: The rows and hashes of `dedup.deltas`.
        """

    def advance(self, limit: int, beside: bool) -> int:
        """Decide up to `limit` more documents; `beside` as for `probe`."""

    def kept(self, start: int, stop: int) -> Mask:
        """bool[stop - start], whether the documents of these ranks are representatives; ValueError if not decided."""

    def result(self) -> dict[str, Any]:
        """The fields of `model.Matches`; ValueError before every document is decided. Ends the matcher."""

@final
class Meeting:
    """Buckets that stream past: which of their documents are worth comparing."""

    def __new__(cls, gate: int, agreeing: int, heads: int) -> Self:
        """Take when a pair passes and when the heads of a bucket end.

        Args:
            gate: Least number of equal low bytes of a pair.
            agreeing: Heads that a document may agree with and still become one.
            heads: Heads of a bucket, but for those whose role it is.
        """

    def add(self, buckets: I64, ranks: I64, low: U8, roles: U8) -> I64:
        """The pairs of the next documents, ordered by bucket and rank: int64[p, 2], the earlier first.

        A document that is left over, since heads ended before it, is a pair of itself. Not compared are two that are
        left over; that of documents of other buckets goes without saying.

        Args:
            buckets: int64[n].
            ranks: int64[n].
            low: uint8[n, num_perm], low bytes of the signatures.
            roles: uint8[n]: 0 = meets the heads before it and becomes one if it can, 1 = a head that meets none,
                2 = meets the heads before it and becomes none.
        """

@final
class ExcerptSearch:
    """See `stages.ExcerptSearch`."""

    def __new__(
        cls,
        engine: Engine,
        minimizers: tuple[U32, U32],
        clusters: tuple[I64, Mask, BlockingArrays | None],
        scope: str,
        gates: tuple[float, int, float, int],
        segments: Sequence[tuple[U8, I64, I64, bool]],
    ) -> Self:
        """Take all minimizers and how many each document has; representatives, who is compared, and blocking."""

    def advance(self, limit: int) -> int: ...
    def result(self) -> tuple[I64, I64, I64, int, int, int]:
        """The fields of `model.Contained`: ValueError before all documents are searched."""
