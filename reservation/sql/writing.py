"""Writing the books: the port's `Writing` on named queries, for any engine.

Invariants: what a command does and the event that says so go into one transaction; no statement relies on a
count of changed rows (a row that must be there is asked for by RETURNING).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from reservation.errors import ConstraintBrokenError
from reservation.ledger import Place, changes_of
from reservation.misfits import misfits_reported
from reservation.model import EarlyReturn, Event, Held, Lot, Policy, Product, Reservation, VirtualAccount
from reservation.sql import rows
from reservation.sql.alerts import AlertWriting
from reservation.sql.issuers import IssuerWriting
from reservation.sql.log import LogWriting
from reservation.sql.people import PeopleWriting
from reservation.sql.reading import SqlReading
from reservation.sql.restoring import RestoreWriting
from reservation.standing import Changes

T = TypeVar("T")


class SqlWriting(SqlReading, RestoreWriting, PeopleWriting, AlertWriting, IssuerWriting, LogWriting):
    """One transaction that changes one account's books."""

    def apart(self, work: Callable[[], T]) -> T:
        """Run a part of the transaction that can fail by itself: an error undoes it, and no more."""
        self.connection.execute("SAVEPOINT part")
        try:
            with self._refusals(), misfits_reported():
                result = work()
        except Exception:
            self._undo_part()
            raise
        self.connection.execute("RELEASE SAVEPOINT part")
        return result

    def _refusals(self) -> AbstractContextManager[None]:
        """Turn the engine's refusal of a change into ours; its other errors end the whole transaction."""
        return nullcontext()

    def _undo_part(self) -> None:
        self.connection.execute("ROLLBACK TO SAVEPOINT part")
        self.connection.execute("RELEASE SAVEPOINT part")

    def record(self, changes: Changes) -> None:
        """Write what a command does, with its event."""
        self._note(changes)
        # Last: the row of a pool that many take from is locked no longer than it must be.
        self._post(changes)

    def _note(self, changes: Changes) -> None:
        """Write everything but the movements."""
        self._insert_events((changes.event, *changes.alerts))
        if changes.reservation is not None:
            self._write_reservation(changes.reservation, opened=changes.opened)
            self._write_holds(changes.reservation.id, changes)
        self._write_codes(changes)
        self._write_decisions(changes)

    def _insert_events(self, events: tuple[Event, ...]) -> None:
        self.queries.insert_events(
            self.connection,
            [{"account_id": self.account_id, **rows.event_parameters(event)} for event in events],
        )
        self._extend_chain(events)

    def _write_reservation(self, reservation: Reservation, *, opened: bool) -> None:
        if opened:
            self.queries.insert_reservation(
                self.connection, account_id=self.account_id, **rows.opening_parameters(reservation)
            )
            return
        found = self.queries.update_reservation(
            self.connection, account_id=self.account_id, **rows.standing_parameters(reservation)
        )
        require_row(found, f"reservation {reservation.name}")

    def _write_holds(self, reservation_id: bytes, changes: Changes) -> None:
        allocations = [
            {
                "account_id": self.account_id,
                "reservation_id": reservation_id,
                "epoch": allocation.sequence.epoch,
                "number": allocation.sequence.number,
                "lot_id": allocation.lot_id,
                "count": allocation.count,
                **rows.limit_parameters(allocation.limit),
            }
            for allocation in changes.allocations
        ]
        if allocations:
            self.queries.insert_allocations(self.connection, allocations)
        if changes.held is None:
            return
        if not changes.opened:
            self.queries.delete_holds(
                self.connection, account_id=self.account_id, reservation_id=reservation_id
            )
        holds = [self._hold(reservation_id, lot_id, held) for lot_id, held in changes.held.items()]
        if holds:
            self.queries.insert_holds(self.connection, holds)

    def _hold(self, reservation_id: bytes, lot_id: bytes, held: Held) -> rows.Parameters:
        return {"account_id": self.account_id, **rows.held_parameters(reservation_id, lot_id, held)}

    def _write_codes(self, changes: Changes) -> None:
        came_with = {"account_id": self.account_id, "event_id": changes.event.id}
        codes = [{**came_with, **rows.code_parameters(code)} for code in changes.codes]
        if codes:
            self.queries.insert_codes(self.connection, codes)

    def _write_decisions(self, changes: Changes) -> None:
        """Write what was proposed or decided, and the exposure that came or went with it."""
        account = {"account_id": self.account_id}
        if changes.proposal is not None:
            parameters = rows.proposal_parameters(changes.proposal)
            self.queries.insert_decision(self.connection, **account, **parameters)
        if changes.decided is not None:
            found = self.queries.decide(
                self.connection, **account, **rows.outcome_parameters(changes.decided)
            )
            require_row(found, "a decision")
        of = {**account, "reservation_id": changes.event.reservation_id}
        if changes.clears:
            self.queries.clear_exposures(self.connection, **of, cleared_by=changes.event.id)
        exposures = [
            {**of, "lot_id": one.lot_id, "event_id": one.event_id, "count": one.count}
            for one in changes.exposures
        ]
        if exposures:
            self.queries.insert_exposures(self.connection, exposures)

    def _post(self, changes: Changes) -> None:
        """Write the movements, and what they change in the balances."""
        came_with = {"account_id": self.account_id, "event_id": changes.event.id}
        additions = [
            {
                **came_with,
                "lot_id": addition.lot_id,
                "virtual_account_id": addition.virtual_account_id,
                "count": addition.count,
                "order_reference": addition.order_reference,
            }
            for addition in changes.additions
        ]
        if additions:
            self.queries.insert_additions(self.connection, additions)
        movements = [
            {**came_with, "number": number, **rows.movement_parameters(movement)}
            for number, movement in enumerate(changes.movements)
        ]
        if movements:
            self.queries.insert_movements(self.connection, movements)
        # In order of their keys, so that two writers of one engine never wait for each other in a circle.
        for place, accounts in sorted(changes_of(changes.movements).items()):
            self._change_balance(place, rows.posting_parameters(accounts))

    def _change_balance(self, place: Place, parameters: rows.Parameters) -> None:
        lot_id, virtual_account_id = place
        found = self.queries.post(
            self.connection,
            account_id=self.account_id,
            lot_id=lot_id,
            virtual_account_id=virtual_account_id,
            **parameters,
        )
        require_row(found, "a balance")

    def add_lot(self, lot: Lot, virtual_account_id: bytes) -> None:
        """Make a lot known in a Virtual Account, unless it is."""
        self.add_lots(((lot, virtual_account_id),))

    def add_lots(self, lots: tuple[tuple[Lot, bytes], ...]) -> None:
        """Make many lots known, each in the Virtual Account of that id, unless they are."""
        account = {"account_id": self.account_id}
        self.queries.insert_lots(
            self.connection, [{**account, **rows.lot_parameters(lot)} for lot, _ in lots]
        )
        self.queries.insert_balances(
            self.connection,
            [{**account, "lot_id": lot.id, "virtual_account_id": place} for lot, place in lots],
        )

    def set_lot_expired(self, lot_id: bytes, *, expired: bool) -> None:
        """Note whether a lot's end was posted."""
        self.queries.set_lot_expired(
            self.connection, account_id=self.account_id, lot_id=lot_id, expired=int(expired)
        )

    def add_virtual_account(self, virtual_account: VirtualAccount) -> None:
        """Add a Virtual Account with a new name."""
        self.queries.insert_virtual_account(
            self.connection,
            account_id=self.account_id,
            virtual_account_id=virtual_account.id,
            name=virtual_account.name,
        )

    def rename_virtual_account(self, virtual_account_id: bytes, name: str) -> None:
        """Give a Virtual Account another name."""
        self.queries.rename_virtual_account(
            self.connection,
            account_id=self.account_id,
            virtual_account_id=virtual_account_id,
            name=name,
        )

    def remove_virtual_account(self, virtual_account_id: bytes) -> None:
        """Note that a Virtual Account is there no more."""
        self.queries.remove_virtual_account(
            self.connection, account_id=self.account_id, virtual_account_id=virtual_account_id
        )

    def set_policy(self, policy: Policy) -> None:
        """Set what the account allows itself."""
        self.queries.upsert_policy(
            self.connection,
            account_id=self.account_id,
            rehost_percent=policy.rehost_percent,
            rehost_minimum=policy.rehost_minimum,
            margin_days=policy.margin_days,
            agreements_required=int(policy.agreements_required),
            in_doubt_days=policy.in_doubt_days,
            quota_near_percent=policy.quota_near_percent,
        )

    def append_catalogue(self, position: int, tags: tuple[str, ...], size: int, digest: bytes) -> None:
        """Append tags from a position on, and publish the new size with its digest."""
        self.queries.insert_tags(
            self.connection,
            [
                {"account_id": self.account_id, "position": place, "tag": tag}
                for place, tag in enumerate(tags, start=position)
            ],
        )
        self.queries.insert_catalogue_version(
            self.connection, account_id=self.account_id, size=size, digest=digest
        )

    def set_product(self, product: Product) -> None:
        """Set what the portal asks of a product."""
        self.queries.upsert_product(
            self.connection,
            account_id=self.account_id,
            product_id=product.product_id,
            minimum_match=product.minimum_match,
            universal_tag=product.universal_tag,
        )

    def add_early_return(self, early: EarlyReturn, event_id: bytes) -> None:
        """Keep a return that came before its request."""
        self.queries.insert_early_return(
            self.connection,
            account_id=self.account_id,
            hint=early.hint,
            digest=early.digest,
            code_text=early.text,
            at=rows.instant_text(early.at),
            actor=early.actor,
            event_id=event_id,
        )


def require_row(found: object, what: str) -> None:
    """Refuse to go on when a row that a statement must change is not there."""
    if found is None:
        raise ConstraintBrokenError(
            f"The books have no row for {what}, which this command must change.",
            hint="Run `tallystick portal audit` and keep its output.",
        )
