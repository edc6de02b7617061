"""`dedup tune --ask`: borderline pairs are shown one by one; each answer is on disk before the next pair is shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dedup.cli.messages import coloured
from dedup.cli.side_by_side import texts
from dedup.comparison import compare
from dedup.config import Settings
from dedup.tuning.labels import Label, add_label

if TYPE_CHECKING:
    from dedup.tuning.advise import Advice
    from dedup.tuning.articles import Articles

ANSWERS = {"y": Label.NEAR, "n": Label.DIFFERENT, "s": Label.UNSURE}
"""What a letter says of a pair; q ends it."""


def ask_for(found: Advice, articles: Articles, path: Path) -> int:
    """Ask for the label of each borderline pair, and add the answers to a file.

    Returns:
        The number of answers; fewer than pairs when the person stopped.
    """
    settings = Settings(
        found.threshold, shingle_size=found.shingle_size, strip=False, shingle_unit=found.shingle_unit
    )
    for number, (a, b) in enumerate(found.borderline.tolist()):
        names = articles.id_of(a), articles.id_of(b)
        both = (articles.texts.bytes_at(i).decode("utf-8", "replace") for i in (a, b))
        typer.echo(f"\npair {number + 1} of {len(found.borderline)}")
        typer.echo(texts(compare(*both, settings=settings), names, coloured(sys.stdout)), nl=False)
        answer = _answer()
        if answer == "q":
            return number
        add_label(path, *names, ANSWERS[answer])
    return len(found.borderline)


def _answer() -> str:
    """A letter of `ANSWERS`, or q; q also where the input ends."""
    while True:
        typer.echo("copies of one story? [y]es, [n]o, [s]kip, [q]uit: ", nl=False)
        try:
            answer = input().strip().lower()[:1]
        except EOFError:
            return "q"
        if answer == "q" or answer in ANSWERS:
            return answer
