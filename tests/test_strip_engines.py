"""The kernel strips as the reference does, bit for bit, and stripping twice equals stripping once."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import _kernel, boilerplate
from dedup.config import Settings
from dedup.model import Rule, Texts
from dedup.native import Native
from dedup.reference import Reference
from dedup.reference.lines import form
from dedup.reference.strip import strip, strip_all
from tests.strip_texts import BODY, KernelStripper, long_texts, noise, small_rules, small_texts, texts

RULES = boilerplate.load()
KERNEL = KernelStripper(RULES)
ENGINES = (Native(Settings(), RULES), Reference(Settings(), RULES))


def assert_same(batch: list[str], rules: tuple[Rule, ...], kernel: KernelStripper) -> None:
    packed = Texts.from_strings(batch)
    native, reference = kernel(packed), strip_all(packed, rules, explain=True)
    assert native.texts.strings() == reference.texts.strings()
    assert native.removals == reference.removals
    for name in ("dropped_lines", "removed_bytes", "guarded", "removed_lines", "removed_chars"):
        np.testing.assert_array_equal(getattr(native, name), getattr(reference, name))
    quick = kernel(packed, explain=False)
    assert quick.removals is None
    assert quick.texts.strings() == native.texts.strings()


@settings(max_examples=150)
@given(st.lists(texts, min_size=1, max_size=3))
def test_packaged_rules(batch: list[str]) -> None:
    assert_same(batch, RULES, KERNEL)


@settings(max_examples=40)
@given(st.lists(texts, max_size=3))
def test_sketches_account_for_what_stripping_removes(batch: list[str]) -> None:
    packed = Texts.from_strings(batch)
    stripped = strip_all(packed, RULES, explain=True)
    for engine in ENGINES:
        sketches = engine.sketch(packed)
        for name in ("guarded", "removed_lines", "removed_chars"):
            np.testing.assert_array_equal(getattr(sketches, name), getattr(stripped, name))
    assert stripped.removals is not None
    assert stripped.removed_chars.sum() == sum(len(r.text) for some in stripped.removals for r in some)
    assert stripped.removed_lines.sum() == stripped.dropped_lines.sum()


def test_nothing_is_removed_where_nothing_is_stripped() -> None:
    plain = Settings(strip=False)
    for engine in (Native(plain, RULES), Reference(plain, RULES)):
        sketches = engine.sketch(Texts.from_strings(["Advertisement\nAdvertisement", ""]))
        assert sketches.guarded.tolist() == [0, 0]
        assert sketches.removed_lines.tolist() == sketches.removed_chars.tolist() == [0, 0]


@settings(max_examples=100)
@given(texts)
def test_stripping_twice_changes_nothing(text: str) -> None:
    once = strip(text, RULES)
    twice = strip(once.text, RULES)
    assert (twice.text, twice.removals) == (once.text, ())
    assert strip_all(Texts.from_strings([once.text]), RULES).texts.strings() == [once.text]


@settings(max_examples=300)
@given(small_rules, st.lists(small_texts, min_size=1, max_size=4))
def test_any_rules(rules: tuple[Rule, ...], batch: list[str]) -> None:
    assert_same(batch, rules, KernelStripper(rules))
    for text in batch:
        once = strip(text, rules).text
        assert strip(once, rules).text == once
        assert bool(once.strip()) == bool(text.strip())


@settings(max_examples=300)
@given(small_rules, small_rules.filter(bool), st.integers(0, 5), small_texts)
def test_a_further_rule_never_restores_a_line(
    rules: tuple[Rule, ...], further: tuple[Rule, ...], at: int, text: str
) -> None:
    more = (*rules[:at], replace(further[0], id="further"), *rules[at:])
    left = [lines_left(text, some) for some in (rules, more)]
    assert left[1] <= left[0]


def lines_left(text: str, rules: tuple[Rule, ...]) -> set[int]:
    """The lines that remain without guard rails, on which both engines agree."""
    packed = Texts.from_strings([text])
    native, reference = KernelStripper(rules)(packed, guard=False), strip(text, rules, guard=False)
    assert native.texts.strings() == [reference.text]
    assert native.removals == [list(reference.removals)]
    assert not reference.guarded
    return set(range(1, text.count("\n") + 2)) - {r.line_no for r in reference.removals if r.action == "drop"}


@settings(max_examples=25)
@given(small_rules, long_texts)
def test_long_texts(rules: tuple[Rule, ...], text: str) -> None:
    assert_same([text], rules, KernelStripper(rules))


def test_what_removes_a_line_spreads_far() -> None:
    """A number after another goes because its neighbour went, one a round; the last lines of the body move up to it."""
    tail = [f"{number % 100}" for number in range(150)]
    moved = ["x y z", *BODY[:12], "by far"]
    rules = (
        Rule("number", "ad", "any", 1, "drop", "weak", r"\d+"),
        Rule("far", "ad", "tail", 2, "drop", "strong", r"by far"),
        Rule("x", "ad", "tail", 3, "drop", "strong", r"x y z"),
    )
    assert_same(["\n".join([*moved, *tail])], rules, KernelStripper(rules))
    assert strip("\n".join([*moved, *tail]), rules).text == "\n".join(["x y z", *BODY[:12]])


def same_form(line: str) -> None:
    for fold in (True, False)[: 1 + (len(line) < 200)]:
        expected = form(line, fold)
        assert _kernel.Stripper.form(line, fold) == (expected.data, expected.start, expected.end)


@settings(max_examples=300)
@given(st.lists(noise, max_size=8).map("".join))
def test_forms_of_noise(line: str) -> None:
    same_form(line)


def test_forms_of_all_characters() -> None:
    """In blocks: each character after a letter, before marks, and at the end of a run of ASCII."""
    assigned = (code for code in range(0x20000) if not 0xD800 <= code < 0xE000)
    chars = [chr(code) for code in assigned if not 0x3400 <= code < 0xA000 and not 0xAC00 <= code < 0xD7A0]
    for block in (chars[i : i + 512] for i in range(0, len(chars), 512)):
        same_form("".join(f" x{char}" for char in block))
        same_form("".join(f"{char}\u0301 " for char in block[::3]))
        same_form("".join(f"{char}\u3099\u0655" for char in block[1::3]))
        same_form("".join(f"a line of plain ASCII text of more than a block {char} " for char in block[::40]))


def test_normalisation_is_that_of_unicode_14() -> None:
    """Characters that later versions decompose are left alone, so that every Python agrees with the kernel."""
    assert unicodedata.normalize("NFKC", "ﬁ") == "fi"
    for char in "\u0558\u0897\u1acf\u209d\ua7f1\U0001ccd6\U0001e030":
        assert form(char, True).data.decode() == char
