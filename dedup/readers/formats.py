"""Which files are articles: a file name goes in, its format and compression come out."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How articles lie in a file."""

    TEXT = "text"
    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    ARROW = "arrow"


class Codec(StrEnum):
    """Compression around a file."""

    NONE = ""
    GZIP = "gz"
    ZSTD = "zst"
    BZIP2 = "bz2"
    XZ = "xz"


EXTENSIONS = {
    ".txt": Format.TEXT,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".parquet": Format.PARQUET,
    ".arrow": Format.ARROW,
    ".feather": Format.ARROW,
}

_CODECS = {codec.value: codec for codec in Codec if codec}

KNOWN = f"{' '.join(EXTENSIONS)}, each also with .{' .'.join(_CODECS)}"
"""The known extensions, for messages."""


def classify(name: str) -> tuple[Format, Codec] | None:
    """Format and compression by the extensions of a file name, in any case; None for an unknown one.

    >>> classify("news/2024.JSONL.gz")
    (<Format.JSONL: 'jsonl'>, <Codec.GZIP: 'gz'>)
    """
    stem, _, extension = name.lower().rpartition(".")
    codec = _CODECS.get(extension, Codec.NONE)
    if codec:
        stem, _, extension = stem.rpartition(".")
    found = EXTENSIONS.get(f".{extension}")
    return None if found is None or not stem else (found, codec)
