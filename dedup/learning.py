"""Learning boilerplate from files: inputs and earlier counts go in, what was learned comes out, with examples if asked.

One pass over the inputs counts lines (`dedup.boilerplate.learner`); texts are not held. For a review the documents of
the examples are read again from where they lie, and stripped of what was learned alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dedup.boilerplate import load
from dedup.boilerplate.learned import Learned
from dedup.boilerplate.learner import Learner
from dedup.config import MIN_DOCUMENTS, Settings
from dedup.corpus import Corpus, CorpusBuilder, locate
from dedup.engines import make_engine
from dedup.errors import UsageError
from dedup.explain import Line, lines
from dedup.keep import Policy
from dedup.model import Skipped, Texts
from dedup.progress import Clock, Progress, Silent
from dedup.readers import Batch, Fields, Source, check_articles, open_sources
from dedup.reading import batches, texts_again, unchanged
from dedup.stages import Stages

COUNTS = ".counts"
"""Suffix of inputs that are counts and not articles."""

FILLER = "\n".join(f"Nobody has ever seen this line number {number} in an article." for number in range(14))
"""Put behind an example, so that no guard rail keeps what was learned from acting on it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to learn.

    Attributes:
        text_fields: Fields that make up the text.
        id_field: Field with the id, for the examples.
        source_field: Field with the publisher; None = not known.
        encoding: Encoding of text files and tables.
        limit: Documents to read at most.
        rules: Files with rules that are in use: what they and the packaged ones take needs not be learned.
        min_documents: Least documents to learn from.
        review: Read the examples.
        counts: Where the counts are saved, if anywhere.
        only_count: Decide nothing: for parts of a corpus, whose counts are merged later.
        threads: Threads of the kernel; None = one per core.
        engine: `native` or `reference`.
        temp_dir: Where compressed and piped inputs are unpacked, and counts spilled.
    """

    text_fields: tuple[str, ...] = ("text",)
    id_field: str = "id"
    source_field: str | None = None
    encoding: str = "utf-8"
    limit: int | None = None
    rules: tuple[Path, ...] = ()
    min_documents: int = MIN_DOCUMENTS
    review: bool = False
    counts: Path | None = None
    only_count: bool = False
    threads: int | None = None
    engine: str = "native"
    temp_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A place where a learned line stands.

    Attributes:
        location: `path:line` or `path`.
        id: Id of the article; empty where it was not among the inputs.
        context: The line, with what would be removed of it, between its neighbours that are not blank; empty where
            the article was not read, or another learned line takes more of the line.
    """

    location: str
    id: str = ""
    context: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned, and from what.

    Attributes:
        learned: The lines.
        known: Lines that are left out, since a rule in use takes them.
        examples: For each line its examples, when asked for.
        skipped: Records that could not be used.
        source_field: Field with the publisher, if one was named.
        only_counted: Whether nothing was to be decided.
    """

    learned: Learned
    known: int
    examples: list[list[Example]]
    skipped: list[Skipped]
    source_field: str | None
    only_counted: bool

    def warnings(self) -> list[str]:
        """What a person should know about it."""
        found = []
        if self.skipped:
            first = self.skipped[0]
            count = "1 record was" if len(self.skipped) == 1 else f"{len(self.skipped):,} records were"
            found.append(f"{count} skipped, the first at {first.location}: {first.detail}")
        if self.source_field is not None and not self.learned.sources:
            found.append(f'no article has a "{self.source_field}": check the name of the field')
        if self.learned.missed:
            found.append(
                f"memory was bounded: the counts may be too low, by up to {self.learned.missed:,} articles"
            )
        if not self.learned.lines and not self.only_counted:
            found.append("no line was learned: none that is new recurs in enough unrelated articles")
        return found


def learn(inputs: Sequence[str], options: Options, progress: Progress | None = None) -> Lesson:
    """Learn the boilerplate of some articles.

    Args:
        inputs: Files, folders, globs, or `-`; files that end with `.counts` are the counts of others.
        options: How.
        progress: Told how far it is.

    Raises:
        UsageError: An option cannot be used.
        InputError: An input cannot be read, or changed meanwhile.
    """
    if not all(options.text_fields):
        raise UsageError("a text field has an empty name", "for example --text-field title,body")
    if options.limit is not None and options.limit < 1:
        raise UsageError(f"limit {options.limit} is not 1 or more", "leave it out to read all articles")
    progress = progress or Silent()
    rules = load(options.rules)
    stages = make_engine(options.engine, Settings(), rules, options.text_fields, options.threads)
    counted = [name for name in inputs if name.endswith(COUNTS)]
    articles = [name for name in inputs if not name.endswith(COUNTS)]
    builder = CorpusBuilder(Policy.parse("first"))
    skipped: list[Skipped] = []
    with ExitStack() as stack:
        learner = stack.enter_context(Learner(stages, spill=True, temp_dir=options.temp_dir))
        for name in counted:
            learner.merge(Learner.load(name, stages))
        more = () if options.source_field is None else (options.source_field,)
        fields = Fields(options.text_fields, options.id_field, more, options.encoding)
        sources = open_sources(articles, fields, stages, options.temp_dir) if articles else []
        for source in sources:
            stack.callback(source.close)
        with unchanged(sources):
            for source, batch in batches(sources, options.limit, progress, Clock()):
                if batch is not None:
                    observe(learner, source, batch, fields, options.source_field)
                    skipped += batch.skipped
                    if options.review:
                        builder.add(source, batch)
                elif options.review:
                    builder.end_source()
            if sources:
                check_articles(sources)
            progress.start("deciding", None, "articles")
            learned, known = _decide(learner, options, stages)
            examples = _examples(learned, builder.build(), options) if options.review else []
        if options.counts is not None:
            learner.save(options.counts)
    return Lesson(learned, known, examples, skipped, options.source_field, options.only_count)


def _decide(learner: Learner, options: Options, stages: Stages) -> tuple[Learned, int]:
    """What was learned that is new, and how many lines are not."""
    if options.only_count:
        return Learned(learner.documents, learner.sources, ()), 0
    if learner.documents < options.min_documents:
        raise UsageError(
            f"{learner.documents:,} articles are too few to learn from: below {options.min_documents:,}, chance "
            "repeats too much",
            f"add articles, or lower the limit: --min-documents {learner.documents}",
        )
    learned = learner.learn(options.min_documents)
    new = _unknown(learned, stages)
    return new, len(learned.lines) - len(new.lines)


def observe(learner: Learner, source: Source, batch: Batch, fields: Fields, publisher: str | None) -> None:
    """Count the lines of a batch; `publisher` is the one of `fields.more` that says who published an article."""
    publishers = None if publisher is None else batch.fields[fields.more.index(publisher)].texts
    learner.add(batch.texts, publishers, locate(source, batch))


def _unknown(learned: Learned, stages: Stages) -> Learned:
    """What was learned but for lines that a rule in use drops wherever they stand."""
    one_each = [one.line if one.action == "drop" else "" for one in learned.lines]
    # In the middle, and among lines that stay: neither the position nor a neighbour gives a rule the right to act.
    texts = Texts.from_strings([f"{FILLER}\n{line}\n{FILLER}" for line in one_each])
    at = FILLER.count("\n") + 2
    removals = stages.strip(texts, explain=True).removals or []
    taken = [any(r.line_no == at and r.action == "drop" for r in some) for some in removals]
    return replace(
        learned, lines=tuple(one for one, known in zip(learned.lines, taken, strict=True) if not known)
    )


def _examples(learned: Learned, corpus: Corpus, options: Options) -> list[list[Example]]:
    """The examples of each line, with context where they are among the documents of `corpus`."""
    rules = learned.rules()
    # Cuts by themselves: a line that is dropped cannot show what would be cut of it.
    engines = [
        make_engine(options.engine, Settings(), some, options.text_fields, options.threads)
        for some in (
            [rule for rule in rules if rule.action == "drop"],
            [rule for rule in rules if rule.action != "drop"],
        )
    ]
    wanted = {place for one in learned.lines for place in one.examples}
    ids: dict[str, str] = {}
    contexts: dict[tuple[str, str], tuple[Line, ...]] = {}
    for location, identity, text in _documents(corpus, wanted, engines[0], options.text_fields):
        ids[location] = identity
        padded = Texts.from_strings([f"{text}\n{FILLER}"])
        for stages in engines:
            for one in (stages.strip(padded, explain=True).removals or [[]])[0]:
                if (one.rule, location) not in contexts:
                    contexts[one.rule, location] = _context(lines(text, [one]), one.line_no)
    return [
        [Example(place, ids.get(place, ""), contexts.get((rule.id, place), ())) for place in one.examples]
        for one, rule in zip(learned.lines, rules, strict=True)
    ]


def _documents(
    corpus: Corpus, wanted: Set[str], stages: Stages, text_fields: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Location, id and raw text of the documents at some locations."""
    first = 0
    for segment in corpus.segments:
        count = len(segment.starts)
        locations = corpus.places.texts(np.arange(first, first + count)).strings()
        at = np.array([i for i, location in enumerate(locations) if location in wanted], np.int64)
        texts = texts_again(segment, stages, text_fields, at).strings() if len(at) else []
        for i, text in zip(at.tolist(), texts, strict=True):
            yield locations[i], corpus.ids.bytes_at(first + i).decode("utf-8", "replace"), text
        first += count


def _context(marked: Sequence[Line], number: int) -> tuple[Line, ...]:
    """Line `number` between its neighbours that are not blank."""
    before = [line for line in marked[: number - 1] if not line.blank][-1:]
    after = next(([line] for line in marked[number:] if not line.blank), [])
    return (*before, marked[number - 1], *after)
