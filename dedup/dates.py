"""Dates as publishers write them -> microseconds since 1970 (UTC), a column at a time.

Taken are ISO 8601 (`2024-05-01`, `2024-05-01T08:30:00.5+02:00`, `20240501`, also with a space for the `T`) and epoch
seconds or milliseconds. A time without a zone is UTC. What cannot be read is `MISSING`, which sorts last.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.model import I64, Column, Mask, Texts

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = np.iinfo(np.int64).max
"""Stands for a date that is missing or cannot be read; later than every real one."""

MILLISECONDS_FROM = 1e11
"""A number from here on counts milliseconds: as seconds it would be after the year 5138, as milliseconds it is 1973."""

LAST = 253_402_300_800_000_000
"""The year 10000 in microseconds: no article is that late, so that such a number is no date."""

_SECOND = 1_000_000

_ISO = (
    r"^\s*(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?"
    r"\s?(?:[Zz]|UTC|GMT|(?P<sign>[+-])(?P<zone_hour>\d\d):?(?P<zone_minute>\d\d)?)?)?\s*$"
)
_NUMBER = r"^\s*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$"


def parse(column: Column) -> I64:
    """Microseconds since 1970-01-01 UTC of each value, int64[n]; `MISSING` where there is no date."""
    import pyarrow.compute as pc

    values = texts_to_arrow(column.texts)
    result = np.full(len(column.texts), MISSING, np.int64)

    parts = pc.extract_regex(values, pattern=_ISO)
    dated = _mask(pc.is_valid(parts)) & column.valid
    result[dated] = _from_parts(parts.filter(dated))

    numeric = _mask(pc.match_substring_regex(values, pattern=_NUMBER)) & column.valid & ~dated
    result[numeric] = _from_numbers(values.filter(numeric))

    # Rare forms (week dates, ordinal dates) are left to the standard library, one by one.
    filled = column.texts.offsets[1:] > column.texts.offsets[:-1]
    for i in np.flatnonzero(column.valid & ~dated & ~numeric & filled):
        result[i] = _from_text(column.texts.bytes_at(int(i)).decode("utf-8", "replace").strip())
    return result


def texts_to_arrow(texts: Texts) -> pa.LargeBinaryArray:
    """The texts as an Arrow array, without a copy."""
    import pyarrow as pa

    buffers = [None, pa.py_buffer(np.ascontiguousarray(texts.offsets)), pa.py_buffer(texts.data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(texts), buffers)


def _from_parts(parts: pa.StructArray) -> I64:
    """Microseconds of what `_ISO` took apart. A 30 February or a 25 o'clock is `MISSING`."""
    month_number, day = _integers(parts, "month"), _integers(parts, "day")
    hour, minute, second = (_integers(parts, name) for name in ("hour", "minute", "second"))
    zone_hour, zone_minute = _integers(parts, "zone_hour"), _integers(parts, "zone_minute")

    month = ((_integers(parts, "year") - 1970) * 12 + month_number - 1).astype("datetime64[M]")
    date = month.astype("datetime64[D]") + (day - 1)
    valid = (month_number >= 1) & (month_number <= 12) & (date.astype("datetime64[M]") == month)
    valid &= (
        (hour < 24) & (minute < 60) & (second <= 60) & (zone_hour < 24) & (zone_minute < 60)
    )  # 60: leap second

    east = np.where(_strings(parts, "sign") == b"-", -1, 1)
    minutes = hour * 60 + minute - east * (zone_hour * 60 + zone_minute)
    seconds = date.astype(np.int64) * 86_400 + minutes * 60 + second
    return np.where(valid, seconds * _SECOND + _microseconds(parts), MISSING)


def _from_numbers(values: pa.LargeBinaryArray) -> I64:
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(values.cast(pa.large_string()))
    numbers = trimmed.cast(pa.float64()).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        scaled = numbers * np.where(np.abs(numbers) >= MILLISECONDS_FROM, 1e3, 1e6)
    usable = np.abs(scaled) < LAST
    return np.where(usable, np.rint(np.where(usable, scaled, 0)).astype(np.int64), MISSING)


def _from_text(text: str) -> int:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return MISSING
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    delta = date - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * _SECOND + delta.microseconds


def _microseconds(parts: pa.StructArray) -> I64:
    """The first six digits of the fraction: the rest is cut off, not rounded."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = pc.utf8_rpad(parts.field("fraction").cast(pa.large_string()), 6, "0")
    return np.asarray(pc.utf8_slice_codeunits(digits, 0, 6).cast(pa.int64()))


def _integers(parts: pa.StructArray, name: str) -> I64:
    """A group of digits as int64[n]; 0 where it is absent."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = parts.field(name).cast(pa.large_string())
    return np.asarray(pc.utf8_lpad(digits, 2, "0").cast(pa.int64()))


def _strings(parts: pa.StructArray, name: str) -> Any:
    return np.array(parts.field(name).to_pylist(), dtype="S1")


def _mask(array: pa.BooleanArray) -> Mask:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.bool_)
