"""The port to the books: what the service layer asks of a database.

A store belongs to one Smart Account, and to one thread. All work happens inside `Store.read` or
`Store.write`, each one transaction: the function handed in sees one consistent state, and its writes are all
kept or none. A store may run that function more than once (when a database asks to try again), so it must do
nothing but read and write through its transaction.

Implemented by `reservation.sql`; `tests/reservation/portal/test_store.py` is the contract.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from reservation.agreements import Agreement
from reservation.alertbooks import ReadingAlerts, WritingAlerts
from reservation.checkpoint import KeptCode, Restore
from reservation.ledger import Balance, Movement
from reservation.log import LogReading, LogWriting
from reservation.lots import Stock
from reservation.model import (
    Decision,
    EarlyReturn,
    Event,
    Held,
    Lot,
    Policy,
    Product,
    Reservation,
    Sequence,
    Stamp,
    State,
    StoredCode,
    Udi,
    VirtualAccount,
)
from reservation.people import User
from reservation.roles import Grant
from reservation.standing import Changes, Standing
from reservation.trustbooks import TrustReading, TrustWriting

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement, with the whole of its lot."""

    lot: Lot
    movement: Movement

    @property
    def is_between(self) -> bool:
        """Whether the licences went to another Virtual Account."""
        return self.movement.source_virtual_account_id != self.movement.target_virtual_account_id


