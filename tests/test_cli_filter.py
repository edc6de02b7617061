"""`dedup filter` as a process: bytes through, batches, replays, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dedup.index import Index
from dedup.index.stream import batches
from tests.articles import story

FILTER = [sys.executable, "-m", "dedup", "filter"]


def line(identity: str, text: str, **more: object) -> bytes:
    return json.dumps({"id": identity, "text": text, **more}).encode() + b"\n"


def run(*options: str | Path, data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*FILTER, *map(str, options)], input=data, capture_output=True, check=False, timeout=60
    )


LINES = [
    line("a", story(0)),
    line("b", story(1)),
    line("c", story(0)),
    line("d", story(1) + " and more words"),
]


def test_new_articles_pass_byte_for_byte() -> None:
    odd = b'{ "text":"caf\\u00e9 \xff" ,"id" : "odd"}\r\n'
    done = run(data=b"".join(LINES) + b"\n" + odd + b'{"id": "last", "text": "no line end"}')
    assert done.returncode == 0, done.stderr
    assert done.stdout == LINES[0] + LINES[1] + odd + b'{"id": "last", "text": "no line end"}\n'
    assert done.stderr == b"6 articles, 4 new, 2 duplicates\n"


def test_poison_is_reported_and_skipped() -> None:
    done = run("--strict", "--json", data=LINES[0] + b"{broken\n" + b'{"id": 1}\n' + LINES[1])
    assert done.stdout == LINES[0] + LINES[1]
    assert b"-:2 skipped" in done.stderr
    assert b"-:3 skipped" in done.stderr
    assert json.loads(done.stderr.splitlines()[-1])["skipped"] == 2
    assert done.returncode == 2


def test_what_passed_passes_again_unless_it_is_dropped(tmp_path: Path) -> None:
    index, copies = tmp_path / "a.dedup", tmp_path / "copies.jsonl"
    first = run("--index", index, "--duplicates", copies, "--batch-size", "2", data=b"".join(LINES))
    assert first.stdout == LINES[0] + LINES[1]
    assert copies.read_bytes() == LINES[2] + LINES[3]
    assert run("--index", index, data=b"".join(LINES)).stdout == first.stdout
    assert run("--index", index, "--drop-seen", data=b"".join(LINES)).stdout == b""
    tagged = run("--index", index, "--annotate", data=b"".join(LINES) + LINES[0])
    tags = [json.loads(text)["dedup"] for text in tagged.stdout.splitlines()]
    assert [tag["seen"] for tag in tags] == [True, True, True, True, True]
    assert [tag["duplicate_of"] for tag in tags] == [None, None, "a", "b", "a"]
    assert [tag["relation"] for tag in tags] == [None, None, "exact", "near", "exact"]
    assert tagged.stdout.startswith(LINES[0][:-2] + b', "dedup": {')


def test_a_repeated_id_in_one_stream_is_a_copy(tmp_path: Path) -> None:
    for options in ([], ["--index", tmp_path / "a.dedup"]):
        done = run(*options, "--batch-size", "1", data=LINES[0] * 3)
        assert done.stdout == LINES[0]
        assert done.stderr == b"3 articles, 1 new, 2 duplicates\n"


def test_articles_do_not_wait_for_a_full_batch(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*FILTER, "--index", tmp_path / "a.dedup", "--max-latency", "0.05"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for text in LINES[:2]:
        process.stdin.write(text)
        process.stdin.flush()
        assert process.stdout.readline() == text
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143
    process.stdin.close()
    process.stdout.close()
    with Index(tmp_path / "a.dedup") as index:
        assert index.info()["articles"] == 2
        assert index.verify() == []


def test_a_closed_pipe_ends_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*FILTER, "--index", tmp_path / "a.dedup", "--batch-size", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(LINES[0])
    process.stdin.flush()
    assert process.stdout.readline() == LINES[0]
    process.stdout.close()
    process.stdin.write(LINES[1])
    process.stdin.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
    with Index(tmp_path / "a.dedup") as index:
        assert index.info()["articles"] == 2
        assert index.verify() == []


def test_mistakes_are_one_line_and_a_hint(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, but long enough to be looked at" * 100)
    run("--index", tmp_path / "a.dedup", "--threshold", "0.6", data=LINES[0])
    for options, says in [
        (("--index", tmp_path / "text"), b"no index"),
        (("--index", tmp_path / "no" / "a"), b"no directory"),
        (("--index", tmp_path / "a.dedup", "--threshold", "0.7"), b"threshold 0.6"),
        (("--batch-size", "0"), b"out of range"),
        (("--duplicates", tmp_path), b"directory"),
    ]:
        done = run(*options, data=LINES[0])
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"error: ")
        assert says in done.stderr
        assert b"Traceback" not in done.stderr


def test_a_settings_file_names_the_index(tmp_path: Path) -> None:
    (tmp_path / "dedup.toml").write_text('index = "own.dedup"\nthreshold = 0.6\nid-field = "name"\n')
    for _ in range(2):
        done = subprocess.run(FILTER, input=LINES[0], capture_output=True, check=True, cwd=tmp_path)
        assert done.stdout == LINES[0]
    command = [*FILTER[:-1], "index", "info", "own.dedup", "--json"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout)["settings"]["threshold"] == 0.6


def test_batches_are_whole_lines_in_time() -> None:
    reader, writer = os.pipe()
    got = batches(reader, 2, 0.01)
    os.write(writer, b"1\n2\n3\n4")
    assert next(got) == b"1\n2\n"
    assert next(got) == b"3\n"
    os.write(writer, b"4\n5\n")
    start = time.monotonic()
    assert next(got) == b"44\n5\n"
    assert time.monotonic() - start < 5
    os.write(writer, b"end")
    os.close(writer)
    assert list(got) == [b"end"]
    os.close(reader)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_index_by_hand(tmp_path: Path, as_json: bool) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"".join(LINES))
    (tmp_path / "b.txt").write_text(story(0))
    index = tmp_path / "a.dedup"

    def call(name: str, *arguments: str | Path, code: int = 0) -> str:
        command = [sys.executable, "-m", "dedup", "index", name, index, *arguments]
        done = subprocess.run(
            [*map(str, command), *(["--json"] if as_json else [])],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    shown = call("add", tmp_path / "a.jsonl")
    if as_json:
        assert json.loads(shown)["duplicates"] == 2
    else:
        assert "duplicates  2" in shown
    shown = call("query", tmp_path / "b.txt")
    assert '"exact"' in shown if as_json else "1.000  exact" in shown
    assert "whole" in call("verify") or as_json
    call("compact")
    call("export", tmp_path / "a.parquet")
    call("rebuild", "--threshold", "0.6")
    assert "0.6" in call("info")
    shown = call("remove", "b", "nobody")
    if as_json:
        assert json.loads(shown) == {"removed": 1, "forgotten": 1, "unknown": 1}
    assert "0" in call("expire", "--before", "30d")
    call("expire", "--before", "yesterday", code=2)
    shown = call("import", tmp_path / "a.parquet")
    if as_json:
        assert json.loads(shown)["seen"] == 2
