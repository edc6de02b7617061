"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
MEASURED = re.compile(r"^(time|speed) .*$", re.MULTILINE)
"""Lines that are different every time."""


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """(command, output) of every example."""
    text = "\n".join(blocks("console"))
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", text, re.MULTILINE)


def test_the_examples_are_there() -> None:
    assert len(commands()) == 4
    assert len(blocks("python")) == 1


def test_the_examples_print_what_they_print(tmp_path: Path, corpus: Path) -> None:
    (tmp_path / "corpus").symlink_to(corpus)
    for command, expected in commands():
        line = (
            command.replace("dedup ", f"{sys.executable} -m dedup ", 1)
            if command.startswith("dedup")
            else command
        )
        done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
        printed = "\n".join(row.rstrip() for row in MEASURED.sub("", done.stdout).rstrip().splitlines())
        assert printed == MEASURED.sub("", expected).rstrip(), command


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = "The harbour of Kellin Bay reopened on Monday after the storm, and the first ferries left at noon."
    exec(blocks("python")[0], {"text": text, "texts": [text, text]})
    assert capsys.readouterr().out.startswith("1 1\n")


def test_both_commands_of_the_set_up_are_marked_for_ci() -> None:
    for name in ("run", "test"):
        assert re.search(rf"<!-- ci:{name} -->\n```sh\n\S.*\n```", README), name