@dataclass(frozen=True, slots=True)
class EndingLine:
    """A line of an open reservation that ends.

    Attributes:
        reservation_id: The reservation.
        udi: Its device.
        virtual_account_id: Where it is.
        lot: What the line takes from.
        last_day: Its own last day, or that of its lot.
        count: How many licences.
    """

    reservation_id: bytes
    udi: Udi
    virtual_account_id: bytes
    lot: Lot
    last_day: date
    count: int


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy of a database holds.

    Attributes:
        portal_id: The portal.
        epoch: Its epoch.
        events: How many events it has.
        newest_at: When the newest of them happened.
    """

    portal_id: bytes
    epoch: int
    events: int
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class PageOf:
    """Which reservations to list, and where to go on.

    Attributes:
        state: Only this state; None: any.
        virtual_account_id: Only this Virtual Account; None: any.
        before: Page key of the last one seen; None: start with the newest.
        most: How many at most.
    """

    state: State | None = None
    virtual_account_id: bytes | None = None
    before: bytes | None = None
    most: int = 50


class Reading(ReadingAlerts, TrustReading, LogReading, Protocol):
    """What a transaction can read."""

    # --- the portal ---
    def virtual_accounts(self) -> tuple[VirtualAccount, ...]:
        """Return all Virtual Accounts that there are, by name."""

    def every_virtual_account(self) -> tuple[VirtualAccount, ...]:
        """Return all Virtual Accounts that there ever were, by name."""

    def policy(self) -> Policy:
        """Return what the account allows itself."""

    def virtual_account(self, name: str) -> VirtualAccount | None:
        """Return the Virtual Account of that name."""

    def virtual_account_by_id(self, virtual_account_id: bytes) -> VirtualAccount | None:
        """Return the Virtual Account of that id, removed or not."""

    def holding_in(self, virtual_account_id: bytes) -> bytes | None:
        """Return a reservation of a Virtual Account that is open, or keeps anything."""

    def products(self) -> tuple[Product, ...]:
        """Return all products that the portal knows something about."""

    def product(self, product_id: str) -> Product | None:
        """Return what the portal knows about one product."""

    def catalogue_tags(self) -> tuple[str, ...]:
        """Return the whole catalogue, in order."""

    def catalogue_digest(self, size: int) -> bytes | None:
        """Return the digest of a published size of the catalogue."""

    def positions(self, tags: tuple[str, ...]) -> dict[str, int]:
        """Return the places of those tags that the catalogue has."""

    def tags_at(self, positions: tuple[int, ...]) -> dict[int, str]:
        """Return the tags at those places that the catalogue has."""

    # --- people ---
    def grants_of(self, user: str) -> tuple[Grant, ...]:
        """Return the roles of a user; of whom nobody knows, none."""

    def administrators(self) -> tuple[str, ...]:
        """Return the names of all Smart Account administrators."""

    def users(self) -> tuple[User, ...]:
        """Return all people that there ever were, by name."""

    def user(self, name: str) -> User | None:
        """Return the user of that name, removed or not."""

    def people_events(self) -> tuple[Event, ...]:
        """Return all events that say who is a user, with which roles, oldest first."""

    def agreements(self) -> tuple[Agreement, ...]:
        """Return every version of every agreement, by name, the newest first."""

    def agreements_waiting(self) -> tuple[tuple[str, int], ...]:
        """Return name and newest version of each agreement that nobody accepted."""

    # --- licences ---
    def lot(self, lot_id: bytes) -> Lot | None:
        """Return one lot."""

    def lots_between(self, low: bytes, high: bytes) -> tuple[bytes, ...]:
        """Return up to two ids of lots in a range, ends included."""

    def stock(self, virtual_account_id: bytes, tags: tuple[str, ...]) -> tuple[Stock, ...]:
        """Return what a Virtual Account has of every lot of these tags."""

    def balances(self) -> tuple[Balance, ...]:
        """Return every balance as it was posted, by tag and term."""

    def balances_of_lot(self, lot_id: bytes) -> tuple[Balance, ...]:
        """Return one lot's balances as they were posted."""

    def balances_short(self) -> tuple[Balance, ...]:
        """Return balances with both a shortfall and something available."""

    def held_of_lot(self, lot_id: bytes) -> dict[bytes, Held]:
        """Return what reservations hold of a lot, by Virtual Account."""

    def order_event(self, order_reference: str) -> Event | None:
        """Return the event that first brought licences of an order."""

    def lots_to_post(self, today: date) -> tuple[bytes, ...]:
        """Return the lots whose end, or whose resumption, is not posted yet."""

    # --- reservations ---
    def reservation(self, reservation_id: bytes) -> Reservation | None:
        """Return a reservation of this account."""

    def newest_of_device(self, udi: Udi) -> Reservation | None:
        """Return a device's open reservation, or else its newest one."""

    def given_up_with_key(self, device_key: bytes) -> tuple[Reservation, ...]:
        """Return reservations of a device that was given up, by its key."""

    def reservations_to_free(self, today: date) -> tuple[bytes, ...]:
        """Return reservations of whose hold something is free by itself, and not posted yet."""

    def device_count(self) -> int:
        """Return how many devices ever had a reservation."""

    def reservations_between(self, low: bytes, high: bytes, most: int) -> tuple[bytes, ...]:
        """Return ids of reservations in a range, ends included."""

    def standing(self, reservation_id: bytes) -> Standing | None:
        """Return everything that the books say about a reservation."""

    def issued_id(self, reservation_id: bytes, sequence: Sequence) -> bytes | None:
        """Return id(A) of one authorization."""

    def code(self, reservation_id: bytes, code_id: bytes) -> StoredCode | None:
        """Return one code of a reservation."""

    def codes(self, reservation_id: bytes) -> tuple[StoredCode, ...]:
        """Return all codes of a reservation, in the order in which they came."""

    def codes_beside(self, reservation: Reservation, code_number: int) -> tuple[StoredCode, ...]:
        """Return codes of a device that one with this number can contradict.

        Args:
            reservation: The one that the code is about; the device is known by its key.
            code_number: The number.
        """

    def code_numbers(self, device_key: bytes) -> tuple[int, ...]:
        """Return the numbers of all codes of a device that the books have, ascending."""

    def early_returns(self, hint: bytes) -> tuple[EarlyReturn, ...]:
        """Return the returns that came before a request with this hint."""

    def count_early_returns(self) -> int:
        """Return how many returns came before their request."""

    # --- decisions ---
    def decisions_of(self, reservation_id: bytes) -> tuple[Decision, ...]:
        """Return all decisions about a reservation, oldest first."""

    def pending_decisions(self) -> tuple[Decision, ...]:
        """Return all decisions that wait, oldest first."""

    def replaced_since(self, since: datetime) -> tuple[datetime, ...]:
        """Return when devices were rehosted to a replacement and did not come back, oldest first."""

    # --- events ---
    def newest_event_of(self, reservation_id: bytes) -> bytes | None:
        """Return the id of a reservation's newest event."""

    def newest_event_id(self) -> bytes:
        """Return the id of the newest event; empty while there is none."""

    def events(self, *, after: bytes, most: int) -> tuple[Event, ...]:
        """Return events after one, oldest first."""

    def event(self, event_id: bytes) -> Event | None:
        """Return one event."""

    def events_of(self, reservation_id: bytes) -> tuple[Event, ...]:
        """Return all events of a reservation, oldest first."""

    def moved(self, event_id: bytes) -> tuple[Moved, ...]:
        """Return the movements of an event."""

    # --- the chain of events, and restores ---
    def log_end(self) -> tuple[int, bytes]:
        """Return how many events there are, and the hash over them."""

    def hash_after(self, events: int) -> bytes | None:
        """Return the hash over so many events; None: there are fewer."""

    def chain(self) -> Iterator[tuple[int, bytes, Event]]:
        """Go through all events in the order of the chain, each with its number and hash."""

    def event_count(self) -> int:
        """Return how many events there are, in the chain or not."""

    def restores(self) -> tuple[Restore, ...]:
        """Return every restore that was noticed, oldest first."""

    def in_quarantine(self) -> bool:
        """Tell whether a restore was noticed whose quarantine nobody ended."""

    def kept_codes(self) -> tuple[KeptCode, ...]:
        """Return the codes that wait for another one, oldest first."""

    def kept_code(self, digest: bytes) -> KeptCode | None:
        """Return a code that waits, or waited."""

    def returns_ahead(self) -> tuple[tuple[bytes, Sequence], ...]:
        """Return reservations whose return names a sequence that the books do not know."""

    def something_since(self, event_id: bytes) -> bool:
        """Tell whether anything was recorded after an event but what falls due by itself, and new people."""

    def newest_epoch(self) -> int:
        """Return the highest epoch of any authorization."""

    # --- lists ---
    def page(self, wanted: PageOf) -> tuple[Reservation, ...]:
        """Return reservations, newest first."""

    def page_in_doubt(self, wanted: PageOf, after: tuple[datetime, bytes] | None) -> tuple[Reservation, ...]:
        """Return reservations that wait for a confirmation or a person, oldest wait first."""

    def page_expired(self, wanted: PageOf, today: date) -> tuple[Reservation, ...]:
        """Return open reservations that hold something of a lot that has ended, newest first."""

    def holds_of(self, reservation_ids: tuple[bytes, ...]) -> Mapping[bytes, tuple[tuple[Lot, Held], ...]]:
        """Return what each of these reservations holds."""

    # --- reports ---
    def movements_since(self, event_id: bytes) -> Iterator[tuple[Event, Moved]]:
        """Go through the movements of all events after one, in order."""

    def reservations_exposing(self) -> tuple[bytes, ...]:
        """Return the reservations of failed devices that may still use what their replacements got."""

    def lines_ending(self, first: date, last: date) -> tuple[EndingLine, ...]:
        """Return the lines of open reservations whose last day lies between two days, both included."""

    # --- the whole of the books ---
    def every_reservation(self) -> Iterator[Reservation]:
        """Go through all reservations, by id."""

    def movement_sums(self) -> tuple[Movement, ...]:
        """Return all movements, those between the same accounts added up."""

    def hold_sums(self) -> dict[tuple[bytes, bytes], Held]:
        """Return what is held, by lot and Virtual Account."""

    def addition_sums(self) -> dict[tuple[bytes, bytes], int]:
        """Return what was added, by lot and Virtual Account."""

    def events_without_codes(self) -> tuple[Event, ...]:
        """Return events about codes that have none."""

    def engine_problems(self) -> tuple[str, ...]:
        """Return what the database's own check of its files finds."""


