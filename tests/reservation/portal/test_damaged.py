"""Books that somebody damaged: whatever stands in a row, reading ends with an error that says so, or works.

Each example damages one place and then runs the verbs that read, on a day before a lot's end too, when its
end has to be taken back. The audit itself never gives up: it says how far it came.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from codec.catalogue import Catalogue
from codec.codes import Term
from codec.errors import CodecError
from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.errors import ReservationError, StateDamagedError
from reservation.roles import Verb
from reservation.service import LinesWanted, Portal, log
from tests.reservation.portal.appliance import START, Time, seeded
from tests.reservation.portal.conftest import PASSPHRASE, fast_folder, found
from tests.reservation.portal.verbs import CALLS, OWN, device, staffed
from tests.search import examples

READING = (
    Verb.REISSUE, Verb.FIND_RESERVATION, Verb.SHOW_RESERVATION, Verb.LIST_RESERVATIONS, Verb.LIST_LICENSES,
    Verb.OVERVIEW, Verb.LIST_VIRTUAL_ACCOUNTS, Verb.USAGE, Verb.EXPOSURE, Verb.EXPIRING, Verb.TRANSACTIONS,
    Verb.SHOW_CATALOGUE, Verb.LIST_PRODUCTS, Verb.TRUST_FILE, Verb.LIST_ISSUERS, Verb.DEVICES_BEHIND,
    Verb.LIST_ALERTS, Verb.PENDING_DECISIONS, Verb.NEEDS_KEY, Verb.SHOW_POLICY, Verb.LIST_USERS,
    Verb.LIST_ACCESS, Verb.HAS_PASSPHRASE, Verb.LIST_AGREEMENTS, Verb.SHOW_AGREEMENT, Verb.EVENTS,
    Verb.AUDIT, Verb.SHOW_QUARANTINE, Verb.VERIFY_NOTES, Verb.PREVIEW_ORDER, Verb.EXPORT_LOG,
    Verb.SIGN_CHECKPOINT, Verb.SWEEP,
)  # fmt: skip
LATER = START + timedelta(days=20)
EARLIER = START - timedelta(days=1)
_INSTEAD: dict[type, tuple[Any, ...]] = {
    int: (-1, 0, 1, 7, 2**31, 2**62, -(2**63)),
    str: (
        *("", "x", "é", "a\0b", "returned", "[]", "{}", "null", "[" * 9000, '{"lot": 1}', "Q"),
        *("2026-02-30", "9999-12-31", "0001-01-01", "2026-03-02T09:30:00.000000", b"\xff\x80"),
    ),
    bytes: (b"", bytes(7), bytes(8), b"\xff" * 8, bytes(32), b"\xff" * 32),
}
"""What stands in the place of a value. Bytes in the place of a text are no text."""


def _whole(ann: Portal, time: Time) -> None:
    """Make books with something in nearly every table, and a lot whose end is posted while it is held."""
    staffed(ann)
    term = Term(date(2026, 1, 1), (START + timedelta(days=8)).date())
    service.add_license(ann, "TERM", 9, virtual_account=OWN, term=term)
    request = device(OWN, "for a time").request()
    service.reserve(ann, request, virtual_account=OWN, choice=LinesWanted({"TERM": 3}))
    service.add_catalogue(ann, Catalogue(("ROUTE", "TERM")))
    service.set_product(ann, "TR-100", minimum_match=2)
    time.set(LATER)
    service.sweep(ann)
    log.sign_checkpoint(ann)


def _opened(url: str, founded: Founded, time: Time) -> Portal:
    return bootstrap.open_portal(
        url,
        actor="ann",
        clock=time,
        random=seeded("damaged"),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )


@dataclass(frozen=True, slots=True)
class Books:
    """A database as one string of bytes, and what opens it."""

    content: bytes
    founded: Founded
    path: Path

    def damaged(self, change: Callable[[apsw.Connection], object]) -> str:
        """Write the database anew, change it past the program, and return its URL."""
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(f"{self.path.name}{ending}").unlink(missing_ok=True)
        self.path.write_bytes(self.content)
        with closing(apsw.Connection(str(self.path))) as connection:
            connection.pragma("ignore_check_constraints", True)
            for (name,) in list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
                connection.execute(f"DROP TRIGGER {name}")
            change(connection)
        return f"sqlite://{self.path}"


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with fast_folder() as folder:
        path, time = folder / "portal.db", Time()
        founded = found(f"sqlite://{path}", folder / "keys")
        with closing(_opened(f"sqlite://{path}", founded, time)) as ann:
            _whole(ann, time)
        with closing(apsw.Connection(str(path))) as connection:
            connection.pragma("journal_mode", "delete")
        yield Books(path.read_bytes(), founded, folder / "damaged.db")


def _damage(connection: apsw.Connection, data: st.DataObject) -> str:
    """Change or delete one row of a table; return which, or nothing when the engine does not have it."""
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'"
        )
        if list(connection.execute(f"SELECT 1 FROM {name} LIMIT 1"))
    ]
    table = data.draw(st.sampled_from(tables), label="table")
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    rows = list(connection.execute(f"SELECT * FROM {table}"))
    row = data.draw(st.sampled_from(rows), label="row")
    where = " AND ".join(f"{column} IS ?" for column in columns)
    place = data.draw(st.integers(-1, len(columns) - 1), label="column")
    if place < 0:
        connection.execute(f"DELETE FROM {table} WHERE {where}", row)
        return f"{table} deleted"
    pools = [_INSTEAD.get(type(row[place])) or sum(_INSTEAD.values(), ()), (None, *(r[place] for r in rows))]
    new = data.draw(st.sampled_from(sum(pools, ())), label="value")
    as_text = isinstance(row[place], str) and isinstance(new, bytes)
    try:
        value = "CAST(? AS TEXT)" if as_text else "?"
        connection.execute(f"UPDATE {table} SET {columns[place]} = {value} WHERE {where}", (new, *row))
    except (apsw.ConstraintError, apsw.MismatchError):
        return ""
    return f"{table} changed"


def _read_everything(url: str, founded: Founded, now: Any) -> set[str]:
    """Run each verb; return what errors were answered. Any that is not the program's own is raised."""
    errors, time = set[str](), Time()
    time.set(now)
    try:
        portal = _opened(url, founded, time)
    except (ReservationError, CodecError) as error:
        return {error.code}
    with closing(portal):
        for verb in READING:
            try:
                answer = CALLS[verb](portal, OWN)
                if isinstance(answer, log.Export):
                    list(answer.lines)
            except (ReservationError, CodecError) as error:
                errors.add(error.code)
    return errors


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), now=st.sampled_from([LATER, EARLIER]))
def test_only_errors_of_the_program_come_of_damage(books: Books, data: st.DataObject, now: Any) -> None:
    done: list[str] = []
    url = books.damaged(lambda connection: done.append(_damage(connection, data)))
    event(done[0] or "refused by the engine")
    _read_everything(url, books.founded, now)


