"""A database of either engine, past the program: its rows, in SQL that both take."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import apsw
import psycopg
from psycopg import sql

from reservation.sql import postgres_engine, postgres_schema

Row = tuple[Any, ...]


class Raw(Protocol):
    """An open database."""

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> Iterable[Row]:
        """Run a statement with ``?`` for its values."""

    def tables(self) -> list[str]:
        """Return the names of all tables."""

    def state(self) -> object:
        """Return something that differs once another process has committed; None: who knows."""

    def close(self) -> None:
        """Let go of it."""


class RawFile:
    """A SQLite database."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> Iterable[Row]:
        """Run a statement with ``?`` for its values."""
        return list(self._connection.execute(statement, values))

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        # What the planner is told is the engine's own, and no row of the books.
        found = self.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'"
        )
        return [name for (name,) in found]

    def state(self) -> object:
        """Return something that differs once another process has committed."""
        return self._connection.pragma("data_version")

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


class RawServer:
    """A database on a PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> Iterable[Row]:
        """Run a statement with ``?`` for its values."""
        return self._connection.execute(statement.replace("?", "%s").encode(), values).fetchall()

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        found = self.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return sorted(name for (name,) in found)

    def state(self) -> object:
        """Return something that differs once another process has committed."""
        ((snapshot,),) = self.execute("SELECT CAST(pg_current_snapshot() AS text)")
        return snapshot

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


def opened(where: Path | str) -> Raw:
    """Open a database.

    Args:
        where: A file, or the URL of either engine.
    """
    if str(where).startswith("postgresql:"):
        return RawServer(str(where))
    return RawFile(Path(str(where).removeprefix("sqlite://")))


def every_row(books: Raw) -> Iterator[tuple[str, list[Row]]]:
    """Return all rows of each table."""
    for name in books.tables():
        yield name, list(books.execute(f'SELECT * FROM "{name}"'))


def copy_rows(path: Path, url: str) -> None:
    """Make the tables in an empty database on a server, and copy into them what a SQLite database holds."""
    with closing(postgres_engine._connect(url, "a copy")) as connection:
        postgres_engine._migrate(connection, "a copy", postgres_schema.migrations())
    with closing(RawFile(path)) as books, psycopg.connect(url) as target:
        # Parents and children in any order: the rows fit together already.
        target.execute("SET session_replication_role = replica")
        for name, found in every_row(books):
            if found:
                values = sql.SQL(", ").join([sql.Placeholder()] * len(found[0]))
                insert = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(name), values)
                with target.cursor() as cursor:
                    cursor.executemany(insert, found)
