"""Made-up articles and ways to run the command line on them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dedup.cli import main

WORDS = [
    *("harbour", "council", "ferry", "bridge", "winter", "market", "teacher", "river", "engine", "minister"),
    *(
        "garden",
        "railway",
        "signal",
        "copper",
        "lantern",
        "festival",
        "orchard",
        "quarry",
        "glacier",
        "library",
    ),
]


def story(seed: int, words: int = 80) -> str:
    """An article of its own: two different seeds have no shingle in common but by chance."""
    chosen = random.Random(seed)
    return " ".join(f"{chosen.choice(WORDS)}{chosen.randrange(100)}" for _ in range(words))


def edited(text: str, position: int) -> str:
    """A copy with one word changed: Jaccard (n - 5) / (n + 5) for n shingles."""
    words = text.split()
    words[position] = "altogether"
    return " ".join(words)


def write_jsonl(path: Path, records: Iterable[Mapping[str, object]]) -> Path:
    """One JSON line a record."""
    path.write_text(
        "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8"
    )
    return path


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """All records of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_summary(out: Path) -> dict[str, Any]:
    """summary.json of a run."""
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


class Cli:
    """Runs `dedup` in this process. A failed assertion shows the command and what it printed."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: object, code: int = 0) -> Result:
        """Run a command that is expected to end with `code`."""
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        result = Result(int(ended.value.code or 0), *self._capfd.readouterr())
        command = " ".join(map(str, arguments))
        assert result.code == code, f"dedup {command}\n{result.out}\n{result.err}"
        assert "Traceback" not in result.err
        return result

    def fails(self, *arguments: object) -> str:
        """Run a command that is expected to fail: one line of error, and a hint."""
        result = self(*arguments, code=2)
        lines = result.err.splitlines()
        assert len(lines) == 3, result.err
        assert lines[0].startswith("error: ")
        assert lines[1] == ""
        assert lines[2].startswith("hint: ")
        return result.err
