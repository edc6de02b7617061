"""Copying the write-ahead log of SQLite into its file, in another thread: the path of an index goes in."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread

LOG_BYTES = 64 << 20
"""Size of the log from which on it is cut off once it has been copied, instead of written over."""

PAUSE, TRIES = 0.01, 200
"""Seconds between attempts to cut it off, and how many: it cannot be while anybody reads or writes."""


class Copying:
    """A log that is being copied. What fails is tried again after the next batch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._enough = Event()
        self._thread = Thread(target=self._copy, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the log has been copied, if not cut off."""
        self._enough.set()
        self._thread.join()

    def _copy(self) -> None:
        with suppress(sqlite3.Error, OSError):
            is_long = Path(f"{self._path}-wal").stat().st_size > LOG_BYTES
            address = f"{self._path.as_uri()}?mode=rw"  # whoever removes the file does not find it made again
            # Nobody is waited for: writers would have to wait with it.
            with closing(sqlite3.connect(address, timeout=0, isolation_level=None, uri=True)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                for _ in range(TRIES if is_long else 0):
                    (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                    if not is_busy or self._enough.wait(PAUSE):
                        break
