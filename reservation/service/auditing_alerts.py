"""Auditing alerts: what their rows say of themselves, of each other, and of the events; days of return.

That a row and the facts differ is no damage: it is late, and the next sweep brings it up. What a sweep could
not have written is.
"""

from collections.abc import Iterator

from reservation.alerts import Alert, id_of
from reservation.model import EventKind
from reservation.store import Reading


def check_alerts(books: Reading) -> Iterator[tuple[str, str]]:
    """Say which alerts nobody can have opened, closed or acknowledged so; and days of return: what, how."""
    before: Alert | None = None
    for alert in books.every_alert():
        if before is not None and (before.fact.kind, before.fact.key) != (alert.fact.kind, alert.fact.key):
            before = None
        for message in (*_of_itself(alert), *_after(before, alert), *_acknowledged(books, alert)):
            yield f"{alert.name}: {alert.fact.subject}", message
        before = alert
    yield from _return_days(books)


def _return_days(books: Reading) -> Iterator[tuple[str, str]]:
    """Say which reservations are to be returned by another day than the events say: which, and how."""
    events = ((event.reservation_id, event.detail or {}) for event in books.return_days())
    said = {reservation_id: detail.get("return_by") for reservation_id, detail in events}
    for one in books.every_reservation():
        day = one.return_by and one.return_by.isoformat()
        if day != said.get(one.id):
            yield f"reservation {one.name}", f"it is to be returned by {day}, and no event says so"


def _of_itself(alert: Alert) -> Iterator[str]:
    if alert.id != id_of(alert.fact.kind, alert.fact.key, alert.round):
        yield "its id does not follow from what it is about"
    if alert.changed_at < alert.opened_at:
        yield "it changed before it was opened"
    if alert.closed_at is not None and alert.closed_at < alert.changed_at:
        yield "it was closed before it was opened, or last changed"


def _after(before: Alert | None, alert: Alert) -> Iterator[str]:
    if alert.round != (before.round + 1 if before else 1):
        yield "an alert that came before it is missing"
    elif before is not None and before.closed_at is None:
        # Their times are of several clocks, and say nothing.
        yield "it was opened before the one about the same was closed"


def _acknowledged(books: Reading, alert: Alert) -> Iterator[str]:
    seen = alert.acknowledged
    if seen is None:
        return
    event = books.event(seen.event_id)
    detail = (event.detail if event else None) or {}
    said = (seen.at, seen.by, EventKind.ALERT_ACKNOWLEDGED, alert.id.hex(), seen.note)
    if event is None or said != (event.at, event.actor, event.kind, detail.get("alert"), detail.get("note")):
        yield "no event says that it was acknowledged so"
