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


def test_explain_shows_what_goes_in_its_place(dedup: Cli, article: Path) -> None:
    assert dedup("strip", article, "--explain").out.splitlines() == [
        "bridge.txt: 2 lines removed",
        "- 1  Skip to main content  skip.en",
        "  2  The council voted on Tuesday to keep the old bridge open.",
        "  3  Work on the piers begins in the spring.",
        "- 4  Share this article    share.en",
    ]


def test_explain_folds_and_shortens_what_stays(dedup: Cli) -> None:
    lines = [f"Paragraph {number} of a {'very ' * 20}long story" for number in range(9)]
    Path("long.txt").write_text("\n\n".join(["News article: " + lines[0], *lines[1:], "Share this article"]))
    shown = dedup("strip", "long.txt", "--explain").out.splitlines()
    assert shown[0] == "long.txt: 1 line removed, 1 cut"
    assert [line[:22] for line in shown[1:]] == [
        "~  1  [-News article: ",
        "   3  Paragraph 1 of a",
        "   …  6 lines",
        "  17  Paragraph 8 of a",
        "- 19  Share this artic",
    ]
    assert shown[1].endswith("…  prompt.head_prefix")
    assert all(len(line) <= 100 for line in shown if line.startswith(" "))


def test_explain_says_where_nothing_goes_and_where_a_guard_rail_acted(dedup: Cli) -> None:
    write_jsonl(Path("n.jsonl"), [{"id": "whole", "text": BODY}, {"id": "short", "text": "Topics\nA line."}])
    shown = dedup("strip", "n.jsonl", "--explain").out.splitlines()
    assert shown[0] == "whole: nothing removed"
    assert shown[1] == "short: nothing removed"
    assert shown[2].startswith("! guard rail: ")


def test_explain_is_coloured_where_colours_are_welcome(
    dedup: Cli, article: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedup.cli.rows.coloured", lambda stream: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    article.write_text(TEXT.replace("The", "News article: The\x1b[2J"))
    shown = dedup("strip", article, "--explain").out
    assert "\x1b[31mShare this article\x1b[0m" in shown
    assert "\x1b[31mNews article: \x1b[0m" in shown
    assert "[-" not in shown
    assert "\x1b[2J" not in shown


def test_explain_as_json(dedup: Cli, article: Path) -> None:
    Path("second.txt").write_text(BODY)
    rows = [
        json.loads(line)
        for line in dedup("strip", article, "second.txt", "--explain", "--json").out.splitlines()
    ]
    assert rows == [
        {
            "id": "bridge.txt",
            "guarded": False,
            "removed": [
                {
                    "line_no": number,
                    "text": text,
                    "action": "drop",
                    "rule": f"{cls}.en",
                    "class": cls,
                    "distinct": None,
                    "documents": None,
                    "position": {"part": part, "ordinal": 1},
                }
                for number, text, cls, part in (
                    (1, "Skip to main content", "skip", "head"),
                    (4, "Share this article", "share", "tail"),
                )
            ],
        },
        {"id": "second.txt", "guarded": False, "removed": []},
    ]


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
