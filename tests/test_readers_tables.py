"""Odd Parquet and Arrow tables: columns of every kind of string, nested ones, nulls, and what stays of a file."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import InputError
from dedup.model import Texts
from dedup.readers import Fields
from dedup.writers import OutputDirectory, write_annotated
from tests.formats import TAG, opened, read, reasons, selected


def write_table(tmp_path: Path, **columns: pa.Array) -> Path:
    path = tmp_path / "news.parquet"
    pq.write_table(pa.table(columns), path)
    return path


STRINGS = ["one", None, "trois", ""]


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int8(), pa.string()),
    ],
    ids=str,
)
@pytest.mark.parametrize("extension", [".parquet", ".arrow"])
def test_text_columns_of_every_kind_of_string(tmp_path: Path, kind: pa.DataType, extension: str) -> None:
    path = tmp_path / f"news{extension}"
    values = [v.encode() if v is not None and "binary" in str(kind) else v for v in STRINGS]
    table = pa.table({"text": pa.array(values).cast(kind) if "dict" in str(kind) else pa.array(values, kind)})
    if extension == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    found = read(opened(path))
    assert found.texts == [b"one", b"trois", b""]
    assert len(selected(path, [True, False, True])) > 0
    assert reasons(found) == [(f"news{extension}:2", "no_text")]


def test_column_that_is_no_string(tmp_path: Path) -> None:
    path = write_table(tmp_path, text=pa.array([1, 2]), id=pa.array(["a", "b"]))
    found = read(opened(path))
    assert reasons(found) == [("news.parquet:1", "text_not_string"), ("news.parquet:2", "text_not_string")]
    assert "int64" in found.skipped[0].detail


def test_column_of_nulls(tmp_path: Path) -> None:
    found = read(opened(write_table(tmp_path, text=pa.nulls(2))))
    assert [reason for _, reason in reasons(found)] == ["no_text"] * 2


def test_missing_text_column_names_the_others(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column text; it has body, id") as caught:
        read(opened(write_table(tmp_path, body=pa.array(["x"]), id=pa.array([1]))))
    assert "--text-field" in caught.value.hint


def test_ids_of_any_scalar_type(tmp_path: Path) -> None:
    when = pa.array([0, 86_400_000_001, None], pa.timestamp("us", "Europe/Paris"))
    for values, expected in [
        (pa.array([1, 2**62, None]), ["1", str(2**62), None]),
        (pa.array(["x", "", None]), ["x", "", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (when, ["1970-01-01 00:00:00.000000Z", "1970-01-02 00:00:00.000001Z", None]),
        (pa.array([[1], [2], None]), [None] * 3),
    ]:
        found = read(opened(write_table(tmp_path, text=pa.array(["a", "b", "c"]), id=values)))
        assert found.ids == expected


def test_dotted_and_several_text_fields(tmp_path: Path) -> None:
    meta = pa.array([{"title": "T", "body": "B"}, {"title": None, "body": "C"}, None])
    literal = pa.array(["literal", "wins", "here"])
    path = write_table(tmp_path, meta=meta, **{"a.b": literal, "a": pa.array([{"b": "no"}] * 3)})
    found = read(opened(path, fields=Fields(text=("meta.title", "meta.body"), id="a.b")))
    assert found.texts == [b"T\nB", b"\nC"]
    assert found.ids == ["literal", "wins"]
    assert reasons(found) == [("news.parquet:3", "no_text")]
    partly = read(opened(path, fields=Fields(text=("lead", "meta.body"))))
    assert partly.texts == [b"\nB", b"\nC"]


def test_mapped_arrow_texts_are_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "news.arrow"
    table = pa.table({"text": ["a first text", None, "a second one"]})
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    (batch,) = opened(path)[0].batches()
    assert isinstance(batch.segment.data, pa.Buffer)
    assert batch.texts.strings() == ["a first text", "a second one"]


def test_invalid_utf8_in_a_string_column_stays(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 3, 5], np.int32)), pa.py_buffer(b"ab\xffcd")]
    )
    path = tmp_path / "news.arrow"
    table = pa.table({"text": broken})
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    assert (read(opened(path)).texts, read(opened(path)).repaired) == ([b"ab\xff", b"cd"], 1)
    kept = pa.ipc.open_file(pa.BufferReader(selected(path, [True, False]))).read_all()
    assert kept["text"].cast(pa.binary()).to_pylist() == [b"ab\xff"]


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_arrow_compression_stays(tmp_path: Path, codec: str | None) -> None:
    from dedup.writers.table import _arrow_codec

    path = tmp_path / "news.arrow"
    table = pa.table({"text": ["a text that repeats itself " * 50] * 20})
    with pa.ipc.new_file(path, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(table)
    kept = selected(path, [True] * 20)
    assert _arrow_codec(pa.py_buffer(kept), is_file=True) == codec
    assert pa.ipc.open_file(pa.BufferReader(kept)).read_all().equals(table)


def test_parquet_compression_of_each_column_stays(tmp_path: Path) -> None:
    path = tmp_path / "news.parquet"
    table = pa.table({"text": ["x"] * 9, "deep": [{"a": [1, 2], "b": "c"}] * 9, "id": range(9)})
    codecs = {"text": "zstd", "deep.a.list.element": "gzip", "deep.b": "none", "id": "lz4"}
    pq.write_table(table, path, compression=codecs)
    kept = pq.ParquetFile(pa.BufferReader(selected(path, [True] * 9)))
    before = pq.ParquetFile(path).metadata.row_group(0)
    after = kept.metadata.row_group(0)
    assert [after.column(i).compression for i in range(4)] == [before.column(i).compression for i in range(4)]
    assert kept.read().equals(table)


def test_tags_have_the_same_types_in_every_batch(tmp_path: Path) -> None:
    path = write_table(tmp_path, text=pa.array(["a", "b"]))
    (source,) = opened(path)
    found = read([source])
    alone = {**TAG, "duplicate_of": None, "relation": None, "similarity": None, "family_id": "a"}
    with OutputDirectory(tmp_path / "out") as out:
        tags = Texts.from_strings([json.dumps(alone) + "\n"] * 2)
        write_annotated(source, found.numbers, found.segments, tags, out, "kept")
        out.commit()
    after = pq.read_table(tmp_path / "out/kept/news.parquet")
    types = {name: str(kind) for name, kind in zip(after.schema.names, after.schema.types, strict=True)}
    assert types["dedup_duplicate_of"] == types["dedup_relation"] == types["dedup_family_id"] == "string"
    assert types["dedup_similarity"] == "double"
