"""Accepting what devices answer: confirmations and returns, any number of times, in any order.

Every code counts once. The same code again gets the answer that it got the first time, with when and by whom,
read back from the movements of the event that it came with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from codec.codes import Code, Confirmation, Request, Return
from codec.envelope import UnverifiedCode, VerifiedCode, narrowed
from reservation import answers, contradictions
from reservation.errors import RequestNotReservedError, ReservationError, StateDamagedError
from reservation.model import (
    EventKind,
    Grade,
    Kind,
    Reservation,
    Sequence,
    Stamp,
    StoredCode,
    Udi,
    UnsignedKind,
)
from reservation.roles import THE_RESERVATION, Rights, Verb
from reservation.rules import refuse_cancelled, require_open
from reservation.service.codes import DeviceCode, known_return, locate
from reservation.service.context import Portal, read, write
from reservation.service.issuing import require_standing
from reservation.standing import Changes, Standing
from reservation.store import Moved, Reading, Writing


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a device's code did to the books.

    Attributes:
        kind: ``confirmed``, ``confirmed-mac``, ``returned``; ``confirmed-signed``: its grade is higher now;
            or ``confirmed-late``, ``returned-again``: it changed nothing.
        reservation: The reservation as it stands now.
        sequence: The sequence that the code names; last installed for a return.
        moved: Movements of licences.
        notes: Sentences that a person should read.
        again: Whether this very code was accepted before.
        at: When it was accepted.
        by: Who accepted it.
        grade: What this code proves; None for a return.
    """

    kind: EventKind
    reservation: Reservation
    sequence: Sequence
    moved: tuple[Moved, ...]
    notes: tuple[str, ...]
    again: bool
    at: datetime
    by: str
    grade: Grade | None

    @property
    def udi(self) -> Udi:
        """The device."""
        return self.reservation.udi


def accept(portal: Portal, code: VerifiedCode[DeviceCode]) -> Accepted:
    """Accept a confirmation or a return.

    Args:
        portal: The portal.
        code: The code, from `read_code`.

    Raises:
        RequestNotReservedError: For a request: `reserve` takes those.
        ReservationClosedError: For a request that was returned already.
        UnknownRequestError: When this portal never saw its request.
        MissingAuthorizationError: For a confirmation of an authorization that the books do not hold.
    """
    request = narrowed(code, Request)
    if request is not None:
        raise read(portal, Verb.ACCEPT, lambda books, rights: _refuse_request(books, rights, request))
    # Verified once more, inside the transaction that believes it.
    received = UnverifiedCode(code.payload, code.signature, code.value)
    return write(
        portal,
        Verb.ACCEPT,
        lambda books, stamp: take_answer(books, stamp, received),
        reconciles=True,
        beside_others=True,
    )


def _refuse_request(books: Reading, rights: Rights, request: VerifiedCode[Request]) -> ReservationError:
    reservation = books.reservation(request.id)
    if reservation is not None:
        rights.require_place(reservation.virtual_account_id, THE_RESERVATION)
        require_open(reservation)
        return RequestNotReservedError(
            f"This request is reserved already, as {reservation.name}.",
            hint=f"Show its authorization with `tallystick portal reissue {reservation.name}`.",
        )
    early = known_return(books, request)
    if early is not None:
        return refuse_cancelled(request.value, early)
    return RequestNotReservedError(
        f"This is a request by {request.value.udi}; there is nothing to accept yet.",
        hint="Reserve licences for it: tallystick portal reserve",
    )


def take_answer(books: Writing, stamp: Stamp, received: UnverifiedCode[Code]) -> Accepted:
    """Take a confirmation or a return, in the transaction that believes it.

    Raises:
        CodecError: When it cannot be judged, or is not genuine.
        PermissionDeniedError: When its reservation is in none of the user's Virtual Accounts.
    """
    located = locate(books, received)
    stamp.rights.require_place(located.reservation.virtual_account_id, THE_RESERVATION)
    code = located.code
    known = books.code(located.reservation.id, code.id)
    if known is not None:
        return first_answer(books, located.reservation, known)
    standing = require_standing(books, located.reservation.id)
    if code.kind is Kind.RETURN:
        changes = answers.give_back(standing, cast("VerifiedCode[Return]", code), stamp)
    else:
        changes = answers.confirm(standing, cast("VerifiedCode[Confirmation]", code), stamp)
    beside = books.codes_beside(located.reservation, code.value.code_number)
    changes = contradictions.noted(changes, located.reservation, beside, stamp)
    return record(books, standing, changes, stamp, sequence=_sequence_of(code.value), kind=code.kind)


def record(
    books: Writing,
    standing: Standing,
    changes: Changes,
    stamp: Stamp,
    *,
    sequence: Sequence,
    kind: Kind | UnsignedKind,
) -> Accepted:
    """Write what an answer of a device does, and return it.

    Args:
        books: To be written.
        standing: As it was.
        changes: What the answer does.
        stamp: When and by whom.
        sequence: The sequence that the answer names.
        kind: Its kind.
    """
    books.record(changes)
    return Accepted(
        kind=changes.event.kind,
        reservation=changes.reservation or standing.reservation,
        sequence=sequence,
        moved=_by_tag(Moved(standing.lots[movement.lot_id], movement) for movement in changes.movements),
        notes=changes.notes,
        again=False,
        at=stamp.at,
        by=stamp.actor,
        grade=_GRADES.get(kind),
    )


def first_answer(books: Reading, reservation: Reservation, known: StoredCode) -> Accepted:
    """Return the answer that a code got when it came first."""
    event = books.event(known.event_id)
    if event is None or known.sequence is None:
        raise StateDamagedError(
            f"The event of a code of reservation {reservation.name} is missing from the books.",
            hint="Run `tallystick portal audit` and keep its output.",
        )
    notes = (event.detail or {}).get("notes", ())
    return Accepted(
        kind=event.kind,
        reservation=reservation,
        sequence=known.sequence,
        moved=_by_tag(books.moved(known.event_id)),
        notes=tuple(str(note) for note in notes) if isinstance(notes, list) else (),
        again=True,
        at=event.at,
        by=event.actor,
        grade=_GRADES.get(known.kind),
    )


_GRADES: dict[Kind | UnsignedKind, Grade] = {
    Kind.CONFIRMATION: Grade.SIGNED,
    UnsignedKind.SHORT: Grade.MAC,
}


def _by_tag(moved: Iterable[Moved]) -> tuple[Moved, ...]:
    """Return movements in the order in which people look for them."""
    return tuple(sorted(moved, key=lambda one: (one.lot.tag, str(one.lot.term or ""), one.movement.source)))


def _sequence_of(value: Confirmation | Return) -> Sequence:
    return value.sequence if isinstance(value, Confirmation) else value.last_sequence
