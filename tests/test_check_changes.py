"""`dedup check --since`: what changed in a git repository."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.articles import Cli, edited, story, write_jsonl
from tests.test_check import ONE, THREE, TWO, corpus, pairs, report

Git = Callable[..., None]


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch) -> Git:
    """A new repository in the working directory, and a way to call git in it."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)

    call("init", "-q", "-b", "main")
    return call


def test_only_changed_files_are_checked(dedup: Cli, git: Git) -> None:
    folder = corpus(a=ONE, b=ONE, c=TWO, d=story(4))
    git("add", ".")
    git("commit", "-qm", "first")
    result = dedup("check", folder, "--since", "HEAD")
    assert "warning: no article changed since HEAD" in result.err
    assert result.out == "passed: 0 duplicates in 0 articles, compared with 4 more; none allowed\n"
    # Edited, added and staged, not even tracked, renamed, deleted.
    (folder / "d.txt").write_text(edited(TWO, 5))
    corpus(e=story(5), f=ONE)
    git("add", "corpus/e.txt")
    (folder / "c.txt").rename(folder / "g ü.txt")
    git("add", "-A", "corpus/c.txt", "corpus/g ü.txt")
    (folder / "b.txt").unlink()
    found = report(dedup, folder, "--since", "HEAD", code=1)
    assert (found["articles"], found["compared_with"]) == (3, 2)
    assert pairs(found) == [("near", "d", "g ü"), ("exact", "f", "a")]


def test_changes_are_those_of_the_branch(dedup: Cli, git: Git) -> None:
    folder = corpus(a=ONE)
    git("add", ".")
    git("commit", "-qm", "first")
    git("checkout", "-qb", "topic")
    git("checkout", "-q", "main")
    corpus(a=TWO)
    git("commit", "-qam", "main goes on")
    git("checkout", "-q", "topic")
    corpus(b=THREE)
    git("add", ".")
    git("commit", "-qm", "topic")
    assert report(dedup, folder, "--since", "main")["articles"] == 1


def test_only_changed_lines_of_json_lines_are_checked(dedup: Cli, git: Git) -> None:
    records = [{"id": i, "text": story(i)} for i in range(6)]
    path = write_jsonl(Path("in.jsonl"), records)
    array = Path("in.json")
    array.write_text(json.dumps([{"text": story(i)} for i in (20, 21)]))
    git("add", ".")
    git("commit", "-qm", "first")
    records[4]["text"] = story(1)
    write_jsonl(
        path,
        [records[0], records[2], *records[3:], {"id": 9, "text": story(3)}, {"id": 10, "text": story(8)}],
    )
    found = report(dedup, path, array, "--since", "HEAD", code=1)
    assert found["articles"] == 3
    assert [(one["article"]["location"], one["original"]["location"]) for one in found["duplicates"]] == [
        ("in.jsonl:6", "in.jsonl:3")
    ]
    array.write_text(json.dumps([{"text": story(i)} for i in (20, 22)]))
    assert report(dedup, path, array, "--since", "HEAD", code=1)["articles"] == 5


def test_from_a_folder_below_and_against_another_split(
    dedup: Cli, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus(a=ONE, b=TWO)
    Path("train").mkdir()
    Path("train/t.txt").write_text(THREE)
    git("add", ".")
    git("commit", "-qm", "first")
    corpus(a=edited(THREE, 9), b=TWO)
    monkeypatch.chdir("corpus")
    found = report(dedup, ".", "--against", "../train", "--since", "HEAD", code=1)
    assert (found["articles"], found["compared_with"]) == (1, 1)
    assert found["duplicates"][0]["original"]["path"] == "../train/t.txt"


def test_mistakes(dedup: Cli, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = corpus(a=ONE)
    git("add", ".")
    git("commit", "-qm", "first")
    for revision in ("nowhere", "--all", ""):
        shown = dedup.fails("check", folder, "--since", revision)
        assert f'git knows no revision "{revision}"' in shown
        assert "fetch-depth: 0" in shown
    Path("../elsewhere.txt").write_text(ONE)
    for name in ("../elsewhere.txt", "-"):
        assert f"{name} is not in the repository" in dedup.fails("check", name, "--since", "HEAD")
    dedup("check", ".", "--since", "HEAD")
    monkeypatch.setenv("PATH", "")
    assert "git, which is not installed" in dedup.fails("check", folder, "--since", "HEAD")


def test_outside_a_repository(dedup: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))
    assert "--since: git says" in dedup.fails("check", corpus(a=ONE), "--since", "HEAD")
