"""A check: inputs and options go in, a `Report` comes out. Nothing is printed.

read     sources -> batches -> sketches               (from the cache, where there is one)
choose   which articles are in question, and which they are compared with
match    -> copies                                     (exactly, as in a run)
accept   -> duplicates, accepted ones, stale entries of the baseline
lint     -> problems of single articles, on request
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dedup.against.copies import Copies, of_some
from dedup.against.excerpts import of_split
from dedup.bands import choose
from dedup.blocking import Blocking
from dedup.boilerplate import load
from dedup.checking.articles import Articles
from dedup.checking.baseline import Baseline
from dedup.checking.cache import SketchCache
from dedup.checking.changes import Changes
from dedup.checking.copies import of_corpus
from dedup.checking.findings import PROBLEMS, RELATIONS, Duplicate, Limits, Report, plural
from dedup.checking.lint import MIN_WORDS, lint
from dedup.config import Settings, fingerprint
from dedup.engines import make_engine
from dedup.errors import UsageError
from dedup.excerpts import ExcerptSettings
from dedup.model import Mask
from dedup.progress import Progress, Silent
from dedup.readers import Fields, open_sources
from dedup.readers.discover import find_files
from dedup.reading import unchanged

if TYPE_CHECKING:
    from dedup.report import Difference


@dataclass(frozen=True, slots=True)
class Options:
    """How to check.

    Attributes:
        settings: What decides a match.
        text_fields: Fields that make up the text.
        id_field: Field with the id.
        encoding: Encoding of text files and tables.
        rules: Files with further boilerplate rules.
        against: Inputs that must not hold copies of what is checked, nor excerpts in either direction; copies among the
            checked are no matter then.
        excerpts: What is an excerpt; with `against`, unless the mode is `off`, they count.
        blocking: Which articles are compared at all.
        within: The corpus that what is checked comes into: only pairs that touch the checked count.
        since: A git revision: only articles that changed since are checked.
        limits: How many duplicates are allowed.
        baseline: File of accepted pairs.
        update_baseline: Accept all duplicates: write the file anew.
        lint: Problems to look for; see `findings.PROBLEMS`.
        min_words: Fewer make an article `short`.
        differences: Duplicates to show with what differs, for a report in HTML.
        cache: File of sketches; see `cache`.
        threads: Threads of the kernel; None = one per core.
        temp_dir: Where compressed and piped inputs are unpacked.
    """

    settings: Settings = field(default_factory=Settings)
    text_fields: tuple[str, ...] = ("text",)
    id_field: str = "id"
    encoding: str = "utf-8"
    rules: tuple[Path, ...] = ()
    against: tuple[str, ...] = ()
    excerpts: ExcerptSettings = field(default_factory=ExcerptSettings)
    blocking: Blocking = field(default_factory=Blocking)
    within: tuple[str, ...] = ()
    since: str | None = None
    limits: Limits = field(default_factory=Limits)
    baseline: Path | None = None
    update_baseline: bool = False
    lint: frozenset[str] = frozenset()
    min_words: int = MIN_WORDS
    differences: int = 0
    cache: Path | None = None
    threads: int | None = None
    temp_dir: Path | None = None

    @property
    def is_partial(self) -> bool:
        """Whether only some pairs of a corpus are looked at, so that a baseline cannot be judged as a whole."""
        return bool(self.within) or self.since is not None

    @property
    def window(self) -> int | None:
        """As for `Stages.sketch`: minimizers are only needed where excerpts count."""
        return self.excerpts.window if self.against else None

    @property
    def is_whole(self) -> bool:
        """Whether all articles are in question, and compared with one another."""
        return not self.against and not self.is_partial

    def check_usable(self) -> None:
        """Raise UsageError when the options contradict one another."""
        if self.against and self.within:
            raise UsageError("--against and --in exclude each other", "use --in for articles of one corpus")
        if not all(self.text_fields):
            raise UsageError("a text field has an empty name", "for example --text-field title,body")
        if self.update_baseline and self.baseline is None:
            raise UsageError("--update-baseline needs to know the file", "add --baseline dedup-baseline.json")
        if self.update_baseline and self.is_partial:
            raise UsageError(
                "--update-baseline with --in or --since would lose the pairs that these leave out",
                "update it with a check of the whole corpus",
            )
        if self.min_words < 0:
            raise UsageError(f"--min-words {self.min_words} is below 0", f"{MIN_WORDS} suits news")
        if unknown := sorted(self.lint - PROBLEMS.keys()):
            raise UsageError(f'unknown problem "{unknown[0]}"', f"known: {', '.join(PROBLEMS)}")


def check(paths: Sequence[str], options: Options, progress: Progress | None = None) -> Report:
    """Check some articles.

    Args:
        paths: Files, folders, globs, or `-`.
        options: How.
        progress: Told how far the check is.

    Raises:
        UsageError: An option cannot be used.
        InputError: An input, the baseline or the cache cannot be read, or an input changed during the check.
        OutputError: The baseline or the cache cannot be written.
    """
    options.check_usable()
    progress = progress or Silent()
    rules = load(options.rules) if options.settings.strip else ()
    stages = make_engine("native", options.settings, rules, options.text_fields, options.threads)
    bands = choose(options.settings)
    rules_digest = hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
    settings = replace(options.settings, bands=bands.bands, rows=bands.rows).as_dict(rules=rules_digest)
    baseline = Baseline((), fingerprint(settings))
    if options.baseline is not None and not options.update_baseline:
        baseline = Baseline.load(options.baseline)
    cache = (
        None
        if options.cache is None
        else SketchCache(stages, options.cache, fingerprint(settings), options.window)
    )
    changes = None
    if options.since is not None:
        changes = Changes.since(options.since)
        changes.check_inside(paths)
    fields = Fields(options.text_fields, options.id_field, options.blocking.fields(), options.encoding)
    with ExitStack() as stack:
        sources = open_sources([*paths, *options.against, *options.within], fields, stages, options.temp_dir)
        for source in sources:
            stack.callback(source.close)
        with unchanged(sources):
            sketch = partial(stages.sketch, window=options.window) if cache is None else cache.sketch
            find_damaged = "undecodable" in options.lint
            articles = Articles.read(
                sources,
                stages,
                options.text_fields,
                sketch,
                progress,
                find_damaged=find_damaged,
                blocking=options.blocking,
            )
            checked, known = _parts(articles, paths, options, changes)
            if options.is_whole:
                copies = of_corpus(articles, progress)
            else:
                within = not options.against
                copies = of_some(articles.documents, options.settings, checked, known, within, progress)
            if options.window is not None and len(articles):
                open_ = checked.copy()
                open_[copies.article] = False
                copies = copies.and_also(
                    of_split(articles.documents, options.excerpts, open_, known, progress)
                )
            duplicates = _duplicates(articles, copies)
            differing: list[Difference] = []
            if options.differences and not options.update_baseline:
                shown = baseline.split(duplicates)[0][: options.differences]
                differing = _differences(articles, copies, duplicates, shown)
            problems = []
            if options.lint:
                stripping = stages
                if not options.settings.strip:
                    stripping = make_engine("native", Settings(), load(options.rules), options.text_fields)
                problems = lint(articles, checked, options.lint, options.min_words, stripping)
    if cache is not None:
        cache.save()
    if options.update_baseline and options.baseline is not None:
        baseline = Baseline.of(duplicates, fingerprint(settings))
        baseline.save(options.baseline)
    new, accepted, stale = baseline.split(duplicates)
    if options.is_partial:
        stale = []
    report = Report(
        articles=int(np.count_nonzero(checked)),
        known=int(np.count_nonzero(known)),
        duplicates=new,
        accepted=accepted,
        stale=stale,
        problems=problems,
        linted=bool(options.lint),
        skipped=articles.corpus.skipped,
        limits=options.limits,
        settings=settings,
        fingerprint=fingerprint(settings),
        warnings=[],
        differences=differing,
    )
    return replace(report, warnings=_warnings(report, articles, baseline, options))


def _parts(
    articles: Articles, paths: Sequence[str], options: Options, changes: Changes | None
) -> tuple[Mask, Mask]:
    """Which articles are in question, and which others they are compared with: bool[n] each."""
    places = articles.corpus.places
    checked = np.ones(len(articles), np.bool_)
    if options.against or options.within:
        # A file that is reached from both sides was read, and counts, as one of `paths`.
        names = {os.fsencode(os.path.join(found.root, found.name)) for found in find_files(paths)}
        given = [places.paths.bytes_at(i) in names for i in range(len(places.paths))]
        checked = np.array(given, np.bool_)[places.path]
    known = ~checked
    if changes is not None:
        touched = changes.touched(places)
        if not options.against:
            known |= ~touched
        checked &= touched
    return checked, known


def _duplicates(articles: Articles, copies: Copies) -> list[Duplicate]:
    positions = sorted({*copies.article.tolist(), *copies.original.tolist()})
    names = tuple(RELATIONS)
    described = articles.describe(np.array(positions, np.int64))
    rows = zip(
        copies.article.tolist(),
        copies.original.tolist(),
        copies.relation.tolist(),
        copies.similarity.tolist(),
        copies.containment.tolist(),
        strict=True,
    )
    return [
        Duplicate(described[a], described[b], names[relation], similarity, containment)
        for a, b, relation, similarity, containment in rows
    ]


def _differences(
    articles: Articles, copies: Copies, duplicates: Sequence[Duplicate], shown: Sequence[Duplicate]
) -> list[Difference]:
    """What differs between the two of some duplicates."""
    from dedup.report import differences  # few checks show it

    place = {one: i for i, one in enumerate(duplicates)}
    pairs = [(int(copies.original[place[one]]), int(copies.article[place[one]])) for one in shown]
    return differences(articles.corpus.segments, pairs, articles.stages, articles.text_fields)


def _warnings(report: Report, articles: Articles, baseline: Baseline, options: Options) -> list[str]:
    found = []
    if not len(articles):
        found.append("the inputs hold no articles")
    elif not report.articles and options.since is not None:
        found.append(f"no article changed since {options.since}")
    elif options.against and not report.known:
        found.append("--against names no articles but those that are checked: nothing was compared")
    if report.skipped and "unusable" not in options.lint:
        first = report.skipped[0]
        verb = "was" if len(report.skipped) == 1 else "were"
        found.append(
            f"{plural(len(report.skipped), 'record')} {verb} skipped, "
            f"the first at {first.location}: {first.detail}"
        )
    present = articles.corpus.present
    found += [
        f'no record has the text field "{name}", only the others were compared: check its name'
        for name, count in zip(options.text_fields, present, strict=False)
        if not count
    ]
    if baseline.fingerprint != report.fingerprint:
        found.append(
            "the baseline was made with other settings or rules: review what is new, then --update-baseline"
        )
    return found
