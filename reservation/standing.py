"""What the books say about a reservation, and what a command writes into them: plain values.

Scope: the input and the output of the rules. Nothing here decides anything, and nothing does I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

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
    Limit,
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
        limits: When lines end that end before their lots, by authorization and lot.
    """

    reservation: Reservation
    issued: tuple[IssuedSequence, ...]
    allocations: ledger.Allocations
    held: Mapping[bytes, Held]
    lots: Mapping[bytes, Lot]
    returned: Sequence | None = None
    exposures: tuple[Exposure, ...] = ()
    limits: Mapping[Sequence, Mapping[bytes, Limit]] = field(default_factory=dict)

    def binding(self, freed_on: date | None = None) -> ledger.Allocations:
        """Return what each authorization takes, without lines whose hold is free.

        Args:
            freed_on: Day up to which holds are free; None: as it was posted.
        """
        day = freed_on or self.reservation.freed_on
        if day is None or not self.limits:
            return self.allocations
        return {
            sequence: {
                lot_id: count for lot_id, count in lots.items() if not self._is_free(sequence, lot_id, day)
            }
            for sequence, lots in self.allocations.items()
        }

    def _is_free(self, sequence: Sequence, lot_id: bytes, day: date) -> bool:
        limit = self.limits.get(sequence, {}).get(lot_id)
        return limit is not None and limit.frees_on is not None and limit.frees_on <= day

    def newest_limits(self) -> Mapping[bytes, Limit]:
        """Return when lines of the newest authorization end that end before their lots."""
        return self.limits.get(self.reservation.sequence, {})

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

    def answers(self, wanted: Mapping[str, int], until: date | None) -> Sequence | None:
        """Return the authorization to show again to a request for these lines; None: it has other lines.

        The newest when it grants just that, else the first when that did: the answer that was given.

        Args:
            wanted: Tag → count.
            until: Last day of the lines; None: whatever it is.
        """
        asked = {tag: count for tag, count in wanted.items() if count}
        for sequence in (self.reservation.sequence, *(one.sequence for one in self.issued[:1])):
            if self.counts(sequence) == asked and (until is None or self._ends(sequence) <= {until}):
                return sequence
        return None

    def _ends(self, sequence: Sequence) -> set[date]:
        """Return the last days of lines that end before their lots."""
        return {limit.term.end for limit in self.limits.get(sequence, {}).values()}


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
