"""What confirmations and returns do to a reservation, value by value: what is recorded, what is kept."""

from dataclasses import replace
from datetime import datetime

import pytest

from codec.codes import NEVER_INSTALLED, Confirmation, Return, Sequence, UnsignedKind
from codec.envelope import VerifiedCode, long_hint, sign_confirmation
from codec.keys import SigningKey
from codec.short import Installed, MatchedShort, short_of
from reservation import answers
from reservation.model import EventKind, Grade, Held, Kept, Limit, Reservation, Stamp, State
from reservation.standing import Changes, IssuedSequence, Standing
from tests.reservation.portal.appliance import START, Appliance
from tests.reservation.portal.values import DATED, DAY, FIRST, SECOND, TODAY, reservation, standing

TRAM = Appliance("tram")
ID = reservation().id
NOW = Stamp.of(START + 3 * DAY, "bob", b"\2" * 7)
ONE, TWO, THREE = (Sequence(0, number) for number in (1, 2, 3))


def confirmation(sequence: Sequence) -> VerifiedCode[Confirmation]:
    value = Confirmation(long_hint(ID), sequence, 9, b"link")
    return sign_confirmation(value, TRAM.key, request_id=ID, authorization_id=b"a" * 32)


def short(sequence: Sequence) -> MatchedShort:
    issuer = SigningKey(b"i" * 32).verifying_key
    return short_of(Installed(ID, b"a" * 32, sequence), device=TRAM.key, issuer=issuer)


def returned(last: Sequence = ONE, *, mismatch: bool = False) -> VerifiedCode[Return]:
    return TRAM.give_back(ID, last, mismatch=mismatch, number=11)


def issued(*ats: datetime) -> tuple[IssuedSequence, ...]:
    return tuple(IssuedSequence(Sequence(0, number), b"a" * 32, at) for number, at in enumerate(ats, start=1))


def thrice(**other: object) -> Standing:
    """Return a reservation with three authorizations, each for fewer of one lot."""
    return standing(
        reservation(**{"sequence": THREE, **other}),
        issued=issued(START, START + DAY, START + 2 * DAY),
        allocations={Sequence(0, number): {FIRST: 9 - number} for number in (1, 2, 3)},
        held={FIRST: Held(0, 8)},
        limits={THREE: {FIRST: Limit(DATED.term, TODAY + 90 * DAY)}} if DATED.term else {},
    )


def notes_in(changes: Changes) -> object:
    assert changes.event.detail is not None
    return changes.event.detail["notes"]


def after(changes: Changes) -> Reservation:
    assert changes.reservation is not None
    return changes.reservation


# --- confirmations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sequence", "state", "since", "held"),
    [
        (ONE, State.UPDATING, START + DAY, Held(6, 2)),
        (TWO, State.UPDATING, START + 2 * DAY, Held(6, 1)),
        (THREE, State.ACTIVE, None, Held(6, 0)),
    ],
)
def test_a_confirmation_narrows_the_hold_and_what_waits(
    sequence: Sequence, state: State, since: datetime | None, held: Held
) -> None:
    changes = answers.confirm(thrice(wrong_tries=3), confirmation(sequence), NOW)
    new = after(changes)
    assert (new.state, new.confirmed, new.unconfirmed_since, new.changed_at) == (
        state,
        sequence,
        since,
        NOW.at,
    )
    assert (new.grade, new.wrong_tries, new.frees_next) == (Grade.SIGNED, 0, TODAY + 90 * DAY)
    assert changes.held == {FIRST: held}
    (kept,) = changes.codes
    assert (kept.reservation_id, kept.sequence, kept.code_number, kept.link) == (ID, sequence, 9, b"link")
    assert changes.event.kind is EventKind.CONFIRMED
    assert changes.event.detail == {
        "confirmation": kept.id.hex(), "sequence": str(sequence), "grade": "signed", "notes": (),
    }  # fmt: skip


def test_a_short_confirmation_does_the_same_and_ends_no_count_of_wrong_ones() -> None:
    code = short(TWO)
    changes = answers.confirm_short(thrice(wrong_tries=3), code, NOW)
    new = after(changes)
    assert (new.state, new.confirmed, new.grade, new.wrong_tries) == (State.UPDATING, TWO, Grade.MAC, 3)
    assert changes.event.kind is EventKind.CONFIRMED_MAC
    (kept,) = changes.codes
    assert (kept.id, kept.text, kept.kind) == (code.id, code.text, UnsignedKind.SHORT)
    assert (kept.reservation_id, kept.sequence, kept.at, kept.actor) == (ID, TWO, NOW.at, "bob")


def test_a_signed_confirmation_of_the_same_authorization_raises_the_grade_alone() -> None:
    before = thrice(state=State.UPDATING, confirmed=TWO, grade=Grade.MAC, wrong_tries=3)
    changes = answers.confirm(before, confirmation(TWO), NOW)
    assert after(changes) == replace(before.reservation, grade=Grade.SIGNED, wrong_tries=0, changed_at=NOW.at)
    assert (changes.event.kind, changes.held, changes.movements) == (EventKind.CONFIRMED_SIGNED, None, ())
    assert notes_in(changes) == ()
    assert len(changes.codes) == 1


