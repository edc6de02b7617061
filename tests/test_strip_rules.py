"""The packaged rules are sound, and patterns become what both engines read alike."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from dedup import boilerplate
from dedup.boilerplate.pattern import check, to_bytes_pattern
from dedup.model import Rule
from tests.strip_texts import CASES, KernelStripper, read_cases


def test_packaged_rules() -> None:
    rules = boilerplate.load()
    assert len(rules) >= 88
    assert len({rule.id for rule in rules}) == len(rules)
    assert max(Counter(rule.cls for rule in rules).values()) <= 24
    for rule in rules:
        assert rule.pattern.isascii()
        check(rule.pattern)
        assert not re.fullmatch(rule.pattern.encode(), b""), rule.id


def test_rules_name_nothing_but_rules() -> None:
    """No remark in the rules of the pages that they were found on."""
    text = Path(boilerplate.__file__).with_name("rules.toml").read_text(encoding="utf-8")
    keys = {key for table in tomllib.loads(text)["rule"] for key in table}
    assert keys <= {
        *(
            "id",
            "class",
            "lang",
            "pos",
            "max_words",
            "action",
            "strength",
            "pattern",
            "literals",
            "cased",
            "note",
        )
    }


def test_cases_are_as_many_as_they_were() -> None:
    assert Counter(case.expect for case in read_cases(CASES)) == {
        "keep": 66,
        "remove": 81,
        "strip_prefix": 5,
        "strip_suffix": 1,
    }


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a+b?", "a+b?"),
        ("ü?", r"(?:\xc3\xbc)?"),
        ("[uü]{2}", r"(?:[u]|\xc3\xbc){2}"),
        ("[«»]", r"(?:\xc2\xab|\xc2\xbb)"),
        (r"[\w\x80-\xff.'-]*", r"[\w\x80-\xff.'-]*"),
        (r"\(?(?:a|b)\)?.{0,3}", r"\(?(?:a|b)\)?.{0,3}"),
    ],
)
def test_patterns_become_bytes(pattern: str, expected: str) -> None:
    assert to_bytes_pattern(pattern) == expected
    re.compile(expected.encode("ascii"))


def test_the_kernel_names_the_rule_it_cannot_use() -> None:
    bad = Rule("bad", "ad", "any", 3, "drop", "strong", "(")
    with pytest.raises(ValueError, match="rule bad"):
        KernelStripper((bad,))
