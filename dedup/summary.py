"""The summary of a run: counts that reconcile, settings, timings, warnings; for summary.json and for people."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.bands import Bands
from dedup.caveats import caveats
from dedup.clusters import sizes
from dedup.corpus import Corpus
from dedup.errors import InternalError
from dedup.excerpts import Excerpts
from dedup.memory import Memory
from dedup.model import Matches, Relation
from dedup.stripping import Stripping
from dedup.version import version, versions

if TYPE_CHECKING:
    from dedup.boilerplate.learned import Learned

LARGEST = 5
"""Clusters that are shown."""

EXAMPLES = 10
"""Duplicate ids that are listed."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One of the largest clusters.

    Attributes:
        id: Id of its representative.
        size: Number of its documents.
        title: Title of the representative, or the first line of its text.
    """

    id: str
    size: int
    title: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run found.

    Attributes:
        input: Records read, usable or not: kept + removed + skipped.
        kept: Documents that stay.
        exact, near: Documents that are copies, by relation.
        against: Known articles that these were held against, and how many of these they have, by relation; see
            `dedup.against.known.Seen.counts`. None if there were none.
        excerpts: Counts of the search for excerpts, see `dedup.excerpts.Excerpts`; None if nobody looked.
        skipped: Records that could not be used, by reason.
        empty: Documents without a single word: kept, and near nothing.
        absent: Text fields that no record has, though it has others.
        repaired: Documents with invalid UTF-8 or lone surrogates.
        without_id: Records that go by their place, since their id field is missing or empty.
        duplicate_ids: Documents that got another id because theirs had been seen before.
        duplicate_id_examples: The first of them: id and location.
        missing: Documents without a usable value, by field of the keep policy.
        unblocked: Likewise, by field of blocking.
        clusters: Clusters of at least two documents.
        largest: The largest of them.
        stripping: What stripping took; None where nothing was stripped.
        learned: What was learned for it from the same documents; None where that was not asked for.
        text_bytes: Bytes of the raw texts.
        sources: Number of inputs.
        bands: How candidates were found.
        comparisons: Counters of the matching.
        settings: All settings that decide the result.
        fingerprint: Of those settings.
        options: What was asked for beside them.
        timings: Seconds by stage, in order.
        environment: What depends on the machine and the call.
    """

    input: int
    kept: int
    exact: int
    near: int
    against: dict[str, int] | None
    excerpts: dict[str, int] | None
    skipped: dict[str, int]
    empty: int
    absent: list[str]
    repaired: int
    without_id: int
    duplicate_ids: int
    duplicate_id_examples: list[dict[str, str]]
    missing: dict[str, int]
    unblocked: dict[str, int]
    clusters: int
    largest: list[Cluster]
    stripping: Stripping | None
    learned: Learned | None
    text_bytes: int
    sources: int
    bands: Bands
    comparisons: dict[str, int]
    settings: dict[str, object]
    fingerprint: str
    options: dict[str, object]
    timings: dict[str, float] = field(default_factory=dict)
    environment: dict[str, object] = field(default_factory=dict)

    @property
    def removed(self) -> int:
        """Documents that are copies of a kept one, or excerpts where these go."""
        return self.exact + self.near + self.removed_excerpts

    @property
    def removed_excerpts(self) -> int:
        """Documents that go because a kept one contains them."""
        return self.excerpts["removed"] if self.excerpts else 0

    @property
    def annotated(self) -> bool:
        """Whether all records were kept, with tags."""
        return bool(self.options["annotate"])

    @property
    def seconds(self) -> float:
        """Time of the whole run."""
        return sum(self.timings.values())

    def as_dict(self) -> dict[str, Any]:
        """The content of summary.json. Only `timings` and `environment` differ between equal runs."""
        return {
            "input": self.input,
            "kept": self.kept,
            "removed": self.removed,
            "skipped": sum(self.skipped.values()),
            "removed_by_relation": {
                "exact": self.exact,
                "near": self.near,
                "excerpt": self.removed_excerpts,
            },
            "against": self.against,
            "excerpts": self.excerpts,
            "skipped_by_reason": self.skipped,
            "empty": self.empty,
            "repaired": self.repaired,
            "duplicate_ids": {"count": self.duplicate_ids, "examples": self.duplicate_id_examples},
            "missing_keep_values": self.missing,
            "missing_blocking_values": self.unblocked,
            "clusters": self.clusters,
            "largest_clusters": [{"id": c.id, "size": c.size, "title": c.title} for c in self.largest],
            "stripped": self.stripping and self.stripping.as_dict(),
            "learned": self.learned and learned_counts(self.learned),
            "text_bytes": self.text_bytes,
            "sources": self.sources,
            "bands": {
                "bands": self.bands.bands,
                "rows": self.bands.rows,
                "gate": self.bands.gate,
                "recall_at_threshold": round(self.bands.recall, 6),
            },
            "comparisons": self.comparisons,
            # No bucket of bands is ever cut short.
            "caps_hit": self.excerpts["frequent"] if self.excerpts else 0,
            "warnings": self.warnings(),
            "settings": self.settings,
            "fingerprint": self.fingerprint,
            "options": self.options,
            "version": version(),
            "timings": {stage: round(seconds, 3) for stage, seconds in self.timings.items()},
            "environment": self.environment,
        }

    def warnings(self) -> list[str]:
        """What a person should look at before trusting the result."""
        return caveats(self)


