"""What a device remembers: one frozen value, from its first day on.

Invariants (checked when a state is read, kept by `reservation.device.rules`):

- the journal is chained and only grows;
- every reservation that there ever was stays; only the last one can be live;
- a reservation with `returned` has its tombstone: no authorization for it is ever installed again.

Codes are kept as text; what licenses is read from them, under verification, never from a copy beside them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from codec.codes import NEVER_INSTALLED, Kind, Sequence, Udi
from reservation.device.clock import floor_of
from reservation.device.journal import Journal, JournalEntry, is_chained
from reservation.device.nodelock import NodeLock


class Standing(Enum):
    """Where a device is in the life of a reservation.

    RETURNED is UNREGISTERED with a memory: the return code may still have to reach the portal.
    """

    UNREGISTERED = "unregistered"
    REQUESTED = "requested"
    RESERVED = "reserved"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Installed:
    """The newest authorization that was installed for a reservation.

    Attributes:
        text: The authorization code.
        id: id(A), 32 bytes.
        issuer: The issuer's public key, 32 bytes; it may have been revoked since.
        issued_at: By the portal's clock.
        sequence: Its place in the reservation.
        installed_at: By the device's effective clock.
        confirmation: Journal number of its confirmation.
    """

    text: str
    id: bytes
    issuer: bytes
    issued_at: datetime
    sequence: Sequence
    installed_at: datetime
    confirmation: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """One request and what became of it.

    Attributes:
        request: Journal number of the request.
        installed: The newest authorization installed; None when there never was one.
        returned: Journal number of the return: the tombstone; None while the reservation is live.
    """

    request: int
    installed: Installed | None = None
    returned: int | None = None

    @property
    def last_sequence(self) -> Sequence:
        """The newest sequence installed."""
        return self.installed.sequence if self.installed else NEVER_INSTALLED


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a device remembers, apart from its private key.

    Attributes:
        udi: What the device is called.
        device_key: Its public key, 32 bytes.
        lock: The hardware that the newest request is bound to; before the first: that of the initialisation.
        matches_asked: How many components must match, as given at the initialisation; None for the default.
        root: The pinned root's public key, 32 bytes.
        trust: The newest trust code.
        catalogue: Entitlement tags, in order; empty without a catalogue.
        portal_id: 8 bytes; the portal of the first install, None before it.
        journal: Every code that the device signed.
        reservations: Every reservation that the device ever asked for, oldest first.
    """

    udi: Udi
    device_key: bytes
    lock: NodeLock
    matches_asked: int | None
    root: bytes
    trust: str
    catalogue: tuple[str, ...] = ()
    portal_id: bytes | None = None
    journal: Journal = ()
    reservations: tuple[Reservation, ...] = ()

    @property
    def last(self) -> Reservation | None:
        """The newest reservation, live or not."""
        return self.reservations[-1] if self.reservations else None

    @property
    def live(self) -> Reservation | None:
        """The reservation that is pending or installed."""
        last = self.last
        return last if last and last.returned is None else None

    @property
    def standing(self) -> Standing:
        """Where the device is in the life of a reservation."""
        last = self.last
        if last is None:
            return Standing.UNREGISTERED
        if last.returned is not None:
            return Standing.RETURNED
        return Standing.RESERVED if last.installed else Standing.REQUESTED

    @property
    def floor(self) -> datetime:
        """The earliest time that it can be now."""
        newest = next((each.installed for each in reversed(self.reservations) if each.installed), None)
        if newest is None:
            return floor_of(None, ())
        return floor_of(newest.issued_at, (entry.at for entry in self.journal[newest.confirmation - 1 :]))

    def entry(self, number: int) -> JournalEntry:
        """Return a code of the journal by its number."""
        return self.journal[number - 1]

    def request_id(self, reservation: Reservation) -> bytes:
        """Return id(Q): the reservation's id, 32 bytes."""
        return self.entry(reservation.request).id


def contradiction_in(state: State) -> str | None:
    """Say how a state contradicts itself, or return None for a sound one."""
    if not is_chained(state.journal):
        return "the links of its journal do not follow from each other"
    if any(reservation.returned is None for reservation in state.reservations[:-1]):
        return "it has two live reservations"
    for reservation in state.reservations:
        if not _codes_are_there(state, reservation):
            return "a reservation refers to a code that is not in the journal"
    if (state.portal_id is None) != all(reservation.installed is None for reservation in state.reservations):
        return "its portal does not fit its reservations"
    return None


def _codes_are_there(state: State, reservation: Reservation) -> bool:
    wanted = [(reservation.request, Kind.REQUEST)]
    if reservation.installed:
        wanted.append((reservation.installed.confirmation, Kind.CONFIRMATION))
    if reservation.returned is not None:
        wanted.append((reservation.returned, Kind.RETURN))
    numbers = [number for number, _ in wanted]
    return numbers == sorted(set(numbers)) and all(
        1 <= number <= len(state.journal) and state.entry(number).kind is kind for number, kind in wanted
    )
