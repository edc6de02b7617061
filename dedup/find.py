"""Finding duplicates in memory: texts or a table in, positions and Arrow tables out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dedup import boilerplate
from dedup.blocks import BLOCK
from dedup.boilerplate.learner import Learner
from dedup.clusters import families as find_families
from dedup.config import MIN_DOCUMENTS, WORDS, Settings
from dedup.containment import CONTAINMENT, SHINGLES
from dedup.engines import make_engine
from dedup.errors import UsageError
from dedup.excerpts import ExcerptSettings
from dedup.families import Lineage
from dedup.identities import complete, unique
from dedup.keep import Policy
from dedup.memory import Growing, Memory, half_of_free, parse_size
from dedup.model import Column, Form, Segment, Texts
from dedup.readers.columns import spans, text_column, value_column
from dedup.result import Result, cluster_table, pair_table


def find_duplicates(
    texts: Any,
    ids: Any = None,
    *,
    threshold: float = 0.5,
    keep: str | None = None,
    excerpts: str = "report",
    excerpt_containment: float = CONTAINMENT,
    excerpt_shingles: int = SHINGLES,
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
        excerpt_shingles: Least shingles of an excerpt.
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
        OutputError: A temporary file cannot be written.
    """
    settings = Settings(threshold, recall, shingle_size, num_perm, seed, bands, rows, strip, shingle_unit)
    wanted = ExcerptSettings(excerpts, excerpt_containment, excerpt_shingles)
    policy = Policy.parse(keep or wanted.keep, source_field)
    if learn and not strip:
        raise UsageError("learning finds what to strip", "leave out strip=False or learn=True")
    fields = tuple(name.strip() for name in text_field.split(","))
    known = boilerplate.load(rules) if strip else ()
    stages = make_engine(engine, settings, known, fields, threads)

    table = _table(texts, fields)
    batch = pa.RecordBatch.from_struct_array(_one_chunk(table.to_struct_array()))
    documents = _texts(batch, fields)
    names = _names(batch, ids, id_field)
    values = policy.values([_column(batch, field, "the keep policy") for field in policy.fields()])

    learned = None
    if learn:
        with Learner(stages, spill=True) as learner:
            learner.add(documents, _publishers(batch, sources, source_field), _positions(len(documents)))
            learned = learner.learn(min_documents)
        stages = make_engine(engine, settings, known + learned.rules(), fields, threads)

    room = Memory(half_of_free() if memory is None else parse_size(memory), temp_dir)
    matcher = stages.matcher(pairs=pairs, links=families, memory=room)
    finder = wanted.finder(stages, threshold, list_pairs=pairs, memory=room)
    tokens, digest = Growing(room, np.uint32), Growing(room, np.uint64, 2)
    for start in range(0, len(documents), BLOCK):
        some = Texts(documents.data, documents.offsets[start : start + BLOCK + 1])
        sketches = stages.sketch(some, wanted.window)
        matcher.add(sketches)
        if finder is not None:
            finder.add(sketches)
        tokens.append(sketches.tokens)
        digest.append(sketches.digest)
    order = policy.order(values, tokens.whole(), digest.whole(), names)
    segments = [Segment(documents.data, Form.TEXT, documents.offsets[:-1], documents.offsets[1:])]
    matcher.start(order, segments)
    while matcher.advance(len(documents)) < len(documents):
        pass
    matches = matcher.result()
    found = None
    if finder is not None:
        finder.start(matches, order, segments)
        while finder.advance(len(documents)) < len(documents):
            pass
        matches, found = finder.result()
    family = find_families(matches, order) if families else None
    lineage = None
    if family is not None:
        lineage = Lineage(matches, family, segments, names, order, policy.dates(values), stages, fields)
    identities = pa.array(names.strings(), pa.large_string())
    return Result(
        np.flatnonzero(matches.kept),
        np.flatnonzero(~matches.kept),
        cluster_table(identities, matches, found, family),
        learned,
        pair_table(identities, matches) if pairs else None,
        None if lineage is None else [row for rows in lineage.batches() for row in rows],
        table,
    )


