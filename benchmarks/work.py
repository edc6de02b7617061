"""What all benchmarks need: how much to measure, generated articles, interpreters for peers, `dedup` as a command.

Everything made lies in one working directory and is used again: articles with their checksum beside them, a virtual
environment for each peer, results of the last run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate import Recipe, write


@dataclass(frozen=True)
class Work:
    """Where and how much.

    Attributes:
        directory: For everything that is made.
        count: Articles, instead of the benchmark's own number.
        rounds: Rounds, instead of the benchmark's own number.
        only: Cases to measure, instead of all.
    """

    directory: Path
    count: int | None = None
    rounds: int | None = None
    only: tuple[str, ...] = ()

    def chosen(self, case: str) -> bool:
        """Whether a case is to be measured."""
        return not self.only or case in self.only

    def articles(self, count: int, recipe: Recipe | None = None) -> tuple[Path, str]:
        """A file of generated articles and its SHA-256; made if it is not there."""
        recipe = recipe or Recipe()
        path = self.directory / f"{recipe.name}-{count}.jsonl"
        checksum = path.with_suffix(".sha256")
        if not (path.exists() and checksum.exists()):
            self.directory.mkdir(parents=True, exist_ok=True)
            print(f"making {count:,} articles", file=sys.stderr, flush=True)
            checksum.write_text(write(count, path, recipe))
        return path, checksum.read_text()

    def python(self, name: str, requirements: Sequence[str]) -> Path:
        """The interpreter of a virtual environment with some packages; made if it is not there."""
        home = self.directory / "environments" / name
        python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        wanted = "\n".join(requirements)
        installed = home / "requirements.txt"
        if not installed.exists() or installed.read_text() != wanted:
            print(f"installing {', '.join(requirements)}", file=sys.stderr, flush=True)
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "-q", "install", *requirements], check=True)
            installed.write_text(wanted)
        return python

    def results(self, name: str = "last") -> Path:
        """A directory for results that does not exist yet, in one that does."""
        path = self.directory / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        return path


NEAR_ONLY = ("--no-strip", "--excerpts", "off")
"""What other tools do: no boilerplate is stripped, no excerpts are looked for."""


def dedup(articles: Path, results: Path, *options: str, threads: int = 1) -> list[str]:
    """The command `dedup run` of the interpreter that runs this."""
    command = [sys.executable, "-m", "dedup", "run", str(articles), "-o", str(results), "--quiet"]
    return [*command, "--threads", str(threads), *options]
