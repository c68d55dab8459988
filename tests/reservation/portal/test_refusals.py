"""What is refused leaves no row behind, but a note for alerts; what is answered again adds none."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

import pytest

from codec.catalogue import Catalogue
from codec.codes import Mode, Sequence, Term
from codec.errors import CodecError
from reservation import service
from reservation.errors import (
    BusyError,
    InsufficientError,
    OpenReservationError,
    ReservationError,
    SetupError,
)
from reservation.service import UNIVERSAL, Issued, LinesWanted, Portal
from reservation.store import Reading, Store, Writing
from tests.reservation.portal.appliance import START, Appliance, Time
from tests.reservation.portal.rows import every_row

T = TypeVar("T")

TRAM, BOAT, TUG = Appliance("tram"), Appliance("boat"), Appliance("tug")


def reserve(portal: Portal, device: Appliance, count: int, **options: object) -> Issued:
    return service.reserve(
        portal,
        device.request(),
        choice=LinesWanted({"ROUTE": count}),
        **options,  # type: ignore[arg-type]
    )


def accept(portal: Portal, text: str) -> None:
    service.accept(portal, service.read_code(portal, text).code)


def never_issued(portal: Portal) -> str:
    issued = service.reissue(portal, TRAM.request().id)
    ahead = replace(issued, sequence=Sequence(0, 8))
    return TRAM.confirmation(ahead, portal).text


REFUSALS: dict[str, Callable[[Portal], object]] = {
    "too few": lambda portal: reserve(portal, TUG, 7),
    "none at all": lambda portal: service.reserve(portal, TUG.request(), choice=LinesWanted({"NONE": 1})),
    "no such Virtual Account": lambda portal: reserve(portal, TUG, 1, virtual_account="Nowhere"),
    "no such lot": lambda portal: reserve(portal, TUG, 1, term="ZZZZZZZZ"),
    "a lot of something else": lambda portal: service.reserve(
        portal, TUG.request(), choice=LinesWanted({"CRYPTO": 1}), term=service.list_licenses(portal)[1].name
    ),
    "nothing wanted": lambda portal: service.reserve(portal, TUG.request()),
    "only zeros wanted": lambda portal: service.reserve(
        portal, TUG.request(), choice=LinesWanted({"ROUTE": 0})
    ),
    "a negative count": lambda portal: service.reserve(
        portal, TUG.request(), choice=LinesWanted({"ROUTE": -1, "CRYPTO": 1})
    ),
    "a count that no code carries": lambda portal: reserve(portal, TUG, 1 << 24),
    "too loose a sketch": lambda portal: service.reserve(portal, TUG.request({"ROUTE": 1}, required=1)),
    "universal without stock": lambda portal: service.reserve(portal, TUG.request(), choice=UNIVERSAL),
    "named lines for a universal request": lambda portal: service.reserve(
        portal, TUG.request(mode=Mode.UNIVERSAL), choice=LinesWanted({"ROUTE": 1})
    ),
    "other lines": lambda portal: reserve(portal, TRAM, 5),
    "a second request": lambda portal: service.reserve(
        portal, TRAM.request(number=2), choice=LinesWanted({"ROUTE": 1})
    ),
    "a second request by another key": lambda portal: service.reserve(
        portal, Appliance("tram", key_seed="x").request(), choice=LinesWanted({"ROUTE": 1})
    ),
    "a returned request": lambda portal: reserve(portal, BOAT, 1),
    "an update of a returned one": lambda portal: service.update(portal, BOAT.request().id, {"ROUTE": 1}),
    "an update of nothing": lambda portal: service.update(portal, TRAM.request().id, {}),
    "an update to nothing": lambda portal: service.update(portal, TRAM.request().id, {"ROUTE": 0}),
    "an update beyond the pool": lambda portal: service.update(portal, TRAM.request().id, {"ROUTE": 11}),
    "an update of an unknown one": lambda portal: service.update(portal, TUG.request().id, {"ROUTE": 1}),
    "a returned authorization again": lambda portal: service.reissue(portal, BOAT.request().id),
    "a request accepted": lambda portal: accept(portal, TUG.request().text),
    "a reserved request accepted": lambda portal: accept(portal, TRAM.request().text),
    "a returned request accepted": lambda portal: accept(portal, BOAT.request().text),
    "a stranger's return": lambda portal: accept(portal, TUG.give_back(TUG.request().id).text),
    "a forged return": lambda portal: accept(
        portal, Appliance("tram", key_seed="x").give_back(TRAM.request().id).text
    ),
    "a confirmation of what was never issued": lambda portal: accept(portal, never_issued(portal)),
    "an authorization accepted": lambda portal: accept(
        portal, service.reissue(portal, TRAM.request().id).text
    ),
    "keeping a known return": lambda portal: service.keep_return(
        portal, TRAM.give_back(TRAM.request().id).text
    ),
    "no licences added": lambda portal: service.add_license(portal, "ROUTE", 0),
    "licences that are over": lambda portal: service.add_license(
        portal, "NEW", 1, term=Term(date(2020, 1, 1), date(2020, 12, 31))
    ),
    "licences for nowhere": lambda portal: service.add_license(portal, "NEW", 1, virtual_account="Nowhere"),
    "a tag with an escape": lambda portal: service.add_license(portal, "\x1b[31mRED", 1),
    "an order with a line break": lambda portal: service.add_license(
        portal, "NEW", 1, order_reference="1\n2"
    ),
    "a Virtual Account twice": lambda portal: service.add_virtual_account(portal, "Default"),
    "a Virtual Account without a name": lambda portal: service.add_virtual_account(portal, ""),
    "another catalogue": lambda portal: service.add_catalogue(portal, Catalogue(("OTHER",))),
    "an impossible match": lambda portal: service.set_product(portal, "TR-100", minimum_match=16),
    "a day before the issuer's": lambda portal: reserve(
        replace(portal, clock=lambda: START.replace(month=2)), TUG, 1
    ),
    "an update before the issuer's day": lambda portal: service.update(
        replace(portal, clock=lambda: START.replace(month=2)), TRAM.request().id, {"ROUTE": 5}
    ),
    "signing without a key": lambda portal: reserve(replace(portal, issuer=None), TUG, 1),
}  # fmt: skip


NOTES = {
    "too few": "stock-refused",
    "none at all": "stock-refused",
    "universal without stock": "stock-refused",
    "an update beyond the pool": "stock-refused",
    "a second request by another key": "key-refused",
}
"""Refusals that leave an event, by its kind."""


@pytest.fixture
def busy(portal: Portal) -> Portal:
    """A portal with licences, a reservation, a returned one, and a catalogue."""
    service.add_license(portal, "CRYPTO", 5)
    service.add_license(portal, "ROUTE", 10)
    service.add_catalogue(portal, Catalogue(("CRYPTO", "ROUTE")))
    reserve(portal, TRAM, 4)
    reserve(portal, BOAT, 1)
    service.accept(portal, BOAT.give_back(BOAT.request().id))
    return portal


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_leaves_everything_as_it_was(name: str, busy: Portal, url: str, time: Time) -> None:
    # So that an end of a lot is due, too: it is posted by commands that are carried out, not by refusals.
    service.add_license(busy, "SHORT", 1, term=Term(date(2026, 1, 1), date(2026, 3, 2)))
    time.set(START.replace(day=3))
    before = every_row(url)
    with pytest.raises((ReservationError, CodecError, SetupError)) as refused:
        REFUSALS[name](busy)
    assert str(refused.value).endswith(".")
    after = every_row(url)
    noted = [row for row in after["events"] if row not in before["events"]]
    assert [NOTES[name] in row for row in noted] == ([True] if name in NOTES else [])
    for table in ("events", "chain", "unplaced_events"):
        assert len(after.pop(table, ())) - len(before.pop(table, ())) in {0, len(noted)}
    assert after == before


@pytest.mark.parametrize("name", NOTES)
def test_the_same_refusal_is_noted_once_a_day(name: str, busy: Portal, url: str, time: Time) -> None:
    def events_after_refusing() -> int:
        with pytest.raises(ReservationError):
            REFUSALS[name](busy)
        return len(every_row(url)["events"])

    first = events_after_refusing()
    assert events_after_refusing() == first
    time.set(START.replace(day=4))
    # A key is another one for good; what there is changes from day to day.
    assert events_after_refusing() == first + (NOTES[name] == "stock-refused")


@dataclass(frozen=True, slots=True)
class OneWrite:
    """A store that stays locked for everybody after one write."""

    store: Store
    writes: list[bool] = field(default_factory=list)

    def read(self, work: Callable[[Reading], T]) -> T:
        return self.store.read(work)

    def write(self, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        self.writes.append(beside_others)
        if len(self.writes) > 1:
            raise BusyError("Somebody holds the database.")
        return self.store.write(work, beside_others=beside_others)

    def place_events(self) -> None:
        self.store.place_events()

    def close(self) -> None:
        self.store.close()


@pytest.mark.parametrize("name", NOTES)
def test_a_note_that_cannot_be_written_spoils_no_refusal(name: str, busy: Portal, url: str) -> None:
    before, store = every_row(url), OneWrite(busy.store)
    with pytest.raises((InsufficientError, OpenReservationError)):
        REFUSALS[name](replace(busy, store=store))
    assert store.writes == [True, True]
    assert every_row(url) == before


REPEATS: dict[str, Callable[[Portal], object]] = {
    "a request": lambda portal: reserve(portal, TRAM, 4),
    "an update that changes nothing": lambda portal: service.update(portal, TRAM.request().id, {"ROUTE": 4}),
    "a confirmation": lambda portal: service.accept(
        portal, TRAM.confirmation(reserve(portal, TRAM, 4), portal)
    ),
    "a return": lambda portal: service.accept(portal, BOAT.give_back(BOAT.request().id)),
    "an early return": lambda portal: service.keep_return(portal, TUG.give_back(TUG.request().id).text),
    "the same catalogue": lambda portal: service.add_catalogue(portal, Catalogue(("CRYPTO", "ROUTE"))),
}


@pytest.mark.parametrize("name", REPEATS)
def test_what_was_done_already_is_not_done_again(name: str, busy: Portal, url: str) -> None:
    REPEATS[name](busy)
    before = every_row(url)
    for _ in range(3):
        REPEATS[name](busy)
    assert every_row(url) == before
