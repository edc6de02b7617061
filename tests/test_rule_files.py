"""Rules files: what they give, and what a mistake in one is answered with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xxhash

from dedup import boilerplate
from dedup.boilerplate.line import normalised
from dedup.errors import UsageError
from dedup.model import Rule, Texts
from dedup.reference.lines import form
from tests.articles import Cli
from tests.strip_texts import KernelStripper

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
LINE = """
[learned]
documents = 900
sources = 4

[[line]]
line = "Become a friend of the Harbour Post"
documents = 34
stories = 33
sources = 2
examples = ["articles.jsonl:12", "articles.jsonl:871"]
"""


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def learned(folder: Path, *texts: str) -> list[Rule]:
    """The learned rules of some files."""
    rules = boilerplate.load([write(folder, text, f"{n}.toml") for n, text in enumerate(texts)])
    return [rule for rule in rules if rule.cls == "learned"]


def test_own_rules_follow_the_packaged_ones(tmp_path: Path) -> None:
    rules = boilerplate.load([write(tmp_path, RULE)])
    assert rules[:-1] == boilerplate.load()
    assert rules[-1].pattern == r"join the caf(?:[e]|\xc3\xa9) club"
    texts = Texts.from_strings(["A\nJoin the Café Club\nB", "A\nJoin the Cafe\u0301 club\nB"])
    assert KernelStripper(rules)(texts).texts.strings() == ["A\nB", "A\nB"]


def test_learned_lines_come_last(tmp_path: Path) -> None:
    rules = boilerplate.load([write(tmp_path, LINE), write(tmp_path, RULE, "more.toml")])
    assert [rule.id for rule in rules[-2:-1]] == ["own.club"]
    line = "become a friend of the harbour post"
    assert rules[-1] == Rule(
        id=f"learned.{xxhash.xxh3_64_hexdigest(line.encode())}",
        cls="learned",
        pos="any",
        max_words=7,
        action="drop",
        strength="learned",
        pattern="",
        line=line,
        documents=34,
        stories=33,
        sources=2,
    )


def test_a_line_is_normalised_as_the_lines_of_a_text_are(tmp_path: Path) -> None:
    for written in [
        " • Page 3 of 12: ",
        "“Ça va”\u00a0– Été  1999 »",
        "ｆｕｌｌ ｗｉｄｔｈ ７",
        "记者 42 报道",
    ]:
        plain = form(written, fold=True).plain.decode()
        expected = "".join("0" if char in "0123456789" else char for char in plain)
        assert normalised(written) == expected
        (rule,) = learned(tmp_path, f"[[line]]\nline = {json.dumps(written)}")
        assert rule.line == expected


@pytest.mark.parametrize(("action", "seed"), [("drop", 0), ("strip_prefix", 1), ("strip_suffix", 2)])
def test_actions_of_a_line_are_told_apart(tmp_path: Path, action: str, seed: int) -> None:
    (rule,) = learned(tmp_path, f'[[line]]\nline = "News Desk"\naction = "{action}"')
    assert rule.id == f"learned.{xxhash.xxh3_64_hexdigest(b'news desk', seed)}"
    assert (rule.action, rule.pos) == (action, "head" if action == "strip_prefix" else "any")


def test_a_line_of_two_files_is_one_rule_with_the_larger_counts(tmp_path: Path) -> None:
    other = '[[line]]\nline = "BECOME a friend of the harbour post"\ndocuments = 40\nstories = 20'
    (rule,) = learned(tmp_path, LINE, other)
    assert (rule.documents, rule.stories, rule.sources) == (40, 33, 2)


def test_rules_can_be_switched_off(tmp_path: Path) -> None:
    (line,) = learned(tmp_path, LINE)
    off = write(tmp_path, f'disable = ["skip.en", "own.club", "{line.id}"]', "off.toml")
    rules = boilerplate.load([off, write(tmp_path, RULE), write(tmp_path, LINE, "learned.toml")])
    assert {rule.id for rule in boilerplate.load()} - {rule.id for rule in rules} == {"skip.en"}
    assert len(rules) == len(boilerplate.load()) - 1


def test_a_learned_line_that_is_switched_off_may_be_gone(tmp_path: Path) -> None:
    off = write(tmp_path, 'disable = ["learned.0123456789abcdef"]')
    assert boilerplate.load(off) == boilerplate.load()


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("skip.end", "did you mean 'skip.en'?"), ("nothing like it", "--list-rules")],
)
def test_a_rule_that_is_not_there_cannot_be_switched_off(tmp_path: Path, wrong: str, hint: str) -> None:
    path = write(tmp_path, f'disable = ["{wrong}"]')
    with pytest.raises(UsageError) as error:
        boilerplate.load([path])
    assert f"{path}: disable: there is no rule '{wrong}'" in error.value.message
    assert hint in error.value.hint


MISTAKES = [
    (("[[rule]]", "[[rule]"), "not TOML"),
    (("[[rule]]", "version = 2\n[[rule]]"), "version 2"),
    (("[[rule]]", "rules = 1\n[[rule]]"), "unknown key 'rules'"),
    (("[[rule]]", "disable = 'skip.en'\n[[rule]]"), "disable is not a list"),
    (("[[rule]]", "disable = [1]\n[[rule]]"), "disable is not a list of strings"),
    (("[[rule]]", "[rule]"), "rule is not a list"),
    (('pos = "any"\n', ""), "rule 1 (own.club): pos is missing"),
    (('id = "own.club"\n', ""), "rule 1: id is missing"),
    (('"any"', '"middle"'), "pos 'middle' is none of head, tail, any"),
    (("= 6", "= 0"), "max_words 0 is not between"),
    (("= 6", '= "6"'), "max_words is not a whole number"),
    (('class = "subscribe"', 'class = "subscribe"\nkind = 1'), "unknown key 'kind'"),
    (("pattern", "literals = ['Club']\npattern"), "'Club' is not in lower case"),
    (("own.club", "learned.club"), "id is empty, or begins with 'learned.'"),
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
    (("join", "(?:.{0,999}){0,999}"), "repeats"),
    (("join", "join us " * 2_501), "repeats"),
    (("join", "join us?+"), "second quantifier"),
    (("own.club", "skip.en"), "two rules have the id 'skip.en'"),
]
LINE_MISTAKES = [
    (("[[line]]", "[line]"), "line is not a list"),
    (("[learned]\ndocuments", "[learned]\ndocument"), "unknown key 'document'"),
    (("900", "'900'"), "documents is not a whole number"),
    (("line = ", "lines = "), "line 1: unknown key 'lines'"),
    (('"Become a friend of the Harbour Post"', "7"), "line 1: line is not a string"),
    (("Become a friend of the Harbour Post", " \\u200b"), "line 1: line is empty"),
    (("Become a friend of", "Become\\na friend of"), "line holds a line end"),
    (("documents = 34", "documents = -1"), "line 1: documents is negative"),
    (("documents = 34", "documents = true"), "documents is not a whole number"),
    (("documents = 34", 'action = "cut"'), "action 'cut' is none of drop, strip_prefix, strip_suffix"),
    (("[[line]]", "[[line]]\nline = 'x y z'\n[[line]]\nkind = 1"), "line 2: unknown key 'kind'"),
    (('"articles.jsonl:12"', "12"), "examples is not a list of strings"),
]


@pytest.mark.parametrize(
    ("text", "change", "reason"),
    [(RULE, *mistake) for mistake in MISTAKES] + [(LINE, *mistake) for mistake in LINE_MISTAKES],
)
def test_mistakes(tmp_path: Path, text: str, change: tuple[str, str], reason: str) -> None:
    assert change[0] in text
    path = write(tmp_path, text.replace(*change))
    with pytest.raises(UsageError) as error:
        boilerplate.load([path])
    assert reason in error.value.message
    assert error.value.hint
    if "two rules" not in reason:
        assert str(path) in error.value.message


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: rules cannot be read"):
        boilerplate.load([tmp_path / "none.toml"])


def test_list_rules(dedup: Cli) -> None:
    path = write(Path(), RULE + LINE)
    header, *rows = (
        line.split("\t") for line in dedup("strip", "--list-rules", "--rules", path).out.splitlines()
    )
    assert header == ["id", "class", "language", "action", "position", "strength", "words", "line"]
    assert [row[0] for row in rows] == [rule.id for rule in boilerplate.load(path)]
    assert rows[0][:7] == ["skip.en", "skip", "en", "drop", "any", "strong", "8"]
    assert rows[-1][-1] == "become a friend of the harbour post"
    listed = dedup("strip", "--list-rules", "--rules", path, "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in listed] == [row[0] for row in rows]
    assert json.loads(listed[-1])["stories"] == 33


def test_without_input_there_is_nothing_to_strip(dedup: Cli) -> None:
    assert "no INPUT" in dedup.fails("strip")