def _table(texts: Any, fields: Sequence[str]) -> pa.Table:
    """The input as a table; texts alone become the column of the text field."""
    if isinstance(texts, (str, bytes)):
        raise UsageError("texts is one string", "pass a list of texts")
    if isinstance(texts, pa.Table):
        return texts
    if hasattr(texts, "__arrow_c_stream__") or hasattr(texts, "__arrow_c_array__"):
        column = _chunked(texts, "texts", "pass strings or None")
        if pa.types.is_struct(column.type):
            return pa.Table.from_struct_array(column)
        return pa.table({fields[0]: column})
    if isinstance(texts, Iterable) and not isinstance(texts, (Mapping, Set)):
        return pa.table({fields[0]: _array(texts)})
    hint = "pass a list of strings, an Arrow array or a table"
    if hasattr(texts, "collect"):
        hint = "call its collect() first"
    raise UsageError(f"texts is a {type(texts).__name__}", hint)


def _array(texts: Iterable[Any]) -> pa.Array:
    parts = list(texts)
    for position, text in enumerate(parts):
        if not isinstance(text, str) and text is not None:
            hint = "pass strings or None; for records a table, such as pyarrow.Table.from_pylist(records)"
            raise UsageError(f"text {position} is a {type(text).__name__}, not a string", hint)
    encoded = Texts.from_strings([text or "" for text in parts])
    buffers = [None, pa.py_buffer(encoded.offsets), pa.py_buffer(encoded.data)]
    return pa.Array.from_buffers(pa.large_string(), len(parts), buffers)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _texts(batch: pa.RecordBatch, fields: Sequence[str]) -> Texts:
    for field in fields:
        if field.split(".")[0] not in batch.schema.names and field not in batch.schema.names:
            raise _no_column(field, batch, "the text")
    column = text_column(batch, fields)
    if column.reason == "text_not_string":
        raise UsageError(column.detail, "choose a column of strings with text_field")
    return Texts(*spans(column.values.fill_null(b"")))


def _names(batch: pa.RecordBatch, ids: Any, id_field: str) -> Texts:
    """The id of each article, each one's own."""
    count = len(batch)
    if ids is not None:
        given = _given_ids(ids)
        if len(given) != count:
            raise UsageError(f"there are {len(given)} ids for {count} texts", "pass one id a text")
        batch = pa.RecordBatch.from_pydict({id_field: _one_chunk(given)})
    positions = _positions(count)
    if id_field not in batch.schema.names:
        return positions
    lifted: Column = value_column(batch, id_field, np.ones(count, np.bool_))
    names, _ = unique(
        complete(lifted, lambda: positions), lambda some: Texts.from_strings([f"row:{i}" for i in some])
    )
    return names


def _publishers(batch: pa.RecordBatch, sources: Any, source_field: str | None) -> Texts | None:
    """Who published each article, if anybody said so."""
    if sources is None:
        return None if source_field is None else _column(batch, source_field, "learning").texts
    given = _chunked(sources, "sources", "pass strings, one a text")
    if len(given) != len(batch):
        raise UsageError(f"there are {len(given)} sources for {len(batch)} texts", "pass one source a text")
    return _column(pa.RecordBatch.from_pydict({"source": _one_chunk(given)}), "source", "learning").texts


def _positions(count: int) -> Texts:
    return Texts.from_strings([str(i) for i in range(count)])


def _given_ids(ids: Any) -> pa.ChunkedArray:
    if isinstance(ids, (str, bytes)):
        raise UsageError("ids is one string", "pass a list of ids")
    return _chunked(ids, "ids", "pass strings, or integers, one a text")


def _chunked(values: Any, name: str, hint: str) -> pa.ChunkedArray:
    """A column of whatever Arrow can take. Raises UsageError when it cannot, for instance values of mixed types."""
    try:
        if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
            return pa.chunked_array(values)
        return pa.chunked_array([pa.array(values)])
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"{name} cannot be read: {error}", hint) from error


def _column(batch: pa.RecordBatch, field: str, purpose: str) -> Column:
    if field not in batch.schema.names and field.split(".")[0] not in batch.schema.names:
        raise _no_column(field, batch, purpose)
    return value_column(batch, field, np.ones(len(batch), np.bool_))


def _no_column(field: str, batch: pa.RecordBatch, purpose: str) -> UsageError:
    there = ", ".join(batch.schema.names)
    return UsageError(f'{purpose} needs a column "{field}"; there are: {there}', "pass a table that has it")
