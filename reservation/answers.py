"""What a device's answer does to a reservation, without I/O: confirmations and returns.

* A confirmation only ever narrows a hold; older news and repeats change nothing.
* A short confirmation does what a signed one does, and is recorded with the grade ``mac``. A signed one of
  the same authorization raises the grade. Wrong ones are counted; a signed one ends the count.
* A return closes the reservation whatever was issued since, because the device's tombstone covers it. Two
  kinds of return close it but leave the hold in doubt until a person releases it: one that reports changed
  hardware, and one whose last installed sequence is below a confirmed one.
* A device that was given up as failed and returns after all clears its exposure, and frees only what still
  stands as failed or written off: the rest went to its replacement. Any other sign of its life is an alert.
* News that contradicts the books is kept, and said; it never changes them silently.

Not handled: signatures, and whether the very same code came before (`reservation.service`).
"""

from dataclasses import dataclass, replace

from codec.codes import Confirmation, Return, UnsignedKind
from codec.envelope import VerifiedCode
from codec.short import MatchedShort
from reservation import ledger, limits
from reservation.model import (
    MOST_WRONG,
    Event,
    EventKind,
    Grade,
    Held,
    Kept,
    Reservation,
    Sequence,
    Stamp,
    State,
    StoredCode,
)
from reservation.standing import Changes, Standing, event_on, stored

#: What to say of a device that was given up and is heard of again.
ALIVE = (
    "This device was given up as failed, and it lives: it may use what its replacement got. Get its return "
    "code."
)


@dataclass(frozen=True, slots=True)
class _News:
    """That an authorization is installed, and what proves it."""

    sequence: Sequence
    grade: Grade
    code: StoredCode

    @property
    def detail(self) -> dict[str, object]:
        """The facts for the event."""
        return {"confirmation": self.code.id.hex(), "sequence": str(self.sequence), "grade": self.grade.value}


def confirm(standing: Standing, code: VerifiedCode[Confirmation], stamp: Stamp) -> Changes:
    """Take the news that a device has installed an authorization.

    News that is older than what is known, or that comes after the return, is kept and changes nothing.
    """
    sequence = code.value.sequence
    kept = stored(code, standing.reservation.id, sequence, stamp)
    return _confirm(standing, _News(sequence, Grade.SIGNED, kept), stamp)


def confirm_short(standing: Standing, code: MatchedShort, stamp: Stamp) -> Changes:
    """Take the same news from a short confirmation: it does the same, and its grade is ``mac``."""
    sequence = code.installed.sequence
    kept = StoredCode(
        id=code.id,
        reservation_id=standing.reservation.id,
        kind=UnsignedKind.SHORT,
        text=code.text,
        sequence=sequence,
        code_number=None,
        link=None,
        at=stamp.at,
        actor=stamp.actor,
    )
    return _confirm(standing, _News(sequence, Grade.MAC, kept), stamp)


def _confirm(standing: Standing, news: _News, stamp: Stamp) -> Changes:
    before, sequence = standing.reservation, news.sequence
    if before.state.is_open and (before.confirmed is None or sequence > before.confirmed):
        return _confirm_new(standing, news, stamp)
    if before.state.is_open and sequence == before.confirmed and _raises(before.grade, news.grade):
        reservation = replace(before, grade=news.grade, wrong_tries=0, changed_at=stamp.at)
        event = event_on(before, EventKind.CONFIRMED_SIGNED, {**news.detail, "notes": ()}, stamp)
        return Changes(event=event, reservation=reservation, codes=(news.code,))
    notes = _notes_on_confirmation(standing, sequence)
    event = event_on(before, EventKind.CONFIRMED_LATE, {**news.detail, "notes": notes}, stamp)
    alerts = signs_of_life((before,), f"confirmation of {sequence}", stamp, first=1)
    return Changes(event=event, codes=(news.code,), alerts=alerts, notes=notes)


def _raises(before: Grade | None, grade: Grade) -> bool:
    return before is Grade.MAC and grade is Grade.SIGNED


def _confirm_new(standing: Standing, news: _News, stamp: Stamp) -> Changes:
    """Narrow the hold to what this authorization and later ones take."""
    before, sequence = standing.reservation, news.sequence
    later = [issued for issued in standing.issued if issued.sequence > sequence]
    signed = news.grade is Grade.SIGNED
    held = ledger.hold(standing.binding(), sequence)
    reservation = replace(
        before,
        state=State.UPDATING if later else State.ACTIVE,
        confirmed=sequence,
        changed_at=stamp.at,
        unconfirmed_since=later[0].at if later else None,
        frees_next=limits.next_freeing(standing.limits, sequence, before.freed_on),
        first_end=limits.first_end(held, standing.lots, standing.newest_limits()),
        grade=news.grade,
        wrong_tries=0 if signed else before.wrong_tries,
    )
    kind = EventKind.CONFIRMED if signed else EventKind.CONFIRMED_MAC
    return Changes(
        event=event_on(before, kind, {**news.detail, "notes": ()}, stamp),
        reservation=reservation,
        held=held,
        movements=ledger.postings(before.virtual_account_id, standing.held, held, standing.lots),
        codes=(news.code,),
    )


