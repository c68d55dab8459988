"""Everything that stands in a database, for comparing before and after."""

from contextlib import closing
from pathlib import Path

from tests import raw

Rows = dict[str, list[tuple[object, ...]]]


def every_row(database: Path | str) -> Rows:
    """Return all rows of all tables, sorted.

    Args:
        database: A file, or a URL.
    """
    with closing(raw.opened(database)) as books:
        return {name: sorted(rows, key=repr) for name, rows in raw.every_row(books)}
