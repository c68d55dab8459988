"""Books of any size on SQLite: a thousand honest reservations, and copies of their rows.

The first thousand are reserved, confirmed and returned through the program: an audit of them finds nothing.
Larger books hold copies of these rows under other ids, with the sums that follow. Their balances, holds and
movements agree as well; but a copied code no longer fits its copied device, and the audit says so.

Not handled: decisions, restores and people, of which large books have few.
"""

import hashlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import apsw

from codec.codes import Sequence
from reservation.bootstrap import Founded, initialise, open_portal
from reservation.model import DEFAULT_VIRTUAL_ACCOUNT
from reservation.service import (
    LinesWanted,
    Portal,
    Role,
    accept,
    add_license,
    add_user,
    add_virtual_account,
    reserve,
)
from samples.cast import chance
from samples.story import BEGINS_AT
from tests.reservation.portal.appliance import Appliance

PASSPHRASE: Final = "only for the measurement"
SEED: Final = 1_000
TAGS: Final = ("ROUTE", "CRYPTO", "RECORD")
BRANCH: Final = "Branch"
EMPTY: Final = "Empty"
MEASURED_AT: Final = BEGINS_AT + timedelta(days=1)
_STOCK: Final = 10_000_000

#: What differs between a row and its copy; all else is the same.
_ID: Final = {"reservation_id": "cloned(reservation_id, copy)"}
_EVENT: Final = {"event_id": "moved(event_id, copy)"}
_COPIED: Final[Mapping[str, Mapping[str, str]]] = {
    "reservations": {
        **_ID,
        "serial_number": "serial_number || '-' || copy",
        "device_key": "cloned(device_key, copy)",
        "page_key": "moved(page_key, copy)",
    },
    "allocations": _ID,
    "holds": _ID,
    "events": {**_ID, **_EVENT},
    "codes": {**_ID, **_EVENT, "code_id": "cloned(code_id, copy)"},
    "movements": _EVENT,
    "chain": {**_EVENT, "number": "number + copy * :events", "hash": "cloned(hash, copy)"},
}
_OF_RESERVATIONS: Final = "event_id IN (SELECT event_id FROM seed_events)"
_WHICH: Final = {"events": _OF_RESERVATIONS, "movements": _OF_RESERVATIONS, "chain": _OF_RESERVATIONS}
_COPIES: Final = (
    "WITH RECURSIVE copies (copy) AS (VALUES (1) UNION ALL SELECT copy + 1 FROM copies WHERE copy < :copies)"
)


@dataclass(frozen=True, slots=True)
class Books:
    """A portal with many reservations.

    Attributes:
        database: Its file.
        founded: Its keys.
        size: How many reservations it has.
    """

    database: Path
    founded: Founded
    size: int

    @property
    def url(self) -> str:
        """The URL of the database."""
        return f"sqlite:///{self.database}"

    def opened(self, actor: str = "ann") -> Portal:
        """Open it with its issuer, a day after everything in it happened."""
        return open_portal(
            self.url,
            actor=actor,
            clock=lambda: MEASURED_AT,
            random=chance(f"{actor} at {self.size}"),
            issuer_file=self.founded.issuer_file,
            passphrase=PASSPHRASE,
        )


def seeded(folder: Path, size: int = SEED) -> Books:
    """Make books of honest reservations: of ten, two only issued, six active and two returned."""
    random = chance("books of many")
    founded = initialise(
        f"sqlite:///{folder / 'portal.db'}",
        account="Many",
        actor="ann",
        keys_folder=folder / "keys",
        passphrase=PASSPHRASE,
        clock=lambda: BEGINS_AT,
        random=random,
    )
    portal = open_portal(
        f"sqlite:///{founded.database}",
        actor="ann",
        clock=lambda: BEGINS_AT,
        random=random,
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )
    with closing(portal):
        add_user(portal, "bob", Role.ADMINISTRATOR)
        for place in (BRANCH, EMPTY):
            add_virtual_account(portal, place)
        add_user(portal, "vic", Role.VIRTUAL_ACCOUNT_USER, virtual_accounts=(EMPTY,))
        for tag in TAGS:
            add_license(portal, tag, _STOCK)
            add_license(portal, tag, _STOCK, virtual_account=BRANCH)
        for number in range(size):
            _live(portal, number)
    return Books(founded.database, founded, size)


