"""Reading and writing the books in PostgreSQL: what its many writers make different.

A transaction that writes runs *alone* in its account, or *beside others*. Each takes a lock on the account's
row first, and so a command that runs alone sees what a SQLite file would show it: nobody else writes. Such
locks have no queue: those who share one could come and go for ever while another waits to have it alone. So
before it there is the *turn*, another row: who runs alone keeps it, and nobody gets past who comes later.

Beside others, under READ COMMITTED, a transaction is protected thus:

- what administrators set does not change: who sets it runs alone;
- the reservation that it changes is locked when it is first read, before anything that follows from it;
- codes of one device are compared beside others only when the device has one reservation;
- stock is taken by a guarded statement: the constraints of the balance refuse what is not there any more;
- whatever else two of them could both do is refused by a unique index.

A refusal of that kind is no answer, since what it decided by was old: the store runs the work again, alone.
Nor is a refusal by a rule, since each statement sees the books as they are just then: a request that others
reserve meanwhile is not there at first, and then its device has a reservation open. And by `NotBesideOthers`
a transaction says that it must do what only one may do.

Events of transactions beside others get their place in the chain later: see `place_waiting`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, TypeVar

from reservation.ledger import Account, Balance, Movement, Place, changes_of
from reservation.model import Event, Reservation, StoredCode
from reservation.sql import postgres_errors, rows
from reservation.sql.reading import SqlReading
from reservation.sql.writing import SqlWriting, require_row
from reservation.standing import Changes

T = TypeVar("T")

#: Waits until nobody has the turn, and keeps nothing: what a part locks is free again when it is undone.
#: It is one message, so that this takes the server no longer than it must.
_PASS_THE_TURN = (
    b"SAVEPOINT turn; SELECT singleton FROM portal FOR KEY SHARE; ROLLBACK TO SAVEPOINT turn;"
    b"RELEASE SAVEPOINT turn"
)


class NotBesideOthers(Exception):  # noqa: N818 - no error: the work is run again
    """Something was found that only a transaction which runs alone may do."""


class PostgresReading(SqlReading):
    """One transaction's view of the books in PostgreSQL."""

    def __init__(
        self, connection: Any, queries: Any, account_id: bytes, find_deviations: Callable[[], tuple[str, ...]]
    ) -> None:
        super().__init__(connection, queries, account_id)
        self._find_deviations = find_deviations

    def event_count(self) -> int:
        """Return how many events there are, but those that wait for their place in the chain."""
        return int(self.queries.placed_event_count(self.connection, account_id=self.account_id))

    def engine_problems(self) -> tuple[str, ...]:
        """Return which rows refer to nothing, and what is not of our schema.

        The server checks its files itself, if it was told to.
        """
        return self._find_deviations()


class AloneWriting(PostgresReading, SqlWriting):
    """A transaction beside which nobody writes in the account."""

    _is_placed = False

    def begin(self) -> None:
        """Take the lock, with the turn; first in the transaction."""
        self.queries.take_turn(self.connection)
        self.queries.lock_alone(self.connection, account_id=self.account_id)

    def begin_beside_others(self) -> None:
        """Take the lock that others may have, too, when nobody has the turn; first in the transaction."""
        self.connection.execute(_PASS_THE_TURN)
        self.queries.lock_beside_others(self.connection, account_id=self.account_id)

    def apart(self, work: Callable[[], T]) -> T:
        """Run a part of the transaction that can fail by itself: an error undoes it, and no more."""
        was_placed = self._is_placed
        try:
            return super().apart(work)
        except Exception:
            self._is_placed = was_placed  # what was placed in this part waits again
            raise

    def _refusals(self) -> AbstractContextManager[None]:
        return postgres_errors.refused_changes()

    def log_end(self) -> tuple[int, bytes]:
        """Return how many events there are, and the hash over them."""
        self._place()
        return super().log_end()

    def _extend_chain(self, events: tuple[Event, ...]) -> None:
        self._place()
        super()._extend_chain(events)

    def _place(self) -> None:
        """Let all events before this transaction have their place."""
        if not self._is_placed:
            self._is_placed = True
            self.place_waiting()

    def place_waiting(self) -> None:
        """Give every event that waits its place in the chain.

        Who deletes the rows of the waiting ones has them: a second one waits, and finds them gone.
        """
        waiting = self.queries.take_unplaced(self.connection, account_id=self.account_id)
        events = tuple(rows.event_of(row) for row in waiting)
        if events:
            super()._extend_chain(events)

    def _post(self, changes: Changes) -> None:
        moves = _simple_moves(changes)
        if moves is None or changes.additions:
            super()._post(changes)
            return
        for (lot_id, virtual_account_id), (number, movement) in moves:
            parameters = rows.movement_parameters(movement)
            found = self.queries.move(
                self.connection,
                account_id=self.account_id,
                event_id=changes.event.id,
                number=number,
                lot_id=lot_id,
                virtual_account_id=virtual_account_id,
                count=movement.count,
                source=parameters["source"],
                target=parameters["target"],
                **rows.posting_parameters(changes_of((movement,))[lot_id, virtual_account_id]),
            )
            require_row(found, "a balance")


