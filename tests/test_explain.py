"""Explanations hold together: the parts of the lines are the text, and those that are kept the clean text."""

from __future__ import annotations

import json

from hypothesis import example, given, settings

from dedup.boilerplate.line import learned
from dedup.cli.explain import explain
from dedup.explain import lines, record
from dedup.model import Removal, Rule, Texts
from dedup.reference.strip import strip
from tests.strip_texts import BODY, small_rules, small_texts


@settings(max_examples=150, deadline=None)
@given(small_rules, small_texts)
@example((learned("share this", "drop", 5, 4, 2),), "\n".join(["Share this", *BODY]))
@example((), "")
def test_parts_are_the_text_and_kept_parts_the_clean_text(rules: tuple[Rule, ...], text: str) -> None:
    text = Texts.from_strings([text]).strings()[0]
    clean = strip(text, rules)
    marked = lines(text, clean.removals)
    assert "\n".join("".join(part for part, _ in line.parts) for line in marked) == text
    left = [
        "".join(part for part, removed in line.parts if not removed) for line in marked if not line.dropped
    ]
    assert "\n".join(left) == clean.text
    by_id = {rule.id: rule for rule in rules}
    row = record("x", text, clean.removals, clean.guarded, by_id)
    assert len(json.loads(json.dumps(row))["removed"]) == len(clean.removals)
    shown = explain("x", text, clean.removals, clean.guarded, by_id)
    numbers = {one.line_no for one in clean.removals}
    assert sum(line.startswith(("-", "~")) for line in shown.splitlines()) == len(numbers)
    assert ("! guard rail" in shown) == clean.guarded


def test_positions_are_counted_from_the_nearer_end() -> None:
    text = "\n\n".join(f"Line {number}" for number in range(1, 41))

    def position(at: int) -> object:
        removal = Removal(2 * at - 1, f"Line {at}", "drop", "structure.repeat")
        (removed,) = record("x", text, [removal], False, {})["removed"]  # type: ignore[misc, attr-defined]
        assert removed["class"] == "structure"
        return removed["position"]

    assert position(1) == {"part": "head", "ordinal": 1}
    assert position(6) == {"part": "head", "ordinal": 6}
    assert position(7) == {"part": "body", "ordinal": 7}
    assert position(28) == {"part": "body", "ordinal": 28}
    assert position(29) == {"part": "tail", "ordinal": 12}
    assert position(40) == {"part": "tail", "ordinal": 1}


def test_a_line_cut_at_both_ends_shows_both_ends_of_what_is_left() -> None:
    middle = "a long paragraph that goes on for quite a while and then some more until it stops at the very last word"
    text = f"(Wire) - {middle} | The Site"
    cuts = [
        Removal(1, "(Wire) - ", "strip_prefix", "agency"),
        Removal(1, " | The Site", "strip_suffix", "learned.x"),
    ]
    rule = Rule(
        "learned.x",
        "learned",
        "any",
        9,
        "strip_suffix",
        "learned",
        "",
        line="| the site",
        documents=34,
        stories=33,
    )
    assert explain("x", text, cuts, False, {"learned.x": rule}).splitlines()[1] == (
        "~ 1  [-(Wire) - -]a long paragraph that goes on … it stops at the very last word[- | The Site-]"
        "  agency, learned.x (33 stories in 34 documents)"
    )
