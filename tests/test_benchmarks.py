"""Benchmarks are tests too: short runs of them check their own results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.generate import write
from tests.conftest import ROOT


def test_generated_articles_are_reproducible_and_like_news(tmp_path: Path) -> None:
    first, second = (write(300, tmp_path / name) for name in ("a.jsonl", "b.jsonl"))
    assert first == second != write(300, tmp_path / "c.jsonl", seed=2)
    articles = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert len({article["id"] for article in articles}) == 300
    assert 3000 < sum(len(article["text"]) for article in articles) / 300 < 5000


def test_the_stages_check_their_results(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.stages", "--count", "300", "--work", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "verify a pair" in done.stdout
