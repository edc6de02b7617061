"""Articles in memory: lists, arrays and tables go in; their texts, ids and columns come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.errors import UsageError
from dedup.identities import complete, unique
from dedup.model import Column, Form, Segment, Texts
from dedup.readers.columns import spans, text_column, value_column


@dataclass(frozen=True, slots=True)
class Articles:
    """Some articles.

    Attributes:
        table: As they came; texts alone are the column of the text field.
        texts: Their texts, several fields joined by a newline.
        ids: Their ids, each one's own.
        role: What they are called.
    """

    table: pa.Table
    texts: Texts
    ids: Texts
    role: str
    _batch: pa.RecordBatch

    @classmethod
    def of(cls, texts: Any, ids: Any, fields: Sequence[str], id_field: str, role: str = "texts") -> Articles:
        """Read what a caller gives.

        Args:
            texts: As `find_duplicates` takes them.
            ids: Likewise.
            fields: Columns of the text.
            id_field: Column of the id.
            role: What they are called in messages, and in ids: if it is not `texts`, articles without an id go by
                `role:POSITION`, as do those with an id already seen, others by their position and by `row:POSITION`.

        Raises:
            UsageError: It is of a kind that cannot be used, or a column is not there.
        """
        table = _table(texts, fields, role)
        batch = pa.RecordBatch.from_struct_array(_one_chunk(table.to_struct_array()))
        return cls(table, _texts(batch, fields), _names(batch, ids, id_field, role), role, batch)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def segment(self) -> Segment:
        """Where the texts lie."""
        return Segment(self.texts.data, Form.TEXT, self.texts.offsets[:-1], self.texts.offsets[1:])

    def blocks(self, size: int) -> Iterator[Texts]:
        """The texts, so many at a time."""
        for start in range(0, len(self), size):
            yield Texts(self.texts.data, self.texts.offsets[start : start + size + 1])

    def column(self, field: str, purpose: str) -> Column:
        """The values of a column. Raises UsageError, with what it is needed for, where it is not there."""
        return _column(self._batch, field, purpose)

    def publishers(self, sources: Any, source_field: str | None) -> Texts | None:
        """Who published each article, if anybody said so."""
        if sources is None:
            return None if source_field is None else self.column(source_field, "learning").texts
        given = _chunked(sources, "sources", "pass strings, one a text")
        if len(given) != len(self):
            raise UsageError(
                f"there are {len(given)} sources for {len(self)} texts", "pass one source a text"
            )
        return _column(pa.RecordBatch.from_pydict({"source": _one_chunk(given)}), "source", "learning").texts


def positions(count: int, prefix: str = "") -> Texts:
    """The positions of so many articles, as texts."""
    return Texts.from_strings([f"{prefix}{i}" for i in range(count)])


def _table(texts: Any, fields: Sequence[str], role: str) -> pa.Table:
    """The input as a table; texts alone become the column of the text field."""
    if isinstance(texts, (str, bytes)):
        raise UsageError(f"{role} is one string", "pass a list of texts")
    if isinstance(texts, pa.Table):
        return texts
    if hasattr(texts, "__arrow_c_stream__") or hasattr(texts, "__arrow_c_array__"):
        column = _chunked(texts, role, "pass strings or None")
        if pa.types.is_struct(column.type):
            return pa.Table.from_struct_array(column)
        return pa.table({fields[0]: column})
    if isinstance(texts, Iterable) and not isinstance(texts, (Mapping, Set)):
        return pa.table({fields[0]: _array(texts)})
    hint = "pass a list of strings, an Arrow array or a table"
    if hasattr(texts, "collect"):
        hint = "call its collect() first"
    raise UsageError(f"{role} is a {type(texts).__name__}", hint)


def _array(texts: Iterable[Any]) -> pa.Array:
    parts = list(texts)
    for position, text in enumerate(parts):
        if not isinstance(text, str) and text is not None:
            hint = "pass strings or None; for records a table, such as pyarrow.Table.from_pylist(records)"
            raise UsageError(f"text {position} is a {type(text).__name__}, not a string", hint)
    encoded = Texts.from_strings([text or "" for text in parts])
    buffers = [None, pa.py_buffer(encoded.offsets), pa.py_buffer(encoded.data)]
    return pa.Array.from_buffers(pa.large_string(), len(parts), buffers)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _texts(batch: pa.RecordBatch, fields: Sequence[str]) -> Texts:
    for field in fields:
        if field.split(".")[0] not in batch.schema.names and field not in batch.schema.names:
            raise _no_column(field, batch, "the text")
    column = text_column(batch, fields)
    if column.reason == "text_not_string":
        raise UsageError(column.detail, "choose a column of strings with text_field")
    return Texts(*spans(column.values.fill_null(b"")))


def _names(batch: pa.RecordBatch, ids: Any, id_field: str, role: str) -> Texts:
    """The id of each article, each one's own."""
    count = len(batch)
    if ids is not None:
        given = _given_ids(ids)
        if len(given) != count:
            raise UsageError(f"there are {len(given)} ids for {count} texts", "pass one id a text")
        batch = pa.RecordBatch.from_pydict({id_field: _one_chunk(given)})
    prefix, again = ("", "row:") if role == "texts" else (f"{role}:", f"{role}:")
    numbered = positions(count, prefix)
    if id_field not in batch.schema.names:
        return numbered
    lifted: Column = value_column(batch, id_field, np.ones(count, np.bool_))
    names, _ = unique(
        complete(lifted, lambda: numbered), lambda some: Texts.from_strings([f"{again}{i}" for i in some])
    )
    return names


def _given_ids(ids: Any) -> pa.ChunkedArray:
    if isinstance(ids, (str, bytes)):
        raise UsageError("ids is one string", "pass a list of ids")
    return _chunked(ids, "ids", "pass strings, or integers, one a text")


def _chunked(values: Any, name: str, hint: str) -> pa.ChunkedArray:
    """A column of whatever Arrow can take. Raises UsageError when it cannot, for instance values of mixed types."""
    try:
        if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
            return pa.chunked_array(values)
        return pa.chunked_array([pa.array(values)])
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"{name} cannot be read: {error}", hint) from error


def _column(batch: pa.RecordBatch, field: str, purpose: str) -> Column:
    if field not in batch.schema.names and field.split(".")[0] not in batch.schema.names:
        raise _no_column(field, batch, purpose)
    return value_column(batch, field, np.ones(len(batch), np.bool_))


def _no_column(field: str, batch: pa.RecordBatch, purpose: str) -> UsageError:
    there = ", ".join(batch.schema.names)
    return UsageError(f'{purpose} needs a column "{field}"; there are: {there}', "pass a table that has it")