def _simple_moves(changes: Changes) -> list[tuple[Place, tuple[int, Movement]]] | None:
    """Return the movements in order of the balances they change; None: one of them is not that simple."""
    moves: dict[Place, tuple[int, Movement]] = {}
    for number, movement in enumerate(changes.movements):
        places = list(changes_of((movement,)))
        if len(places) != 1 or places[0] in moves:
            return None
        moves[places[0]] = number, movement
    return sorted(moves.items())


class Placing(AloneWriting):
    """A transaction that gives events their place in the chain, beside others that add some."""

    def begin(self) -> None:
        """Take the lock that others may have, too, after whoever waits to run alone."""
        self.begin_beside_others()


class BesideWriting(AloneWriting):
    """A transaction beside which others write."""

    def __init__(
        self, connection: Any, queries: Any, account_id: bytes, find_deviations: Callable[[], tuple[str, ...]]
    ) -> None:
        super().__init__(connection, queries, account_id, find_deviations)
        self._locked: set[bytes] = set()
        self._came_back = False

    def begin(self) -> None:
        """Take the lock that others may have, too, after whoever waits to run alone."""
        self.begin_beside_others()

    # --- what only one may do ---

    def apart(self, work: Callable[[], T]) -> T:
        """Refuse: many parts lock many rows, in an order that others do not know."""
        del work
        raise NotBesideOthers

    def lots_to_post(self, today: date) -> tuple[bytes, ...]:
        """Return nothing: what is due is posted by one that runs alone."""
        return _none_of(super().lots_to_post(today))

    def reservations_to_free(self, today: date) -> tuple[bytes, ...]:
        """Return nothing: what is due is posted by one that runs alone."""
        return _none_of(super().reservations_to_free(today))

    def balances_short(self) -> tuple[Balance, ...]:
        """Return nothing: a shortfall is covered by one that runs alone.

        One that nothing came back in cannot have made a lot coverable, and need not ask: it would hold the
        balance's row while it does.
        """
        return _none_of(super().balances_short()) if self._came_back else ()

    def log_end(self) -> tuple[int, bytes]:
        """Refuse: the end of the chain is not still beside others."""
        raise NotBesideOthers

    def codes_beside(self, reservation: Reservation, code_number: int) -> tuple[StoredCode, ...]:
        """Return codes of a device that one with this number can contradict.

        A device that has another reservation is left to one that runs alone: a code about that one which is
        just being recorded would not be seen, and two that contradict each other would both come without an
        alert. Locking the device's rows instead can end in a deadlock, since each of two has one of them
        already. Most devices have one reservation, whose row is locked.
        """
        found = self.queries.other_reservation_of_key(
            self.connection,
            account_id=self.account_id,
            device_key=reservation.device_key,
            reservation_id=reservation.id,
        )
        if found is not None:
            raise NotBesideOthers
        return super().codes_beside(reservation, code_number)

    # --- one reservation ---

    def reservation(self, reservation_id: bytes) -> Reservation | None:
        """Return a reservation of this account, which nobody else changes from now on."""
        row = self.queries.locked_reservation(self.connection, reservation_id=reservation_id)
        if not row or row[0] != self.account_id:
            return None
        if self._locked - {reservation_id}:
            raise NotBesideOthers  # in which order others lock two is not known
        self._locked.add(reservation_id)
        return rows.reservation_of(row)

    def record(self, changes: Changes) -> None:
        """Write what a command does, with its event, in one flight of statements, and then the balances.

        They are no part of the flight, since others may have their rows: who waits for one and stands still
        afterwards would have it for ever. No limit of the server's is for the middle of a flight.
        """
        reservation = changes.reservation
        if reservation is not None and not changes.opened:
            if reservation.id not in self._locked:
                raise NotBesideOthers
            # Events of a reservation stand in the order of their commits, whatever two clocks say.
            if (self.newest_event_of(reservation.id) or b"") >= changes.event.id:
                raise NotBesideOthers
        if changes.proposal or changes.decided or changes.exposures or changes.clears:
            raise NotBesideOthers
        for accounts in changes_of(changes.movements).values():
            if accounts.get(Account.AVAILABLE, 0) > 0 or accounts.get(Account.SHORTFALL, 0) > 0:
                self._came_back = True
        with self.connection.pipeline():
            self._note(changes)
        self._post(changes)

    def _extend_chain(self, events: tuple[Event, ...]) -> None:
        self.queries.insert_unplaced(
            self.connection, [{"account_id": self.account_id, "event_id": event.id} for event in events]
        )


def _none_of(found: tuple[Any, ...]) -> tuple[Any, ...]:
    if found:
        raise NotBesideOthers
    return found
