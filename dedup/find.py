"""Finding duplicates in memory: texts or a table in, positions and Arrow tables out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dedup import boilerplate
from dedup.against.known import Side, compare, read_known
from dedup.blocking import Blocking, Values
from dedup.blocks import BLOCK
from dedup.boilerplate.learner import Learner
from dedup.clusters import families as find_families
from dedup.comparable import Comparable
from dedup.config import MIN_DOCUMENTS, WORDS, Settings
from dedup.containment import CONTAINMENT
from dedup.engines import make_engine
from dedup.errors import UsageError
from dedup.excerpts import ExcerptFinder, ExcerptSettings
from dedup.families import Lineage
from dedup.index.source import IndexSource, is_index
from dedup.keep import Policy
from dedup.memory import Growing, Memory, half_of_free, parse_size
from dedup.model import I64, Sketches, Texts
from dedup.progress import Silent
from dedup.result import Result, cluster_table, pair_table
from dedup.stages import Matcher
from dedup.tables import Articles, positions


def find_duplicates(
    texts: Any,
    ids: Any = None,
    *,
    threshold: float = 0.5,
    keep: str | None = None,
    excerpts: str = "report",
    excerpt_containment: float = CONTAINMENT,
    excerpt_shingles: int | None = None,
    against: Any = None,
    same: str | Sequence[str] | None = None,
    across: str | None = None,
    window: str | None = None,
    recall: float = 0.99,
    shingle_size: int = 5,
    shingle_unit: str = WORDS,
    num_perm: int = 128,
    seed: int = 1,
    bands: int | None = None,
    rows: int | None = None,
    strip: bool = True,
    rules: Sequence[str] = (),
    learn: bool = False,
    sources: Any = None,
    min_documents: int = MIN_DOCUMENTS,
    text_field: str = "text",
    id_field: str = "id",
    source_field: str | None = None,
    pairs: bool = False,
    families: bool = False,
    threads: int | None = None,
    memory: str | None = None,
    temp_dir: Path | None = None,
    engine: str = "native",
) -> Result:
    """Find the copies among some articles.

    Args:
        texts: A list of strings, an Arrow array, a Series, or a table (pyarrow, pandas, polars, Hugging Face:
            whatever has the Arrow PyCapsule interface). None and null count as empty texts.
        ids: Their ids, likewise; else the column `id_field` of a table, else the positions. A later article
            with an id already seen gets `row:POSITION`.
        threshold: Least Jaccard similarity of a near-duplicate.
        keep: Which article of a cluster stays, see `dedup.keep`; None = `first`, or `longest` where excerpts are
            removed.
        excerpts: Articles that are mostly contained in a larger one: `report` them (they stay), `remove` them, or
            `off`.
        excerpt_containment: Least share of an excerpt's shingles that the larger article has.
        excerpt_shingles: Least shingles of an excerpt; None = 40 of words, 240 of characters.
        against: Known articles, likewise, or the path of an index: what they have is removed, and `duplicate_of` or
            `excerpt_of` is the id there. One without an id, or with one already seen there or in `texts`, goes by
            `against:POSITION`, of an index by `PATH:NUMBER`.
        same: Column in which two articles have to have the same value to be compared; several as a list.
        across: Column in which they have to have different values.
        window: Column with a date, and how far two may lie apart: `published:7d`; see `dedup.blocking`.
        recall: Least probability that a pair at the threshold is found; decides bands and rows.
        shingle_size: Tokens per shingle, or characters.
        shingle_unit: `words`, or `chars` for text with many small errors.
        num_perm: Values per signature.
        seed: Seed of the signatures.
        bands: Number of bands, with `rows` instead of `recall`.
        rows: Values per band.
        strip: Whether boilerplate is removed before comparing.
        rules: Files with further boilerplate rules.
        learn: Learn from the articles what else is boilerplate, and strip it too; see `dedup.Learner`.
        sources: For learning, who published each article, likewise; else the column `source_field` of a table.
        min_documents: Least articles to learn from; from fewer nothing is learned.
        text_field: Column of the text in a table; several separated by commas are joined by a newline.
        id_field: Column of the id in a table.
        source_field: Column of the publisher, for the keep policy and learning.
        pairs: Also list all pairs; quadratic in the size of clusters.
        families: Add `family_id`, the connected components of near relations, and say how far each has drifted.
        threads: Threads to use; None = one per core.
        memory: Memory to use beside the texts, such as `2G`; what takes more is held in files. None = half of what is
            free.
        temp_dir: Where such files go; None = the system's directory.
        engine: `native` or `reference`.

    Raises:
        UsageError: A parameter cannot be used, or a column is not there.
        InputError: The index cannot be read.
        OutputError: A temporary file cannot be written.
    """
    settings = Settings(threshold, recall, shingle_size, num_perm, seed, bands, rows, strip, shingle_unit)
    wanted = ExcerptSettings.chosen(excerpts, excerpt_containment, excerpt_shingles, shingle_unit)
    policy = Policy.parse(keep or wanted.keep, source_field)
    blocking = Blocking.parse(same, across, window)
    if learn and not strip:
        raise UsageError("learning finds what to strip", "leave out strip=False or learn=True")
    fields = tuple(name.strip() for name in text_field.split(","))
    known = boilerplate.load(rules) if strip else ()
    stages = make_engine(engine, settings, known, fields, threads)

    given = Articles.of(texts, ids, fields, id_field)
    values = policy.values([given.column(field, "the keep policy") for field in policy.fields()])
    room = Memory(half_of_free() if memory is None else parse_size(memory), temp_dir)
    comparable = _comparable(given, blocking, room)

    learned = None
    if learn:
        with Learner(stages, spill=True) as learner:
            learner.add(given.texts, given.publishers(sources, source_field), positions(len(given)))
            learned = learner.learn(min_documents)
        stages = make_engine(engine, settings, known + learned.rules(), fields, threads)

    matcher = stages.matcher(pairs=pairs, links=families, memory=room)
    finder = wanted.finder(stages, threshold, list_pairs=pairs, memory=room)
    sketch = partial(stages.sketch, window=wanted.window)
    tokens, digest = Growing(room, np.uint32), Growing(room, np.uint64, 2)
    held = []
    for sketches in map(sketch, given.blocks(BLOCK)):
        tokens.append(sketches.tokens)
        digest.append(sketches.digest)
        if against is None:
            _add(sketches, matcher, finder)
        else:
            held.append(sketches)
    order = policy.order(values, tokens.whole(), digest.whole(), given.ids)
    seen = None
    if against is not None:
        old = _known(against, fields, id_field, blocking, sketch, stages.threads, room)
        seen = compare(_side(given, held, comparable), old, (), stages, fields, wanted, Silent())
        for sketches in seen.rest(held):
            _add(sketches, matcher, finder)
    matcher.start(order, [given.segment], comparable)
    while matcher.advance(len(given)) < len(given):
        pass
    matches = matcher.result()
    found = None
    if finder is not None:
        finder.start(matches, order, [given.segment], comparable)
        while finder.advance(len(given)) < len(given):
            pass
        matches, found = finder.result()
    names = given.ids
    if seen is not None:
        names = seen.names
        matches, found = seen.merge(matches, found)
    family = find_families(matches, order) if families else None
    lineage = None
    if family is not None:
        named = [given.segment], given.ids
        lineage = Lineage(matches, family, *named, order, policy.dates(values), stages, fields)
    identities = pa.array(names.strings(), pa.large_string())
    return Result(
        np.flatnonzero(matches.kept),
        np.flatnonzero(~matches.kept),
        cluster_table(identities, matches, found, family),
        learned,
        pair_table(identities, matches) if pairs else None,
        None if lineage is None else [row for rows in lineage.batches() for row in rows],
        given.table,
    )


def _add(sketches: Sketches, matcher: Matcher, finder: ExcerptFinder | None) -> None:
    matcher.add(sketches)
    if finder is not None:
        finder.add(sketches)


def _comparable(
    given: Articles, blocking: Blocking, memory: Memory, whose: str = "article"
) -> Comparable | None:
    values = Values(blocking, memory)
    values.add({field: given.column(field, "blocking") for field in blocking.fields()})
    return values.build(whose)


def _side(given: Articles, sketches: Sequence[Sketches], comparable: Comparable | None) -> Side:
    def rows(some: I64) -> Texts:
        return Texts.from_strings([f"{given.role}:{i}" for i in some.tolist()])

    return Side(given.ids, rows, sketches, [given.segment], comparable)


def _known(
    against: Any,
    fields: Sequence[str],
    id_field: str,
    blocking: Blocking,
    sketch: partial[Sketches],
    threads: int,
    memory: Memory,
) -> Side:
    """The known articles that somebody gives: texts, a table, or where an index is."""
    if not isinstance(against, (str, PathLike)):
        given = Articles.of(against, None, fields, id_field, "against")
        comparable = _comparable(given, blocking, memory, "known article")
        return _side(given, [sketch(some) for some in given.blocks(BLOCK)], comparable)
    location = fspath(against)
    if not is_index(location):
        raise UsageError(
            f'against is "{location}", which is no index', "pass texts, a table, or the path of an index"
        )
    blocking.check_index(location)
    source = IndexSource(location, memory.temp_dir)
    try:
        return read_known([source], partial(sketch, alone=True), memory, Silent(), threads)
    finally:
        source.close()
