"""A report as one JSON document, for programs."""

from __future__ import annotations

import json
from typing import Any

from dedup.checking.findings import Article, Duplicate, Place, Report
from dedup.version import version


def render(report: Report) -> str:
    """The report as JSON, ASCII only: file names need not be text."""
    content = {
        "passed": report.passed,
        "articles": report.articles,
        "compared_with": report.known,
        "counts": {
            "duplicates": len(report.duplicates),
            "ratio": round(report.ratio, 6),
            "by_relation": report.counts(),
            "accepted": len(report.accepted),
            "stale": len(report.stale),
            "problems": len(report.problems) if report.linted else None,
            "skipped": len(report.skipped),
        },
        "limits": {"max_duplicates": report.limits.duplicates, "max_ratio": report.limits.ratio},
        "duplicates": [_duplicate(one) for one in report.duplicates],
        "accepted": [_duplicate(one) for one in report.accepted],
        "stale": [
            {"article": one.article, "original": one.original, "relation": one.relation}
            for one in report.stale
        ],
        "problems": [
            {"code": one.code, "message": one.message, **_place(one.place)} for one in report.problems
        ],
        "skipped": [
            {"location": one.location, "reason": one.reason, "detail": one.detail} for one in report.skipped
        ],
        "warnings": report.warnings,
        "settings": report.settings,
        "fingerprint": report.fingerprint,
        "version": version(),
    }
    return json.dumps(content, indent=2) + "\n"


def _duplicate(one: Duplicate) -> dict[str, Any]:
    return {
        "relation": one.relation,
        "similarity": round(one.similarity, 6),
        "containment": round(one.containment, 6),
        "article": _article(one.article),
        "original": _article(one.original),
    }


def _article(one: Article) -> dict[str, Any]:
    return {"id": one.id, **_place(one.place), "words": one.words}


def _place(place: Place) -> dict[str, Any]:
    return {"location": str(place), "path": place.path, "line": place.line}
