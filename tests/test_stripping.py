"""What a run says about stripping: counts per class and rule, and the articles it was held back in."""

from pathlib import Path

import numpy as np
import pytest

import dedup as library
from dedup.boilerplate import load
from dedup.model import Rule
from dedup.stripping import Stripping
from tests.articles import Cli, read_jsonl, read_summary, story, write_jsonl

LONG = [
    {"id": "a", "text": f"Skip to main content\n{story(1)}\nShare this article"},
    {"id": "b", "text": f"News article: Ferry sails again\n{story(2)}\nShare this article\nAdvertisement"},
]
SHORT = {"id": "short", "text": "Topics\nToo few words for a weak rule."}


def rule(name: str, cls: str) -> Rule:
    return Rule(name, cls, "any", 5, "drop", "strong", "x")


def test_counts_per_class_and_rule() -> None:
    rules = [rule("a.1", "a"), rule("b.1", "b"), rule("a.2", "a"), rule("c.1", "c")]
    lines, characters = np.array([1, 0, 2, 0, 5, 0]), np.array([10, 7, 20, 0, 50, 0])
    found = Stripping.of(rules, lines, characters, 3).as_dict()
    assert found == {
        "lines": 8,
        "characters": 87,
        "guarded": 3,
        "by_class": {
            "structure": {"lines": 5, "characters": 50},
            "a": {"lines": 3, "characters": 30},
            "b": {"lines": 0, "characters": 7},
        },
        "rules": [
            {"rule": "structure.caption", "lines": 5, "characters": 50},
            {"rule": "a.2", "lines": 2, "characters": 20},
            {"rule": "a.1", "lines": 1, "characters": 10},
            {"rule": "b.1", "lines": 0, "characters": 7},
        ],
    }
    assert list(found["by_class"]) == ["structure", "a", "b"]  # type: ignore[call-overload]  # it is a dict


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_run_accounts_for_what_it_strips(dedup: Cli, engine: str) -> None:
    write_jsonl(Path("n.jsonl"), LONG)
    shown = dedup("run", "n.jsonl", "-o", "out", "--engine", engine).out
    stripped = read_summary(Path("out"))["stripped"]
    assert (stripped["lines"], stripped["characters"], stripped["guarded"]) == (4, 20 + 18 + 14 + 18 + 13, 0)
    assert stripped["by_class"] == {
        "share": {"lines": 2, "characters": 36},
        "skip": {"lines": 1, "characters": 20},
        "ad": {"lines": 1, "characters": 13},
        "prompt": {"lines": 0, "characters": 14},
    }
    assert stripped["rules"][0] == {"rule": "share.en", "lines": 2, "characters": 36}
    assert "4 lines, 83 characters: share 2, skip 1, ad 1\n" in shown


def test_the_counts_are_those_of_the_explanation(dedup: Cli, corpus: Path) -> None:
    dedup("run", corpus / "articles", "-o", "out")
    stripped = read_summary(Path("out"))["stripped"]
    classes = {one.id: one.cls for one in load()}
    counted: dict[str, list[int]] = {}
    for path in sorted((corpus / "articles").iterdir()):
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        for one in library.strip(text, explain=True).removed or ():
            count = counted.setdefault(classes.get(one.rule, "structure"), [0, 0])
            count[0] += one.action == "drop"
            count[1] += len(one.text)
    assert stripped["by_class"] == {
        cls: {"lines": lines, "characters": characters} for cls, (lines, characters) in counted.items()
    }
    assert stripped["lines"] == sum(lines for lines, _ in counted.values())


def test_articles_that_a_guard_rail_kept_whole_are_listed(dedup: Cli) -> None:
    write_jsonl(Path("n.jsonl"), [*LONG, SHORT, {"text": SHORT["text"]}])
    result = dedup("run", "n.jsonl", "-o", "out")
    assert read_jsonl(Path("out/guarded.jsonl")) == [
        {"id": "short", "location": "n.jsonl:3"},
        {"id": "n.jsonl:4", "location": "n.jsonl:4"},
    ]
    assert read_summary(Path("out"))["stripped"]["guarded"] == 2
    assert "see guarded.jsonl" in result.out
    assert "(2 of 4)" in result.err


def test_few_guarded_articles_are_no_cause_for_alarm(dedup: Cli) -> None:
    write_jsonl(Path("n.jsonl"), [*({"text": story(i)} for i in range(20)), SHORT])
    assert "held back" not in dedup("run", "n.jsonl", "-o", "out").err
    assert len(read_jsonl(Path("out/guarded.jsonl"))) == 1


def test_without_stripping_there_is_nothing_to_account_for(dedup: Cli) -> None:
    write_jsonl(Path("n.jsonl"), [*LONG, SHORT])
    dedup("run", "n.jsonl", "-o", "out", "--no-strip")
    assert read_summary(Path("out"))["stripped"] is None
    assert not Path("out/guarded.jsonl").exists()
