"""What docs/checks.md says of `dedup check` is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dedup.checking.findings import PROBLEMS
from dedup.checking.formats import FORMATS, SUFFIXES
from tests.articles import Cli, edited, story
from tests.conftest import ROOT
from tests.test_check import ONE, TWO, corpus

DOCS = (ROOT / "docs" / "checks.md").read_text("utf-8")


def block(language: str) -> str:
    """The first code block in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_prints_what_it_prints(dedup: Cli) -> None:
    corpus(a=ONE, b=edited(ONE, 40), c=TWO, d=TWO)
    command, _, printed = block("console").partition("\n")
    assert dedup(*command.split()[2:], code=1).out == printed


def test_the_settings_are_taken(dedup: Cli) -> None:
    Path("pyproject.toml").write_text(block("toml"))
    Path("learned.toml").write_text("")
    dedup("check", corpus(a=ONE, b="few words"), "--update-baseline", code=1)
    assert Path("dedup-baseline.json").exists()


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    corpus(a=ONE, b=ONE, c=story(3))
    exec(block("python"))
    assert capsys.readouterr().out.startswith(
        "corpus/b.txt exact corpus/a.txt 1.0\nFalse ### ❌ dedup check\n"
    )


def test_the_tables_are_complete() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ((?:`\.[\w.]+`(?:, )?)*)", DOCS, re.MULTILINE)
    assert {name for name, _ in rows} == {*PROBLEMS, *FORMATS}
    suffixes = {suffix: name for name, shown in rows for suffix in re.findall(r"`([\w.]+)`", shown)}
    assert suffixes == {**SUFFIXES, ".sarif.json": "sarif"}


def test_the_hook_is_a_command_that_exists(dedup: Cli) -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    assert "entry: dedup check\n" in hook
    pattern = re.search(r"files: (.*)", hook)
    assert pattern is not None
    for name in ("a.txt", "b/c.jsonl.gz", "d.parquet"):
        assert re.search(pattern[1], name)
    assert not re.search(pattern[1], "README.md")
    arguments = re.search(r"args: \[(.*)\]", DOCS)
    assert arguments is not None
    folder = corpus(a=ONE, b=TWO)
    dedup("check", folder, "--baseline", "dedup-baseline.json", "--update-baseline")
    dedup("check", *arguments[1].split(", "), "corpus/a.txt", "corpus/b.txt")
