"""What the numbers and links of a device's codes prove: copies of its state, and never anything by a gap."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.codes import Kind
from codec.envelope import link_after
from reservation import service
from reservation.contradictions import Fork, forks, missing
from reservation.model import EventKind, Sequence, StoredCode
from reservation.service.context import Portal
from tests.reservation.portal.appliance import START, Appliance

ZERO = bytes(4)
TRAM = Appliance("tram")


@pytest.fixture
def stocked(portal: Portal) -> Portal:
    service.add_license(portal, "ROUTE", 10)
    return portal


def code(
    number: int, link: bytes, *, kind: Kind = Kind.CONFIRMATION, of: bytes = b"r" * 32, salt: int = 0
) -> StoredCode:
    identity = bytes([number % 256, salt]) * 16
    return StoredCode(identity, of, kind, "", Sequence(0, 1), number, link, START, "ann")


def journal(length: int, *, salt: int = 0, after: tuple[StoredCode, ...] = ()) -> tuple[StoredCode, ...]:
    """Return codes as one device makes them, after those that it made before."""
    codes = list(after)
    for number in range(len(after) + 1, length + 1):
        link = link_after(codes[-1].link or b"", codes[-1].id) if codes else ZERO
        codes.append(code(number, link, salt=salt))
    return tuple(codes)


@given(st.permutations(journal(8)), st.integers(0, 8))
def test_one_device_never_contradicts_itself_whatever_is_lost_or_late(
    codes: list[StoredCode], lost: int
) -> None:
    seen: list[StoredCode] = []
    for one in codes[lost:]:
        assert not list(forks(one, seen))
        seen.append(one)


@given(st.integers(1, 7), st.data())
def test_two_copies_contradict_each_other_as_soon_as_both_are_heard(common: int, data: st.DataObject) -> None:
    before = journal(common)
    one, other = journal(8, after=before)[common:], journal(8, salt=1, after=before)[common:]
    heard = data.draw(st.permutations([*one, *other]))
    seen: list[StoredCode] = list(before)
    found = set()
    for each in heard:
        found |= {fork for fork, _ in forks(each, seen)}
        seen.append(each)
    assert Fork.SAME_NUMBER in found


def test_a_copy_is_known_by_its_link_before_it_repeats_a_number() -> None:
    before = journal(3)
    copied = journal(6, salt=1, after=before[:2])
    assert {fork for fork, _ in forks(copied[3], before)} == {Fork.LINK}
    assert {fork for fork, _ in forks(before[2], (copied[3],))} == {Fork.LINK}


def test_a_code_after_the_return_of_its_own_request_is_known_either_way() -> None:
    back = code(7, b"back", kind=Kind.RETURN)
    late = code(12, b"late")
    assert [fork for fork, _ in forks(late, (back,))] == [Fork.AFTER_RETURN]
    assert [fork for fork, _ in forks(back, (late,))] == [Fork.AFTER_RETURN]
    assert not list(forks(code(12, b"late", of=b"s" * 32), (back,)))
    assert not list(forks(code(4, b"soon"), (back,)))


def test_gaps_are_named() -> None:
    assert missing(()) == ()
    assert missing((1, 2, 3)) == ()
    assert missing((7, 2, 3, 3)) == ((1, 1), (4, 6))


# --- through the service ---------------------------------------------------------------------------


def alerts(portal: Portal) -> Iterator[dict[str, object]]:
    for event in service.events(portal, most=1000):
        if event.kind is EventKind.FORKED:
            yield dict(event.detail or {})


def test_a_clone_is_an_alert_and_changes_nothing_else(stocked: Portal) -> None:
    request = TRAM.request({"ROUTE": 2})
    issued = service.reserve(stocked, request, choice=service.AS_REQUESTED)
    link = link_after(ZERO, request.id)
    accepted = service.accept(stocked, TRAM.confirmation(issued, stocked, number=2, link=link))
    assert accepted.notes == ()
    update = service.update(stocked, issued.reservation_id, {"ROUTE": 1})
    second = TRAM.confirmation(update, stocked, number=2, link=link)
    told = service.accept(stocked, second)
    assert "Two copies" in told.notes[0]
    assert told.reservation.confirmed == update.sequence
    (alert,) = alerts(stocked)
    assert (alert["proves"], alert["number"]) == (["same-number"], 2)
    again = service.accept(stocked, second)
    assert (again.again, again.notes) == (True, told.notes)
    assert len(list(alerts(stocked))) == 1
    assert service.audit(stocked) == ()


def test_a_request_that_repeats_a_number_is_an_alert(stocked: Portal) -> None:
    first = service.reserve(stocked, TRAM.request({"ROUTE": 1}), choice=service.AS_REQUESTED)
    service.accept(stocked, TRAM.give_back(first.reservation_id, number=2, link=b"back"))
    other = TRAM.request({"ROUTE": 2})
    told = service.reserve(stocked, other, choice=service.AS_REQUESTED)
    assert "Two copies" in told.notes[0]
    assert [alert["proves"] for alert in alerts(stocked)] == [["link"], ["link", "same-number"]]


def test_a_snapshot_restored_after_a_return_is_an_alert(stocked: Portal) -> None:
    issued = service.reserve(stocked, TRAM.request({"ROUTE": 1}), choice=service.AS_REQUESTED)
    confirmation = TRAM.confirmation(issued, stocked, number=12)
    service.accept(stocked, TRAM.give_back(issued.reservation_id, number=7))
    told = service.accept(stocked, confirmation)
    assert "after the return of its own request" in told.notes[-1]
    assert [alert["proves"] for alert in alerts(stocked)] == [["after-return"]]


@pytest.mark.parametrize("number", [3, 40])
def test_a_gap_is_no_alert_and_is_shown(stocked: Portal, number: int) -> None:
    issued = service.reserve(stocked, TRAM.request({"ROUTE": 1}), choice=service.AS_REQUESTED)
    assert service.accept(stocked, TRAM.confirmation(issued, stocked, number=number)).notes == ()
    assert not list(alerts(stocked))
    shown = service.show_reservation(stocked, issued.reservation_id)
    assert shown.missing_codes == ((2, number - 1),)
