"""What a check finds: duplicates, problems of single articles, and the report that holds them and gives the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedup.errors import UsageError
from dedup.model import Skipped

if TYPE_CHECKING:
    from dedup.report import Difference

PROBLEMS = {
    "empty": "an article without a single word",
    "short": "an article of fewer words than --min-words, boilerplate apart",
    "duplicate-id": "an id that an earlier article has",
    "undecodable": "bytes that are no text in the encoding of the file, or half a character in JSON",
    "unusable": "a record that is no article: malformed, or without a text",
    "boilerplate": "lines that are no part of the article, such as menus, share buttons and sign-up prompts",
}
"""The problems that `--lint` looks for, each with what it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article is.

    Attributes:
        path: Its file, relative to the working directory where it lies below that.
        number: Its line, row or element there, from 1; 0 where the file is the article.
        line: The line to show in an editor, from 1; 1 where the file has no lines (Parquet, Arrow, compressed).
    """

    path: str
    number: int = 0
    line: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.number}" if self.number else self.path


@dataclass(frozen=True, slots=True)
class Article:
    """An article of a finding.

    Attributes:
        id: Its id.
        place: Where it is.
        words: A digest of its words, whatever its name, markup and boilerplate rules; see `content`.
    """

    id: str
    place: Place
    words: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An article that copies another one.

    Attributes:
        article: The copy.
        original: What it copies: of those it was compared with, the most similar.
        relation: `exact`, `near`, `excerpt`, or `contains` where the original is an excerpt of this one.
        similarity: The Jaccard similarity of the two.
        containment: The larger of the two containments.
    """

    article: Article
    original: Article
    relation: str
    similarity: float
    containment: float

    def __str__(self) -> str:
        return f"{RELATIONS[self.relation]} {self.original.place}{self.measure}"

    @property
    def measure(self) -> str:
        """How alike the two are, in brackets; nothing where that goes without saying."""
        if self.relation == "exact":
            return ""
        if self.relation == "near":
            return f" (similarity {self.similarity:.2f})"
        return f" ({100 * self.containment:.0f}% of {'it' if self.relation == 'excerpt' else 'that'})"


RELATIONS = {
    "exact": "exact copy of",
    "near": "near copy of",
    "excerpt": "excerpt of",
    "contains": "contains most of",
}
"""What an article may be to another one, and how to say it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one article.

    Attributes:
        place: Where.
        code: One of `PROBLEMS`.
        message: A clause that says more.
    """

    place: Place
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How many duplicates are allowed. Where neither is given, none; where both are, both must hold.

    Attributes:
        duplicates: Most duplicates.
        ratio: Greatest share of duplicates among the articles checked, 0 to 1.
    """

    duplicates: int | None = None
    ratio: float | None = None

    def __post_init__(self) -> None:
        if self.duplicates is not None and self.duplicates < 0:
            raise UsageError(f"--max-duplicates {self.duplicates} is below 0", "0 allows none")
        if self.ratio is not None and not 0 <= self.ratio <= 1:
            raise UsageError(
                f"--max-ratio {self.ratio:g} is not between 0 and 1", "0.01 allows one article of a hundred"
            )

    def allow(self, duplicates: int, articles: int) -> bool:
        """Whether so many duplicates among so many articles are within the limits."""
        if self.duplicates is None and self.ratio is None:
            return duplicates == 0
        within_count = self.duplicates is None or duplicates <= self.duplicates
        # One division, which rounds 29/100 to what 0.29 is; 0.29 * 100 is below 29.
        within_ratio = self.ratio is None or not articles or duplicates / articles <= self.ratio
        return within_count and within_ratio

    def __str__(self) -> str:
        if self.duplicates is None and self.ratio is None:
            return "none allowed"
        parts = [] if self.duplicates is None else [f"{self.duplicates:,}"]
        parts += [] if self.ratio is None else [f"{100 * self.ratio:g}%"]
        return f"at most {' and '.join(parts)} allowed"


@dataclass(frozen=True, slots=True)
class Stale:
    """An accepted pair of the baseline that is no longer found.

    Attributes:
        article, original: Where its articles were.
        relation: What the one was of the other.
    """

    article: str
    original: str
    relation: str

    def __str__(self) -> str:
        return f"no longer so: {self.article}: {RELATIONS[self.relation]} {self.original}"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    Attributes:
        articles: Number of articles that were checked.
        known: Number of further articles that they were compared with.
        duplicates: Duplicates that the baseline does not accept, in input order.
        accepted: Those that it does.
        stale: What it accepts and is gone; empty where only a part of the corpus was looked at.
        problems: What `--lint` found, in input order.
        linted: Whether it was asked for.
        skipped: Records that could not be used.
        limits: How many duplicates are allowed.
        settings: Everything that decides the result.
        fingerprint: Of those settings.
        warnings: What a person should know.
        differences: What differs between the two of the first duplicates, where that was asked for.
    """

    articles: int
    known: int
    duplicates: list[Duplicate]
    accepted: list[Duplicate]
    stale: list[Stale]
    problems: list[Problem]
    linted: bool
    skipped: list[Skipped]
    limits: Limits
    settings: dict[str, object]
    fingerprint: str
    warnings: list[str]
    differences: Sequence[Difference] = ()

    @property
    def within_limits(self) -> bool:
        """Whether there are no more duplicates than allowed."""
        return self.limits.allow(len(self.duplicates), self.articles)

    @property
    def passed(self) -> bool:
        """Whether a build may go on: duplicates within the limits, and no problems."""
        return self.within_limits and not self.problems

    @property
    def ratio(self) -> float:
        """Share of duplicates among the articles checked; 0 where there are none."""
        return len(self.duplicates) / self.articles if self.articles else 0.0

    def counts(self) -> dict[str, int]:
        """Duplicates by relation, those that occur."""
        found = [one.relation for one in self.duplicates]
        return {relation: found.count(relation) for relation in RELATIONS if relation in found}

    def verdict(self) -> str:
        """The outcome in a line."""
        counts = ", ".join(f"{count:,} {relation}" for relation, count in self.counts().items())
        shown = f"{plural(len(self.duplicates), 'duplicate')} in {plural(self.articles, 'article')}"
        if counts:
            shown += f" ({counts}; {100 * self.ratio:.1f}%)"
        if self.known:
            shown += f", compared with {self.known:,} more"
        shown += f"; {self.limits}"
        if self.accepted:
            shown += f"; {len(self.accepted):,} {'more ' if self.duplicates else ''}accepted by the baseline"
        if self.linted:
            shown += f"; {plural(len(self.problems), 'problem')}"
        return shown


def plural(count: int, noun: str) -> str:
    """`1 article`, `2 articles`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
