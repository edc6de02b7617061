"""Articles with their boilerplate marked, for a person: coloured on a terminal, like a diff elsewhere.

    out/a.txt: 1 line removed, 1 cut
    ~  1  [-News article: -]The ferry to Oldsund sails again     prompt.head_prefix
       2  Crowds cheered as the first boat left the harbour.
       …  14 lines
    - 17  Share this article                                     share.en

A removed line begins with `-`; in one with `~`, the parts between `[-` and `-]` were cut. Kept lines are context: those
far from a removed one are folded, long ones are shortened.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedup.cli.messages import coloured
from dedup.explain import Line, lines
from dedup.model import Removal, Rule

if TYPE_CHECKING:
    from rich.text import Text

CONTEXT = 1
"""Kept lines shown on either side of a removed one."""

ALIGNED = 56
"""Removed lines up to this length have their rules in one column."""

WIDTH = 100
"""Columns where the output is no terminal."""

BESIDE_CUT = 60
"""Characters that are shown of what is left of a line that was cut."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the output.

    Attributes:
        mark: `-` removed, `~` cut, else a space.
        number: Line number, or an ellipsis for lines that are folded.
        parts: (text, whether it was removed).
        note: Which rules.
    """

    mark: str
    number: str
    parts: tuple[tuple[str, bool], ...]
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether nothing of it was removed."""
        return self.mark == " "


def explain(
    identity: str, text: str, removals: Sequence[Removal], guarded: bool, rules: Mapping[str, Rule]
) -> str:
    """What stripping did to one article, ready to print on stdout.

    Args:
        identity: Its id.
        text: Its raw text.
        removals: What was removed.
        guarded: Whether a guard rail acted.
        rules: All rules, by id.
    """
    marked = lines(text, removals)
    name, counts = visible(identity), _counts(marked)
    guard = "guard rail: rules were held back, since fewer than 40 words would remain" if guarded else ""
    rows = list(_rows(marked, rules))
    if coloured(sys.stdout):
        return _in_colour(name, counts, guard, rows)
    body = [f"! {guard}"] if guard else []
    return "\n".join([f"{name}: {counts}", *body, *_plain(rows)]) + "\n"


def visible(text: str) -> str:
    """The text without what would move a terminal's cursor or change its colours; spaces stay."""
    return "".join(char if char.isprintable() else " " for char in text)


def _counts(marked: Sequence[Line]) -> str:
    dropped = sum(line.dropped for line in marked)
    cut = sum(bool(line.removals) and not line.dropped for line in marked)
    counts = [f"{dropped:,} line{'' if dropped == 1 else 's'} removed"] if dropped else []
    counts += [f"{cut:,} cut"] if cut else []
    return ", ".join(counts) or "nothing removed"


def _rows(marked: Sequence[Line], rules: Mapping[str, Rule]) -> Iterator[Row]:
    """The rows of an article; none if nothing was removed."""
    filled = [line for line in marked if line.removals or not line.blank]
    near = {
        filled[i].number
        for at, line in enumerate(filled)
        if line.removals
        for i in range(max(0, at - CONTEXT), min(len(filled), at + CONTEXT + 1))
    }
    if not near:
        return
    folded: list[Line] = []
    for line in filled:
        if line.number not in near:
            folded.append(line)
            continue
        yield from _fold(folded)
        folded = []
        yield _row(line, rules)
    yield from _fold(folded)


def _fold(folded: Sequence[Line]) -> Iterator[Row]:
    if len(folded) == 1:
        yield _row(folded[0], {})
    elif folded:
        yield Row(" ", "…", ((f"{len(folded):,} lines", False),))


def _row(line: Line, rules: Mapping[str, Rule]) -> Row:
    mark = " " if not line.removals else "-" if line.dropped else "~"
    notes = dict.fromkeys(_note(one.rule, rules) for one in line.removals)
    parts = [(visible(text), removed) for text, removed in line.parts]
    if mark == "~":
        before = not parts[-1][1]  # no suffix was cut: the beginning of what is left says enough
        parts = [(text if removed else _shortened(text, before), removed) for text, removed in parts]
    return Row(mark, str(line.number), tuple(parts), ", ".join(notes))


def _shortened(text: str, begin_only: bool) -> str:
    """At most about `BESIDE_CUT` characters of a text: its begin, or both its ends."""
    if len(text) <= BESIDE_CUT:
        return text
    if begin_only:
        return text[:BESIDE_CUT].rstrip() + "…"
    return f"{text[: BESIDE_CUT // 2].rstrip()} … {text[-BESIDE_CUT // 2 :].lstrip()}"


def _note(rule: str, rules: Mapping[str, Rule]) -> str:
    """The id of a rule; of a learned one also in how many stories and documents it was seen."""
    if rule in rules and rules[rule].line:
        return f"{rule} ({rules[rule].stories:,} stories in {rules[rule].documents:,} documents)"
    return rule


def _plain(rows: Sequence[Row]) -> Iterator[str]:
    digits = _digits(rows)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    column = _column(rows, marked=True)
    for row in rows:
        text = "".join(_text(row, marked=True)).rstrip()
        if row.kept:
            room = max(20, width - digits - 4)
            text = text if len(text) <= room else text[: room - 1].rstrip() + "…"
        note = f"{' ' * max(2, column - len(text))}{row.note}" if row.note else ""
        yield f"{row.mark} {row.number:>{digits}}  {text}{note}".rstrip()


def _in_colour(name: str, counts: str, guard: str, rows: Sequence[Row]) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, force_terminal=True)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    digits, column = _digits(rows), _column(rows, marked=False)
    for row in rows:
        gutter = Text(f"{row.mark} {row.number:>{digits}}", "dim" if row.kept else "bold red")
        table.add_row(gutter, _styled(row, column))
    with console.capture() as shown:
        console.print(Text.assemble((name, "bold"), (f": {counts}", "" if rows else "dim")), soft_wrap=True)
        if guard:
            console.print(Text(f"! {guard}", "yellow"))
        if rows:
            console.print(table)
            console.print()
    return "".join(f"{line.rstrip(' ')}\n" for line in shown.get().splitlines())


def _styled(row: Row, column: int) -> Text:
    """The text of a row in colours, its note from `column` on."""
    from rich.text import Text

    if row.kept:
        return Text("".join(_text(row, marked=False)).rstrip(), "dim", no_wrap=True, overflow="ellipsis")
    text = Text.assemble(*((part, "red" if removed else "dim") for part, removed in row.parts))
    text.rstrip()
    return text.append(" " * max(2, column - text.cell_len)).append(row.note, "cyan")


def _text(row: Row, *, marked: bool) -> list[str]:
    """The parts of a row; where colours do not tell, what was cut stands in brackets."""
    cut = marked and row.mark == "~"
    return [f"[-{text}-]" if removed and cut else text for text, removed in row.parts]


def _digits(rows: Sequence[Row]) -> int:
    return max((len(row.number) for row in rows), default=0)


def _column(rows: Sequence[Row], *, marked: bool) -> int:
    """Where the notes of short rows begin."""
    sizes = [len("".join(_text(row, marked=marked)).rstrip()) for row in rows if row.note]
    return max((size for size in sizes if size <= ALIGNED), default=0) + 2