@pytest.mark.parametrize(
    ("sequence", "known", "is_signed"),
    [
        (ONE, Grade.SIGNED, False),
        (ONE, Grade.MAC, False),
        (TWO, Grade.SIGNED, False),
        (TWO, Grade.MAC, False),
        (ONE, Grade.SIGNED, True),
        # Signed, and of an older one than the short one: that proves nothing about the newer one.
        (ONE, Grade.MAC, True),
        (TWO, Grade.SIGNED, True),
    ],
)
def test_news_that_is_old_is_kept_and_changes_nothing(
    sequence: Sequence, known: Grade, is_signed: bool
) -> None:
    before = thrice(state=State.UPDATING, confirmed=TWO, grade=known)
    changes = (
        answers.confirm(before, confirmation(sequence), NOW)
        if is_signed
        else answers.confirm_short(before, short(sequence), NOW)
    )
    assert (changes.reservation, changes.held, changes.notes) == (None, None, ())
    assert changes.event.kind is EventKind.CONFIRMED_LATE
    assert len(changes.codes) == 1


@pytest.mark.parametrize(("last", "is_said"), [(ONE, True), (TWO, False), (THREE, False)])
def test_a_confirmation_beyond_the_return_is_said(last: Sequence, is_said: bool) -> None:
    closed = replace(thrice(state=State.RETURNED, closed_at=START), returned=last)
    changes = answers.confirm(closed, confirmation(TWO), NOW)
    assert bool(changes.notes) is is_said
    assert notes_in(changes) == changes.notes
    assert (changes.reservation, changes.alerts) == (None, ())


@pytest.mark.parametrize("state", [State.FAILED, State.WRITTEN_OFF])
def test_a_device_that_was_given_up_and_confirms_is_an_alert(state: State) -> None:
    changes = answers.confirm(thrice(state=state, closed_at=START), confirmation(TWO), NOW)
    assert changes.notes == (answers.ALIVE,)
    (alert,) = changes.alerts
    assert (alert.id, alert.kind) == (NOW.event_id(1), EventKind.SIGN_OF_LIFE)
    assert alert.detail == {"sign": f"confirmation of {TWO}"}


def test_only_what_was_given_up_can_show_signs_of_life() -> None:
    devices = tuple(reservation(state=state) for state in (State.FAILED, State.ACTIVE, State.WRITTEN_OFF))
    alerts = answers.signs_of_life(devices, "a request", NOW, first=4)
    assert [alert.id for alert in alerts] == [NOW.event_id(4), NOW.event_id(5)]


# --- returns ---------------------------------------------------------------------------------------


def test_a_return_closes_and_frees_everything() -> None:
    before = replace(standing(), reservation=reservation(frees_next=TODAY))
    code = returned()
    changes = answers.give_back(before, code, NOW)
    new = after(changes)
    assert (new.state, new.closed_at, new.changed_at) == (State.RETURNED, NOW.at, NOW.at)
    assert (new.unconfirmed_since, new.kept, new.frees_next) == (None, None, None)
    assert (changes.held, changes.clears, changes.notes) == ({}, False, ())
    assert changes.event.kind is EventKind.RETURNED
    assert changes.event.detail == {
        "return": code.id.hex(),
        "last_sequence": str(ONE),
        "reason": "no_longer_needed",
        "evidence": "software_key",
        "kept": None,
        "notes": (),
    }
    (kept,) = changes.codes
    assert (kept.reservation_id, kept.sequence) == (ID, ONE)


@pytest.mark.parametrize(
    ("confirmed", "last", "mismatch", "kept"),
    [
        (None, NEVER_INSTALLED, False, None),
        (TWO, ONE, False, Kept.BELOW_CONFIRMED),
        (TWO, TWO, False, None),
        (TWO, THREE, False, None),
        (TWO, TWO, True, Kept.HARDWARE_MISMATCH),
        (TWO, ONE, True, Kept.HARDWARE_MISMATCH),
    ],
)
def test_a_return_that_contradicts_leaves_the_hold_in_doubt(
    confirmed: Sequence | None, last: Sequence, mismatch: bool, kept: Kept | None
) -> None:
    before = replace(
        thrice(state=State.UPDATING, confirmed=confirmed, unconfirmed_since=None),
        held={FIRST: Held(6, 1), SECOND: Held(2, 0)},
    )
    changes = answers.give_back(before, returned(last, mismatch=mismatch), NOW)
    new = after(changes)
    assert (new.kept, new.unconfirmed_since) == (kept, NOW.at if kept else None)
    assert changes.held == ({FIRST: Held(0, 7), SECOND: Held(0, 2)} if kept else {})
    earlier = replace(before, reservation=replace(before.reservation, unconfirmed_since=START))
    again = after(answers.give_back(earlier, returned(last, mismatch=mismatch), NOW))
    assert again.unconfirmed_since == (START if kept else None)


@pytest.mark.parametrize("mismatch", [False, True])
def test_what_was_given_up_and_returns_clears_its_exposure_or_stays_as_it_stands(mismatch: bool) -> None:
    before = replace(thrice(state=State.FAILED, closed_at=START), held={FIRST: Held(failed=3)})
    changes = answers.give_back(before, returned(TWO, mismatch=mismatch), NOW)
    assert changes.clears is not mismatch
    assert changes.held == (before.held if mismatch else {})
    assert after(changes).state is State.RETURNED


def test_a_second_return_changes_nothing() -> None:
    closed = thrice(state=State.RETURNED, closed_at=START)
    changes = answers.give_back(closed, returned(TWO), NOW)
    assert (changes.reservation, changes.held, changes.clears) == (None, None, False)
    assert changes.event.kind is EventKind.RETURNED_AGAIN
    assert len(changes.codes) == 1


@pytest.mark.parametrize(("last", "is_said"), [(TWO, False), (THREE, False), (Sequence(0, 4), True)])
def test_a_return_of_more_than_the_books_know_is_said(last: Sequence, is_said: bool) -> None:
    for state in (State.UPDATING, State.RETURNED):
        changes = answers.give_back(thrice(state=state, closed_at=START), returned(last), NOW)
        assert bool(changes.notes) is is_said
        assert notes_in(changes) == changes.notes
