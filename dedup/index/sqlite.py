"""The index in one SQLite file, or in memory.

Write-ahead logging: readers see the last committed state and never wait. A writer takes the lock with its first
statement (`BEGIN IMMEDIATE`), others wait for it. Every commit is flushed to the disk, so what was acknowledged is
there after a crash of the process or the machine. What a large batch left in the log is copied into the file in another
thread, while the next one is read.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path

from dedup.errors import InputError, OutputError
from dedup.index.sqlite_errors import WAIT_SECONDS, explained
from dedup.index.sqlite_log import Copying
from dedup.index.store import AbsentError, Document

PAGE_SIZE = 32768
"""Texts and blocks of 1 to 2 kB waste 3% of such pages, and 12% of those of 8 kB, which also take half as long again to
write."""

CACHE_KIB = 64 << 10
"""Pages that a connection holds; the file cache of the system has the rest."""

TOGETHER = 256
"""Rows of one statement, if there are as many: three quarters of the time that they take one by one, after each of
which another thread may take the interpreter's lock. SQLite allows 32,766 parameters, before version 3.32 999: one by
one, there."""

LARGE = 1000
"""Rows of a transaction from which on its part of the log is copied in another thread."""

APPLICATION_ID = 0x64_65_64_75  # "dedu"

SCHEMA = """
CREATE TABLE value (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL, raw BLOB NOT NULL, digest BLOB NOT NULL,
    representative INTEGER NOT NULL, relation INTEGER NOT NULL, similarity REAL, containment REAL,
    seen INTEGER NOT NULL, stream INTEGER NOT NULL, low BLOB NOT NULL, metadata BLOB NOT NULL
);
CREATE TABLE text (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE block (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""

_CHOSEN = "number IN (SELECT value FROM json_each(?))"


class SqliteTransaction:
    """Reads and writes of one transaction; see `store.Reader` and `store.Writer`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.inserted = 0

    def value(self, name: str) -> bytes | None:
        """See `store.Reader`."""
        row = self._connection.execute("SELECT value FROM value WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def documents(self, numbers: Sequence[int]) -> dict[int, Document]:
        """See `store.Reader`."""
        rows = self._connection.execute(f"SELECT * FROM document WHERE {_CHOSEN}", _list(numbers))
        return {row[0]: Document._make(row) for row in rows}

    def lows(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """See `store.Reader`."""
        query = f"SELECT number, low FROM document WHERE low != x'' AND {_CHOSEN}"
        return dict(self._connection.execute(query, _list(numbers)))

    def texts(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """See `store.Reader`."""
        return dict(
            self._connection.execute(f"SELECT number, data FROM text WHERE {_CHOSEN}", _list(numbers))
        )

    def scan(self, after: int, most: int) -> list[Document]:
        """See `store.Reader`."""
        query = "SELECT * FROM document WHERE number > ? ORDER BY number LIMIT ?"
        return list(map(Document._make, self._connection.execute(query, (after, most))))

    def numbers(self) -> list[int]:
        """See `store.Reader`."""
        return [n for (n,) in self._connection.execute("SELECT number FROM document ORDER BY number")]

    def totals(self) -> tuple[int, int, int | None, int | None]:
        """See `store.Reader`."""
        query = (
            "SELECT count(*), coalesce(sum(number = representative), 0), min(seen), max(seen) FROM document"
        )
        documents, kept, first, last = self._connection.execute(query).fetchone()
        return documents, kept, first, last

    def older(self, seen: int) -> list[int]:
        """See `store.Reader`."""
        rows = self._connection.execute("SELECT number FROM document WHERE seen < ? ORDER BY number", (seen,))
        return [number for (number,) in rows]

    def blocks(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """See `store.Reader`."""
        return dict(
            self._connection.execute(f"SELECT number, data FROM block WHERE {_CHOSEN}", _list(numbers))
        )

    def stretch(self, first: int, last: int) -> bytes:
        """See `store.Reader`."""
        query = "SELECT data FROM block WHERE number BETWEEN ? AND ? ORDER BY number"
        return b"".join(data for (data,) in self._connection.execute(query, (first, last)))

    def set_value(self, name: str, value: bytes) -> None:
        """See `store.Writer`."""
        self._connection.execute("INSERT OR REPLACE INTO value VALUES (?, ?)", (name, value))

    def insert_documents(self, columns: Sequence[Sequence[object]]) -> None:
        """See `store.Writer`."""
        self._insert("document", zip(*map(_bound, columns), strict=True))
        self.inserted += len(columns[0])

    def insert_texts(self, numbers: Sequence[int], texts: Iterable[bytes]) -> None:
        """See `store.Writer`."""
        self._insert("text", zip(numbers, map(bytearray, texts), strict=True))

    def delete(self, numbers: Sequence[int]) -> None:
        """See `store.Writer`."""
        for table in ("document", "text"):
            self._connection.execute(f"DELETE FROM {table} WHERE {_CHOSEN}", _list(numbers))

    def delete_until(self, last: int) -> None:
        """See `store.Writer`."""
        for table in ("document", "text"):
            self._connection.execute(f"DELETE FROM {table} WHERE number <= ?", (last,))

    def insert_blocks(self, blocks: Iterable[tuple[int, bytes]]) -> None:
        """See `store.Writer`."""
        self._insert("block", ((number, bytearray(block)) for number, block in blocks))

    def _insert(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        rows, most = iter(rows), self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        while some := list(islice(rows, TOGETHER)):
            row = f"({', '.join('?' * len(some[0]))})"
            # Every number of rows would be another statement.
            if len(some) < TOGETHER or len(some) * len(some[0]) > most:
                self._connection.executemany(f"INSERT INTO {table} VALUES {row}", some)
            else:
                statement = f"INSERT INTO {table} VALUES {', '.join([row] * TOGETHER)}"
                self._connection.execute(statement, list(chain.from_iterable(some)))

    def delete_blocks(self, spans: Iterable[tuple[int, int]]) -> None:
        """See `store.Writer`."""
        self._connection.executemany("DELETE FROM block WHERE number BETWEEN ? AND ?", spans)


class SqliteStore:
    """A store in a file.

    Args:
        path: The file, made if it is not there; None for memory.
        create: Whether it may be made.

    Raises:
        AbsentError: The file is not there and may not be made.
        InputError: It cannot be read, or is something else.
        OutputError: It cannot be made.
    """

    def __init__(self, path: Path | None, *, create: bool = True) -> None:
        self.path = None if path is None else path.absolute()
        self.name = "memory" if path is None else str(path)
        self._process = os.getpid()
        self._copying: Copying | None = None
        if path is not None:
            _check_path(path, create)
        with explained(self.name, OutputError):
            self._connection = sqlite3.connect(
                ":memory:" if path is None else path,
                timeout=WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with explained(self.name, OutputError):
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        """Make the tables, unless they are there."""
        run = self._connection.execute
        run(f"PRAGMA cache_size = -{CACHE_KIB}")
        run("PRAGMA synchronous = FULL")
        if not self._is_made():
            run(f"PRAGMA page_size = {PAGE_SIZE}")
            run("PRAGMA journal_mode = WAL")
            run("BEGIN IMMEDIATE")  # whoever comes second finds everything made
            if not self._is_made():
                for statement in SCHEMA.split(";"):
                    run(statement)
                run(f"PRAGMA application_id = {APPLICATION_ID}")
            run("COMMIT")

    def _is_made(self) -> bool:
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != APPLICATION_ID and tables:
            raise InputError(
                f"{self.name} is an SQLite file, but no index of dedup", "give the path of another file"
            )
        return bool(application == APPLICATION_ID)

    @contextmanager
    def reading(self) -> Iterator[SqliteTransaction]:
        """See `store.Store`."""
        self._check_process()
        with explained(self.name, InputError):
            self._connection.execute("BEGIN")
            try:
                yield SqliteTransaction(self._connection)
            finally:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[SqliteTransaction]:
        """See `store.Store`."""
        self._check_process()
        with explained(self.name, OutputError):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                transaction = SqliteTransaction(self._connection)
                yield transaction
                is_large = transaction.inserted >= LARGE
                self._connection.execute(f"PRAGMA wal_autocheckpoint = {0 if is_large else LARGE}")
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk may have ended the transaction by itself
                    self._connection.execute("ROLLBACK")
                raise
            if self.path is not None and is_large:
                self._wait()
                self._copying = Copying(self.path)

    def size(self) -> int:
        """See `store.Store`; of a file with its write-ahead log."""
        if self.path is None:
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            (size,) = self._connection.execute("PRAGMA page_size").fetchone()
            return int(pages) * int(size)
        parts = (Path(f"{self.path}{suffix}") for suffix in ("", "-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def check(self) -> list[str]:
        """See `store.Store`."""
        with explained(self.name, InputError):
            found = [str(line) for (line,) in self._connection.execute("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def vacuum(self) -> None:
        """See `store.Store`."""
        self._wait()
        with explained(self.name, OutputError):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """See `store.Store`."""
        self._wait()
        self._connection.close()

    def _wait(self) -> None:
        """Until the log has been copied."""
        if self._copying is not None and os.getpid() == self._process:
            self._copying.wait()
        self._copying = None

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            # An SQLite connection that two processes share corrupts the file.
            raise InputError(
                f"{self.name} was opened by another process", "open the index after the fork, in each process"
            )


def _bound(column: Sequence[object]) -> Iterable[object]:
    """A column as parameters. The module looks for adapters of bytes, in half the time of an insert; of these not."""
    return map(bytearray, column) if column and isinstance(column[0], bytes) else column  # type: ignore[arg-type]


def _list(numbers: Sequence[int]) -> tuple[str]:
    """Numbers as the one parameter of a statement that stays prepared."""
    return (json.dumps(sorted(numbers)),)


def _check_path(path: Path, create: bool) -> None:
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        if not create:
            raise AbsentError(
                f"{path}: there is no such index", "`dedup index add` and `dedup filter` make one"
            ) from None
        if not path.parent.is_dir():
            raise OutputError(f"{path.parent} is no directory", "make it, or name another place") from None
        return
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "give the path of an index") from None
    if stat.S_ISDIR(kind):
        raise InputError(f"{path} is a directory", "an index is one file, for example news.dedup")
