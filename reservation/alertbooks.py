"""The port to alerts, and to what they are found by: a part of `reservation.store`."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Protocol

from reservation.alerts import Alert, AlertKind
from reservation.ledger import Balance
from reservation.model import Event, Reservation
from reservation.noticing import EndingLot


class ReadingAlerts(Protocol):
    """What a transaction can read of them."""

    def open_alerts(self) -> tuple[Alert, ...]:
        """Return the alerts that are open."""

    def closed_alerts(self, before: tuple[datetime, bytes] | None, most: int) -> tuple[Alert, ...]:
        """Return alerts that are closed, the newest first, from before the last one seen on."""

    def alerts_between(self, low: bytes, high: bytes) -> tuple[Alert, ...]:
        """Return up to two alerts whose ids lie in a range, ends included."""

    def every_alert(self) -> Iterator[Alert]:
        """Go through all alerts, by what they are about, oldest first."""

    def alert_rounds(self, kind: AlertKind, key: str) -> int:
        """Return how many alerts there were about one fact."""

    def lots_about_to_end(self, first: date, last: date, today: date) -> tuple[EndingLot, ...]:
        """Return the lots that end between two days, both included, in each Virtual Account."""

    def balances_with_shortfall(self) -> tuple[Balance, ...]:
        """Return the balances, as they were posted, of which more is out than was bought."""

    def reservations_waiting(self, before: datetime) -> tuple[Reservation, ...]:
        """Return reservations of which something waits since then, or for longer."""

    def reservations_kept(self) -> tuple[Reservation, ...]:
        """Return the returned reservations whose hold waits for a person."""

    def holds_ended(self, today: date) -> tuple[tuple[bytes, date], ...]:
        """Return open reservations with last days of what they hold, although these are over."""

    def returns_expected(self, today: date) -> tuple[tuple[bytes, date], ...]:
        """Return open reservations that were to be returned by now, with the day."""

    def return_expected(self, reservation_id: bytes) -> date | None:
        """Return the day by which a reservation is to be returned."""

    def contradictions(self) -> tuple[Event, ...]:
        """Return all events that tell of devices at odds with the books, oldest first."""

    def refusals_since(self, event_id: bytes) -> tuple[Event, ...]:
        """Return the refusals for want of licences after an event, oldest first."""


class WritingAlerts(Protocol):
    """What a transaction can change of them."""

    def open_these(self, alerts: tuple[Alert, ...]) -> None:
        """Add alerts."""

    def change_these(self, alerts: tuple[Alert, ...]) -> None:
        """Write alerts that are there as they are now."""

    def expect_return(self, reservation_id: bytes, day: date | None, event_id: bytes) -> None:
        """Note by when a reservation is to be returned; None: by no day."""
