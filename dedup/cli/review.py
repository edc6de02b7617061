"""What `dedup learn` found: counts, or with `--review` every line where it stands; for a person or as JSON.

sign up to our newsletter: 33 stories in 34 documents of 2 sources
@     articles.jsonl:12
4  The committee is due to report in the spring.
-  5  Sign up to our newsletter
6  Ferries sail again from Oldsund
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dedup.cli.rows import Row, block, visible
from dedup.cli.summary import describe_corpus, describe_learned, plural

if TYPE_CHECKING:
    from dedup.boilerplate.learned import LearnedLine
    from dedup.learning import Example, Lesson

MOST = 5
"""Lines that are named without `--review`."""


def show(lesson: Lesson, outputs: list[Path], *, json: bool, review: bool) -> None:
    """Print on stdout what was learned.

    Args:
        lesson: What was learned.
        outputs: What was written.
        json: Print it as one JSON document.
        review: Show every line with its examples.
    """
    learned = lesson.learned.lines
    if json:
        import json as encoder

        typer.echo(encoder.dumps(_as_dict(lesson, review), ensure_ascii=False, indent=2))
        return
    if review:
        for one, examples in zip(learned, lesson.examples, strict=True):
            rows = list(_rows(examples))
            typer.echo(block(_marked(one), _seen(one), rows), nl=False)
    known = f"; {plural(lesson.known, 'line')} that the rules take anyway left out" if lesson.known else ""
    if lesson.only_counted:
        typer.echo(f"counted  {describe_corpus(lesson.learned)}")
    else:
        typer.echo(f"learned  {describe_learned(lesson.learned)}{known}")
    for one in () if review else learned[:MOST]:
        typer.echo(f"         {visible(_marked(one))}: {_seen(one)}")
    if outputs:
        typer.echo(f"results  {', '.join(map(str, outputs))}")


def _rows(examples: Sequence[Example]) -> Iterator[Row]:
    """The places and what stands there, once where it is the same."""
    for context, some in groupby(examples, key=lambda example: example.context):
        yield Row("@", "", ((", ".join(map(_place, some)), False),))
        for line in context:
            yield Row.of(line)


def _place(example: Example) -> str:
    known = f" ({example.id})" if example.id not in ("", example.location) else ""
    unread = "" if example.id else " (not among the inputs)"
    return visible(f"{example.location}{known}{unread}")


def _marked(one: LearnedLine) -> str:
    """A line as it is; a prefix or suffix with an ellipsis for the rest of the line."""
    return {"strip_prefix": f"{one.line} …", "strip_suffix": f"… {one.line}"}.get(one.action, one.line)


def _seen(one: LearnedLine) -> str:
    sources = f" of {plural(one.sources, 'source')}" if one.sources else ""
    return f"{_stories(one.stories)} in {plural(one.documents, 'document')}{sources}"


def _as_dict(lesson: Lesson, review: bool) -> dict[str, object]:
    from dedup.summary import learned_counts

    shown: dict[str, object] = {**learned_counts(lesson.learned), "known": lesson.known}
    shown["skipped"] = len(lesson.skipped)
    if review:
        shown["review"] = [
            {
                "line": one.line,
                "action": one.action,
                "documents": one.documents,
                "stories": one.stories,
                "sources": one.sources,
                "examples": [_example(example) for example in examples],
            }
            for one, examples in zip(lesson.learned.lines, lesson.examples, strict=True)
        ]
    return shown


def _example(example: Example) -> dict[str, object]:
    context = [
        {
            "line_no": line.number,
            "text": "".join(text for text, _ in line.parts),
            "removed": bool(line.removals),
        }
        for line in example.context
    ]
    return {"location": example.location, "id": example.id or None, "context": context}


def _stories(count: int) -> str:
    return f"{count:,} {'story' if count == 1 else 'stories'}"
