"""Learning boilerplate: raw texts in, observations of their lines out; observations in, counts out.

Counting documents alone cannot tell boilerplate from news: a story with many copies repeats its own paragraphs. So
each observation says what story its document tells, without the line itself.

**Elements** of a document are its distinct lines of at least `ELEMENT_WORDS` words. An element weighs the square
of its words, of at most `MOST_WORDS`, so that paragraphs decide what a document is about and furniture hardly does
(on 175 pages that repeat long lines of their sites, weights find 20% more boilerplate than equal lines at the same
loss; squares and cubes do the same; without a limit one long notice would outweigh every brief; with one of 24
words a third of the edited copies of a story of short paragraphs looked like new stories, with 64 a tenth). **A
story value** is the low half of the least rank of an element, where the rank of a line in slot `s` is `mix(key +
(s + 1) * GOLDEN) // weight`: weighted min-wise hashing, so two documents agree in a slot about as often as their
elements do by weight.

The values of a line leave the line out. Where all the others together weigh less than the line, they say who
published it and not what it tells: the values are then `UNKNOWN_STORY`. The values of a prefix or suffix take the
whole line in, whatever its length: a line that is otherwise different is another story.

A line that stands in a document twice is observed once. Prefixes are observed in the first `OPENING` lines of
`ELEMENT_WORDS` words, wherever these stand, since a menu may come before the article; further down, paragraphs of
many stories begin with the same words of prose ("He said: "), with which no article opens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import xxhash

from dedup.model import U64, Texts
from dedup.observations import (
    NO_STORY,
    PLACES,
    ROW,
    SLOTS,
    STORIES,
    UNKNOWN_STORY,
    Kind,
    Observations,
    Rows,
    Tally,
)
from dedup.reference.lines import Form, form, plain_of, prefixes, suffixes, words_of

ELEMENT_WORDS = 8
MOST_WORDS = 64
OPENING = 2
GOLDEN = 0x9E3779B97F4A7C15

_MASK = (1 << 64) - 1
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)

Line = tuple[int, int, bytes]
"""Key, words and text."""


class ReferenceObserver:
    """See `stages.Observer`."""

    def __init__(self, repeated_after: int | None) -> None:
        self._repeated_after = repeated_after
        self._seen = Counter[int]()

    def observe(self, texts: Texts, sources: U64, places: U64) -> Observations:
        """The observations of a batch."""
        rows: list[tuple[object, ...]] = []
        given: dict[int, bytes] = {}
        is_all = self._repeated_after is None or self._seen.total() < self._repeated_after
        for text, source, place in zip(texts.strings(), sources.tolist(), places.tolist(), strict=True):
            for (key, words, line), kind, stories in observe(text):
                rows.append((key, source, place, stories, 1, min(words, 255), kind, 0))
                if is_all or key in self._seen:
                    given[key] = line
                if self._repeated_after is not None:
                    self._seen[key] += 1
        keys = np.array(list(given), np.uint64)
        return Observations(np.array(rows, ROW), keys, Texts.from_strings(list(given.values())))


def observe(text: str) -> Iterator[tuple[Line, Kind, tuple[int, ...]]]:
    """What one text shows: lines, prefixes and suffixes, each with its story values."""
    forms = [f for f in (form(line, fold=True) for line in text.split("\n")) if f.data]
    lines = {line[0]: line for line in (_line(f.plain, Kind.LINE) for f in forms)}
    weights = {key: _weight(words) for key, words, _ in lines.values() if words >= ELEMENT_WORDS}
    for key, line in lines.items():
        others = {other: weight for other, weight in weights.items() if other != key}
        is_clear = sum(others.values()) >= _weight(line[1])
        yield line, Kind.LINE, _stories(others) if is_clear else (UNKNOWN_STORY,) * SLOTS
    cuts: dict[int, tuple[Line, Kind, tuple[int, ...]]] = {}
    elements = 0
    for f in forms:
        key, words, _ = _line(f.plain, Kind.LINE)
        elements += words >= ELEMENT_WORDS
        for cut, kind in _cuts(f, words >= ELEMENT_WORDS and elements <= OPENING):
            cuts.setdefault(cut[0], (cut, kind, _stories(weights | {key: _weight(words)})))
    yield from cuts.values()


def _cuts(f: Form, is_opening: bool) -> Iterator[tuple[Line, Kind]]:
    for end in prefixes(f) if is_opening else ():
        yield _line(plain_of(f.data[f.start : end]), Kind.PREFIX), Kind.PREFIX
    for start in suffixes(f):
        yield _line(plain_of(f.data[start : f.end]), Kind.SUFFIX), Kind.SUFFIX


def _line(plain: bytes, kind: Kind) -> Line:
    text = plain.translate(_DIGITS)
    return xxhash.xxh3_64_intdigest(text, seed=kind), words_of(plain), text


def _weight(words: int) -> int:
    return min(words, MOST_WORDS) ** 2


def _stories(weights: dict[int, int]) -> tuple[int, ...]:
    ranks = (
        min(_mix(key + (slot + 1) * GOLDEN) // weight for key, weight in weights.items())
        for slot in range(SLOTS)
    )
    return tuple(max(UNKNOWN_STORY + 1, min(rank & 0xFFFFFFFF, NO_STORY - 1)) for rank in ranks)


def _mix(value: int) -> int:
    """The finaliser of MurmurHash3, of the low 64 bits."""
    value &= _MASK
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33


def compact(rows: Rows) -> Rows:
    """The counts of some rows, ordered by key and source; see `observations`."""
    out: list[tuple[object, ...]] = []
    for (key, source), some in groupby(sorted(_listed(rows)), lambda row: row[:2]):
        group = list(some)
        words, kind = min(row[5] for row in group), min(row[6] for row in group)
        slots = [sorted({row[3][s] for row in group} - {NO_STORY})[:STORIES] for s in range(SLOTS)]
        places = sorted({row[2] for row in group} - {0})[:PLACES]
        documents = min(sum(row[4] for row in group), 0xFFFFFFFF)
        for i in range(max(1, len(places), *map(len, slots))):
            stories = tuple(values[i] if i < len(values) else NO_STORY for values in slots)
            place = places[i] if i < len(places) else 0
            out.append((key, source, place, stories, documents if i == 0 else 0, words, kind, 0))
    return np.array(out, ROW)


def tally(rows: Rows) -> Tally:
    """What counts say; `rows` are as `compact` gives them."""
    keys: list[tuple[object, ...]] = []
    places: list[list[int]] = []
    groups: list[tuple[int, ...]] = []
    for key, some in groupby(_listed(rows), lambda row: row[0]):
        group = list(some)
        documents = Counter[int]()
        for row in group:
            documents[row[1]] += row[4]
        if (total := documents.total()) < 2:
            continue
        known = sorted(source for source in documents if source)
        for source in known:
            stories = _distinct([row for row in group if row[1] == source])
            groups.append((len(keys), source, min(documents[source], 0xFFFFFFFF), stories))
        least = sorted({row[2] for row in group} - {0})[:PLACES]
        places.append(least + [0] * (PLACES - len(least)))
        words, kind = min(row[5] for row in group), min(row[6] for row in group)
        keys.append((key, kind, words, min(total, 0xFFFFFFFF), _distinct(group), len(known)))
    by_key = list(zip(*keys, strict=True)) or [()] * 6
    by_group = list(zip(*groups, strict=True)) or [()] * 4
    return Tally(
        np.array(by_key[0], np.uint64),
        np.array(by_key[1], np.uint8),
        np.array(by_key[2], np.uint8),
        np.array(by_key[3], np.uint32),
        np.array(by_key[4], np.uint32),
        np.array(by_key[5], np.uint32),
        np.array(places, np.uint64).reshape(-1, PLACES),
        np.array(by_group[0], np.uint32),
        np.array(by_group[1], np.uint64),
        np.array(by_group[2], np.uint32),
        np.array(by_group[3], np.uint32),
    )


def _listed(rows: Rows) -> list[tuple[Any, ...]]:
    """The rows as tuples, their stories too."""
    return [(*row[:3], tuple(row[3].tolist()), *row[4:]) for row in rows.tolist()]


def _distinct(group: list[tuple[Any, ...]]) -> int:
    """Distinct stories: the lower median over the slots."""
    counts = []
    for slot in range(SLOTS):
        values = sorted({row[3][slot] for row in group} - {NO_STORY})[:STORIES]
        # Above the sketch's size: (k - 1) / the k-th smallest value as a share of all values (Bar-Yossef et al.
        # 2002).
        is_exact = len(values) < STORIES
        counts.append(len(values) if is_exact else (STORIES - 1) * 2**32 // values[-1])
    return min(sorted(counts)[(SLOTS - 1) // 2], 0xFFFFFFFF)
