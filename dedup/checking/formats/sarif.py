"""A report as SARIF 2.1.0, which GitHub code scanning and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from dedup.checking.findings import PROBLEMS, Duplicate, Place, Report
from dedup.version import version

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

RULES = {
    "exact-copy": "An article has the same words as another one, boilerplate apart.",
    "near-copy": "An article has most of its five-word sequences in common with another one.",
    "excerpt": "An article is contained in another one for the most part.",
    "contains-excerpt": "An article contains another one for the most part.",
    **{code: f"The corpus holds {what}." for code, what in PROBLEMS.items()},
}
"""The rules by id, each with what it finds."""

CODES = dict(zip(("exact", "near", "excerpt", "contains"), RULES, strict=False))
"""The rules by relation."""

_IDS = list(RULES)


def render(report: Report) -> str:
    """The report as JSON. What the baseline accepts is there and suppressed."""
    level = "warning" if report.within_limits else "error"
    results = [_duplicate(one, level) for one in report.duplicates]
    results += [
        _duplicate(one, level) | {"suppressions": [{"kind": "external", "status": "accepted"}]}
        for one in report.accepted
    ]
    results += [
        {
            "ruleId": one.code,
            "ruleIndex": _IDS.index(one.code),
            "level": "error",
            "message": {"text": f"{one.place}: {one.message}"},
            "locations": [_location(one.place)],
        }
        for one in report.problems
    ]
    run = {
        "tool": {
            "driver": {
                "name": "dedup",
                "version": version(),
                "rules": [
                    {
                        "id": code,
                        "shortDescription": {"text": text},
                        "defaultConfiguration": {"level": "error"},
                    }
                    for code, text in RULES.items()
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": 0 if report.passed else 1,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": text}}
                    for text in [*report.warnings, *(f"baseline: {one}" for one in report.stale)]
                ],
            }
        ],
        "results": results,
        "properties": {"articles": report.articles, "fingerprint": report.fingerprint},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _duplicate(one: Duplicate, level: str) -> dict[str, Any]:
    code = CODES[one.relation]
    words = "-".join(sorted((one.article.words, one.original.words)))
    return {
        "ruleId": code,
        "ruleIndex": _IDS.index(code),
        "level": level,
        "message": {"text": f"{one.article.place}: {one}"},
        "locations": [_location(one.article.place)],
        "relatedLocations": [{"id": 1, "message": {"text": "the original"}, **_location(one.original.place)}],
        "partialFingerprints": {"words/v1": words},
        "properties": {
            "similarity": round(one.similarity, 6),
            "containment": round(one.containment, 6),
            "original": one.original.id,
        },
    }


def _location(place: Place) -> dict[str, Any]:
    # A name may hold bytes that are no UTF-8: a URI has a way to write them.
    uri = quote(place.path.encode("utf-8", "surrogateescape"))
    if place.path.startswith("/"):
        uri = f"file://{uri}"
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": place.line}}}
