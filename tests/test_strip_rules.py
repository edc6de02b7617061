"""The rules: the packaged ones are sound, and a file that is not says what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from dedup import boilerplate
from dedup.boilerplate.pattern import check, to_bytes_pattern
from dedup.errors import UsageError
from dedup.model import Rule, Texts
from tests.strip_texts import CASES, KernelStripper, read_cases

RULE = """
[[rule]]
id = "own.club"
class = "subscribe"
pos = "any"
max_words = 6
action = "drop"
strength = "strong"
pattern = 'join the caf[eé] club'
"""


def test_packaged_rules() -> None:
    rules = boilerplate.load()
    assert len(rules) >= 88
    assert len({rule.id for rule in rules}) == len(rules)
    assert max(Counter(rule.cls for rule in rules).values()) < 20
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
        "keep": 50,
        "remove": 57,
        "strip_prefix": 5,
        "strip_suffix": 1,
    }


def test_own_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(RULE, encoding="utf-8")
    rules = boilerplate.load([path])
    assert rules[:-1] == boilerplate.load()
    assert rules[-1].pattern == r"join the caf(?:[e]|\xc3\xa9) club"
    texts = Texts.from_strings(["A\nJoin the Café Club\nB", "A\nJoin the Cafe\u0301 club\nB"])
    assert KernelStripper(rules)(texts).texts.strings() == ["A\nB", "A\nB"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("[[rule]]", "[[rule]"), "not TOML"),
        (("[[rule]]", "version = 2\n[[rule]]"), "version 2"),
        (("[[rule]]", "rules = 1\n[[rule]]"), "unknown key 'rules'"),
        (('pos = "any"\n', ""), "own.club: pos is missing"),
        (('"any"', '"middle"'), "pos 'middle' is none of head, tail, any"),
        (("= 6", "= 0"), "max_words is not between"),
        (("= 6", '= "6"'), "max_words is not a int"),
        (('class = "subscribe"', 'class = "subscribe"\nkind = 1'), "unknown key 'kind'"),
        (("pattern", "literals = ['Club']\npattern"), "'Club' is not in lower case"),
        (("join", "Join"), "upper case"),
        (("join", "(?i)join"), "not part of the dialect"),
        (("join", "^join"), "not part of the dialect"),
        (("join", r"(?=join)"), "not part of the dialect"),
        (("join", r"(?:join"), "missing )"),
        (("join", r"\p{L}"), "escape"),
        (("join", "jo*+in"), "second quantifier"),
        (("join", "[a-é]"), "range"),
        (("join", "[^é]"), "negated"),
        (("join", "[a[b]]"), "class"),
        (("join", "[a"), "class"),
        (("join", "‘join"), "never occurs"),
        (("own.club", "skip.en"), "two rules have the id 'skip.en'"),
    ],
)
def test_errors(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(RULE.replace(*change), encoding="utf-8")
    with pytest.raises(UsageError) as error:
        boilerplate.load([path])
    assert reason in error.value.message
    assert error.value.hint
    if "two rules" not in reason:
        assert str(path) in error.value.message


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: rules cannot be read"):
        boilerplate.load([tmp_path / "none.toml"])


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
