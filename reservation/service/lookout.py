"""What is worth an alert, found in the books; and the rows of alerts, brought up to what stands.

A reader sees what stands as of now, whether or not anybody has written it. Everything is found along an
index. Of most kinds there are few, and they are worked out as a whole; what comes with time can stand of
every reservation, and is read page by page (`reservation.overdue`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from reservation import alerts, decisions, ledger, noticing, overdue
from reservation.alerts import Alert, AlertKind, Fact, Plan, Severity
from reservation.events import id_before
from reservation.ledger import Account, Balance
from reservation.lots import available_of
from reservation.model import Event, Policy, Reservation
from reservation.noticing import QUIET_DAYS, STEPS, Seen, Short, Wanted
from reservation.overdue import Place, Stretch
from reservation.store import Reading, Writing

_QUIET = timedelta(days=QUIET_DAYS)
_BATCH = 500


SLICE = 2_000
"""How many alerts one transaction of a sweep looks at, or writes, at most of those that come with time."""


def plan(books: Reading, now: datetime) -> Plan:
    """Return what has to be written so that the rows of the kinds of which there are few say what stands."""
    standing = facts_in(books, now)
    known = tuple(
        alert for kind in AlertKind if kind not in overdue.KINDS for alert in books.open_alerts(kind)
    )
    rounds = {
        (fact.kind, fact.key): books.alert_rounds(fact.kind, fact.key)
        for fact in alerts.unopened(standing, known)
    }
    return alerts.reconcile(standing, known, rounds, now)


def plan_overdue(books: Reading, facts: Iterable[Fact], now: datetime) -> Plan:
    """Return what has to be written so that the rows say what is overdue of some reservations."""
    standing = tuple(facts)
    newest = [
        books.newest_alert_about(fact.reservation_id, fact.kind) for fact in standing if fact.reservation_id
    ]
    there = [alert for alert in newest if alert is not None]
    known = [alert for alert in there if alert.closed_at is None]
    rounds = {(alert.fact.kind, alert.fact.key): alert.round for alert in there}
    return alerts.reconcile(standing, known, rounds, now)


def write_plan(books: Writing, wanted: Plan) -> Plan:
    """Write a plan, and return it."""
    books.open_these(wanted.opened)
    books.change_these((*wanted.changed, *wanted.closed))
    return wanted


def facts_in(books: Reading, now: datetime) -> tuple[Fact, ...]:
    """Return everything that is worth an alert now, of the kinds of which there are few."""
    policy = books.policy()
    return noticing.facts(seen_in(books, policy, now), policy, now)


# --- all of it, in slices ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """Where bringing up goes on: in which of its steps, and after which place in that."""

    step: int = 0
    after: Place | None = None


def bring_up(books: Writing, now: datetime, mark: Mark) -> tuple[Plan, Mark | None]:
    """Write what stands, from a mark on, and no more than a slice of it.

    Returns:
        What that changed; and where it goes on, None: the rows say what stands.
    """
    policy = books.policy()
    steps: tuple[_Step, ...] = (
        *(_Gone(kind, last) for kind, last in overdue.lasts(policy, now).items()),
        *(_Unwritten(stretch, policy) for stretch in overdue.stretches(policy, now)),
    )
    wanted, left = plan(books, now) if mark == Mark() else Plan(), SLICE
    for number in range(mark.step, len(steps)):
        after = mark.after if number == mark.step else None
        more, last = steps[number].plan(books, after, now, left)
        wanted, left = wanted + more, left - len(more.closed) - len(more.open)
        if last is not None:
            return write_plan(books, wanted), Mark(number, last)
    return write_plan(books, wanted), None


def bring_up_all(books: Writing, now: datetime) -> None:
    """Write everything that stands, slice by slice in one transaction."""
    mark: Mark | None = Mark()
    while mark is not None:
        _, mark = bring_up(books, now, mark)


def bring_up_each(books: Writing, those: Iterable[Alert], now: datetime) -> None:
    """Write what stands of single alerts, as far as they are about what comes with time."""
    policy = books.policy()
    for alert in those:
        one = books.reservation(alert.fact.reservation_id) if alert.fact.reservation_id else None
        if one is None or alert.fact.kind not in overdue.KINDS or alert.closed_at is not None:
            continue
        facts = [fact for fact in overdue.facts_on(one, policy, now) if fact.kind is alert.fact.kind]
        write_plan(books, alerts.reconcile(facts, (alert,), {}, now))


def gone(books: Reading, now: datetime) -> Plan:
    """Return a slice of the alerts to be closed of which their reservations say nothing any more."""
    lasts = overdue.lasts(books.policy(), now)
    found = (
        alert
        for kind, last in lasts.items()
        for alert in books.alerts_gone(kind, last, overdue.LOWEST_KEY, SLICE)
    )
    return alerts.reconcile((), found, {}, now)


@dataclass(frozen=True, slots=True)
class _Gone:
    """Closing the alerts of a kind of which their reservations say nothing any more."""

    kind: AlertKind
    last: datetime

    def plan(
        self, books: Reading, after: Place | None, now: datetime, most: int
    ) -> tuple[Plan, Place | None]:
        found = books.alerts_gone(self.kind, self.last, after.key if after else overdue.LOWEST_KEY, most)
        wanted = alerts.reconcile((), found, {}, now)
        if len(found) < most:
            return wanted, None
        return wanted, overdue.place_by_key(
            bytes.fromhex(found[-1].fact.key) if found else overdue.LOWEST_KEY
        )


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """Opening alerts about the reservations of a stretch, and changing those that say something else."""

    stretch: Stretch
    policy: Policy

    def plan(
        self, books: Reading, after: Place | None, now: datetime, most: int
    ) -> tuple[Plan, Place | None]:
        stretch = replace(self.stretch, after=after) if after else self.stretch
        found = books.overdue_unwritten(stretch, self.policy, most)
        facts = (overdue.fact_on(stretch, one, self.policy) for one in found)
        wanted = plan_overdue(books, filter(None, facts), now)
        if len(found) < most:
            return wanted, None
        return wanted, (overdue.place_of(stretch.kind, found[-1]) if found else None) or stretch.after


_Step = _Gone | _Unwritten


# --- one page ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert in a list, and its place there.

    Attributes:
        alert: The alert.
        key: What tells it from others of its kind that stand since the same moment.
    """

    alert: Alert
    key: bytes

    @property
    def place(self) -> tuple[int, date, datetime, str, bytes]:
        """Its place: the most severe first, and what is due soonest."""
        return _place(self.alert.fact, self.key)


