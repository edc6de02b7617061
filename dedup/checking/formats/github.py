"""A report as workflow commands of GitHub Actions: one annotation a finding, shown beside the line it is about.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from dedup.checking.findings import Report
from dedup.checking.formats.text import render as as_text


def render(report: Report) -> str:
    """The report as commands. What is within the limits is a warning, a stale entry of the baseline a notice.

    GitHub shows ten errors and ten warnings of a step; the log, and a SARIF file, have all.
    """
    level = "warning" if report.within_limits else "error"
    lines = [
        _command(
            level, f"{one.article.place}: {one}", one.relation, one.article.place.path, one.article.place.line
        )
        for one in report.duplicates
    ]
    lines += [
        _command("error", f"{one.place}: {one.message}", one.code, one.place.path, one.place.line)
        for one in report.problems
    ]
    lines += [_command("notice", str(one), "stale baseline") for one in report.stale]
    verdict = as_text(report).splitlines()[-1]
    lines.append(_command("notice" if report.passed else "error", verdict, "dedup check"))
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, message: str, title: str, path: str = "", line: int = 0) -> str:
    place = f"file={_escaped(path, ':,')},line={line}," if path else ""
    return f"::{level} {place}title={_escaped(title, ':,')}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """Percent signs, line ends and, in a property, separators as the runner expects them."""
    inert = "".join(c if c.isprintable() or c in "\r\n" else " " for c in text)
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in inert)
