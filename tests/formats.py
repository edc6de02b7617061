"""The same hostile articles in every format and compression, for the tests of readers and writers."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from dedup.config import Settings
from dedup.model import Form, Segment, Skipped
from dedup.native import Native
from dedup.readers.base import Fields, Source
from dedup.readers.inputs import open_sources
from dedup.writers import OutputDirectory, write_selected

STAGES = Native(Settings())
"""Readers use no other stage than the scan of JSON."""

ARTICLES: list[tuple[str, str | None, str]] = [
    ("a1", "The ferry to the islands runs again.\nTickets cost less than before.", "Harbour"),
    ("a2", 'She said "no", twice, and left;\tthe hall\twas silent.', "Council, again"),
    ("a3", "", "Nothing to read"),
    ("a4", None, "No text at all"),
    ("a5", "A bridge \U0001f309 closes for repairs — ‘until spring’, the mayor says.", "Brücke"),
    ("a6", "An odd byte \x00 sits in this wire report.", "NUL"),
    ("a7", "NA", "null"),
    ("a8", "Bakers on strike.\r\nBread is short.\r\n", "Ends with a line end"),
    ("a9", " leading and trailing spaces ", "'"),
    ("10", "خط القطار يعود إلى العمل غدا.", "列車"),
]

TAG = {
    "cluster_id": "a1",
    "cluster_size": 2,
    "is_duplicate": True,
    "duplicate_of": "a1",
    "relation": "near",
    "similarity": 0.75,
    "containment": 0.875,
}

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda data: pa.input_stream(pa.BufferReader(data), compression="zstd").read() if data else b"",
}

EXTENSIONS = [".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".stream.arrow", ".feather"]
"""Formats in which one file holds many articles."""


def table() -> pa.Table:
    """The articles with columns of many types, and metadata."""
    ids, texts, titles = zip(*ARTICLES, strict=True)
    n = len(ARTICLES)
    schema = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False, metadata={"key": "yes"}),
            pa.field("text", pa.string()),
            pa.field("title", pa.dictionary(pa.int32(), pa.string())),
            pa.field("seen", pa.timestamp("us", "UTC")),
            pa.field("tags", pa.list_(pa.string())),
        ],
        metadata={"made_by": "hand"},
    )
    columns = [ids, texts, titles, [i * 10**9 for i in range(n)], [["x"] * i for i in range(n)]]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def plain(extension: str) -> bytes:
    """The articles as an uncompressed file."""
    rows = [{"id": i, "text": t, "title": s} for i, t, s in ARTICLES]
    if extension == ".jsonl":
        return b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in rows)
    if extension == ".json":
        return json.dumps(rows, indent=1).encode()
    if extension in (".csv", ".tsv"):
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter="," if extension == ".csv" else "\t")
        writer.writerow(["id", "text", "title"])
        writer.writerows((i, t or "", s) for i, t, s in ARTICLES)
        return text.getvalue().encode()
    sink = pa.BufferOutputStream()
    if extension == ".parquet":
        pq.write_table(table(), sink, row_group_size=4, compression={"text": "zstd", "id": "snappy"})
    elif extension == ".feather":
        pyarrow.feather.write_feather(table(), sink, compression="lz4")
    else:
        new = pa.ipc.new_stream if "stream" in extension else pa.ipc.new_file
        with new(sink, table().schema) as writer:
            writer.write_table(table(), max_chunksize=4)
    return cast(bytes, sink.getvalue().to_pybytes())


def read_table(data: bytes, extension: str) -> pa.Table:
    """A table written in the format of `extension`."""
    if extension == ".parquet":
        return pq.read_table(pa.BufferReader(data))
    opened = pa.ipc.open_stream if "stream" in extension else pa.ipc.open_file
    return opened(pa.BufferReader(data)).read_all()


def read_csv(data: bytes, extension: str) -> list[list[str]]:
    """The rows of CSV or TSV data."""
    delimiter = "," if extension == ".csv" else "\t"
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


@dataclass(frozen=True)
class Read:
    """All that sources gave."""

    texts: list[bytes]
    ids: list[str | None]
    titles: list[str | None]
    numbers: np.ndarray
    paths: list[str]
    skipped: list[Skipped]
    repaired: int
    segments: list[Segment]


def read(sources: Sequence[Source], limit: int | None = None) -> Read:
    """Read all batches of `sources`, and check what is true of each."""
    all_of = Read([], [], [], np.empty(0, np.int64), [], [], 0, [])
    numbers, repaired = [all_of.numbers], 0
    for source in sources:
        for batch in source.batches(limit):
            n = len(batch.texts)
            texts = [batch.texts.bytes_at(i) for i in range(n)]
            again = [again_text(batch.segment, i) for i in range(n)]
            assert again == [t.decode("utf-8", "replace") for t in texts]
            assert len(batch.ids.texts) == len(batch.numbers) == n
            all_of.texts.extend(texts)
            for values, column in zip((all_of.ids, all_of.titles), (batch.ids, *batch.fields), strict=False):
                pairs = zip(column.texts.strings(), column.valid, strict=True)
                values.extend(text if valid else None for text, valid in pairs)
            all_of.paths.extend(batch.paths.strings() if batch.paths else [])
            all_of.skipped.extend(batch.skipped)
            all_of.segments.append(batch.segment)
            numbers.append(batch.numbers)
            repaired += batch.repaired
        source.check_unchanged()
    return Read(
        all_of.texts, all_of.ids, all_of.titles, np.concatenate(numbers), all_of.paths, all_of.skipped, repaired,
        all_of.segments,
    )  # fmt: skip


def again_text(segment: Segment, i: int) -> str:
    """The text of a document of a segment, read from its bytes."""
    data = bytes(memoryview(segment.data)[segment.starts[i] : segment.ends[i]]).decode("utf-8", "replace")
    return data if segment.form is Form.TEXT else str(json.loads(data)["text"])


def opened(*paths: Path | str, fields: Fields | None = None) -> list[Source]:
    """Sources of some inputs."""
    return open_sources([str(p) for p in paths], fields or Fields(more=("title",)), STAGES)


def selected(path: Path, keep: list[bool], fields: Fields | None = None) -> bytes:
    """What is left of the only file of a run."""
    (source,) = opened(path, fields=fields)
    found = read([source])
    target = path.parent / "out"
    with OutputDirectory(target, force=True) as out:
        write_selected(source, found.numbers, np.array(keep, np.bool_), found.segments, out, "kept")
        out.commit()
    return (target / "kept" / path.name).read_bytes()


def reasons(found: Read) -> list[tuple[str, str]]:
    """File name with number, and reason, of each skipped record."""
    return [(s.location.rpartition("/")[2], s.reason) for s in found.skipped]
