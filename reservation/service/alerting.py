"""Alerts for people: listing them, acknowledging them, and the day by which a device is to be returned.

Nobody closes an alert: the facts do. Whoever looks sees what stands as of now; when they may change the
books, it is written as well.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from codec.alphabet import clean
from codec.errors import MalformedCodeError
from reservation import alerts, rules
from reservation.alerts import Acknowledgement, Alert, Severity
from reservation.errors import PermissionDeniedError, ReservationError, RuleError, UnknownNameError
from reservation.model import NAME_CHARACTERS, Event, EventKind, Reservation, Stamp
from reservation.roles import Rights, Verb
from reservation.service.codes import prefix_range
from reservation.service.context import Portal, read, write
from reservation.service.issuing import place_for, standing_for
from reservation.service.lookout import bring_up, plan, shown
from reservation.standing import Changes, event_on
from reservation.store import Reading, Writing

_PAGE = 50
_BATCH = 500
_ID_BYTES = 16
_ID = re.compile(rf"[0-9a-f]{{{2 * _ID_BYTES}}}")


@dataclass(frozen=True, slots=True)
class AlertShown:
    """An alert, and where it is.

    Attributes:
        alert: The alert.
        virtual_account: Its name; empty: it is about the whole Smart Account.
    """

    alert: Alert
    virtual_account: str


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Some alerts, and where the next page goes on; None: there is none."""

    alerts: tuple[AlertShown, ...]
    next_page: str | None


@dataclass(frozen=True, slots=True)
class _Wish:
    """Which alerts to list."""

    places: frozenset[bytes] | None
    severity: Severity | None
    every: bool
    mark: tuple[str, ...]
    most: int

    def takes(self, alert: Alert) -> bool:
        """Tell whether an alert is among them."""
        return shown(alert, self.places) and self.severity in {None, alert.fact.severity}


def list_alerts(
    portal: Portal,
    *,
    virtual_account: str | None = None,
    severity: Severity | None = None,
    every: bool = False,
    page: str | None = None,
    most: int = _PAGE,
) -> AlertPage:
    """Return one page of alerts: those that stand, the most severe first; then those that are closed.

    Args:
        portal: The portal.
        virtual_account: Only those of one Virtual Account; None: all that the user may see.
        severity: Only those of one severity; None: all.
        every: Whether closed ones are listed, too; the newest first.
        page: Where to go on, from the page before.
        most: How many at most.

    Raises:
        UnknownNameError: When there is no such Virtual Account, or no such page.
    """
    now = portal.clock()
    mark = _parse_page(page)

    def work(books: Reading, rights: Rights) -> AlertPage:
        places = rights.places
        if virtual_account is not None:
            places = frozenset({place_for(books, rights, virtual_account).id})
        wish = _Wish(places, severity, every, mark, most + 1)
        found = _found(books, wish, now)
        names = {one.id: one.name for one in books.every_virtual_account()}
        listed = tuple(
            AlertShown(one, names.get(one.fact.virtual_account_id or b"", "")) for one in found[:most]
        )
        return AlertPage(listed, _page_text(found[most - 1]) if len(found) > most else None)

    read(portal, Verb.LIST_ALERTS, lambda _books, _rights: None)
    _write_what_stands(portal, now)
    return read(portal, Verb.LIST_ALERTS, work)


def _write_what_stands(portal: Portal, now: datetime) -> None:
    """Write what stands for whoever may change the books; when that fails, nothing is lost."""

    def is_late(books: Reading, rights: Rights) -> bool:
        try:
            rights.also(Verb.SWEEP)
        except PermissionDeniedError:
            return False
        return not plan(books, now).is_empty

    try:
        if read(portal, Verb.LIST_ALERTS, is_late):
            write(portal, None, lambda books, stamp: bring_up(books, stamp.at), reconciles=True)
    except ReservationError:
        return  # What is shown is worked out anew.


def _found(books: Reading, wish: _Wish, now: datetime) -> list[Alert]:
    standing: list[Alert] = []
    if wish.mark[:1] != ("closed",):
        those = sorted(filter(wish.takes, plan(books, now).open), key=_place_of)
        standing = [one for one in those if not wish.mark or _place_of(one) > _place_in(wish.mark)]
    if not wish.every:
        return standing[: wish.most]
    before = None
    if wish.mark[:1] == ("closed",):
        before = datetime.fromisoformat(wish.mark[1]), bytes.fromhex(wish.mark[2])
    missing = wish.most - len(standing)
    return [*standing[: wish.most], *_closed(books, wish, before, missing)]


def _closed(books: Reading, wish: _Wish, before: tuple[datetime, bytes] | None, most: int) -> Iterable[Alert]:
    """Return alerts that are written as closed; one that nobody has written yet is in no list."""
    found: list[Alert] = []
    while len(found) < most:
        batch = books.closed_alerts(before, _BATCH)
        found += filter(wish.takes, batch)
        if len(batch) < _BATCH:
            break
        before = batch[-1].closed_at or batch[-1].opened_at, batch[-1].id
    return found[: max(0, most)]


def _place_of(alert: Alert) -> tuple[int, str, str]:
    due = alert.fact.due.isoformat() if alert.fact.due else ""
    return -alert.fact.severity.rank, due, alert.id.hex()


def _place_in(mark: tuple[str, ...]) -> tuple[int, str, str]:
    return -Severity(mark[1]).rank, mark[2], mark[3]


