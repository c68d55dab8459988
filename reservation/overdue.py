"""Alerts about single reservations that come with time: as many as there are reservations may stand.

So they are not worked out all at once. Each kind stands along one index of reservations: by since when it
stands, and by the key of the reservation's place in lists. A list of alerts reads as much of each index as it
shows. Pure.

Not handled: alerts of which there are few (`reservation.noticing`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from reservation.alerts import AlertKind, Fact, Severity
from reservation.model import Policy, Reservation
from reservation.noticing import midnight, on_reservation

KINDS = (AlertKind.IN_DOUBT, AlertKind.RESERVED_EXPIRED, AlertKind.RETURN_EXPECTED)
"""The kinds of which many may stand."""
LATE_DAYS = 14
"""Days after which a device that was to be returned is more than late."""
LOWEST_KEY, HIGHEST_KEY = b"", b"\xff" * 16
_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place among the facts of one kind and severity: since when, and the reservation's place in lists."""

    since: datetime
    key: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """The facts of one kind that have one severity: a stretch of the kind's index.

    Attributes:
        kind: The kind.
        severity: The severity.
        after: They come after this place.
        last: None of them has stood since later than this.
    """

    kind: AlertKind
    severity: Severity
    after: Place
    last: datetime


def stretches(policy: Policy, now: datetime) -> tuple[Stretch, ...]:
    """Return where everything lies that stands now."""
    today = midnight(now.date())
    waiting = timedelta(days=policy.in_doubt_days)
    return (
        *_graded(AlertKind.IN_DOUBT, _before(now, 2 * waiting), _before(now, waiting)),
        *_graded(AlertKind.RETURN_EXPECTED, _before(today, (LATE_DAYS + 1) * _DAY), today),
        # It stands since the day after the last one.
        Stretch(AlertKind.RESERVED_EXPIRED, Severity.WARNING, Place(_EVER, LOWEST_KEY), today),
    )


def lasts(policy: Policy, now: datetime) -> dict[AlertKind, datetime]:
    """Return for each kind the moment since which a fact stands at the latest that stands now."""
    return {stretch.kind: stretch.last for stretch in stretches(policy, now)}


def place_by_key(key: bytes) -> Place:
    """Return a place where only keys matter."""
    return Place(_EVER, key)


def _graded(kind: AlertKind, critical: datetime, warning: datetime) -> Iterator[Stretch]:
    yield Stretch(kind, Severity.CRITICAL, Place(_EVER, LOWEST_KEY), critical)
    yield Stretch(kind, Severity.WARNING, Place(critical, HIGHEST_KEY), warning)


def _before(moment: datetime, span: timedelta) -> datetime:
    return _EVER + max(timedelta(), moment - _EVER - span)


def _later(day: datetime) -> datetime:
    return day + min(_DAY, _NEVER - day)


def since_of(kind: AlertKind, one: Reservation) -> datetime | None:
    """Return since when a fact of a kind stands, or will stand, about a reservation; None: it never does."""
    if kind is AlertKind.IN_DOUBT:
        return one.unconfirmed_since if one.kept is None else None
    if not one.state.is_open:
        return None
    if kind is AlertKind.RESERVED_EXPIRED:
        return midnight(_day_after(one.first_end)) if one.first_end else None
    return midnight(one.return_by) if one.return_by else None


def _day_after(day: date) -> date:
    return day + _DAY if day < date.max else day


def place_of(kind: AlertKind, one: Reservation) -> Place | None:
    """Return the place of a reservation among the facts of a kind; None: it has none."""
    since = since_of(kind, one)
    return Place(since, one.page_key) if since else None


def fact_on(stretch: Stretch, one: Reservation, policy: Policy) -> Fact | None:
    """Return the fact about a reservation when it lies within a stretch; None: it does not."""
    place = place_of(stretch.kind, one)
    if place is None or place.since > stretch.last or place <= stretch.after:
        return None
    fact = on_reservation(stretch.kind, one, stretch.severity, place.since)
    return replace(fact, due=(place.since + _lag(stretch.kind, policy)).date())


def facts_on(one: Reservation, policy: Policy, now: datetime) -> tuple[Fact, ...]:
    """Return everything that is overdue of one reservation."""
    found = (fact_on(stretch, one, policy) for stretch in stretches(policy, now))
    return tuple(fact for fact in found if fact is not None)


def _lag(kind: AlertKind, policy: Policy) -> timedelta:
    """Return how long after it began somebody should have acted."""
    return timedelta(days=policy.in_doubt_days) if kind is AlertKind.IN_DOUBT else timedelta()


def start(stretch: Stretch, policy: Policy, due: date, kind: str, place: Place) -> Place:
    """Return the place in a stretch after which all comes that a list shows after some alert.

    A list is ordered by the day on which somebody should have acted, since when, kind and key.

    Args:
        stretch: The stretch.
        policy: The account's.
        due: The alert's day.
        kind: Its kind.
        place: Since when it stands, and its key.
    """
    of_that_day = _before(midnight(due), _lag(stretch.kind, policy))
    if place.since < of_that_day:
        begins = Place(of_that_day, LOWEST_KEY)
    elif place.since - of_that_day >= _DAY:
        begins = Place(_later(of_that_day), LOWEST_KEY)
    elif stretch.kind.value == kind:
        begins = place
    else:
        begins = Place(place.since, LOWEST_KEY if stretch.kind.value > kind else HIGHEST_KEY)
    return max(begins, stretch.after)
