"""What `dedup filter` and `dedup index` share: options of an index, opening it, and the articles of files for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.messages import warn
from dedup.cli.options import Excerpts as Mode

if TYPE_CHECKING:
    from dedup.index.articles import Articles
    from dedup.index.frozen import Chosen, Matching
    from dedup.index.index import Index

WARNINGS = 10
"""Skipped records that are named one by one."""

IdField = Annotated[
    str, typer.Option(metavar="NAME", help="Field with the id; without one the hash of the text.")
]
Store = Annotated[
    list[str] | None,
    typer.Option(
        "--store",
        metavar="NAME",
        help="Field to store with each article of a new index; may be repeated; url, source, published by default.",
        show_default=False,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        metavar="T",
        help="Least Jaccard similarity of near-duplicates, above 0, up to 1; 0.5 unless an index has another.",
        show_default=False,
    ),
]
Recall = Annotated[
    float | None,
    typer.Option(
        metavar="R",
        help="Share of pairs at the threshold that must be found; 0.99 unless an index has another.",
        show_default=False,
    ),
]
Shingle = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT:N",
        help="What is compared: runs of words, words:5 unless an index has another, or of characters, such as chars:9 "
        "for scans.",
        show_default=False,
    ),
]
NumPerm = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Values per MinHash signature; 128 unless an index has another.", show_default=False
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Seed of the permutations, as in datasketch; 1 unless an index has another.",
        show_default=False,
    ),
]
Strip = Annotated[
    bool | None,
    typer.Option(
        "--strip/--no-strip",
        help="Remove boilerplate before comparing, as by default unless an index does not.",
        show_default=False,
    ),
]
Excerpts = Annotated[
    Mode | None,
    typer.Option(
        help="Articles that are mostly contained in a larger one, or contain an earlier one: say so, or count those "
        "contained in an earlier one as copies; off unless an index has another mode. Takes a fifth more room.",
        show_default=False,
    ),
]
ExcerptContainment = Annotated[
    float | None,
    typer.Option(
        metavar="C",
        help="Least share of an excerpt that the larger article has; 0.6 unless an index has another.",
        show_default=False,
    ),
]
ExcerptShingles = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Least number of different shingles of an excerpt; 40 of words, 240 of characters unless an index "
        "has another.",
        show_default=False,
    ),
]


def explicit(
    threshold: float | None,
    recall: float | None,
    shingle: tuple[int, str] | None,
    num_perm: int | None,
    seed: int | None,
    strip: bool | None,
) -> Matching:
    """The settings that were asked for."""
    values = {
        "threshold": threshold,
        "recall": recall,
        "shingle_size": shingle and shingle[0],
        "shingle_unit": shingle and shingle[1],
        "num_perm": num_perm,
        "seed": seed,
        "strip": strip,
    }
    chosen: Matching = {name: value for name, value in values.items() if value is not None}  # type: ignore[assignment]
    return chosen


def open_index(
    location: str | None,
    create: bool,
    text_field: str,
    id_field: str,
    store: list[str] | None,
    rules: list[Path] | None,
    threads: int | None,
    chosen: Chosen,
) -> Index:
    """The index of a command."""
    from dedup.index.index import Index

    return Index(
        location,
        create=create,
        rules=rules or None,
        text_field=text_field,
        id_field=id_field,
        metadata=store or None,
        threads=threads,
        **chosen,
    )


def with_excerpts(
    chosen: Matching, mode: Mode | None, containment: float | None, shingles: int | None
) -> Chosen:
    """The same with what was asked for of excerpts."""
    values = {
        "excerpts": mode and mode.value,
        "excerpt_containment": containment,
        "excerpt_shingles": shingles,
    }
    return {**chosen, **{name: value for name, value in values.items() if value is not None}}  # type: ignore[typeddict-item]


def batches(index: Index, inputs: list[str], encoding: str, size: int) -> Iterator[Articles]:
    """The articles of some files, `size` at a time."""
    from dataclasses import replace

    from dedup.index.articles import from_texts, join
    from dedup.readers import check_articles, open_sources

    fields = replace(index.fields, encoding=encoding)
    parts: list[Articles] = []
    skipped = 0
    sources = open_sources(inputs, fields, index.stages)
    for source in sources:
        for batch in source.batches():
            for record in batch.skipped[: max(0, WARNINGS - skipped)]:
                warn(f"{record.location} skipped: {record.detail}")
            skipped += len(batch.skipped)
            # The texts of a batch are only valid until the next one.
            parts.append(join([from_texts(batch.texts, batch.ids, batch.fields, fields, ())]))
            if sum(map(len, parts)) >= size:
                yield join(parts)
                parts.clear()
        source.close()
    check_articles(sources)
    if parts:
        yield join(parts)
    if skipped > WARNINGS:
        warn(f"{skipped:,} records were skipped in all")
