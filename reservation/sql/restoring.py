"""The chain of events, restores and kept codes in the database: a part of the port, on named queries.

Invariant: every event gets its place in the chain with the statement that records it.
"""

from collections.abc import Iterator
from typing import Any

from reservation.checkpoint import NO_EVENTS, Checkpoint, KeptCode, Restore, chained
from reservation.model import Event, Sequence
from reservation.sql import rows

_BATCH = 1000


class RestoreReading:
    """What a transaction can read of it."""

    connection: Any
    queries: Any
    account_id: bytes

    def log_end(self) -> tuple[int, bytes]:
        """Return how many events there are, and the hash over them."""
        row = self.queries.chain_end(self.connection, account_id=self.account_id)
        return (row[0], row[1]) if row else (0, NO_EVENTS)

    def hash_after(self, events: int) -> bytes | None:
        """Return the hash over so many events; None: there are fewer."""
        found: bytes | None = self.queries.chain_at(
            self.connection, account_id=self.account_id, number=events
        )
        return found

    def chain(self) -> Iterator[tuple[int, bytes, Event]]:
        """Go through all events in the order of the chain, each with its number and hash."""
        after = 0
        while True:
            batch = list(
                self.queries.chain_after(
                    self.connection, account_id=self.account_id, number=after, most=_BATCH
                )
            )
            if not batch:
                return
            for number, digest, *row in batch:
                yield number, digest, rows.event_of(tuple(row))
            after = batch[-1][0]

    def event_count(self) -> int:
        """Return how many events there are, in the chain or not."""
        return int(self.queries.event_count(self.connection, account_id=self.account_id))

    def restores(self) -> tuple[Restore, ...]:
        """Return every restore that was noticed, oldest first."""
        found = self.queries.restores(self.connection, account_id=self.account_id)
        identity = self.queries.portal(self.connection)
        return tuple(rows.restore_of(identity[0], row) for row in found)

    def in_quarantine(self) -> bool:
        """Tell whether a restore was noticed whose quarantine nobody ended."""
        return self.queries.lasting_restore(self.connection, account_id=self.account_id) is not None

    def kept_codes(self) -> tuple[KeptCode, ...]:
        """Return the codes that wait for another one, oldest first."""
        found = self.queries.kept_codes(self.connection, account_id=self.account_id)
        return tuple(rows.kept_code_of(row) for row in found)

    def kept_code(self, digest: bytes) -> KeptCode | None:
        """Return a code that waits, or waited."""
        row = self.queries.kept_code(self.connection, account_id=self.account_id, digest=digest)
        return rows.kept_code_of(row) if row else None

    def returns_ahead(self) -> tuple[tuple[bytes, Sequence], ...]:
        """Return reservations whose return names a sequence that the books do not know."""
        found = self.queries.returns_ahead(self.connection, account_id=self.account_id)
        return tuple((reservation_id, Sequence(epoch, number)) for reservation_id, epoch, number in found)

    def something_since(self, event_id: bytes) -> bool:
        """Tell whether anything was recorded after an event but what falls due by itself, and new people."""
        return bool(
            list(self.queries.events_since(self.connection, account_id=self.account_id, event_id=event_id))
        )

    def newest_epoch(self) -> int:
        """Return the highest epoch of any authorization."""
        return int(self.queries.newest_epoch(self.connection, account_id=self.account_id) or 0)


class RestoreWriting(RestoreReading):
    """What a transaction can write of it."""

    def _extend_chain(self, events: tuple[Event, ...]) -> None:
        number, before = self.log_end()
        self.queries.insert_chain(
            self.connection,
            [
                {"account_id": self.account_id, "number": place, "event_id": event.id, "hash": digest}
                for place, event, digest in zip(
                    range(number + 1, number + 1 + len(events)), events, chained(before, events), strict=True
                )
            ],
        )

    def add_restore(self, restore: Restore) -> None:
        """Keep what was noticed, with the event that says so."""
        self.queries.insert_restore(
            self.connection,
            account_id=self.account_id,
            event_id=restore.event_id,
            found_events=restore.found_events,
            found_at=rows.instant_text(restore.found_at),
            reason=restore.reason,
            **_expected(restore.expected),
        )

    def propose_end(self, event_id: bytes | None, actor: str | None, reason: str) -> None:
        """Note who proposes to end the quarantine, and why; no event: nobody does any more."""
        self.queries.propose_end(
            self.connection,
            account_id=self.account_id,
            proposed_with=event_id,
            proposed_by=actor,
            end_reason=reason,
        )

    def end_quarantine(self, event_id: bytes, actor: str) -> None:
        """Note who ended the quarantine."""
        self.queries.end_restores(
            self.connection, account_id=self.account_id, ended_with=event_id, ended_by=actor
        )

    def set_epoch(self, epoch: int) -> None:
        """Open a new epoch; it is higher than the one before."""
        self.queries.set_epoch(self.connection, epoch=epoch)

    def keep_code(self, code: KeptCode, event_id: bytes) -> None:
        """Keep a code that waits for another one."""
        self.queries.insert_kept_code(
            self.connection,
            account_id=self.account_id,
            digest=code.digest,
            kind=code.kind.value,
            hint=code.hint,
            code_text=code.text,
            at=rows.instant_text(code.at),
            actor=code.actor,
            event_id=event_id,
        )

    def settle_kept_code(self, digest: bytes, event_id: bytes) -> None:
        """Note with which event a kept code was judged, if it is kept and waits."""
        self.queries.settle_kept_code(
            self.connection, account_id=self.account_id, digest=digest, settled_with=event_id
        )


def _expected(checkpoint: Checkpoint | None) -> rows.Parameters:
    return {
        "expected_epoch": checkpoint and checkpoint.epoch,
        "expected_events": checkpoint and checkpoint.events,
        "expected_hash": checkpoint and checkpoint.hash,
        "expected_at": checkpoint and rows.instant_text(checkpoint.at),
    }
