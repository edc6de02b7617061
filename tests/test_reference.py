"""docs/cli.md is what the commands say of themselves and print, and every option says what it takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import typer

from dedup.cli import app
from tests.conftest import ROOT


def commands(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} ")
        else:
            yield above + name, command


def test_the_reference_is_what_its_generator_prints() -> None:
    call = [sys.executable, str(ROOT / "docs" / "reference.py")]
    done = subprocess.run(call, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    current = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert done.stdout.decode() == current, "run `python docs/reference.py > docs/cli.md`"


def test_every_option_says_what_it_does_and_takes() -> None:
    unclear = []
    for name, command in commands(typer.main.get_command(app)):
        for param in command.params:
            text = param.help or ""
            takes = param.metavar or getattr(param, "is_flag", False) or hasattr(param.type, "choices")
            if not text.endswith(".") or not text[:1].isupper() or not takes:
                unclear.append(f"{name} {param.name}: {text!r}")
    assert not unclear


def test_every_command_says_what_it_does_in_a_short_line() -> None:
    long = [
        name
        for name, command in commands(typer.main.get_command(app))
        if not 0 < len(command.help.split("\n\n")[0]) <= 72
    ]
    assert not long
