"""Reading on Spark: the same records, places and complaints as on one machine."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.config import Settings
from dedup.corpus import identify, locate
from dedup.errors import DedupError, InputError
from dedup.native import Native
from dedup.readers import Fields, open_sources
from tests.articles import story

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIELDS = Fields(("title", "text"), "id", ("date",))
Rows = list[tuple[str, str, bytes, str | None]]


@dataclass
class Read:
    """What reading gave: `location`, id, text and date of each document; `location` and reason of others."""

    rows: Rows
    skipped: list[tuple[str, str, str]]
    counts: tuple[int, int, int, int]


def on_one_machine(inputs: Sequence[str], fields: Fields = FIELDS) -> Read:
    found = Read([], [], (0, 0, 0, 0))
    documents = repaired = size = 0
    for source in open_sources(inputs, fields, Native(Settings())):
        for batch in source.batches():
            dates = [
                text if valid else None
                for text, valid in zip(batch.fields[0].texts.strings(), batch.fields[0].valid, strict=True)
            ]
            texts = [batch.texts.bytes_at(i) for i in range(len(batch.texts))]
            places, ids = locate(source, batch).strings(), identify(source, batch).strings()
            found.rows += zip(places, ids, texts, dates, strict=True)
            found.skipped += [(s.location, s.reason, s.detail) for s in batch.skipped]
            documents, repaired = documents + len(texts), repaired + batch.repaired
            size += sum(map(len, texts))
    found.counts = documents, len(found.skipped), repaired, size
    return found


def on_spark(spark: SparkSession, inputs: Sequence[str], tmp_path: Path, fields: Fields = FIELDS) -> Read:
    from pyspark.sql import functions as F  # noqa: N812

    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.failures import reported
    from dedup.spark.files import ROW_BITS, find_files
    from dedup.spark.reading import in_parts, reading
    from dedup.spark.session import set_up

    with (
        reported(),
        set_up(spark, 0),
        in_parts(spark, files := find_files(spark, inputs)),
        reading(spark, files, fields, Checkpoints(spark, f"{tmp_path}/stages")) as found,
    ):
        found.check_usable()
        schema = "position long, text binary, id string, date string"
        documents = found.articles.map(_with_bytes, schema).orderBy("position")
        rows = [
            (r["location"], r["id"] or r["location"], bytes(r["text"]), r["date"])
            for r in found.files.locate(documents).orderBy("position").collect()
        ]
        skipped = [
            (r["location"], r["reason"], r["detail"]) for r in found.skipped.orderBy("position").collect()
        ]
        counts = found.counts
        row = F.col("position").bitwiseAND((1 << ROW_BITS) - 1)
        kept = documents.select("position").where(row % 3 != 0)
        found.write(kept, f"{tmp_path}/kept")
        return Read(
            rows,
            skipped,
            (counts.documents, sum(counts.skipped.values()), counts.repaired, counts.text_bytes),
        )


def _with_bytes(batches: Any) -> Any:
    for batch in batches:
        text = batch["text"].cast(pa.binary())
        yield pa.RecordBatch.from_arrays(
            [batch["position"], text, batch["id"], batch["date"]], ["position", "text", "id", "date"]
        )


def some_lines(data: bytes) -> list[bytes]:
    """Those lines of a file that the test keeps."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for i, line in enumerate(lines, 1) if i % 3 and b'"text": "' in line]


def lines_of(count: int, first: int = 0) -> list[bytes]:
    made = []
    for i in range(first, first + count):
        record = {
            "id": f"a{i}",
            "title": f"Title {i}",
            "text": story(i, 12),
            "date": f"2024-01-{i % 28 + 1:02}",
        }
        if i % 7 == 0:
            del record["id"]
        made.append(json.dumps(record).encode() + (b"\r" if i % 5 == 0 else b""))
    return made


BAD = [
    b'{"id": "x", "text": 3}',
    b"{broken",
    b"",
    b"   ",
    b'{"id": "", "nothing": 1}',
    b'{"text": "\xff bytes \xe2\x80\xa8 and a line separator"}',
]


@pytest.fixture(scope="module")
def small_parts() -> Iterator[None]:
    """Files are cut into parts of a few kilobytes."""
    from dedup.spark import lines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "SMALLEST", 12000)
        yield


@pytest.mark.usefixtures("small_parts")
def test_json_lines_in_many_parts_are_those_of_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "news of today"
    (folder / "b").mkdir(parents=True)
    lines = lines_of(200)
    for i, bad in enumerate(BAD):
        lines.insert(30 * i, bad)
    first = b"\xef\xbb\xbf" + b"\n".join(lines)
    plain = b"\n".join(lines_of(60, 250))
    packed = b"\n".join([*BAD, *lines_of(50, 200)]) + b"\n"
    (folder / "a[1] %41.jsonl").write_bytes(first)
    (folder / "b" / "c.jsonl.gz").write_bytes(gzip.compress(packed))
    (folder / "b.jsonl.bz2").write_bytes(bz2.compress(plain))
    named = tmp_path / "z.ndjson"
    named.write_bytes(b"\n".join(lines_of(20, 300)))
    inputs = [str(named), str(folder), str(folder / "b" / "*.gz")]
    expected = on_one_machine(inputs)
    (folder / "_hidden.jsonl").write_text("{")  # Spark hides more than one machine does
    found = on_spark(spark, inputs, tmp_path)
    assert found == expected
    assert len(found.rows) == 330 + 2
    assert found.counts[2] == 2
    kept = b"".join(path.read_bytes() for path in sorted((tmp_path / "kept").glob("part-*")))
    assert sorted(kept.split(b"\n")[:-1]) == sorted(
        line for data in (named.read_bytes(), plain, first, packed) for line in some_lines(data)
    )