def count_wrong(before: Reservation, stamp: Stamp, *, number: int = 0) -> Changes:
    """Count a short confirmation that did not fit; the last one that is allowed locks that form.

    Args:
        before: A reservation that it was tried for.
        stamp: When and by whom.
        number: Of the event among those of the command.
    """
    after = replace(before, wrong_tries=before.wrong_tries + 1)
    kind = EventKind.SHORT_WRONG if after.takes_short else EventKind.SHORT_LOCKED
    detail = {"wrong_tries": after.wrong_tries, "most": MOST_WRONG}
    return Changes(event=event_on(before, kind, detail, stamp, number=number), reservation=after)


def give_back(standing: Standing, code: VerifiedCode[Return], stamp: Stamp) -> Changes:
    """Take the news that a device will never again use anything of its request.

    A second return of a closed reservation is kept and changes nothing.
    """
    before = standing.reservation
    value = code.value
    kept = reason_to_keep(before, value)
    doubts = _doubts(before, value, kept) if kept and before.state is not State.RETURNED else ()
    notes = (*doubts, *_notes_on_return(standing, value.last_sequence))
    detail = {
        "return": code.id.hex(),
        "last_sequence": str(value.last_sequence),
        "reason": value.reason.name.lower(),
        "evidence": value.evidence.name.lower(),
        "kept": kept,
        "notes": notes,
    }
    codes = (stored(code, before.id, value.last_sequence, stamp),)
    if before.state is State.RETURNED:
        event = event_on(before, EventKind.RETURNED_AGAIN, detail, stamp)
        return Changes(event=event, codes=codes, notes=notes)
    held = _kept_hold(standing) if kept else {}
    reservation = replace(
        before,
        state=State.RETURNED,
        changed_at=stamp.at,
        unconfirmed_since=(before.unconfirmed_since or stamp.at) if kept else None,
        closed_at=stamp.at,
        kept=kept,
        frees_next=None,
        first_end=None,
    )
    return Changes(
        event=event_on(before, EventKind.RETURNED, detail, stamp),
        reservation=reservation,
        held=held,
        movements=ledger.postings(before.virtual_account_id, standing.held, held, standing.lots),
        codes=codes,
        clears=before.state.is_given_up and kept is None,
        notes=notes,
    )


def _kept_hold(standing: Standing) -> dict[bytes, Held]:
    """Return the hold that stays in doubt; what stands as failed or written off stays that."""
    if standing.reservation.state.is_given_up:
        return dict(standing.held)
    return {lot_id: Held(in_doubt=was.total) for lot_id, was in standing.held.items()}


def signs_of_life(
    reservations: tuple[Reservation, ...], sign: str, stamp: Stamp, *, first: int
) -> tuple[Event, ...]:
    """Return the alerts about devices that were given up and are heard of again.

    Args:
        reservations: Those of the device; only given up ones count.
        sign: What was heard.
        stamp: When and by whom.
        first: Number of the first of these events.
    """
    given_up = [one for one in reservations if one.state.is_given_up]
    return tuple(
        event_on(one, EventKind.SIGN_OF_LIFE, {"sign": sign}, stamp, number=number)
        for number, one in enumerate(given_up, start=first)
    )


def reason_to_keep(reservation: Reservation, value: Return) -> Kept | None:
    """Return why the hold of a returned reservation stays in doubt; None: it does not."""
    if value.hardware_mismatch:
        return Kept.HARDWARE_MISMATCH
    if reservation.confirmed is not None and value.last_sequence < reservation.confirmed:
        return Kept.BELOW_CONFIRMED
    return None


def _notes_on_confirmation(standing: Standing, sequence: Sequence) -> tuple[str, ...]:
    """Say what a confirmation proves beyond itself: a device that returned cannot install again."""
    if standing.reservation.state.is_given_up:
        return (ALIVE,)
    if standing.returned is None or sequence <= standing.returned:
        return ()
    note = (
        f"This confirms sequence {sequence}, although the device's return said that {standing.returned} was "
        "the last one installed: its state was copied or restored. Look into it."
    )
    return (note,)


def _doubts(before: Reservation, value: Return, kept: Kept) -> tuple[str, ...]:
    """Say why a return frees nothing, and what frees it."""
    why = {
        Kept.HARDWARE_MISMATCH: "This return was made on other hardware than the request: the device was "
        "copied, or repaired. Its original may still be in use.",
        Kept.BELOW_CONFIRMED: f"This return knows of sequence {value.last_sequence}, and {before.confirmed} "
        "was confirmed: the device went back to an older state. A newer one may still be in use.",
    }
    return (
        f"{why[kept]} Nothing was freed. When that is cleared up, two persons free it: "
        f"tallystick portal release {before.name} --reason REASON",
    )


def _notes_on_return(standing: Standing, last: Sequence) -> tuple[str, ...]:
    """Say what a return proves beyond itself: books that know less than the device were restored."""
    newest = standing.reservation.sequence
    if last <= newest:
        return ()
    note = (
        f"The device had installed sequence {last}, and the books know only {newest}: they were restored "
        "from an old copy. Look into it: tallystick portal quarantine"
    )
    return (note,)
