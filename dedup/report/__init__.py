"""Pages for people: what a run found, or why two articles are copies, as one HTML file or as Markdown.

`gather` takes the outcome of a run, while its sources are still open, and gives a `Report` of bounded size;
`report_page` makes HTML of that, in pieces of bytes: `write_chunks(directory, "report.html", report_page(report))`.
`comparison_page` and `comparison_markdown` show a `Comparison`, `check_page` what `dedup check` found, with the
`differences` of some pairs of articles. HTML needs jinja2: call `require_jinja2` before long
work.
"""

from __future__ import annotations

from dedup.report.content import Report
from dedup.report.differences import Difference, differences
from dedup.report.gather import gather
from dedup.report.markdown import comparison_markdown
from dedup.report.page import check_page, comparison_page, report_page, require_jinja2

__all__ = [
    "Difference",
    "Report",
    "check_page",
    "comparison_markdown",
    "comparison_page",
    "differences",
    "gather",
    "report_page",
    "require_jinja2",
]
