"""The audit finds what was changed behind the program's back: each way to cheat has a test.

A hand with the file can drop the triggers and constraints first, so the tests do.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from codec.codes import Sequence
from reservation import service
from reservation.model import Reservation
from reservation.service import LinesWanted, Portal
from reservation.sql.sqlite_engine import open_store
from tests.reservation.portal.appliance import Appliance

TRAM, BOAT, TUG = Appliance("tram"), Appliance("boat"), Appliance("tug")


@pytest.fixture
def busy(portal: Portal) -> Portal:
    """One active reservation, one in doubt, one returned, one kept; and a tally."""
    service.add_license(portal, "ROUTE", 20)
    service.add_license(portal, "USAGE", 1, reporting_only=True)
    for name, count in {"tram": 4, "boat": 3, "tug": 2, "van": 5}.items():
        device = Appliance(name)
        issued = service.reserve(
            portal, device.request(), choice=LinesWanted({"ROUTE": count, "USAGE": count})
        )
        if name in {"tram", "van"}:
            service.accept(portal, device.confirmation(issued, portal))
    service.accept(portal, TUG.give_back(TUG.request().id))
    service.accept(portal, Appliance("van").give_back(Appliance("van").request().id))
    return portal


def tamper(database: Path, statement: str) -> None:
    """Change the file as somebody would who knows SQL: without triggers and constraints."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.pragma("ignore_check_constraints", True)
        for (name,) in list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
            connection.execute(f"DROP TRIGGER {name}")
        for (name,) in list(
            connection.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%UNIQUE INDEX%'")
        ):
            connection.execute(f"DROP INDEX {name}")
        connection.execute(statement)


@contextmanager
def reopened(portal: Portal, database: Path) -> Iterator[Portal]:
    """Give a portal that is opened after somebody changed its file: one that was open writes no more."""
    with closing(open_store(database)) as store:
        yield replace(portal, store=store)


def test_books_that_are_right_have_no_findings(busy: Portal) -> None:
    seen: list[Reservation] = []
    assert service.audit(busy, progress=seen.append) == ()
    assert len(seen) == 4


def of(serial_number: str) -> str:
    """Return the condition that a row is of one device's reservation."""
    found = f"SELECT reservation_id FROM reservations WHERE serial_number = '{serial_number}'"
    return f"reservation_id = ({found})"


