"""Reading the books: the port's `Reading` on named queries, for any engine.

Invariant: every query is led by the account of the store; only `reservation` looks across accounts, because
a request may be reserved once in the whole portal.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from reservation.errors import StateDamagedError
from reservation.ledger import Balance, Movement
from reservation.lots import Stock
from reservation.model import (
    DEFAULT_POLICY,
    Decision,
    EarlyReturn,
    Event,
    Exposure,
    Held,
    Limit,
    Lot,
    Policy,
    PortalIdentity,
    Product,
    Reservation,
    Sequence,
    StoredCode,
    Udi,
    VirtualAccount,
)
from reservation.sql import rows
from reservation.sql.alerts import AlertReading
from reservation.sql.issuers import IssuerReading
from reservation.sql.journals import JournalReading
from reservation.sql.log import LogReading
from reservation.sql.overdue import OverdueReading
from reservation.sql.people import PeopleReading
from reservation.sql.reporting import ReportReading
from reservation.sql.restoring import RestoreReading
from reservation.standing import IssuedSequence, Standing
from reservation.store import Moved, PageOf

#: Above every page key that will ever be made.
_NEWEST = b"\xff" * 16
_BATCH = 1000


class SqlReading(
    RestoreReading,
    ReportReading,
    JournalReading,
    PeopleReading,
    AlertReading,
    OverdueReading,
    IssuerReading,
    LogReading,
):
    """One transaction's view of one account's books."""

    def __init__(self, connection: Any, queries: Any, account_id: bytes) -> None:
        self.connection = connection
        self.queries = queries
        self.account_id = account_id

    # --- the portal ---

    def identity(self) -> PortalIdentity:
        """Return what the portal is."""
        row = self.queries.portal(self.connection)
        if row is None:
            raise StateDamagedError(
                "The database does not say which portal it belongs to.",
                hint="Restore it from a backup.",
            )
        return rows.identity_of(row)

    def trust_text(self) -> str:
        """Return the newest trust code."""
        row = self.queries.newest_trust(self.connection)
        if row is None:
            raise StateDamagedError(
                "The database holds no trust code.", hint="Restore the database from a backup."
            )
        return str(row[1])

    def virtual_accounts(self) -> tuple[VirtualAccount, ...]:
        """Return all Virtual Accounts that there are, by name."""
        return tuple(one for one in self.every_virtual_account() if not one.removed)

    def every_virtual_account(self) -> tuple[VirtualAccount, ...]:
        """Return all Virtual Accounts that there ever were, by name."""
        found = self.queries.virtual_accounts(self.connection, account_id=self.account_id)
        return tuple(rows.virtual_account_of(row) for row in found)

    def policy(self) -> Policy:
        """Return what the account allows itself."""
        row = self.queries.policy(self.connection, account_id=self.account_id)
        if row is None:
            return DEFAULT_POLICY
        percent, minimum, margin, agreements_required, *alerting = row
        return Policy(percent, minimum, margin, bool(agreements_required), *alerting)

    def virtual_account(self, name: str) -> VirtualAccount | None:
        """Return the Virtual Account of that name."""
        row = self.queries.virtual_account(self.connection, account_id=self.account_id, name=name)
        return rows.virtual_account_of(row) if row else None

    def virtual_account_by_id(self, virtual_account_id: bytes) -> VirtualAccount | None:
        """Return the Virtual Account of that id, removed or not."""
        row = self.queries.virtual_account_by_id(
            self.connection, account_id=self.account_id, virtual_account_id=virtual_account_id
        )
        return rows.virtual_account_of(row) if row else None

    def holding_in(self, virtual_account_id: bytes) -> bytes | None:
        """Return a reservation of a Virtual Account that is open, or keeps anything."""
        found: bytes | None = self.queries.holding_in(
            self.connection, account_id=self.account_id, virtual_account_id=virtual_account_id
        )
        return found

    def products(self) -> tuple[Product, ...]:
        """Return all products that the portal knows something about."""
        found = self.queries.products(self.connection, account_id=self.account_id)
        return tuple(Product(*row) for row in found)

    def product(self, product_id: str) -> Product | None:
        """Return what the portal knows about one product."""
        row = self.queries.product(self.connection, account_id=self.account_id, product_id=product_id)
        return Product(*row) if row else None

    def catalogue_tags(self) -> tuple[str, ...]:
        """Return the whole catalogue, in order."""
        found = self.queries.catalogue_tags(self.connection, account_id=self.account_id)
        return tuple(tag for (tag,) in found)

    def catalogue_digest(self, size: int) -> bytes | None:
        """Return the digest of a published size of the catalogue."""
        digest: bytes | None = self.queries.catalogue_digest(
            self.connection, account_id=self.account_id, size=size
        )
        return digest

    def positions(self, tags: tuple[str, ...]) -> dict[str, int]:
        """Return the places of those tags that the catalogue has."""
        find = self.queries.position_of
        found = ((tag, find(self.connection, account_id=self.account_id, tag=tag)) for tag in tags)
        return {tag: position for tag, position in found if position is not None}

    def tags_at(self, positions: tuple[int, ...]) -> dict[int, str]:
        """Return the tags at those places that the catalogue has."""
        find = self.queries.tag_at
        found = (
            (place, find(self.connection, account_id=self.account_id, position=place)) for place in positions
        )
        return {place: tag for place, tag in found if tag is not None}

    # --- licences ---

    def lot(self, lot_id: bytes) -> Lot | None:
        """Return one lot."""
        row = self.queries.lot(self.connection, account_id=self.account_id, lot_id=lot_id)
        return rows.lot_of(row) if row else None

    def lots_between(self, low: bytes, high: bytes) -> tuple[bytes, ...]:
        """Return up to two ids of lots in a range, ends included."""
        found = self.queries.lots_named(self.connection, account_id=self.account_id, low=low, high=high)
        return tuple(row[0] for row in found)

    def stock(self, virtual_account_id: bytes, tags: tuple[str, ...]) -> tuple[Stock, ...]:
        """Return what a Virtual Account has of every lot of these tags."""
        found = []
        for tag in tags:
            found += self.queries.stock(
                self.connection,
                account_id=self.account_id,
                virtual_account_id=virtual_account_id,
                tag=tag,
            )
        return tuple(Stock(rows.lot_of(row), *row[rows.LOT_COLUMNS :]) for row in found)

    def balances(self) -> tuple[Balance, ...]:
        """Return every balance as it was posted, by tag and term."""
        found = self.queries.balances(self.connection, account_id=self.account_id)
        return tuple(rows.balance_of(row) for row in found)

    def balances_of_lot(self, lot_id: bytes) -> tuple[Balance, ...]:
        """Return one lot's balances as they were posted."""
        found = self.queries.balances_of_lot(self.connection, account_id=self.account_id, lot_id=lot_id)
        return tuple(rows.balance_of(row) for row in found)

    def balances_short(self) -> tuple[Balance, ...]:
        """Return balances with both a shortfall and something available."""
        found = self.queries.balances_short(self.connection, account_id=self.account_id)
        return tuple(rows.balance_of(row) for row in found)

    def held_of_lot(self, lot_id: bytes) -> dict[bytes, Held]:
        """Return what reservations hold of a lot, by Virtual Account."""
        found = self.queries.held_of_lot(self.connection, account_id=self.account_id, lot_id=lot_id)
        return {virtual_account_id: Held(*counts) for virtual_account_id, *counts in found}

    def order_event(self, order_reference: str) -> Event | None:
        """Return the event that first brought licences of an order."""
        row = self.queries.order_event(
            self.connection, account_id=self.account_id, order_reference=order_reference
        )
        return rows.event_of(row) if row else None

    def lots_to_post(self, today: date) -> tuple[bytes, ...]:
        """Return the lots whose end, or whose resumption, is not posted yet."""
        found = self.queries.lots_to_post(
            self.connection, account_id=self.account_id, today=today.isoformat()
        )
        return tuple(row[0] for row in found)

    # --- reservations ---

    def reservation(self, reservation_id: bytes) -> Reservation | None:
        """Return a reservation of this account."""
        row = self.queries.reservation(self.connection, reservation_id=reservation_id)
        return rows.reservation_of(row) if row and row[0] == self.account_id else None

    def newest_of_device(self, udi: Udi) -> Reservation | None:
        """Return a device's open reservation, or else its newest one."""
        row = self.queries.newest_of_device(
            self.connection, account_id=self.account_id, **rows.udi_parameters(udi)
        )
        return rows.reservation_of(row) if row else None

    def given_up_with_key(self, device_key: bytes) -> tuple[Reservation, ...]:
        """Return reservations of a device that was given up, by its key."""
        return self._reservations(
            self.queries.given_up_with_key(self.connection, account_id=self.account_id, device_key=device_key)
        )

    def reservations_to_free(self, today: date) -> tuple[bytes, ...]:
        """Return reservations of whose hold something is free by itself, and not posted yet."""
        found = self.queries.reservations_to_free(
            self.connection, account_id=self.account_id, today=today.isoformat()
        )
        return tuple(row[0] for row in found)

    def device_count(self) -> int:
        """Return how many devices ever had a reservation."""
        return int(self.queries.device_count(self.connection, account_id=self.account_id))

    def reservations_between(self, low: bytes, high: bytes, most: int) -> tuple[bytes, ...]:
        """Return ids of reservations in a range, ends included."""
        found = self.queries.reservations_named(
            self.connection, account_id=self.account_id, low=low, high=high, most=most
        )
        return tuple(row[0] for row in found)

    def standing(self, reservation_id: bytes) -> Standing | None:
        """Return everything that the books say about a reservation."""
        reservation = self.reservation(reservation_id)
        if reservation is None:
            return None
        key = {"account_id": self.account_id, "reservation_id": reservation_id}
        issued = tuple(
            IssuedSequence(Sequence(epoch, number), code_id, rows.instant(at))
            for epoch, number, code_id, at in self.queries.issued(self.connection, **key)
        )
        allocations: dict[Sequence, dict[bytes, int]] = {one.sequence: {} for one in issued}
        lots = {}
        limits: dict[Sequence, dict[bytes, Limit]] = {}
        for row in self.queries.allocations(self.connection, **key):
            lot = rows.lot_of(row)
            epoch, number, count, *ending = row[rows.LOT_COLUMNS :]
            lots[lot.id] = lot
            allocations.setdefault(Sequence(epoch, number), {})[lot.id] = count
            limit = rows.limit_of(tuple(ending))
            if limit is not None:
                limits.setdefault(Sequence(epoch, number), {})[lot.id] = limit
        held = {lot_id: Held(*counts) for lot_id, *counts in self.queries.holds(self.connection, **key)}
        # Only books that somebody changed hold a lot that no authorization names.
        strays = filter(None, (self.lot(lot_id) for lot_id in held.keys() - lots.keys()))
        lots |= {lot.id: lot for lot in strays}
        returned = None if reservation.state.is_open else self.queries.returned(self.connection, **key)
        return Standing(
            reservation,
            issued,
            allocations,
            held,
            lots,
            Sequence(*returned) if returned else None,
            tuple(Exposure(*row) for row in self.queries.exposures(self.connection, **key)),
            limits,
        )

    def issued_id(self, reservation_id: bytes, sequence: Sequence) -> bytes | None:
        """Return id(A) of one authorization."""
        code_id: bytes | None = self.queries.issued_id(
            self.connection,
            account_id=self.account_id,
            reservation_id=reservation_id,
            epoch=sequence.epoch,
            number=sequence.number,
        )
        return code_id

    def code(self, reservation_id: bytes, code_id: bytes) -> StoredCode | None:
        """Return one code of a reservation."""
        row = self.queries.code(
            self.connection,
            account_id=self.account_id,
            reservation_id=reservation_id,
            code_id=code_id,
        )
        return rows.code_of(row) if row else None

    def codes(self, reservation_id: bytes) -> tuple[StoredCode, ...]:
        """Return all codes of a reservation, in the order in which they came."""
        found = self.queries.codes(self.connection, account_id=self.account_id, reservation_id=reservation_id)
        return tuple(rows.code_of(row) for row in found)

    def early_returns(self, hint: bytes) -> tuple[EarlyReturn, ...]:
        """Return the returns that came before a request with this hint."""
        found = self.queries.early_returns(self.connection, account_id=self.account_id, hint=hint)
        return tuple(
            EarlyReturn(hint, digest, text, rows.instant(at), actor) for digest, text, at, actor in found
        )

    def count_early_returns(self) -> int:
        """Return how many returns came before their request."""
        return int(self.queries.count_early_returns(self.connection, account_id=self.account_id))

    # --- decisions ---

    def decisions_of(self, reservation_id: bytes) -> tuple[Decision, ...]:
        """Return all decisions about a reservation, oldest first."""
        found = self.queries.decisions_of(
            self.connection, account_id=self.account_id, reservation_id=reservation_id
        )
        return tuple(rows.decision_of(row) for row in found)

    def pending_decisions(self) -> tuple[Decision, ...]:
        """Return all decisions that wait, oldest first."""
        found = self.queries.pending_decisions(self.connection, account_id=self.account_id)
        return tuple(rows.decision_of(row) for row in found)

    def replaced_since(self, since: datetime) -> tuple[datetime, ...]:
        """Return when devices were rehosted to a replacement and did not come back, oldest first."""
        found = self.queries.replaced_since(
            self.connection, account_id=self.account_id, since=rows.instant_text(since)
        )
        return tuple(rows.instant(at) for (at,) in found)

    # --- events ---

    def newest_event_of(self, reservation_id: bytes) -> bytes | None:
        """Return the id of a reservation's newest event."""
        newest: bytes | None = self.queries.newest_event_of(
            self.connection, account_id=self.account_id, reservation_id=reservation_id
        )
        return newest

    def newest_event_id(self) -> bytes:
        """Return the id of the newest event; empty while there is none."""
        newest: bytes | None = self.queries.newest_event_id(self.connection, account_id=self.account_id)
        return newest or b""

    def events(self, *, after: bytes, most: int) -> tuple[Event, ...]:
        """Return events after one, oldest first."""
        found = self.queries.events(self.connection, account_id=self.account_id, after=after, most=most)
        return tuple(rows.event_of(row) for row in found)

    def event(self, event_id: bytes) -> Event | None:
        """Return one event."""
        row = self.queries.event(self.connection, account_id=self.account_id, event_id=event_id)
        return rows.event_of(row) if row else None

    def events_of(self, reservation_id: bytes) -> tuple[Event, ...]:
        """Return all events of a reservation, oldest first."""
        found = self.queries.events_of_reservation(
            self.connection, account_id=self.account_id, reservation_id=reservation_id
        )
        return tuple(rows.event_of(row) for row in found)

    def moved(self, event_id: bytes) -> tuple[Moved, ...]:
        """Return the movements of an event."""
        found = self.queries.movements_of_event(
            self.connection, account_id=self.account_id, event_id=event_id
        )
        return tuple(
            Moved(rows.lot_of(row), rows.movement_of(row[0], row[rows.LOT_COLUMNS :])) for row in found
        )

    # --- lists ---

    def page(self, wanted: PageOf) -> tuple[Reservation, ...]:
        """Return reservations, newest first."""
        name = "page"
        filters: dict[str, bytes | str] = {}
        if wanted.virtual_account_id is not None:
            name += "_of_virtual_account"
            filters["virtual_account_id"] = wanted.virtual_account_id
        if wanted.state is not None:
            name += "_state" if filters else "_of_state"
            filters["state"] = wanted.state.value
        query = getattr(self.queries, name)
        return self._reservations(
            query(
                self.connection,
                account_id=self.account_id,
                before=wanted.before or _NEWEST,
                most=wanted.most,
                **filters,
            )
        )

    def page_in_doubt(self, wanted: PageOf, after: tuple[datetime, bytes] | None) -> tuple[Reservation, ...]:
        """Return reservations that wait for a confirmation or a person, oldest wait first."""
        since, key = (rows.instant_text(after[0]), after[1]) if after else ("", b"")
        return self._reservations(
            self.queries.page_in_doubt(
                self.connection,
                account_id=self.account_id,
                virtual_account_id=wanted.virtual_account_id,
                since=since,
                after=key,
                most=wanted.most,
            )
        )

    def page_expired(self, wanted: PageOf, today: date) -> tuple[Reservation, ...]:
        """Return open reservations that hold something of a lot that has ended, newest first."""
        return self._reservations(
            self.queries.page_expired(
                self.connection,
                account_id=self.account_id,
                virtual_account_id=wanted.virtual_account_id,
                today=today.isoformat(),
                before=wanted.before or _NEWEST,
                most=wanted.most,
            )
        )

    def holds_of(self, reservation_ids: tuple[bytes, ...]) -> Mapping[bytes, tuple[tuple[Lot, Held], ...]]:
        """Return what each of these reservations holds."""
        wanted = json.dumps([reservation_id.hex() for reservation_id in reservation_ids])
        found: dict[bytes, tuple[tuple[Lot, Held], ...]] = {}
        for reservation_id, *row in self.queries.holds_of_page(
            self.connection, account_id=self.account_id, reservation_ids=wanted
        ):
            held = (rows.lot_of(tuple(row)), Held(*row[rows.LOT_COLUMNS :]))
            found[reservation_id] = (*found.get(reservation_id, ()), held)
        return found

    def _reservations(self, found: Iterator[rows.Row]) -> tuple[Reservation, ...]:
        return tuple(rows.reservation_of(row) for row in found)

    # --- the whole of the books ---

    def every_reservation(self) -> Iterator[Reservation]:
        """Go through all reservations, by id."""
        after = b""
        while True:
            batch = self._reservations(
                self.queries.reservations_from(
                    self.connection, account_id=self.account_id, after=after, most=_BATCH
                )
            )
            if not batch:
                return
            yield from batch
            after = batch[-1].id

    def movement_sums(self) -> tuple[Movement, ...]:
        """Return all movements, those between the same accounts added up."""
        found = self.queries.movement_sums(self.connection, account_id=self.account_id)
        return tuple(rows.movement_of(lot_id, tuple(row)) for lot_id, *row in found)

    def hold_sums(self) -> dict[tuple[bytes, bytes], Held]:
        """Return what is held, by lot and Virtual Account."""
        found = self.queries.hold_sums(self.connection, account_id=self.account_id)
        return {(lot_id, place): Held(*counts) for lot_id, place, *counts in found}

    def addition_sums(self) -> dict[tuple[bytes, bytes], int]:
        """Return what was added, by lot and Virtual Account."""
        found = self.queries.addition_sums(self.connection, account_id=self.account_id)
        return {(lot_id, place): count for lot_id, place, count in found}

    def events_without_codes(self) -> tuple[Event, ...]:
        """Return events about codes that have none."""
        found = self.queries.events_without_codes(self.connection, account_id=self.account_id)
        return tuple(rows.event_of(row) for row in found)
