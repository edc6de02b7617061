"""What errors of SQLite mean, and what to do: they go in, errors of dedup come out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dedup.errors import DedupError, InputError, OutputError

WAIT_SECONDS = 120.0
"""How long to wait for another writer. A batch of 100,000 articles takes some ten seconds."""


@contextmanager
def explained(name: str, kind: type[DedupError]) -> Iterator[None]:
    """Say what an error of SQLite means, and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(name, error, kind) from error


def _explanation(name: str, error: sqlite3.Error, kind: type[DedupError]) -> DedupError:
    code: Any = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return OutputError(
            f"{name}: the disk is full", "nothing of the batch was stored; make room and repeat it"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return OutputError(
            f"{name} cannot be written: {error}", "check the permissions of the file and its folder"
        )
    if code == sqlite3.SQLITE_BUSY:
        return OutputError(
            f"{name}: another process has been writing for {WAIT_SECONDS:.0f} s", "try again later"
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return InputError(f"{name} is damaged, or no index: {error}", "`dedup index verify` says more")
    if code == sqlite3.SQLITE_IOERR:
        return OutputError(
            f"{name}: {error}", "the disk may be full or failing; nothing of the batch was stored"
        )
    return kind(f"{name}: {error}", "")
