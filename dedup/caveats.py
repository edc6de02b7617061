"""Warnings about a run: its summary goes in; out comes what a person should look at before trusting the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dedup.summary import Summary

DEFAULT_ID_FIELD = "id"
"""Records may do without it; whoever names another field expects to find it."""

WIDE_SHARE = 0.05
"""A cluster that holds more than this share of all documents draws a warning: it may be a template, not a story ..."""

WIDE_SIZE = 20
"""... if it has at least this many: in a corpus of 60 articles, four copies are no cause for alarm."""

GUARDED_SHARE = 0.05
"""More guarded articles than this draw a warning: their boilerplate is not boilerplate, or they are mere fragments."""


def caveats(summary: Summary) -> list[str]:
    """What a person should look at before trusting the result."""
    documents = summary.kept + summary.removed
    found = []
    if not summary.input:
        found.append("the inputs hold no articles")
    if summary.against is not None and not summary.against["articles"]:
        found.append("--against holds no articles: nothing was compared with it")
    if summary.against is not None and summary.against["skipped"]:
        found.append(
            f"records of --against that cannot be used were left out ({summary.against['skipped']:,}): "
            "look at them with dedup run --dry-run"
        )
    found += [
        f'no record has the text field "{name}", only the others were compared: check its name'
        for name in summary.absent
    ]
    if summary.removed * 2 > documents:
        verb = "duplicates" if summary.annotated else "removed"
        found.append(
            f"over half of the articles are {verb} ({summary.removed:,} of {documents:,}): "
            "check the largest clusters"
        )
    if (
        summary.largest
        and summary.largest[0].size >= WIDE_SIZE
        and summary.largest[0].size > WIDE_SHARE * documents
    ):
        widest = summary.largest[0]
        found.append(
            f"one cluster holds {widest.size:,} of {documents:,} articles ({widest.id}): "
            "check that it is one story, not one template"
        )
    if summary.stripping is not None and summary.stripping.guarded > GUARDED_SHARE * documents:
        found.append(
            "in many articles stripping was held back, since fewer than 40 words would remain "
            f"({summary.stripping.guarded:,} of {documents:,}): look at some with dedup strip --explain"
        )
    found += _doubts_about_learning(summary)
    if summary.duplicate_ids:
        example = summary.duplicate_id_examples[0]
        found.append(
            f"ids that were already seen are replaced by the location ({summary.duplicate_ids:,}), "
            f'such as "{example["id"]}" at {example["location"]}'
        )
    if summary.without_id and summary.options["id_field"] != DEFAULT_ID_FIELD:
        found.append(
            f'records without "{summary.options["id_field"]}" go by their location '
            f"({summary.without_id:,} of {documents:,}): check the name of the id field"
        )
    for name, count in summary.missing.items():
        if count == documents:
            found.append(
                f'no article has a "{name}" that the keep policy can use: check the name of the field'
            )
        elif count:
            found.append(
                f'articles whose "{name}" is missing or unknown to the keep policy come last in it '
                f"({count:,} of {documents:,})"
            )
    dated = str(summary.options["window"] or "").rpartition(":")[0].strip()
    for name, count in summary.unblocked.items():
        if count:
            how = "with no other" if name == dated else "as if it were a value of its own"
            found.append(
                f'articles without {"a date" if name == dated else "a value"} in "{name}" are compared {how} '
                f"({count:,} of {documents:,})"
            )
    return found


def _doubts_about_learning(summary: Summary) -> list[str]:
    if summary.learned is None:
        return []
    documents, source_field = summary.learned.documents, summary.options["source_field"]
    found = []
    if documents < int(str(summary.options["min_documents"])):
        found.append(
            f"nothing was learned, since {documents:,} articles are fewer than "
            f"{summary.options['min_documents']:,}: learn from more, or set --min-documents"
        )
    if source_field is not None and documents and not summary.learned.sources:
        found.append(f'no article has a "{source_field}": boilerplate was learned without sources')
    return found
