"""The index in a PostgreSQL database, shared by many machines.

An index is a schema (`dedup`, or `?schema=NAME` in the address). A writer takes an advisory lock for its transaction,
so what it looked up stays true until it commits; readers see one snapshot and never wait. Rows come in by COPY,
straight into their tables: the transaction has found out before which articles are new, so no staging table has to
tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from dedup.errors import DedupError, InputError, OutputError, UsageError
from dedup.index.store import AbsentError, Document

try:
    import psycopg
    from psycopg import sql
except ImportError as error:
    raise UsageError(
        "an index in PostgreSQL needs psycopg", "pip install 'article-dedup[postgres]'"
    ) from error

SCHEMA = """
CREATE TABLE value (name text PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE document (
    number bigint PRIMARY KEY, id bytea NOT NULL, raw bytea NOT NULL, digest bytea NOT NULL,
    representative bigint NOT NULL, relation smallint NOT NULL, similarity double precision,
    containment double precision, seen bigint NOT NULL, stream bigint NOT NULL, low bytea NOT NULL,
    metadata bytea NOT NULL
);
CREATE TABLE text (number bigint PRIMARY KEY, data bytea NOT NULL);
CREATE TABLE block (number bigint PRIMARY KEY, data bytea NOT NULL);
ALTER TABLE text ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE block ALTER COLUMN data SET STORAGE EXTERNAL;
"""
"""Texts and blocks are compressed or random already, so PostgreSQL need not try."""

TABLES = ("value", "document", "text", "block")


class PostgresTransaction:
    """Reads and writes of one transaction; see `store.Reader` and `store.Writer`."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def value(self, name: str) -> bytes | None:
        """See `store.Reader`."""
        row = self._run("SELECT value FROM value WHERE name = %s", name).fetchone()
        return None if row is None else bytes(row[0])

    def documents(self, numbers: Sequence[int]) -> dict[int, Document]:
        """See `store.Reader`."""
        rows = self._run("SELECT * FROM document WHERE number = ANY(%b)", list(numbers))
        return {row[0]: Document._make(row) for row in rows}

    def lows(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """See `store.Reader`."""
        query = "SELECT number, low FROM document WHERE low != '' AND number = ANY(%b)"
        return dict(self._run(query, list(numbers)))

    def texts(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """See `store.Reader`."""
        rows = self._run("SELECT number, data FROM text WHERE number = ANY(%b)", list(numbers))
        return dict(rows)

    def scan(self, after: int, most: int) -> list[Document]:
        """See `store.Reader`."""
        query = "SELECT * FROM document WHERE number > %s ORDER BY number LIMIT %s"
        return [Document._make(row) for row in self._run(query, after, most)]

    def numbers(self) -> list[int]:
        """See `store.Reader`."""
        return [number for (number,) in self._run("SELECT number FROM document ORDER BY number")]

    def totals(self) -> tuple[int, int, int | None, int | None]:
        """See `store.Reader`."""
        row = self._run(
            "SELECT count(*), count(*) FILTER (WHERE number = representative), min(seen), max(seen) FROM document"
        ).fetchone()
        documents, kept, first, last = row or (0, 0, None, None)
        return documents, kept, first, last

    def older(self, seen: int) -> list[int]:
        """See `store.Reader`."""
        rows = self._run("SELECT number FROM document WHERE seen < %s ORDER BY number", seen)
        return [number for (number,) in rows]

    def blocks(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """See `store.Reader`."""
        rows = self._run("SELECT number, data FROM block WHERE number = ANY(%b)", list(numbers))
        return dict(rows)

    def stretch(self, first: int, last: int) -> bytes:
        """See `store.Reader`."""
        query = "SELECT data FROM block WHERE number BETWEEN %s AND %s ORDER BY number"
        return b"".join(data for (data,) in self._run(query, first, last))

    def set_value(self, name: str, value: bytes) -> None:
        """See `store.Writer`."""
        self._run(
            "INSERT INTO value VALUES (%s, %b) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    def insert_documents(self, columns: Sequence[Sequence[object]]) -> None:
        """See `store.Writer`."""
        kinds = ["int8", *["bytea"] * 3, "int8", "int2", "float8", "float8", "int8", "int8", "bytea", "bytea"]
        self._copy("document", kinds, zip(*columns, strict=True))

    def insert_texts(self, numbers: Sequence[int], texts: Iterable[bytes]) -> None:
        """See `store.Writer`."""
        self._copy("text", ["int8", "bytea"], zip(numbers, texts, strict=True))

    def delete(self, numbers: Sequence[int]) -> None:
        """See `store.Writer`."""
        self._run("DELETE FROM document WHERE number = ANY(%b)", list(numbers))
        self._run("DELETE FROM text WHERE number = ANY(%b)", list(numbers))

    def delete_until(self, last: int) -> None:
        """See `store.Writer`."""
        self._run("DELETE FROM document WHERE number <= %s", last)
        self._run("DELETE FROM text WHERE number <= %s", last)

    def insert_blocks(self, blocks: Iterable[tuple[int, bytes]]) -> None:
        """See `store.Writer`."""
        self._copy("block", ["int8", "bytea"], blocks)

    def delete_blocks(self, spans: Iterable[tuple[int, int]]) -> None:
        """See `store.Writer`."""
        for first, last in spans:
            self._run("DELETE FROM block WHERE number BETWEEN %s AND %s", first, last)

    def _run(self, query: str, *values: object) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.execute(query, values, binary=True)

    def _copy(self, table: str, kinds: list[str], rows: Iterable[Sequence[object]]) -> None:
        """Load rows. Their numbers are new, so what is loaded twice is a defect, and the primary key says so."""
        command = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table))
        with self._connection.cursor().copy(command) as copy:
            copy.set_types(kinds)
            for row in rows:
                copy.write_row(row)


class PostgresStore:
    """A store in a database.

    Args:
        address: `postgresql://user@host/database`, with `?schema=NAME` for another schema than `dedup`.
        create: Whether the schema may be made.

    Raises:
        UsageError: The address cannot be used.
        AbsentError: There is no index and none may be made.
        InputError: The database cannot be reached.
        OutputError: The schema cannot be made.
    """

    def __init__(self, address: str, *, create: bool = True) -> None:
        parts = urlsplit(address)
        options = dict(parse_qsl(parts.query))
        self._schema = options.pop("schema", "dedup")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", self._schema):
            raise UsageError(f"{self._schema!r} is no name of a schema", "letters, digits and _")
        host = parts.hostname or "localhost"
        self.name = f"postgresql://{host}{parts.path}?schema={self._schema}"
        address = urlunsplit(parts._replace(query=urlencode(options)))
        with _explained(self.name, InputError):
            self._connection = psycopg.connect(address, autocommit=True)
        try:
            self._prepare(create)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, create: bool) -> None:
        """Make the schema, unless it is there."""
        with _explained(self.name, OutputError):
            self._connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self._schema)))
            if self._is_made():
                return
            if not create:
                raise AbsentError(
                    f"{self.name}: there is no such index", "`dedup index add` and `dedup filter` make one"
                )
            with self._connection.transaction():
                self._lock()
                if not self._is_made():  # whoever comes second finds everything made
                    name = sql.Identifier(self._schema)
                    self._connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
                    self._connection.execute(SCHEMA)

    def _is_made(self) -> bool:
        # Not to_regclass: it may remember that the schema was not there before the lock was waited for.
        query = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = %s AND tablename = 'block')"
        row = self._connection.execute(query, [self._schema]).fetchone()
        return bool(row and row[0])

    def _lock(self) -> None:
        """Exclude all other writers of this index until the transaction ends."""
        self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dedup {self._schema}"]
        )

    @contextmanager
    def reading(self) -> Iterator[PostgresTransaction]:
        """See `store.Store`."""
        with _explained(self.name, InputError), self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield PostgresTransaction(self._connection)

    @contextmanager
    def writing(self) -> Iterator[PostgresTransaction]:
        """See `store.Store`."""
        with _explained(self.name, OutputError), self._connection.transaction():
            self._lock()
            yield PostgresTransaction(self._connection)

    def size(self) -> int:
        """See `store.Store`; tables with their indexes."""
        total = 0
        with _explained(self.name, InputError):
            for table in TABLES:
                query = "SELECT pg_total_relation_size(to_regclass(%s))"
                row = self._connection.execute(query, [f'"{self._schema}".{table}']).fetchone()
                total += int(row[0]) if row else 0
        return total

    def check(self) -> list[str]:
        """See `store.Store`. PostgreSQL has no check of its own for single tables: every row is read anyway."""
        return []

    def vacuum(self) -> None:
        """See `store.Store`."""
        with _explained(self.name, OutputError):
            for table in TABLES:
                name = sql.Identifier(table)
                self._connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(name))

    def close(self) -> None:
        """See `store.Store`."""
        self._connection.close()


@contextmanager
def _explained(name: str, kind: type[DedupError]) -> Iterator[None]:
    """Say what an error of PostgreSQL means, and what to do."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise OutputError(
            f"{name}: the disk of the server is full", "nothing of the batch was stored"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise OutputError(
            f"{name} cannot be written: {_first_line(error)}", "ask for the rights on it"
        ) from error
    except psycopg.OperationalError as error:
        raise InputError(
            f"{name}: {_first_line(error)}", "is the server there, and the address right?"
        ) from error
    except psycopg.Error as error:
        raise kind(f"{name}: {_first_line(error)}", "nothing of the batch was stored") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
