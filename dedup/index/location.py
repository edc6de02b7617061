"""Where an index is: a path, an address or nothing goes in, its store comes out."""

from __future__ import annotations

import os
from pathlib import Path

from dedup.index.sqlite import SqliteStore
from dedup.index.store import Store


def open_store(location: str | os.PathLike[str] | None, create: bool) -> Store:
    """The store at a location; see `dedup.Index`."""
    if isinstance(location, str) and location.startswith(("postgresql://", "postgres://")):
        from dedup.index.postgres import PostgresStore  # psycopg is an extra

        return PostgresStore(location, create=create)
    return SqliteStore(None if location is None else Path(location), create=create)
