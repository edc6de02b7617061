"""The copies in a whole corpus: the articles of a check go in, those that `dedup run` would remove come out."""

from __future__ import annotations

import numpy as np

from dedup.against.copies import SLICE, Copies
from dedup.checking.articles import Articles
from dedup.model import Relation
from dedup.progress import Progress


def of_corpus(articles: Articles, progress: Progress) -> Copies:
    """The copies in a whole corpus, as a run finds them."""
    count = len(articles)
    progress.start("matching", count, "articles")
    matcher = articles.stages.matcher()
    for sketches in articles.sketches:
        matcher.add(sketches)
    corpus = articles.corpus
    matcher.start(np.arange(count), corpus.segments, corpus.comparable)
    done = 0
    while done < count:
        articles.check_mapped()
        done = matcher.advance(SLICE)
        progress.update(done, done)
    found = matcher.result()
    copies = np.flatnonzero(found.representative != np.arange(count))
    return Copies(
        copies,
        found.representative[copies],
        found.relation[copies] - Relation.EXACT,
        found.similarity[copies],
        found.containment[copies],
    )
