"""Ids of the documents of a run: taken from the records, made where there are none, and unique in the end.

A document's id is its id field; without one (or with an empty one) it is its place: the path of its file, or
`path:number`. A later record with an id already seen gets its place as its id. Ids stay bytes in one buffer: a million
Python strings would take longer to make than the duplicates take to find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dedup import native
from dedup.model import I64, U64, Column, Mask, Texts
from dedup.native import array_of

GATHERED = 1 << 14
"""Texts that are gathered at a time: it takes an index of eight bytes for each byte."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The documents whose id had been seen before.

    Attributes:
        positions: int64[r], their positions, ascending.
        ids: The ids they came with.
    """

    positions: I64
    ids: Texts


def numbered(path: bytes, numbers: I64) -> Texts:
    """`path:number` of each number, as `n` texts."""
    digits = numbers.astype("S20")
    width = len(path) + 1
    rows = np.empty((len(numbers), width + 20), np.uint8)
    rows[:, :width] = np.frombuffer(path + b":", np.uint8)
    rows[:, width:] = digits.view(np.uint8).reshape(-1, 20)
    used = rows != 0  # numpy fills up with NUL, which no path can contain
    return Texts(rows[used].tobytes(), _offsets(used.sum(axis=1)))


def has_id(ids: Column) -> Mask:
    """bool[n], whether a document has an id of its own."""
    given: Mask = ids.valid & (np.diff(ids.texts.offsets) > 0)
    return given


def complete(ids: Column, places: Callable[[], Texts]) -> Texts:
    """The ids of a batch, with the place of each document that has none. Copies: outlives the batch.

    Args:
        ids: The id field of each document.
        places: Makes the places of all of them; asked only where one is needed.
    """
    given = has_id(ids)
    if given.all():
        return concatenate([ids.texts])
    if not given.any():
        return places()
    return _choose(given, ids.texts, places())


def unique(ids: Texts, places: Callable[[I64], Texts]) -> tuple[Texts, Renamed]:
    """Give each document an id of its own.

    Args:
        ids: The ids of all documents.
        places: The places of some documents by position.

    Returns:
        The ids, the place of the document instead of each one that came before, and which those were. A place that
        is itself the id of another document gets `#2`, `#3`, ... appended.
    """
    hashes = _hashes(ids)
    seen: set[bytes] = set()
    again = []
    for position in _repeated(hashes).tolist():
        identity = ids.bytes_at(position)
        if identity in seen:
            again.append(position)
        seen.add(identity)
    positions = np.array(again, np.int64)
    renamed = Renamed(positions, Texts.from_strings([ids.bytes_at(i) for i in again]))
    if not again:
        return ids, renamed
    names = _free_names(places(positions), hashes)
    source = np.arange(len(ids), dtype=np.int64)
    source[positions] = len(ids) + np.arange(len(positions))
    return gather(concatenate([ids, names]), source), renamed


def concatenate(parts: Sequence[Texts]) -> Texts:
    """All texts of `parts`, one after the other, in a buffer of their own."""
    if not parts:
        return Texts(b"", np.zeros(1, np.int64))
    buffers = [memoryview(part.data)[part.offsets[0] : part.offsets[-1]] for part in parts]
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return Texts(b"".join(buffers), _offsets(lengths))


def gather(texts: Texts, positions: I64) -> Texts:
    """The texts at some positions, in that order."""
    data = array_of(texts.data)
    starts, lengths = texts.offsets[positions], np.diff(texts.offsets)[positions]
    parts = []
    for first in range(0, len(positions), GATHERED):
        some = slice(first, first + GATHERED)
        offsets = _offsets(lengths[some])
        index = np.repeat(starts[some] - offsets[:-1], lengths[some]) + np.arange(offsets[-1])
        parts.append(data[index].tobytes())
    return Texts(b"".join(parts), _offsets(lengths))


def _choose(first: Mask, one: Texts, other: Texts) -> Texts:
    """Text by text, that of `one` where `first` holds, else that of `other`."""
    position = np.arange(len(one), dtype=np.int64)
    return gather(concatenate([one, other]), np.where(first, position, position + len(one)))


def _free_names(places: Texts, hashes: U64) -> Texts:
    """The places, changed where one has the hash of an id; equal hashes of different ids only cost a longer name."""
    taken = np.isin(_hashes(places), hashes)
    if not taken.any():
        return places
    names = [places.bytes_at(i) for i in range(len(places))]
    used = {name for name, is_taken in zip(names, taken, strict=True) if not is_taken}
    for i in np.flatnonzero(taken).tolist():
        number = 2
        while True:
            name = names[i] + b"#%d" % number
            if name not in used and not np.isin(_hashes(Texts.from_strings([name])), hashes).any():
                break
            number += 1
        names[i] = name
        used.add(name)
    return Texts.from_strings(names)


def _hashes(texts: Texts) -> U64:
    return native.hash_texts(array_of(texts.data), texts.offsets)


def _repeated(hashes: U64) -> I64:
    """Where the values are that occur more than once, ascending."""
    ascending = np.sort(hashes)
    again = ascending[1:][ascending[1:] == ascending[:-1]]
    return np.flatnonzero(np.isin(hashes, again)) if len(again) else np.empty(0, np.int64)


def _offsets(lengths: I64) -> I64:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
