"""Updates in a batch: articles go in, how many of the first can be decided at once comes out.

An article whose id is stored with another text replaces that one, and the copies of it are forgotten. All of a part are
looked up at once, so what goes is removed before any is decided. That is another order than that of their arrival where
an earlier article has to do with a document that goes: there the part ends before the update.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from dedup.index.lookup import some
from dedup.index.store import Document, Reader
from dedup.model import Sketches

if TYPE_CHECKING:
    from dedup.index.matching import Core


def reach(
    core: Core,
    reader: Reader,
    sketches: Sketches,
    known: Mapping[int, Document],
    changed: Mapping[int, Document],
) -> int:
    """How many articles of a part can be decided before a document goes that one of them has to do with.

    Args:
        core: What decides.
        reader: The transaction.
        sketches: Of the articles.
        known: Position -> the document with the id of the article, as far as there are any.
        changed: Those of them that have another text, at least one.
    """
    goes = {document.number: i for i, document in changed.items()}
    ends = [len(sketches.tokens)]
    heads = [document.number for document in changed.values() if document.representative == document.number]
    for copy in core.lists.members(reader, heads) if heads else ():
        forgotten = goes[copy.representative]
        updated = goes.get(copy.number, forgotten)
        goes[copy.number] = min(updated, forgotten)
        if updated > forgotten:  # by then it is not known any more
            ends.append(updated)
    for i, number in _meetings(core, reader, some(sketches, np.arange(max(changed))), known):
        if i < goes.get(number, 0):
            ends.append(goes[number])
    return min(ends)


def _meetings(
    core: Core, reader: Reader, sketches: Sketches, known: Mapping[int, Document]
) -> Iterator[tuple[int, int]]:
    """Pairs of an article and the number of a document that has to do with what is decided of it."""
    count = len(sketches.tokens)
    worded = np.flatnonzero(sketches.tokens)
    for documents in (known, core.lists.twins(reader, sketches, worded)):
        yield from ((i, document.number) for i, document in documents.items())
    queries, numbers = core.lists.candidates(reader, sketches, worded)
    yield from zip(worded[queries].tolist(), numbers.tolist(), strict=True)
    if core.excerpts.mode != "off":
        owner = np.repeat(np.arange(count), sketches.minimizer_counts)
        at, numbers = core.lists.holders(reader, sketches.minimizers)
        yield from zip(owner[at].tolist(), numbers.tolist(), strict=True)
