"""What a file is when its name does not say so: another delimiter, a compressed or binary file, an odd column type."""

import bz2
import csv
import gzip
import io
import json
import lzma
from pathlib import Path
from typing import Literal

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from tests.articles import Cli, edited, read_jsonl, read_summary, story, write_jsonl

ONE = story(1)
LINES = b'{"text": "a"}\n' * 3


def parquet() -> bytes:
    memory = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"]}), memory)
    return memory.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["in.csv", "in.tsv"])
def test_any_usual_delimiter(dedup: Cli, delimiter: str, name: str) -> None:
    row = "{0}" + delimiter + '"{1}{0}"' + delimiter + "\r\n"
    whole = row.format("id", "text").replace("textid", "text") + row.format(1, ONE) + row.format(2, ONE)
    Path(name).write_bytes(whole.encode())
    dedup("run", name, "-o", "out", "--threshold", "0.8")
    assert Path("out/kept", name).read_bytes() == whole.encode()[: -len(row.format(2, ONE))]
    dedup("run", name, "-o", "tagged", "--threshold", "0.8", "--annotate")
    lines = Path("tagged/kept", name).read_text().splitlines()
    assert lines[0] == delimiter.join(
        [
            "id",
            '"text"',
            "",
            *(
                f"dedup_{key}"
                for key in read_jsonl(Path("out/clusters.jsonl"))[0]
                if key not in ("id", "location")
            ),
        ]
    )
    assert {line.count(delimiter) for line in lines} == {lines[0].count(delimiter)}


def test_a_wrong_column_is_named_with_those_that_are_there(dedup: Cli) -> None:
    Path("in.csv").write_text("ID;Article Text\n1;a\n")
    assert "no column text; it has ID, Article Text" in dedup.fails("run", "in.csv", "-o", "out")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (gzip.compress(LINES, mtime=0), "gzip"),
        (gzip.compress(LINES, mtime=0x0D0D0D0D), "gzip"),  # its time reads as line ends
        (bz2.compress(LINES), "bzip2"),
        (lzma.compress(LINES), "xz"),
        (pa.compress(LINES, "zstd", asbytes=True), "zstd"),
        (parquet(), "Parquet"),
    ],
)
def test_binary_files_under_the_name_of_text(dedup: Cli, data: bytes, what: str) -> None:
    for name in ("in.jsonl", "in.csv"):
        Path(name).write_bytes(data)
        assert f"error: {name} is {what}, not text" in dedup.fails("run", name, "-o", "out")
    Path("found").mkdir()
    Path("found/in.jsonl").write_bytes(data)
    Path("found/good.jsonl").write_bytes(LINES)
    dedup("run", "found", "-o", "out")
    assert read_summary(Path("out"))["skipped_by_reason"] == {"malformed": 1}


def test_compressed_standard_input(dedup: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LINES))))
    message = dedup.fails("run", "-", "-o", "out")
    assert "error: - is gzip, not text" in message
    assert "zcat" in message


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
def test_arrow_files_of_polars(
    dedup: Cli, compression: Literal["uncompressed", "lz4", "zstd"], kind: type[pl.DataType]
) -> None:
    frame = pl.DataFrame({"text": [ONE, None, ONE, story(2)]}, schema={"text": kind})
    frame.write_ipc("in.arrow", compression=compression)
    dedup("run", "in.arrow", "-o", "out", "--write-removed")
    assert feather.read_table("out/kept/in.arrow")["text"].to_pylist() == [ONE, story(2)]
    written = Path("out/kept/in.arrow").read_bytes()
    assert {"lz4": b"\x04\x22\x4d\x18", "zstd": b"\x28\xb5\x2f\xfd"}.get(compression, b"") in written
    summary = read_summary(Path("out"))
    assert (summary["kept"], summary["removed"], summary["skipped_by_reason"]) == (2, 1, {"no_text": 1})


def test_a_column_without_a_value_has_no_type(dedup: Cli) -> None:
    pd.DataFrame({"text": [float("nan")] * 2}).to_parquet("in.parquet")
    write_jsonl(Path("in.jsonl"), [{"text": "a"}])
    dedup("run", "in.parquet", "in.jsonl", "-o", "out")
    assert read_summary(Path("out"))["skipped_by_reason"] == {"no_text": 2}


@pytest.mark.parametrize("name", ["in.parquet", "in.arrow"])
def test_tags_of_an_earlier_run_are_replaced(dedup: Cli, name: str) -> None:
    write, read = (
        (pq.write_table, pq.read_table)
        if name == "in.parquet"
        else (feather.write_feather, feather.read_table)
    )
    write(pa.table({"text": [ONE, edited(ONE, 40)], "more": [1, 2]}), name)
    dedup("run", name, "-o", "one", "--annotate", "--threshold", "0.99")
    dedup("run", f"one/kept/{name}", "-o", "two", "--annotate")
    one, two = read(f"one/kept/{name}"), read(f"two/kept/{name}")
    assert two.column_names == one.column_names
    assert one["dedup_is_duplicate"].to_pylist() == [False, False]
    assert two["dedup_is_duplicate"].to_pylist() == [False, True]
    assert two["more"].to_pylist() == [1, 2]


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.jsonl", "in.json"])
def test_tags_of_an_earlier_run_are_replaced_in_lines_too(dedup: Cli, name: str) -> None:
    texts = [ONE, edited(ONE, 40)]
    delimiter = "\t" if name == "in.tsv" else ","
    if name.startswith("in.j"):
        records = [
            json.dumps({"id": i, "text": t, "more": {"dedup": 'a "b", c'}}) for i, t in enumerate(texts)
        ]
        Path(name).write_text(f"[{','.join(records)}]" if name == "in.json" else "\n".join(records) + "\n")
    else:
        with Path(name).open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
            rows.writerow(["id", "text", "more"])
            rows.writerows([i, text, 'a "b",\nc\td'] for i, text in enumerate(texts))
    dedup("run", name, "-o", "one", "--annotate", "--threshold", "0.99")
    dedup("run", f"one/kept/{name}", "-o", "two", "--annotate")
    dedup("run", name, "-o", "direct", "--annotate")
    one, two, direct = (Path(f"{out}/kept/{name}").read_bytes() for out in ("one", "two", "direct"))
    assert one != direct
    if name.startswith("in.j"):
        assert two == direct
    else:
        once, twice = (
            list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
            for data in (direct, two)
        )
        assert twice == once
        assert two.startswith(b"\xef\xbb\xbf")
        assert two.count(b"\r\n") == 3
