"""The database keeps the books right even when the program does not: everything here is done by raw SQL."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from reservation import service
from reservation.errors import ConstraintBrokenError
from reservation.ledger import Account, within
from reservation.model import Event, EventKind, Stamp
from reservation.service import LinesWanted, Portal
from reservation.standing import Changes
from reservation.store import Writing
from tests.reservation.portal.appliance import START, Appliance
from tests.reservation.portal.rows import every_row

TRAM, BOAT = Appliance("tram"), Appliance("boat")


@pytest.fixture
def busy(portal: Portal) -> Portal:
    service.add_license(portal, "ROUTE", 10, order_reference="PO-1")
    issued = service.reserve(portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4}))
    service.accept(portal, TRAM.confirmation(issued, portal))
    service.reserve(portal, BOAT.request(), choice=LinesWanted({"ROUTE": 1}))
    service.accept(portal, BOAT.give_back(BOAT.request().id))
    service.keep_return(portal, Appliance("tug").give_back(Appliance("tug").request().id).text)
    return portal


@pytest.fixture
def raw(busy: Portal, database: Path) -> Iterator[apsw.Connection]:
    del busy
    with closing(apsw.Connection(str(database))) as connection:
        connection.pragma("foreign_keys", True)
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        # No account is ever negative.
        "UPDATE balances SET available = available - 7, reserved = reserved + 7",
        "UPDATE balances SET reserved = reserved - 5, available = available + 5",
        "UPDATE balances SET in_doubt = -1, available = available + 1",
        "UPDATE balances SET tallied = -1",
        "UPDATE balances SET shortfall = -1, entitled = entitled + 1",
        # The books balance.
        "UPDATE balances SET available = available + 1",
        "UPDATE balances SET entitled = entitled + 1",
        "UPDATE balances SET shortfall = 1",
        "UPDATE balances SET expired = 3",
        # A movement moves something, between accounts that there are.
        "INSERT INTO movements SELECT account_id, event_id, 99, lot_id, 0, source, target,"
        " source_virtual_account_id, target_virtual_account_id FROM movements LIMIT 1",
        "INSERT INTO movements SELECT account_id, event_id, 99, lot_id, 1, source, 'nowhere',"
        " source_virtual_account_id, target_virtual_account_id FROM movements LIMIT 1",
        "INSERT INTO movements SELECT account_id, event_id, 99, lot_id, 1, source, source,"
        " source_virtual_account_id, target_virtual_account_id FROM movements LIMIT 1",
        "INSERT INTO movements SELECT account_id, zeroblob(16), 0, lot_id, 1, source, target,"
        " source_virtual_account_id, target_virtual_account_id FROM movements LIMIT 1",
        # Holds and allocations are of lots and reservations that there are.
        "UPDATE holds SET reserved = 0, in_doubt = 0",
        "UPDATE holds SET reserved = -1, in_doubt = 5",
        "UPDATE holds SET lot_id = zeroblob(8)",
        "DELETE FROM lots",
        "DELETE FROM virtual_accounts",
        "DELETE FROM accounts",
        # What happened is only ever added.
        "UPDATE movements SET count = count + 1",
        "DELETE FROM movements",
        "UPDATE events SET actor = 'nobody'",
        "DELETE FROM events",
        "UPDATE codes SET code_text = ''",
        "DELETE FROM codes",
        "UPDATE allocations SET count = 1",
        "DELETE FROM allocations",
        "UPDATE additions SET order_reference = ''",
        "DELETE FROM additions",
        "UPDATE trusts SET serial = 2",
        "DELETE FROM trusts",
        "UPDATE issuers SET serial = 2",
        "DELETE FROM issuers",
        "DELETE FROM early_returns",
        "UPDATE early_returns SET actor = 'nobody'",
        "DELETE FROM reservations",
        # A closed reservation stays closed; a device has one open reservation; a request is reserved once.
        "UPDATE reservations SET state = 'active', closed_at = NULL WHERE state = 'returned'",
        "UPDATE reservations SET serial_number = 'tram', state = 'issued', closed_at = NULL",
        "UPDATE reservations SET state = 'returned' WHERE state = 'active'",
        "UPDATE reservations SET state = 'lost'",
        "INSERT INTO accounts VALUES (zeroblob(8), 'Other');"
        "INSERT INTO virtual_accounts VALUES (zeroblob(8), zeroblob(8), 'DEFAULT', 0);"
        "INSERT INTO reservations SELECT zeroblob(8), reservation_id, zeroblob(8), state, product_id,"
        " serial_number, uuid, device_key, mode, members, required_matches, catalogue_size, catalogue_digest,"
        " epoch, number, confirmed_epoch, confirmed_number, opened_at, changed_at, unconfirmed_since,"
        " closed_at, kept, page_key, freed_on, frees_next, first_end, return_by, grade, wrong_tries"
        " FROM reservations LIMIT 1",
        # A confirmation has a grade; wrong short ones are counted to five.
        "UPDATE reservations SET grade = NULL WHERE confirmed_number IS NOT NULL",
        "UPDATE reservations SET grade = 'mac' WHERE confirmed_number IS NULL",
        "UPDATE reservations SET grade = 'guessed' WHERE confirmed_number IS NOT NULL",
        "UPDATE reservations SET wrong_tries = 6",
        # No two authorizations have one place.
        "INSERT INTO codes SELECT account_id, reservation_id, zeroblob(32), kind, code_text, epoch, number,"
        " code_number, link, at, actor, event_id FROM codes WHERE kind = 'A' LIMIT 1",
        # Types are kept.
        "UPDATE balances SET available = 'many'",
        "UPDATE lots SET ends = 'tomorrow', starts = '2026-01-01'",
        "UPDATE lots SET ends = '2026-01-01', starts = '2026-01-02'",
        "INSERT INTO portal SELECT 2, portal_id, epoch, minimum_match, root_key, issuer_key, issuer_from,"
        " issuer_until, issuer_revoked, created_at FROM portal",
    ],
)
def test_the_database_refuses(statement: str, raw: apsw.Connection, database: Path) -> None:
    before = every_row(database)
    with pytest.raises((apsw.ConstraintError, apsw.MismatchError)):
        raw.execute(f"BEGIN; {statement}; COMMIT")
    raw.execute("ROLLBACK")
    assert every_row(database) == before


def test_code_that_is_wrong_cannot_take_more_than_there_is(busy: Portal, database: Path) -> None:
    (license_,) = service.list_licenses(busy)
    stamp = Stamp.of(START, "ann", b"randoms", newest=busy.store.read(lambda books: books.newest_event_id()))

    def take_too_many(books: Writing) -> None:
        (place,) = books.virtual_accounts()
        movement = within(place.id, license_.lot.id, 7, Account.AVAILABLE, Account.IN_DOUBT)
        event = Event(stamp.event_id(0), START, "ann", EventKind.RESERVED, "wrong code")
        books.record(Changes(event, movements=(movement,)))

    before = every_row(database)
    with pytest.raises(ConstraintBrokenError, match="would break the books"):
        busy.store.write(take_too_many)
    assert every_row(database) == before


def test_the_index_of_every_list_is_used(raw: apsw.Connection) -> None:
    """No list goes through all reservations to find one page."""
    for filters, index in {
        "": "reservations_by_page",
        "AND state = 'active'": "reservations_by_state",
        "AND virtual_account_id = x'00'": "reservations_by_virtual_account",
        "AND virtual_account_id = x'00' AND state = 'active'": "reservations_by_virtual_account_state",
    }.items():
        plan = raw.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM reservation_rows WHERE account_id = x'00' AND page_key < x'00'"
            f" {filters} ORDER BY page_key DESC LIMIT 50"
        )
        steps = [row[3] for row in plan]
        assert len(steps) == 1
        assert f"USING INDEX {index} " in steps[0]
