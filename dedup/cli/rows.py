"""Lines of articles with what was removed marked: coloured on a terminal, like a diff elsewhere.

A removed line begins with `-`; in one with `~`, the parts between `[-` and `-]` were cut; `@` says where the next lines
stand. Kept lines are context, and long ones are shortened.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedup.cli.messages import coloured
from dedup.explain import Line

if TYPE_CHECKING:
    from rich.text import Text

ALIGNED = 56
"""Removed lines up to this length have their notes in one column."""

WIDTH = 100
"""Columns where the output is no terminal."""

BESIDE_CUT = 60
"""Characters that are shown of what is left of a line that was cut."""

STYLES = {"-": "bold red", "~": "bold red", "@": "magenta", " ": "dim"}
"""Of the gutter, by mark."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the output.

    Attributes:
        mark: `-` removed, `~` cut, `@` a place, else a space.
        number: Line number, an ellipsis for lines that are folded, empty for a place.
        parts: (text, whether it was removed).
        note: Which rules, for instance.
    """

    mark: str
    number: str
    parts: tuple[tuple[str, bool], ...]
    note: str = ""

    @classmethod
    def of(cls, line: Line, note: str = "") -> Row:
        """The row of a line of an article."""
        mark = " " if not line.removals else "-" if line.dropped else "~"
        parts = [(visible(text), removed) for text, removed in line.parts]
        if mark == "~":
            begin_only = not parts[-1][1]  # no suffix was cut: the beginning of what is left says enough
            parts = [(text if removed else _shortened(text, begin_only), removed) for text, removed in parts]
        return cls(mark, str(line.number), tuple(parts), note)

    @property
    def text(self) -> str:
        """All of it, for a terminal."""
        return "".join(text for text, _ in self.parts).rstrip()

    @property
    def marked(self) -> str:
        """All of it, for where colours do not tell what was cut."""
        cut = self.mark == "~"
        return "".join(f"[-{text}-]" if removed and cut else text for text, removed in self.parts).rstrip()


def block(title: str, detail: str, rows: Sequence[Row], warning: str = "") -> str:
    """A heading and its rows, ready to print on stdout."""
    if coloured(sys.stdout):
        return _in_colour(title, detail, rows, warning)
    head = [f"{visible(title)}: {detail}", *([f"! {warning}"] if warning else [])]
    return "\n".join([*head, *_plain(rows)]) + "\n"


def visible(text: str) -> str:
    """The text without what would move a terminal's cursor or change its colours; spaces stay."""
    return "".join(char if char.isprintable() else " " for char in text)


def _shortened(text: str, begin_only: bool) -> str:
    """At most about `BESIDE_CUT` characters of a text: its begin, or both its ends."""
    if len(text) <= BESIDE_CUT:
        return text
    if begin_only:
        return text[:BESIDE_CUT].rstrip() + "…"
    return f"{text[: BESIDE_CUT // 2].rstrip()} … {text[-BESIDE_CUT // 2 :].lstrip()}"


def _plain(rows: Sequence[Row]) -> Iterator[str]:
    digits = _digits(rows)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    column = _column(rows, [row.marked for row in rows])
    for row in rows:
        text = row.marked
        if row.mark == " ":
            room = max(20, width - digits - 4)
            text = text if len(text) <= room else text[: room - 1].rstrip() + "…"
        note = f"{' ' * max(2, column - len(text))}{row.note}" if row.note else ""
        yield f"{row.mark} {row.number:>{digits}}  {text}{note}".rstrip()


def _in_colour(title: str, detail: str, rows: Sequence[Row], warning: str) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, force_terminal=True)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    digits, column = _digits(rows), _column(rows, [row.text for row in rows])
    for row in rows:
        table.add_row(Text(f"{row.mark} {row.number:>{digits}}", STYLES[row.mark]), _styled(row, column))
    with console.capture() as shown:
        heading = Text.assemble((visible(title), "bold"), (f": {detail}", "" if rows else "dim"))
        console.print(heading, soft_wrap=True)
        if warning:
            console.print(Text(f"! {warning}", "yellow"))
        if rows:
            console.print(table)
            console.print()
    return "".join(f"{line.rstrip(' ')}\n" for line in shown.get().splitlines())


def _styled(row: Row, column: int) -> Text:
    """The text of a row in colours, its note from `column` on."""
    from rich.text import Text

    if row.mark == " ":
        return Text(row.text, "dim", no_wrap=True, overflow="ellipsis")
    if row.mark == "@":
        return Text(row.text, STYLES["@"])
    text = Text.assemble(*((part, "red" if removed else "dim") for part, removed in row.parts))
    text.rstrip()
    return text.append(" " * max(2, column - text.cell_len)).append(row.note, "cyan")


def _digits(rows: Sequence[Row]) -> int:
    return max((len(row.number) for row in rows), default=0)


def _column(rows: Sequence[Row], texts: Sequence[str]) -> int:
    """Where the notes of short rows begin."""
    sizes = [len(text) for row, text in zip(rows, texts, strict=True) if row.note]
    return max((size for size in sizes if size <= ALIGNED), default=0) + 2
