"""Blocking: which articles are compared at all, by what their fields say. Names of fields and their columns go in.

    same FIELD           only articles with the same value: of one language, one publisher
    across FIELD         only articles with different values: between publishers
    window FIELD:7d      only articles whose dates differ by at most so much

A value is a string as written, upper and lower case apart; a missing one, an empty string too, is a value of its own.
An article without a date that can be read is compared with nobody. Dates are those of `dedup.dates`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from dedup.comparable import UNDATED, Comparable
from dedup.dates import parse
from dedup.errors import UsageError
from dedup.memory import Growing, Memory
from dedup.model import U64, Column
from dedup.native import array_of, hash_texts

UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

HINT = "for example published:7d; units are w, d, h, m, s"

NONE = np.uint64(0)
"""Stands for a value that is missing: no text is known to have this hash."""

LONGEST = timedelta(days=365 * 10_000)
"""More than any two dates differ by."""


@dataclass(frozen=True, slots=True)
class Blocking:
    """Which articles are compared.

    Attributes:
        same: Fields in all of which two articles have to have the same value.
        across: A field in which they have to have different values; None = no such rule.
        window: A field with a date, and the microseconds that two may differ by; None = no such rule.
        window_text: As it was given.
    """

    same: tuple[str, ...] = ()
    across: str | None = None
    window: tuple[str, int] | None = None
    window_text: str | None = None

    @classmethod
    def parse(
        cls, same: str | Sequence[str] | None = None, across: str | None = None, window: str | None = None
    ) -> Blocking:
        """Read what a caller asks for. Raises UsageError."""
        names = (same,) if isinstance(same, str) else tuple(same or ())
        if not all(name.strip() for name in (*names, "-" if across is None else across)):
            raise UsageError("a field for blocking has an empty name", "for example --same language")
        if across in names:
            raise UsageError(
                f'no two articles have the same "{across}" and a different one',
                "leave out --same or --across",
            )
        return cls(names, across, None if window is None else _parse_window(window), window)

    def fields(self) -> tuple[str, ...]:
        """Names of the fields that are needed, each once."""
        dated = () if self.window is None else (self.window[0],)
        return tuple(dict.fromkeys((*self.same, *(() if self.across is None else (self.across,)), *dated)))

    def check_index(self, location: str) -> None:
        """Raise UsageError where the articles of an index would need fields: it stores none for this."""
        if self.fields():
            raise UsageError(
                f'an index does not say what the field "{self.fields()[0]}" of its articles is: {location}',
                "leave out --same, --across and --window, or the index",
            )

    def as_dict(self) -> dict[str, object]:
        """All of it, ready for JSON."""
        return {"same": list(self.same), "across": self.across, "window": self.window_text}


class Values:
    """Collects the values that decide, batch by batch.

    Args:
        blocking: The rules.
        memory: Where the arrays lie.

    Attributes:
        missing: For each field, how many articles have no value in it, or no date where one is needed.
    """

    def __init__(self, blocking: Blocking, memory: Memory | None = None) -> None:
        memory = memory or Memory()
        self.missing = dict.fromkeys(blocking.fields(), 0)
        self._blocking = blocking
        self._count = 0
        self._same = Growing(memory, np.uint64)
        self._across = Growing(memory, np.uint64)
        self._dates = Growing(memory, np.int64)

    def add(self, columns: Mapping[str, Column]) -> None:
        """Take in the next articles, by the columns of the fields that are needed."""
        blocking = self._blocking
        names = (*blocking.same, blocking.across)
        hashes = {name: _hashes(columns[name]) for name in names if name is not None}
        missing = {name: some == NONE for name, some in hashes.items()}
        if blocking.same:
            self._same.append(_together([hashes[name] for name in blocking.same]))
        if blocking.across is not None:
            self._across.append(hashes[blocking.across])
        if blocking.window is not None:
            dates = parse(columns[blocking.window[0]])
            missing[blocking.window[0]] = dates == UNDATED
            self._dates.append(dates)
        for name, some in missing.items():
            self.missing[name] += int(np.count_nonzero(some))
        self._count += len(next(iter(missing.values()), ()))

    def build(self, whose: str = "article") -> Comparable | None:
        """The values of all articles; None where no rule asks for any.

        Raises:
            UsageError: No article has a value for a rule: most likely the name of its field is misspelt.
        """
        blocking = self._blocking
        if not self.missing:
            return None
        for name, count in self.missing.items():
            if count == self._count > 0:
                is_dated = blocking.window is not None and name == blocking.window[0]
                raise UsageError(
                    f'no {whose} has a {"date" if is_dated else "value"} in the field "{name}" to compare by',
                    f"check its name{'; dates are ISO 8601, or seconds since 1970' if is_dated else ''}",
                )
        return Comparable(
            self._same.whole() if blocking.same else None,
            None if blocking.across is None else self._across.whole(),
            None if blocking.window is None else self._dates.whole(),
            0 if blocking.window is None else blocking.window[1],
        )


def _parse_window(text: str) -> tuple[str, int]:
    """Field and microseconds of `published:7d`."""
    name, _, width = text.rpartition(":")
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([wdhms])\s*", width)
    if not name.strip() or found is None:
        raise UsageError(f'window "{text}" cannot be read', HINT)
    try:
        length = timedelta(**{UNITS[found[2]]: float(found[1])})
    except OverflowError:
        length = LONGEST
    return name.strip(), min(length, LONGEST) // timedelta(microseconds=1)


def _hashes(column: Column) -> U64:
    """uint64[n], the hash of each value; `NONE` where it is missing or empty."""
    texts = column.texts
    found = hash_texts(array_of(texts.data), texts.offsets)
    return np.where(column.valid & (texts.offsets[1:] > texts.offsets[:-1]), found, NONE)


def _together(columns: Sequence[U64]) -> U64:
    """uint64[n], a hash of the values of all columns in a row."""
    if len(columns) == 1:
        return columns[0]
    rows = np.stack(columns, axis=1)
    return hash_texts(array_of(rows.tobytes()), np.arange(len(rows) + 1) * rows.itemsize * len(columns))
