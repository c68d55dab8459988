"""The places of the story, each a folder with a machine: a portal's office, two routers and a bag of paper.

Every command is a process of the real program; only clock, randomness and hardware are told to it. After
every command at the portal the books are added up twice: by the program's own audit, and from the movements,
past the program.
"""

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from tests.cli.desk import START, Outcome
from tests.cli.processes import Machines

ASSETS = ("available", "reserved", "in_doubt", "failed", "expired", "written_off")
SOURCES = ("entitled", "shortfall")


@dataclass(slots=True)
class Site:
    """The whole scene, and its clock."""

    machines: Machines
    now: datetime = START

    @classmethod
    def at(cls, folder: Path, program: Path) -> "Site":
        """Return a scene in an empty folder, where this program is run."""
        return cls(Machines(folder, (str(program),)))

    @property
    def folder(self) -> Path:
        """Where everything is."""
        return self.machines.folder

    # --- running -------------------------------------------------------------------------------

    def run(self, *argv: str, on: str = "portal", stdin: str = "") -> Outcome:
        """Run a command, some minutes after the one before."""
        self.now += timedelta(minutes=7)
        return self.machines.run(*argv, on=on, stdin=stdin, FAKE_NOW=self.now.isoformat())

    def done(self, *argv: str, on: str = "portal", stdin: str = "") -> str:
        """Run a command that must do its work, check the books, and return what it printed."""
        outcome = self.run(*argv, on=on, stdin=stdin)
        assert outcome.code == 0, (argv, outcome.err)
        self.check_books()
        return outcome.out.strip()

    def refused(self, code: int, word: str, *argv: str, on: str = "portal", stdin: str = "") -> Outcome:
        """Run a command that must be refused, with a word in its message, and must write nothing."""
        before = self.everything_written()
        outcome = self.run(*argv, on=on, stdin=stdin)
        assert outcome.code == code, (argv, outcome)
        assert word in outcome.err, outcome.err
        assert self.everything_written() == before, f"{argv} was refused and wrote something"
        self.check_books()
        return outcome

    def json(self, *argv: str, on: str = "portal") -> Any:
        """Return the JSON object that a command prints."""
        outcome = self.run(*argv, "--json", on=on)
        assert outcome.code == 0, outcome.out
        return json.loads(outcome.out)

    # --- looking -------------------------------------------------------------------------------

    def stock(self, tag: str) -> dict[str, int]:
        """Return where the licences of an entitlement are, zeros left out."""
        counts: Counter[str] = Counter()
        for entry in self.json("portal", "license", "list")["licenses"]:
            if entry["tag"] == tag:
                counts.update(entry["counts"])
        return {name: count for name, count in counts.items() if count}

    def check_books(self) -> None:
        """Add up the books, by the program and past it."""
        if not (self.folder / "portal.db").exists():
            return
        audit = self.json("portal", "audit")
        assert (audit["sound"], audit["findings"]) == (True, [])
        for lot, accounts in self._accounts().items():
            assets = sum(accounts[name] for name in ASSETS)
            assert assets == sum(accounts[name] for name in SOURCES), (lot, accounts)
            assert all(count >= 0 for count in accounts.values()), (lot, accounts)

    def _accounts(self) -> dict[bytes, Counter[str]]:
        """Return every account of every lot, from the movements alone."""
        accounts: dict[bytes, Counter[str]] = {}
        path = str(self.folder / "portal.db")
        with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as books:
            for lot, count, source, target in books.execute(
                "SELECT lot_id, count, source, target FROM movements"
            ):
                of_lot = accounts.setdefault(lot, Counter())
                of_lot[source] += count if source in SOURCES else -count
                of_lot[target] += -count if target in SOURCES else count
        return accounts

    def everything_written(self) -> dict[str, Any]:
        """Return every row of the books and every byte of the devices' folders."""
        written: dict[str, Any] = {
            str(file): file.read_bytes()
            for machine in ("router", "spare")
            if (self.folder / machine).is_dir()
            for file in sorted((self.folder / machine).rglob("*"))
            if file.is_file() and file.name != "lock"
        }
        if (self.folder / "portal.db").exists():
            path = str(self.folder / "portal.db")
            with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as books:
                tables = [
                    row[0] for row in books.execute("SELECT name FROM sqlite_schema WHERE type='table'")
                ]
                notes = {
                    row[0]
                    for row in books.execute(
                        "SELECT event_id FROM events WHERE kind IN ('stock-refused', 'key-refused')"
                    )
                }
                for table in tables:
                    rows = list(books.execute(f'SELECT * FROM "{table}"'))
                    # A note for an alert, which a refusal may leave after it, and its place in the chain.
                    written[table] = [row for row in rows if not notes & set(row)]
        return written
