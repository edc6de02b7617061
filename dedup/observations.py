"""What learning boilerplate counts: rows of observations, and what a corpus of them says of its lines.

Everything is rows of one kind. **An observation** says that a line (or a prefix or suffix of one) stands in one
document: the line's key, the document's source and place, and four story values, which are equal where two
documents tell the same story. **A count** of several documents is rows as well: of all rows with the same key and
source together, row `i` has the `i`-th smallest distinct value of each story slot and the `i`-th smallest place,
and the first row the number of documents. So counting is compacting, and merging two counts is compacting both
together: no order of documents, no split of a corpus and no batch size changes what comes out.

Only the `STORIES` smallest values of a slot are kept (bottom-k or KMV sketch: Bar-Yossef, Jayram, Kumar, Sivakumar
and Trevisan 2002, "Counting distinct elements in a data stream"): fewer are counted exactly, more are estimated
with a standard error of about 1 / sqrt(STORIES - 2), 13%.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.model import U8, U32, U64, Mask, Texts

SLOTS = 4
"""Story values of an observation."""

STORIES = 64
"""Distinct story values that are kept of a slot."""

PLACES = 3
"""Places that are kept of a line in one source, as examples."""

NO_STORY = 0xFFFFFFFF
"""In a row of a count: this slot has fewer values."""

UNKNOWN_STORY = 0
"""The value of a document of which it cannot be told what it is about; all of them count as one story."""

ROW = np.dtype(
    [
        ("key", "<u8"),
        ("source", "<u8"),
        ("place", "<u8"),
        ("stories", "<u4", (SLOTS,)),
        ("documents", "<u4"),
        ("words", "u1"),
        ("kind", "u1"),
        ("unused", "<u2"),
    ]
)
"""A row: key of the line; hash of the source, 0 = unknown; hash of the place, 0 = none; story values; documents;
words of the line, at most 255; a `Kind`. 48 bytes."""

Rows: TypeAlias = NDArray[Any]
"""An array of `ROW`."""


class Kind(IntEnum):
    """What of a line was observed. The value is also the seed of its key."""

    LINE = 0
    PREFIX = 1
    SUFFIX = 2


ACTIONS = {Kind.LINE: "drop", Kind.PREFIX: "strip_prefix", Kind.SUFFIX: "strip_suffix"}
"""What a rule learned from an observation does."""


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen in a batch of documents.

    Attributes:
        rows: `ROW`[m], one per document and distinct key, in no particular order.
        keys: uint64[t], keys of lines whose text is given, repeats possible.
        texts: The `t` texts: plain folded forms with every digit as 0.
    """

    rows: Rows
    keys: U64
    texts: Texts


@dataclass(frozen=True, slots=True)
class Tally:
    """What counts say, of each of `k` keys that are in two documents or more, and of each of these in `g` sources.

    Attributes:
        keys: uint64[k], ascending.
        kinds: uint8[k], values of `Kind`.
        words: uint8[k].
        documents: uint32[k], documents it is in.
        stories: uint32[k], distinct stories among them: the lower median over the slots.
        sources: uint32[k], distinct known sources among them.
        places: uint64[k, PLACES], the smallest places; 0 where there are fewer.
        group_key: uint32[g], index into `keys`.
        group_source: uint64[g], a known source; the groups of documents of unknown source are not listed.
        group_documents: uint32[g], documents of that source it is in.
        group_stories: uint32[g], distinct stories among these.
    """

    keys: U64
    kinds: U8
    words: U8
    documents: U32
    stories: U32
    sources: U32
    places: U64
    group_key: U32
    group_source: U64
    group_documents: U32
    group_stories: U32

    def select(self, keys: Mask) -> Tally:
        """The same of some of the keys, without their sources one by one."""
        none = np.empty(0, np.uint32)
        return Tally(
            self.keys[keys],
            self.kinds[keys],
            self.words[keys],
            self.documents[keys],
            self.stories[keys],
            self.sources[keys],
            self.places[keys],
            *(none, none.astype(np.uint64), none, none),
        )
