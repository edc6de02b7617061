"""The committed class table is what its generator makes of Unicode 14.0."""

from __future__ import annotations

import unicodedata
from importlib.resources import files

import pytest

from dedup import charclass


def test_the_table_is_up_to_date() -> None:
    if not unicodedata.unidata_version.startswith("14.0"):
        pytest.skip(f"needs a Python with Unicode 14.0 (3.11), this one has {unicodedata.unidata_version}")
    committed = files("dedup").joinpath("charclass.tsv").read_text("ascii").splitlines()
    assert list(charclass.generate()) == committed


def test_classes_and_foldings() -> None:
    classes, folds = charclass.load()
    assert len(classes) == charclass.CODE_POINTS
    expected = {"a": "W", "7": "W", "_": "S", "'": "S", "ʼ": "S", "\u0301": "M", "\u00ad": "I", "ـ": "I"}
    expected |= {
        "中": "C",
        "ー": "C",
        "あ": "C",
        "ไ": "C",
        "가": "W",
        "\ue000": "U",
        "\U0001faf9": "U",
        "😀": "S",
    }
    assert {char: classes[ord(char)] for char in expected} == expected
    assert "Maße ΣΊΣΥΦΟΣ ﬁ".translate(folds) == "Maße ΣΊΣΥΦΟΣ ﬁ".casefold()
