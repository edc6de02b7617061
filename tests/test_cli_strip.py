"""`dedup strip`: clean texts, and explanations."""

import json
from pathlib import Path

import pytest

from tests.articles import Cli, write_jsonl

BODY = "The council voted on Tuesday to keep the old bridge open.\nWork on the piers begins in the spring."
TEXT = f"Skip to main content\n{BODY}\nShare this article\n"


@pytest.fixture
def article() -> Path:
    path = Path("bridge.txt")
    path.write_text(TEXT)
    return path


def test_text_files_come_out_as_text(dedup: Cli, article: Path) -> None:
    assert dedup("strip", article).out == BODY + "\n"
    Path("second.txt").write_text(BODY)
    assert dedup("strip", article, "second.txt").out == f"{BODY}\n{BODY}\n"


def test_records_come_out_as_json_lines(dedup: Cli) -> None:
    write_jsonl(Path("n.jsonl"), [{"id": "ä", "text": TEXT}, {"text": BODY}])
    rows = [json.loads(line) for line in dedup("strip", "n.jsonl").out.splitlines()]
    assert [row["id"] for row in rows] == ["ä", "n.jsonl:2"]
    assert [row["text"].strip() for row in rows] == [BODY, BODY]


def test_explain_names_the_rule_of_each_line(dedup: Cli, article: Path) -> None:
    lines = dedup("strip", article, "--explain").out.splitlines()
    assert lines[0] == "bridge.txt: 2 removed"
    assert [line.split()[:2] for line in lines[1:]] == [["1", "drop"], ["4", "drop"]]
    assert lines[1].endswith("Skip to main content")
    rows = [json.loads(line) for line in dedup("strip", article, "--explain", "--json").out.splitlines()]
    assert [(row["id"], row["line_no"], row["text"], row["action"]) for row in rows] == [
        ("bridge.txt", 1, "Skip to main content", "drop"),
        ("bridge.txt", 4, "Share this article", "drop"),
    ]
    assert all(row["rule"] for row in rows)


def test_skipped_records_are_named(dedup: Cli) -> None:
    Path("n.jsonl").write_text('{"text": 5}\n{"text": "One line."}\n')
    result = dedup("strip", "n.jsonl")
    assert "warning: n.jsonl:1 skipped" in result.err
    assert len(result.out.splitlines()) == 1


def test_many_skipped_records_are_counted(dedup: Cli) -> None:
    Path("n.jsonl").write_text('{"body": "One line."}\n' * 5_000)
    warnings = dedup("strip", "n.jsonl").err.splitlines()
    assert len(warnings) == 11
    assert warnings[-1] == "warning: 5,000 records were skipped in all"


def test_mistakes(dedup: Cli, article: Path) -> None:
    assert "no-such.txt" in dedup.fails("strip", "no-such.txt")
    assert "no.toml" in dedup.fails("strip", article, "--rules", "no.toml")
