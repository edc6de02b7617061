"""The same generated articles as a file of every format, and any such file read again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
from hypothesis import strategies as st

from tests.formats import COMPRESS, DECOMPRESS, read_csv, read_table
from tests.syndication import articles

Record = dict[str, Any]

records: st.SearchStrategy[list[Record]] = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "é", "007", "", None]),
            "text": st.one_of(articles, articles, articles, st.none()),
            "date": st.sampled_from(["2031-05-01", "2031-05-02T10:00:00+02:00", "soon", None]),
            "score": st.none() | st.floats(),
            "tags": st.none() | st.lists(st.text(max_size=3), max_size=2),
        }
    ),
    max_size=8,
).filter(lambda rows: not rows or any(row["text"] is not None for row in rows))

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), metadata={"key": "yes"}),
        pa.field("text", pa.large_string()),
        pa.field("date", pa.dictionary(pa.int32(), pa.string())),
        pa.field("score", pa.float64()),
        pa.field("tags", pa.list_(pa.string())),
    ],
    metadata={"made by": "hand"},
)

EXTENSIONS = [
    *(".jsonl.zst", ".json", ".csv", ".tsv.gz"),
    *(".parquet", ".arrow", ".stream.arrow", ".feather"),
]


def write_records(path: Path, rows: Sequence[Record]) -> Path:
    """Write a file in the format of its name; without any suffix, a folder of one text file an article."""
    if not path.suffix:
        path.mkdir()
        (path / "first.txt").write_text("A folder holds at least one article.", encoding="utf-8")
        for number, row in enumerate(rows):
            (path / f"{number}.txt").write_bytes((row["text"] or "").encode())
        return path
    compression = path.suffix if path.suffix in COMPRESS else ""
    path.write_bytes(COMPRESS[compression](_plain(rows, path.name.removesuffix(compression))))
    return path


def _plain(rows: Sequence[Record], name: str) -> bytes:
    if name.endswith(".jsonl"):
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    if name.endswith(".json"):
        return json.dumps(rows, indent=1).encode()
    if name.endswith((".csv", ".tsv")):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, SCHEMA.names, delimiter="," if name.endswith(".csv") else "\t")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()
    table, sink = pa.Table.from_pylist(list(rows), SCHEMA), pa.BufferOutputStream()
    if name.endswith(".parquet"):
        pq.write_table(table, sink, row_group_size=3, compression="zstd")
    elif name.endswith(".feather"):
        pyarrow.feather.write_feather(table, sink, chunksize=3)
    else:
        new = pa.ipc.new_stream if name.endswith(".stream.arrow") else pa.ipc.new_file
        with new(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def read_records(path: Path) -> tuple[str, list[str]]:
    """The header or schema of a file with its metadata, and each row so that different values look different."""
    compression = path.suffix if path.suffix in DECOMPRESS else ""
    name, data = path.name.removesuffix(compression), DECOMPRESS[compression](path.read_bytes())
    if name.endswith(".jsonl"):
        return "", [f"{line}\n" for line in data.decode().split("\n")[:-1]]
    if name.endswith(".json"):
        return "", [repr(row) for row in json.loads(data)]
    if name.endswith((".csv", ".tsv")):
        header, *rows = read_csv(data, name[-4:])
        return repr(header), [repr(row) for row in rows]
    table = read_table(data, ".stream.arrow" if "stream" in name else path.suffix)
    schema = table.schema.to_string(truncate_metadata=False, show_field_metadata=True)
    return schema, [repr(row) for row in table.to_pylist()]
