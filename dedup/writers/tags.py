"""Tags as columns: a JSON object per document goes in, an Arrow table with `dedup_*` columns comes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dedup.model import Texts

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = "dedup_"


def tag_names(tags: Texts) -> list[str]:
    """The members that each tag has, in order; those of every run where there are no tags."""
    if not len(tags):
        return [*_TYPES]
    return [*json.loads(tags.bytes_at(0))]


def tag_schema(names: list[str]) -> pa.Schema:
    """The columns of some members: types do not depend on values, so that all batches and files agree."""
    import pyarrow as pa

    return pa.schema([(PREFIX + name, pa.type_for_alias(_TYPES.get(name, "string"))) for name in names])


def tag_columns(tags: Texts, first: int, last: int, names: list[str]) -> pa.Table:
    """The tags of the documents `first` to `last`, one row a document, one column a member."""
    import pyarrow as pa
    import pyarrow.json as pa_json

    schema = tag_schema(names)
    if first == last:
        return schema.empty_table()
    lines = b"\n".join(tags.bytes_at(i) for i in range(first, last))
    plain = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
    table = pa_json.read_json(
        pa.BufferReader(lines),
        # One block: no tag is ever cut.
        read_options=pa_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        parse_options=pa_json.ParseOptions(explicit_schema=plain, unexpected_field_behavior="error"),
    )
    return table.rename_columns(schema.names)


_TYPES = {
    "cluster_id": "string",
    "cluster_size": "int64",
    "is_duplicate": "bool",
    "duplicate_of": "string",
    "relation": "string",
    "similarity": "double",
    "containment": "double",
    "excerpt_of": "string",
    "excerpt_containment": "double",
}
