"""What docs/languages.md says of scripts is so, in both engines, and small edits leave copies near."""

from __future__ import annotations

import random
import re

import pytest

import dedup
from benchmarks.quality import noise
from benchmarks.quality.detection import read_set
from dedup.config import Settings
from dedup.model import Texts
from dedup.native import Native
from dedup.reference import Reference
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
CORPUS = read_set(ROOT / "corpus")
PLAIN = Settings(strip=False)


def visible(cell: str) -> list[str]:
    """The texts between backticks, with `\\uXXXX` taken as that character."""
    quoted = re.findall("`([^`]+)`", cell)
    return [re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text) for text in quoted]


def rows() -> dict[str, tuple[list[str], list[str]]]:
    """The texts and the tokens of each row of the table."""
    table = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \| (`[^|]+`) \| [^|]+ \|$", PAGE, re.MULTILINE)
    return {what: (visible(texts), visible(tokens)[0].split(" ")) for what, texts, tokens in table}


def similarity(a: str, b: str) -> float:
    one, other = set(dedup.shingles(a)), set(dedup.shingles(b))
    return len(one & other) / len(one | other)


def test_the_table_is_read_whole() -> None:
    lines = [line for line in PAGE.split("## ")[0].splitlines() if line.startswith("| ")]
    assert len(rows()) == len(lines) - 1 >= 36


@pytest.mark.parametrize("what", rows())
def test_texts_have_the_tokens_of_the_table(what: str) -> None:
    texts, tokens = rows()[what]
    assert len(set(texts)) == len(texts), "what looks alike is one text"
    for text in texts:
        assert dedup.tokens(text) == tokens
    batch = Texts.from_strings(texts)
    for engine in (Native(PLAIN), Reference(PLAIN)):
        assert engine.tokenize(batch).strings() == [" ".join(tokens)] * len(texts)


@pytest.mark.parametrize(
    ("texts", "other"),
    [
        ("Arabic, vocalised", "كتاب"),
        ("Hebrew, pointed", "שלום"),
        ("Arabic, alef", "احمد"),
        ("Turkish, capitals", "ığdır"),
        ("Turkish, dotted capital", "izmir"),
        ("Greek accents", "ΟΔΟΣ"),
        ("Cyrillic ё", "елка"),
        ("Accents", "cafe"),
        ("Digits of other scripts", "3"),
    ],
)
def test_what_the_table_calls_different_differs(texts: str, other: str) -> None:
    assert dedup.tokens(other) != rows()[texts][1]


def shortened(text: str, every: int, dice: random.Random) -> str:
    """A text without one letter of every so many characters."""
    parts = []
    for start in range(0, len(text), every):
        part = text[start : start + every]
        letters = [at for at, char in enumerate(part) if dedup.tokens(char)]
        gone = dice.choice(letters) if len(part) == every else len(part)
        parts.append(part[:gone] + part[gone + 1 :])
    return "".join(parts)


@pytest.mark.parametrize(("article", "least"), [("071", 0.85), ("074", 0.85), ("077", 0.8)])
def test_one_deletion_in_60_characters_keeps_copies_near(article: str, least: float) -> None:
    """Chinese, Japanese, Thai."""
    text = CORPUS.texts[article]
    dice = random.Random(1)
    found = [similarity(text, shortened(text, 60, dice)) for _ in range(20)]
    assert least <= min(found) <= max(found) < 0.9
    assert similarity(text, shortened(text, 12, dice)) < 0.5
    copies = dedup.find_duplicates([text, shortened(text, 60, dice)])
    assert copies.removed.tolist() == [1]


def test_the_table_of_scans_is_what_is_measured() -> None:
    texts = noise.latin(CORPUS)
    assert f"Copies of {len(texts)} articles" in PAGE
    metrics = noise.measure_noise(CORPUS).metrics
    table = re.findall(r"^\| (default|`--[^|]+`) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert len(table) == len(noise.SETTINGS)
    for (written, *recalls), (name, options) in zip(table, noise.SETTINGS.items(), strict=True):
        given = " ".join(f"--{option.replace('_', '-')} {value}" for option, value in options.items())
        given = given.replace("--shingle-size 9 --shingle-unit chars", "--shingle chars:9")
        assert written.strip("`") == (given or "default")
        measured = [metrics[f"noise.{name}.recall_{rate:.0%}"] for rate in noise.RATES]
        assert [float(recall) for recall in recalls] == pytest.approx(measured, abs=0.0051)
        assert all(metrics[f"noise.{name}.precision_{rate:.0%}"] == 1.0 for rate in noise.RATES)


def test_noise_is_as_much_as_asked_for() -> None:
    text = "-" * 20_000
    assert noise.noisy(text, 0.0, random.Random(1)) == text
    some = noise.noisy(text, 0.05, random.Random(1))
    letters = sum(char != "-" for char in some)
    assert letters == pytest.approx(0.05 * 0.8 * len(text), rel=0.1)
    assert len(text) - some.count("-") == pytest.approx(0.05 * 0.8 * len(text), rel=0.1)
