"""Everything that stands in a database, for comparing before and after."""

from contextlib import closing
from pathlib import Path

import apsw
import psycopg
from psycopg import sql

Rows = dict[str, list[tuple[object, ...]]]


def every_row(database: Path | str) -> Rows:
    """Return all rows of all tables, sorted.

    Args:
        database: A file, or a URL.
    """
    if str(database).startswith("postgresql:"):
        return _every_row_on_a_server(str(database))
    path = str(database).removeprefix("sqlite://")
    with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        tables = list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for (name,) in tables}


def _every_row_on_a_server(url: str) -> Rows:
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        every = sql.SQL("SELECT * FROM {}")
        return {
            name: sorted(connection.execute(every.format(sql.Identifier(name))).fetchall(), key=repr)
            for (name,) in tables
        }
