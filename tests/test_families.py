"""Families: what is said of versions that have drifted apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dedup import families, find_duplicates
from dedup.errors import UsageError
from tests.articles import Cli, read_jsonl, story, write_jsonl

WORDS = story(0, 200).split()
DAYS = ["2031-02-03", "2031-02-01", "2031-02-02", None]


def replaced(count: int) -> str:
    """The story with its first words replaced."""
    return " ".join([f"other{i}" for i in range(count)] + WORDS[count:])


@pytest.fixture
def rows(dedup: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Families of a run, by id: a chain of three versions, a story that grew, one with exact copies, one alone."""
    monkeypatch.chdir(tmp_path)
    grown = story(1, 150)
    texts = {
        "whole": " ".join(WORDS),
        "edited": replaced(40),
        "far": replaced(90),
        "update": f"{grown} {story(2, 50)}",
        "early": grown,
        "again": grown.upper(),
        "copy": story(3),
        "twin": story(3),
        "alone": story(4),
    }
    days = dict(zip(["update", "early", "again"], DAYS, strict=False))
    records = [{"id": name, "text": text, "day": days.get(name)} for name, text in texts.items()]
    write_jsonl(Path("in.jsonl"), records)
    dedup("run", "in.jsonl", "-o", "out", "--no-strip", "--families", "--keep", "earliest:day")
    written = read_jsonl(Path("out/families.jsonl"))
    table = pa.Table.from_pylist(records)
    result = find_duplicates(table, strip=False, families=True, keep="earliest:day", engine="reference")
    assert result.families == written
    return {row["family_id"]: row for row in written}


def test_families_in_memory_are_there_when_asked_for() -> None:
    texts = [" ".join(WORDS), replaced(40), story(5)]
    (row,) = find_duplicates(texts, strip=False, families=True).families
    assert (row["family_id"], row["size"], row["farthest"]) == ("0", 2, ["0", "1"])
    assert find_duplicates([], families=True).families == []
    with pytest.raises(UsageError, match="families were not asked for"):
        _ = find_duplicates(texts).families


def near(shared: int) -> float:
    """Similarity of two versions of 196 shingles each."""
    return round(shared / (2 * 196 - shared), 6)


def test_versions_that_drifted_apart(rows: dict[str, dict[str, Any]]) -> None:
    (row,) = (row for row in rows.values() if {"whole", "far"} <= {v["id"] for v in row["versions"]})
    assert (row["size"], row["clusters"]) == (3, 2)
    assert row["diameter"] == round(1 - 106 / (2 * 196 - 106), 6)
    assert sorted(row["farthest"]) == ["far", "whole"]
    # Beside the last 110 words these two have 40 of the new ones in common; `whole` and `far` are not near.
    link = row["weakest_link"]
    assert {link["a"], link["b"]} == {"edited", "far"}
    assert link["similarity"] == near(142) < near(156)
    assert {version["updated_version_of"] for version in row["versions"]} == {None}


def test_a_story_that_grew(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["early"]
    assert row["versions"] == [
        {"id": "early", "date": "2031-02-01T00:00:00Z", "updated_version_of": None},
        {"id": "again", "date": "2031-02-02T00:00:00Z", "updated_version_of": None},
        {"id": "update", "date": "2031-02-03T00:00:00Z", "updated_version_of": "early"},
    ]
    assert (row["size"], row["clusters"]) == (3, 1)


def test_copies_without_a_difference(rows: dict[str, dict[str, Any]]) -> None:
    row = next(row for row in rows.values() if {v["id"] for v in row["versions"]} == {"copy", "twin"})
    assert (row["diameter"], row["farthest"], row["weakest_link"]) == (0.0, None, None)
    assert "alone" not in str(rows.values())
    assert len(rows) == 3


def test_large_families_and_many_batches(dedup: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all pairs are compared, the weakest link is that of the pairs with representatives."""
    monkeypatch.chdir(tmp_path)
    texts = [replaced(count) for count in (0, 90, *range(10, 90, 10))] + [story(5), f"{story(5)} more"]
    write_jsonl(Path("in.jsonl"), [{"id": i, "text": text} for i, text in enumerate(texts)])
    dedup("run", "in.jsonl", "-o", "all", "--no-strip", "--families")
    monkeypatch.setattr(families, "COMPARED", 5)
    monkeypatch.setattr(families, "BATCH", 1)
    dedup("run", "in.jsonl", "-o", "some", "--no-strip", "--families", "--threads", 2)
    (large, small), (whole, same) = (read_jsonl(Path(out, "families.jsonl")) for out in ("some", "all"))
    assert small == same
    assert "date" not in small["versions"][0]
    assert small["versions"][1] == {"id": "11", "updated_version_of": "10"}
    assert (large["diameter"], large["farthest"]) == (None, None)
    assert large["weakest_link"]["similarity"] <= whole["weakest_link"]["similarity"]
    assert large["versions"] == whole["versions"]


def test_a_corpus_without_families(dedup: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_jsonl(Path("in.jsonl"), [{"id": "a", "text": story(0)}, {"id": "b", "text": ""}])
    dedup("run", "in.jsonl", "-o", "out", "--families")
    assert read_jsonl(Path("out/families.jsonl")) == []