def _page_text(last: Alert) -> str:
    if last.closed_at is not None:
        return f"closed/{last.closed_at.isoformat()}/{last.id.hex()}"
    due = last.fact.due.isoformat() if last.fact.due else ""
    return f"open/{last.fact.severity}/{due}/{last.id.hex()}"


def _parse_page(page: str | None) -> tuple[str, ...]:
    if page is None:
        return ()
    mark = tuple(page.split("/"))
    try:
        if mark[0] == "closed":
            _, at, alert_id = mark
            if datetime.fromisoformat(at).tzinfo and bytes.fromhex(alert_id):
                return mark
        elif mark[0] == "open":
            _, severity, due, alert_id = mark
            if Severity(severity) and date.fromisoformat(due) <= date.max and bytes.fromhex(alert_id):
                return mark
    except ValueError:
        pass
    raise UnknownNameError("There is no such page.", hint="Give what the page before named as the next one.")


# --- acknowledging ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An alert that somebody has acknowledged.

    Attributes:
        shown: The alert.
        again: Whether it was acknowledged before: the first acknowledgement stands.
    """

    shown: AlertShown
    again: bool


def acknowledge_alert(portal: Portal, name: str, *, note: str = "") -> Acknowledged:
    """Note that the acting user has seen an alert; it stays open until the facts close it.

    Args:
        portal: The portal.
        name: Its name: the first characters of its id; or the whole id in hexadecimal, as scripts get it.
        note: What to say about it; may be empty.

    Raises:
        PermissionDeniedError: When it is in none of the user's Virtual Accounts.
        RuleError: When it is closed, or the note cannot be shown.
        UnknownNameError: When there is no such alert, or more than one.
    """
    alerts.require_note(note)
    low, high = _range_of(name)

    def work(books: Writing, stamp: Stamp) -> Acknowledged:
        bring_up(books, stamp.at)
        alert = _named(books, stamp.rights, name, low, high)
        names = {one.id: one.name for one in books.every_virtual_account()}
        where = names.get(alert.fact.virtual_account_id or b"", "")
        if alert.acknowledged is not None:
            return Acknowledged(AlertShown(alert, where), again=True)
        if alert.closed_at is not None:
            raise RuleError(
                f"Alert {alert.name} was closed on {alert.closed_at:%Y-%m-%d %H:%M} UTC: what it is about "
                "stands no more.",
                hint="There is nothing to do. See what stands: tallystick portal alerts",
            )
        event = _acknowledging(alert, note, stamp)
        books.record(Changes(event))
        seen = replace(alert, acknowledged=Acknowledgement(stamp.at, stamp.actor, note, event.id))
        books.change_these((seen,))
        return Acknowledged(AlertShown(seen, where), again=False)

    return write(portal, Verb.ACKNOWLEDGE_ALERT, work, reconciles=True)


def _range_of(name: str) -> tuple[bytes, bytes]:
    if _ID.fullmatch(name):  # more characters than any name has
        return bytes.fromhex(name), bytes.fromhex(name)
    try:
        text = clean(name)
    except MalformedCodeError as error:
        raise _no_alert(name) from error
    if len(text) < NAME_CHARACTERS:
        raise UnknownNameError(
            f"{name} is too short for the name of an alert.",
            hint=f"Give at least {NAME_CHARACTERS} characters: see `tallystick portal alerts`.",
        )
    return prefix_range(text, _ID_BYTES)


def _no_alert(name: str) -> UnknownNameError:
    return UnknownNameError(
        f"There is no alert {name}, or more than one.", hint="See the names with `tallystick portal alerts`."
    )


def _named(books: Reading, rights: Rights, name: str, low: bytes, high: bytes) -> Alert:
    found = books.alerts_between(low, high)
    if rights.places is not None and not (len(found) == 1 and shown(found[0], rights.places)):
        raise rights.refuse_place("The alert is in none")
    if len(found) != 1:
        raise _no_alert(name)
    return found[0]


def _acknowledging(alert: Alert, note: str, stamp: Stamp) -> Event:
    """Return an event that is no news of any reservation, so that it disturbs nothing decided about one."""
    place = alert.fact.virtual_account_id
    detail = {
        "alert": alert.id.hex(),
        "alert_kind": alert.fact.kind.value,
        "severity": alert.fact.severity.value,
        "note": note,
        "virtual_account_id": place.hex() if place else None,
    }
    return Event(
        stamp.event_id(0),
        stamp.at,
        stamp.actor,
        EventKind.ALERT_ACKNOWLEDGED,
        f"{alert.name}: {alert.fact.subject}",
        detail=detail,
    )


# --- when a device is to be returned ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """By when a reservation is to be returned; None: by no day."""

    reservation: Reservation
    day: date | None


def expect_return(portal: Portal, reservation_id: bytes, day: date | None) -> Expected:
    """Set the day by which a device is to be returned; from that day on, its alert stands.

    Args:
        portal: The portal.
        reservation_id: The reservation.
        day: The day; None: none any more.

    Raises:
        ReservationClosedError: When it is closed.
        RuleError: When the day is over.
    """

    def work(books: Writing, stamp: Stamp) -> Expected:
        reservation = standing_for(books, stamp.rights, reservation_id).reservation
        rules.require_open(reservation)
        rules.require_to_come(day, stamp)
        if day != books.return_expected(reservation_id):
            detail = {"return_by": day.isoformat() if day else None}
            event = event_on(reservation, EventKind.RETURN_EXPECTED, detail, stamp)
            books.record(Changes(event))
            books.expect_return(reservation_id, day, event.id)
        return Expected(reservation, day)

    return write(portal, Verb.EXPECT_RETURN, work)
