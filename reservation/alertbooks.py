"""The port to alerts, and to what they are found by: a part of `reservation.store`."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Protocol

from reservation.alerts import Alert, AlertKind
from reservation.ledger import Balance
from reservation.model import Event, Policy, Reservation
from reservation.noticing import EndingLot
from reservation.overdue import Stretch


class ReadingAlerts(Protocol):
    """What a transaction can read of them."""

    def open_alerts(self, kind: AlertKind) -> tuple[Alert, ...]:
        """Return the alerts of a kind that are open."""

    def newest_alert_about(self, reservation_id: bytes, kind: AlertKind) -> Alert | None:
        """Return the newest alert of a kind about a reservation, open or closed."""

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

    def reservations_kept(self) -> tuple[Reservation, ...]:
        """Return the returned reservations whose hold waits for a person."""

    def contradictions(self) -> tuple[Event, ...]:
        """Return all events that tell of devices at odds with the books, oldest first."""

    def return_days(self) -> Iterator[Event]:
        """Go through the events that can say by which day a device is to be returned, oldest first."""

    def refusals_since(self, event_id: bytes) -> tuple[Event, ...]:
        """Return the refusals for want of licences after an event, oldest first."""

    def overdue(self, stretch: Stretch, place: bytes | None, most: int) -> tuple[Reservation, ...]:
        """Return the first reservations of a stretch.

        Args:
            stretch: The stretch.
            place: Only those of this Virtual Account; None: of all.
            most: How many at most.
        """

    def overdue_unwritten(self, stretch: Stretch, policy: Policy, most: int) -> tuple[Reservation, ...]:
        """Return the first reservations of a stretch of which no open alert says so."""

    def alerts_gone(self, kind: AlertKind, last: datetime, after: bytes, most: int) -> tuple[Alert, ...]:
        """Return open alerts of an overdue kind whose reservations say nothing of it any more.

        Args:
            kind: The kind.
            last: What has stood since later than this does not stand yet.
            after: Only those about reservations whose ids come after this one.
            most: How many at most.
        """


class WritingAlerts(Protocol):
    """What a transaction can change of them."""

    def open_these(self, alerts: tuple[Alert, ...]) -> None:
        """Add alerts."""

    def change_these(self, alerts: tuple[Alert, ...]) -> None:
        """Write alerts that are there as they are now."""
