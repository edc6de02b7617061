"""Empty files, damaged files and files without articles: a counted skip, or an error that says what to do."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import InputError
from dedup.model import Texts
from dedup.readers import check_articles
from dedup.readers.formats import Codec, Format, classify
from dedup.writers import OutputDirectory, write_annotated, write_selected
from tests.formats import opened, read, reasons


def test_extensions_in_any_case() -> None:
    assert classify("News.JSONL.GZ") == (Format.JSONL, Codec.GZIP)
    assert classify("a.b.feather") == (Format.ARROW, Codec.NONE)
    assert [classify(name) for name in ("news", ".txt", "a.gz", "a.jsonl.gz.xz", "a.zip")] == [None] * 5


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