TRAM_S, BOAT_S, TUG_S = of("tram"), of("boat"), of("tug")


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        # More licences than were bought, the equation kept.
        ("UPDATE balances SET available = available + 5, entitled = entitled + 5 WHERE entitled > 0",
         "balance", "available is 13, and its movements make it 8"),
        ("UPDATE balances SET available = available + 5", "equation", "the two sides of its accounts differ"),
        ("UPDATE balances SET reserved = 0, available = available + 4 WHERE reserved = 4",
         "balance", "reserved is 0, and its reservations make it 4"),
        ("UPDATE balances SET tallied = 1 WHERE tallied > 0", "balance", "tallied is 1"),
        ("UPDATE movements SET count = count + 1 WHERE source = 'entitled'", "balance", "its movements"),
        ("DELETE FROM movements WHERE source = 'entitled'", "balance", "available is 8, and its movements"),
        ("DELETE FROM movements WHERE target = 'available' AND source = 'in_doubt'", "balance", "available"),
        ("DELETE FROM balances WHERE entitled > 0", "balance", "it has movements and no balance"),
        ("DELETE FROM additions", "addition", "entitled is 20, and 0 were added"),
        ("UPDATE additions SET count = 90 WHERE count = 20", "addition", "entitled is 20, and 90 were added"),
        # A hold that was let go, or lowered.
        (f"DELETE FROM holds WHERE {TRAM_S}", "hold", "does not hold what"),
        (f"UPDATE holds SET in_doubt = 1 WHERE {BOAT_S}", "hold", "does not hold"),
        (f"UPDATE holds SET reserved = 1, in_doubt = 3 WHERE {TRAM_S}", "hold", "does not hold"),
        ("DELETE FROM holds", "balance", "its reservations make it 0"),
        # A reservation that was closed, or confirmed, by hand.
        (f"UPDATE reservations SET state = 'returned', closed_at = opened_at WHERE {TRAM_S}",
         "state", "its return code says otherwise"),
        (f"UPDATE reservations SET state = 'active', closed_at = NULL WHERE {TUG_S}",
         "state", "it is active, and its"),
        (f"UPDATE reservations SET confirmed_epoch = 0, confirmed_number = 1 WHERE {BOAT_S}",
         "state", "confirmed is 0.1, and its codes confirm None"),
        (f"UPDATE reservations SET state = 'updating' WHERE {TRAM_S}",
         "state", "it is updating, and its codes say otherwise"),
        ("UPDATE reservations SET kept = NULL WHERE kept IS NOT NULL", "hold", "does not hold"),
        (f"UPDATE reservations SET number = 2 WHERE {TRAM_S}",
         "sequence", "its newest authorization is not 0.2"),
        ("UPDATE reservations SET confirmed_number = 7 WHERE state = 'returned' AND kept IS NOT NULL",
         "state", "confirmed is 0.7, and no code confirms that"),
        # Codes that were taken away, exchanged or altered.
        (f"DELETE FROM codes WHERE kind = 'C' AND {TRAM_S}", "state", "its codes confirm None"),
        ("DELETE FROM codes WHERE kind = 'R'", "state", "its return code says otherwise"),
        (f"DELETE FROM codes WHERE kind = 'Q' AND {BOAT_S}", "code", "it has 0 requests"),
        (f"DELETE FROM codes WHERE kind = 'A' AND {BOAT_S}", "sequence", "newest authorization is not 0.1"),
        ("UPDATE codes SET code_text = substr(code_text, 1, 60) || '0000' || substr(code_text, 65)"
         f" WHERE kind = 'A' AND {BOAT_S}", "code", "its text was changed in group 16"),
        ("UPDATE codes SET code_text = (SELECT c.code_text FROM codes AS c WHERE c.kind = codes.kind"
         " AND c.reservation_id <> codes.reservation_id LIMIT 1) WHERE kind = 'Q'", "code", "its id is"),
        (f"UPDATE codes SET code_text = (SELECT code_text FROM codes WHERE kind = 'Q' LIMIT 1)"
         f" WHERE kind = 'A' AND {BOAT_S}", "code", "it is of another kind"),
        ("UPDATE codes SET number = 3 WHERE kind = 'A'", "sequence", "numbered [3]"),
        ("UPDATE codes SET number = 3 WHERE kind = 'A'", "code", "its sequence is another one"),
        ("UPDATE codes SET code_text = 'nonsense'", "code", "is wrong"),
        # An allocation that says less than the code.
        (f"UPDATE allocations SET count = 1 WHERE {BOAT_S}",
         "code", "it grants other lines than were allocated"),
        ("DELETE FROM allocations", "code", "it grants other lines than were allocated"),
        (f"UPDATE allocations SET number = 2 WHERE {BOAT_S}",
         "allocation", "allocations without an authorization"),
        ("DELETE FROM codes WHERE kind = 'R'", "event", "an event 'returned' has no code"),
        ("DELETE FROM events WHERE kind = 'reserved'", "database", "refers to nothing"),
        # The root's word, and whom it certifies.
        ("UPDATE trusts SET code_text = substr(code_text, 1, 60) || '0000' || substr(code_text, 65)",
         "trust", "its serial, id or text"),
        ("UPDATE trusts SET code_text = '>' || code_text", "trust", "its serial, id or text"),
        ("UPDATE trusts SET serial = 5", "trust", "its serial, id or text"),
        ("UPDATE trusts SET code_id = zeroblob(32)", "trust", "its serial, id or text"),
        ("UPDATE trusts SET code_text = (SELECT code_text FROM codes WHERE kind = 'Q' LIMIT 1)",
         "trust", "a trust code is needed"),
        ("UPDATE portal SET root_key = issuer_key", "trust", "not what the newest trust code says"),
        ("UPDATE portal SET issuer_until = '2030-01-01'", "trust", "not what the newest trust code says"),
        ("UPDATE portal SET issuer_revoked = 1", "trust", "not what the newest trust code says"),
        ("UPDATE trusts SET root_key = (SELECT issuer_key FROM portal)", "trust", "does not hold"),
        ("UPDATE issuers SET issuer_key = (SELECT root_key FROM portal)", "trust", "does not certify it"),
        ("DELETE FROM issuers", "trust", "not the one that came into use last"),
        ("UPDATE portal SET portal_id = zeroblob(8)", "trust", "another portal's"),
        ("UPDATE portal SET issuer_key = root_key", "trust", "does not certify it"),
        ("DELETE FROM trusts", "trust", "does not certify it"),
    ],
)  # fmt: skip
def test_the_audit_names(statement: str, kind: str, message: str, busy: Portal, database: Path) -> None:
    tamper(database, statement)
    findings = service.audit(busy)
    assert [one for one in findings if one.kind == kind and message in one.message], findings


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TRIGGER trusts_stay", "the trigger trusts_stay is missing"),
        ("CREATE TRIGGER quiet AFTER INSERT ON events BEGIN SELECT 1; END",
         "the trigger quiet is none of this program's"),
        ("CREATE VIEW copies AS SELECT * FROM codes", "the view copies is none of this program's"),
        ("ALTER TABLE trusts ADD COLUMN note TEXT", "the table trusts was changed"),
    ],
)  # fmt: skip
def test_the_audit_names_what_is_not_of_the_schema(
    statement: str, message: str, busy: Portal, database: Path
) -> None:
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute(statement)
    assert [(one.kind, one.message) for one in service.audit(busy)] == [("database", message)]


def test_a_forged_key_of_a_device_is_found(busy: Portal, database: Path) -> None:
    tamper(database, f"UPDATE reservations SET device_key = zeroblob(32) WHERE {TRAM_S}")
    findings = service.audit(busy)
    assert any("its stored confirmation is wrong" in one.message for one in findings)


def test_audit_after_every_kind_of_life_finds_nothing(busy: Portal) -> None:
    issued = service.reissue(busy, TRAM.request().id)
    service.update(busy, issued.reservation_id, {"ROUTE": 1})
    service.update(busy, issued.reservation_id, {"USAGE": 0})
    assert service.audit(busy) == ()
    service.accept(busy, TRAM.give_back(issued.reservation_id, Sequence(0, 1)))
    service.accept(busy, TRAM.give_back(issued.reservation_id, Sequence(0, 3), number=12))
    assert service.audit(busy) == ()
