"""A batch run: sources in, one article of each story and an account of the rest out.

    learn   sources -> batches -> counts of lines -> rules  (on request; texts are not held)
    read    sources -> batches -> sketches and ids          (after learning, from where the texts lie)
    against known articles -> which articles they have      (on request; those take no further part)
    match   the keep policy's order -> clusters             (the documents that pass the gates are read again)
    write   records that stay, clusters, pairs, skipped, summary

Nothing is printed: whoever calls passes a `Progress` and shows the `Summary`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dedup.bands import choose
from dedup.clusters import largest, sizes
from dedup.config import fingerprint
from dedup.corpus import Corpus, CorpusBuilder
from dedup.engines import make_engine
from dedup.excerpts import ExcerptFinder, Excerpts
from dedup.families import Lineage
from dedup.keep import Policy
from dedup.memory import Memory, half_of_free
from dedup.model import Matches, Rule, Sketches, Texts
from dedup.options import Options
from dedup.outputs import Outcome, write_records, write_tables
from dedup.overlap import beside
from dedup.progress import Clock, Progress, Silent
from dedup.readers import Fields, Source, check_articles, check_mapped, open_sources
from dedup.reading import collect, read_again, unchanged
from dedup.stages import Matcher, Stages
from dedup.stripping import Stripping
from dedup.summary import LARGEST, Cluster, Summary, environment, summarise
from dedup.titles import title
from dedup.writers import OutputDirectory, keep_apart, write_chunks, write_json

if TYPE_CHECKING:
    from dedup.against.known import Seen
    from dedup.boilerplate.learned import Learned

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
    progress = progress or Silent()
    clock = Clock()
    policy = Policy.parse(options.keep_policy, options.source_field)
    rules: tuple[Rule, ...] = ()
    if options.settings.strip:
        from dedup.boilerplate import load  # as long as a small run takes without rules

        rules = load(options.rules)
    stages = make_engine(options.engine, options.settings, rules, options.text_fields, options.threads)
    more = policy.fields()
    if options.learn and options.source_field is not None and options.source_field not in more:
        more += (options.source_field,)
    fields = Fields(options.text_fields, options.id_field, more, options.encoding)
    with ExitStack() as stack:
        directory = None
        if options.output is not None and not options.dry_run:
            directory = stack.enter_context(OutputDirectory(options.output, options.force, options.threads))
        sources = open_sources(inputs, fields, stages, options.temp_dir, options.output)
        known_sources: list[Source] = []
        if options.against:
            from dedup.against import known  # most runs do without

            known_sources = known.open_known(inputs, options, opened or {}, fields, stages)
        every = [*sources, *known_sources]
        for source in every:
            stack.callback(source.close)
        memory = Memory(options.memory or half_of_free(), options.temp_dir)
        builder = CorpusBuilder(policy, memory)
        with unchanged(every):
            learned = None
            if options.learn:
                from dedup.boilerplate.learner import Learner  # most runs do without
                from dedup.learning import observe

                learner = stack.enter_context(Learner(stages, spill=True, temp_dir=options.temp_dir))
                for source, batch in collect(sources, builder, options.limit, progress, clock):
                    with clock.stage("learn"):
                        observe(learner, source, batch, fields, options.source_field)
                check_articles(sources)
                progress.start("deciding", None, "articles")
                with clock.stage("learn"):
                    learned = learner.learn(options.min_documents)
                rules += learned.rules()
                stages = make_engine(
                    options.engine, options.settings, rules, options.text_fields, options.threads
                )
            matcher = stages.matcher(pairs=options.pairs, links=options.families, memory=memory)
            threshold, listed = options.settings.threshold, options.pairs
            finder = options.excerpts.finder(stages, threshold, list_pairs=listed, memory=memory)
            passing: Iterator[Texts]
            if options.learn:
                passing = read_again(sources, builder, stages, options.text_fields, progress)
            else:
                passing = (
                    batch.texts for _, batch in collect(sources, builder, options.limit, progress, clock)
                )
            sketch = partial(stages.sketch, window=options.excerpts.window)
            held = []
            with clock.stage("sketch"):  # what waits for readers is theirs
                for sketches in beside(sketch, passing, options.threads):
                    builder.add_sketches(sketches)
                    if options.against:
                        held.append(sketches)
                    else:
                        _add(sketches, matcher, finder)
            check_articles(sources)
            with clock.stage("read"):
                corpus = builder.build()
            corpus.check_usable()
            seen = None
            if options.against:
                with clock.stage("against"):
                    old = known.Known.read(known_sources, sketch, memory, progress, options.threads)
                    seen = known.compare(
                        corpus, held, old, every, stages, options.text_fields, options.excerpts, progress
                    )
                for sketches in seen.rest(held):
                    _add(sketches, matcher, finder)
            with clock.stage("match"):
                order = policy.order(corpus.values, corpus.tokens, corpus.digest, corpus.ids)
                matcher.start(order, corpus.segments)
                _advance(matcher, "matching", len(corpus), every, progress)
                matches = matcher.result()
            excerpts = None
            if finder is not None:
                with clock.stage("excerpts"):
                    finder.start(matches, order, corpus.segments)
                    _advance(finder, "searching", len(corpus), every, progress)
                    matches, excerpts = finder.result()
            if seen is not None:
                matches, excerpts = seen.merge(matches, excerpts)
            check_mapped(every)
            summary = _summarise(
                corpus,
                matches,
                excerpts,
                seen,
                stages,
                policy,
                rules,
                learned,
                options,
                inputs,
                len(sources),
                memory,
            )
            if directory is not None:
                with clock.stage("write"):
                    outcome = Outcome.of(
                        corpus,
                        matches,
                        excerpts,
                        order,
                        options.families,
                        corpus.ids if seen is None else seen.names,
                    )
                    flags = {
                        "annotate": options.annotate,
                        "removed": options.write_removed,
                        "copy": options.copy,
                    }
                    write_records(directory, sources, outcome, progress, **flags)
                    write_tables(directory, outcome, pairs=options.pairs, guarded=options.settings.strip)
                    if outcome.family is not None:
                        where = outcome.family, corpus.segments, corpus.ids
                        dates = policy.dates(corpus.values)
                        lineage = Lineage(matches, *where, order, dates, stages, options.text_fields)
                        write_chunks(directory, "families.jsonl", lineage.lines())
                    if learned is not None:
                        write_chunks(directory, "learned.toml", [learned.to_toml().encode()])
                if options.report:
                    with clock.stage("report"):
                        page = report.report_page(
                            report.gather(
                                outcome, summary, policy, rules, stages, options.text_fields, progress
                            )
                        )
                        write_chunks(directory, "report.html", page)
        summary = replace(summary, timings=dict(clock.seconds))
        if directory is not None:
            write_json(directory, "summary.json", summary.as_dict())
            directory.commit()
    return summary


def _add(sketches: Sketches, matcher: Matcher, finder: ExcerptFinder | None) -> None:
    matcher.add(sketches)
    if finder is not None:
        finder.add(sketches)


def _advance(
    work: Matcher | ExcerptFinder, doing: str, count: int, sources: Sequence[Source], progress: Progress
) -> None:
    """Go through `count` documents in slices."""
    progress.start(doing, count, "articles")
    done, slice_size = 0, 1024
    while done < count:
        check_mapped(sources)
        start = time.perf_counter()
        done = work.advance(slice_size)
        seconds = time.perf_counter() - start
        progress.update(done, done)
        if seconds < SLICE_SECONDS / 2:
            slice_size *= 2
        elif seconds > SLICE_SECONDS * 2:
            slice_size = max(1, slice_size // 2)


def _summarise(
    corpus: Corpus,
    matches: Matches,
    excerpts: Excerpts | None,
    seen: Seen | None,
    stages: Stages,
    policy: Policy,
    rules: Sequence[Rule],
    learned: Learned | None,
    options: Options,
    inputs: Sequence[str],
    sources: int,
    memory: Memory,
) -> Summary:
    bands = choose(options.settings)
    cluster_sizes = sizes(matches.representative)
    clusters = [
        Cluster(
            corpus.ids.bytes_at(position).decode("utf-8", "replace"),
            int(cluster_sizes[position]),
            title(corpus.segments, position, options.text_fields, stages, bool(rules)),
        )
        for position in largest(cluster_sizes, LARGEST)
    ]
    stripping = None
    if options.settings.strip:
        stripping = Stripping.of(rules, corpus.removed_lines, corpus.removed_chars, len(corpus.guarded))
    rules_digest = hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
    settings = replace(options.settings, bands=bands.bands, rows=bands.rows).as_dict(rules=rules_digest)
    return summarise(
        corpus,
        matches,
        excerpts,
        bands,
        against=None if seen is None else seen.counts(),
        stripping=stripping,
        learned=learned,
        clusters=clusters,
        absent=[name for name, count in zip(options.text_fields, corpus.present, strict=False) if not count],
        missing=policy.missing(corpus.values),
        sources=sources,
        settings=settings,
        fingerprint=fingerprint(settings),
        options=options.as_dict(inputs),
        environment=environment(options.engine, options.threads, memory),
    )