def _place(fact: Fact, key: bytes) -> tuple[int, date, datetime, str, bytes]:
    if fact.since is None or fact.due is None:
        raise ValueError("an alert without its days")
    return -fact.severity.rank, fact.due, fact.since, fact.kind.value, key


@dataclass(frozen=True, slots=True)
class After:
    """The place of the last alert that was listed before.

    Attributes:
        severity, due, since, kind: Of that alert.
        key: Its key; see `Listed`.
    """

    severity: Severity
    due: date
    since: datetime
    kind: str
    key: bytes

    @property
    def place(self) -> tuple[int, date, datetime, str, bytes]:
        """The place."""
        return -self.severity.rank, self.due, self.since, self.kind, self.key


@dataclass(frozen=True, slots=True)
class Choice:
    """Which alerts to list.

    Attributes:
        places: Only those in these Virtual Accounts; None: in all, and of the Smart Account.
        severity: Only those of one severity; None: all.
        after: Only those after this one; None: from the first on.
        most: How many at most.
    """

    places: frozenset[bytes] | None
    severity: Severity | None
    after: After | None
    most: int

    def takes(self, fact: Fact) -> bool:
        """Tell whether a fact is among them, wherever it is."""
        here = self.places is None or fact.virtual_account_id in self.places
        return here and self.severity in {None, fact.severity}

    def is_before(self, severity: Severity) -> bool:
        """Tell whether everything of a severity was listed before."""
        return self.after is not None and severity.rank > self.after.severity.rank


def page(books: Reading, choice: Choice, now: datetime) -> tuple[tuple[Listed, ...], Plan]:
    """Return the alerts of one page, in order; and what has to be written so that the rows say so."""
    policy = books.policy()
    few = plan(books, now)
    listed = [
        one
        for one in (Listed(alert, alert.id) for alert in few.open)
        if choice.takes(one.alert.fact) and (choice.after is None or one.place > choice.after.place)
    ]
    many = [
        (fact, key)
        for stretch in overdue.stretches(policy, now)
        if choice.severity in {None, stretch.severity} and not choice.is_before(stretch.severity)
        for fact, key in _first_of(books, stretch, policy, choice)
    ]
    ends = sorted((*(one.place for one in listed), *(_place(fact, key) for fact, key in many)))[: choice.most]
    keys = {(fact.kind, fact.key): key for fact, key in many if ends and _place(fact, key) <= ends[-1]}
    wanted = plan_overdue(books, (fact for fact, _ in many if (fact.kind, fact.key) in keys), now)
    listed += [Listed(alert, keys[alert.fact.kind, alert.fact.key]) for alert in wanted.open]
    return tuple(sorted(listed, key=lambda one: one.place)[: choice.most]), few + wanted


