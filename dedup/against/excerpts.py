"""Excerpts across a split: articles go in; those that are excerpts of the other side, or have such excerpts, come out.

An excerpt leaks as a copy does, whichever side has the whole: a test article that was cut from one in the training set,
or one of which most stands there as an article of its own.
"""

from __future__ import annotations

import numpy as np

from dedup.against.copies import CONTAINS, EXCERPT, SLICE, Copies
from dedup.against.documents import Documents
from dedup.containment import MOST_KNOWN, Scope
from dedup.excerpts import ExcerptSettings
from dedup.model import I64, U64, Mask
from dedup.progress import Progress


def of_split(
    documents: Documents, settings: ExcerptSettings, open_: Mask, known: Mask, progress: Progress
) -> Copies:
    """The articles in question that are excerpts of known ones, or have such excerpts; each with one of these.

    That is the one it is an excerpt of, if there is any; of several the one with the largest containment, then the
    first.

    Args:
        documents: All articles, their sketches with minimizers.
        settings: What is an excerpt.
        open_: bool[n], the articles in question, without those that are copies.
        known: bool[n], those that they are compared with; none of them is in question.
        progress: Told how far it is.
    """
    count = len(documents)
    progress.start("searching", count, "articles")
    gates = settings.gates(documents.stages.settings.threshold)._replace(most_clusters=MOST_KNOWN)
    search = documents.stages.excerpts(gates, Scope.MEMBERS)
    for sketches in documents.sketches:
        search.add(sketches)
    digest = np.concatenate([sketches.digest for sketches in documents.sketches])
    comparable = documents.comparable
    # Of one text those count as different that are compared with different articles.
    values = [] if comparable is None else [column.view(np.uint64) for column in comparable.columns]
    originals = _distinct(np.column_stack([digest, *values]), np.flatnonzero(known))
    # Each known article stands for itself, those in question for nothing: none is compared with its own side.
    representative = np.full(count, -1)
    representative[originals] = originals
    compared = open_.copy()
    compared[originals] = True
    if comparable is not None and comparable.dated is not None:
        compared &= comparable.dated
    search.start(representative, compared, documents.segments, comparable)
    done = 0
    while done < count:
        documents.check_mapped()
        done = search.advance(SLICE)
        progress.update(done, done)
    found = search.result()
    across = np.flatnonzero(open_[found.pairs[:, 0]] != open_[found.pairs[:, 1]])
    own = np.where(open_[found.pairs[across, 0]], 0, 1)
    article, original = found.pairs[across, own], found.pairs[across, 1 - own]
    size, other = found.sizes[across, own], found.sizes[across, 1 - own]
    shared = found.shared[across]
    relation = np.where(size <= other, EXCERPT, CONTAINS).astype(np.uint8)
    containment = shared / np.minimum(size, other)
    order = np.lexsort((original, -containment, relation, article))
    best = order[np.diff(article[order], prepend=-1) > 0]
    return Copies(
        article[best],
        original[best],
        relation[best],
        (shared / (size + other - shared))[best],
        containment[best],
    )


def _distinct(identity: U64, positions: I64) -> I64:
    """Those of some ascending positions whose row of `identity` no earlier one has, ascending."""
    order = np.lexsort((positions, *identity[positions].T))
    ordered = identity[positions[order]]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return np.sort(positions[order[is_first]])
