"""Where an index keeps its state: the protocol that SQLite and PostgreSQL implement.

A store holds four kinds of things and understands none of them:

    values      few, by name: the format, the settings and rules, the dictionaries, the directory of postings
    documents   one `Document` an article, by number, in the order of arrival
    texts       the compressed text of each document, by the same number
    blocks      sorted postings, by number; see `dedup.index.postings`

Everything happens in transactions. A writing one excludes all other writers from its first statement on, so what it
looks up stays true until it commits; a reading one sees one state of the index and blocks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from dedup.errors import InputError


class AbsentError(InputError):
    """There is no index, and none may be made."""


class Document(NamedTuple):
    """What is known of one article, its text apart.

    Attributes:
        number: Its place in the order of arrival, from 1; never used again.
        id: Its id, UTF-8.
        raw: xxh3_128 of the raw text, 16 bytes.
        digest: xxh3_128 of the token sequence of the clean text, 16 bytes; empty for an article without tokens.
        representative: Number of the representative of its cluster; its own for an article that is kept.
        relation: A value of `model.Relation`.
        similarity: Exact Jaccard with the representative, 1 for a kept one; None for one without tokens.
        containment: The larger of the two containments, likewise.
        seen: When it arrived, microseconds since 1970 UTC.
        stream: Number of the stream it came in, 0 for none.
        low: The low bytes of the signature of a representative with tokens, and where excerpts are looked for how many
            minimizers it has, in 4 bytes, little-endian; empty for all others.
        metadata: A JSON object of lifted fields, UTF-8; empty where there are none.
    """

    number: int
    id: bytes
    raw: bytes
    digest: bytes
    representative: int
    relation: int
    similarity: float | None
    containment: float | None
    seen: int
    stream: int
    low: bytes
    metadata: bytes


class Reader(Protocol):
    """A transaction that reads."""

    def value(self, name: str) -> bytes | None:
        """The value of that name."""

    def documents(self, numbers: Sequence[int]) -> dict[int, Document]:
        """The documents with these numbers, those that are there."""

    def lows(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """`Document.low` of those of the documents that are representatives with tokens."""

    def texts(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """The compressed texts of these documents, those that are there."""

    def scan(self, after: int, most: int) -> list[Document]:
        """The first `most` documents whose number is greater than `after`, in order of number."""

    def numbers(self) -> list[int]:
        """The numbers of all documents, ascending."""

    def totals(self) -> tuple[int, int, int | None, int | None]:
        """How many documents there are, how many of them are kept, and the earliest and latest arrival."""

    def older(self, seen: int) -> list[int]:
        """Numbers of the documents that arrived before that time, ascending."""

    def blocks(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """These blocks, those that are there."""

    def stretch(self, first: int, last: int) -> bytes:
        """The blocks from number `first` to `last`, joined in order."""


class Writer(Reader, Protocol):
    """A transaction that also writes."""

    def set_value(self, name: str, value: bytes) -> None:
        """Put a value in the place of what had its name."""

    def insert_documents(self, columns: Sequence[Sequence[object]]) -> None:
        """Add documents, by column: the fields of `Document`, for all of them."""

    def insert_texts(self, numbers: Sequence[int], texts: Iterable[bytes]) -> None:
        """Add the compressed texts of documents with these numbers."""

    def delete(self, numbers: Sequence[int]) -> None:
        """Remove documents and their texts."""

    def delete_until(self, last: int) -> None:
        """Remove all documents with numbers up to `last`, and their texts."""

    def insert_blocks(self, blocks: Iterable[tuple[int, bytes]]) -> None:
        """Add blocks."""

    def delete_blocks(self, spans: Iterable[tuple[int, int]]) -> None:
        """Remove the blocks from a first number to a last one, per span."""


class Store(Protocol):
    """An open store.

    Attributes:
        name: Path or address, for messages; without a password.
    """

    name: str

    def reading(self) -> AbstractContextManager[Reader]:
        """A transaction that reads."""

    def writing(self) -> AbstractContextManager[Writer]:
        """A transaction that writes: committed at the end of the block, rolled back if that raises.

        Raises:
            OutputError: The store cannot be written.
        """

    def size(self) -> int:
        """Bytes that it takes."""

    def check(self) -> list[str]:
        """What the database itself finds wrong with its files, one line each."""

    def vacuum(self) -> None:
        """Give back the room of what was removed."""

    def close(self) -> None:
        """Release files and connections."""