def learned_counts(learned: Learned) -> dict[str, int]:
    """How much was learned, and from how much."""
    actions = Counter(one.action for one in learned.lines)
    return {
        "lines": actions["drop"],
        "prefixes": actions["strip_prefix"],
        "suffixes": actions["strip_suffix"],
        "documents": learned.documents,
        "sources": learned.sources,
    }


def summarise(
    corpus: Corpus,
    matches: Matches,
    excerpts: Excerpts | None,
    bands: Bands,
    *,
    against: dict[str, int] | None,
    stripping: Stripping | None,
    learned: Learned | None,
    clusters: list[Cluster],
    absent: list[str],
    missing: dict[str, int],
    sources: int,
    settings: dict[str, object],
    fingerprint: str,
    options: dict[str, object],
    environment: dict[str, object],
) -> Summary:
    """Count what a run found. Raises InternalError when the counts do not reconcile."""
    relations = np.bincount(matches.relation, minlength=len(Relation))
    cluster_sizes = sizes(matches.representative)
    examples = corpus.renamed.positions[:EXAMPLES]
    skipped = dict(sorted(Counter(record.reason for record in corpus.skipped).items()))
    summary = Summary(
        input=len(corpus) + len(corpus.skipped),
        kept=int(np.count_nonzero(matches.kept)),
        exact=int(relations[Relation.EXACT]),
        near=int(relations[Relation.NEAR]),
        against=against,
        excerpts=None if excerpts is None else excerpts.counts,
        skipped=skipped,
        empty=int(np.count_nonzero(corpus.tokens == 0)),
        absent=absent,
        repaired=corpus.repaired,
        without_id=corpus.without_id,
        duplicate_ids=len(corpus.renamed.positions),
        duplicate_id_examples=[
            {"id": corpus.renamed.ids.bytes_at(i).decode("utf-8", "replace"), "location": place}
            for i, place in enumerate(corpus.places.texts(examples).strings())
        ],
        missing=missing,
        unblocked=corpus.unblocked,
        clusters=int(np.count_nonzero(cluster_sizes > 1)),
        largest=clusters,
        stripping=stripping,
        learned=learned,
        text_bytes=corpus.text_bytes,
        sources=sources,
        bands=bands,
        comparisons=dict(matches.counts),
        settings=settings,
        fingerprint=fingerprint,
        options=options,
        environment=environment,
    )
    if summary.kept + summary.removed + sum(skipped.values()) != summary.input:
        raise InternalError(
            f"the counts do not reconcile: {summary.kept} kept + {summary.removed} removed + "
            f"{sum(skipped.values())} skipped is not {summary.input} read"
        )
    return summary


def environment(engine: str, threads: int, memory: Memory) -> dict[str, object]:
    """What may differ between two runs that give the same result."""
    return {
        "engine": engine,
        "threads": threads,
        "memory": memory.budget,
        "spilled": memory.spilled,
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        "versions": versions(),
    }
