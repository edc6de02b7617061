"""The packaged rules in twelve languages: per language and class, lines that go and a line of a body that stays."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

from dedup import boilerplate
from dedup.model import Removal, Texts
from tests.strip_texts import BODY, KernelStripper

TABLE = Path(__file__).parent / "data" / "boilerplate_lines.tsv"
LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "ar", "zh", "ja"]
# The classes of the table, and those of the rules that may take such a line.
CLASSES = {
    "skip": {"skip"},
    "share": {"share"},
    "newsletter": {"subscribe"},
    "cookie": {"cookie"},
    "paywall": {"paywall", "subscribe"},
    "copyright": {"legal"},
    "agency": {"agency", "caption"},
    "byline": {"byline"},
    "related": {"related"},
    "comments": {"comments"},
    "gallery": {"gallery"},
    "prompt": {"prompt"},
}
RULES = boilerplate.load()
CLASS_OF = {rule.id: rule.cls for rule in RULES}
STRIP = KernelStripper(RULES)
AT = {"head": 0, "any": len(BODY) // 2, "tail": len(BODY)}


class Row(NamedTuple):
    """One labelled line; `rest` is what a cut leaves of it."""

    language: str
    kind: str
    position: str
    expect: str
    line: str
    rest: str


def read_table() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Row(*row) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]


ROWS = read_table()


def removed(line: str, position: str) -> tuple[list[Removal], list[str]]:
    """What goes from a body with the line at a place, and the lines that remain."""
    at = AT[position]
    stripped = STRIP(Texts.from_strings(["\n".join([*BODY[:at], line, *BODY[at:]])]))
    assert stripped.removals is not None
    return stripped.removals[0], stripped.texts.strings()[0].split("\n")


def test_every_language_and_class_has_its_lines() -> None:
    cells = defaultdict(list)
    for row in ROWS:
        cells[row.language, row.kind].append(row.expect)
    assert set(cells) == {(language, kind) for language in LANGUAGES for kind in CLASSES}
    for cell, expected in cells.items():
        assert expected.count("keep") >= 1, cell
        assert len(expected) - expected.count("keep") >= 2, cell


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", CLASSES)
def test_lines(language: str, kind: str) -> None:
    for row in (row for row in ROWS if (row.language, row.kind) == (language, kind)):
        if row.expect == "keep":
            for position in AT:
                assert removed(row.line, position)[0] == [], (row.line, position)
            continue
        removals, left = removed(row.line, row.position)
        assert [removal.action for removal in removals] == [
            row.expect if row.expect != "remove" else "drop"
        ], row.line
        assert CLASS_OF[removals[0].rule] in CLASSES[kind], (row.line, removals[0].rule)
        assert left == [*BODY[: AT[row.position]], *[row.rest] * bool(row.rest), *BODY[AT[row.position] :]]
