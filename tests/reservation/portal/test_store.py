"""The contract of `reservation.store`: what every store must do. Each store there is runs all of it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from codec.codes import CatalogueId, Kind, Mode, Sequence, Term, Udi
from reservation.errors import ConstraintBrokenError, RuleError
from reservation.ledger import Account, Movement, within
from reservation.lots import Stock
from reservation.model import (
    Addition,
    Allocation,
    EarlyReturn,
    Event,
    EventKind,
    Grade,
    Held,
    Kept,
    Lot,
    Product,
    Reservation,
    Stamp,
    State,
    StoredCode,
    VirtualAccount,
)
from reservation.standing import Changes, IssuedSequence, Standing
from reservation.store import Moved, PageOf, Reading, Store, Writing
from tests.reservation.portal.appliance import START

PERPETUAL = Lot(b"lot-0001", "ROUTE")
TERM = Lot(b"lot-0002", "CRYPTO", Term(date(2026, 1, 1), date(2026, 6, 30)), True, False)
USAGE = Lot(b"lot-0003", "USAGE", None, False, True)
LATER = START + timedelta(days=1, microseconds=7)


def place_of(store: Store) -> bytes:
    return store.read(lambda books: books.virtual_accounts()[0].id)


def event(number: int, kind: EventKind = EventKind.RESERVED, of: bytes | None = None) -> Event:
    stamp = Stamp.of(START, "ann", number.to_bytes(7, "big"))
    return Event(stamp.event_id(0), START, "ann", kind, "subject", of, {"number": number, "who": "ünï"})


def stock_up(store: Store) -> bytes:
    """Add ten of each lot, and return the Virtual Account."""
    place = place_of(store)

    def work(books: Writing) -> None:
        for number, lot in enumerate((PERPETUAL, TERM, USAGE), start=100):
            books.add_lot(lot, place)
            bought = within(place, lot.id, 10, Account.ENTITLED, Account.AVAILABLE)
            books.record(
                Changes(
                    event(number, EventKind.LICENSE_ADDED),
                    movements=() if lot.reporting_only else (bought,),
                    additions=(Addition(lot.id, place, 10, "PO-1"),),
                )
            )

    store.write(work)
    return place


def reservation(place: bytes, name: str = "tram", number: int = 1) -> Reservation:
    return Reservation(
        id=name.encode().ljust(32, b"."),
        virtual_account_id=place,
        state=State.ISSUED,
        udi=Udi("TR-100", name),
        device_key=b"k" * 32,
        mode=Mode.SPECIFIC,
        members=1,
        required_matches=3,
        catalogue=CatalogueId(5, b"abcd"),
        sequence=Sequence(0, 1),
        confirmed=None,
        opened_at=START,
        changed_at=START,
        unconfirmed_since=START,
        closed_at=None,
        kept=None,
        page_key=event(number).id,
    )


def code(of: Reservation, kind: Kind, sequence: Sequence | None = None) -> StoredCode:
    from_device = kind is not Kind.AUTHORIZATION
    return StoredCode(
        id=f"{kind.value}{sequence}".encode().ljust(32, b"."),
        reservation_id=of.id,
        kind=kind,
        text=f"{kind.value}TEXT",
        sequence=sequence,
        code_number=7 if from_device else None,
        link=b"link" if from_device else None,
        at=START,
        actor="ann",
    )


def opening(of: Reservation, number: int = 1) -> Changes:
    held = {PERPETUAL.id: Held(0, 4), USAGE.id: Held(0, 9)}
    return Changes(
        event=event(number, of=of.id),
        reservation=of,
        opened=True,
        allocations=(Allocation(of.sequence, PERPETUAL.id, 4), Allocation(of.sequence, USAGE.id, 9)),
        held=held,
        movements=(
            within(of.virtual_account_id, PERPETUAL.id, 4, Account.AVAILABLE, Account.IN_DOUBT),
            within(of.virtual_account_id, USAGE.id, 9, Account.UNMETERED, Account.TALLIED),
        ),
        codes=(code(of, Kind.REQUEST), code(of, Kind.AUTHORIZATION, of.sequence)),
        alerts=(replace(event(number, EventKind.KEY_CHANGED, of.id), id=event(number).id[:-1] + b"\1"),),
    )


def counts(books: Reading, lot: Lot) -> dict[str, int]:
    (balance,) = books.balances_of_lot(lot.id)
    return {account.value: count for account, count in balance.counts.items() if count}


def test_what_is_recorded_is_read_back(store: Store) -> None:
    place = stock_up(store)
    tram = reservation(place)
    store.write(lambda books: books.record(opening(tram)))

    def look(books: Reading) -> None:
        assert books.reservation(tram.id) == tram
        assert books.standing(tram.id) == Standing(
            reservation=tram,
            issued=(
                IssuedSequence(Sequence(0, 1), code(tram, Kind.AUTHORIZATION, Sequence(0, 1)).id, START),
            ),
            allocations={Sequence(0, 1): {PERPETUAL.id: 4, USAGE.id: 9}},
            held={PERPETUAL.id: Held(0, 4), USAGE.id: Held(0, 9)},
            lots={PERPETUAL.id: PERPETUAL, USAGE.id: USAGE},
        )
        first = event(1, of=tram.id)
        stored = replace(code(tram, Kind.REQUEST), event_id=first.id)
        assert books.code(tram.id, stored.id) == stored
        assert [one.kind for one in books.codes(tram.id)] == [Kind.REQUEST, Kind.AUTHORIZATION]
        assert [one.kind for one in books.events_of(tram.id)] == [EventKind.RESERVED, EventKind.KEY_CHANGED]
        assert books.event(first.id) == first
        assert books.moved(first.id) == (
            Moved(PERPETUAL, within(place, PERPETUAL.id, 4, Account.AVAILABLE, Account.IN_DOUBT)),
            Moved(USAGE, within(place, USAGE.id, 9, Account.UNMETERED, Account.TALLIED)),
        )
        assert counts(books, PERPETUAL) == {"available": 6, "in_doubt": 4, "entitled": 10}
        assert counts(books, USAGE) == {"tallied": 9}
        assert books.held_of_lot(PERPETUAL.id) == {place: Held(0, 4)}
        assert books.holds_of((tram.id, b"x" * 32)) == {
            tram.id: ((PERPETUAL, Held(0, 4)), (USAGE, Held(0, 9)))
        }
        assert books.issued_id(tram.id, Sequence(0, 1)) == code(tram, Kind.AUTHORIZATION, Sequence(0, 1)).id
        assert books.issued_id(tram.id, Sequence(0, 2)) is None

    store.read(look)


def test_a_changed_reservation_replaces_what_stood(store: Store) -> None:
    place = stock_up(store)
    tram = reservation(place)
    changed = replace(
        tram,
        state=State.RETURNED,
        confirmed=Sequence(0, 1),
        changed_at=LATER,
        unconfirmed_since=LATER,
        closed_at=LATER,
        kept=Kept.HARDWARE_MISMATCH,
        grade=Grade.MAC,
        wrong_tries=3,
    )
    back = within(place, PERPETUAL.id, 1, Account.IN_DOUBT, Account.AVAILABLE)
    store.write(lambda books: books.record(opening(tram)))
    store.write(
        lambda books: books.record(
            Changes(
                event(2, EventKind.RETURNED, tram.id),
                reservation=changed,
                held={PERPETUAL.id: Held(0, 3)},
                movements=(back,),
                codes=(code(tram, Kind.RETURN, Sequence(0, 1)),),
            )
        )
    )
    standing = store.read(lambda books: books.standing(tram.id))
    assert standing is not None
    assert standing.reservation == changed
    assert standing.held == {PERPETUAL.id: Held(0, 3)}
    assert standing.returned == Sequence(0, 1)


def test_an_error_undoes_all_of_it(store: Store) -> None:
    place = stock_up(store)
    tram = reservation(place)

    def work(books: Writing) -> None:
        books.record(opening(tram))
        assert books.reservation(tram.id) == tram
        raise RuleError("no")

    with pytest.raises(RuleError):
        store.write(work)
    assert store.read(lambda books: books.reservation(tram.id)) is None
    assert store.read(lambda books: counts(books, PERPETUAL)) == {"available": 10, "entitled": 10}
    store.write(lambda books: books.record(opening(tram)))


@pytest.mark.parametrize("count", [11, 1000])
def test_no_account_is_ever_negative(store: Store, count: int) -> None:
    place = stock_up(store)
    move = within(place, PERPETUAL.id, count, Account.AVAILABLE, Account.IN_DOUBT)
    with pytest.raises(ConstraintBrokenError):
        store.write(lambda books: books.record(Changes(event(1), movements=(move,))))
    assert store.read(lambda books: counts(books, PERPETUAL)) == {"available": 10, "entitled": 10}


def test_a_movement_needs_a_balance(store: Store) -> None:
    place = stock_up(store)
    move = within(place, b"unknown.", 1, Account.AVAILABLE, Account.IN_DOUBT)
    with pytest.raises(ConstraintBrokenError):
        store.write(lambda books: books.record(Changes(event(1), movements=(move,))))
    with pytest.raises(ConstraintBrokenError, match="no row for reservation"):
        store.write(lambda books: books.record(replace(opening(reservation(place)), opened=False)))


def test_licences_move_between_virtual_accounts_with_their_entitlement(store: Store) -> None:
    place = stock_up(store)
    ships = VirtualAccount(b"ships...", "Ships")

    def work(books: Writing) -> None:
        books.add_virtual_account(ships)
        books.add_lot(PERPETUAL, ships.id)
        move = Movement(PERPETUAL.id, 3, Account.AVAILABLE, Account.AVAILABLE, place, ships.id)
        books.record(Changes(event(1), movements=(move,)))

    store.write(work)

    def look(books: Reading) -> None:
        found = {one.virtual_account_id: one.counts for one in books.balances_of_lot(PERPETUAL.id)}
        assert found[place][Account.ENTITLED] == found[place][Account.AVAILABLE] == 7
        assert found[ships.id][Account.ENTITLED] == found[ships.id][Account.AVAILABLE] == 3
        assert books.stock(ships.id, ("ROUTE", "CRYPTO")) == (Stock(PERPETUAL, 3, 0),)

    store.read(look)


def test_one_open_reservation_for_a_device(store: Store) -> None:
    place = stock_up(store)
    tram = reservation(place)
    store.write(lambda books: books.record(opening(tram)))
    other = replace(tram, id=b"o" * 32, page_key=event(2).id)
    with pytest.raises(ConstraintBrokenError):
        store.write(lambda books: books.record(opening(other, 2)))
    assert store.read(lambda books: books.newest_of_device(tram.udi)) == tram
    assert store.read(lambda books: books.newest_of_device(Udi("TR-100", "boat"))) is None


def test_the_open_reservation_of_a_device_comes_before_newer_closed_ones(store: Store) -> None:
    place = stock_up(store)
    closed = replace(reservation(place, number=9), state=State.RETURNED, closed_at=START)
    opened = replace(reservation(place), id=b"o" * 32)
    for number, one in ((2, closed), (1, opened)):
        changes = replace(opening(one, number), held={}, movements=(), codes=(), alerts=())
        store.write(lambda books, changes=changes: books.record(changes))  # type: ignore[misc]
    assert store.read(lambda books: books.newest_of_device(opened.udi)) == opened


def test_lots_whose_end_is_due_are_found_until_it_is_noted(store: Store) -> None:
    stock_up(store)
    assert store.read(lambda books: books.lots_to_post(date(2026, 6, 30))) == ()
    assert store.read(lambda books: books.lots_to_post(date(2026, 7, 1))) == (TERM.id,)
    store.write(lambda books: books.set_lot_expired(TERM.id, expired=True))
    assert store.read(lambda books: books.lots_to_post(date(2026, 7, 1))) == ()
    assert store.read(lambda books: books.lots_to_post(date(2026, 6, 30))) == (TERM.id,)
    assert store.read(lambda books: books.lot(TERM.id)) == replace(TERM, expired=True)


def test_ranges_of_ids_include_their_ends(store: Store) -> None:
    place = stock_up(store)
    names = ("aa", "ab", "b")
    for number, name in enumerate(names, start=1):
        changes = replace(opening(reservation(place, name, number), number), held={}, movements=())
        store.write(lambda books, changes=changes: books.record(changes))  # type: ignore[misc]
    ids = [name.encode().ljust(32, b".") for name in names]

    def between(low: bytes, high: bytes, most: int = 9) -> tuple[bytes, ...]:
        return store.read(lambda books: books.reservations_between(low, high, most))

    assert between(ids[0], ids[1]) == (ids[0], ids[1])
    assert between(b"a" + b"\0" * 31, b"a" + b"\xff" * 31, 1) == (ids[0],)
    assert store.read(lambda books: books.lots_between(b"lot-0002", b"lot-0003")) == (TERM.id, USAGE.id)
    assert [one.id for one in store.read(lambda books: tuple(books.every_reservation()))] == ids
    assert [one.id for one in store.read(lambda books: books.page(PageOf(most=2)))] == [ids[2], ids[1]]


def test_the_catalogue_is_found_by_place_and_by_tag(store: Store) -> None:
    def work(books: Writing) -> None:
        books.append_catalogue(0, ("A", "B"), 2, b"0002")
        books.append_catalogue(2, ("C",), 3, b"0003")

    store.write(work)

    def look(books: Reading) -> None:
        assert books.catalogue_tags() == ("A", "B", "C")
        assert [books.catalogue_digest(size) for size in (1, 2, 3)] == [None, b"0002", b"0003"]
        assert books.positions(("C", "A", "Z")) == {"C": 2, "A": 0}
        assert books.tags_at((2, 0, 9)) == {2: "C", 0: "A"}

    store.read(look)
    with pytest.raises(ConstraintBrokenError):
        store.write(lambda books: books.append_catalogue(3, ("A",), 4, b"0004"))


def test_products_virtual_accounts_and_early_returns(store: Store) -> None:
    early = EarlyReturn(b"hint", b"d" * 32, "RTEXT", START, "ann")

    def work(books: Writing) -> None:
        books.set_product(Product("TR-100", 2, None))
        books.set_product(Product("TR-100", None, "EVERYTHING"))
        books.add_virtual_account(VirtualAccount(b"ships...", "Ships"))
        books.record(Changes(event(1, EventKind.RETURN_KEPT)))
        books.add_early_return(early, event(1).id)

    store.write(work)

    def look(books: Reading) -> None:
        assert books.products() == (Product("TR-100", None, "EVERYTHING"),)
        assert books.product("TR-100") == Product("TR-100", None, "EVERYTHING")
        assert books.product("TR-200") is None
        assert [one.name for one in books.virtual_accounts()] == ["DEFAULT", "Ships"]
        assert books.virtual_account("Ships") == books.virtual_account_by_id(b"ships...")
        assert books.virtual_account("ships") is None
        assert books.early_returns(b"hint") == (early,)
        assert books.early_returns(b"else") == ()
        found = books.events(after=b"", most=9)
        assert books.newest_event_id() == found[-1].id
        assert event(1, EventKind.RETURN_KEPT) in found

    store.read(look)


def test_an_order_is_found_by_its_first_event(store: Store) -> None:
    place = stock_up(store)
    later = event(200, EventKind.LICENSE_ADDED)
    again = Changes(later, additions=(Addition(USAGE.id, place, 1, "PO-1"), Addition(TERM.id, place, 1, "")))
    store.write(lambda books: books.record(again))
    assert store.read(lambda books: books.order_event("PO-1")) == event(100, EventKind.LICENSE_ADDED)
    assert store.read(lambda books: books.order_event("PO-2")) is None
    assert store.read(lambda books: books.order_event("")) is None


def test_many_lots_are_made_known_once(store: Store) -> None:
    place = stock_up(store)
    ships = VirtualAccount(b"ships...", "Ships")
    new = Lot(b"lot-0004", "NEW")

    def work(books: Writing) -> None:
        books.add_virtual_account(ships)
        books.add_lots(((PERPETUAL, place), (PERPETUAL, ships.id), (new, place), (new, place)))

    store.write(work)

    def look(books: Reading) -> None:
        found = {(one.lot, one.virtual_account_id) for one in books.balances()}
        assert {(PERPETUAL, place), (PERPETUAL, ships.id), (new, place)} <= found
        assert len(books.balances()) == len(found) == 5
        assert books.stock(place, ("ROUTE", "NEW")) == (Stock(PERPETUAL, 10), Stock(new, 0))

    store.read(look)
