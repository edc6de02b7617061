"""Gathering what the report of a run shows: the outcome of the run in, a `Report` out.

The texts are read again from where they lie, and only those that are shown: no more than `STORIES` clusters with
`COPIES` copies each, and `SAMPLE` articles for examples of what stripping took.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from dedup.clusters import largest, sizes
from dedup.explain import class_of
from dedup.keep import Policy
from dedup.model import I64, U64, Relation, Removal, Rule, Texts
from dedup.outputs import Outcome
from dedup.passages import ALIGNED, hunks, passages
from dedup.progress import Progress
from dedup.reading import texts_at
from dedup.report.charts import curve, histogram
from dedup.report.content import Copy, Excerpt, Report, Story, Taken
from dedup.report.differences import differences
from dedup.report.recall import SEEDS, beginnings, measure
from dedup.stages import Stages
from dedup.summary import Summary
from dedup.titles import printable, title

STORIES = 100
"""Clusters that are shown, the largest first."""

COPIES = 8
"""Copies of a cluster that are shown, the least similar first: those are the ones to doubt."""

EXCERPTS = 40
"""Excerpts that are shown, those of which least is in the larger article first."""

SAMPLE = 400
"""Articles, at even distances, from which examples of boilerplate are taken."""

BEGINNINGS = 50
"""Articles that are compared with their own beginnings, to measure the bands at every similarity."""

EXAMPLES = 4
"""Of a class of boilerplate."""

SKIPPED = 200
"""Skipped records that are listed."""

REASONS = {
    "first": "came first",
    "last": "came last",
    "longest": "is longer",
    "shortest": "is shorter",
    "source": "has a preferred {field}",
    "earliest": "has an earlier {field}",
    "latest": "has a later {field}",
}
"""Why an article was kept and not its copy, by the rule of the keep policy that decided."""

TIE = "is alike to every rule, and has a lower hash"
"""Why, where no rule decided."""


def gather(
    outcome: Outcome,
    summary: Summary,
    policy: Policy,
    rules: Sequence[Rule],
    stages: Stages,
    text_fields: Sequence[str],
    progress: Progress,
) -> Report:
    """What the report of a run shows. The sources must still be open.

    Args:
        outcome: What became of the documents.
        summary: The figures of the run.
        policy: Its keep policy.
        rules: Its boilerplate rules.
        stages: Its engine.
        text_fields: Fields that make up the text of a record.
        progress: Told how far it is.
    """
    settings = stages.settings
    look = _Look(outcome, policy, rules, stages, tuple(text_fields))
    corpus, matches = outcome.corpus, outcome.matches
    heads = largest(sizes(matches.representative), STORIES)
    progress.start("reporting", len(heads), "clusters")
    stories = []
    for i, head in enumerate(heads, 1):
        stories.append(look.story(head))
        progress.update(i, i)
    pairs = [pair for group in look.groups for pair in combinations(group, 2)]
    measured = measure(look.documents, pairs, stages, summary.bands)
    firsts = [look.documents[group.start] for group in look.groups[:BEGINNINGS]]
    made = measure(*beginnings(firsts), stages, summary.bands)
    near = matches.similarity[matches.relation == Relation.NEAR]
    look.sample()
    return Report(
        summary=summary,
        because=look.because(),
        similarity=histogram(near, settings.threshold),
        recall=curve(measured, made, summary.bands, settings.threshold),
        pairs=sum(point.pairs for point in measured),
        firsts=len(firsts),
        draws=SEEDS,
        stories=stories,
        excerpts=look.excerpts(),
        boilerplate=[
            Taken(one.name, one.lines, one.characters, look.examples.get(one.name, []))
            for one in (summary.stripping.by_class if summary.stripping else ())
        ],
        skipped=corpus.skipped[:SKIPPED],
    )


class _Look:
    """Looks at some articles of a run again, and remembers what is to be said of all of them.

    Attributes:
        documents: Shingle hashes of the articles of all clusters so far.
        groups: Of each cluster, which of `documents` its articles are.
        examples: (rule, text) of boilerplate, by class.
    """

    def __init__(
        self,
        outcome: Outcome,
        policy: Policy,
        rules: Sequence[Rule],
        stages: Stages,
        text_fields: tuple[str, ...],
    ) -> None:
        self.documents: list[U64] = []
        self.groups: list[range] = []
        self.examples: dict[str, list[tuple[str, str]]] = {}
        self._outcome, self._policy, self._stages, self._settings = outcome, policy, stages, stages.settings
        self._rules = {rule.id: rule for rule in rules}
        self._text_fields = text_fields

    def story(self, head: int) -> Story:
        """The cluster of a representative."""
        outcome = self._outcome
        corpus, matches = outcome.corpus, outcome.matches
        members = np.flatnonzero(matches.representative == head)
        members = members[members != head]
        shown = members[np.argsort(matches.similarity[members], kind="stable")[:COPIES]]
        positions = np.append(np.int64(head), shown)
        clean, removed = self._read(positions)
        self._count(clean)
        texts = [text[:ALIGNED] for text in clean.strings()]
        ids, places = self._names(positions)
        reasons = self._reasons(np.full(len(shown), head), shown)
        size = self._settings.shingle_words
        copies = [
            Copy(
                id=ids[i],
                location=places[i],
                relation=Relation(int(matches.relation[at])).name.lower(),
                similarity=float(matches.similarity[at]),
                containment=float(matches.containment[at]),
                because=reasons[i - 1],
                words=int(corpus.tokens[at]),
                removed=removed[i],
                hunks=hunks(passages(self._stages, texts[0], texts[i], size)),
            )
            for i, at in enumerate(shown.tolist(), 1)
        ]
        return Story(
            id=ids[0],
            location=places[0],
            title=title(corpus.segments, head, self._text_fields, self._stages, self._settings.strip),
            kept=bool(matches.relation[head] == Relation.KEPT),
            size=len(members) + 1,
            words=int(corpus.tokens[head]),
            removed=removed[0],
            copies=copies,
        )

    def excerpts(self) -> list[Excerpt]:
        """The excerpts of which least is in the larger article."""
        found, corpus = self._outcome.excerpts, self._outcome.corpus
        if found is None:
            return []
        some = np.flatnonzero((found.of >= 0) & (found.of < len(corpus)))  # those after are known articles
        some = some[np.argsort(found.containment[some], kind="stable")[:EXCERPTS]]
        ids, places = self._names(some)
        larger, _ = self._names(found.of[some])
        pairs = list(zip(found.of[some].tolist(), some.tolist(), strict=True))
        differing = differences(corpus.segments, pairs, self._stages, self._text_fields)
        measures = found.containment[some].tolist(), corpus.tokens[some].tolist()
        return [Excerpt(*one) for one in zip(ids, places, larger, *measures, differing, strict=True)]

    def sample(self) -> None:
        """Take examples of boilerplate from articles all over the corpus."""
        count = len(self._outcome.corpus)
        if count:
            self._read(np.unique(np.linspace(0, count - 1, min(SAMPLE, count)).astype(np.int64)))

    def because(self) -> list[tuple[str, int]]:
        """Why articles were kept, and how many copies each reason decided."""
        matches = self._outcome.matches
        corpus = self._outcome.corpus
        is_copy = np.isin(matches.relation, (Relation.EXACT, Relation.NEAR))
        copies = np.flatnonzero(is_copy & (matches.representative < len(corpus)))  # not of known articles
        kept = matches.representative[copies]
        counts = np.bincount(self._policy.deciding(kept, copies, corpus.values, corpus.tokens))
        found = [(self._reason(i), count) for i, count in enumerate(counts.tolist()) if count]
        return sorted(found, key=lambda one: -one[1])

    def _names(self, positions: I64) -> tuple[list[str], list[str]]:
        """Ids and places, for people."""
        corpus = self._outcome.corpus
        ids = [printable(corpus.ids.bytes_at(i).decode("utf-8", "replace")) for i in positions.tolist()]
        return ids, [printable(place) for place in corpus.places.texts(positions).strings()]

    def _reasons(self, kept: I64, copies: I64) -> list[str]:
        corpus = self._outcome.corpus
        rules = self._policy.deciding(kept, copies, corpus.values, corpus.tokens)
        return [self._reason(i) for i in rules.tolist()]

    def _reason(self, number: int) -> str:
        if number == len(self._policy.rules):
            return TIE
        rule = self._policy.rules[number]
        return REASONS[rule.kind].format(field=printable(rule.field or ""))

    def _read(self, positions: I64) -> tuple[Texts, list[Sequence[Removal]]]:
        """Clean texts, and what was removed."""
        raw = texts_at(self._outcome.corpus.segments, positions, self._stages, self._text_fields)
        if not self._settings.strip:
            return raw, [() for _ in range(len(raw))]
        stripped = self._stages.strip(raw, explain=True)
        removals = stripped.removals or []
        for one in (one for some in removals for one in some):
            self._keep_example(one)
        return stripped.texts, list(removals)

    def _keep_example(self, removal: Removal) -> None:
        name = class_of(removal.rule, self._rules)
        kept = self.examples.setdefault(name, [])
        text = printable(removal.text)
        if text and len(kept) < EXAMPLES and all(text.casefold() != one.casefold() for _, one in kept):
            kept.append((removal.rule, text))

    def _count(self, clean: Texts) -> None:
        """Remember the shingles of a cluster."""
        first = len(self.documents)
        self.groups.append(range(first, first + len(clean)))
        found = self._stages.shingle(clean, self._settings.shingle_size)
        self.documents += [found.hashes[start:end] for start, end in pairwise(found.offsets)]