def _first_of(
    books: Reading, stretch: Stretch, policy: Policy, choice: Choice
) -> Iterator[tuple[Fact, bytes]]:
    """Yield the first facts of a stretch that are among those wanted, each with its key."""
    after, left = choice.after, choice.most
    if after is not None and after.severity is stretch.severity:
        begins = overdue.start(stretch, policy, after.due, after.kind, Place(after.since, after.key))
        stretch = replace(stretch, after=begins)
    place = next(iter(choice.places)) if choice.places is not None and len(choice.places) == 1 else None
    # Of several Virtual Accounts: many may be passed over.
    batch = choice.most if choice.places is None or place else max(choice.most, _BATCH)
    while left:
        found = books.overdue(stretch, place, batch)
        for one in found:
            fact = overdue.fact_on(stretch, one, policy)
            if left and fact is not None and choice.takes(fact):
                left -= 1
                yield fact, one.page_key
        last = overdue.place_of(stretch.kind, found[-1]) if found else None
        if last is None or len(found) < batch:
            return
        stretch = replace(stretch, after=last)


# --- what the books say -----------------------------------------------------------------------------


def seen_in(books: Reading, policy: Policy, now: datetime) -> Seen:
    """Return what the books say of everything that could be worth an alert, of which there is little."""
    today = now.date()
    lasting = [one.at for one in books.restores() if one.ended_by is None] if books.in_quarantine() else []
    return Seen(
        ending=books.lots_about_to_end(
            _before(today, _QUIET), _after(today, timedelta(days=STEPS[0])), today
        ),
        short=tuple(_short(books.balances_with_shortfall(), today)),
        kept=books.reservations_kept(),
        signs=_signs(books),
        wanted=_wanted(books, now),
        quarantine=min(lasting, default=None),
        rehosts=_rehosts(books, policy, now),
    )


def _before(day: date, span: timedelta) -> date:
    return date.min + max(timedelta(), day - date.min - span)


def _after(day: date, span: timedelta) -> date:
    return date.max - max(timedelta(), date.max - day - span)


def _short(balances: Iterable[Balance], today: date) -> Iterable[Short]:
    for balance in balances:
        now = ledger.covered(ledger.as_of(balance, today))
        if now.counts[Account.SHORTFALL] and not now.lot.ended(today):
            yield Short(now.lot, now.virtual_account_id, now.counts[Account.SHORTFALL])


def _signs(books: Reading) -> tuple[tuple[Event, Reservation], ...]:
    known: dict[bytes, Reservation | None] = {}
    found = []
    for event in books.contradictions():
        about = event.reservation_id or bytes.fromhex(str((event.detail or {})["reservation"]))
        if about not in known:
            known[about] = books.reservation(about)
        one = known[about]
        if one is not None:
            found.append((event, one))
    return tuple(found)


def _wanted(books: Reading, now: datetime) -> tuple[Wanted, ...]:
    there = {one.id for one in books.virtual_accounts()}
    newest: dict[tuple[bytes, str], Event] = {}
    for event in books.refusals_since(id_before(now - _QUIET)):
        place = bytes.fromhex(str((event.detail or {})["virtual_account_id"]))
        if place in there:
            newest[place, event.subject] = event
    return tuple(
        Wanted(
            event,
            place,
            int(str((event.detail or {})["needed"])),
            available_of(books.stock(place, (tag,)), now.date()),
        )
        for (place, tag), event in newest.items()
    )


def _rehosts(books: Reading, policy: Policy, now: datetime) -> tuple[int, int]:
    """Return the rehosts that count, and how many are allowed; devices are counted only when it matters."""
    used = len(books.replaced_since(now - timedelta(days=decisions.QUOTA_DAYS)))
    if 100 * used < policy.quota_near_percent * policy.rehosts_allowed(0):
        return used, policy.rehosts_allowed(0)
    return (used, policy.rehosts_allowed(books.device_count())) if used else (0, 0)
