"""What people look at: pools as of now, and reservations in pages."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec.codes import Sequence, Term
from reservation import service
from reservation.errors import UnknownNameError
from reservation.model import EventKind, Kept, Line, State
from reservation.service import Counts, Issued, LinesWanted, LotState, Portal, View
from tests.reservation.portal.appliance import START, Appliance, Time
from tests.search import examples

THIS_YEAR = Term(date(2026, 1, 1), date(2026, 12, 31))
NEXT_YEAR = Term(date(2027, 1, 1), date(2027, 12, 31))


def reserve(portal: Portal, name: str, count: int = 1, **options: object) -> Issued:
    choice = LinesWanted({"ROUTE": count})
    return service.reserve(portal, Appliance(name).request(), choice=choice, **options)  # type: ignore[arg-type]


@pytest.fixture
def stocked(portal: Portal) -> Portal:
    service.add_license(portal, "ROUTE", 60)
    return portal


def test_an_overview_adds_up_lots_and_a_list_shows_each(stocked: Portal) -> None:
    service.add_license(stocked, "ROUTE", 5, term=THIS_YEAR)
    service.add_license(stocked, "ROUTE", 3, term=NEXT_YEAR, export_controlled=True)
    service.add_license(stocked, "ROUTE", 2, term=THIS_YEAR, order_reference="PO-7")
    reserve(stocked, "tram", 4)
    (pool,) = service.overview(stocked)
    assert (pool.tag, pool.virtual_account) == ("ROUTE", "DEFAULT")
    assert pool.counts == Counts(available=66, in_doubt=4, entitled=70)
    shown = [
        (one.lot.term, one.state, one.counts.entitled, one.lot.export_controlled)
        for one in service.list_licenses(stocked)
    ]
    assert shown == [
        (None, LotState.IN_FORCE, 60, False),
        (THIS_YEAR, LotState.IN_FORCE, 7, False),
        (NEXT_YEAR, LotState.NOT_BEGUN, 3, True),
    ]


def test_reading_is_as_of_now_before_any_command_posts_an_end(portal: Portal, time: Time) -> None:
    service.add_license(portal, "ROUTE", 10, term=THIS_YEAR)
    reserve(portal, "tram", 4)
    time.set(datetime(2027, 1, 1, tzinfo=UTC))
    (license_,) = service.list_licenses(portal)
    assert (license_.state, license_.counts) == (LotState.ENDED, Counts(expired=10, entitled=10))
    (summary,) = service.list_reservations(portal, state=View.EXPIRED).reservations
    assert (summary.is_expired, summary.expired, summary.in_doubt) == (True, 4, 0)
    service.add_virtual_account(portal, "Ships")  # The command that posts the end.
    assert service.list_licenses(portal)[0].counts == license_.counts
    assert service.list_reservations(portal, state=View.EXPIRED).reservations == (summary,)
    time.set(START)
    assert service.list_reservations(portal, state=View.EXPIRED).reservations == ()
    assert service.overview(portal)[0].counts == Counts(available=6, in_doubt=4, entitled=10)


def test_what_stands_in_another_virtual_account_can_be_left_out(stocked: Portal) -> None:
    service.add_virtual_account(stocked, "Ships")
    service.add_license(stocked, "ROUTE", 5, virtual_account="Ships")
    reserve(stocked, "tram")
    boat = reserve(stocked, "boat", virtual_account="Ships")
    assert [pool.virtual_account for pool in service.overview(stocked)] == ["DEFAULT", "Ships"]
    (pool,) = service.overview(stocked, virtual_account="Ships")
    assert pool.counts == Counts(available=4, in_doubt=1, entitled=5)
    (summary,) = service.list_reservations(stocked, virtual_account="Ships").reservations
    assert (summary.id, summary.virtual_account) == (boat.reservation_id, "Ships")
    for ask in (service.overview, service.list_licenses, service.list_reservations):
        with pytest.raises(UnknownNameError, match="no Virtual Account Nowhere"):
            ask(stocked, virtual_account="Nowhere")


def pages(portal: Portal, most: int, **filters: object) -> list[list[str]]:
    found = []
    page = None
    while True:
        shown = service.list_reservations(portal, page=page, most=most, **filters)  # type: ignore[arg-type]
        found.append([one.udi.serial_number for one in shown.reservations])
        page = shown.next_page
        if page is None:
            return found


def test_lists_come_in_pages_newest_first(stocked: Portal) -> None:
    for name in "abcdefg":
        reserve(stocked, name)
    assert pages(stocked, 3) == [["g", "f", "e"], ["d", "c", "b"], ["a"]]
    assert pages(stocked, 7) == [["g", "f", "e", "d", "c", "b", "a"]]
    assert pages(stocked, 100, state=State.ACTIVE) == [[]]


def test_lists_by_state_and_view(stocked: Portal, time: Time) -> None:
    issued = {}
    for name in "abcdef":
        time.set(time() + timedelta(hours=1))
        issued[name] = reserve(stocked, name, 2)
    for name in "bcd":
        service.accept(stocked, Appliance(name).confirmation(issued[name], stocked))
    time.set(time() + timedelta(hours=1))
    service.update(stocked, issued["c"].reservation_id, {"ROUTE": 1})
    service.accept(stocked, Appliance("d").give_back(issued["d"].reservation_id, Sequence(0, 1)))
    service.accept(stocked, Appliance("e").give_back(issued["e"].reservation_id, mismatch=True))
    by_state = {state: pages(stocked, 2, state=state) for state in State}
    assert by_state == {
        State.ISSUED: [["f", "a"]],
        State.ACTIVE: [["b"]],
        State.UPDATING: [["c"]],
        State.RETURNED: [["e", "d"]],
        State.FAILED: [[]],
        State.WRITTEN_OFF: [[]],
    }
    # Oldest doubt first: c waits since its update, e for a person.
    assert pages(stocked, 2, state=View.IN_DOUBT) == [["a", "e"], ["f", "c"]]
    assert pages(stocked, 9, state=View.IN_DOUBT, virtual_account="DEFAULT") == [["a", "e", "f", "c"]]
    assert pages(stocked, 2, state=State.RETURNED, virtual_account="DEFAULT") == [["e", "d"]]
    kept = service.list_reservations(stocked, state=State.RETURNED, most=1).reservations[0]
    assert (kept.kept, kept.in_doubt, kept.reserved) == (Kept.HARDWARE_MISMATCH, 2, 0)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(most=st.integers(1, 9))
def test_pages_together_are_the_whole_list(most: int, stocked: Portal) -> None:
    for name in "abcdefgh":
        reserve(stocked, name)
    found = [name for page in pages(stocked, most) for name in page]
    assert found == sorted("abcdefgh", reverse=True)
    doubt = [name for page in pages(stocked, most, state=View.IN_DOUBT) for name in page]
    assert doubt == sorted("abcdefgh")


@pytest.mark.parametrize("page", ["", "2026", "x/y", "2026-01-01T00:00:00/zz"])
def test_a_page_that_is_none_is_refused(page: str, stocked: Portal) -> None:
    with pytest.raises(UnknownNameError, match="no such page"):
        service.list_reservations(stocked, page=page)


def test_showing_a_reservation_tells_everything(stocked: Portal, time: Time) -> None:
    tram = Appliance("tram")
    issued = reserve(stocked, "tram", 4)
    time.set(START + timedelta(days=1))
    service.accept(stocked, tram.confirmation(issued, stocked))
    time.set(START + timedelta(days=2))
    boss = replace(stocked, actor="bob")
    service.update(boss, issued.reservation_id, {"ROUTE": 6})
    details = service.show_reservation(stocked, issued.reservation_id)
    summary = details.summary
    assert (summary.name, summary.state, str(summary.udi)) == (issued.name, State.UPDATING, str(tram.udi))
    assert (summary.sequence, summary.confirmed) == (Sequence(0, 2), Sequence(0, 1))
    assert (summary.reserved, summary.in_doubt, summary.expired) == (4, 2, 0)
    assert (summary.opened_at, summary.in_doubt_since) == (START, START + timedelta(days=2))
    assert details.lines == (Line("ROUTE", 6),)
    assert [code.kind.value for code in details.codes] == ["Q", "A", "C", "A"]
    assert [(event.kind, event.actor) for event in details.events] == [
        (EventKind.RESERVED, "ann"), (EventKind.CONFIRMED, "ann"), (EventKind.UPDATED, "bob"),
    ]  # fmt: skip
    assert details.required_matches == 3


def test_events_are_in_the_order_of_their_commits_whatever_the_clock_says(
    stocked: Portal, time: Time
) -> None:
    for years, name in enumerate("abcd"):
        time.set(START.replace(year=2040 - years))
        reserve(stocked, name)
    found = service.events(stocked)
    assert [event.subject[-1] for event in found[4:]] == ["a", "b", "c", "d"]
    assert [event.id for event in found] == sorted(event.id for event in found)
    assert service.events(stocked, after=found[-2].id) == found[-1:]
    assert service.events(stocked, most=2) == found[:2]
    assert pages(stocked, 9) == [["d", "c", "b", "a"]]
