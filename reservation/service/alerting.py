"""Alerts for people: listing them, acknowledging them, and the day by which a device is to be returned.

Nobody closes an alert: the facts do. Whoever looks sees what stands as of now; when they may change the
books, it is written as well.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from codec.alphabet import clean
from codec.errors import MalformedCodeError
from reservation import alerts, rules
from reservation.alerts import Acknowledgement, Alert, Plan, Severity
from reservation.errors import (
    PermissionDeniedError,
    ReservationError,
    RuleError,
    UnknownNameError,
    no_such_page,
)
from reservation.model import NAME_CHARACTERS, Event, EventKind, Reservation, Stamp
from reservation.roles import Rights, Verb
from reservation.service import lookout
from reservation.service.codes import prefix_range
from reservation.service.context import Portal, read, write
from reservation.service.issuing import place_for, standing_for
from reservation.service.lookout import After, Choice, Listed
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
class _ClosedAfter:
    """The last closed alert that was listed before."""

    at: datetime
    id: bytes


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
    after = _parse_page(page)

    def choice_in(books: Reading, rights: Rights) -> Choice:
        places = rights.places
        if virtual_account is not None:
            places = frozenset({place_for(books, rights, virtual_account).id})
        return Choice(places, severity, after if isinstance(after, After) else None, most + 1)

    def work(books: Reading, rights: Rights) -> AlertPage:
        choice = choice_in(books, rights)
        found: list[Alert | Listed] = []
        if not isinstance(after, _ClosedAfter):
            found += lookout.page(books, choice, now)[0]
        if every:
            before = (after.at, after.id) if isinstance(after, _ClosedAfter) else None
            found += _closed(books, choice, before, most + 1 - len(found))
        names = {one.id: one.name for one in books.every_virtual_account()}
        alerts_found = [one.alert if isinstance(one, Listed) else one for one in found[:most]]
        return AlertPage(
            tuple(AlertShown(one, names.get(one.fact.virtual_account_id or b"", "")) for one in alerts_found),
            _page_text(found[most - 1]) if len(found) > most else None,
        )

    _write_what_stands(portal, choice_in, now, every=every)
    return read(portal, Verb.LIST_ALERTS, work)


def _write_what_stands(
    portal: Portal, choice_in: Callable[[Reading, Rights], Choice], now: datetime, *, every: bool
) -> None:
    """Write what a page shows for whoever may change the books; when that fails, nothing is lost.

    A list of closed alerts needs those closed of which nobody has noted it; how many there are is bounded.
    """

    def what(books: Reading, rights: Rights) -> Plan:
        wanted = lookout.page(books, choice_in(books, rights), now)[1]
        return wanted + lookout.gone(books, now) if every else wanted

    def is_late(books: Reading, rights: Rights) -> bool:
        try:
            rights.also(Verb.SWEEP)
        except PermissionDeniedError:
            return False
        return not what(books, rights).is_empty

    try:
        if read(portal, Verb.LIST_ALERTS, is_late):
            write(
                portal,
                Verb.LIST_ALERTS,
                lambda books, stamp: lookout.write_plan(books, what(books, stamp.rights)),
                reconciles=True,
            )
    except ReservationError:
        return  # What is shown is worked out anew.


def _closed(
    books: Reading, choice: Choice, before: tuple[datetime, bytes] | None, most: int
) -> Iterable[Alert]:
    """Return alerts that are written as closed; one that nobody has written yet is in no list."""
    found: list[Alert] = []
    while len(found) < most:
        batch = books.closed_alerts(before, _BATCH)
        found += (one for one in batch if choice.takes(one.fact))
        if len(batch) < _BATCH:
            break
        before = batch[-1].closed_at or batch[-1].opened_at, batch[-1].id
    return found[: max(0, most)]


def _page_text(last: Alert | Listed) -> str:
    if isinstance(last, Alert):
        return f"closed/{(last.closed_at or last.opened_at).isoformat()}/{last.id.hex()}"
    _, due, since, kind, key = last.place
    return f"open/{last.alert.fact.severity}/{due.isoformat()}/{since.isoformat()}/{kind}/{key.hex()}"


def _parse_page(page: str | None) -> After | _ClosedAfter | None:
    if page is None:
        return None
    try:
        which, *words = page.split("/")
        if which == "closed":
            at, alert_id = words
            return _ClosedAfter(_instant(at), bytes.fromhex(alert_id))
        if which == "open":
            severity, due, since, kind, key = words
            return After(
                Severity(severity), date.fromisoformat(due), _instant(since), kind, bytes.fromhex(key)
            )
    except ValueError:
        pass
    raise no_such_page()


def _instant(text: str) -> datetime:
    """Return a moment; one that says no time zone is none.

    Raises:
        ValueError: When it is none.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no time zone")
    return found


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
        lookout.write_plan(books, lookout.plan(books, stamp.at))
        if not books.alerts_between(low, high):  # Whoever was told its name has written nothing.
            lookout.bring_up_all(books, stamp.at)
        lookout.bring_up_each(books, books.alerts_between(low, high), stamp.at)
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
    here = len(found) == 1 and found[0].fact.virtual_account_id in (rights.places or ())
    if rights.places is not None and not here:
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
        if day != reservation.return_by:
            detail = {"return_by": day.isoformat() if day else None}
            event = event_on(reservation, EventKind.RETURN_EXPECTED, detail, stamp)
            books.record(Changes(event, replace(reservation, return_by=day)))
        return Expected(reservation, day)

    return write(portal, Verb.EXPECT_RETURN, work)
