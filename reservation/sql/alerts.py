"""Alerts in the database, and what they are found by: a part of the port, on named queries."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from reservation.alerts import Acknowledgement, Alert, AlertKind, Fact, Severity
from reservation.ledger import Balance
from reservation.model import Event, Reservation
from reservation.noticing import EndingLot
from reservation.sql import rows

_AFTER_ALL = "~"
_HIGHEST_ID = b"\xff" * 16


class AlertReading:
    """What a transaction can read of them."""

    connection: Any
    queries: Any
    account_id: bytes

    def open_alerts(self, kind: AlertKind) -> tuple[Alert, ...]:
        """Return the alerts of a kind that are open."""
        found = self.queries.open_alerts(self.connection, account_id=self.account_id, kind=kind.value)
        return tuple(alert_of(row) for row in found)

    def newest_alert_about(self, reservation_id: bytes, kind: AlertKind) -> Alert | None:
        """Return the newest alert of a kind about a reservation, open or closed."""
        row = self.queries.newest_alert_about(
            self.connection, account_id=self.account_id, reservation_id=reservation_id, kind=kind.value
        )
        return alert_of(row) if row else None

    def closed_alerts(self, before: tuple[datetime, bytes] | None, most: int) -> tuple[Alert, ...]:
        """Return alerts that are closed, the newest first, from before the last one seen on."""
        at, alert_id = (rows.instant_text(before[0]), before[1]) if before else (_AFTER_ALL, _HIGHEST_ID)
        found = self.queries.closed_alerts(
            self.connection, account_id=self.account_id, before=at, before_id=alert_id, most=most
        )
        return tuple(alert_of(row) for row in found)

    def alerts_between(self, low: bytes, high: bytes) -> tuple[Alert, ...]:
        """Return up to two alerts whose ids lie in a range, ends included."""
        found = self.queries.alerts_named(self.connection, account_id=self.account_id, low=low, high=high)
        return tuple(alert_of(row) for row in found)

    def every_alert(self) -> Iterator[Alert]:
        """Go through all alerts, by what they are about, oldest first."""
        for row in self.queries.every_alert(self.connection, account_id=self.account_id):
            yield alert_of(row)

    def alert_rounds(self, kind: AlertKind, key: str) -> int:
        """Return how many alerts there were about one fact."""
        return int(
            self.queries.last_round(self.connection, account_id=self.account_id, kind=kind.value, key=key)
        )

    def lots_about_to_end(self, first: date, last: date, today: date) -> tuple[EndingLot, ...]:
        """Return the lots that end between two days, both included, in each Virtual Account."""
        found = self.queries.lots_about_to_end(
            self.connection,
            account_id=self.account_id,
            first=first.isoformat(),
            last=last.isoformat(),
            today=today.isoformat(),
        )
        return tuple(
            EndingLot(rows.lot_of(tuple(row)), place, count, bool(renewed))
            for *row, place, count, renewed in map(tuple, found)
        )

    def balances_with_shortfall(self) -> tuple[Balance, ...]:
        """Return the balances, as they were posted, of which more is out than was bought."""
        found = self.queries.balances_with_shortfall(self.connection, account_id=self.account_id)
        return tuple(rows.balance_of(row) for row in found)

    def reservations_kept(self) -> tuple[Reservation, ...]:
        """Return the returned reservations whose hold waits for a person."""
        found = self.queries.reservations_kept(self.connection, account_id=self.account_id)
        return tuple(rows.reservation_of(row) for row in found)

    def contradictions(self) -> tuple[Event, ...]:
        """Return all events that tell of devices at odds with the books, oldest first."""
        found = self.queries.events_of_contradictions(self.connection, account_id=self.account_id)
        return tuple(rows.event_of(row) for row in found)

    def return_days(self) -> Iterator[Event]:
        """Go through the events that can say by which day a device is to be returned, oldest first."""
        for row in self.queries.events_of_return_days(self.connection, account_id=self.account_id):
            yield rows.event_of(row)

    def refusals_since(self, event_id: bytes) -> tuple[Event, ...]:
        """Return the refusals for want of licences after an event, oldest first."""
        found = self.queries.events_of_refusals(self.connection, account_id=self.account_id, after=event_id)
        return tuple(rows.event_of(row) for row in found)


class AlertWriting(AlertReading):
    """What a transaction can change of them."""

    def open_these(self, alerts: tuple[Alert, ...]) -> None:
        """Add alerts."""
        if alerts:
            self.queries.insert_alerts(self.connection, [self._parameters(one) for one in alerts])

    def change_these(self, alerts: tuple[Alert, ...]) -> None:
        """Write alerts that are there as they are now."""
        if alerts:
            self.queries.update_alerts(self.connection, [self._changing(one) for one in alerts])

    def _changing(self, alert: Alert) -> rows.Parameters:
        fixed = {"kind", "key", "round", "lot_id", "reservation_id", "opened_at"}
        return {name: value for name, value in self._parameters(alert).items() if name not in fixed}

    def _parameters(self, alert: Alert) -> rows.Parameters:
        fact, seen = alert.fact, alert.acknowledged
        if fact.since is None or fact.due is None:
            raise ValueError("an alert without its days")
        return {
            "account_id": self.account_id,
            "alert_id": alert.id,
            "kind": fact.kind.value,
            "key": fact.key,
            "round": alert.round,
            "subject": fact.subject,
            "severity": fact.severity.value,
            "virtual_account_id": fact.virtual_account_id,
            "since": rows.instant_text(fact.since),
            "due": fact.due.isoformat(),
            "count": fact.count,
            "step": fact.step,
            "lot_id": fact.lot_id,
            "reservation_id": fact.reservation_id,
            "opened_at": rows.instant_text(alert.opened_at),
            "changed_at": rows.instant_text(alert.changed_at),
            "closed_at": rows.instant_text(alert.closed_at) if alert.closed_at else None,
            "acknowledged_at": rows.instant_text(seen.at) if seen else None,
            "acknowledged_by": seen.by if seen else None,
            "note": seen.note if seen else "",
            "acknowledged_with": seen.event_id if seen else None,
        }


@rows.reported
def alert_of(row: rows.Row) -> Alert:
    """Return the alert in a row of all its columns."""
    alert_id, kind, key, number, subject, severity, place, since, due, count, step, lot_id, held, *rest = row
    opened_at, changed_at, closed_at, seen_at, seen_by, note, event_id = rest
    fact = Fact(
        AlertKind(kind),
        key,
        subject,
        Severity(severity),
        virtual_account_id=place,
        since=rows.instant(since),
        due=date.fromisoformat(due),
        count=count,
        step=step,
        lot_id=lot_id,
        reservation_id=held,
    )
    return Alert(
        alert_id,
        fact,
        number,
        rows.instant(opened_at),
        rows.instant(changed_at),
        rows.instant(closed_at) if closed_at else None,
        Acknowledgement(rows.instant(seen_at), seen_by, note, event_id) if seen_at else None,
    )
