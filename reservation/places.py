"""Where a portal's books are: what a database URL names, and what may be shown of it.

Scope: texts and paths; nothing is opened. A password in a URL is shown nowhere.
"""

from dataclasses import dataclass
from pathlib import Path

from reservation.errors import SetupError


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    """A SQLite database: one file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def keys_folder(self, of_user: Path) -> Path:
        """Return the folder beside it for keys and checkpoint."""
        del of_user
        return self.path.with_name(f"{self.path.stem}-keys")


@dataclass(frozen=True, slots=True, repr=False)
class PostgresPlace:
    """A PostgreSQL database on a server.

    Attributes:
        url: For the client library alone: it may hold a password.
        name: The URL without password and options.
    """

    url: str
    name: str

    def __str__(self) -> str:
        return self.name

    def keys_folder(self, of_user: Path) -> Path:
        """Return the folder for keys and checkpoint, among the user's: a server has no room for them."""
        database = self.name.rpartition("/")[2]
        plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in database)
        return of_user / f"{plain or 'portal'}-keys"


Place = SqlitePlace | PostgresPlace


def place_of(url: str) -> Place:
    """Return what a database URL names.

    Args:
        url: ``sqlite:///PATH``, an absolute path; ``sqlite:PATH``, relative to the working folder; or
            ``postgresql://USER@HOST:PORT/DATABASE``, as PostgreSQL's own programs take it.

    Raises:
        SetupError: For anything else.
    """
    kind, separator, rest = url.partition(":")
    if kind in {"postgresql", "postgres"} and rest.startswith("//") and "\0" not in rest:
        return PostgresPlace(url, _without_password(rest))
    if rest.startswith("//"):
        rest = "/" + rest.lstrip("/") if rest.startswith("///") else ""
    if kind != "sqlite" or not separator or not Path(rest).name or "\0" in rest:
        raise SetupError(
            "The database is not named by a URL that this version knows.",
            hint="Use sqlite:/// and an absolute path, like sqlite:///var/lib/tallystick/portal.db; or "
            "postgresql://USER@HOST/DATABASE.",
        )
    return SqlitePlace(Path(rest))


def _without_password(rest: str) -> str:
    """Return the URL of a server without what may hold a password: however it is misspelled."""
    said, _, _ = rest.removeprefix("//").rpartition("@")[2].partition("?")
    user = rest.removeprefix("//").rpartition("@")[0].partition(":")[0].partition("?")[0]
    return f"postgresql://{user}@{said}" if user else f"postgresql://{said}"
