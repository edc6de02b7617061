"""Problems of single articles: the articles of a check go in, what is wrong with them comes out, in input order."""

from __future__ import annotations

from collections.abc import Iterator, Set

import numpy as np

from dedup.checking.articles import Articles, relative
from dedup.checking.findings import Place, Problem, plural
from dedup.model import I64, Form, Mask, Skipped
from dedup.reading import texts_again
from dedup.stages import Stages

MIN_WORDS = 40
"""Least words of an article: as many as the guard rails of stripping leave in a text."""

QUOTED = 60
"""Characters of a boilerplate line that are quoted."""


def lint(
    articles: Articles, checked: Mask, codes: Set[str], min_words: int, stripping: Stages
) -> list[Problem]:
    """Look for problems.

    Args:
        articles: All articles.
        checked: bool[n], the ones to look at; records that could not be used are looked at in any case.
        codes: Which problems to look for; see `findings.PROBLEMS`.
        min_words: Fewer words than this make an article `short`.
        stripping: An engine with the boilerplate rules.
    """
    corpus = articles.corpus
    found: list[tuple[int, Problem]] = []

    def report(positions: I64, code: str, message: str) -> None:
        if code in codes:
            some = positions[checked[positions]].tolist()
            found.extend((i, Problem(articles.place(i), code, message)) for i in some)

    report(np.flatnonzero(corpus.tokens == 0), "empty", "no words")
    for i in np.flatnonzero((corpus.tokens > 0) & (corpus.tokens < min_words)).tolist():
        message = f"{plural(int(corpus.tokens[i]), 'word')}, fewer than {min_words}"
        report(np.array([i]), "short", message)
    for i, position in enumerate(corpus.renamed.positions.tolist()):
        name = corpus.renamed.ids.bytes_at(i).decode("utf-8", "replace")
        report(np.array([position]), "duplicate-id", f'the id "{name}" is that of an earlier article')
    report(articles.damaged, "undecodable", "bytes that are no UTF-8, or half a character")
    if "boilerplate" in codes:
        found.extend((i, problem) for i, problem in _boilerplate(articles, stripping) if checked[i])
    found.sort(key=lambda one: one[0])  # stable: the problems of an article in the order above
    return [*_unusable(corpus.skipped, codes), *(problem for _, problem in found)]


def _unusable(skipped: list[Skipped], codes: Set[str]) -> Iterator[Problem]:
    for record in skipped:
        code = "undecodable" if record.reason == "undecodable" else "unusable"
        if code in codes:
            yield Problem(_place(record.location), code, record.detail)


def _place(location: str) -> Place:
    path, colon, number = location.rpartition(":")
    if colon and number.isdigit():
        return Place(relative(path), int(number), max(1, int(number)))
    return Place(relative(location))


def _boilerplate(articles: Articles, stripping: Stages) -> Iterator[tuple[int, Problem]]:
    """Articles of which stripping takes something, each with the first line that goes."""
    first = 0
    for segment in articles.corpus.segments:
        texts = texts_again(segment, stripping, articles.text_fields)
        touched = np.flatnonzero(stripping.strip(texts).removed_bytes)
        some = texts_again(segment, stripping, articles.text_fields, touched)
        explained = stripping.strip(some, explain=True).removals or []
        for i, removals in zip(touched.tolist(), explained, strict=True):
            if not removals:
                continue
            one = removals[0]
            place = articles.place(first + i)
            if segment.form is Form.TEXT and not place.number:
                place = Place(place.path, 0, one.line_no)
            quoted = " ".join(one.text.split())
            quoted = quoted if len(quoted) <= QUOTED else quoted[: QUOTED - 1] + "…"
            lines = plural(len(removals), "line")
            yield first + i, Problem(place, "boilerplate", f'{lines}, the first "{quoted}" ({one.rule})')
        first += len(segment.starts)
