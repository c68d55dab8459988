"""Alerts: scenario tables for what stands, what becomes of rows, and both databases."""

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from codec.codes import Term
from reservation import service
from reservation.alerts import Acknowledgement, Alert, AlertKind, Fact, Severity, reconcile
from reservation.errors import ReservationError
from reservation.events import Event, EventKind
from reservation.model import DEFAULT_POLICY, Kept, Lot, Reservation, Sequence, State
from reservation.noticing import QUIET_DAYS, EndingLot, Seen, Wanted, facts
from reservation.overdue import facts_on
from reservation.service import LinesWanted, Portal
from reservation.sql.steps import queries_for
from reservation.store import Writing
from tests.reservation.portal import values
from tests.reservation.portal.appliance import START, Appliance, Time

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
PLACE = b"\1" * 8


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def reservation(**other: object) -> Reservation:
    """Return one that has been active for a long time."""
    made = values.reservation(
        virtual_account_id=PLACE,
        state=State.ACTIVE,
        opened_at=days_ago(400),
        changed_at=days_ago(400),
        unconfirmed_since=None,
    )
    return replace(made, **other)  # type: ignore[arg-type]


def closed(days: float, state: State = State.RETURNED) -> Reservation:
    return reservation(state=state, closed_at=days_ago(days))


def ending(days: int, *, count: int = 5, is_renewed: bool = False) -> Seen:
    last = NOW.date() + timedelta(days=days)
    lot = Lot(b"\5" * 8, "ROUTE", Term(min(last, date(2026, 1, 1)), last), False, False, False)
    return Seen(ending=(EndingLot(lot, PLACE, count, is_renewed),))


def signs(kind: EventKind, one: Reservation, *days: float) -> Seen:
    return Seen(
        signs=tuple((Event(b"\6" * 16, days_ago(ago), "ann", kind, "tram", one.id), one) for ago in days)
    )


def wanted(needed: int, available: int, days: float) -> Seen:
    event = Event(b"\6" * 16, days_ago(days), "ann", EventKind.STOCK_REFUSED, "ROUTE")
    return Seen(wanted=(Wanted(event, PLACE, needed, available),))


def waiting(days: float, kept: Kept | None = None) -> Reservation:
    return reservation(unconfirmed_since=days_ago(days), kept=kept)


def loan(days: int, one: Reservation | None = None) -> Reservation:
    return replace(one or reservation(), return_by=NOW.date() - timedelta(days=days))


def holding(days: int) -> Reservation:
    """Return one that holds something whose last day is so long ago."""
    return reservation(first_end=NOW.date() - timedelta(days=days))


