"""The promises about files, each as a property: every record is accounted for and leaves as it came."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.config import Settings
from dedup.pipeline import Options, run
from tests.articles import Cli, edited, read_jsonl, read_summary, story, write_jsonl
from tests.containers import EXTENSIONS, Record, read_records, records, write_records
from tests.oracle import Oracle
from tests.syndication import articles

POLICIES = st.sampled_from(["first", "last", "longest", "shortest", "earliest:date"])


@pytest.fixture
def place(tmp_path: Path) -> Callable[[], Path]:
    """Makes an empty folder for each example."""
    return lambda: Path(tempfile.mkdtemp(dir=tmp_path))


# Every record is accounted for, and leaves byte for byte


@dataclass(frozen=True)
class Line:
    """A line of JSONL without its line end; its text, or the reason why it cannot be used (blank: neither)."""

    data: bytes
    text: str | None = None
    reason: str | None = None


def line(text: str, style: int, extra: object) -> Line:
    """A record as one of many writers would put it."""
    choice = random.Random(style)
    members = [("text", text), ("extra", extra), ("ключ", "é\ud800" if choice.random() < 0.2 else "é")]
    choice.shuffle(members)
    if choice.random() < 0.3:
        members.insert(0, ("text", "an earlier text that does not count"))

    def space() -> str:
        return choice.choice(["", "", " ", "\t", "  "])

    def encode(value: object) -> str:
        return space() + json.dumps(value, ensure_ascii=choice.random() < 0.5) + space()

    inner = ",".join(f"{encode(key)}:{encode(value)}" for key, value in members)
    return Line(f"{space()}{{{inner}}}{space()}".encode("utf-8", "surrogatepass"), text)


usable = st.builds(
    line,
    articles,
    st.integers(0, 2**32),
    st.sampled_from(
        [0, -0.0, 1e300, float("nan"), None, True, [1, {"text": "inner"}], {"text": 7}, "/", "\u2028"]
    ),
)
damaged = st.sampled_from(
    [
        Line(b'{"text": "caf\xe9 closed"}', "caf\ufffd closed"),
        Line(b'{"text": "\\ud83d alone"}', "\ufffd alone"),
        Line(b'{"text": "a\\u0000b"}', "a\x00b"),
        Line(b'{"text": "one\\u000atwo\\/three"}', "one\ntwo/three"),
        Line(b'{"\\u0074ext": "escaped key"}', "escaped key"),
    ]
)
unusable = st.sampled_from(
    [
        Line(b'{"text": "never ends', reason="malformed"),
        Line(b'{"text": "x"} and more', reason="malformed"),
        Line(b'{"text": "x",}', reason="malformed"),
        Line(b"{'text': 'x'}", reason="malformed"),
        Line(b'["text"]', reason="malformed"),
        Line(b'"text"', reason="malformed"),
        Line(b"\x00\x00", reason="malformed"),
        Line(b"\x80\xff", reason="malformed"),
        Line(b'{"text": "raw \x01 control"}', reason="malformed"),
        Line(b"[" * 5000, reason="malformed"),
        Line(b"{}", reason="no_text"),
        Line(b'{"body": "x", "Text": "y"}', reason="no_text"),
        Line(b'{"text": null}', reason="no_text"),
        Line(b'{"text": 17}', reason="text_not_string"),
        Line(b'{"text": "x", "text": ["y"]}', reason="text_not_string"),
        Line(b""),
        Line(b" \t "),
    ]
)
files = st.lists(
    st.tuples(st.one_of(usable, usable, damaged, unusable), st.sampled_from([b"\n", b"\n", b"\r\n"])),
    max_size=12,
)


@settings(max_examples=40)
@given(files, files, st.booleans(), st.booleans(), POLICIES)
def test_every_line_is_kept_removed_or_skipped(
    dedup: Cli,
    place: Callable[[], Path],
    first: list[tuple[Line, bytes]],
    second: list[tuple[Line, bytes]],
    marked: bool,
    ended: bool,
    keep: str,
) -> None:
    folder, mark = place(), b"\xef\xbb\xbf" if marked else b""
    inputs = {"one.jsonl": first, "two.jsonl": second}
    for name, lines in inputs.items():
        data = b"".join(line.data + end for line, end in lines)
        (folder / name).write_bytes(mark + (data if ended else data.removesuffix(b"\n").removesuffix(b"\r")))
        if lines and not ended:
            lines[-1] = (lines[-1][0], b"\n")  # what an unterminated record gets
    out = folder / "out"
    paths = [folder / name for name in inputs]
    kinds = {line.text is not None for line, _ in (*first, *second) if line.text is not None or line.reason}
    if kinds == {False}:
        assert "nothing usable" in dedup.fails("run", *paths, "-o", out)
        assert not out.exists()
        return
    dedup("run", *paths, "-o", out, "--keep", keep, "--write-removed", "--quiet")

    summary, rows, skipped = (
        read_summary(out),
        read_jsonl(out / "clusters.jsonl"),
        read_jsonl(out / "skipped.jsonl"),
    )
    removed = {row["location"] for row in rows if row["is_duplicate"]}
    kept = {row["location"] for row in rows if not row["is_duplicate"]}
    named = [
        (f"{folder / name}:{number}", line, end)
        for name, lines in inputs.items()
        for number, (line, end) in enumerate(lines, 1)
    ]
    assert [row["location"] for row in rows] == [at for at, line, _ in named if line.text is not None]
    assert [(row["location"], row["reason"]) for row in skipped] == [
        (at, line.reason) for at, line, _ in named if line.reason
    ]
    assert all(row["detail"] for row in skipped)
    records = sum(line.text is not None or line.reason is not None for _, line, _ in named)
    assert summary["input"] == records == len(kept) + len(removed) + len(skipped)
    assert (summary["kept"], summary["removed"], summary["skipped"]) == (
        len(kept),
        len(removed),
        len(skipped),
    )
    assert summary["skipped_by_reason"] == Counter(line.reason for _, line, _ in named if line.reason)

    for folder_name, chosen in (("kept", kept), ("removed", removed)):
        for name, lines in inputs.items():
            expected = [
                line.data + end
                for number, (line, end) in enumerate(lines, 1)
                if f"{folder / name}:{number}" in chosen
            ]
            assert (out / folder_name / name).read_bytes() == mark + b"".join(expected)

    texts = [line.text for _, line, _ in named if line.text is not None]
    oracle = Oracle(texts, Settings())
    position = {row["id"]: i for i, row in enumerate(rows)}
    for i, row in enumerate(rows):
        if row["is_duplicate"]:
            twin = position[row["duplicate_of"]]
            assert not rows[twin]["is_duplicate"]
            assert row["similarity"] == round(oracle.jaccard(i, twin), 6) >= 0.5


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.integers(0, 30), st.one_of(articles.map(str.encode), st.binary(max_size=40)), max_size=8
    )
)
def test_text_files_leave_byte_for_byte(place: Callable[[], Path], texts: dict[int, bytes]) -> None:
    folder = place()
    for number, data in texts.items():
        path = folder / "in" / f"deep{number % 2}" / f"ä {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if all(data[:2] in (b"\xff\xfe", b"\xfe\xff") for data in texts.values()):
        return
    out = folder / "out"
    run([str(folder / "in")], Options(output=out, copy=True, write_removed=True))
    rows = read_jsonl(out / "clusters.jsonl")
    skipped = [row["location"] for row in read_jsonl(out / "skipped.jsonl")]
    there = {path.relative_to(folder / "in"): path.read_bytes() for path in (folder / "in").rglob("*.txt")}
    for name, is_removed in (("kept", False), ("removed", True)):
        expected = {
            Path(row["location"]).relative_to(folder / "in")
            for row in rows
            if row["is_duplicate"] == is_removed
        }
        written = {path.relative_to(out / name): path.read_bytes() for path in (out / name).rglob("*.txt")}
        assert written == {path: there[path] for path in expected}
    assert len(rows) + len(skipped) == len(there)
    assert all(
        there[Path(path).relative_to(folder / "in")][:2] in (b"\xff\xfe", b"\xfe\xff") for path in skipped
    )


@pytest.mark.parametrize("extension", EXTENSIONS)
@settings(max_examples=8)
@given(rows=records, keep=POLICIES)
def test_records_leave_value_for_value(
    place: Callable[[], Path], extension: str, rows: list[Record], keep: str
) -> None:
    """With the header or schema; missing values, NaN, nested columns and metadata are what they were."""
    path = write_records(place() / f"news{extension}", rows)
    out = path.parent / "out"
    run([str(path)], Options(output=out, keep=keep, write_removed=True))

    def row_of(row: dict[str, Any]) -> int:
        return int(row["location"].removeprefix(f"{path}:")) - 1

    found = read_jsonl(out / "clusters.jsonl")
    skipped = [row_of(row) for row in read_jsonl(out / "skipped.jsonl")]
    assert sorted([*map(row_of, found), *skipped]) == list(range(len(rows)))
    header, values = read_records(path)
    for name, is_removed in (("kept", False), ("removed", True)):
        chosen = [values[row_of(row)] for row in found if row["is_duplicate"] == is_removed]
        assert read_records(out / name / path.name) == (header, chosen)


# The same bytes, however a run goes

SMALL_CHUNKS = {
    "dedup.readers.jsonl.CHUNK": 300,
    "dedup.readers.json_array.CHUNK": 300,
    "dedup.readers.delimited.BATCH_BYTES": 300,
    "dedup.readers.table.BATCH_ROWS": 2,
    "dedup.writers.table.BATCH_ROWS": 3,
    "dedup.readers.text.BATCH_FILES": 2,
    "dedup.readers.compression.CHUNK": 64,
    "dedup.outputs.ROWS": 2,
    "dedup.pipeline.SLICE_SECONDS": 0.0,
}
"""Constants that say how much is done at a time, and values so small that a few articles are many steps."""


def result_of(
    inputs: list[Path], chunks: Mapping[str, float] = MappingProxyType({}), **options: Any
) -> dict[str, bytes]:
    """All files that a run writes, and what summary.json says but for timings and environment."""
    out = Path(tempfile.mkdtemp(dir=inputs[0].parent))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in chunks.items():
            patch.setattr(name, value)
        run(
            [str(path) for path in inputs],
            Options(output=out, pairs=True, families=True, write_removed=True, copy=True, **options),
        )
    found = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    summary = json.loads(found.pop("summary.json"))
    assert summary.pop("timings")
    assert summary.pop("environment")
    shutil.rmtree(out)
    return found | {"summary.json": json.dumps(summary).encode()}


@pytest.mark.parametrize("extension", [*EXTENSIONS, ""])
@settings(max_examples=5)
@given(rows=records, keep=POLICIES)
def test_threads_chunks_memory_and_engine_change_no_byte(
    place: Callable[[], Path], extension: str, rows: list[Record], keep: str
) -> None:
    inputs = [write_records(place() / f"news{extension}", rows)]
    expected = result_of(inputs, keep=keep, engine="reference")
    for threads in (1, 2, 3):
        assert result_of(inputs, keep=keep, threads=threads) == expected
    assert result_of(inputs, chunks=SMALL_CHUNKS, keep=keep) == expected
    assert result_of(inputs, memory=1, keep=keep) == expected


@pytest.mark.parametrize("keep", ["first", "longest"])
def test_threads_chunks_memory_and_engine_change_no_byte_of_a_large_run(tmp_path: Path, keep: str) -> None:
    """So many articles that every thread has some at the same time, and that clusters span blocks and chunks."""
    choice = random.Random(7)
    stories = [story(seed, choice.randrange(20, 80)) for seed in range(300)]
    chosen = [min(choice.choices(range(300), k=2)) for _ in range(900)]  # the first ones more often
    rows = [
        {"id": str(i), "text": edited(stories[n], choice.randrange(20)) if i % 3 else stories[n]}
        for i, n in enumerate(chosen)
    ]
    rows[::50] = [{"id": "unusable", "text": None}] * len(rows[::50])
    path = write_jsonl(tmp_path / "news.jsonl", rows)
    expected = result_of([path], keep=keep, engine="reference")
    for threads in (1, 2, 3):
        assert result_of([path], keep=keep, threads=threads) == expected
    assert result_of([path], keep=keep, memory=1) == expected
    chunks = {"dedup.readers.jsonl.CHUNK": 50_000, "dedup.pipeline.SLICE_SECONDS": 0.0}
    assert result_of([path], keep=keep, threads=2, chunks=chunks) == expected
