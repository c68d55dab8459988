"""The rules of a device, as functions of its state: what may be done, and what the state is then.

    unregistered → requested → reserved ⇄ (update installed) → returned → unregistered

- One live reservation a device. A request stays pending until it is cancelled, answered or returned; asking
  again shows the same code.
- Install checks, in this order, after those of `reservation.device.verification`: already returned, older
  sequence than seen (or an equal one with other content), another portal than at the first install, hardware
  changed. Dates come last and refuse nothing: a term that has not begun, or has ended, installs with a note.
- Sequences and code numbers only grow. A reservation that was returned stays as its own tombstone.
- The sketch is fixed for a reservation: a new request makes a new one.

No I/O, clock or randomness here: times and hardware come in as values.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from codec.catalogue import Catalogue
from codec.codes import (
    Confirmation,
    Evidence,
    Line,
    Mode,
    Request,
    Return,
    ReturnReason,
    Trust,
    WantedLine,
    to_minute,
)
from codec.envelope import VerifiedCode, long_hint
from codec.keys import VerifyingKey
from reservation.device.journal import extended, last_link, next_number
from reservation.device.nodelock import HardwareMatch, NodeLock
from reservation.device.state import Installed, Reservation, Standing, State
from reservation.device.verification import Addressed
from reservation.errors import (
    HardwareChangedError,
    OlderSequenceError,
    OlderTrustError,
    OtherPortalError,
    PendingRequestError,
    SequenceConflictError,
    TombstoneError,
    WrongStateError,
)

# --- request -----------------------------------------------------------------------------------


def require_unreserved(state: State) -> None:
    """Return when a request may be made, or shown again.

    Raises:
        WrongStateError: While an authorization is installed.
    """
    if state.standing is Standing.RESERVED:
        raise WrongStateError(
            "This device holds a reservation already.",
            hint="To change it, ask the portal for an update. To make a new request, give it back first "
            "(`tallystick device return`).",
        )


def require_same_wish(
    pending: Request, catalogue: Catalogue, mode: Mode, wanted: tuple[WantedLine, ...]
) -> None:
    """Return when a wish is that of the pending request. No wish at all is always the same.

    Raises:
        PendingRequestError: When it is another one.
    """
    if mode is Mode.SPECIFIC and not wanted:
        return
    asked = (mode, catalogue.number_wanted(merged(wanted), pending.catalogue))
    if asked != (pending.mode, pending.wanted):
        raise PendingRequestError(
            "A request with other content is pending on this device; a device has one at a time.",
            hint="Answer the pending request (`tallystick device request` shows it again), or cancel it "
            "first (`tallystick device cancel`).",
        )


def require_initial_hardware(state: State, match: HardwareMatch) -> None:
    """Return when the first request is made on the hardware that was initialised.

    So that a disk image made after the initialisation does not become many devices with one key.

    Raises:
        HardwareChangedError: When it is not.
    """
    if not state.journal and not match.holds:
        raise HardwareChangedError(
            "This device was initialised on other hardware, so its folder was copied here. "
            + " ".join(match.notes),
            hint="Remove the folder on this machine, and initialise the device here.",
        )


def merged(wanted: Iterable[WantedLine]) -> tuple[WantedLine, ...]:
    """Return wanted lines with the counts of equal tags added."""
    counts: dict[str | int, int] = {}
    for line in wanted:
        counts[line.tag] = counts.get(line.tag, 0) + line.count
    return tuple(WantedLine(tag, count) for tag, count in counts.items())


def request_value(
    state: State, lock: NodeLock, mode: Mode, wanted: tuple[WantedLine, ...], now: datetime
) -> Request:
    """Return what a new request says."""
    catalogue = Catalogue(state.catalogue)
    return Request(
        udi=state.udi,
        device_key=state.device_key,
        sketch=lock.sketch,
        mode=mode,
        wanted=catalogue.number_wanted(merged(wanted), catalogue.id()),
        members=1,
        catalogue=catalogue.id(),
        code_number=next_number(state.journal),
        device_time=to_minute(now),
        journal_link=last_link(state.journal),
    )


def after_request(state: State, lock: NodeLock, code: VerifiedCode[Request]) -> State:
    """Return the state in which a new request is pending."""
    reservation = Reservation(request=next_number(state.journal))
    return replace(
        state,
        lock=lock,
        journal=extended(state.journal, code, code.value.device_time),
        reservations=(*state.reservations, reservation),
    )


# --- install -----------------------------------------------------------------------------------


def require_installable(state: State, found: Addressed, portal_id: bytes, match: HardwareMatch) -> bool:
    """Make the install checks that follow the signature, in the order of the protocol.

    Args:
        state: The present state.
        found: A genuine authorization for this device.
        portal_id: The portal that issued it.
        match: The present hardware, compared with the reservation's.

    Returns:
        Whether it is installed already.

    Raises:
        TombstoneError, OlderSequenceError, OtherPortalError, HardwareChangedError: In this order.
    """
    _require_no_tombstone(state, found.reservation)
    again = _require_not_older(found)
    _require_same_portal(state, portal_id)
    match.require()
    return again


def _require_no_tombstone(state: State, reservation: Reservation) -> None:
    if reservation.returned is None:
        return
    returned = state.entry(reservation.returned)
    raise TombstoneError(
        f"This authorization answers a request that this device gave back on {returned.at:%Y-%m-%d}; it is "
        "refused for ever.",
        hint="Carry the return code to the portal if that is not done (`tallystick device codes` shows it "
        "again). For new licences make a new request.",
    )


def _require_not_older(found: Addressed) -> bool:
    installed, sequence = found.reservation.installed, found.code.value.sequence
    if installed is None or sequence > installed.sequence:
        return False
    if sequence < installed.sequence:
        raise OlderSequenceError(
            f"This authorization (number {sequence.number}) is older than the one that is installed (number "
            f"{installed.sequence.number}).",
            hint="Install the newest authorization; the portal shows it again (`tallystick portal reissue`).",
        )
    if found.code.id != installed.id:
        raise SequenceConflictError(
            f"This authorization has the number of the installed one ({sequence.number}) and other content. "
            "One portal never issues two such authorizations.",
            hint="Tell who runs the portal: its database may have been restored from a backup. An update "
            "with a new number can be installed.",
        )
    return True


def _require_same_portal(state: State, portal_id: bytes) -> None:
    if state.portal_id not in (None, portal_id):
        raise OtherPortalError(
            "This authorization comes from another portal than the one that this device's first "
            "authorization came from.",
            hint="Ask the first portal for it. To change portals, give the reservation back and initialise "
            "the device in a new folder with the trust file of the other portal.",
        )


def confirmation_value(state: State, found: Addressed) -> Confirmation:
    """Return what the confirmation of an authorization says."""
    return Confirmation(
        request_hint=long_hint(state.request_id(found.reservation)),
        sequence=found.code.value.sequence,
        code_number=next_number(state.journal),
        journal_link=last_link(state.journal),
    )


def after_install(
    state: State,
    found: Addressed,
    portal_id: bytes,
    confirmation: VerifiedCode[Confirmation],
    now: datetime,
) -> State:
    """Return the state in which an authorization is installed, together with its confirmation."""
    at = to_minute(now)
    installed = Installed(
        text=found.code.text,
        id=found.code.id,
        issuer=found.issuer.raw,
        issued_at=found.code.value.issued_at,
        sequence=found.code.value.sequence,
        installed_at=at,
        confirmation=next_number(state.journal),
    )
    reservation = replace(found.reservation, installed=installed)
    return replace(
        state,
        portal_id=portal_id,
        journal=extended(state.journal, confirmation, at),
        reservations=(*state.reservations[:-1], reservation),
    )


def date_notes(lines: Iterable[Line], today: date) -> tuple[str, ...]:
    """Say which lines are not in force on a UTC day, in sentences."""
    notes = []
    for line in lines:
        if line.term and today < line.term.start:
            notes.append(f"{line.tag}: the term begins on {line.term.start}; until then it licenses nothing.")
        elif line.term and today > line.term.end:
            notes.append(f"{line.tag}: the term ended on {line.term.end}; it licenses nothing.")
    return tuple(notes)


# --- return ------------------------------------------------------------------------------------


def require_returnable(state: State) -> Reservation:
    """Return the reservation that a return closes, or has closed.

    Raises:
        WrongStateError: When the device never asked for one.
    """
    if state.last is None:
        raise WrongStateError(
            "This device holds no reservation, and has requested none.",
            hint="There is nothing to give back.",
        )
    return state.last


def require_cancellable(state: State) -> Reservation:
    """Return the reservation whose request a cancel ends, or has ended.

    Raises:
        WrongStateError: When no request is pending, or an authorization is installed.
    """
    last = state.last
    if last is not None and last.installed is None:
        return last
    if last is None or last.returned is not None:
        raise WrongStateError("No request is pending on this device.", hint="There is nothing to cancel.")
    raise WrongStateError(
        "The authorization for this request is installed, so the request cannot be cancelled.",
        hint="Give the reservation back (`tallystick device return`).",
    )


def return_value(
    state: State, reservation: Reservation, reason: ReturnReason, match: HardwareMatch
) -> Return:
    """Return what the return of a reservation says."""
    return Return(
        request_hint=long_hint(state.request_id(reservation)),
        last_sequence=reservation.last_sequence,
        reason=reason,
        evidence=Evidence.SOFTWARE_KEY,
        hardware_mismatch=not match.holds,
        code_number=next_number(state.journal),
        journal_link=last_link(state.journal),
    )


def after_return(state: State, reservation: Reservation, code: VerifiedCode[Return], now: datetime) -> State:
    """Return the state in which a reservation has its tombstone."""
    closed = replace(reservation, returned=next_number(state.journal))
    return replace(
        state,
        journal=extended(state.journal, code, to_minute(now)),
        reservations=(*state.reservations[:-1], closed),
    )


# --- trust -------------------------------------------------------------------------------------


def require_newer_trust(present: Trust, offered: Trust) -> bool:
    """Return whether a trust code is the present one; a newer one may replace it.

    Raises:
        OlderTrustError: When it is older, or has the serial of the present one and other content.
    """
    if offered == present:
        return True
    if offered.serial < present.serial:
        raise OlderTrustError(
            f"This trust code (serial {offered.serial}) is older than the one on this device (serial "
            f"{present.serial}).",
            hint="Get the newest trust code from the portal (`tallystick portal trust`).",
        )
    if offered.serial == present.serial:
        raise OlderTrustError(
            f"This trust code has the serial of the one on this device ({present.serial}) and other content.",
            hint="Tell who holds the root key: one serial must never be used twice.",
        )
    return False


def after_trust(state: State, code: VerifiedCode[Trust], root: VerifyingKey) -> State:
    """Return the state with a newer trust code, under the root that signed it."""
    return replace(state, trust=code.text, root=root.raw)


def trust_notes(state: State, offered: Trust) -> tuple[str, ...]:
    """Say what a trust code means for this device, in sentences."""
    notes = []
    if state.portal_id not in (None, offered.portal_id):
        notes.append(
            "This trust code names another portal than the one that this device's first authorization came "
            "from. Authorizations of that other portal will be refused."
        )
    live = state.live
    if live and live.installed and VerifyingKey.parse(live.installed.issuer).id in offered.revoked:
        notes.append(
            "It revokes the key that issued the installed authorization. What is installed stays in force; "
            "the portal can issue it again with its present key."
        )
    return tuple(notes)
