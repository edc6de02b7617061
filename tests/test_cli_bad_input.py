"""Bad input through the command line: each case is a one-line error, or a counted skip with its location."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.articles import Cli, read_jsonl, read_summary, story, write_jsonl

GOOD = [f'{{"id": "g{i}", "text": "{story(i)}"}}'.encode() for i in range(3)]


def run_lines(
    dedup: Cli, *lines: bytes, end: bytes = b"\n"
) -> tuple[dict[str, object], list[dict[str, str]]]:
    """Run on a file of these lines; the kept ones must leave byte for byte. Returns summary and skipped records."""
    Path("in.jsonl").write_bytes(end.join(lines) + end)
    dedup("run", "in.jsonl", "-o", "out", "--force", "--quiet")
    summary, skipped = read_summary(Path("out")), read_jsonl(Path("out/skipped.jsonl"))
    assert summary["input"] == summary["kept"] + summary["removed"] + summary["skipped"]
    assert summary["skipped"] == len(skipped)
    kept = Path("out/kept/in.jsonl").read_bytes()
    bad = {int(record["location"].rpartition(":")[2]) for record in skipped}
    assert kept == b"".join(
        line + end for number, line in enumerate(lines, 1) if number not in bad and line.strip()
    )
    return summary, skipped


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "x", "body": "..."}', "no_text"),
        (b'{"id": "x", "text": null}', "no_text"),
        (b'{"id": "x", "text": 5}', "text_not_string"),
        (b'{"id": "x", "text": ["a"]}', "text_not_string"),
        (b'{"id": "x", "text": "cut o', "malformed"),
        (b'{"id": "x", "text": "a"} trailing', "malformed"),
        (b'["no", "object"]', "malformed"),
        (b'{"id": "x", "text": "raw \x00 control"}', "malformed"),
        (b'{"id": "x", "text": "a", "deep": ' + b"[" * 100_000 + b"]" * 99_999 + b"}", "malformed"),
    ],
)
def test_unusable_records_are_skipped_with_their_place(dedup: Cli, line: bytes, reason: str) -> None:
    summary, skipped = run_lines(dedup, GOOD[0], line, GOOD[1])
    assert [(record["location"], record["reason"]) for record in skipped] == [("in.jsonl:2", reason)]
    assert summary["skipped_by_reason"] == {reason: 1}
    assert summary["kept"] == 2


def test_a_missing_field_lists_those_there_are(dedup: Cli) -> None:
    _, skipped = run_lines(dedup, GOOD[0], b'{"id": "x", "body": "...", "headline": "..."}')
    assert "body" in skipped[0]["detail"]
    assert "headline" in skipped[0]["detail"]


def test_skipped_records_only_are_an_error(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"id": 1, "body": "..."}, {"id": 2}])
    for more in (["-o", "out"], ["--dry-run"]):
        message = dedup.fails("run", "in.jsonl", *more)
        assert "nothing usable: all 2 records were skipped, the first at in.jsonl:1: no field" in message
        assert "--text-field" in message
    write_jsonl(Path("in.jsonl"), [{"text": 5}])
    assert "nothing usable: the only record was skipped, at in.jsonl:1" in dedup.fails(
        "run", "in.jsonl", "-o", "out"
    )
    assert not Path("out").exists()


def test_a_text_field_that_no_record_has_is_warned_about(dedup: Cli) -> None:
    warning = 'warning: no record has the text field "titel", only the others were compared: check its name'
    records = [{"title": "A", "text": story(1)}, {"title": None, "text": story(2)}]
    write_jsonl(Path("in.jsonl"), records)
    Path("in.json").write_text(json.dumps(records))
    Path("in.csv").write_text("title,text\nA,B\n")
    Path("in.txt").write_text("C")
    pq.write_table(pa.table({"title": ["A"], "text": ["B"]}), "in.parquet")
    for name in ("in.jsonl", "in.json", "in.csv", "in.parquet", "."):
        assert warning in dedup("run", name, "--dry-run", "--text-field", "titel,text").err
        assert dedup("run", name, "--dry-run", "--text-field", "title,text").err == ""
    assert "warning" not in dedup("run", "in.txt", "--dry-run", "--text-field", "titel,text").err
    Path("more.csv").write_text("titel,text\nA,B\n")
    assert dedup("run", "in.jsonl", "more.csv", "--dry-run", "--text-field", "titel,text").err == ""


def test_two_columns_of_one_name(dedup: Cli) -> None:
    Path("in.csv").write_text("text,id,more,more,text\nA,1,,,B\n")
    message = dedup.fails("run", "in.csv", "-o", "out")
    assert 'error: in.csv has 2 columns "text"' in message
    assert "rename" in message
    assert (
        dedup("run", "in.csv", "--dry-run", "--text-field", "id", "--id-field", "none").err.count("two") == 0
    )
    pq.write_table(pa.table([["A"], ["B"]], names=["text", "text"]), "in.parquet")
    assert 'error: in.parquet has 2 columns "text"' in dedup.fails("run", "in.parquet", "-o", "out")


def test_json_lines_that_are_named_json(dedup: Cli) -> None:
    Path("part").mkdir()
    data = b"\n".join(GOOD) + b"\n"
    Path("part/0.json").write_bytes(data)
    for name in ("part", "part/0.json"):
        message = dedup.fails("run", name, "-o", "out")
        assert "error: part/0.json holds JSON lines" in message
        assert ".jsonl" in message
    write_jsonl(Path("part/1.jsonl"), [{"text": "a"}])
    dedup("run", "part", "-o", "out")
    assert [row["detail"] for row in read_jsonl(Path("out/skipped.jsonl"))] == ["the file holds JSON lines"]


@pytest.mark.parametrize(
    "text",
    [b"invalid \xff\xfe UTF-8", b"a lone \\ud800 surrogate"],
)
def test_damaged_texts_are_repaired_for_comparing_only(dedup: Cli, text: bytes) -> None:
    summary, _ = run_lines(dedup, GOOD[0], b'{"id": "x", "text": "' + text + b'"}')
    assert summary["repaired"] == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": "x", "text": "an escaped \\u0000 NUL"}',
        b'{"id": "x", "text": "deep", "more": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"id": "x", "text": "number", "n": NaN}',
        b'   {"id": "x", "text": "indented"}   ',
    ],
)
def test_odd_records_are_no_trouble(dedup: Cli, line: bytes) -> None:
    summary, _ = run_lines(dedup, GOOD[0], line, b"", GOOD[1])
    assert (summary["kept"], summary["repaired"]) == (3, 0)


def test_byte_order_mark_and_crlf(dedup: Cli) -> None:
    summary, _ = run_lines(dedup, b"\xef\xbb\xbf" + GOOD[0], GOOD[1], GOOD[2], end=b"\r\n")
    assert summary["kept"] == 3
    assert [row["id"] for row in read_jsonl(Path("out/clusters.jsonl"))] == ["g0", "g1", "g2"]


def test_duplicate_ids_are_reported_and_handled(dedup: Cli) -> None:
    records = [{"id": "x", "text": story(i)} for i in range(3)] + [{"id": "in.jsonl:2", "text": story(3)}]
    write_jsonl(Path("in.jsonl"), records)
    warned = dedup("run", "in.jsonl", "-o", "out").err
    assert "warning: ids that were already seen are replaced by the location (2)" in warned
    rows = read_jsonl(Path("out/clusters.jsonl"))
    assert [row["id"] for row in rows] == ["x", "in.jsonl:2#2", "in.jsonl:3", "in.jsonl:2"]
    assert read_summary(Path("out"))["duplicate_ids"] == {
        "count": 2,
        "examples": [{"id": "x", "location": "in.jsonl:2"}, {"id": "x", "location": "in.jsonl:3"}],
    }


def test_a_truncated_archive(dedup: Cli) -> None:
    whole = gzip.compress(b"\n".join(GOOD) + b"\n")
    Path("in.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    assert "in.jsonl.gz" in dedup.fails("run", "in.jsonl.gz", "-o", "out")
    assert not Path("out").exists()


def test_an_encoding_that_the_file_is_not_in(dedup: Cli) -> None:
    Path("in.jsonl").write_bytes(GOOD[0])
    message = dedup.fails("run", "in.jsonl", "-o", "out", "--encoding", "utf-16")
    assert "error: in.jsonl is not utf-16" in message
    assert "utf-16-le" in message
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("without a mark", encoding="utf-8")
    message = dedup.fails("run", "texts", "-o", "out", "--encoding", "utf-16")
    assert "error: nothing usable: the only record was skipped, at texts/a.txt: is not utf-16" in message
    Path("texts/b.txt").write_text("with a mark", encoding="utf-16")
    dedup("run", "texts", "-o", "out", "--encoding", "utf-16")
    (skipped,) = read_jsonl(Path("out/skipped.jsonl"))
    assert (skipped["reason"], skipped["detail"]) == (
        "unreadable",
        "is not utf-16: UTF-16 stream does not start with BOM",
    )


def test_inputs_that_are_not_there(dedup: Cli) -> None:
    assert "no.jsonl" in dedup.fails("run", "no.jsonl", "-o", "out")
    assert "*.jsonl" in dedup.fails("run", "*.jsonl", "-o", "out")
    Path("empty").mkdir()
    assert "empty" in dedup.fails("run", "empty", "-o", "out")
    Path("picture.png").write_bytes(b"\x89PNG")
    assert "picture.png" in dedup.fails("run", "picture.png", "-o", "out")
    assert "picture.png/a.jsonl" in dedup.fails("run", "picture.png/a.jsonl", "-o", "out")
    assert not Path("out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(dedup: Cli) -> None:
    path = write_jsonl(Path("secret.jsonl"), [{"text": "a"}])
    path.chmod(0)
    assert "secret.jsonl" in dedup.fails("run", path, "-o", "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"text": "a"}])
    Path("closed").mkdir(mode=0)
    for path in ("closed", "closed/a.jsonl"):
        assert f"error: {path} cannot be read: Permission denied" in dedup.fails("run", path, "-o", "out")
    assert "error: cannot write closed/out: Permission denied" in dedup.fails(
        "run", "in.jsonl", "-o", "closed/out"
    )
    assert not Path("out").exists()


def test_an_empty_file_is_no_error(dedup: Cli) -> None:
    Path("in.jsonl").touch()
    assert "warning: the inputs hold no articles" in dedup("run", "in.jsonl", "-o", "out").err
    assert Path("out/kept/in.jsonl").read_bytes() == b""
    assert read_summary(Path("out"))["input"] == 0


def test_an_output_directory_in_use(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"text": "a"}])
    Path("out").mkdir()
    Path("out/mine").write_text("precious")
    assert "--force" in dedup.fails("run", "in.jsonl", "-o", "out")
    assert [path.name for path in Path("out").iterdir()] == ["mine"]
    dedup("run", "in.jsonl", "-o", "out", "--force")
    assert Path("out/mine").read_text() == "precious"
    assert "file.txt" in dedup.fails("run", "in.jsonl", "-o", write_jsonl(Path("file.txt"), []))
    assert "error: in.jsonl is the input" in dedup.fails("run", "in.jsonl", "-o", "in.jsonl")


def test_results_are_not_read_as_articles(dedup: Cli) -> None:
    Path("in").mkdir()
    write_jsonl(Path("in/a.jsonl"), [{"text": "a"}])
    dedup("run", "in", "-o", "in/out")
    before = read_summary(Path("in/out"))
    dedup("run", "in", "-o", "in/out", "--force")
    assert read_summary(Path("in/out"))["input"] == before["input"] == 1
    kept = Path("in/out/kept/a.jsonl")
    assert "is inside the output directory" in dedup.fails("run", kept, "-o", "in/out", "--force")


def test_an_id_field_that_is_not_there_is_warned_about(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"url": "u", "text": story(1)}, {"text": story(2)}])
    warned = dedup("run", "in.jsonl", "-o", "out", "--id-field", "uri").err
    assert 'warning: records without "uri" go by their location (2 of 2)' in warned
    assert "(1 of 2)" in dedup("run", "in.jsonl", "--dry-run", "--id-field", "url").err
    assert dedup("run", "in.jsonl", "--dry-run").err == "", "records may do without ids"


def test_options_that_contradict_each_other(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"text": "a"}])
    assert "--annotate" in dedup.fails("run", "in.jsonl", "-o", "out", "--annotate", "--write-removed")
    assert "limit 0" in dedup.fails("run", "in.jsonl", "-o", "out", "--limit", "0")
    assert not Path("out").exists()


def test_empty_names(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"text": "a"}])
    assert "--text-field" in dedup.fails("run", "in.jsonl", "-o", "out", "--text-field", "title,")


def test_temporary_files_that_cannot_be_made(dedup: Cli) -> None:
    Path("in.jsonl.gz").write_bytes(gzip.compress(GOOD[0]))
    assert "no/such" in dedup.fails("run", "in.jsonl.gz", "-o", "out", "--temp-dir", "no/such")


def test_a_title_that_the_terminal_cannot_show() -> None:
    write_jsonl(Path("in.jsonl"), [{"id": i, "title": "Überraschung…", "text": story(1)} for i in range(2)])
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "dedup", "run", "in.jsonl", "-o", "out"]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert "2  0  Überraschung?" in done.stdout.decode("latin-1")


def test_a_long_line(dedup: Cli) -> None:
    line = b'{"id": "x", "text": "' + b"word " * 50_000 + b'"}'
    summary, _ = run_lines(dedup, GOOD[0], line, GOOD[1])
    assert summary["kept"] == 3


@pytest.mark.slow
def test_a_line_of_200_megabytes(dedup: Cli) -> None:
    line = b'{"id": "x", "text": "' + b"word " * 40_000_000 + b'"}'
    summary, _ = run_lines(dedup, GOOD[0], line, GOOD[1])
    assert summary["kept"] == 3
