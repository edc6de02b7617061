"""A batch run: sources in, one article of each story and an account of the rest out.

    learn   sources -> batches -> counts of lines -> rules  (on request; texts are not held)
    read    sources -> batches -> sketches and ids          (after learning, from where the texts lie)
    against known articles -> which articles they have      (on request; those take no further part)
    match   the keep policy's order -> clusters             (the documents that pass the gates are read again)
    write   records that stay, clusters, pairs, skipped, summary

Where nothing can change what is decided of an article, records are written while later ones are matched.

Nothing is printed: whoever calls passes a `Progress` and shows the `Summary`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from dedup.bands import choose
from dedup.clusters import largest, sizes
from dedup.config import fingerprint
from dedup.corpus import Corpus, CorpusBuilder
from dedup.excerpts import ExcerptFinder, Excerpts
from dedup.families import Lineage
from dedup.job import Job
from dedup.model import I64, Matches, Rule, Sketches, Texts
from dedup.options import Options
from dedup.outputs import Outcome, write_tables
from dedup.overlap import both, spread
from dedup.progress import Progress, Silent
from dedup.readers import Source, check_articles, check_mapped
from dedup.reading import collect, read_again, unchanged
from dedup.stages import Matcher
from dedup.stripping import Stripping
from dedup.summary import LARGEST, Cluster, Summary, environment, summarise
from dedup.titles import title
from dedup.writers import OutputDirectory, keep_apart, write_chunks, write_json

if TYPE_CHECKING:
    from dedup.against.known import Seen

SLICE_SECONDS = 0.1
"""Documents are matched in slices of about this long, so that progress moves and an interrupt is heard."""


def run(
    inputs: Sequence[str],
    options: Options,
    progress: Progress | None = None,
    opened: Mapping[str, Source] | None = None,
) -> Summary:
    """Find the copies among some articles and write what stays.

    Args:
        inputs: Files, folders, globs, or `-`.
        options: How.
        progress: Told how far the run is.
        opened: Those of `options.against` that are no files, by name; they are closed at the end.

    Raises:
        UsageError: An option cannot be used.
        InputError: An input cannot be read, or changed during the run. Nothing was written.
        OutputError: The results cannot be written. Nothing was left half-written.
    """
    options.check()
    if options.output is not None:
        keep_apart([*inputs, *options.against], options.output)
    if options.report:
        from dedup import report  # most runs do without jinja2

        report.require_jinja2()
    rules: tuple[Rule, ...] = ()
    if options.settings.strip:
        from dedup.boilerplate import load  # as long as a small run takes without rules

        rules = load(options.rules)
    with ExitStack() as stack:
        directory = None
        if options.output is not None and not options.dry_run:
            directory = stack.enter_context(OutputDirectory(options.output, options.force, options.threads))
        job = Job(inputs, options, rules, progress or Silent(), directory, stack)
        job.open(opened or {})
        builder = CorpusBuilder(job.policy, job.memory, options.blocking, job.fields.more)
        with unchanged(job.every):
            if options.learn:
                job.learn(builder)
            found = _find(job, builder)
            check_mapped(job.every)
            summary = _summarise(job, found)
            if directory is not None:
                _write(job, found, summary, directory)
        summary = replace(summary, timings=dict(job.clock.seconds))
        if directory is not None:
            write_json(directory, "summary.json", summary.as_dict())
            directory.commit()
    return summary


@dataclass(frozen=True, slots=True)
class _Found:
    """What comparing found; `order` is that of the keep policy, int64[n]."""

    corpus: Corpus
    matches: Matches
    excerpts: Excerpts | None
    seen: Seen | None
    order: I64


def _find(job: Job, builder: CorpusBuilder) -> _Found:
    """Sketch the articles, take out those that are known, cluster the rest."""
    options, stages, progress, clock = job.options, job.stages, job.progress, job.clock
    matcher = stages.matcher(pairs=options.pairs, links=options.families, memory=job.memory)
    threshold, listed = options.settings.threshold, options.pairs
    finder = options.excerpts.finder(stages, threshold, list_pairs=listed, memory=job.memory)
    passing: Iterator[Texts]
    if options.learn:
        passing = read_again(job.sources, builder, stages, options.text_fields, progress)
    else:
        batches = collect(job.sources, builder, options.limit, progress, clock)
        passing = (batch.texts for _, batch in batches)
    sketch = partial(stages.sketch, window=options.excerpts.window, alone=True)
    held = []
    with clock.stage("sketch"):  # what waits for readers is theirs
        for sketches in spread(sketch, passing, stages.threads):
            builder.add_sketches(sketches)
            if options.against:
                held.append(sketches)
            else:
                _add(sketches, matcher, finder)
    check_articles(job.sources)
    with clock.stage("read"):
        corpus = builder.build()
    corpus.check_usable()
    seen = None
    if options.against:
        from dedup.against import known

        with clock.stage("against"):
            read = job.memory, progress, stages.threads, options.blocking
            old, new = known.read_known(job.known, sketch, *read), known.Side.of(corpus, held)
            how = options.text_fields, options.excerpts, progress
            seen = known.compare(new, old, job.every, stages, *how)
        for sketches in seen.rest(held):
            _add(sketches, matcher, finder)
    with clock.stage("match"):
        order = job.policy.order(corpus.values, corpus.tokens, corpus.digest, corpus.ids)
        matcher.start(order, corpus.segments, corpus.comparable)
        job.write_ahead(corpus)
        for start, stop in _advance(matcher, "matching", len(corpus), job.every, progress):
            job.decide(matcher.kept(start, stop))
        matches = matcher.result()
    excerpts = None
    if finder is not None:
        with clock.stage("excerpts"):
            finder.start(matches, order, corpus.segments, corpus.comparable)
            for _ in _advance(finder, "searching", len(corpus), job.every, progress):
                job.check()
            matches, excerpts = finder.result()
    if seen is not None:
        matches, excerpts = seen.merge(matches, excerpts)
    return _Found(corpus, matches, excerpts, seen, order)


def _write(job: Job, found: _Found, summary: Summary, directory: OutputDirectory) -> None:
    """Everything but the summary."""
    options, corpus = job.options, found.corpus
    with job.clock.stage("write"):
        names = corpus.ids if found.seen is None else found.seen.names
        outcome = Outcome.of(corpus, found.matches, found.excerpts, found.order, options.families, names)
        both(
            lambda: job.write(directory, outcome),
            lambda: write_tables(directory, outcome, pairs=options.pairs, guarded=options.settings.strip),
            options.threads,
        )
        if outcome.family is not None:
            where = outcome.family, corpus.segments, corpus.ids
            dates = job.policy.dates(corpus.values)
            lineage = Lineage(found.matches, *where, found.order, dates, job.stages, options.text_fields)
            write_chunks(directory, "families.jsonl", lineage.lines())
        if job.learned is not None:
            write_chunks(directory, "learned.toml", [job.learned.to_toml().encode()])
    if options.report:
        from dedup import report

        with job.clock.stage("report"):
            shown = report.gather(
                outcome, summary, job.policy, job.rules, job.stages, options.text_fields, job.progress
            )
            write_chunks(directory, "report.html", report.report_page(shown))


def _add(sketches: Sketches, matcher: Matcher, finder: ExcerptFinder | None) -> None:
    matcher.add(sketches)
    if finder is not None:
        finder.add(sketches)


def _advance(
    work: Matcher | ExcerptFinder, doing: str, count: int, sources: Sequence[Source], progress: Progress
) -> Iterator[tuple[int, int]]:
    """Go through `count` documents in slices; yields the bounds of each."""
    progress.start(doing, count, "articles")
    done, slice_size = 0, 1024
    while done < count:
        check_mapped(sources)
        began, start = time.perf_counter(), done
        done = work.advance(slice_size)
        seconds = time.perf_counter() - began
        progress.update(done, done)
        yield start, done
        if seconds < SLICE_SECONDS / 2:
            slice_size *= 2
        elif seconds > SLICE_SECONDS * 2:
            slice_size = max(1, slice_size // 2)


def _summarise(job: Job, found: _Found) -> Summary:
    options, corpus, matches = job.options, found.corpus, found.matches
    bands = choose(options.settings)
    cluster_sizes = sizes(matches.representative)
    clusters = [
        Cluster(
            corpus.ids.bytes_at(position).decode("utf-8", "replace"),
            int(cluster_sizes[position]),
            title(corpus.segments, position, options.text_fields, job.stages, bool(job.rules)),
        )
        for position in largest(cluster_sizes, LARGEST)
    ]
    stripping = None
    if options.settings.strip:
        removed = corpus.removed_lines, corpus.removed_chars
        stripping = Stripping.of(job.rules, *removed, len(corpus.guarded))
    rules_digest = hashlib.sha256(repr(job.rules).encode()).hexdigest()[:16]
    settings = replace(options.settings, bands=bands.bands, rows=bands.rows).as_dict(rules=rules_digest)
    return summarise(
        corpus,
        matches,
        found.excerpts,
        bands,
        against=None if found.seen is None else found.seen.counts(),
        stripping=stripping,
        learned=job.learned,
        clusters=clusters,
        absent=[name for name, count in zip(options.text_fields, corpus.present, strict=False) if not count],
        missing=job.policy.missing(corpus.values),
        sources=len(job.sources),
        settings=settings,
        fingerprint=fingerprint(settings),
        options=options.as_dict(job.inputs),
        environment=environment(options.engine, job.stages.threads, job.memory),
    )
