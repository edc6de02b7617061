"""Columns of record batches as arrays: a column goes in, an array over its memory comes out, or back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.model import I64, U8, Mask, Texts
from dedup.native import array_of
from dedup.readers.columns import spans

Batches: TypeAlias = Iterator[pa.RecordBatch]
"""What Spark hands to a function of record batches, and takes from it."""


def longs(column: pa.Array) -> I64:
    """int64[n], a column of integers without nulls."""
    values: I64 = column.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return values


def texts_of(column: pa.Array) -> Texts:
    """A column of strings or bytes as texts; null as an empty one."""
    return Texts(*spans(pc.fill_null(column.cast(pa.large_binary()), b"")))


def matrix(column: pa.Array) -> U8:
    """uint8[n, width], a column of equally many bytes each."""
    data, offsets = spans(column.cast(pa.large_binary()))
    flat = array_of(data)[offsets[0] : offsets[-1]]
    return flat.reshape(len(column), -1) if len(column) else flat.reshape(0, 1)


def unpacked(column: pa.Array, kind: type[np.generic]) -> tuple[NDArray[Any], I64]:
    """All values of a column of bytes that are values of `kind`, and int64[n + 1] offsets into them."""
    data, offsets = spans(column.cast(pa.large_binary()))
    flat = array_of(data)[offsets[0] : offsets[-1]]
    return flat.copy().view(kind), (offsets - offsets[0]) // np.dtype(kind).itemsize


def binary(rows: NDArray[Any]) -> pa.Array:
    """The rows of a matrix as a column of bytes."""
    return ragged(rows, np.full(len(rows), rows.shape[1]))


def ragged(values: NDArray[Any], counts: NDArray[Any]) -> pa.Array:
    """`counts[i]` of some values in row `i`, as a column of bytes."""
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts * values.itemsize, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(counts), buffers)


def strings(texts: Texts, valid: Mask | None = None) -> pa.Array:
    """Texts as a column of strings over the same memory, null where they are not `valid`."""
    validity = None if valid is None or valid.all() else pa.array(valid).buffers()[1]
    offsets = pa.py_buffer(np.ascontiguousarray(texts.offsets))
    data = pa.py_buffer(array_of(texts.data))
    return pa.Array.from_buffers(pa.large_string(), len(texts), [validity, offsets, data])
