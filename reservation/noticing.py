"""What is worth an alert: facts from what the books say, without I/O.

What happened at a moment (a contradiction in a device's journal, a refusal for want of licences) stands until
something settles it, or until nothing more of it was heard for `QUIET_DAYS`.

Not handled: alerts of which there may be as many as reservations (`reservation.overdue`), how things are
found in the database (`reservation.service.lookout`), and what becomes of alerts (`reservation.alerts`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from reservation.alerts import AlertKind, Fact, Severity
from reservation.events import Event, EventKind
from reservation.lots import describe
from reservation.model import Kept, Lot, Policy, Reservation, State

STEPS = (90, 60, 30, 14, 7, 3, 1)
"""Days before the end of a lot at which its alert takes another step; the last day itself is in the last."""
QUIET_DAYS = 90
"""Days after which what happened once, and is settled by nothing else, stands no more."""


@dataclass(frozen=True, slots=True)
class EndingLot:
    """A lot of a Virtual Account that ends soon, or ended not long ago.

    Attributes:
        lot: The lot.
        virtual_account_id: Where.
        count: Licences of it.
        is_renewed: Whether this Virtual Account has licences of the same entitlement that last longer.
    """

    lot: Lot
    virtual_account_id: bytes
    count: int
    is_renewed: bool


@dataclass(frozen=True, slots=True)
class Short:
    """A lot of which more is out than was bought."""

    lot: Lot
    virtual_account_id: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Licences that were refused for want of stock.

    Attributes:
        event: The refusal.
        virtual_account_id: Where.
        needed: How many had to be available.
        available: How many are now.
    """

    event: Event
    virtual_account_id: bytes
    needed: int
    available: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the books say of everything that could be worth an alert, but what is overdue of reservations.

    Attributes:
        ending: Lots that end within the first of `STEPS`, or ended within `QUIET_DAYS`.
        short: Lots of which more is out than was bought.
        kept: Returned reservations whose hold waits for a person.
        signs: What was heard of devices at odds with the books, with the reservation that it is about.
        wanted: Refusals for want of licences, oldest first.
        quarantine: When the quarantine began that lasts; None: there is none.
        rehosts: Rehosts that count against the quota, and how many it allows.
    """

    ending: tuple[EndingLot, ...] = ()
    short: tuple[Short, ...] = ()
    kept: tuple[Reservation, ...] = ()
    signs: tuple[tuple[Event, Reservation], ...] = ()
    wanted: tuple[Wanted, ...] = ()
    quarantine: datetime | None = None
    rehosts: tuple[int, int] = (0, 0)


def facts(seen: Seen, policy: Policy, now: datetime) -> tuple[Fact, ...]:
    """Return everything seen that is worth an alert now, each once."""
    today = now.date()
    found = [
        *_about_ending(seen.ending, today),
        *_about_short(seen.short),
        *_about_wanted(seen.wanted, now),
        *_about_signs(seen.signs, seen.kept, now),
        *_about_rollback(seen),
        *_about_quota(seen.rehosts, policy),
    ]
    return tuple({(fact.kind, fact.key): fact for fact in found}.values())


def midnight(day: date) -> datetime:
    """Return when a day begins (UTC)."""
    return datetime.combine(day, time(), UTC)


def _on_lot(kind: AlertKind, lot: Lot, place: bytes, severity: Severity, count: int) -> Fact:
    return Fact(
        kind,
        f"{lot.id.hex()}@{place.hex()}",
        describe(lot),
        severity,
        virtual_account_id=place,
        count=count,
        lot_id=lot.id,
    )


def on_reservation(kind: AlertKind, one: Reservation, severity: Severity, since: datetime | None) -> Fact:
    """Return a fact about a reservation."""
    return Fact(
        kind,
        one.id.hex(),
        str(one.udi),
        severity,
        virtual_account_id=one.virtual_account_id,
        since=since,
        reservation_id=one.id,
    )


def step_of(days: int) -> int | None:
    """Return the step at which a lot is that has so many days left; None: it has more than the first."""
    return min((step for step in STEPS if days <= step), default=None)


def _severity_of(step: int) -> Severity:
    if step > 14:
        return Severity.INFO
    return Severity.WARNING if step > 3 else Severity.CRITICAL


def _about_ending(ending: Iterable[EndingLot], today: date) -> Iterator[Fact]:
    for one in ending:
        if one.lot.term is None or not one.count:
            continue
        last = one.lot.term.end
        days = (last - today).days
        step = step_of(days)
        if days >= 0 and step is not None:
            fact = _on_lot(AlertKind.EXPIRING, one.lot, one.virtual_account_id, _severity_of(step), one.count)
            since = midnight(last - timedelta(days=STEPS[0]))
            yield replace(fact, step=step, since=since, due=last)
        elif 0 > days >= -QUIET_DAYS and not one.is_renewed:
            fact = _on_lot(AlertKind.EXPIRED, one.lot, one.virtual_account_id, Severity.WARNING, one.count)
            yield replace(fact, since=midnight(last + timedelta(days=1)))


def _about_short(short: Iterable[Short]) -> Iterator[Fact]:
    for one in short:
        yield _on_lot(AlertKind.SHORTFALL, one.lot, one.virtual_account_id, Severity.CRITICAL, one.count)


def _about_wanted(wanted: Iterable[Wanted], now: datetime) -> Iterator[Fact]:
    """Return what is needed by the newest refusals: whoever asks for less has learned that there is less."""
    newest = {(one.virtual_account_id, one.event.subject): one for one in wanted}
    for (place, tag), one in newest.items():
        if one.available < one.needed and not _is_quiet(one.event.at, now):
            yield Fact(
                AlertKind.INSUFFICIENT,
                f"{tag}@{place.hex()}",
                tag,
                Severity.WARNING,
                virtual_account_id=place,
                since=one.event.at,
                count=one.needed,
            )


def _is_quiet(at: datetime, now: datetime) -> bool:
    return now - at > timedelta(days=QUIET_DAYS)


_SIGNS = {
    EventKind.FORKED: (AlertKind.CLONE, Severity.CRITICAL),
    EventKind.SIGN_OF_LIFE: (AlertKind.DUPLICATE_DEVICE, Severity.CRITICAL),
    EventKind.KEY_CHANGED: (AlertKind.KEY_CHANGED, Severity.WARNING),
    EventKind.KEY_REFUSED: (AlertKind.KEY_CHANGED, Severity.WARNING),
}
"""What each kind of event about a device is a sign of."""


DECIDED = "decided"
"""In an event: two persons wanted what it tells of, so it is no sign of anything."""


def _about_signs(
    signs: Iterable[tuple[Event, Reservation]], kept: Iterable[Reservation], now: datetime
) -> Iterator[Fact]:
    heard: dict[tuple[AlertKind, bytes], list[Event]] = {}
    reservations: dict[bytes, Reservation] = {}
    for event, one in signs:
        if (event.detail or {}).get(DECIDED):
            continue
        heard.setdefault((_SIGNS[event.kind][0], one.id), []).append(event)
        reservations[one.id] = one
    for (kind, reservation_id), events in heard.items():
        one = reservations[reservation_id]
        if not _is_settled(kind, one, events, now):
            fact = on_reservation(kind, one, _SIGNS[events[-1].kind][1], events[0].at)
            yield replace(fact, count=len(events))
    for one in kept:
        if one.kept is Kept.HARDWARE_MISMATCH:
            yield on_reservation(AlertKind.CLONE, one, Severity.CRITICAL, one.closed_at)


def _is_settled(kind: AlertKind, one: Reservation, events: list[Event], now: datetime) -> bool:
    """Tell whether something has answered the signs.

    The close of a reservation answers what was known before it. What comes to light later, or what its very
    return shows of two copies, stands.
    """
    first, newest = events[0].at, events[-1].at
    if kind is AlertKind.DUPLICATE_DEVICE:
        return one.state is State.RETURNED or _is_quiet(newest, now)
    if one.closed_at is not None and newest <= one.closed_at:
        return kind is not AlertKind.CLONE or first < one.closed_at or _is_quiet(newest, now)
    # A copy may answer at any time as long as there is something for it to use.
    return _is_quiet(newest, now) and not (kind is AlertKind.CLONE and one.state.is_open)


def _about_rollback(seen: Seen) -> Iterator[Fact]:
    for one in seen.kept:
        if one.kept is Kept.BELOW_CONFIRMED:
            yield on_reservation(AlertKind.ROLLBACK, one, Severity.CRITICAL, one.closed_at)
    if seen.quarantine is not None:
        yield Fact(AlertKind.ROLLBACK, "database", "the database", Severity.CRITICAL, since=seen.quarantine)


def _about_quota(rehosts: tuple[int, int], policy: Policy) -> Iterator[Fact]:
    used, allowed = rehosts
    if used and 100 * used >= policy.quota_near_percent * allowed:
        severity = Severity.CRITICAL if used >= allowed else Severity.WARNING
        yield Fact(AlertKind.QUOTA_NEAR, "rehosts", "the quota of rehosts", severity, count=used)
