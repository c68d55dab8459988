"""Short confirmations at the portal: what they do, how often somebody may be wrong, and where it counts."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from codec.codes import Kind, Sequence, Udi, UnsignedKind
from codec.envelope import long_hint, sign_authorization
from codec.errors import MalformedCodeError
from codec.keys import SigningKey
from codec.short import Installed, UnmatchedShort, inspect_short, short_of
from reservation import service
from reservation.errors import (
    MissingAuthorizationError,
    OtherIssuerError,
    ReservationError,
    SetupError,
    ShortLockedError,
    UnknownRequestError,
    WrongShortError,
)
from reservation.model import Event, EventKind, Grade, Stamp, StoredCode
from reservation.service import Accepted, Issued, Issuer, LinesWanted, Portal
from reservation.standing import Changes
from reservation.store import Writing
from tests.reservation.portal.appliance import START, Appliance, Time, opened
from tests.reservation.portal.test_audit import reopened, tamper

TRAM, BOAT = Appliance("tram"), Appliance("boat")


@pytest.fixture
def stocked(portal: Portal) -> Portal:
    service.add_license(portal, "ROUTE", 10)
    return portal


def reserve(portal: Portal, device: Appliance = TRAM, count: int = 4) -> Issued:
    return service.reserve(portal, device.request(), choice=LinesWanted({"ROUTE": count}))


def take(portal: Portal, raw: str) -> Accepted:
    again = service.answer_again(portal, raw)
    return again or service.accept_short(portal, service.receive_short(portal, raw))


def guess(portal: Portal, issued: Issued, number: int = 0) -> str:
    code = TRAM.short(issued, portal).code
    return replace(code, request_hint=long_hint(issued.reservation_id), mac=number.to_bytes(8, "big")).text


def wrong(portal: Portal, issued: Issued, times: int = 1) -> str:
    """Guess so often, and return what the last refusal says."""
    said = ""
    for number in range(times):
        with pytest.raises(WrongShortError) as caught:
            take(portal, guess(portal, issued, number))
        said = caught.value.message
    return said


def tries(portal: Portal, issued: Issued) -> int:
    return service.show_reservation(portal, issued.reservation_id).summary.wrong_tries


def kinds(portal: Portal, issued: Issued) -> list[EventKind]:
    return [event.kind for event in service.show_reservation(portal, issued.reservation_id).events]


# --- what it does ----------------------------------------------------------------------------------


def test_it_confirms_and_is_recorded_with_its_grade(stocked: Portal) -> None:
    issued = reserve(stocked)
    taken = take(stocked, TRAM.short(issued, stocked).text)
    assert (taken.kind, taken.grade, taken.again) == (EventKind.CONFIRMED_MAC, Grade.MAC, False)
    assert taken.sequence == issued.sequence
    details = service.show_reservation(stocked, issued.reservation_id)
    assert (details.summary.grade, details.summary.reserved) == (Grade.MAC, 4)
    assert [code.kind for code in details.codes] == [Kind.REQUEST, Kind.AUTHORIZATION, UnsignedKind.SHORT]
    assert details.events[-1].detail is not None
    assert details.events[-1].detail["grade"] == "mac"
    assert service.audit(stocked) == ()
    assert service.audit(replace(stocked, issuer=None)) == ()


def test_again_it_gets_its_first_answer_without_a_key(stocked: Portal, time: Time) -> None:
    text = TRAM.short(reserve(stocked), stocked).text
    first = take(stocked, text)
    time.set(START.replace(day=9))
    again = service.answer_again(replace(stocked, issuer=None), text.lower())
    assert again is not None
    assert (again.again, again.kind, again.moved, again.grade) == (True, first.kind, first.moved, Grade.MAC)
    assert (again.at, again.by) == (START, "ann")
    assert service.accept_short(stocked, service.receive_short(stocked, text)) == again


def test_mistyped_again_it_is_repaired_as_ever(stocked: Portal) -> None:
    text = TRAM.short(reserve(stocked), stocked).text
    take(stocked, text)
    mistyped = text[:9] + ("0" if text[9] != "0" else "1") + text[10:]
    assert service.answer_again(stocked, mistyped) is None
    received = service.receive_short(stocked, mistyped)
    assert received.text == text
    assert [repair.group for repair in received.repairs] == [3]


def test_the_signed_form_raises_its_grade_and_moves_nothing(stocked: Portal) -> None:
    issued = reserve(stocked)
    take(stocked, TRAM.short(issued, stocked).text)
    signed = service.accept(stocked, TRAM.confirmation(issued, stocked))
    assert (signed.kind, signed.grade, signed.moved) == (EventKind.CONFIRMED_SIGNED, Grade.SIGNED, ())
    assert signed.reservation.grade is Grade.SIGNED
    assert kinds(stocked, issued)[1:] == [EventKind.CONFIRMED_MAC, EventKind.CONFIRMED_SIGNED]
    again = take(stocked, TRAM.short(issued, stocked).text)
    assert (again.again, again.kind, again.grade) == (True, EventKind.CONFIRMED_MAC, Grade.MAC)
    assert service.audit(stocked) == ()


def test_after_the_signed_form_it_is_old_news(stocked: Portal) -> None:
    issued = reserve(stocked)
    service.accept(stocked, TRAM.confirmation(issued, stocked))
    taken = take(stocked, TRAM.short(issued, stocked).text)
    assert (taken.kind, taken.grade, taken.moved) == (EventKind.CONFIRMED_LATE, Grade.MAC, ())
    assert service.show_reservation(stocked, issued.reservation_id).summary.grade is Grade.SIGNED
    assert service.audit(stocked) == ()


def test_of_an_update_it_counts_for_that_alone(stocked: Portal) -> None:
    issued = reserve(stocked)
    service.accept(stocked, TRAM.confirmation(issued, stocked))
    second = service.update(stocked, issued.reservation_id, {"ROUTE": 2})
    take(stocked, TRAM.short(second, stocked).text)
    summary = service.show_reservation(stocked, issued.reservation_id).summary
    assert (summary.confirmed, summary.grade, summary.reserved) == (Sequence(0, 2), Grade.MAC, 2)
    assert service.audit(stocked) == ()


def test_a_signed_confirmation_after_the_return_leaves_the_grade(stocked: Portal) -> None:
    issued = reserve(stocked)
    take(stocked, TRAM.short(issued, stocked).text)
    service.accept(stocked, TRAM.give_back(issued.reservation_id, issued.sequence))
    late = service.accept(stocked, TRAM.confirmation(issued, stocked))
    assert late.kind is EventKind.CONFIRMED_LATE
    assert service.show_reservation(stocked, issued.reservation_id).summary.grade is Grade.MAC
    assert service.audit(stocked) == ()


def test_a_reservation_can_be_named_by_it_once_it_was_accepted(stocked: Portal) -> None:
    issued = reserve(stocked)
    text = TRAM.short(issued, stocked).text
    with pytest.raises(ReservationError, match="name"):
        service.find_reservation(stocked, text)
    take(stocked, text)
    assert service.find_reservation(stocked, " ".join(text).lower()) == issued.reservation_id


def test_without_the_key_it_is_not_judged(stocked: Portal) -> None:
    text = TRAM.short(reserve(stocked), stocked).text
    with pytest.raises(SetupError, match="private key"):
        service.receive_short(replace(stocked, issuer=None), text)


def test_of_two_authorizations_with_one_number_end_the_mac_chooses(stocked: Portal) -> None:
    issued = reserve(stocked)
    assert stocked.issuer is not None
    value = replace(opened(issued, stocked).value, sequence=Sequence(0, 65))
    far = sign_authorization(
        value, stocked.issuer.key, request_id=issued.reservation_id, portal_id=stocked.issuer.portal_id
    )
    row = stored_authorization(issued.reservation_id, far.id, far.text, far.value.sequence)
    put(stocked, Changes(event_of(stocked), codes=(row,)))
    assert take(stocked, TRAM.short(issued, stocked).text).sequence == Sequence(0, 1)
    installed = Installed(issued.reservation_id, far.id, far.value.sequence)
    short = short_of(installed, device=TRAM.key, issuer=stocked.issuer.key.verifying_key)
    assert take(stocked, short.text).sequence == Sequence(0, 65)


# --- wrong tries -----------------------------------------------------------------------------------


def test_five_wrong_ones_lock_this_form_for_this_reservation_alone(stocked: Portal) -> None:
    issued, other = reserve(stocked), reserve(stocked, BOAT)
    refusals = [wrong(stocked, issued) for _ in range(5)]
    assert ["4 more tries" in refusals[0], "1 more try is left" in refusals[3]] == [True, True]
    assert "takes no short confirmation any more" in refusals[4]
    with pytest.raises(ShortLockedError) as caught:
        take(stocked, TRAM.short(issued, stocked).text)
    assert "device confirmation" in caught.value.hint
    with pytest.raises(ShortLockedError):
        service.receive_short(stocked, TRAM.short(issued, stocked).text)
    assert kinds(stocked, issued)[1:] == [EventKind.SHORT_WRONG] * 4 + [EventKind.SHORT_LOCKED]
    assert take(stocked, BOAT.short(other, stocked).text).grade is Grade.MAC
    assert service.audit(stocked) == ()


def test_a_signed_confirmation_is_taken_while_it_is_locked_and_opens_it(stocked: Portal) -> None:
    issued = reserve(stocked)
    wrong(stocked, issued, 5)
    service.accept(stocked, TRAM.confirmation(issued, stocked))
    assert tries(stocked, issued) == 0
    second = service.update(stocked, issued.reservation_id, {"ROUTE": 2})
    assert take(stocked, TRAM.short(second, stocked).text).grade is Grade.MAC


def test_the_signed_form_of_what_it_confirmed_opens_it_too(stocked: Portal) -> None:
    issued = reserve(stocked)
    take(stocked, TRAM.short(issued, stocked).text)
    wrong(stocked, issued, 5)
    assert service.accept(stocked, TRAM.confirmation(issued, stocked)).kind is EventKind.CONFIRMED_SIGNED
    assert tries(stocked, issued) == 0


def test_a_short_one_never_sets_the_count_back(stocked: Portal) -> None:
    issued = reserve(stocked)
    wrong(stocked, issued, 3)
    take(stocked, TRAM.short(issued, stocked).text)
    assert tries(stocked, issued) == 3


def test_a_signed_confirmation_again_opens_nothing(stocked: Portal) -> None:
    issued = reserve(stocked)
    signed = TRAM.confirmation(issued, stocked)
    service.accept(stocked, signed)
    wrong(stocked, issued, 5)
    assert service.accept(stocked, signed).again
    assert tries(stocked, issued) == 5


def test_what_was_accepted_before_is_answered_even_when_locked(stocked: Portal) -> None:
    issued = reserve(stocked)
    text = TRAM.short(issued, stocked).text
    take(stocked, text)
    wrong(stocked, issued, 5)
    assert take(stocked, text).again


def test_a_wrong_try_is_in_the_books_before_it_is_told(stocked: Portal, database: Path) -> None:
    issued = reserve(stocked)
    wrong(stocked, issued)
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as elsewhere:
        assert list(elsewhere.execute("SELECT wrong_tries FROM reservations")) == [(1,)]


def test_guesses_through_a_repair_are_counted(stocked: Portal) -> None:
    issued = reserve(stocked)
    text = guess(stocked, issued)
    mistyped = text[:20] + ("0" if text[20] != "0" else "1") + text[21:]
    assert inspect_short(mistyped).repairs
    with pytest.raises(WrongShortError):
        take(stocked, mistyped)
    assert tries(stocked, issued) == 1


def test_a_wrong_one_for_a_closed_reservation_counts_as_well(stocked: Portal) -> None:
    issued = reserve(stocked)
    service.accept(stocked, TRAM.give_back(issued.reservation_id))
    wrong(stocked, issued, 5)
    with pytest.raises(ShortLockedError):
        take(stocked, TRAM.short(issued, stocked).text)
    assert service.audit(stocked) == ()


def test_what_fits_no_reservation_or_no_authorization_counts_nowhere(stocked: Portal) -> None:
    issued = reserve(stocked)
    code = TRAM.short(issued, stocked).code
    stranger = replace(code, request_hint=bytes(4)).text
    later = replace(code, number_end=9).text
    refusals: tuple[tuple[str, type[Exception]], ...] = (
        (stranger, UnknownRequestError),
        (later, MissingAuthorizationError),
        (code.text[:-1], MalformedCodeError),
    )
    for text, error in refusals:
        for give in (service.answer_again, service.receive_short):
            with pytest.raises(error):
                give(stocked, text)
    assert tries(stocked, issued) == 0
    assert kinds(stocked, issued) == [EventKind.RESERVED]


def test_nothing_is_blamed_while_it_may_be_misheard(stocked: Portal) -> None:
    code = TRAM.short(reserve(stocked), stocked).code
    for other in (replace(code, request_hint=bytes(4)), replace(code, number_end=9)):
        text = other.text
        near = text[:20] + ("0" if text[20] != "0" else "1") + text[21:]
        with pytest.raises(MalformedCodeError, match="More than one character"):
            take(stocked, near)


def test_under_another_issuers_key_nothing_is_counted(stocked: Portal) -> None:
    issued = reserve(stocked)
    text = TRAM.short(issued, stocked).text
    assert stocked.issuer is not None
    other = replace(stocked, issuer=Issuer(SigningKey(b"b" * 32), stocked.issuer.portal_id))
    with pytest.raises(OtherIssuerError) as caught:
        service.receive_short(other, text)
    assert "device confirmation" in caught.value.hint
    assert tries(stocked, issued) == 0


# --- one hint, two reservations --------------------------------------------------------------------


def stored_authorization(reservation_id: bytes, code_id: bytes, text: str, sequence: Sequence) -> StoredCode:
    return StoredCode(code_id, reservation_id, Kind.AUTHORIZATION, text, sequence, None, None, START, "ann")


def event_of(portal: Portal, reservation_id: bytes | None = None) -> Event:
    newest = portal.store.read(lambda books: books.newest_event_id())
    stamp = Stamp.of(START, "ann", b"randoms", newest=newest)
    return Event(stamp.event_id(0), START, "ann", EventKind.RESERVED, "put there", reservation_id)


def put(portal: Portal, changes: Changes) -> None:
    def work(books: Writing) -> None:
        books.record(changes)

    portal.store.write(work)


def twin(portal: Portal, issued: Issued) -> Issued:
    """Put another reservation into the books whose request has the same hint: somebody searched for it."""
    assert portal.issuer is not None
    twin_id = issued.reservation_id[:4] + bytes(28)
    code = sign_authorization(
        opened(issued, portal).value,
        portal.issuer.key,
        request_id=twin_id,
        portal_id=portal.issuer.portal_id,
    )
    standing = portal.store.read(lambda books: books.standing(issued.reservation_id))
    assert standing is not None
    event = event_of(portal, twin_id)
    reservation = replace(
        standing.reservation, id=twin_id, udi=Udi("TR-100", "twin"), device_key=BOAT.key.verifying_key.raw
    )
    row = stored_authorization(twin_id, code.id, code.text, issued.sequence)
    put(portal, Changes(event, replace(reservation, page_key=event.id), opened=True, codes=(row,)))
    return replace(issued, reservation_id=twin_id, text=code.text)


def test_a_wrong_one_counts_for_every_reservation_that_it_was_tried_for(stocked: Portal) -> None:
    issued = reserve(stocked)
    other = twin(stocked, issued)
    assert issued.name in wrong(stocked, issued)
    assert (tries(stocked, issued), tries(stocked, other)) == (1, 1)


def test_a_right_one_counts_for_none(stocked: Portal) -> None:
    issued = reserve(stocked)
    other = twin(stocked, issued)
    assert take(stocked, BOAT.short(other, stocked).text).reservation.id == other.reservation_id
    assert take(stocked, TRAM.short(issued, stocked).text).reservation.id == issued.reservation_id
    assert (tries(stocked, issued), tries(stocked, other)) == (0, 0)


def test_a_locked_one_does_not_stand_in_the_others_way(stocked: Portal, database: Path) -> None:
    issued = reserve(stocked)
    wrong(stocked, issued, 5)
    other = twin(stocked, issued)
    tamper(database, "UPDATE reservations SET wrong_tries = 0 WHERE serial_number = 'twin'")
    with reopened(stocked, database) as portal:
        with pytest.raises(WrongShortError):
            take(portal, TRAM.short(issued, portal).text)
        assert (tries(portal, issued), tries(portal, other)) == (5, 1)
        assert take(portal, BOAT.short(other, portal).text).reservation.id == other.reservation_id


# --- the audit -------------------------------------------------------------------------------------

OF_THE_SHORT = "WHERE kind = 'S'"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE reservations SET grade = 'signed'", "its grade is signed, and its codes say otherwise"),
        (f"DELETE FROM codes {OF_THE_SHORT}", "has no code that it came with"),
        (f"DELETE FROM codes {OF_THE_SHORT}", "its codes confirm None"),
        (f"UPDATE codes SET code_text = lower(code_text) {OF_THE_SHORT}", "its text was changed"),
        (f"UPDATE codes SET code_text = 'S400' {OF_THE_SHORT}", "has 24 characters"),
        (f"UPDATE codes SET code_id = zeroblob(32) {OF_THE_SHORT}", "its id is another one"),
        (f"UPDATE codes SET number = 2 {OF_THE_SHORT}", "its id is another one"),
    ],
)
def test_the_audit_names_without_the_key(
    statement: str, message: str, stocked: Portal, database: Path
) -> None:
    take(stocked, TRAM.short(reserve(stocked), stocked).text)
    tamper(database, statement)
    findings = service.audit(replace(stocked, issuer=None))
    assert [one for one in findings if message in one.message], findings


def exchange_text(portal: Portal, database: Path, text: str) -> None:
    take(portal, TRAM.short(reserve(portal), portal).text)
    tamper(database, f"UPDATE codes SET code_text = '{text}' {OF_THE_SHORT}")


def test_the_audit_finds_another_mac_with_the_key_alone(stocked: Portal, database: Path) -> None:
    exchange_text(stocked, database, guess(stocked, reserve(stocked)))
    without, with_key = (
        [one for one in service.audit(portal) if one.kind == "code"]
        for portal in (replace(stocked, issuer=None), stocked)
    )
    assert without == []
    (finding,) = with_key
    assert "its stored short confirmation is wrong" in finding.message


def test_the_audit_finds_one_of_another_request(stocked: Portal, database: Path) -> None:
    exchange_text(stocked, database, UnmatchedShort(bytes(4), 1, bytes(8)).text)
    findings = service.audit(replace(stocked, issuer=None))
    assert [one for one in findings if "it is of another authorization" in one.message]


def test_the_audit_survives_a_device_key_that_is_none(stocked: Portal, database: Path) -> None:
    take(stocked, TRAM.short(reserve(stocked), stocked).text)
    tamper(database, "UPDATE reservations SET device_key = zeroblob(32)")
    findings = service.audit(stocked)
    assert [one for one in findings if "short confirmation is wrong" in one.message]
