"""Everything that stands in a database, for comparing before and after."""

from contextlib import closing
from pathlib import Path

import apsw

Rows = dict[str, list[tuple[object, ...]]]


def every_row(database: Path) -> Rows:
    """Return all rows of all tables, sorted."""
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        tables = list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for (name,) in tables}
