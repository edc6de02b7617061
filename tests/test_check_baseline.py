"""Baselines of `dedup check`: keyed by content, as many accepted as there are entries, stale entries reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.articles import Cli, edited, story
from tests.test_check import ONE, THREE, TWO, corpus, pairs, report

ACCEPTED = ["--baseline", "accepted.json"]


@pytest.fixture
def folder(dedup: Cli) -> Path:
    """A corpus with two copies of one story and one of another, all accepted."""
    folder = corpus(a=ONE, b=edited(ONE, 40), c=edited(ONE, 60), d=TWO, e=TWO, f=THREE)
    dedup("check", folder, code=1)
    shown = dedup("check", folder, *ACCEPTED, "--update-baseline").out
    assert shown == "passed: 0 duplicates in 6 articles; none allowed; 3 accepted by the baseline\n"
    return folder


def test_accepted_pairs_pass(dedup: Cli, folder: Path) -> None:
    found = report(dedup, folder, *ACCEPTED)
    assert (len(found["accepted"]), found["stale"], found["warnings"]) == (3, [], [])


def test_the_file_is_reviewable_and_stable(dedup: Cli, folder: Path) -> None:
    before = Path("accepted.json").read_text()
    assert [line.split('"relation": ')[1][:7] for line in before.splitlines() if "relation" in line] == [
        '"exact"' if "exact" in line else '"near",' for line in before.splitlines() if "relation" in line
    ]
    content = json.loads(before)
    assert [one["paths"] for one in content["accepted"]].count(["corpus/e.txt", "corpus/d.txt"]) == 1
    dedup("check", folder, *ACCEPTED, "--update-baseline")
    assert Path("accepted.json").read_text() == before


@pytest.mark.parametrize("names", ["zbcdef", "fedcba", "cabfde"])
def test_renamed_files_stay_accepted(dedup: Cli, folder: Path, names: str) -> None:
    """Whichever of the copies comes first by name, and so counts as the original."""
    moved = Path("moved/deep")
    moved.mkdir(parents=True)
    for old, new in zip("abcdef", names, strict=True):
        (folder / f"{old}.txt").rename(moved / f"{new}.txt")
    found = report(dedup, "moved", *ACCEPTED)
    assert (len(found["accepted"]), found["stale"]) == (3, [])


def test_reformatted_files_stay_accepted(dedup: Cli, folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b" ", b"\r\n") + b"\r\n")
    assert len(report(dedup, folder, *ACCEPTED)["accepted"]) == 3


def test_a_further_copy_is_one_too_many(dedup: Cli, folder: Path) -> None:
    corpus(dd=TWO)
    assert pairs(report(dedup, folder, *ACCEPTED, code=1)) == [("exact", "dd", "d")]
    corpus(dd=story(50), near=edited(ONE, 20))
    assert pairs(report(dedup, folder, *ACCEPTED, code=1)) == [("near", "near", "a")]


def test_of_a_renamed_and_an_added_copy_the_added_one_is_new(dedup: Cli, folder: Path) -> None:
    (folder / "d.txt").rename(folder / "z.txt")
    (folder / "z.txt").write_text(edited(TWO, 40))
    dedup("check", folder, *ACCEPTED, "--update-baseline")
    (folder / "z.txt").rename(folder / "y.txt")
    corpus(added=TWO, e=TWO)
    (folder / "e.txt").rename(folder / "ab.txt")
    assert pairs(report(dedup, folder, *ACCEPTED, code=1)) == [("exact", "added", "ab")]


def test_an_edited_article_leaves_a_stale_entry(dedup: Cli, folder: Path) -> None:
    (folder / "e.txt").write_text(edited(TWO, 30))
    found = report(dedup, folder, *ACCEPTED, code=1)
    assert pairs(found) == [("near", "e", "d")]
    assert found["stale"] == [{"article": "corpus/e.txt", "original": "corpus/d.txt", "relation": "exact"}]
    (folder / "e.txt").unlink()
    shown = dedup("check", folder, *ACCEPTED).out
    assert "baseline: no longer so: corpus/e.txt: exact copy of corpus/d.txt\n" in shown
    dedup("check", folder, *ACCEPTED, "--update-baseline")
    assert report(dedup, folder, *ACCEPTED)["stale"] == []


def test_a_copy_of_three_that_goes_is_stale(dedup: Cli, folder: Path) -> None:
    (folder / "a.txt").unlink()
    found = report(dedup, folder, *ACCEPTED)
    assert (len(found["accepted"]), len(found["stale"])) == (2, 1)


def test_a_part_of_the_corpus_says_nothing_of_the_rest(dedup: Cli, folder: Path) -> None:
    found = report(dedup, folder / "e.txt", "--in", folder, *ACCEPTED)
    assert (len(found["accepted"]), found["stale"]) == (1, [])


def test_other_settings_are_pointed_out(dedup: Cli, folder: Path) -> None:
    result = dedup("check", folder, *ACCEPTED, "--threshold", "0.6")
    assert "warning: the baseline was made with other settings or rules" in result.err


def test_a_copy_across_splits_can_be_accepted(dedup: Cli, folder: Path) -> None:
    Path("test.txt").write_text(TWO)
    leaks = ["test.txt", "--against", folder, "--baseline", "leaks.json"]
    dedup("check", *leaks, "--update-baseline")
    assert len(report(dedup, *leaks)["accepted"]) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no JSON"),
        ("[]", 'no "dedup_baseline"'),
        ('{"version": 1}', 'no "dedup_baseline"'),
        ('{"dedup_baseline": 99}', "has version 99"),
        ('{"dedup_baseline": 1, "fingerprint": "x"}', "an entry cannot be read (KeyError"),
        ('{"dedup_baseline": 1, "fingerprint": "x", "accepted": [1]}', "an entry cannot be read"),
        (
            '{"dedup_baseline": 1, "fingerprint": "x", "accepted": [{"article": 1, "original": "b", '
            '"relation": "near", "similarity": 1, "paths": ["a", "b"]}]}',
            "an entry cannot be read",
        ),
        ("\xff", "is no JSON"),
    ],
)
def test_a_broken_baseline_is_an_error(dedup: Cli, content: str, message: str) -> None:
    folder = corpus(a=ONE)
    Path("accepted.json").write_bytes(content.encode("latin-1"))
    shown = dedup.fails("check", folder, *ACCEPTED)
    assert message in shown
    dedup("check", folder, *ACCEPTED, "--update-baseline")
    dedup("check", folder, *ACCEPTED)


def test_a_missing_baseline_is_an_error(dedup: Cli) -> None:
    folder = corpus(a=ONE)
    assert "make it with --update-baseline" in dedup.fails("check", folder, *ACCEPTED)
    assert "cannot write none/b.json" in dedup.fails(
        "check", folder, "--baseline", "none/b.json", "--update-baseline"
    )