def _live(portal: Portal, number: int) -> None:
    device = Appliance(f"SN{number:06d}")
    place = DEFAULT_VIRTUAL_ACCOUNT if number % 4 else BRANCH
    choice = LinesWanted({TAGS[number % len(TAGS)]: 1 + number % 3})
    issued = reserve(portal, device.request(), virtual_account=place, choice=choice)
    if number % 10 >= 2:
        accept(portal, device.confirmation(issued, portal))
    if number % 10 >= 8:
        accept(portal, device.give_back(issued.reservation_id, Sequence(0, 1)))


def grown(seed: Books, database: Path, size: int) -> Books:
    """Make a copy of books in another file, with copies of their reservations.

    Args:
        seed: The books.
        database: Where.
        size: How many reservations; a multiple of those of the seed.
    """
    with closing(apsw.Connection(str(seed.database), flags=apsw.SQLITE_OPEN_READONLY)) as books:
        books.execute("VACUUM INTO ?", (str(database),))
    if size > seed.size:
        with closing(apsw.Connection(str(database))) as books:
            _multiply(books, size // seed.size - 1)
    return Books(database, seed.founded, size)


def _multiply(books: apsw.Connection, copies: int) -> None:
    books.create_scalar_function("cloned", _cloned, 2, deterministic=True)
    books.create_scalar_function("moved", _moved, 2, deterministic=True)
    # Nothing here must last through a crash: the file is made anew then.
    for name, value in {"journal_mode": "OFF", "synchronous": "OFF", "cache_size": -1_000_000}.items():
        books.pragma(name, value)
    books.pragma("foreign_keys", False)
    indexes = list(
        books.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN "
            "('reservations', 'holds', 'events', 'codes')"
        )
    )
    books.execute(
        "CREATE TEMP TABLE seed_events AS SELECT event_id FROM events WHERE reservation_id IS NOT NULL"
    )
    # SQLite forgets with an index what it was told of it.
    told = books.execute("SELECT tbl, idx, stat FROM sqlite_stat1").fetchall()
    [(events,)] = books.execute("SELECT max(number) FROM chain")
    for name, _ in indexes:
        books.execute(f"DROP INDEX {name}")
    with books:
        for table in _COPIED:
            _copy_rows(books, table, {"copies": copies, "events": events})
        _add_up(books)
    for _, sql in indexes:
        books.execute(sql)
    books.execute("DELETE FROM sqlite_stat1")
    books.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", told)
    books.pragma("journal_mode", "WAL")


def _copy_rows(books: apsw.Connection, table: str, values: Mapping[str, int]) -> None:
    columns = [name for _, name, *_ in books.execute(f"PRAGMA table_info({table})")]
    changed = ", ".join(f"{_COPIED[table].get(name, name)} AS {name}" for name in columns)
    key = ", ".join(name for name in columns if name in _COPIED[table])
    which = _WHICH.get(table, "TRUE")
    # In the order of the key, so that pages are full.
    books.execute(
        f"{_COPIES} INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT * FROM (SELECT {changed} FROM {table}, copies WHERE {which}) ORDER BY 1, {key}",
        values,
    )


def _add_up(books: apsw.Connection) -> None:
    """Bring the balances up to what is held now."""
    for account in ("reserved", "in_doubt"):
        held = (
            f"(SELECT coalesce(sum(h.{account}), 0) FROM holds AS h JOIN reservations AS r "
            "USING (account_id, reservation_id) WHERE h.lot_id = balances.lot_id "
            "AND r.virtual_account_id = balances.virtual_account_id)"
        )
        books.execute(f"UPDATE balances SET available = available + {account} - {held}, {account} = {held}")


def _cloned(*given: Any) -> Any:
    value, copy = given
    return None if value is None else _digest(value, copy)[: len(value)]


def _moved(*given: Any) -> Any:
    """Return an id of the same moment."""
    value, copy = given
    return bytes(value[:8]) + _digest(value, copy)[:8]


def _digest(value: bytes, copy: int) -> bytes:
    return hashlib.sha256(value + copy.to_bytes(4)).digest()