def test_books_that_are_whole_answer_everything(books: Books) -> None:
    url = books.damaged(lambda _: None)
    assert _read_everything(url, books.founded, LATER) == set()


#: What was done, and on which day it shows.
KNOWN: dict[str, tuple[str, Any, Verb]] = {
    "more is held than ended": (
        "UPDATE balances SET expired = 1 WHERE expired > 2", EARLIER, Verb.OVERVIEW,
    ),
    "more is held than ended, at the next write": (
        "UPDATE balances SET expired = 1 WHERE expired > 2", EARLIER, Verb.SWEEP,
    ),
    "a role that is none": (
        "UPDATE grants SET role = 'king' WHERE user_name = 'uma'", LATER, Verb.LIST_USERS,
    ),
    "a name that is no text": (
        "UPDATE accounts SET name = CAST(x'ff80' AS TEXT)", LATER, Verb.OVERVIEW,
    ),
    "more epochs than there can be": (f"UPDATE portal SET epoch = {2**62}", LATER, Verb.SIGN_CHECKPOINT),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_damage_is_called_so_and_names_the_audit(books: Books, name: str) -> None:
    statement, now, verb = KNOWN[name]
    url, time = books.damaged(lambda connection: list(connection.execute(statement))), Time()
    time.set(now)
    with pytest.raises(StateDamagedError) as caught, closing(_opened(url, books.founded, time)) as portal:
        CALLS[verb](portal, OWN)
    assert "tallystick portal audit" in caught.value.hint


def test_the_audit_goes_on_behind_a_row_that_nobody_can_read(books: Books) -> None:
    statement = "UPDATE reservations SET opened_at = 'x' WHERE serial_number = 'Own out'"

    def change(connection: apsw.Connection) -> None:
        connection.execute(statement)
        connection.execute("UPDATE grants SET role = 'king' WHERE user_name = 'uma'")
        connection.execute("UPDATE balances SET available = available + 5")

    with closing(_opened(books.damaged(change), books.founded, Time())) as portal:
        found = service.audit(portal)
    assert {"equation", "row"} <= {one.kind for one in found}
    assert {"the people", "the reservations"} <= {one.subject for one in found if one.kind == "row"}


def test_tables_of_another_form_are_called_so(engine: str, url: str, portal: Portal) -> None:
    changed = "ALTER TABLE policies RENAME COLUMN margin_days TO margin"
    if engine == "sqlite":
        with closing(apsw.Connection(url.removeprefix("sqlite://"))) as connection:
            connection.execute(changed)
    else:
        with psycopg.connect(url) as server:
            server.execute(changed.encode())
    with pytest.raises(StateDamagedError, match=r"margin_days.*schema is number 1, as this") as caught:
        service.show_policy(portal)
    assert "the version that made it" in caught.value.hint


def test_a_server_s_books_are_called_damaged_too(
    engine: str, url: str, portal: Portal, time: Time, founded: Founded
) -> None:
    _whole(portal, time)
    changed = "UPDATE balances SET expired = 1 WHERE expired > 2"
    if engine == "sqlite":
        with closing(apsw.Connection(url.removeprefix("sqlite://"))) as connection:
            connection.pragma("ignore_check_constraints", True)
            connection.execute(changed)
    else:
        with psycopg.connect(url) as server:
            found = server.execute(
                "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = 'balances'::regclass"
            ).fetchall()
            for (name,) in found:
                server.execute(f"ALTER TABLE balances DROP CONSTRAINT {name}".encode())
            server.execute(changed.encode())
    time.set(EARLIER)
    with pytest.raises(StateDamagedError, match=r"do not fit together.*no movement"):
        service.overview(portal)
    with pytest.raises(StateDamagedError, match=r"do not fit together.*no movement"):
        service.sweep(portal)
