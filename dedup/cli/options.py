"""The options that several commands have, in the same words: names of types that typer reads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.errors import UsageError

CONTAINMENT = 0.6
"""As in `dedup.containment`, which takes too long to import for a help text."""

MIN_DOCUMENTS = 200
"""As in `dedup.boilerplate.learner`, likewise."""


def chosen_shingle(
    context: typer.Context, shingle: str | None, shingle_size: int | None
) -> tuple[int, str] | None:
    """Size and unit of shingles from the two options for it; None where neither is given.

    Where one of the two comes from a settings file, the other, from the command line, overrides it.
    """
    from dedup.config import WORDS, parse_shingle

    short = None if shingle_size is None else (shingle_size, WORDS)
    if shingle is None:
        return short
    long = parse_shingle(shingle)
    if short in (None, long):
        return long
    given = [context.get_parameter_source(name).name for name in ("shingle", "shingle_size")]  # type: ignore[union-attr]
    if given == ["DEFAULT_MAP", "COMMANDLINE"]:
        return short
    if given == ["COMMANDLINE", "DEFAULT_MAP"]:
        return long
    raise UsageError(
        f"--shingle {shingle} and --shingle-size {shingle_size} contradict each other",
        "leave one of them out",
    )


class Engine(StrEnum):
    """Who computes."""

    NATIVE = "native"
    REFERENCE = "reference"


class Excerpts(StrEnum):
    """What is done about excerpts."""

    OFF = "off"
    REPORT = "report"
    REMOVE = "remove"


TextField = Annotated[
    str, typer.Option(metavar="NAME", help="Field with the text; several as title,body; nested as a.b.")
]
IdField = Annotated[str, typer.Option(metavar="NAME", help="Field with the id.")]
Encoding = Annotated[str, typer.Option(metavar="NAME", help="Encoding of text files and tables.")]
Limit = Annotated[
    int | None, typer.Option(metavar="N", help="Only read the first N articles; all by default.")
]
Threshold = Annotated[
    float,
    typer.Option(metavar="T", help="Least Jaccard similarity of near-duplicates, above 0, up to 1."),
]
Recall = Annotated[
    float, typer.Option(metavar="R", help="Share of pairs at the threshold that must be found.")
]
Shingle = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT:N",
        help="What is compared: runs of words, words:5 by default, or of characters, such as chars:9 for scans.",
        show_default=False,
    ),
]
ShingleSize = Annotated[
    int | None, typer.Option(metavar="K", help="The same in short: words:K.", show_default=False)
]
NumPerm = Annotated[int, typer.Option(metavar="N", help="Values per MinHash signature.")]
Bands = Annotated[
    int | None,
    typer.Option(metavar="N", help="Number of bands; derived from threshold and recall if not given."),
]
Rows = Annotated[
    int | None, typer.Option(metavar="N", help="Signature values per band, together with --bands.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed of the permutations, as in datasketch.")]
Strip = Annotated[bool, typer.Option("--strip/--no-strip", help="Remove boilerplate before comparing.")]
Rules = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="Further boilerplate rules; may be repeated.")
]
Same = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD",
        help="Only compare articles with the same value, such as of one language; may be repeated.",
        show_default=False,
    ),
]
Across = Annotated[
    str | None,
    typer.Option(
        metavar="FIELD",
        help="Only compare articles with different values, such as of different publishers.",
        show_default=False,
    ),
]
Window = Annotated[
    str | None,
    typer.Option(
        metavar="FIELD:TIME",
        help="Only compare articles whose dates differ by at most so much: published:7d; weeks, days, h, m, s.",
        show_default=False,
    ),
]
ExcerptContainment = Annotated[
    float,
    typer.Option(
        metavar="C", help="Least share of an excerpt that the larger article has, above 0, up to 1."
    ),
]
ExcerptShingles = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Least number of different shingles of an excerpt: 40 of words, 240 of characters if not given.",
        show_default=False,
    ),
]
MinDocuments = Annotated[int, typer.Option(metavar="N", help="Learn nothing from fewer articles.")]
Threads = Annotated[int | None, typer.Option(metavar="N", help="Threads to use; all cores by default.")]
EngineName = Annotated[
    Engine, typer.Option(help="The reference is slow, plain Python, and gives the same result.")
]
TempDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where compressed and piped inputs are held; the system's by default."),
]
Strict = Annotated[
    bool,
    typer.Option("--strict/--no-strict", help="Exit with 2 if records were skipped.", show_default=False),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")]
