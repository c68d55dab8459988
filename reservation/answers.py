"""What a device's answer does to a reservation, without I/O: confirmations and returns.

* A confirmation only ever narrows a hold; older news and repeats change nothing.
* A return closes the reservation whatever was issued since, because the device's tombstone covers it. Two
  kinds of return close it but leave the hold in doubt until a person releases it: one that reports changed
  hardware, and one whose last installed sequence is below a confirmed one.
* A device that was given up as failed and returns after all clears its exposure, and frees only what still
  stands as failed or written off: the rest went to its replacement. Any other sign of its life is an alert.
* News that contradicts the books is kept, and said; it never changes them silently.

Not handled: signatures, and whether the very same code came before (`reservation.service`).
"""

from dataclasses import replace

from codec.codes import Confirmation, Return
from codec.envelope import VerifiedCode
from reservation import ledger, limits
from reservation.model import Event, EventKind, Held, Kept, Reservation, Sequence, Stamp, State
from reservation.standing import Changes, Standing, event_on, stored

#: What to say of a device that was given up and is heard of again.
ALIVE = (
    "This device was given up as failed, and it lives: it may use what its replacement got. Get its return "
    "code."
)


def confirm(standing: Standing, code: VerifiedCode[Confirmation], stamp: Stamp) -> Changes:
    """Take the news that a device has installed an authorization.

    News that is older than what is known, or that comes after the return, is kept and changes nothing.
    """
    before = standing.reservation
    sequence = code.value.sequence
    notes = _notes_on_confirmation(standing, sequence)
    detail = {"confirmation": code.id.hex(), "sequence": str(sequence), "notes": notes}
    codes = (stored(code, before.id, sequence, stamp),)
    late = not before.state.is_open or (before.confirmed is not None and sequence <= before.confirmed)
    if late:
        event = event_on(before, EventKind.CONFIRMED_LATE, detail, stamp)
        alerts = signs_of_life((before,), f"confirmation of {sequence}", stamp, first=1)
        return Changes(event=event, codes=codes, alerts=alerts, notes=notes)
    later = [issued for issued in standing.issued if issued.sequence > sequence]
    reservation = replace(
        before,
        state=State.UPDATING if later else State.ACTIVE,
        confirmed=sequence,
        changed_at=stamp.at,
        unconfirmed_since=later[0].at if later else None,
        frees_next=limits.next_freeing(standing.limits, sequence, before.freed_on),
    )
    held = ledger.hold(standing.binding(), sequence)
    return Changes(
        event=event_on(before, EventKind.CONFIRMED, detail, stamp),
        reservation=reservation,
        held=held,
        movements=ledger.postings(before.virtual_account_id, standing.held, held, standing.lots),
        codes=codes,
        notes=notes,
    )


def give_back(standing: Standing, code: VerifiedCode[Return], stamp: Stamp) -> Changes:
    """Take the news that a device will never again use anything of its request.

    A second return of a closed reservation is kept and changes nothing.
    """
    before = standing.reservation
    value = code.value
    kept = reason_to_keep(before, value)
    notes = _notes_on_return(standing, value.last_sequence)
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
