"""The log that others can check, in the database: a part of the port, on named queries.

Invariant: what it reads of events, movements, codes and additions is what they say now, not what they said
when the tree grew; comparing the two is what the log is for.
"""

from collections.abc import Iterable
from typing import Any

from reservation.ledger import Movement
from reservation.log import Entry, SignedHead
from reservation.merkle import Row
from reservation.model import Addition, Lot
from reservation.sql import rows


class LogReading:
    """What a transaction can read of it."""

    connection: Any
    queries: Any
    account_id: bytes

    def tree_size(self) -> int:
        """Return how many events the kept tree has; others wait."""
        last = self.queries.tree_size(self.connection, account_id=self.account_id)
        return 0 if last is None else int(last) + 1

    def tree_rows(self, level: int, first: int, end: int) -> tuple[bytes, ...]:
        """Return kept hashes of a row level."""
        found = self.queries.tree_hashes(
            self.connection, account_id=self.account_id, level=level, first=first, past=end
        )
        return tuple(digest for (digest,) in found)

    def entries(self, after: int, most: int) -> tuple[Entry, ...]:
        """Return entries after a number, in the order of the chain, without those whose event is missing."""
        events = list(
            self.queries.chain_after(self.connection, account_id=self.account_id, number=after, most=most)
        )
        if not events:
            return ()
        between = {"account_id": self.account_id, "after": after, "last": events[-1][0]}
        movements: dict[int, list[tuple[Lot, Movement]]] = {}
        for number, *row in self.queries.movements_between(self.connection, **between):
            lot = rows.lot_of(tuple(row))
            moved = lot, rows.movement_of(lot.id, tuple(row[rows.LOT_COLUMNS :]))
            movements.setdefault(number, []).append(moved)
        additions: dict[int, list[Addition]] = {}
        for number, *row in self.queries.additions_between(self.connection, **between):
            additions.setdefault(number, []).append(Addition(*row))
        codes: dict[int, list[tuple[str, bytes]]] = {}
        for number, kind, code_id in self.queries.codes_between(self.connection, **between):
            codes.setdefault(number, []).append((kind, code_id))
        return tuple(
            Entry(
                number,
                rows.event_of(tuple(row)),
                tuple(codes.get(number, ())),
                tuple(movements.get(number, ())),
                tuple(additions.get(number, ())),
                chained,
            )
            for number, chained, *row in events
        )

    def number_of(self, event_id: bytes) -> int | None:
        """Return the number of an event; None: it has none, or there is no such event."""
        found: int | None = self.queries.number_of_event(
            self.connection, account_id=self.account_id, event_id=event_id
        )
        return found

    def movements_after(self, number: int) -> tuple[Movement, ...]:
        """Return the movements of all events after a number, and of those that have none yet."""
        found = self.queries.movements_after_number(
            self.connection, account_id=self.account_id, number=number
        )
        return tuple(rows.movement_of(lot_id, tuple(row)) for lot_id, *row in found)

    def signed_heads(self) -> tuple[SignedHead, ...]:
        """Return all signed checkpoints, oldest first."""
        found = self.queries.signed_heads(self.connection, account_id=self.account_id)
        return tuple(rows.signed_head_of(row) for row in found)

    def newest_signed_head(self) -> SignedHead | None:
        """Return the newest signed checkpoint."""
        row = self.queries.newest_signed_head(self.connection, account_id=self.account_id)
        return rows.signed_head_of(row[:-1]) if row else None


class LogWriting(LogReading):
    """What a transaction can write of it."""

    def add_tree_rows(self, made: Iterable[Row]) -> None:
        """Keep hashes of the tree."""
        self.queries.insert_tree_hashes(
            self.connection,
            [
                {"account_id": self.account_id, "level": one.level, "place": one.place, "hash": one.hash}
                for one in made
            ],
        )

    def add_signed_head(self, head: SignedHead) -> None:
        """Keep a signed checkpoint."""
        newest = self.queries.newest_signed_head(self.connection, account_id=self.account_id)
        self.queries.insert_signed_head(
            self.connection,
            account_id=self.account_id,
            number=newest[-1] + 1 if newest else 1,
            size=head.size,
            root=head.root,
            note=head.note,
            at=rows.instant_text(head.at),
            actor=head.actor,
        )
