"""Odd encodings, odd CSV, odd tables, damaged files: a counted skip or an error that says what to do."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import InputError
from dedup.model import Texts
from dedup.readers import Fields, check_articles
from dedup.readers.formats import Codec, Format, classify
from dedup.readers.spool import TextSpool
from dedup.readers.text import count_invalid
from dedup.writers import OutputDirectory, write_annotated, write_selected
from tests.formats import TAG, Read, opened, read


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
    return [(s.location.rpartition("/")[2], s.reason) for s in found.skipped]


def test_extensions_in_any_case() -> None:
    assert classify("News.JSONL.GZ") == (Format.JSONL, Codec.GZIP)
    assert classify("a.b.feather") == (Format.ARROW, Codec.NONE)
    assert [classify(name) for name in ("news", ".txt", "a.gz", "a.jsonl.gz.xz", "a.zip")] == [None] * 5


# Encodings


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "utf-16", "utf-16-be", "utf-32"])
def test_json_lines_in_another_encoding_leave_byte_for_byte(tmp_path: Path, encoding: str) -> None:
    texts = ["a plain one", "ｶﾞ" if encoding == "shift_jis" else "déjà vu ÿ \u00a0", "the last"]
    lines = [json.dumps({"id": i, "text": text}, ensure_ascii=False) for i, text in enumerate(texts)]
    mark = "\ufeff" if encoding == "utf-16-be" else ""  # the other codecs write their own, or have none
    data = (mark + "\n".join(lines)).encode(encoding)
    path = tmp_path / "news.jsonl"
    path.write_bytes(data)
    fields = Fields(encoding=encoding)
    assert [t.decode() for t in read(opened(path, fields=fields)).texts] == texts
    assert selected(path, [False, True, True], fields) == (mark + "\n".join([*lines[1:], ""])).encode(
        encoding
    )
    feed = "\n\n".encode(encoding)[len("\n".encode(encoding)) :]
    assert selected(path, [True, True, True], fields) == data + feed


def test_bytes_that_cannot_be_decoded_are_counted_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    lines = [b'{"text": "caf\x8e"}\n', b'{"text": "fine"}\n', b'{"text": "undefined \x81"}\n']
    path.write_bytes(b"".join(lines))
    found = read(opened(path, fields=Fields(encoding="cp1252")))
    assert found.repaired == 1
    assert found.texts[2].decode("utf-8", "replace") == "undefined \ufffd"
    assert selected(path, [True, False, True], Fields(encoding="cp1252")) == lines[0] + lines[2]


def test_csv_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    rows = ["id,text", '1,"über\nzwei Zeilen"', "2,weg", '3,"drüben"']
    path.write_bytes("\r\n".join(rows).encode("utf-16"))
    fields = Fields(encoding="utf-16")
    found = read(opened(path, fields=fields))
    assert [t.decode() for t in found.texts] == ["über\nzwei Zeilen", "weg", "drüben"]
    kept = "\r\n".join([rows[0], rows[1], rows[3]]) + "\n"
    assert selected(path, [True, False, True], fields).decode("utf-16") == kept


def test_utf_16_that_nobody_announced(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv"):
        (tmp_path / name).write_text('{"text": "x"}\n', "utf-16")
        with pytest.raises(InputError, match="is UTF-16") as caught:
            read(opened(tmp_path / name))
        assert caught.value.hint == "add --encoding utf-16"
    (tmp_path / "in").mkdir()
    (tmp_path / "in/b.txt").write_text("some text", "utf-16")
    assert reasons(read(opened(tmp_path / "in"))) == [("b.txt", "undecodable")]
    with pytest.raises(InputError, match="is UTF-16") as caught:
        read(opened(tmp_path / "in/b.txt"))
    assert caught.value.hint == "add --encoding utf-16"


def test_byte_order_mark_stays_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    lines = [b'{"text": "one"}\r\n', b'{"text": "two"}\r\n']
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(lines))
    found = read(opened(path))
    assert (found.texts, found.skipped) == ([b"one", b"two"], [])
    assert selected(path, [False, True]) == b"\xef\xbb\xbf" + lines[1]
    (tmp_path / "news.csv").write_bytes(b"\xef\xbb\xbftext,id\none,1\ntwo,2\n")
    assert read(opened(tmp_path / "news.csv")).texts == [b"one", b"two"]
    assert selected(tmp_path / "news.csv", [False, True]) == b"\xef\xbb\xbftext,id\ntwo,2\n"
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone")
    assert read(opened(tmp_path / "a.txt")).texts == [b"one"]


@given(st.lists(st.binary(max_size=6)))
def test_invalid_texts_are_counted_one_by_one(texts: list[bytes]) -> None:
    assert count_invalid(Texts.from_strings(texts)) == sum(not valid(text) for text in texts)


def valid(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


# Empty and damaged files


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.jsonl.gz"])
def test_empty_file_holds_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert read(opened(tmp_path / name)).texts == []


def test_empty_text_file_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    assert read(opened(tmp_path / "a.txt")).texts == [b""]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.parquet", b"PAR1 and nothing more", "truncated or corrupt"),
        ("a.parquet", b"", "truncated or corrupt"),
        ("a.arrow", b"ARROW1\0\0 and nothing more", "truncated or corrupt"),
        ("a.feather", b"FEA1....", "Feather version 1"),
        ("a.json", b'{"text": "an object"}', "not a JSON array"),
        ("a.json", b'[{"text": "cut off"', "not a whole JSON array"),
        ("a.jsonl.gz", b"not compressed at all", "truncated or corrupt"),
        ("a.jsonl.zst", b"not compressed at all", "truncated or corrupt"),
        ("a.jsonl.xz", b"not compressed at all", "truncated or corrupt"),
        ("a.jsonl.bz2", b"not compressed at all", "truncated or corrupt"),
        ("a.csv", b"id,body\n1,x\n", "no column text; it has id, body"),
    ],
)  # fmt: skip
def test_damaged_file_is_an_error_that_names_it(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read(opened(tmp_path / name))
    assert name in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.parquet", b"PAR1 and nothing more", "truncated or corrupt"),
        ("a.feather", b"FEA1....", "Feather version 1"),
        ("a.json", b'[{"text": "one"}, {"text": "cut off"', "not a whole JSON array"),
        ("a.jsonl.gz", b"not compressed at all", "truncated or corrupt"),
        ("a.jsonl", '{"text": "x"}'.encode("utf-16"), "is UTF-16"),
        ("a.csv", "text\nx\n".encode("utf-16"), "is UTF-16"),
    ],
)  # fmt: skip
def test_damage_is_an_error_in_a_folder_too(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "in/b.txt").write_bytes(b"fine")
    with pytest.raises(InputError, match=message):
        read(opened(tmp_path / "in"))


def no_articles(name: str) -> bytes:
    """A file that is whole and no article file."""
    if name.endswith((".csv", ".csv.gz", ".tsv")):
        delimiter = "\t" if name.endswith(".tsv") else ","
        data = f"id{delimiter}label\n1{delimiter}near\n".encode()
        return gzip.compress(data) if name.endswith(".gz") else data
    if name.endswith(".json"):
        return b' {"version": 3, "text": "settings"}'
    table = pa.table({"id": ["1"], "label": ["near"]})
    sink = pa.BufferOutputStream()
    if name.endswith(".parquet"):
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.tsv", "x.parquet", "x.arrow", "x.json"])
def test_file_without_articles(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Path("in/a.txt").write_bytes(b"fine")
    Path("in", name).write_bytes(no_articles(name))
    problem = "is not a JSON array" if name == "x.json" else "has no column text; it has id, label"
    for found_by in ("in", "in/*"):
        sources = opened(found_by)
        found = read(sources)
        assert found.texts == [b"fine"]
        assert reasons(found) == [(name, "malformed" if name == "x.json" else "no_text")]
        assert problem in found.skipped[0].detail
        check_articles(sources)
        with OutputDirectory(tmp_path / "out", force=True) as out:
            for source in sources[1:]:
                none = np.empty(0, np.int64)
                write_selected(source, none, none.astype(np.bool_), [], out, "kept")
                write_annotated(source, none, [], Texts.from_strings([]), out, "kept")
            out.commit()
        assert list((tmp_path / "out").iterdir()) == []
    for named in ([f"in/{name}"], ["in", f"in/{name}"], [f"in/{name}", "in"]):
        with pytest.raises(InputError, match=problem) as caught:
            read(opened(*named))
        assert caught.value.hint


def test_folder_in_which_no_file_holds_articles(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(no_articles("x.csv"))
    sources = opened(tmp_path)
    read(sources)
    with pytest.raises(InputError, match=r"x.csv has no column text; it has id, label"):
        check_articles(sources)
    (tmp_path / "y.json").write_bytes(no_articles("y.json"))
    sources = opened(tmp_path)
    read(sources)
    with pytest.raises(InputError, match="none of the 2 files found holds articles") as caught:
        check_articles(sources)
    assert "--text-field" in caught.value.hint


def test_damaged_text_archive_is_one_skipped_record(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt.gz").write_bytes(b"not compressed at all")
    (tmp_path / "in/b.txt").write_bytes(b"fine")
    found = read(opened(tmp_path / "in"))
    assert found.texts == [b"fine"]
    assert reasons(found) == [("a.txt.gz", "unreadable")]


# CSV


def test_bad_rows_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_bytes(b'id,text\n1,one\n2\n3,three,more\n\n4,"fo""ur\nlines"\n5,fi"ve\n6,"\xff"\n')
    found = read(opened(path))
    assert found.texts == [b"one", b'fo"ur\nlines', b'fi"ve', b"\xff"]
    assert found.numbers.tolist() == [1, 4, 5, 6]
    assert found.repaired == 1
    assert reasons(found) == [("news.csv:2", "malformed"), ("news.csv:3", "malformed")]
    assert selected(path, [False, True, True, True]) == b'id,text\n4,"fo""ur\nlines"\n5,fi"ve\n6,"\xff"\n'


def test_quote_that_never_ends_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_bytes(b'id,text\n1,one\n2,"two\n3,three\n')
    found = read(opened(path))
    assert (found.texts, reasons(found)) == ([b"one"], [("news.csv:2", "malformed")])


def test_csv_values_stay_what_they_are(tmp_path: Path) -> None:
    values = ["NA", "", "007", "1e5", "true", " x ", "2024-01-01", "nul\0", "#N/A", "\u2028"]
    path = tmp_path / "news.tsv"
    path.write_text("text\tid\n" + "".join(f"{v}\t{v}\n" for v in values), newline="")
    found = read(opened(path))
    assert [t.decode() for t in found.texts] == values
    assert found.ids == [v or None for v in values]


def test_long_field(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_text("text\n" + "x" * 3_000_000 + "\n")
    assert [len(t) for t in read(opened(path)).texts] == [3_000_000]


def test_header_without_rows_or_line_end(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_bytes(b"id,text")
    assert selected(path, []) == b"id,text\n"
    path.write_bytes("id,text".encode("utf-16"))
    assert selected(path, [], Fields(encoding="utf-16")).decode("utf-16") == "id,text\n"


@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))),
    st.data(),
)
def test_csv_rows_leave_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, rows, data) -> None:
    quoted = [",".join('"' + v.replace('"', '""') + '"' for v in row) + "\n" for row in rows]
    path = tmp_path_factory.mktemp("csv") / "news.csv"
    path.write_bytes(("id,text\n" + "".join(quoted)).encode())
    keep = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    assert [t.decode() for t in read(opened(path)).texts] == [text for _, text in rows]
    kept = "".join(row for row, stays in zip(quoted, keep, strict=True) if stays)
    assert selected(path, keep) == ("id,text\n" + kept).encode()


# Tables


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


# Spool


def test_spooled_texts_stay_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.readers.spool.IN_MEMORY", 100)
    monkeypatch.setattr("dedup.readers.spool.REGION", 4096 * 16)
    spool = TextSpool(tmp_path)
    pieces = [bytes([i % 256]) * (i * 977 % 9000) for i in range(80)] + [b"big" * 100_000, b"", b"last"]
    stored = [spool.append(piece) for piece in pieces]
    for piece, (data, start) in zip(pieces, stored, strict=True):
        assert bytes(memoryview(data)[start : start + len(piece)]) == piece
    assert list(tmp_path.iterdir()) == []
