"""Arrow columns as texts: a record batch goes in; what it holds of each field, row by row, comes out.

A null is a missing value. A field name is first looked up literally, then as
a dotted path through struct columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.model import I64, Buffer, Column, Mask, Texts
from dedup.readers.base import Fields, missing
from dedup.readers.delimited import check_unique, no_column

NO_TEXT = "no_text"
NOT_STRING = "text_not_string"


@dataclass(frozen=True, slots=True)
class TextColumn:
    """The text of each row of a record batch.

    Attributes:
        values: large_binary array, null where there is no text.
        reason: Why a null is one: `no_text` or `text_not_string`.
        detail: The same for a person.
    """

    values: pa.LargeBinaryArray
    reason: str
    detail: str

    @property
    def usable(self) -> Mask:
        """bool[rows], where there is a text."""
        return np.asarray(self.values.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def check_columns(path: str, schema: pa.Schema, fields: Fields) -> None:
    """Raise NoArticlesError when no column is a text field, InputError when two have the name of a field."""
    if not any(has_column(schema, name) for name in fields.text):
        raise no_column(path, fields.text, schema.names)
    check_unique(path, schema.names, fields)


def has_column(schema: pa.Schema, name: str) -> bool:
    """Whether there is a column, or a field of nested columns, of that name."""
    return _leaf_type(schema, name) is not None


def text_column(batch: pa.RecordBatch, names: Sequence[str]) -> TextColumn:
    """The text of each row: the columns `names`, joined by a newline; those that are null or missing count as empty."""
    parts = []
    for name in names:
        values = _find(batch, name)
        if values is None:
            continue
        binary = _as_binary(values)
        if binary is None:
            detail = f"the column {name} is {values.type}, not a string"
            return TextColumn(pa.nulls(len(batch), pa.large_binary()), NOT_STRING, detail)
        parts.append(binary)
    if len(names) == 1:
        return TextColumn(parts[0], NO_TEXT, f"the column {names[0]} is null")
    empty = pa.scalar(b"", pa.large_binary())
    columns = iter(parts)
    filled = [
        pc.fill_null(next(columns), empty) if _find(batch, name) is not None else empty for name in names
    ]
    joined = pc.binary_join_element_wise(*filled, pa.scalar(b"\n", pa.large_binary()))
    some = parts[0].is_valid()
    for part in parts[1:]:
        some = pc.or_(some, part.is_valid())
    values = pc.if_else(some, joined, pa.scalar(None, pa.large_binary()))
    return TextColumn(values, NO_TEXT, f"the columns {' and '.join(names)} are null")


def value_column(batch: pa.RecordBatch, name: str, rows: Mask) -> Column:
    """The values of a column as text in the chosen `rows`; not valid where null, nested or missing."""
    nothing = missing(int(rows.sum()))
    values = _find(batch, name)
    if values is None:
        return nothing
    binary = _as_binary(values)
    if binary is None:
        if pa.types.is_nested(values.type):
            return nothing
        if pa.types.is_timestamp(values.type) and values.type.tz is not None:
            # Written in UTC: other zones would need a zone database.
            values = values.cast(pa.timestamp(values.type.unit, "UTC"))
        try:
            binary = values.cast(pa.large_string()).cast(pa.large_binary())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return nothing
    if not rows.all():
        binary = binary.filter(rows)
    valid = np.asarray(binary.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    filled = pc.fill_null(binary, pa.scalar(b"", pa.large_binary())) if binary.null_count else binary
    data, offsets = spans(filled)
    return Column(Texts(data, offsets), valid)


def spans(values: pa.LargeBinaryArray) -> tuple[Buffer, I64]:
    """The buffer of a column's bytes and int64[n + 1] offsets into it; those of a null are arbitrary."""
    _, offsets, data = values.buffers()
    if offsets is None or len(values) == 0:
        return b"", np.zeros(1, np.int64)
    bounds = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    return b"" if data is None else data, bounds


def all_valid(values: pa.LargeBinaryArray) -> bool:
    """Whether all values are valid UTF-8: several times as fast as decoding them."""
    try:
        values.view(pa.large_string()).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _find(batch: pa.RecordBatch, name: str) -> pa.Array | None:
    literal = batch.schema.get_all_field_indices(name)
    if literal:
        return batch.column(literal[-1])
    head, dot, rest = name.rpartition(".")
    parent = _find(batch, head) if dot else None
    if parent is None or not pa.types.is_struct(parent.type) or parent.type.get_field_index(rest) < 0:
        return None
    return pc.struct_field(parent, [parent.type.get_field_index(rest)])


def _leaf_type(schema: pa.Schema, name: str) -> pa.DataType | None:
    literal = schema.get_all_field_indices(name)
    if literal:
        return schema.field(literal[-1]).type
    head, dot, rest = name.rpartition(".")
    parent = _leaf_type(schema, head) if dot else None
    if parent is None or not pa.types.is_struct(parent) or parent.get_field_index(rest) < 0:
        return None
    return parent.field(parent.get_field_index(rest)).type


def _as_binary(values: pa.Array) -> pa.LargeBinaryArray | None:
    """The bytes of a column of strings, None for another type. Shares the memory where the layout allows."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if values.null_count == len(values):  # of any type: pandas gives numbers where nothing tells it otherwise
        return pa.nulls(len(values), pa.large_binary())
    if pa.types.is_dictionary(values.type):
        # Not `dictionary_decode`: pyarrow takes nothing from views, which polars has in its categories.
        kinds = _as_binary(values.dictionary)
        return None if kinds is None else kinds.take(values.indices)
    kind = values.type
    if pa.types.is_null(kind):
        return pa.nulls(len(values), pa.large_binary())
    if pa.types.is_large_binary(kind):
        return values
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        return values.cast(pa.large_binary())
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return values.cast(pa.binary_view()).cast(pa.large_binary())
    return None
