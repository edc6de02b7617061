"""The persistent index: articles come in batch by batch, each is new or a copy of one that was there.

    with dedup.Index("news.dedup") as index:
        for article, match in index.filter(articles):
            ...  # match is None for a new article

What counts as a copy is defined as in a run, in order of arrival; the index keeps its settings, rules and texts, so
every match is exact.
"""

from __future__ import annotations

from dedup.index.index import Index
from dedup.index.results import Match, Outcome

__all__ = ["Index", "Match", "Outcome"]