def test_rows_of_csv_span_lines_and_stay_as_they_came(spark: SparkSession, tmp_path: Path) -> None:
    header = b"id,title,text,date\r\n"
    rows = [
        b'a%d,"Title ""%d""","line one\n%s",2024-01-02\r\n' % (i, i, story(i, 9).encode()) for i in range(40)
    ]
    rows[7] = b"x,only,three\n"
    rows[9] = b',"no id",text \xff,\n'
    (tmp_path / "a.csv").write_bytes(header + b"".join(rows))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(header + b"".join(rows[20:]) + b'z,"never closed,text'))
    inputs = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv.gz")]
    found = on_spark(spark, inputs, tmp_path)
    assert found == on_one_machine(inputs)
    assert [place.rpartition("/")[2] for place, _, _ in found.skipped] == ["a.csv:8", "b.csv.gz:21"]
    parts = sorted((tmp_path / "kept").glob("part-*"))
    kept = [path.read_bytes() for path in parts if path.stat().st_size]
    assert all(part.startswith(header.strip()) for part in kept)
    assert sum(part.count(b"\na1,") for part in kept) == 1


def test_parquet_keeps_values_and_schema(spark: SparkSession, tmp_path: Path) -> None:
    def table(first: int, count: int, **more: pa.Array) -> pa.Table:
        texts = [story(i, 9) if i % 6 else None for i in range(first, first + count)]
        columns = {
            "text": pa.array(texts),
            "id": pa.array([f"a{i}" for i in range(first, first + count)]),
            "title": pa.array([f"Title {i}" if i % 4 else None for i in range(first, first + count)]),
            "date": pa.array(
                [datetime(2024, 1, 1 + i % 28, tzinfo=UTC) for i in range(first, first + count)]
            ),
            "more": pa.array([{"a.b": i, "list": [i, None]} for i in range(first, first + count)]),
        }
        return pa.table({**columns, **more})

    pq.write_table(table(0, 50), tmp_path / "a.parquet", row_group_size=7)
    pq.write_table(table(50, 30, position=pa.array(range(30))), tmp_path / "b.parquet")
    inputs = [str(tmp_path / "b.parquet"), str(tmp_path / "a.parquet")]
    found = on_spark(spark, inputs, tmp_path)
    expected = on_one_machine(inputs)
    assert found == expected
    assert len(found.skipped) == 7
    kept = pq.read_table(tmp_path / "kept")
    assert set(kept.column_names) == {"text", "id", "title", "date", "more", "position"}
    wanted = {row["id"]: row for path in inputs for row in pq.read_table(path).to_pylist()}
    for row in kept.to_pylist():
        assert row == {"position": None, **wanted[row["id"]]}


def complaint(spark: SparkSession, tmp_path: Path, *inputs: Path | str) -> DedupError:
    with pytest.raises(DedupError) as failed:
        on_spark(spark, list(map(str, inputs)), tmp_path)
    assert failed.value.hint
    return failed.value


def test_what_cannot_be_read_is_said_in_a_line(spark: SparkSession, tmp_path: Path) -> None:
    good, empty = tmp_path / "a.jsonl", tmp_path / "empty"
    good.write_bytes(lines_of(1)[0])
    empty.mkdir()
    (tmp_path / "c.csv").write_text("id,text\n1,a\n")
    (tmp_path / "d.csv").write_text("text,id\na,1\n")
    (tmp_path / "e.csv").write_text("name\na\n")
    (tmp_path / "bad.jsonl").write_text("{\n" * 2)
    (tmp_path / "t.txt").write_text("text")
    pq.write_table(pa.table({"body": ["a"]}), tmp_path / "p.parquet")
    for inputs, says in (
        (("nowhere.jsonl",), "nowhere.jsonl does not exist"),
        ((empty,), "holds no articles"),
        ((good, tmp_path / "c.csv"), "are of different formats"),
        ((tmp_path / "t.txt",), "is text: Spark reads jsonl, csv, tsv and parquet"),
        ((tmp_path / "c.csv", tmp_path / "d.csv"), "have different headers"),
        ((tmp_path / "e.csv",), f"{tmp_path}/e.csv has no column title or text; it has name"),
        ((tmp_path / "p.parquet",), "has no column title or text; it has body"),
        ((tmp_path / "bad.jsonl",), "nothing usable: all 2 records were skipped, the first at"),
    ):
        assert says in str(complaint(spark, tmp_path, *inputs))


def test_a_file_that_changes_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.failures import reported
    from dedup.spark.files import find_files
    from dedup.spark.reading import reading

    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines_of(10)))
    files, checkpoints = find_files(spark, [str(path)]), Checkpoints(spark, f"{tmp_path}/stages")
    with (
        pytest.raises(InputError, match=r"a\.jsonl changed while it was read"),
        reported(),
        reading(spark, files, FIELDS, checkpoints),
    ):
        path.write_bytes(b"\n".join(lines_of(11)))


def test_a_part_of_a_file_that_was_not_there_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    from dedup.spark import lines
    from dedup.spark.failures import reported
    from dedup.spark.files import find_files

    path = tmp_path / "a b.jsonl"
    path.write_bytes(b"\n".join(lines_of(10)))
    files = find_files(spark, [str(path)])
    nothing = lines.starts(spark, files, lines.look(spark, files, FIELDS).where("lines < 0"))
    with pytest.raises(InputError, match=r"a b\.jsonl changed while it was read"), reported():
        lines.positioned(spark, files, nothing).collect()
