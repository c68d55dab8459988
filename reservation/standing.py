"""What the books say about a reservation, and what a command writes into them: plain values.

Scope: the input and the output of the rules. Nothing here decides anything, and nothing does I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from codec.codes import Confirmation, Request, Return
from codec.envelope import VerifiedCode
from reservation import ledger
from reservation.model import (
    Addition,
    Allocation,
    Decision,
    Event,
    EventKind,
    Exposure,
    Held,
    Lot,
    Reservation,
    Sequence,
    Stamp,
    StoredCode,
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What one command writes, all of it or nothing.

    Attributes:
        event: What happened.
        reservation: The reservation as it will stand; None when none changes.
        opened: Whether the reservation is new.
        allocations: What a new authorization takes.
        held: The whole hold of the reservation as it will be; None when it stays.
        movements: Movements of the ledger, in order.
        codes: Codes received and issued.
        additions: Licences added, or taken back.
        proposal: A new decision that waits for a second person.
        decided: A decision that was proposed before, with its outcome.
        exposures: Licences of a failed device that its replacement got.
        clears: Whether everything that the reservation exposes is over.
        alerts: Further events: something that a person should see.
        notes: Sentences for the person at the keyboard.
    """

    event: Event
    reservation: Reservation | None = None
    opened: bool = False
    allocations: tuple[Allocation, ...] = ()
    held: Mapping[bytes, Held] | None = None
    movements: tuple[ledger.Movement, ...] = ()
    codes: tuple[StoredCode, ...] = ()
    additions: tuple[Addition, ...] = ()
    proposal: Decision | None = None
    decided: Decision | None = None
    exposures: tuple[Exposure, ...] = ()
    clears: bool = False
    alerts: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssuedSequence:
    """An authorization that the portal issued: when, and which sequence."""

    sequence: Sequence
    code_id: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that the books say about one reservation.

    Attributes:
        reservation: The reservation.
        issued: Its authorizations, in order of sequence.
        allocations: What each of them takes from each lot.
        held: What it holds, as it was posted.
        lots: Every lot that it ever touched, by id.
        returned: Last installed sequence in the return that closed it; None while there is none.
        exposures: What a replacement got of its hold.
    """

    reservation: Reservation
    issued: tuple[IssuedSequence, ...]
    allocations: ledger.Allocations
    held: Mapping[bytes, Held]
    lots: Mapping[bytes, Lot]
    returned: Sequence | None = None
    exposures: tuple[Exposure, ...] = ()

    def taken(self) -> Mapping[bytes, int]:
        """Return what the newest authorization takes from each lot."""
        return self.allocations.get(self.reservation.sequence, {})

    def exposed(self) -> dict[bytes, int]:
        """Return what its device may still use beyond the books, lot by lot."""
        counts: dict[bytes, int] = {}
        for one in self.exposures:
            if one.cleared_by is None:
                counts[one.lot_id] = counts.get(one.lot_id, 0) + one.count
        return counts

    def counts(self, sequence: Sequence) -> dict[str, int]:
        """Return what an authorization grants, tag by tag."""
        return counts_by_tag(self.allocations.get(sequence, {}), self.lots)

    def answers(self, wanted: Mapping[str, int]) -> Sequence | None:
        """Return the authorization to show again to a request for these lines; None: it has other lines.

        The newest when it grants just that, else the first when that did: the answer that was given.
        """
        asked = {tag: count for tag, count in wanted.items() if count}
        for sequence in (self.reservation.sequence, *(one.sequence for one in self.issued[:1])):
            if self.counts(sequence) == asked:
                return sequence
        return None


def counts_by_tag(taken: Mapping[bytes, int], lots: Mapping[bytes, Lot]) -> dict[str, int]:
    """Add up what is taken from lots, tag by tag."""
    counts: dict[str, int] = {}
    for lot_id, count in taken.items():
        tag = lots[lot_id].tag
        counts[tag] = counts.get(tag, 0) + count
    return counts


def event_on(
    reservation: Reservation,
    kind: EventKind,
    detail: Mapping[str, object],
    stamp: Stamp,
    *,
    number: int = 0,
) -> Event:
    """Return a command's event number ``number`` about a reservation."""
    subject = str(reservation.udi)
    return Event(stamp.event_id(number), stamp.at, stamp.actor, kind, subject, reservation.id, detail)


def stored(
    code: VerifiedCode[Request] | VerifiedCode[Confirmation] | VerifiedCode[Return],
    reservation_id: bytes,
    sequence: Sequence | None,
    stamp: Stamp,
) -> StoredCode:
    """Return the row that keeps a device's code."""
    value = code.value
    return StoredCode(
        id=code.id,
        reservation_id=reservation_id,
        kind=code.kind,
        text=code.text,
        sequence=sequence,
        code_number=value.code_number,
        link=value.journal_link,
        at=stamp.at,
        actor=stamp.actor,
    )
