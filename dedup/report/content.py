"""What the report of a run shows, as a template takes it: nothing but what is to be seen, of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dedup.model import Removal, Skipped
from dedup.passages import Hunk
from dedup.report.charts import Chart
from dedup.report.differences import Difference
from dedup.summary import Summary


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy in a cluster.

    Attributes:
        id, location: Which article it is.
        relation: `exact` or `near`.
        similarity, containment: Exact, with the article that was kept.
        because: Why the other one was kept.
        words: Words of its clean text.
        removed: What stripping took of it.
        hunks: Where it differs from the article that was kept, which is side `a`, in the first `passages.ALIGNED`
            characters.
    """

    id: str
    location: str
    relation: str
    similarity: float
    containment: float
    because: str
    words: int
    removed: Sequence[Removal]
    hunks: Sequence[Hunk]


@dataclass(frozen=True, slots=True)
class Story:
    """A cluster.

    Attributes:
        id, location, title: The article that was kept.
        kept: Whether it was kept; else it is itself an excerpt that was removed.
        size: Articles of the cluster.
        words: Words of the clean text of the one that was kept.
        removed: What stripping took of it.
        copies: Its copies, the least similar first.
    """

    id: str
    location: str
    title: str
    kept: bool
    size: int
    words: int
    removed: Sequence[Removal]
    copies: Sequence[Copy]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """An article most of which is in a larger one.

    Attributes:
        id, location: Which article it is.
        of: Id of the larger one.
        containment: Share of its shingles that are in that one.
        words: Words of its clean text.
        difference: What differs; the larger one is side `a`.
    """

    id: str
    location: str
    of: str
    containment: float
    words: int
    difference: Difference


@dataclass(frozen=True, slots=True)
class Taken:
    """What stripping took by one class of rules.

    Attributes:
        name: The class.
        lines, characters: As in `dedup.stripping.Taken`.
        examples: (rule, text), different ones.
    """

    name: str
    lines: int
    characters: int
    examples: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Report:
    """What is shown of a run.

    Attributes:
        summary: Its figures.
        because: Why articles were kept, with the number of copies that it decided; most first.
        similarity: Histogram of the near copies.
        recall: The S-curve, with what was measured.
        pairs: Pairs within clusters that were measured for it, with `draws` draws of the bands each.
        firsts: Articles that were measured beside their own beginnings, likewise.
        stories: The largest clusters.
        excerpts: Excerpts, those of which least is in the larger article first.
        boilerplate: What stripping took, by class; most lines first.
        skipped: The first skipped records.
    """

    summary: Summary
    because: Sequence[tuple[str, int]]
    similarity: Chart
    recall: Chart
    pairs: int
    firsts: int
    draws: int
    stories: Sequence[Story]
    excerpts: Sequence[Excerpt]
    boilerplate: Sequence[Taken]
    skipped: Sequence[Skipped]
