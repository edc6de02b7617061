"""The reports of `dedup check` are what their readers expect."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from dedup.checking.findings import (
    PROBLEMS,
    RELATIONS,
    Article,
    Duplicate,
    Limits,
    Place,
    Problem,
    Report,
    Stale,
)
from dedup.checking.formats import FORMATS, SUFFIXES, format_of, render
from dedup.checking.formats.markdown import MOST
from dedup.checking.formats.sarif import CODES, RULES
from dedup.errors import UsageError
from dedup.model import Skipped
from tests.articles import Cli
from tests.test_check import ONE, TWO, corpus

HOSTILE = "a]]>&<b>|`*_%\r\n::error::x,y\x1b[31m\udcff:\u2028 @team"


def article(path: str, number: int = 0, line: int = 1) -> Article:
    return Article(f"id of {path}", Place(path, number, line), "f" * 32)


def made(*, limit: int | None = None, name: str = "a b") -> Report:
    """A report with one of everything."""
    duplicates = [
        Duplicate(article(f"{name}.txt"), article("/abs/o.txt"), "exact", 1.0, 1.0),
        Duplicate(article("in.jsonl", 7, 7), article(name, 2, 2), "near", 0.654321, 0.8),
        Duplicate(article("in.jsonl", 8, 8), article("o.txt"), "excerpt", 0.1, 0.987),
    ]
    return Report(
        articles=10,
        known=5,
        duplicates=duplicates,
        accepted=[Duplicate(article("ok.txt"), article("o.txt"), "near", 0.9, 0.9)],
        stale=[Stale(f"{name}.txt", "o.txt", "exact")],
        problems=[Problem(Place(f"{name}.txt", 0, 3), code, f"message {name}") for code in PROBLEMS],
        linted=True,
        skipped=[Skipped(f"{name}:3", "malformed", "bad")],
        limits=Limits(limit),
        settings={"threshold": 0.5},
        fingerprint="0123",
        warnings=[f"warning {name}"],
    )


def nothing() -> Report:
    """A report on a corpus that is as it should be."""
    return Report(3, 0, [], [], [], [], False, [], Limits(), {}, "0123", [])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("report", [made(), made(limit=9), made(name=HOSTILE), nothing()])
def test_every_format_takes_every_report(name: str, report: Report) -> None:
    text = render(report, name)
    assert text.endswith("\n")
    assert "\x1b" not in text


def test_formats_by_name_and_suffix() -> None:
    assert {format_of(f"report{suffix}") for suffix in SUFFIXES} == set(FORMATS) - {"github"}
    assert format_of("x/REPORT.SARIF.JSON") == "sarif"
    assert format_of("my.sarif.txt") == "text"
    with pytest.raises(UsageError, match="tells no format"):
        format_of("report")
    with pytest.raises(UsageError, match="unknown format"):
        render(nothing(), "yaml")


def test_text() -> None:
    assert render(made(name="a"), "text").splitlines()[:3] == [
        "a.txt: exact copy of /abs/o.txt",
        "in.jsonl:7: near copy of a:2 (similarity 0.65)",
        "in.jsonl:8: excerpt of o.txt (99% of it)",
    ]
    hostile = render(made(name=HOSTILE), "text")
    assert len(hostile.splitlines()) == len(render(made(), "text").splitlines())


def test_github_annotations() -> None:
    lines = render(made(name="50%, a:b"), "github").splitlines()
    assert lines[0] == (
        "::error file=50%25%2C a%3Ab.txt,line=1,title=exact::50%25, a:b.txt: exact copy of /abs/o.txt"
    )
    assert lines[1].startswith("::error file=in.jsonl,line=7,title=near::in.jsonl:7: near copy of ")
    assert lines[-1].startswith("::error title=dedup check::failed: 3 duplicates in 10 articles")
    assert render(made(limit=3), "github").startswith("::warning ")
    assert render(nothing(), "github") == (
        "::notice title=dedup check::passed: 0 duplicates in 3 articles; none allowed\n"
    )
    for line in render(made(name=HOSTILE), "github").splitlines():
        assert re.match(r"::(error|notice|warning) ", line)


def test_markdown_is_inert() -> None:
    text = render(made(name=HOSTILE), "markdown")
    assert "<b>" not in text
    assert "@team" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5, 4}
    many = made()
    many.duplicates.extend(many.duplicates[:1] * MOST)
    assert f"and {3:,} more" in render(many, "markdown")


def test_junit_says_what_the_exit_code_says() -> None:
    from junitparser import Failure, JUnitXml
    from junitparser import Skipped as SkippedCase

    def outcomes(report: Report) -> dict[str, list[type]]:
        xml = JUnitXml.fromstring(render(report, "junit").encode())
        return {suite.name: [type(case.result[0]) if case.result else str for case in suite] for suite in xml}

    failed = outcomes(made(name=HOSTILE))
    assert failed["duplicates"] == [Failure] * 4 + [SkippedCase]
    assert failed["problems"] == [Failure] * len(PROBLEMS)
    assert outcomes(made(limit=3))["duplicates"] == [str] + [SkippedCase] * 4
    assert outcomes(nothing()) == {"duplicates": [str]}


def test_junit_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "junitparser", None)
    with pytest.raises(UsageError) as error:
        render(nothing(), "junit")
    assert error.value.hint == "pip install 'article-dedup[report]'"


def sarif(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(report, "sarif"))
    return found


def test_sarif_holds_everything() -> None:
    assert CODES.keys() == RELATIONS.keys()
    assert {*CODES.values(), *PROBLEMS} == RULES.keys()
    (run,) = sarif(made())["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES)
    results = run["results"]
    assert [one["ruleId"] for one in results] == [
        *("exact-copy", "near-copy", "excerpt", "near-copy"),
        *PROBLEMS,
    ]
    assert all(list(RULES)[one["ruleIndex"]] == one["ruleId"] for one in results)
    assert [one["level"] for one in results[:3]] == ["error"] * 3
    assert [one["level"] for one in sarif(made(limit=3))["runs"][0]["results"][:3]] == ["warning"] * 3
    assert [bool(one.get("suppressions")) for one in results[:4]] == [False, False, False, True]
    place = results[1]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "in.jsonl"}, "region": {"startLine": 7}}
    uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b.txt"
    original = results[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert original == "file:///abs/o.txt"
    assert run["invocations"][0]["exitCode"] == 1


@pytest.mark.parametrize("report", [made(), made(name=HOSTILE), nothing()])
def test_sarif_is_valid(report: Report) -> None:
    """Against the schema of SARIF 2.1.0 itself, whose file the environment names: it is not ours to commit."""
    schema = os.environ.get("SARIF_SCHEMA")
    if not schema:
        pytest.skip("needs the schema of SARIF 2.1.0: SARIF_SCHEMA=FILE")
    from jsonschema import Draft7Validator

    rules = json.loads(Path(schema).read_text("utf-8"))
    assert "2.1.0" in rules["title"]
    errors = [error.message for error in Draft7Validator(rules).iter_errors(sarif(report))]
    assert not errors


def test_several_reports_at_once(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=ONE, c=TWO)
    outputs = ["r.sarif", "r.xml", "r.md", "github=annotations", "json=x=y", "r.txt"]
    options = [part for output in outputs for part in ("--output", output)]
    printed = dedup("check", folder, *options, code=1).out
    assert Path("r.txt").read_text() == printed
    assert json.loads(Path("x=y").read_text())["counts"]["duplicates"] == 1
    assert Path("annotations").read_text().startswith("::error ")
    assert Path("r.md").read_text().startswith("### ❌ dedup check")
    assert Path("r.xml").read_text().startswith("<?xml ")
    assert json.loads(Path("r.sarif").read_text())["version"] == "2.1.0"


def test_links_and_pipes_are_written_to_and_not_replaced(dedup: Cli) -> None:
    """As /dev/stdout is a link, which a rename would take away from the whole machine."""
    folder = corpus(a=ONE)
    Path("target.txt").touch()
    Path("link.txt").symlink_to("target.txt")
    os.mkfifo("pipe.txt")
    reader = os.open("pipe.txt", os.O_RDONLY | os.O_NONBLOCK)
    dedup("check", folder, "--quiet", "--output", "link.txt", "--output", "pipe.txt")
    assert Path("link.txt").is_symlink()
    assert Path("target.txt").read_text().startswith("passed")
    assert Path("pipe.txt").is_fifo()
    assert os.read(reader, 6) == b"passed"
    os.close(reader)
