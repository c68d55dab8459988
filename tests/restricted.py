"""The PostgreSQL user that docs/howto/postgresql.md lets a portal work as: it can add and read."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.server import Server

PAGE = Path(__file__).resolve().parent.parent / "docs" / "howto" / "postgresql.md"


def grants() -> str:
    """Return what the page tells the owner of the tables to do."""
    (found,) = re.findall(r"```sql\n(-- As the owner.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


@contextmanager
def restricted(postgres: Server, database: str) -> Iterator[str]:
    """Make that user as the page says, and give its URL of a database that has its tables."""
    with closing(postgres.connect(database)) as owner:
        owner.execute("CREATE ROLE portal_desk LOGIN PASSWORD 'sesame'")
        try:
            owner.execute(grants().encode())
            yield postgres.url(database, user="portal_desk", password="sesame")
        finally:
            owner.execute("DROP OWNED BY portal_desk")
            owner.execute("DROP ROLE portal_desk")
