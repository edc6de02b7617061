"""A report in Markdown, for the summary of a job or a comment."""

from __future__ import annotations

import re

from dedup.checking.findings import Report
from dedup.titles import printable

MOST = 1000
"""Rows of a table: GitHub takes a summary of 1 MiB at most."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def render(report: Report) -> str:
    """The report as a headline, tables, and what else there is to know."""
    mark = "✅" if report.passed else "❌"
    parts = [f"### {mark} dedup check\n\n{_text(report.verdict())}\n"]
    parts += _table(
        ("article", "relation", "how alike", "original"),
        [
            (str(one.article.place), one.relation, one.measure.strip(" ()"), str(one.original.place))
            for one in report.duplicates
        ],
    )
    parts += _table(
        ("article", "problem", ""), [(str(one.place), one.code, one.message) for one in report.problems]
    )
    if report.stale:
        lines = "".join(f"- {_text(str(one))}\n" for one in report.stale[:MOST])
        parts.append(f"Stale entries of the baseline, to be removed with `--update-baseline`:\n\n{lines}")
    parts += [f"> {_text(warning)}\n" for warning in report.warnings]
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    lines = [head, ("---",) * len(head), *(tuple(map(_text, row)) for row in rows[:MOST])]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    more = f"\nand {len(rows) - MOST:,} more\n" if len(rows) > MOST else ""
    return [table + more]


def _text(text: str) -> str:
    """Plain text in Markdown: nothing in it is markup, a link or a mention."""
    return _SPECIAL.sub(r"\\\1", printable(text)).replace("@", "@\u200b")
