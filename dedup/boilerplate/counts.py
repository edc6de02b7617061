"""The counts file: what a `Learner` has counted, saved to be loaded, added to and merged.

A zip of NumPy arrays. It holds hashes, counts, the texts of lines and the names of places, and no articles.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass

import numpy as np

from dedup.boilerplate.learned import whole_file
from dedup.errors import InputError
from dedup.model import U64, Texts
from dedup.native import array_of
from dedup.observations import ROW, Rows

VERSION = 1
"""Version of the file, and of everything that decides keys and story values."""

_HINT = "counts files are written by `dedup learn --counts`"


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted.

    Attributes:
        documents: Documents.
        missed: By how much a line's documents may be too low.
        sources: Documents of each known source, by its hash.
        rows: Counts.
        texts: Keys and their texts.
        places: Hashes of places and their names.
    """

    documents: int
    missed: int
    sources: dict[int, int]
    rows: Rows
    texts: tuple[U64, Texts]
    places: tuple[U64, Texts]


def write_counts(path: str | os.PathLike[str], counts: Counts) -> None:
    """Write a counts file, whole or not at all. Raises OutputError."""
    sources = sorted(counts.sources)
    (keys, texts), (hashes, names) = counts.texts, counts.places
    with whole_file(path) as file:
        np.savez(
            file,
            dedup_counts=np.int64(VERSION),
            documents=np.int64(counts.documents),
            missed=np.int64(counts.missed),
            sources=np.array(sources, np.uint64),
            source_documents=np.array([counts.sources[source] for source in sources], np.int64),
            rows=counts.rows,
            keys=keys,
            texts=array_of(texts.data),
            text_offsets=texts.offsets,
            places=hashes,
            names=array_of(names.data),
            name_offsets=names.offsets,
        )


def read_counts(path: str | os.PathLike[str]) -> Counts:
    """Read a counts file.

    Raises:
        InputError: It cannot be read, is no counts file, or is one of another version.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            version = int(file["dedup_counts"])
            if version != VERSION:
                raise InputError(
                    f"{name}: counts of version {version}, not {VERSION}", "count the corpus again"
                )
            rows = file["rows"]
            if rows.dtype != ROW:
                raise ValueError("the rows have other fields")
            sources = zip(file["sources"].tolist(), file["source_documents"].tolist(), strict=True)
            return Counts(
                int(file["documents"]),
                int(file["missed"]),
                dict(sources),
                rows,
                (file["keys"], Texts(file["texts"], file["text_offsets"])),
                (file["places"], Texts(file["names"], file["name_offsets"])),
            )
    except OSError as error:
        raise InputError(f"{name}: counts cannot be read: {error.strerror or error}", _HINT) from error
    except (KeyError, TypeError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{name}: not a counts file: {error}", _HINT) from error