class Writing(Reading, WritingAlerts, TrustWriting, LogWriting, Protocol):
    """What a transaction can write."""

    def apart(self, work: Callable[[], T]) -> T:
        """Run a part of the transaction that can fail by itself: an error undoes it, and nothing before it.

        Only in transactions that run alone.

        Raises:
            ConstraintBrokenError: When the database refuses the part.
        """

    def record(self, changes: Changes) -> None:
        """Write what a command does, with its event."""

    def add_lot(self, lot: Lot, virtual_account_id: bytes) -> None:
        """Make a lot known in a Virtual Account, unless it is."""

    def add_lots(self, lots: tuple[tuple[Lot, bytes], ...]) -> None:
        """Make many lots known, each in the Virtual Account of that id, unless they are."""

    def set_lot_expired(self, lot_id: bytes, *, expired: bool) -> None:
        """Note whether a lot's end was posted."""

    def add_virtual_account(self, virtual_account: VirtualAccount) -> None:
        """Add a Virtual Account with a new name."""

    def rename_virtual_account(self, virtual_account_id: bytes, name: str) -> None:
        """Give a Virtual Account another name."""

    def remove_virtual_account(self, virtual_account_id: bytes) -> None:
        """Note that a Virtual Account is there no more."""

    def set_policy(self, policy: Policy) -> None:
        """Set what the account allows itself."""

    def add_user(self, user: User) -> None:
        """Make somebody known, or somebody who was removed; without any role yet."""

    def add_grant(self, user: str, grant: Grant, stamp: Stamp) -> None:
        """Give a user a role."""

    def remove_grant(self, user: str, grant: Grant) -> None:
        """Take a role from a user."""

    def remove_user(self, name: str) -> None:
        """Note that a user is there no more."""

    def set_passphrase(self, name: str, kept: str) -> None:
        """Keep a user's stretched passphrase; empty: none."""

    def add_agreement(self, agreement: Agreement, event_id: bytes) -> None:
        """Add a version of an agreement."""

    def accept_agreement(self, agreement: Agreement, event_id: bytes, stamp: Stamp) -> None:
        """Note that a version of an agreement is accepted."""

    def append_catalogue(self, position: int, tags: tuple[str, ...], size: int, digest: bytes) -> None:
        """Append tags from a position on, and publish the new size with its digest."""

    def set_product(self, product: Product) -> None:
        """Set what the portal asks of a product."""

    def add_early_return(self, early: EarlyReturn, event_id: bytes) -> None:
        """Keep a return that came before its request."""

    def add_restore(self, restore: Restore) -> None:
        """Keep what was noticed, with the event that says so."""

    def propose_end(self, event_id: bytes | None, actor: str | None, reason: str) -> None:
        """Note who proposes to end the quarantine, and why; no event: nobody does any more."""

    def end_quarantine(self, event_id: bytes, actor: str) -> None:
        """Note who ended the quarantine."""

    def set_epoch(self, epoch: int) -> None:
        """Open a new epoch; it is higher than the one before."""

    def keep_code(self, code: KeptCode, event_id: bytes) -> None:
        """Keep a code that waits for another one."""

    def settle_kept_code(self, digest: bytes, event_id: bytes) -> None:
        """Note with which event a kept code was judged, if it is kept and waits."""


class Store(Protocol):
    """The books of one Smart Account."""

    def read(self, work: Callable[[Reading], T]) -> T:
        """Run work that only reads, in one consistent state.

        Raises:
            BusyError: When the database stays locked.
            StateDamagedError: When its files cannot be read.
        """

    def write(self, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        """Run work in one transaction and return when it is durable; an error undoes all of it.

        Nobody else writes in the account meanwhile, unless both sides say that they may run beside others.

        Args:
            work: The work.
            beside_others: Whether it decides by nothing but one reservation, what administrators have set,
                and what a statement may take from stock. A store may run it alone all the same.

        Raises:
            BusyError: When another process holds the database for too long.
            ConstraintBrokenError: When the database refuses the change.
            StateDamagedError: When its files cannot be read.
        """

    def place_events(self) -> None:
        """Give every event that waits for it its place in the chain; it fails as `write` does."""

    def close(self) -> None:
        """Let go of the database."""
