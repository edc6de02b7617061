"""`dedup tune`: which settings suit a corpus, by labelled pairs or by similarities alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.messages import warn
from dedup.cli.options import (
    Encoding,
    IdField,
    Limit,
    NumPerm,
    Quiet,
    Recall,
    Rules,
    Seed,
    Shingle,
    ShingleSize,
    Strip,
    TempDir,
    TextField,
    Threads,
    chosen_shingle,
)
from dedup.errors import OutputError, UsageError

if TYPE_CHECKING:
    from dedup.config import Settings
    from dedup.tuning.labels import Label

EXAMPLES = """\b
Examples:
  dedup tune articles.jsonl
  dedup tune articles.jsonl --labels pairs.tsv --ask
  dedup tune articles.jsonl --labels pairs.tsv --unlisted unsure
  dedup tune pairs.tsv articles.jsonl --svg tuning.svg

Labels are TSV, CSV or JSON lines with the columns a, b (ids) and relation: exact, near, excerpt, different or unsure;
or with id and cluster."""


SIZES = {"words": "3,4,5,6,8", "chars": "5,7,9,12,15"}
"""Sizes of shingles that are tried, by their unit."""


class Unlisted(StrEnum):
    """What a pair counts as that is not among the labels."""

    DIFFERENT = "different"
    UNSURE = "unsure"


def command(
    context: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="[LABELS] INPUT...",
            help="Files, folders, globs, or - for JSON lines on standard input. The first of several may be a file of "
            "labels, if it has the columns a and b, or id and cluster.",
            show_default=False,
        ),
    ],
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Labelled pairs to judge settings by; --ask adds to them."),
    ] = None,
    unlisted: Annotated[
        Unlisted, typer.Option(help="What a pair counts as that is not among the labels.")
    ] = Unlisted.DIFFERENT,
    relation: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD=RELATION", help="What another word means as a label; may be repeated."),
    ] = None,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask",
            help="Show borderline pairs and ask whether they are copies; the answers go into --labels.",
        ),
    ] = False,
    shingle_sizes: Annotated[
        str | None,
        typer.Option(
            metavar="K,K,...",
            help="Sizes of shingles to try, with labels: 3,4,5,6,8 words or 5,7,9,12,15 characters if not given.",
            show_default=False,
        ),
    ] = None,
    floor: Annotated[
        float, typer.Option(metavar="T", help="Least Jaccard similarity to look at, from 0.05 to 0.5.")
    ] = 0.2,
    threshold: Annotated[
        float, typer.Option(metavar="T", help="Threshold in use, which others are compared with.")
    ] = 0.5,
    shingle: Shingle = None,
    shingle_size: ShingleSize = None,
    recall: Recall = 0.99,
    num_perm: NumPerm = 128,
    seed: Seed = 1,
    text_field: TextField = "text",
    id_field: IdField = "id",
    encoding: Encoding = "utf-8",
    limit: Limit = None,
    strip: Strip = True,
    rules: Rules = None,
    threads: Threads = None,
    temp_dir: TempDir = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also draw the figures, into a file such as tuning.svg.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the drawing that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Find the settings that suit a corpus.

    With labels: precision, recall and F1 of every threshold and shingle size, and what the best costs. Without: how
    similar the articles are, where a threshold would lie, which pairs to label, and what choices of bands cost.
    """
    from dedup.cli.progress import shown
    from dedup.config import WORDS, Settings
    from dedup.tuning.advise import Advice, advise
    from dedup.tuning.articles import Options, read_articles
    from dedup.tuning.evaluate import Evaluation, evaluate
    from dedup.tuning.labels import Label, is_labels, read_labels
    from dedup.tuning.pairs import cost, measure

    if labels is None and len(inputs) > 1 and is_labels(inputs[0]):
        labels, inputs = Path(inputs[0]), inputs[1:]
    if ask:
        _check_answers(labels, inputs)
    if not 0.05 <= floor <= 0.5:
        raise UsageError(f"floor {floor:g} is not between 0.05 and 0.5", "0.2 is below what copies have")
    if threshold < floor:
        raise UsageError(
            f"threshold {threshold:g} is below the floor {floor:g}", f"add --floor {threshold:g}"
        )
    size, unit = chosen_shingle(context, shingle, shingle_size) or (5, WORDS)
    current = Settings(threshold, recall, size, num_perm, seed, strip=False, shingle_unit=unit)
    sizes = _sizes(shingle_sizes or SIZES[unit], current)
    words = _words(relation or [])
    if svg is not None:
        _check_drawing(svg, force)
    options = Options(
        text_fields=tuple(name.strip() for name in text_field.split(",")),
        id_field=id_field,
        encoding=encoding,
        limit=limit,
        strip=strip,
        rules=tuple(rules or ()),
        threads=threads,
        temp_dir=temp_dir,
    )
    found: Evaluation | Advice
    with shown(quiet) as progress:
        articles = read_articles(inputs, options, progress)
        known = None
        if labels is not None and (labels.exists() or not ask):
            known = read_labels(labels, articles, words, partial=limit is not None)
        if known is None or ask:
            progress.start("matching", None, "articles")
            listed = None if known is None else known.pairs
            pairs = measure(articles.texts, size, floor, current, threads=threads)
            found = advise(pairs, articles, current, floor, listed, threads)
        else:
            progress.start("matching", len(sizes) * len(articles), "articles")
            measured = []
            for each in sizes:
                measured.append(measure(articles.texts, each, floor, current, known.pairs, threads))
                progress.update(len(measured) * len(articles), len(measured) * len(articles))
            found = evaluate(measured, known, current, floor, Label[unlisted.name])
            costs = [cost(articles.texts, current, threads)]
            if found.recommended != found.current:
                costs.append(cost(articles.texts, found.recommended.settings(current), threads))
    if svg is not None:
        from dedup.boilerplate.learned import whole_file
        from dedup.tuning.draw import draw

        drawing = draw(found)
        with whole_file(svg) as file:
            file.write(drawing)
    if ask and labels is not None and isinstance(found, Advice):
        from dedup.cli.asking import ask_for

        answers = ask_for(found, articles, labels)
        typer.echo(f"\nanswers  {answers} of {len(found.borderline)} pairs, in {labels}")
        typer.echo("next     the same with --unlisted unsure instead of --ask: what do the labels say?")
        return
    if isinstance(found, Evaluation):
        for warning in found.warnings():
            warn(warning)
    if quiet:
        return
    from dedup.cli import tuned

    if isinstance(found, Advice):
        tuned.show_advice(found, articles, json=json)
    elif known is not None:
        tuned.show_evaluation(found, costs, articles, known, current, json=json)


