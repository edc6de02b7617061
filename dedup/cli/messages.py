"""What the command line says on stderr: errors, hints and warnings, in one style."""

from __future__ import annotations

import os
import sys

import typer

from dedup.errors import DedupError

FAILURE = 2
"""Exit code of every failure."""


def report(error: DedupError) -> int:
    """Print an error of dedup; return the exit code."""
    return fail(error.message, error.hint)


def fail(message: str, hint: str = "") -> int:
    """Print one line and a hint; return the exit code. What is quoted, such as a name, stays on the line."""
    from dedup.titles import printable

    typer.echo(f"{_paint('error:', typer.colors.RED)} {printable(message)}", err=True)
    if hint:
        typer.echo(f"\n{_paint('hint:', typer.colors.CYAN)} {printable(hint)}", err=True)
    return FAILURE


def warn(message: str) -> None:
    """Print one line that deserves attention; it may quote an article, so control characters become spaces."""
    from dedup.titles import printable

    typer.echo(f"{_paint('warning:', typer.colors.YELLOW)} {printable(message)}", err=True)


def coloured(stream: object) -> bool:
    """Whether colours are welcome on a stream: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return bool(getattr(stream, "isatty", lambda: False)()) and not os.environ.get("NO_COLOR")


def _paint(text: str, colour: str) -> str:
    return typer.style(text, fg=colour, bold=True) if coloured(sys.stderr) else text
