"""A desk with a real portal on SQLite: licences, trust file, and a router that trusts it."""

from collections.abc import Callable
from pathlib import Path

import apsw

from tests.cli.desk import Desk
from tests.program import seeded

Argv = tuple[str, ...]


class PortalDesk(Desk):
    """A desk with a portal and a device; dumps the database as rows."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.done("portal", "init", "--account", "Example Networks", on="portal")
        self.know("alex", "administrator")
        self.trust = str(self.path("trust.txt"))
        self.done("portal", "trust", "--out", self.trust, on="portal")
        self.done("portal", "license", "add", "ROUTING", "100", on="portal")
        self.done("portal", "license", "add", "CRYPTO", "20", on="portal")
        self.join("router", "FDO1")

    def know(self, user: str, role: str, *places: str) -> None:
        """Let the portal know somebody; what comes after is as random as it was."""
        before, self._random = self._random, seeded(f"desk/{user}")
        where = [word for place in places for word in ("--va", place)]
        self.done("portal", "user", "add", user, "--role", role, *where, on="portal")
        self._random = before

    def join(self, machine: str, serial: str) -> None:
        """Initialise a device on a machine."""
        argv = ("device", "init", "--pid", "RTR-900", "--sn", serial, "--trust", self.trust)
        self.done(*argv, on=machine)

    def requested(self, machine: str = "router", *want: str) -> str:
        """Return a request code of a machine."""
        wishes = [word for wish in want or ("ROUTING=2",) for word in ("--want", wish)]
        return self.done("device", "request", *wishes, on=machine).line

    def reserved(self, machine: str = "router") -> tuple[str, str]:
        """Return a request code and its authorization."""
        request = self.requested(machine)
        return request, self.done("portal", "reserve", request, "--as-requested").line

    def confirmed(self, machine: str = "router") -> tuple[str, str, str]:
        """Return request, authorization and confirmation, all of them taken."""
        request, authorization = self.reserved(machine)
        confirmation = self.done("device", "install", authorization, on=machine).line
        self.done("portal", "accept", confirmation)
        return request, authorization, confirmation

    def returned(self, machine: str = "router") -> tuple[str, str]:
        """Return request and return code, all of them taken."""
        request, _, _ = self.confirmed(machine)
        code = self.done("device", "return", "--yes", on=machine).line
        self.done("portal", "accept", code)
        return request, code

    def rows(self) -> str:
        """Return every row of the database, as SQL."""
        return "\n".join(f"{table} {row!r}" for table, row in self._rows())

    def _rows(self) -> list[tuple[str, tuple[object, ...]]]:
        connection = apsw.Connection(str(self.path("portal.db")), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            tables = connection.execute("select name from sqlite_schema where type = 'table' order by name")
            found = [
                (table, row)
                for (table,) in list(tables)
                for row in connection.execute(f'select * from "{table}"')
            ]
            return sorted(found, key=repr)
        finally:
            connection.close()

    def everything(self) -> object:
        """Return all rows of the database and all files but its own.

        Without the notes that refusals leave for alerts: an event with its place in the chain. And so without
        the checkpoint, which says how many events there are.
        """
        files = {
            name: content
            for name, content in self.snapshot().items()
            if not name.startswith(("portal.db", "portal-keys/checkpoint"))
        }
        rows = self._rows()
        notes = {row[1] for table, row in rows if table == "events" and NOTES & set(row)}
        return [(table, row) for table, row in rows if not notes & set(row)], files


NOTES = {"stock-refused", "key-refused"}
"""Kinds of events that refusals leave."""

Refusal = tuple[Callable[[PortalDesk], Argv], int, str, str, str]
"""What prepares the desk and returns a command; exit code, error code, words of message and hint."""
