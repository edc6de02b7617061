"""The native kernel. Bytes come in as any contiguous buffer and go out as uint8 arrays."""

from collections.abc import Sequence
from typing import TypeAlias

from dedup.model import F64, I64, U8, U32, Buffer, Mask

TextBuffers: TypeAlias = tuple[Buffer, I64]
"""Texts that come in: bytes and offsets, as in `model.Texts`."""

TextArrays: TypeAlias = tuple[U8, I64]
"""Texts that go out."""

ScanArrays: TypeAlias = tuple[
    TextArrays, list[tuple[TextArrays, Mask]], I64, I64, I64, int, list[tuple[int, str, str]], int
]
"""The fields of `model.Scan`, in its order; a column is its texts and what of them is valid."""

LocationArrays: TypeAlias = tuple[Buffer, I64, U32, I64]
"""Paths (bytes, offsets), then of each document the number of its path and its number in the file (0 = none)."""

OutcomeArrays: TypeAlias = tuple[I64, I64, U8, F64, F64, I64 | None]
"""Of each document: representative, cluster size, relation, similarity, containment; and family, if asked for."""

def scan(data: Buffer, start: int, end: int, text_fields: Sequence[str], fields: Sequence[str]) -> ScanArrays:
    """Scan the JSON lines of `data[start:end]`; see `stages.Stages.scan`."""

def scan_spans(
    data: Buffer, starts: I64, ends: I64, text_fields: Sequence[str], fields: Sequence[str]
) -> ScanArrays:
    """Scan the records `data[starts[i]:ends[i]]`, which get the line numbers 1, 2, ..."""

def split_array(data: Buffer) -> tuple[I64, I64]:
    """Starts and ends of the elements of a JSON array; ValueError with the byte where `data` stops being one."""

def select(data: Buffer, starts: I64, ends: I64, keep: Mask) -> U8:
    """The kept records, byte for byte, each with the line end that follows it (LF where none does)."""

def annotate(data: Buffer, starts: I64, ends: I64, tags: TextBuffers) -> U8:
    """All records with a last member "dedup"; ValueError for a record that is not an object."""

def cluster_rows(
    ids: TextBuffers, locations: LocationArrays, outcome: OutcomeArrays, start: int, stop: int
) -> U8:
    """The rows of clusters.jsonl for the documents `start` to `stop`; all arrays are those of the whole run."""

def tag_rows(ids: TextBuffers, outcome: OutcomeArrays, start: int, stop: int) -> TextArrays:
    """The same rows without id and location and line ends, as tags for `annotate`."""

def pair_rows(ids: TextBuffers, pairs: I64, relation: U8, similarity: F64, containment: F64) -> U8:
    """The rows of pairs.jsonl; `pairs` is int64[p, 2]."""
