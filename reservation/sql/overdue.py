"""Alerts that come with time, in the database: reservations along an index for each kind."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from reservation.alerts import Alert, AlertKind
from reservation.model import Policy, Reservation
from reservation.noticing import midnight
from reservation.overdue import HIGHEST_KEY, Place, Stretch
from reservation.sql import rows
from reservation.sql.alerts import alert_of

#: What queries about a kind are called.
_NAMES: Final[Mapping[AlertKind, str]] = {
    AlertKind.IN_DOUBT: "waiting",
    AlertKind.RESERVED_EXPIRED: "ended",
    AlertKind.RETURN_EXPECTED: "to_return",
}
_LOWEST_PLACE, _HIGHEST_PLACE = b"", b"\xff" * 8


class OverdueReading:
    """What a transaction can read of them."""

    connection: Any
    queries: Any
    account_id: bytes

    def overdue(self, stretch: Stretch, place: bytes | None, most: int) -> tuple[Reservation, ...]:
        """Return the first reservations of a stretch."""
        found = self._of(stretch.kind, "{}_from")(
            self.connection,
            **self._bounds(stretch),
            first_place=place or _LOWEST_PLACE,
            last_place=place or _HIGHEST_PLACE,
            most=most,
        )
        return tuple(rows.reservation_of(row) for row in found)

    def overdue_unwritten(self, stretch: Stretch, policy: Policy, most: int) -> tuple[Reservation, ...]:
        """Return the first reservations of a stretch of which no open alert says so."""
        lag = {"lag": policy.in_doubt_days} if stretch.kind is AlertKind.IN_DOUBT else {}
        found = self._of(stretch.kind, "unwritten_{}")(
            self.connection, **self._bounds(stretch), severity=stretch.severity.value, **lag, most=most
        )
        return tuple(rows.reservation_of(row) for row in found)

    def alerts_gone(self, kind: AlertKind, last: datetime, after: bytes, most: int) -> tuple[Alert, ...]:
        """Return open alerts of an overdue kind whose reservations say nothing of it any more."""
        found = self._of(kind, "gone_{}")(
            self.connection,
            account_id=self.account_id,
            after_key=after.hex(),
            last=_text(kind, last),
            most=most,
        )
        return tuple(alert_of(row) for row in found)

    def _of(self, kind: AlertKind, name: str) -> Any:
        return getattr(self.queries, name.format(_NAMES[kind]))

    def _bounds(self, stretch: Stretch) -> dict[str, object]:
        return {
            "account_id": self.account_id,
            "after": _text(stretch.kind, stretch.after.since),
            "after_key": _key(stretch.kind, stretch.after),
            "last": _text(stretch.kind, stretch.last),
        }


def _text(kind: AlertKind, since: datetime) -> str:
    """Return what stands in the column of a kind when its fact stands since some moment."""
    if kind is AlertKind.IN_DOUBT:
        return rows.instant_text(since)
    day = since.date()
    if kind is AlertKind.RESERVED_EXPIRED:  # It stands since the day after.
        return (day - timedelta(days=1)).isoformat() if day > date.min else ""
    return day.isoformat()


def _key(kind: AlertKind, place: Place) -> bytes:
    """Return the key of a place; within a day, everything that a day's column says comes before."""
    is_between = kind is not AlertKind.IN_DOUBT and place.since != midnight(place.since.date())
    return HIGHEST_KEY if is_between else place.key
