"""Alerts that come with time: pages against all reservations at once, and rows after sweeps in small slices.

What stands is worked out here from every reservation; the program reads pages along indexes, and writes only
what differs. Both must come to the same, on both databases.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from codec.codes import Sequence
from reservation import overdue, service
from reservation.alerts import AlertKind, Fact, Severity, id_of
from reservation.errors import RuleError, UnknownNameError
from reservation.events import EventKind
from reservation.grades import Grade
from reservation.model import DEFAULT_POLICY, Kept, Policy, Reservation, Stamp, State
from reservation.overdue import KINDS, Place, facts_on, stretches
from reservation.service import Portal, Role, lookout
from reservation.standing import Changes, event_on
from reservation.store import Reading, Writing
from tests.reservation.portal import values
from tests.reservation.portal.appliance import START, Time

MANY = 60
NOW = START + timedelta(days=100)
#: Moments that meet: several things begin at the same one.
MOMENTS = tuple(START + timedelta(days=days, hours=hours) for days in (0, 38, 40, 70, 99) for hours in (0, 5))
DAYS = tuple((NOW + timedelta(days=days)).date() for days in (-80, -15, -14, -1, 0, 1, 30))


def _one(number: int, places: tuple[bytes, ...], random: Random) -> Reservation:
    """Return a reservation of which anything may be overdue, or nothing."""
    reservation_id = random.randbytes(32)
    made = values.reservation(
        id=reservation_id,
        virtual_account_id=random.choice(places),
        udi=replace(values.reservation().udi, serial_number=f"SN{number}"),
        device_key=random.randbytes(32),
        page_key=random.randbytes(16),
        unconfirmed_since=random.choice((None, *MOMENTS)),
        first_end=random.choice((None, *DAYS)),
        return_by=random.choice((None, *DAYS)),
    )
    if random.random() < 0.2:
        kept = random.choice((None, Kept.BELOW_CONFIRMED))
        return replace(
            made,
            state=State.RETURNED,
            closed_at=NOW,
            kept=kept,
            unconfirmed_since=made.unconfirmed_since if kept else None,
            first_end=None,
        )
    return made


def _put(portal: Portal, those: list[Reservation], *, opened: bool) -> None:
    def work(books: Writing) -> None:
        for one in those:
            stamp = Stamp.of(START, "ann", one.id[:7], newest=books.newest_event_id())
            detail = {"return_by": one.return_by and one.return_by.isoformat()}
            event = event_on(one, EventKind.RESERVED, detail, stamp)
            books.record(Changes(event, one, opened=opened))

    portal.store.write(work)


@pytest.fixture
def made(portal: Portal, time: Time) -> list[Reservation]:
    """Many reservations in two Virtual Accounts, a hundred days later."""
    service.add_virtual_account(portal, "Branch")
    places = tuple(one.id for one in portal.store.read(lambda books: books.virtual_accounts()))
    random = Random("many reservations")
    those = [_one(number, places, random) for number in range(MANY)]
    _put(portal, those, opened=True)
    time.set(NOW)
    return those


def _expected(portal: Portal, those: list[Reservation], policy: Policy = DEFAULT_POLICY) -> list[Fact]:
    """Return all that stands, in the order of a list."""
    keys = {one.id: one.page_key for one in those}
    now = portal.clock()
    found = [fact for one in those for fact in facts_on(one, policy, now)]
    few = portal.store.read(lambda books: lookout.facts_in(books, now))

    def place(fact: Fact) -> tuple[object, ...]:
        key = keys[fact.reservation_id or b""] if fact.kind in KINDS else id_of(fact.kind, fact.key, 1)
        return -fact.severity.rank, fact.due or (fact.since or now).date(), fact.since, fact.kind.value, key

    return sorted((*found, *few), key=place)


def _pages(portal: Portal, **wish: object) -> Iterator[Fact]:
    page = None
    while True:
        found = service.list_alerts(portal, page=page, **wish)  # type: ignore[arg-type]
        yield from (one.alert.fact for one in found.alerts)
        page = found.next_page
        if page is None:
            return


def _named(facts: Iterator[Fact] | list[Fact]) -> list[tuple[str, str, str]]:
    return [(fact.kind.value, fact.severity.value, fact.key) for fact in facts]


WISHES: dict[str, tuple[dict[str, object], Callable[[Fact, bytes], bool]]] = {
    "all": ({}, lambda _fact, _place: True),
    "one Virtual Account": (
        {"virtual_account": "Branch"},
        lambda fact, place: fact.virtual_account_id == place,
    ),
    "warnings": ({"severity": Severity.WARNING}, lambda fact, _place: fact.severity is Severity.WARNING),
}


@pytest.mark.parametrize("wish", WISHES)
def test_pages_of_any_size_show_everything_once_and_in_order(
    wish: str, portal: Portal, made: list[Reservation]
) -> None:
    words, takes = WISHES[wish]
    branch = portal.store.read(
        lambda books: next(one.id for one in books.virtual_accounts() if one.name == "Branch")
    )
    expected = _named([fact for fact in _expected(portal, made) if takes(fact, branch)])
    assert len({kind for kind, _, _ in expected}) >= 3
    for most in (1, 2, 7, 1000):
        assert _named(_pages(portal, most=most, **words)) == expected


def test_a_page_can_begin_after_any_place(portal: Portal, made: list[Reservation]) -> None:
    """Also after alerts that stand no more, and kinds that lie elsewhere: none is left out or doubled."""
    policy, everything = (
        DEFAULT_POLICY,
        [(fact, one.page_key) for one in made for fact in facts_on(one, DEFAULT_POLICY, NOW)],
    )
    kinds = ("a", *(kind.value for kind in AlertKind), "z")
    dues = sorted({fact.due for fact, _ in everything if fact.due})
    sinces = sorted({fact.since for fact, _ in everything if fact.since} | set(MOMENTS))
    random = Random("places")
    for _ in range(2_000):
        due, kind, severity = random.choice(dues), random.choice(kinds), random.choice(list(Severity))
        place = Place(random.choice(sinces), random.choice((b"", b"\x80", made[0].page_key)))
        mark = (due, place.since, kind, place.key)
        for stretch in stretches(policy, NOW):
            if stretch.severity is severity:
                begins = overdue.start(stretch, policy, due, kind, place)
                for fact, key in everything:
                    if (fact.kind, fact.severity) == (stretch.kind, severity) and fact.since and fact.due:
                        comes_after = (fact.due, fact.since, fact.kind.value, key) > mark
                        assert (Place(fact.since, key) > begins) is comes_after


def _rows(portal: Portal) -> list[tuple[str, str, str]]:
    def work(books: Reading) -> list[Fact]:
        return [alert.fact for kind in AlertKind for alert in books.open_alerts(kind)]

    return sorted(_named(portal.store.read(work)))


def test_sweeps_in_small_slices_write_what_stands(
    portal: Portal, made: list[Reservation], time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "SLICE", 3)
    swept = service.sweep(portal)
    assert swept.opened == len(_rows(portal)) > 30
    assert _rows(portal) == sorted(_named(_expected(portal, made)))
    assert service.sweep(portal) == service.Swept(0, 0)
    # Time goes on, days are changed, and half of all is confirmed.
    time.set(NOW + timedelta(days=20))
    later = [
        replace(one, confirmed=Sequence(0, 1), unconfirmed_since=None, state=State.ACTIVE)
        if one.state.is_open and number % 2
        else one
        for number, one in enumerate(made)
    ]
    later = [replace(one, grade=Grade.SIGNED) if one.confirmed else one for one in later]
    _put(portal, [one for one in later if one not in made], opened=False)
    policy = replace(DEFAULT_POLICY, in_doubt_days=50)
    portal.store.write(lambda books: books.set_policy(policy))
    swept = service.sweep(portal)
    assert swept.opened
    assert swept.closed
    assert _rows(portal) == sorted(_named(_expected(portal, later, policy)))
    assert service.sweep(portal) == service.Swept(0, 0)
    assert not [one for one in service.audit(portal) if one.kind == "alert"]


def test_what_was_seen_can_be_acknowledged_and_what_is_over_cannot(
    portal: Portal, made: list[Reservation], time: Time
) -> None:
    first, second = service.list_alerts(portal, most=2).alerts
    assert len(_rows(portal)) < len(_expected(portal, made))
    assert service.acknowledge_alert(portal, first.alert.name, note="Seen").shown.alert.acknowledged
    # Somebody who may only look told the name of one that nobody has written.
    unwritten = _expected(portal, made)[-1]
    reader = replace(portal, actor="eve")
    service.add_user(portal, "eve", Role.APPROVER)
    last = list(service.list_alerts(reader, most=1000).alerts)[-1]
    assert (last.alert.fact.key, last.alert.fact.kind) == (unwritten.key, unwritten.kind)
    assert service.acknowledge_alert(portal, last.alert.name).shown.alert.acknowledged
    # When the clock was wrong, what stood by it stands no more.
    time.set(datetime(2026, 3, 3, tzinfo=UTC))
    with pytest.raises(RuleError, match="was closed"):
        service.acknowledge_alert(portal, second.alert.name)


@pytest.mark.parametrize(
    "page",
    [
        "open",
        "open/critical/2026-03-10",
        "open/worst/2026-03-10/2026-03-10T00:00:00+00:00/in-doubt/00",
        "open/critical/2026-03-10/2026-03-10T00:00:00/in-doubt/00",
        "open/critical/2026-03-10/2026-03-10T00:00:00+00:00/in-doubt/0",
        "closed/2026-03-10T00:00:00/00",
        "closed/2026-03-10T00:00:00+00:00",
        "elsewhere/1",
        "",
    ],
)
def test_there_is_no_such_page(page: str, portal: Portal) -> None:
    with pytest.raises(UnknownNameError):
        service.list_alerts(portal, page=page)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_page_may_begin_at_either_end_of_time(day: str, portal: Portal, made: list[Reservation]) -> None:
    page = f"open/critical/{day}/{day}T00:00:00+00:00/in-doubt/"
    shown = service.list_alerts(portal, page=page, most=1000).alerts
    assert (len(shown) == len(_expected(portal, made))) is (day < "2026")
