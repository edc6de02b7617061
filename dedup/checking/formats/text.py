"""A report for people: one line a finding, with its place first, then the verdict."""

from __future__ import annotations

from dedup.checking.findings import Report
from dedup.titles import printable


def render(report: Report) -> str:
    """The report as lines."""
    lines = [f"{one.article.place}: {one}" for one in report.duplicates]
    lines += [f"{one.place}: {one.code}: {one.message}" for one in report.problems]
    lines += [f"baseline: {one}" for one in report.stale]
    if lines:
        lines.append("")
    lines.append(f"{'passed' if report.passed else 'failed'}: {report.verdict()}")
    # A name or an id may hold what moves a cursor.
    return "".join(f"{printable(line)}\n" for line in lines)
