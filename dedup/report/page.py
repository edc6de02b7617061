"""HTML pages: a `Report`, a `Comparison` or a check in, one file that needs nothing else out.

A page runs no script and fetches nothing, and says so to the browser in a Content-Security-Policy: the one style sheet
is named by its hash, everything else is refused. Whatever comes from articles is escaped by jinja2.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dedup.comparison import Comparison
from dedup.errors import UsageError
from dedup.model import encode
from dedup.passages import ALIGNED, hunks
from dedup.report import charts
from dedup.report.content import Report
from dedup.report.gather import COPIES, EXCERPTS, SAMPLE, STORIES
from dedup.version import version

if TYPE_CHECKING:
    from jinja2 import Environment

    from dedup.checking.findings import Report as CheckReport

ROWS = 1000
"""Findings of a check that are listed, of each kind."""

CHUNK = 64
"""Pieces of a page that are put together before they are written."""

CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")
"""Control characters, which HTML does not allow, not even as references."""


def report_page(report: Report) -> Iterator[bytes]:
    """The page of a run, in pieces."""
    caps = {"stories": STORIES, "copies": COPIES, "excerpts": EXCERPTS, "sample": SAMPLE, "aligned": ALIGNED}
    return _page("report.html.j2", report=report, summary=report.summary, **caps)


def comparison_page(found: Comparison, names: tuple[str, str]) -> Iterator[bytes]:
    """The page of two articles that are called `names`, in pieces."""
    return _page("comparison.html.j2", found=found, names=names, hunks=hunks(found.passages))


def check_page(found: CheckReport) -> Iterator[bytes]:
    """The page of a check, in pieces; what differs is shown of the duplicates that it has `differences` of."""
    return _page("check.html.j2", found=found, rows=ROWS)


def require_jinja2() -> None:
    """Raise UsageError where jinja2 is not installed."""
    try:
        import jinja2  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise UsageError(
            "HTML needs jinja2, which is not installed", "pip install 'article-dedup[report]'"
        ) from error


def _page(template: str, **context: Any) -> Iterator[bytes]:
    require_jinja2()
    return _encoded(_environment().get_template(template).generate(**context))


@cache
def _environment() -> Environment:
    import jinja2
    from markupsafe import Markup

    style = files("dedup.report").joinpath("templates", "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dedup.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["share"] = lambda part, whole: f"{part / whole:.1%}" if whole else "–"
    environment.filters["figure"] = lambda value: "–" if value != value else f"{value:.3f}"
    environment.globals.update(
        chart=charts,
        style=Markup(style),  # a file of the package, and no article
        style_hash=digest,
        version=version(),
    )
    return environment


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Pieces of text as UTF-8, in larger ones."""
    held: list[str] = []
    for piece in pieces:
        held.append(piece)
        if len(held) == CHUNK:
            yield encode("".join(held).translate(CONTROLS))
            held.clear()
    yield encode("".join(held).translate(CONTROLS))
