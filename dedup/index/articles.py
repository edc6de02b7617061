"""Articles on their way into an index: lists, Arrow tables or JSON lines in, one `Articles` out."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.errors import UsageError
from dedup.identities import complete, concatenate
from dedup.model import I64, U8, Column, Mask, Scan, Skipped, Texts
from dedup.native import array_of, digest_texts, hash_texts
from dedup.readers.base import Fields, missing
from dedup.readers.columns import spans, text_column, value_column
from dedup.stages import Stages

_HINT = "pass a list of strings or of dicts, a table, or JSON lines as bytes"


STRETCH = 10 << 20
"""Bytes of JSON lines that are read at a time: 2,500 articles."""


@dataclass(frozen=True, slots=True)
class Articles:
    """Some articles, in the order of their arrival.

    Attributes:
        texts: Their raw texts.
        ids: Their ids; the hex xxh3_128 of the raw text for one that came without.
        raw: xxh3_128 of each raw text, 16 bytes.
        metadata: The lifted fields of each as a JSON object; empty where there are none.
        items: The articles as they were given, made when looked at.
        skipped: What could not be used; the location is `record:N`, from 1.
    """

    texts: Texts
    ids: Texts
    raw: list[bytes]
    metadata: list[bytes]
    items: Sequence[Any]
    skipped: list[Skipped]

    def __len__(self) -> int:
        return len(self.texts)

    def part(self, start: int, stop: int) -> Articles:
        """Some consecutive ones; what could not be used goes with the first."""
        if start == 0 and stop == len(self):
            return self
        return Articles(
            _part(self.texts, start, stop),
            _part(self.ids, start, stop),
            self.raw[start:stop],
            self.metadata[start:stop],
            self.items[start:stop],
            self.skipped if start == 0 else [],
        )


class Given(Sequence[Any]):
    """Some of the things that were given.

    Args:
        positions: int64[n], which of them.
        item: Gives the one at a position.
    """

    def __init__(self, positions: I64, item: Callable[[int], Any]) -> None:
        self._positions = positions
        self._item = item

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return Given(self._positions[i], self._item)
        return self._item(int(self._positions[i]))


class Chain(Sequence[Any]):
    """Sequences, one after the other."""

    def __init__(self, parts: Sequence[Sequence[Any]]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[position] for position in range(*i.indices(len(self)))]
        position = range(len(self))[i]
        part = bisect_right(self._ends, position)
        return self._parts[part][position - self._ends[part]]


def read(given: Any, fields: Fields, stages: Stages) -> Iterator[Articles]:
    """Articles from whatever a caller has; JSON lines some at a time, so that their texts need not all be in memory.

    Args:
        given: A list of strings or of mappings, anything with the Arrow PyCapsule interface (pyarrow, pandas, polars,
            Hugging Face), or bytes of JSON lines.
        fields: Where text, id and metadata are.
        stages: The engine that scans JSON.

    Raises:
        UsageError: It is something else, or a table has no such text column.
    """
    if isinstance(given, (bytes, bytearray, memoryview)):
        yield from _from_lines(bytes(given), fields, stages)
    else:
        yield _whole(given, fields, stages)


def _whole(given: Any, fields: Fields, stages: Stages) -> Articles:
    """Articles from what is no bytes."""
    if isinstance(given, (pa.Table, pa.RecordBatch)) or any(
        hasattr(given, f"__arrow_c_{kind}__") for kind in ("stream", "array")
    ):
        return _from_table(_table(given, fields), fields)
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable):
        raise UsageError(f"articles is a {type(given).__name__}", _HINT)
    items = given if isinstance(given, Sequence) else list(given)
    if all(isinstance(item, str) for item in items):
        return from_texts(Texts.from_strings(items), missing(len(items)), [], fields, items)
    if not all(isinstance(item, Mapping) for item in items):
        other = next(type(item).__name__ for item in items if not isinstance(item, (str, Mapping)))
        raise UsageError(f"one of the articles is a {other}", _HINT)
    data = b"\n".join(json.dumps(dict(item), default=str).encode() for item in items)
    scan = stages.scan(data, 0, len(data), fields.text, (fields.id, *fields.more))
    return from_scan(scan, fields, Given(scan.lines - 1, items.__getitem__))


def from_scan(scan: Scan, fields: Fields, items: Sequence[Any], before: int = 0) -> Articles:
    """Articles from scanned JSON lines, which stand for `items`; `before` them there are so many lines."""
    return from_texts(
        scan.texts,
        scan.columns[0],
        scan.columns[1:],
        fields,
        items,
        [Skipped(f"record:{before + line}", reason, detail) for line, reason, detail in scan.skipped],
    )


def from_texts(
    texts: Texts,
    ids: Column,
    columns: Sequence[Column],
    fields: Fields,
    items: Sequence[Any],
    skipped: Sequence[Skipped] = (),
) -> Articles:
    """Articles from texts and columns."""
    raw = as_bytes(digest_texts(array_of(texts.data), texts.offsets))
    return Articles(
        texts,
        complete(ids, lambda: Texts.from_strings([digest.hex() for digest in raw])),
        raw,
        _metadata(columns, fields.more, len(texts)),
        items,
        list(skipped),
    )


def cuts(articles: Articles, size: int) -> tuple[list[int], dict[int, int]]:
    """Where to cut a batch into parts of `size` that are decided one after the other, and what repeats in them.

    Returns:
        Bounds of the parts, from 0 to n: an id that comes back with another text, which is an update, begins a part;
        and (position, earlier position) of articles with an id and a text that were there before in their part.
    """
    bounds = {*range(0, len(articles), size), 0}
    repeats: dict[int, int] = {}
    hashes = hash_texts(array_of(articles.ids.data), articles.ids.offsets)
    if len(np.unique(hashes)) < len(articles):
        first: dict[bytes, int] = {}
        for i, identity in enumerate(split(articles.ids)):
            if i in bounds:
                first.clear()
            earlier = first.setdefault(identity, i)
            if earlier == i:
                continue
            if articles.raw[earlier] == articles.raw[i]:
                repeats[i] = earlier
            else:
                bounds.add(i)
                first = {identity: i}
    return [*sorted(bounds), len(articles)], repeats


def _from_lines(data: bytes, fields: Fields, stages: Stages) -> Iterator[Articles]:
    """Articles of JSON lines, some lines at a time."""
    start, before = 0, 0
    while True:
        end = data.find(b"\n", start + STRETCH) + 1 or len(data)
        scan = stages.scan(data, start, end, fields.text, (fields.id, *fields.more))
        yield from_scan(
            scan,
            fields,
            Given(np.arange(len(scan.starts)), partial(_record, data, scan.starts, scan.ends)),
            before,
        )
        start, before = end, before + scan.line_count
        if start == len(data):
            return


def _record(data: bytes, starts: I64, ends: I64, i: int) -> bytes:
    return data[starts[i] : ends[i]]


def _table(given: Any, fields: Fields) -> pa.RecordBatch:
    try:
        column = given if isinstance(given, pa.Table) else pa.chunked_array(given)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"articles cannot be read: {error}", _HINT) from error
    if isinstance(column, pa.Table):
        column = column.to_struct_array()
    if not pa.types.is_struct(column.type):
        column = pa.table({fields.text[0]: column}).to_struct_array()
    return pa.RecordBatch.from_struct_array(
        column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    )


def _from_table(batch: pa.RecordBatch, fields: Fields) -> Articles:
    names = batch.schema.names
    for field in fields.text:
        if field not in names and field.split(".")[0] not in names:
            raise UsageError(
                f'there is no column "{field}"; there are: {", ".join(names)}',
                "name the text with text_field",
            )
    column = text_column(batch, fields.text)
    if column.reason == "text_not_string":
        raise UsageError(column.detail, "choose a column of strings with text_field")
    usable: Mask = column.usable
    columns = [value_column(batch, name, usable) for name in (fields.id, *fields.more)]
    texts = Texts(*spans(column.values.drop_null()))
    skipped = [
        Skipped(f"record:{i + 1}", column.reason, column.detail) for i in np.flatnonzero(~usable).tolist()
    ]
    items = Given(np.flatnonzero(usable), lambda i: batch.slice(i, 1).to_pylist()[0])
    return from_texts(_part(texts, 0, len(texts)), columns[0], columns[1:], fields, items, skipped)


def _metadata(columns: Sequence[Column], names: Sequence[str], count: int) -> list[bytes]:
    if not any(column.valid.any() for column in columns):
        return [b""] * count
    rows: list[dict[str, str]] = [{} for _ in range(count)]
    for name, column in zip(names, columns, strict=True):
        values = column.texts.strings()
        for i in np.flatnonzero(column.valid).tolist():
            rows[i][name] = values[i]
    return [
        json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() if row else b"" for row in rows
    ]


def join(parts: Sequence[Articles]) -> Articles:
    """One after the other, in memory of their own, without the items."""
    return Articles(
        concatenate([part.texts for part in parts]),
        concatenate([part.ids for part in parts]),
        [digest for part in parts for digest in part.raw],
        [row for part in parts for row in part.metadata],
        (),
        [record for part in parts for record in part.skipped],
    )


def split(texts: Texts) -> list[bytes]:
    """All texts as bytes."""
    data = bytes(memoryview(texts.data))
    return [data[start:end] for start, end in pairwise(texts.offsets.tolist())]


def as_bytes(rows: U8) -> list[bytes]:
    """Each row of uint8[n, w] as bytes."""
    whole: list[bytes] = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel().tolist()
    return whole


def _part(texts: Texts, start: int, stop: int) -> Texts:
    """Some consecutive texts, with offsets from 0."""
    offsets = texts.offsets[start : stop + 1]
    return Texts(memoryview(texts.data)[offsets[0] : offsets[-1]], offsets - offsets[0])
