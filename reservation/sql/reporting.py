"""Reading whole parts of the books, for reports: a part of the port, on named queries."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from reservation.model import Event
from reservation.sql import rows
from reservation.store import EndingLine, Moved

_BATCH = 1000


class ReportReading:
    """What a transaction can read of it."""

    connection: Any
    queries: Any
    account_id: bytes

    def movements_since(self, event_id: bytes) -> Iterator[tuple[Event, Moved]]:
        """Go through the movements of all events after one, in order."""
        after: tuple[bytes, int] = (event_id, 2**31 - 1)
        while True:
            batch = list(
                self.queries.movements_after(
                    self.connection,
                    account_id=self.account_id,
                    event_id=after[0],
                    number=after[1],
                    most=_BATCH,
                )
            )
            for row in batch:
                yield rows.moved_with_event_of(tuple(row))
            if len(batch) < _BATCH:
                return
            after = (batch[-1][rows.EVENT_OF_MOVEMENT], batch[-1][-1])

    def reservations_exposing(self) -> tuple[bytes, ...]:
        """Return the reservations of failed devices that may still use what their replacements got."""
        found = self.queries.reservations_exposing(self.connection, account_id=self.account_id)
        return tuple(reservation_id for (reservation_id,) in found)

    def lines_ending(self, first: date, last: date) -> tuple[EndingLine, ...]:
        """Return the lines of open reservations whose last day lies between two days, both included."""
        found = self.queries.lines_ending(
            self.connection, account_id=self.account_id, first=first.isoformat(), last=last.isoformat()
        )
        return tuple(rows.ending_line_of(tuple(row)) for row in found)
