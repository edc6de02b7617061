"""What stripping does, by example, with both engines."""

from __future__ import annotations

import pytest

from dedup import boilerplate
from dedup.model import Removal, Rule, Texts
from dedup.reference.strip import strip_all
from tests.conftest import SHARED
from tests.strip_texts import BODY, CASES, Case, KernelStripper, read_cases

RULES = boilerplate.load()
KERNEL = KernelStripper(RULES)
OWN_CASES = read_cases(CASES)
SHARED_CASES = SHARED / "boilerplate" / "cases.tsv"
SEEDS = SHARED / "data" / "seeds"


def outcome(text: str, rules: tuple[Rule, ...] = RULES) -> tuple[str, list[Removal], bool]:
    """What both engines agree on."""
    batch = Texts.from_strings([text])
    kernel = KERNEL if rules is RULES else KernelStripper(rules)
    native, reference = kernel(batch), strip_all(batch, rules, explain=True)
    assert native.removals is not None
    assert reference.removals is not None
    assert native.texts.strings() == reference.texts.strings()
    assert native.removals == reference.removals
    return native.texts.strings()[0], native.removals[0], bool(native.guarded[0])


def check(case: Case) -> None:
    clean, removals, _ = outcome(case.text())
    if case.expect == "keep":
        assert clean == case.text()
    elif case.expect == "remove":
        assert [(r.text, r.action) for r in removals] == [(case.line, "drop")]
    else:
        assert [r.action for r in removals] == [case.expect]


@pytest.mark.parametrize("case", OWN_CASES, ids=lambda case: case.line[:30])
def test_own_cases(case: Case) -> None:
    check(case)
    clean, removals, _ = outcome(case.text())
    if case.expect == "remove":
        assert [r.rule for r in removals] == [case.note]
    elif case.expect != "keep":
        assert case.note in clean.split("\n")


@pytest.mark.skipif(not SHARED_CASES.exists(), reason="the shared cases are not here")
def test_shared_cases() -> None:
    for case in read_cases(SHARED_CASES):
        check(case)


@pytest.mark.skipif(not SEEDS.exists(), reason="the seeds are not here")
def test_seeds() -> None:
    from dedup.reference.tokens import shingle, tokenize

    raw = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    cleaned = [outcome(text) for text in raw]
    a, b = (set(shingle(tokenize(clean), 5)) for clean, _, _ in cleaned[:2])
    assert len(a & b) / len(a | b) >= 0.92
    assert [removals for _, removals, _ in cleaned[2:4]] == [[], []]
    assert [(r.text, r.action) for r in cleaned[4][1]] == [(" date 2017-04-28 ", "strip_prefix")]


def test_captions_around_a_number() -> None:
    caption = " A boat leaves the harbour of Riverside "
    text = "\n".join(
        [*BODY, caption, "3", "a boat leaves the\u00a0harbour of Riverside (Photo: Ida Example)", *BODY]
    )
    clean, removals, _ = outcome(text)
    assert clean == "\n".join([*BODY, *BODY])
    assert [(r.line_no, r.rule) for r in removals] == [(n, "structure.caption") for n in (15, 16, 17)]


def test_other_lines_around_a_number_stay() -> None:
    for first, number, second in [
        ("Total", "3", "Total"),
        ("A boat leaves the harbour", "1984", "A boat leaves the harbour"),
        ("A boat leaves the harbour", "3", "A boat enters the harbour"),
    ]:
        text = "\n".join([*BODY, first, number, second, *BODY])
        assert outcome(text)[0] == text


def test_a_long_line_twice_in_a_row() -> None:
    clean, removals, _ = outcome(
        "\n".join([*BODY, "", BODY[-1].upper(), "It rained.", "It rained.", BODY[0]])
    )
    assert clean == "\n".join([*BODY, "", "It rained.", "It rained.", BODY[0]])
    assert [r.rule for r in removals] == ["structure.repeat"]


def test_weak_rules_need_an_edge_or_a_removed_neighbour() -> None:
    middle = "\n".join([*BODY[:8], "Topics", *BODY[8:]])
    assert outcome(middle)[0] == middle
    assert outcome("\n".join([*BODY, "Topics", ""]))[0] == "\n".join([*BODY, ""])
    beside = "\n".join([*BODY[:8], "News", "", "Topics", "Share this article", *BODY[8:]])
    assert outcome(beside)[0] == "\n".join([*BODY[:8], "", *BODY[8:]])


