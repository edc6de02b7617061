"""A report as one HTML page, for people."""

from __future__ import annotations

from dedup.checking.findings import Report
from dedup.report import check_page


def render(report: Report) -> str:
    """The page; raises UsageError where jinja2 is not installed."""
    return b"".join(check_page(report)).decode()
