"""The schema of a SQLite database: the numbered steps that make it, and what does not belong to it.

Not handled: taking the steps (`reservation.sql.sqlite_engine`).
"""

from collections.abc import Iterator
from contextlib import closing
from functools import cache

import apsw

from reservation.sql.steps import Migration, differences, migrations_in


def migrations() -> tuple[Migration, ...]:
    """Return the migrations that this version knows, in order."""
    return migrations_in("sqlite")


_OBJECTS = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def deviations(connection: apsw.Connection) -> Iterator[str]:
    """Say where the tables, indexes, triggers and views of a database are not those of this version.

    Somebody who can write the file can drop the triggers that keep rows from being changed, or add others
    that change them unseen.
    """
    yield from differences(_objects(connection), _expected())


def _objects(connection: apsw.Connection) -> dict[str, str]:
    return {f"{kind} {name}": sql for kind, name, sql in connection.execute(_OBJECTS)}


@cache
def _expected() -> dict[str, str]:
    """Take every step on an empty database in memory."""
    with closing(apsw.Connection(":memory:")) as connection:
        for step in migrations():
            connection.execute(step.script)
        return _objects(connection)
