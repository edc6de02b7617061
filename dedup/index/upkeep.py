"""Looking after an index: removing, deriving it anew, checking that it is whole, moving it elsewhere.

Everything works on chunks of documents inside a transaction of the store, so an index of any size fits into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import xxhash
from pyarrow import parquet

from dedup import native
from dedup.bands import choose
from dedup.errors import InputError, OutputError
from dedup.index.articles import Articles
from dedup.index.decisions import Decisions, Delivery
from dedup.index.frozen import Frozen
from dedup.index.helpers import Helpers
from dedup.index.lookup import digest_bytes, next_number, stored_lows
from dedup.index.matching import Core
from dedup.index.postings import MAX_NUMBER
from dedup.index.results import RELATIONS
from dedup.index.store import Document, Reader, Store, Writer
from dedup.interop import to_datasketch
from dedup.model import I64, U64, Relation, Sketches, Texts

if TYPE_CHECKING:
    from datasketch import MinHashLSH

CHUNK = 4096
"""Documents at a time: 16 MB of text."""

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_binary()),
        ("seen", pa.timestamp("us", "UTC")),
        ("duplicate_of", pa.string()),
        ("relation", pa.string()),
        ("similarity", pa.float64()),
        ("containment", pa.float64()),
        ("metadata", pa.string()),
    ]
)
"""Columns of an export. Texts are bytes as they came; metadata is a JSON object."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing did.

    Attributes:
        removed: Articles that were asked for and are gone.
        forgotten: Copies of these that are not known any more either.
        unknown: Ids that were not there.
    """

    removed: int
    forgotten: int
    unknown: tuple[str, ...] = ()


def chunks(reader: Reader, last: int = MAX_NUMBER) -> Iterator[list[Document]]:
    """All documents up to a number, some at a time."""
    after = 0
    while documents := [d for d in reader.scan(after, CHUNK) if d.number <= last]:
        yield documents
        after = documents[-1].number


def remove(core: Core, writer: Writer, ids: Sequence[str]) -> Removed:
    """Remove articles by id, and the copies of those that are representatives."""
    distinct = list(dict.fromkeys(ids))
    known = core.lists.by_id(writer, Texts.from_strings(distinct))
    forgotten = core.remove(writer, known.values())
    return Removed(
        len(known), len(forgotten), tuple(identity for i, identity in enumerate(distinct) if i not in known)
    )


def expire(core: Core, writer: Writer, before: int) -> Removed:
    """Remove articles that arrived before a time, and the copies of those that are representatives."""
    removed = forgotten = 0
    numbers = writer.older(before)
    for start in range(0, len(numbers), CHUNK):
        documents = writer.documents(numbers[start : start + CHUNK])
        forgotten += sum(one.seen >= before for one in core.remove(writer, documents.values()))
    removed = len(numbers)
    return Removed(removed, forgotten)


def rebuild(core: Core, writer: Writer, anew: Core) -> None:
    """Derive everything again from the stored texts, in order of arrival, with the settings of `anew`."""
    last = next_number(writer) - 1
    delivery = Delivery(0, last + 1)
    core.lists.postings.clear(writer, anew.lists.postings.lists)
    anew.codec.load(writer)
    with Helpers(anew.stages.threads) as helpers:
        for documents in chunks(writer, last):
            articles = _articles(documents, core.codec.read(writer, documents))
            seen = np.array([document.seen for document in documents], np.int64)
            anew.store(
                writer,
                anew.decide(writer, articles, anew.sketch(articles.texts), {}, seen, delivery),
                helpers,
            )
        anew.finish(writer)
    writer.delete_until(last)


def verify(core: Core, reader: Reader, store: Store) -> list[str]:
    """What is wrong with an index, one line each; nothing, if it is whole.

    Every text is decompressed, hashed and sketched again; every copy is compared with its representative again; the
    postings are those that the documents should have.
    """
    problems = store.check()
    parts: list[list[U64]] = [[] for _ in range(core.lists.postings.lists)]
    for documents in chunks(reader):
        try:
            raw = core.codec.read(reader, documents)
        except InputError as error:
            problems.append(error.message)
            continue
        articles = _articles(documents, raw)
        sketches = core.sketch(articles.texts)
        problems += _unlike(documents, articles, sketches)
        problems += _unrelated(core, reader, documents, articles)
        numbers = np.array([document.number for document in documents], np.int64)
        everything = np.arange(len(documents))
        own = core.lists.postings_of(articles.ids, sketches, _decisions(documents), everything, numbers)
        for part, postings in zip(parts, own, strict=True):
            part.append(postings)
    expected = [np.sort(np.concatenate([np.zeros(0, np.uint64), *part])) for part in parts]
    try:
        return problems + list(_misplaced(core, reader, expected))
    except InputError as error:
        return [*problems, error.message]


def export(core: Core, reader: Reader, path: Path) -> int:
    """Write all articles to a Parquet file, in order of arrival; returns how many.

    Raises:
        OutputError: The file is there, or cannot be written.
    """
    count = 0
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        if path.exists():
            raise OutputError(f"{path} is there already", "name another file, or remove it")
        with parquet.ParquetWriter(temporary, SCHEMA, compression="zstd") as file:
            for documents in chunks(reader):
                texts = core.codec.read(reader, documents)
                heads = reader.documents(sorted({document.representative for document in documents}))
                rows = [
                    _row(document, text, heads[document.representative])
                    for document, text in zip(documents, texts, strict=True)
                ]
                file.write_table(pa.Table.from_pylist(rows, SCHEMA))
                count += len(documents)
        temporary.rename(path)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}", "name a file that can be written") from error
    finally:
        temporary.unlink(missing_ok=True)
    return count


def exported(path: Path) -> Iterator[tuple[Articles, I64]]:
    """The articles of an export and when they arrived, some at a time.

    Raises:
        InputError: The file cannot be read, or is no export.
    """
    try:
        with parquet.ParquetFile(path) as file:
            if not set(SCHEMA.names) <= set(file.schema_arrow.names):
                raise InputError(
                    f"{path} is no export of an index", "`dedup index add` takes other Parquet files"
                )
            for batch in file.iter_batches(CHUNK, columns=["id", "text", "seen", "metadata"]):
                columns = batch.to_pydict()
                texts = Texts.from_strings(columns["text"])
                yield (
                    Articles(
                        texts,
                        Texts.from_strings(columns["id"]),
                        [xxhash.xxh3_128_digest(text) for text in columns["text"]],
                        [(text or "").encode() for text in columns["metadata"]],
                        (),
                        [],
                    ),
                    np.asarray(batch.column("seen").cast(pa.int64())),
                )
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path} cannot be read: {error}", "give a file that `dedup index export` wrote"
        ) from error


def datasketch_lsh(core: Core, reader: Reader, frozen: Frozen) -> MinHashLSH:
    """The representatives as an in-memory LSH of datasketch, by id."""
    from datasketch import MinHashLSH

    settings, bands = frozen.settings, choose(frozen.settings)
    lsh = MinHashLSH(num_perm=settings.num_perm, params=(bands.bands, bands.rows))
    for documents in chunks(reader):
        heads = [document for document in documents if document.low]
        texts = Texts.from_strings(core.codec.read(reader, heads))
        clean = core.stages.strip(texts).texts if settings.strip else texts
        shingles = core.stages.shingle(clean, settings.shingle_size)
        signatures = core.stages.sign(shingles, settings.num_perm, settings.seed)
        for document, signature in zip(heads, signatures, strict=True):
            lsh.insert(document.id.decode(), to_datasketch(signature, settings.seed))
    return lsh


def _articles(documents: Sequence[Document], raw: Sequence[bytes]) -> Articles:
    return Articles(
        Texts.from_strings(raw),
        Texts.from_strings([document.id for document in documents]),
        [document.raw for document in documents],
        [document.metadata for document in documents],
        (),
        [],
    )


def _decisions(documents: Sequence[Document]) -> Decisions:
    decisions = Decisions.empty(len(documents))
    decisions.representative[:] = [document.representative for document in documents]
    decisions.kept[:] = [document.representative == document.number for document in documents]
    return decisions


def _unlike(documents: Sequence[Document], articles: Articles, sketches: Sketches) -> Iterator[str]:
    """Documents that are not what their text says."""
    digests, lows = digest_bytes(sketches.digest).tobytes(), stored_lows(sketches)
    offsets = articles.texts.offsets.tolist()
    for i, (document, (start, end)) in enumerate(zip(documents, pairwise(offsets), strict=True)):
        name, has_words = document.id.decode(), sketches.tokens[i] > 0
        if xxhash.xxh3_128_digest(memoryview(articles.texts.data)[start:end]) != document.raw:
            yield f"the text of {name} is not the one that was stored"
        elif (digests[16 * i : 16 * i + 16] if has_words else b"") != document.digest:
            yield f"the words of {name} are read differently now"
        elif document.low and lows[i].tobytes() != document.low:
            yield f"the signature of {name} is computed differently now"


def _unrelated(
    core: Core, reader: Reader, documents: Sequence[Document], articles: Articles
) -> Iterator[str]:
    """Copies that are not what they are said to be."""
    copies = [i for i, document in enumerate(documents) if document.representative != document.number]
    heads = reader.documents(sorted({documents[i].representative for i in copies}))
    numbers = sorted(heads)
    position = {number: i for i, number in enumerate(numbers)}
    parts = [articles.texts.bytes_at(i) for i in range(len(documents))]
    hashes, offsets = core.sets(parts + core.codec.read(reader, [heads[number] for number in numbers]))
    compared = [i for i in copies if documents[i].representative in position]
    others = [len(documents) + position[documents[i].representative] for i in compared]
    similarity = native.verify(hashes, offsets, np.array([compared, others], np.int64).T.copy(), 0.0)
    for i, value in zip(compared, similarity.tolist(), strict=True):
        document, head = documents[i], heads[documents[i].representative]
        if value != document.similarity or head.representative != head.number:
            yield f"{document.id.decode()} is not the copy of {head.id.decode()} that it is said to be"
        elif (document.digest == head.digest) != (document.relation == Relation.EXACT):
            yield f"{document.id.decode()} has the wrong relation with {head.id.decode()}"
    for i in copies:
        if documents[i].representative not in heads:
            yield f"{documents[i].id.decode()} is a copy of an article that is missing"


def _misplaced(core: Core, reader: Reader, expected: Sequence[U64]) -> Iterator[str]:
    """Lists of postings that are not what they should be, apart from those of removed documents."""
    alive = np.array(reader.numbers(), np.int64)
    for where, (own, stored) in enumerate(zip(expected, core.lists.postings.all(reader), strict=True)):
        there = stored[np.isin((stored & np.uint64(MAX_NUMBER)).astype(np.int64), alive)]
        if not np.array_equal(own, there):
            yield f"list {where} of the postings is wrong in {len(np.setxor1d(own, there))} places"


def _row(document: Document, text: bytes, head: Document) -> dict[str, object]:
    is_copy = head.number != document.number
    return {
        "id": document.id.decode(),
        "text": text,
        "seen": document.seen,
        "duplicate_of": head.id.decode() if is_copy else None,
        "relation": RELATIONS[document.relation] if is_copy else None,
        "similarity": document.similarity,
        "containment": document.containment,
        "metadata": document.metadata.decode() or None,
    }
