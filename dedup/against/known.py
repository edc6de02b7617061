"""A run against known articles: what was read on both sides goes in, which articles the known ones have comes out.

An article that copies a known one is gone before the others are matched: it names the known one, and takes no further
part. So what stays is what a run over the rest alone would keep. An article that is an excerpt of a known one goes
likewise where excerpts are removed, else it is matched as all are, and says of which it is an excerpt if it stays. One
that has most of a known article is no excerpt of it, and stays.

Known articles have the positions after those of the run, in all arrays that name an article.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dedup.against.copies import EXCERPT, of_some
from dedup.against.documents import Documents
from dedup.against.excerpts import of_split
from dedup.blocking import Blocking
from dedup.comparable import Comparable
from dedup.corpus import Corpus, CorpusBuilder
from dedup.errors import UsageError
from dedup.excerpts import Excerpts, ExcerptSettings
from dedup.identities import concatenate, unique
from dedup.keep import Policy
from dedup.memory import Memory
from dedup.model import F64, I64, U8, U32, Mask, Matches, Relation, Segment, Sketches, Texts
from dedup.options import Options
from dedup.overlap import spread
from dedup.progress import Clock, Progress
from dedup.readers import Fields, Source, check_articles, open_sources
from dedup.reading import collect
from dedup.stages import Stages


@dataclass(frozen=True, slots=True)
class Side:
    """The articles of a run, or those that they are held against.

    Attributes:
        ids: Their ids.
        places: Gives what some of them, by position, go by if another article has the same id.
        sketches: Their sketches, batch by batch.
        segments: Where their bytes lie.
        comparable: Which of them are compared with which; None = all with all.
        skipped: Number of records that could not be used.
    """

    ids: Texts
    places: Callable[[I64], Texts]
    sketches: Sequence[Sketches]
    segments: Sequence[Segment]
    comparable: Comparable | None
    skipped: int = 0

    @classmethod
    def of(cls, corpus: Corpus, sketches: Sequence[Sketches]) -> Side:
        """What a run has read."""
        read = corpus.segments, corpus.comparable, len(corpus.skipped)
        return cls(corpus.ids, corpus.places.texts, sketches, *read)


def read_known(
    sources: Sequence[Source],
    sketch: Callable[[Texts], Sketches],
    memory: Memory,
    progress: Progress,
    threads: int,
    blocking: Blocking | None = None,
) -> Side:
    """Read known articles once; their further fields are those of `blocking`.

    Raises:
        InputError: A source cannot be read, or there are records and none can be used.
        UsageError: No record has a value in a field of `blocking`.
    """
    blocking = blocking or Blocking()
    builder = CorpusBuilder(Policy.parse("first"), memory, blocking, blocking.fields())
    texts = (batch.texts for _, batch in collect(sources, builder, None, progress, Clock()))
    found = []
    for sketches in spread(sketch, texts, threads):
        builder.add_sketches(sketches)
        found.append(sketches)
    check_articles(sources)
    corpus = builder.build("known article")
    corpus.check_usable()
    return Side.of(corpus, found)


@dataclass(frozen=True, slots=True)
class Seen:
    """Which of the `n` articles of a run known ones have.

    Attributes:
        of: int64[n], position of the known article, from `n` on; -1 for one that none has.
        relation: uint8[n], values of `Relation`; `KEPT` for one that none has.
        similarity: float64[n], the exact Jaccard similarity of the two.
        containment: float64[n], the larger of the two containments.
        gone: bool[n], those that take no further part: copies, and excerpts where these are removed.
        known: Number of known articles.
        skipped: Number of their records that could not be used.
        names: The `n` ids and those of the known; one of these that is also an id of the run is its place instead.
    """

    of: I64
    relation: U8
    similarity: F64
    containment: F64
    gone: Mask
    known: int
    skipped: int
    names: Texts

    def rest(self, batches: Sequence[Sketches]) -> Iterator[Sketches]:
        """The sketches of all articles, those that are gone without anything to compare."""
        first = 0
        for sketches in batches:
            gone = self.gone[first : first + len(sketches.tokens)]
            first += len(gone)
            counts = sketches.minimizer_counts
            if len(counts):
                left = sketches.minimizers[~np.repeat(gone, counts)]
                sketches = replace(sketches, minimizers=left, minimizer_counts=_unless(gone, counts))
            yield replace(sketches, tokens=_unless(gone, sketches.tokens))

    def merge(self, matches: Matches, excerpts: Excerpts | None) -> tuple[Matches, Excerpts | None]:
        """What was found among the rest, with the articles that are gone, and the excerpts of known articles."""
        gone, copied = self.gone, self.gone & (self.relation != Relation.EXCERPT)
        matches = replace(
            matches,
            representative=np.where(copied, self.of, matches.representative),
            relation=np.where(gone, self.relation, matches.relation).astype(np.uint8),
            similarity=np.where(gone, self.similarity, matches.similarity),
            containment=np.where(gone, self.containment, matches.containment),
        )
        if excerpts is None:
            return matches, None
        cut = (self.relation == Relation.EXCERPT) & (gone | matches.kept)
        of = np.where(cut, self.of, excerpts.of)
        removed = matches.relation == Relation.EXCERPT
        counts = {
            **excerpts.counts,
            "reported": int(np.count_nonzero((of >= 0) & ~removed)),
            "removed": int(np.count_nonzero(removed)),
        }
        return matches, Excerpts(of, np.where(cut, self.containment, excerpts.containment), counts)

    def counts(self) -> dict[str, int]:
        """How many articles are known, and how many of those of the run are gone, by relation."""
        found = np.bincount(self.relation[self.gone], minlength=len(Relation))
        return {
            "articles": self.known,
            "skipped": self.skipped,
            **{one.name.lower(): int(found[one]) for one in Relation if one is not Relation.KEPT},
        }


def open_known(
    inputs: Sequence[str], options: Options, opened: Mapping[str, Source], fields: Fields, stages: Stages
) -> list[Source]:
    """The sources of known articles, those of `opened` among them. A file that is reached from both sides is an input.

    Raises:
        InputError: One is missing, unreadable, of an unknown kind, or without any articles.
        UsageError: There is no file that is not one of `inputs`.
    """
    fields = replace(fields, more=options.blocking.fields())
    for location in opened:
        options.blocking.check_index(location)
    names = [name for name in options.against if name not in opened]
    found = open_sources(names, fields, stages, options.temp_dir, options.output, but_not=inputs)
    if names and not found:
        raise UsageError(
            "all files of --against are inputs, too", "leave the known articles out of the inputs"
        )
    return [*found, *opened.values()]


def compare(
    new: Side,
    known: Side,
    sources: Sequence[Source],
    stages: Stages,
    text_fields: Sequence[str],
    excerpts: ExcerptSettings,
    progress: Progress,
) -> Seen:
    """Hold the articles of a run against known ones.

    Args:
        new: Those of the run.
        known: The others.
        sources: What both were read from.
        stages: The engine.
        text_fields: Fields that make up the text of a record.
        excerpts: What is an excerpt, and whether it goes.
        progress: Told how far it is.

    Raises:
        InputError: A file was cut short.
    """
    count = len(new.ids)
    segments = [*new.segments, *known.segments]
    comparable = Comparable.join([new.comparable, known.comparable])
    documents = Documents(
        [*new.sketches, *known.sketches], segments, sources, stages, text_fields, comparable
    )
    is_new = np.arange(len(documents)) < count
    copies = of_some(documents, stages.settings, is_new, ~is_new, within=False, progress=progress)
    if excerpts.window is not None and len(documents):
        open_ = is_new.copy()
        open_[copies.article] = False
        copies = copies.and_also(of_split(documents, excerpts, open_, ~is_new, progress))
    of, relation = np.full(count, -1), np.zeros(count, np.uint8)
    measures = np.full((2, count), np.nan)
    some = copies.relation <= EXCERPT
    at = copies.article[some]
    of[at] = copies.original[some]
    relation[at] = copies.relation[some] + Relation.EXACT
    measures[:, at] = copies.similarity[some], copies.containment[some]
    gone = of >= 0
    if excerpts.mode != "remove":
        gone &= relation != Relation.EXCERPT
    ids = concatenate([new.ids, known.ids])
    names, _ = unique(ids, lambda positions: known.places(positions - count))
    similarity, containment = measures
    return Seen(of, relation, similarity, containment, gone, len(known.ids), known.skipped, names)


def _unless(gone: Mask, values: U32) -> U32:
    """The values, 0 where a document is gone."""
    return np.where(gone, np.uint32(0), values)