def _sizes(text: str, current: Settings) -> list[int]:
    """The shingle sizes to try, that in use among them."""
    try:
        sizes = {int(size) for size in text.split(",")}
    except ValueError:
        raise UsageError(
            f'shingle sizes are "{text}"', "write whole numbers: --shingle-sizes 3,5,8"
        ) from None
    for size in sizes:
        replace(current, shingle_size=size)  # says what is wrong with it
    return sorted(sizes | {current.shingle_size})


def _words(given: list[str]) -> dict[str, Label]:
    """What words mean as relations."""
    from dedup.tuning.labels import Label

    names = {label.name.lower(): label for label in Label}
    words = {}
    for one in given:
        word, _, name = one.rpartition("=")
        if not word or name not in names:
            raise UsageError(f'--relation is "{one}"', f"write WORD=RELATION, with one of {', '.join(names)}")
        words[word.lower()] = names[name]
    return words


def _check_answers(labels: Path | None, inputs: list[str]) -> None:
    """Refuse to ask where nobody can answer, or the answers have no place, before any work."""
    if labels is None:
        raise UsageError("no place for the answers", "add --labels FILE, such as --labels pairs.tsv")
    if "-" in inputs or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "nobody can answer: this is no terminal", "leave out --ask; --json lists the pairs to label"
        )


def _check_drawing(path: Path, force: bool) -> None:
    """Refuse what cannot be drawn before any work."""
    if find_spec("matplotlib") is None:
        raise UsageError("a drawing needs matplotlib", "pip install 'article-dedup[report]'")
    if path.suffix.lower() not in ("", ".svg"):
        raise UsageError(f"{path} would not be what its name says", "name it as SVG, such as tuning.svg")
    if path.is_dir():
        raise OutputError(f"{path} is a directory", "name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent} is no directory", "make it first, or choose another place")
    if path.exists() and not force:
        raise OutputError(f"{path} exists", "choose another name, or replace it with --force")
