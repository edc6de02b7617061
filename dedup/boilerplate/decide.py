"""Which lines are boilerplate: counts of a corpus in, a decision per key out. All thresholds of learning are here.

A line is boilerplate where it stands in many *stories*, not in many documents: a story with 75 copies repeats its own
paragraphs 75 times. It has to pass

- in the whole corpus: `STORIES` distinct stories, more of a short line (`FACTORS`), of a sentence
(`SENTENCE_STORIES`) and in a
  large corpus; where sources are known, a sentence also has to be in several stories of most sources it comes
  from; or
- in one source: up to the same number, but as few as `SOURCE_STORIES` where the source has few documents;

and in both cases its stories have to be at least `RATIO` of its documents there, of a sentence `SENTENCE_RATIO`.

A larger corpus repeats more by chance: the number grows with the root of the documents, and is `STORIES` times the
factor at `SCALE` documents.

Measured on 175 labelled pages of 122 sites (`python -m benchmarks.quality`): in the corpus, no line of a body was
taken. On 3,000 generated pages with stories of 3 to 75 copies, sentences with `STORIES` stories or more: of 950 of
furniture, 9 are below a ratio of .75; of 250 of bodies, 6 are above it, of which 4 are refrains and 2 have 5
stories in 6 documents.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.model import F64, I64, U8, U32, U64, Mask
from dedup.observations import Kind, Tally

STORIES = 5
"""Least stories of a line."""

SENTENCE = 6
"""Lines of so many words can be sentences of an article: those have to pass more."""

SENTENCE_STORIES = 8
"""Least stories of a sentence: 5 of 6 edited copies may look like stories of their own."""

PARAGRAPH = 25
"""Lines of so many words are rarely anything else than paragraphs: those have to pass more again."""

PARAGRAPH_STORIES = 16
"""Least stories of a paragraph: without its longest one, what furniture surrounds decides what a story looks like.
(With 8, one paragraph of 9 and one of 13 copies of a story were taken, on 2 of 7 generated corpora.)"""

RATIO = 0.5
"""Least stories a document. (Without it, stories with 23 copies lost 31% of their lines, and with 75 copies 95%.)"""

SENTENCE_RATIO = 0.75
"""The same of a sentence: of a copied story, half may look new where furniture outweighs it."""

SCALE = 1500
"""Documents up to which a line needs `STORIES`."""

FACTORS = ((2, 10.0), (5, 3.0))
"""(up to this many words, times as many stories); longer lines 1."""

CUT_FACTOR = 3.0
"""A prefix or suffix needs this many times the stories of a line: it may act on every line of every article."""

PREFIX_SHARE = 0.005
"""Least share of the documents whose stories a prefix opens: prose that many stories share ("In short: ") opens few of
them, but in a large corpus more than the root of its documents."""

SOURCE_STORIES = 2
"""Least stories of a line in one source: all of its two to four documents, three of nine, `STORIES` of 25."""

SOURCE_SHARE = 0.5
"""A line of one or two words has to be in this share of the documents of the source: furniture is on every page."""

LONG = 12
"""A line of so many words needs one story more than `SOURCE_STORIES`: follow-ups repeat a paragraph of background.
On the labelled pages, from 9 words on it costs recall .03 (.66 instead of .69) and saves .07% of the body;
12 is between."""

SETTLED = 0.5
"""Least share of the documents of a sentence that come from sources with `SOURCE_STORIES` stories of it: copies of
one story are spread over sources, furniture is not."""


def decide(tally: Tally, documents: int, sources: U64, source_documents: I64) -> Mask:
    """Which keys of `tally` are boilerplate, bool[k].

    Args:
        tally: The counts.
        documents: Documents of the corpus.
        sources: The hashes of its known sources, ascending.
        source_documents: How many of the documents each has.
    """
    is_sentence = tally.words >= SENTENCE
    ratios = np.where(is_sentence, SENTENCE_RATIO, RATIO)
    least = _least(documents, _factors(tally.words, tally.kinds))
    least = np.where(is_sentence, np.maximum(SENTENCE_STORIES, least), least)
    least = np.where(tally.words >= PARAGRAPH, np.maximum(PARAGRAPH_STORIES, least), least)
    least = np.where(tally.kinds == Kind.PREFIX, np.maximum(PREFIX_SHARE * documents, least), least)
    of_source = source_documents[np.searchsorted(sources, tally.group_source)]
    in_source = tally.group_documents * (tally.group_stories >= SOURCE_STORIES)
    settled = np.bincount(tally.group_key, in_source, len(tally.keys))
    is_spread = is_sentence & (tally.sources > 0) & (settled < SETTLED * tally.documents)
    is_learned = _passes(tally.stories, tally.documents, least, ratios) & ~is_spread

    words, kinds = tally.words[tally.group_key], tally.kinds[tally.group_key]
    few = np.maximum(SOURCE_STORIES + (words >= LONG), np.sqrt(of_source))
    least = np.minimum(few, _least(of_source, 1.0))
    least = np.where(words <= FACTORS[0][0], np.maximum(least, SOURCE_SHARE * of_source), least)
    least = np.where(kinds == Kind.LINE, least, np.inf)
    passes = _passes(tally.group_stories, tally.group_documents, least, ratios[tally.group_key])
    is_learned[tally.group_key[passes]] = True
    return is_learned


_Numbers: TypeAlias = "F64 | I64 | float"


def _factors(words: U8, kinds: U8) -> F64:
    factors = np.ones(len(words))
    for most, factor in reversed(FACTORS):
        factors[words <= most] = factor
    return np.where(kinds == Kind.LINE, factors, np.maximum(factors, CUT_FACTOR))


def _least(documents: _Numbers, factors: F64 | float) -> NDArray[np.float64]:
    return np.maximum(STORIES, STORIES * factors * np.sqrt(np.asarray(documents) / SCALE))


def _passes(stories: U32, documents: U32, least: F64, ratios: F64) -> Mask:
    return (stories >= least) & (stories >= ratios * documents)
