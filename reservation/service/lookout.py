"""What is worth an alert, found in the books; and the rows of alerts, brought up to what stands.

Everything is found along an index, so that looking costs as much as there is to see, and not as much as there
are reservations. A reader sees what stands as of now, whether or not anybody has written it.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from reservation import alerts, decisions, ledger, noticing
from reservation.alerts import Alert, Fact, Plan
from reservation.events import id_before
from reservation.ledger import Account, Balance
from reservation.lots import available_of
from reservation.model import Event, Policy, Reservation
from reservation.noticing import QUIET_DAYS, STEPS, Seen, Short, Wanted
from reservation.store import Reading, Writing

_QUIET = timedelta(days=QUIET_DAYS)


def plan(books: Reading, now: datetime) -> Plan:
    """Return what has to be written so that the rows say what stands."""
    standing = facts_in(books, now)
    known = books.open_alerts()
    rounds = {
        (fact.kind, fact.key): books.alert_rounds(fact.kind, fact.key)
        for fact in alerts.unopened(standing, known)
    }
    return alerts.reconcile(standing, known, rounds, now)


def bring_up(books: Writing, now: datetime) -> Plan:
    """Write what stands, and return what that changed."""
    wanted = plan(books, now)
    books.open_these(wanted.opened)
    books.change_these((*wanted.changed, *wanted.closed))
    return wanted


def facts_in(books: Reading, now: datetime) -> tuple[Fact, ...]:
    """Return everything that is worth an alert now."""
    policy = books.policy()
    return noticing.facts(seen_in(books, policy, now), policy, now)


def seen_in(books: Reading, policy: Policy, now: datetime) -> Seen:
    """Return what the books say of everything that could be worth an alert."""
    today = now.date()
    lasting = [one.at for one in books.restores() if one.ended_by is None] if books.in_quarantine() else []
    return Seen(
        ending=books.lots_about_to_end(
            _before(today, _QUIET), _after(today, timedelta(days=STEPS[0])), today
        ),
        short=tuple(_short(books.balances_with_shortfall(), today)),
        waiting=books.reservations_waiting(now - timedelta(days=policy.in_doubt_days)),
        kept=books.reservations_kept(),
        expired=_dated(books, books.holds_ended(today)),
        expected=_dated(books, books.returns_expected(today)),
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


def _dated(books: Reading, found: Iterable[tuple[bytes, date]]) -> tuple[tuple[Reservation, date], ...]:
    firsts: dict[bytes, date] = {}
    for reservation_id, day in found:
        firsts[reservation_id] = min(day, firsts.get(reservation_id, day))
    those = ((books.reservation(reservation_id), day) for reservation_id, day in firsts.items())
    return tuple((one, day) for one, day in those if one is not None)


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


def shown(alert: Alert, places: frozenset[bytes] | None) -> bool:
    """Tell whether somebody who may see these Virtual Accounts may see an alert."""
    return places is None or alert.fact.virtual_account_id in places