#: What the books say, and what of it is an alert: kind and severity, and the step of a lot.
TABLE: dict[str, tuple[Seen | Reservation, str]] = {
    "nothing": (Seen(), ""),
    "a lot with 91 days": (ending(91), ""),
    "with 90": (ending(90), "expiring info 90"),
    "with 61": (ending(61), "expiring info 90"),
    "with 60": (ending(60), "expiring info 60"),
    "with 30": (ending(30), "expiring info 30"),
    "with 14": (ending(14), "expiring warning 14"),
    "with 8": (ending(8), "expiring warning 14"),
    "with 7": (ending(7), "expiring warning 7"),
    "with 3": (ending(3), "expiring critical 3"),
    "with 1": (ending(1), "expiring critical 1"),
    "its last day": (ending(0), "expiring critical 1"),
    "the day after": (ending(-1), "expired warning"),
    "renewed": (ending(-1, is_renewed=True), ""),
    "soon, and renewed": (ending(1, is_renewed=True), "expiring critical 1"),
    "long ago": (ending(-QUIET_DAYS), "expired warning"),
    "too long ago": (ending(-QUIET_DAYS - 1), ""),
    "none of it left": (ending(3, count=0), ""),
    "in doubt for a day less": (waiting(29.9), ""),
    "in doubt": (waiting(30), "in-doubt warning"),
    "in doubt for twice as long": (waiting(60), "in-doubt critical"),
    "in doubt for longer": (waiting(4000), "in-doubt critical"),
    "in doubt until a person frees it": (waiting(60, Kept.BELOW_CONFIRMED), ""),
    "holding what ends tomorrow": (holding(-1), ""),
    "on its last day": (holding(0), ""),
    "holding what has ended": (holding(1), "reserved-expired warning"),
    "to be returned tomorrow": (loan(-1), ""),
    "to be returned today": (loan(0), "return-expected warning"),
    "late": (loan(14), "return-expected warning"),
    "too late": (loan(15), "return-expected critical"),
    "returned": (loan(15, closed(1)), ""),
    "refused": (wanted(3, 2, 1), "insufficient warning"),
    "enough": (wanted(3, 3, 1), ""),
    "asked long ago": (wanted(3, 2, QUIET_DAYS + 1), ""),
    "a fork": (signs(EventKind.FORKED, reservation(), 1), "clone critical"),
    "a fork long ago": (signs(EventKind.FORKED, reservation(), 300), "clone critical"),
    "a fork, then closed": (signs(EventKind.FORKED, closed(1), 2), ""),
    "a fork that the return shows": (signs(EventKind.FORKED, closed(1), 1), "clone critical"),
    "a fork, and one more in the return": (signs(EventKind.FORKED, closed(1), 2, 1), ""),
    "a fork after the return": (signs(EventKind.FORKED, closed(2), 1), "clone critical"),
    "a fork after the return, long ago": (signs(EventKind.FORKED, closed(200), QUIET_DAYS + 1), ""),
    "another key": (signs(EventKind.KEY_REFUSED, reservation(), 1), "key-changed warning"),
    "another key, settled": (signs(EventKind.KEY_REFUSED, closed(0), 1), ""),
    "another key, long ago": (signs(EventKind.KEY_REFUSED, reservation(), QUIET_DAYS + 1), ""),
    "a new key": (signs(EventKind.KEY_CHANGED, reservation(), 1), "key-changed warning"),
    "alive": (signs(EventKind.SIGN_OF_LIFE, closed(2, State.FAILED), 1), "duplicate-device critical"),
    "alive, and returned": (signs(EventKind.SIGN_OF_LIFE, closed(2), 3), ""),
    "alive, long ago": (signs(EventKind.SIGN_OF_LIFE, closed(200, State.FAILED), QUIET_DAYS + 1), ""),
    "quarantine": (Seen(quarantine=NOW), "rollback critical"),
    "no rehosts": (Seen(rehosts=(0, 0)), ""),
    "few rehosts": (Seen(rehosts=(3, 4)), ""),
    "many rehosts": (Seen(rehosts=(4, 5)), "quota-near warning"),
    "all rehosts": (Seen(rehosts=(5, 5)), "quota-near critical"),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_stands(name: str) -> None:
    seen, expected = TABLE[name]
    if isinstance(seen, Seen):
        standing = facts(seen, DEFAULT_POLICY, NOW)
    else:
        standing = facts_on(seen, DEFAULT_POLICY, NOW)
    found = [f"{one.kind} {one.severity}" + (f" {one.step}" if one.step else "") for one in standing]
    assert ", ".join(found) == expected


# --- rows ------------------------------------------------------------------------------------------

FACT = Fact(AlertKind.EXPIRING, "lot", "ROUTE", Severity.INFO, count=5, since=NOW, due=NOW.date())
SEEN = Acknowledgement(NOW, "ann", "", b"\7" * 16)


def rows(known: tuple[Alert, ...], *standing: Fact, days: int = 0) -> tuple[Alert, ...]:
    plan = reconcile(standing, known, {}, NOW + timedelta(days=days))
    assert reconcile(standing, plan.open, {}, NOW + timedelta(days=days + 1)).is_empty
    return plan.open


@pytest.mark.parametrize(
    ("after", "is_covered"),
    [
        (replace(FACT, due=date(2026, 7, 1)), True),
        (replace(FACT, count=4), True),
        (replace(FACT, count=6), False),
        (replace(FACT, severity=Severity.CRITICAL), False),
        (replace(FACT, subject="another name"), True),
    ],
)
def test_an_acknowledgement_covers_what_was_seen(after: Fact, is_covered: bool) -> None:
    (alert,) = rows((), FACT)
    (now,) = rows((replace(alert, acknowledged=SEEN),), after, days=1)
    assert now.id == alert.id
    assert (now.opened_at, now.changed_at) == (NOW, NOW + timedelta(days=1))
    assert (now.acknowledged == SEEN) is is_covered


def test_a_fact_that_goes_closes_its_alert_and_comes_back_as_another() -> None:
    (alert,) = rows((), FACT)
    plan = reconcile((), (alert,), {}, NOW - timedelta(days=1))
    assert plan.open == ()
    # A clock that is set back closes nothing before it was opened.
    assert [one.closed_at for one in plan.closed] == [alert.opened_at]
    (again,) = reconcile((FACT,), (), {(FACT.kind, FACT.key): 1}, NOW).opened
    assert (again.round, again.id != alert.id) == (2, True)


def test_what_was_first_seen_when_it_was_looked_at_keeps_that_day() -> None:
    (alert,) = rows((), replace(FACT, since=None, due=None))
    assert (alert.fact.since, alert.fact.due) == (NOW, NOW.date())
    assert rows((alert,), replace(FACT, since=None, due=None), days=9) == (alert,)


# --- both databases --------------------------------------------------------------------------------

TRAM = Appliance("tram")


def _stand(portal: Portal, time: Time) -> None:
    """Let several alerts stand, one of them closed."""
    service.add_license(portal, "ROUTE", 10)
    service.add_license(portal, "VPN", 3, term=Term(date(2026, 1, 1), date(2026, 3, 20)))
    service.reserve(
        portal, TRAM.request(), choice=LinesWanted({"ROUTE": 4, "VPN": 1}), until=date(2026, 3, 12)
    )
    for wish in (7, 8):
        with pytest.raises(ReservationError):
            service.update(portal, TRAM.request().id, {"ROUTE": 4 + wish})
    service.correct_license(portal, "ROUTE", 8, virtual_account="DEFAULT")
    service.expect_return(portal, TRAM.request().id, date(2026, 3, 10))
    service.sweep(portal)
    time.set(START + timedelta(days=40))
    service.sweep(portal)


def test_alerts_on_every_database(portal: Portal, time: Time) -> None:
    _stand(portal, time)
    found = service.list_alerts(portal, every=True).alerts
    kinds = {(one.alert.fact.kind.value, one.alert.closed_at is None) for one in found}
    assert kinds == {
        ("insufficient", True),
        ("shortfall", True),
        ("expiring", False),
        ("expired", True),
        ("reserved-expired", True),
        ("in-doubt", True),
        ("return-expected", True),
    }
    name = found[0].alert.name
    assert service.acknowledge_alert(portal, name, note="Seen").shown.alert.acknowledged is not None
    pages: list[bytes] = []
    page = None
    while not pages or page is not None:
        shown = service.list_alerts(portal, every=True, most=2, page=page)
        pages += [one.alert.id for one in shown.alerts]
        page = shown.next_page
    assert pages == [one.alert.id for one in found]
    assert service.sweep(portal) == service.Swept(0, 0)
    assert service.audit(portal) == ()
    service.accept(portal, TRAM.give_back(TRAM.request().id, Sequence(0, 1)))
    left = {one.alert.fact.kind.value for one in service.list_alerts(portal).alerts}
    assert left == {"insufficient", "expired"}
    assert service.audit(portal) == ()


#: What somebody could do to a row with the database in hand, and what the audit says of it.
BREACHES: dict[str, tuple[Callable[[Alert], Alert], str]] = {
    "closed too early": (lambda one: replace(one, closed_at=one.opened_at), "closed before"),
    "acknowledged by hand": (
        lambda one: replace(one, acknowledged=replace(one.acknowledged or SEEN, by="bob")),
        "no event says",
    ),
    "another note": (
        lambda one: replace(one, acknowledged=replace(one.acknowledged or SEEN, note="No")),
        "no event says",
    ),
}


@pytest.mark.parametrize("name", BREACHES)
def test_the_audit_finds_a_row_that_nobody_can_have_written(name: str, portal: Portal, time: Time) -> None:
    breach, words = BREACHES[name]
    service.add_license(portal, "VPN", 3, term=Term(date(2026, 1, 1), date(2026, 3, 20)))
    service.acknowledge_alert(portal, service.list_alerts(portal).alerts[0].alert.name)
    time.set(START + timedelta(days=10))
    service.sweep(portal)
    service.acknowledge_alert(portal, service.list_alerts(portal).alerts[0].alert.name)
    assert service.audit(portal) == ()

    def work(books: Writing) -> None:
        (alert,) = books.open_alerts(AlertKind.EXPIRING)
        books.change_these((breach(alert),))

    portal.store.write(work)
    (finding,) = service.audit(portal)
    assert finding.kind == "alert"
    assert words in finding.message


LOOKING = (
    "open_alerts",
    "lots_about_to_end",
    "newest_alert_about",
    "waiting_from",
    "ended_from",
    "to_return_from",
    "unwritten_waiting",
    "unwritten_ended",
    "unwritten_to_return",
    "gone_waiting",
    "gone_ended",
    "gone_to_return",
    "reservations_kept",
    "events_of_contradictions",
    "events_of_refusals",
    "replaced_since",
)
"""The questions by which alerts are found, but those about balances: there are as many as lots."""

WHOLE = {"reservations_kept", "events_of_contradictions", "open_alerts"}
"""Those for which an index of only such rows is read as a whole."""


@pytest.mark.parametrize("name", LOOKING)
def test_looking_for_alerts_goes_along_indexes(name: str, database: Path) -> None:
    query = getattr(queries_for("apsw", "sqlite"), name)
    with closing(apsw.Connection(str(database))) as books:
        values = dict.fromkeys(re.findall(r":([a-z_]+)", query.sql))
        plan = [row[3] for row in books.execute(f"EXPLAIN QUERY PLAN {query.sql}", values)]
    used = "\n".join(line for line in plan if line.startswith(("SCAN", "SEARCH")))
    assert "SCAN" not in used, used
    first = used.splitlines()[0]
    # More than the account leads to the first rows, or the index has nothing else.
    assert " AND " in first or name in WHOLE, used
    assert "PRIMARY KEY" not in first, used
