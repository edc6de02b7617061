"""A `Comparison` as Markdown: for an issue or a review, where the text of an article must not become markup."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from dedup.comparison import Comparison
from dedup.passages import Hunk, Part, hunks
from dedup.titles import printable


def comparison_markdown(found: Comparison, names: tuple[str, str]) -> str:
    """The comparison of two articles that are called `names`."""
    return "\n".join(_lines(found, names)) + "\n"


def code(text: str) -> str:
    """A text as a code span on one line, whatever it contains: in a longer fence than any in it (CommonMark 6.1)."""
    text = printable(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _lines(found: Comparison, names: tuple[str, str]) -> Iterator[str]:
    yield f"## {(found.relation or 'not copies').capitalize()}"
    yield ""
    for letter, name in zip("AB", names, strict=True):
        yield f"- {letter}: {code(name)}"
    yield ""
    yield f"{found.reason[:1].upper()}{found.reason[1:]}."
    yield ""
    yield "| | stripped | raw |"
    yield "|---|---:|---:|"
    for name, clean, raw in (
        ("Jaccard", found.jaccard, found.raw_jaccard),
        ("share of A in B", found.containment_a, found.raw_containment_a),
        ("share of B in A", found.containment_b, found.raw_containment_b),
    ):
        yield f"| {name} | {_figure(clean)} | {_figure(raw)} |"
    yield f"| estimated Jaccard | {_figure(found.estimate)} ± {found.standard_error:.3f} | |"
    yield f"| bands that agree | {len(found.bands_hit)} of {found.bands.bands} | |"
    yield f"| probability of one | {found.probability:.4f} | |"
    yield ""
    yield "| gate | for | | |"
    yield "|---|---|---|---|"
    for gate in found.gates:
        yield f"| {gate.name} | {gate.relation} | {gate.verdict} | {'passed' if gate.passed else '**failed**'} |"
    for letter, side in zip("AB", (found.a, found.b), strict=True):
        if side.removed:
            yield f"\n### Stripped from {letter}\n"
            yield from (f"- {code(one.rule)} {code(one.text)}" for one in side.removed)
    places = hunks(found.passages)
    if places:
        yield "\n### Where they differ\n"
        yield from _diff(places)


def _diff(places: Sequence[Hunk]) -> Iterator[str]:
    lines = [line for hunk in places for line in _hunk(hunk)]
    if places[-1].after:
        lines.append(f"  ({places[-1].after:,} words alike)")
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}diff"
    yield from lines
    yield fence


def _hunk(hunk: Hunk) -> Iterator[str]:
    if hunk.before:
        yield f"  ({hunk.before:,} words alike)"
    yield from (f"- {line}" for line in _side(hunk.a))
    yield from (f"+ {line}" for line in _side(hunk.b))


def _side(parts: Sequence[Part]) -> list[str]:
    """The lines of one side, what only it has in brackets."""
    text = "".join(
        f"[{part.text.strip()}] " if part.own and part.text.strip() else part.text for part in parts
    )
    return [shown for line in text.split("\n") if (shown := printable(line))]


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
