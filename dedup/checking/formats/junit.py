"""A report as JUnit XML, which most CI services show as tests: one suite for the duplicates, one for the problems."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from dedup.checking.findings import Place, Report
from dedup.errors import UsageError
from dedup.titles import printable

if TYPE_CHECKING:
    from junitparser import TestCase


def render(report: Report) -> str:
    """The report as XML.

    The verdict is a test case of its own, so that there is always one. Each finding is a case too: failed if it counts,
    skipped if it is within the limits or the baseline accepts it.

    Raises:
        UsageError: The package `junitparser` is not installed.
    """
    try:
        from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite
    except ImportError:
        raise UsageError(
            "JUnit reports need junitparser, which is not installed", "pip install 'article-dedup[report]'"
        ) from None

    def case(name: str, place: Place | None, result: Failure | Skipped | None) -> TestCase:
        one = TestCase(printable(name), "dedup.check", 0.0)
        if place is not None:
            one._elem.set("file", printable(place.path))
            one._elem.set("line", str(place.line))
        if result is not None:
            one.result = [result]
        return one

    duplicates = TestSuite("duplicates")
    failure = None if report.within_limits else Failure(printable(report.verdict()), "duplicates")
    duplicates.add_testcase(case("number of duplicates", None, failure))
    for found in report.duplicates:
        message = printable(str(found))
        result = (
            Skipped(f"{message}, within the limits")
            if report.within_limits
            else Failure(message, found.relation)
        )
        duplicates.add_testcase(case(str(found.article.place), found.article.place, result))
    for found in report.accepted:
        message = printable(f"{found}, accepted by the baseline")
        duplicates.add_testcase(case(str(found.article.place), found.article.place, Skipped(message)))
    suites = [duplicates]
    if report.linted:
        problems = TestSuite("problems")
        if not report.problems:
            problems.add_testcase(case("no problems", None, None))
        for problem in report.problems:
            name = f"{problem.place} {problem.code}"
            failed = Failure(printable(problem.message), problem.code)
            problems.add_testcase(case(name, problem.place, failed))
        suites.append(problems)
    document = JUnitXml("dedup check")
    for suite in suites:
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    written = BytesIO()
    document.write(written)
    return written.getvalue().decode() + "\n"
