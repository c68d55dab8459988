"""What a device's answer does to a reservation, without I/O: confirmations and returns.

* A confirmation only ever narrows a hold; older news and repeats change nothing.
* A return closes the reservation whatever was issued since, because the device's tombstone covers it. Two
  kinds of return close it but leave the hold in doubt until a person releases it: one that reports changed
  hardware, and one whose last installed sequence is below a confirmed one.
* News that contradicts the books is kept, and said; it never changes them silently.

Not handled: signatures, and whether the very same code came before (`reservation.service`).
"""

from dataclasses import replace

from codec.codes import Confirmation, Return
from codec.envelope import VerifiedCode
from reservation import ledger
from reservation.model import EventKind, Held, Kept, Reservation, Sequence, Stamp, State
from reservation.standing import Changes, Standing, event_on, stored


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
        return Changes(event=event, codes=codes, notes=notes)
    later = [issued for issued in standing.issued if issued.sequence > sequence]
    reservation = replace(
        before,
        state=State.UPDATING if later else State.ACTIVE,
        confirmed=sequence,
        changed_at=stamp.at,
        unconfirmed_since=later[0].at if later else None,
    )
    held = ledger.hold(standing.allocations, sequence)
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
    kept = _reason_to_keep(before, value)
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
    if not before.state.is_open:
        event = event_on(before, EventKind.RETURNED_AGAIN, detail, stamp)
        return Changes(event=event, codes=codes, notes=notes)
    held = {lot: Held(0, was.total) for lot, was in standing.held.items()} if kept else {}
    reservation = replace(
        before,
        state=State.RETURNED,
        changed_at=stamp.at,
        unconfirmed_since=(before.unconfirmed_since or stamp.at) if kept else None,
        closed_at=stamp.at,
        kept=kept,
    )
    return Changes(
        event=event_on(before, EventKind.RETURNED, detail, stamp),
        reservation=reservation,
        held=held,
        movements=ledger.postings(before.virtual_account_id, standing.held, held, standing.lots),
        codes=codes,
        notes=notes,
    )


def _reason_to_keep(reservation: Reservation, value: Return) -> Kept | None:
    if value.hardware_mismatch:
        return Kept.HARDWARE_MISMATCH
    if reservation.confirmed is not None and value.last_sequence < reservation.confirmed:
        return Kept.BELOW_CONFIRMED
    return None


def _notes_on_confirmation(standing: Standing, sequence: Sequence) -> tuple[str, ...]:
    """Say what a confirmation proves beyond itself: a device that returned cannot install again."""
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
        "from an old copy. Look into it."
    )
    return (note,)