def test_only_strong_rules_act_where_little_would_remain() -> None:
    text = "\n".join([BODY[0], "Topics", "Share this article"])
    clean, _, guarded = outcome(text)
    assert clean == "\n".join([BODY[0], "Topics"])
    assert guarded


def learned(line: str, action: str = "drop") -> Rule:
    pos = "head" if action == "strip_prefix" else "any"
    return Rule(f"learned.{line}", "learned", pos, 1, action, "learned", "", line=line)


def test_learned_lines() -> None:
    rules = (*RULES, learned("the daily ferry, issue 00"), learned("it is a café"))
    lines = ["• The Daily Ferry, issue 17:", "It is a Cafe\u0301"]
    text = "\n".join([*BODY[:5], *lines, *BODY[5:], "The Daily Ferry, issue 7"])
    clean, removals, guarded = outcome(text, rules)
    assert clean == "\n".join([*BODY, "The Daily Ferry, issue 7"])
    assert [(r.text, r.rule) for r in removals] == [
        (line, rule.id) for line, rule in zip(lines, rules[-2:], strict=True)
    ]
    assert not guarded


def test_learned_prefixes_and_suffixes() -> None:
    rules = (*RULES, learned("day 0 (ferry news) -", "strip_prefix"), learned("- the ferry", "strip_suffix"))
    line = "• Day 7 (Ferry News) - The ferry is late. \u2014 The Ferry ▸"
    clean, removals, _ = outcome("\n".join([line, *BODY]), rules)
    assert clean == "\n".join(["The ferry is late.", *BODY])
    assert [(r.text, r.rule) for r in removals] == [
        ("• Day 7 (Ferry News) - ", rules[-2].id),
        (" \u2014 The Ferry ▸", rules[-1].id),
    ]
    whole = "\n".join([*BODY[:7], "It is late - The Ferry Company", *BODY[7:], line.replace("7", "x")])
    assert outcome(whole, rules)[0] == whole.removesuffix(" \u2014 The Ferry ▸")
    alone = " ".join(BODY[:3])
    assert outcome(f"Day 1 (Ferry News) - {alone} - The Ferry", rules)[0] == alone


def test_learned_lines_stay_where_little_would_remain() -> None:
    rules = (*RULES, learned("it is a café"))
    text = "\n".join(["It is a café", *BODY[:2], "Share this article"])
    assert outcome(text, rules) == (
        "\n".join(["It is a café", *BODY[:2]]),
        [Removal(4, "Share this article", "drop", "share.en")],
        True,
    )
    assert outcome("It is a café", (learned("it is a café"),))[0] == "It is a café"


def test_no_text_becomes_empty() -> None:
    for text in ["News article:", "Advertisement\nShare this article\n", "Summary\n\n"]:
        assert outcome(text) == (text, [], True)
    for text in ["Share this article", "4\n\n5"]:
        assert outcome(text)[:2] == (text, [])
    assert outcome("") == ("", [], False)
    assert outcome("\n \n")[0] == "\n \n"


def test_an_article_of_one_line_loses_only_prefixes_and_suffixes() -> None:
    assert outcome("Advertisement: " + BODY[0])[0] == "Advertisement: " + BODY[0]
    assert outcome("OSLO (Reuters) - " + BODY[0] + "\r\n")[0] == BODY[0] + "\r\n"


def test_prefix_and_suffix_of_one_line() -> None:
    clean, removals, _ = outcome(
        "\n".join([*BODY, "> OSLO (Reuters)\u2014The ferry is late.Credit: Getty Images\r", *BODY])
    )
    assert clean.split("\n")[len(BODY)] == "The ferry is late."
    assert [(r.text, r.action) for r in removals] == [
        ("Credit: Getty Images\r", "strip_suffix"),
        ("> OSLO (Reuters)\u2014", "strip_prefix"),
    ]


def test_originals_are_emitted() -> None:
    odd = "“A line\u00a0 with ﬁgures”, \u200bhe said…\t"
    assert outcome("\n".join([odd, *BODY, "Share this article"]))[0] == "\n".join([odd, *BODY])


def test_invalid_utf8_counts_as_replacement_characters() -> None:
    batch = Texts.from_strings([b"a\xff\xe2\x80b\n" + "\n".join([*BODY, "Topics"]).encode()])
    native, reference = KERNEL(batch), strip_all(batch, RULES, explain=True)
    assert native.texts.strings() == reference.texts.strings() == ["\n".join(["a\ufffd\ufffdb", *BODY])]
    assert native.removed_bytes.tolist() == reference.removed_bytes.tolist() == [7]
