"""Alerts: what somebody should know of and act on, worked out from what the books say, without I/O.

A *fact* is something that stands now and is worth an alert; an *alert* is the row that was opened for it.
Invariants:

* facts follow from the books alone, so whoever computes them gets the same ones;
* one alert is open for one fact. It changes with the fact, and is closed when the fact stands no more, never
  by a person. When the fact comes back, that is another alert;
* an acknowledgement covers what was seen: when an alert becomes more severe, or its count grows, it is to be
  acknowledged again.

Not handled: which facts there are (`reservation.noticing`), and how they are said (`reservation.alertwords`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from codec.hashes import sha256
from reservation.errors import RuleError
from reservation.model import name_of

LONGEST_NOTE = 200
_ID_BYTES = 16


class AlertKind(StrEnum):
    """What an alert is about. The names are stable: scripts rely on them."""

    INSUFFICIENT = "insufficient"
    SHORTFALL = "shortfall"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    RESERVED_EXPIRED = "reserved-expired"
    IN_DOUBT = "in-doubt"
    RETURN_EXPECTED = "return-expected"
    CLONE = "clone"
    ROLLBACK = "rollback"
    KEY_CHANGED = "key-changed"
    DUPLICATE_DEVICE = "duplicate-device"
    QUOTA_NEAR = "quota-near"


class Severity(StrEnum):
    """How much it matters, ascending."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """A number that grows with it."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that stands now, and is worth an alert.

    Attributes:
        kind: What it is.
        key: What it is about, for programs: with the kind, it tells one fact from all others.
        subject: What it is about, for people.
        severity: How much it matters.
        virtual_account_id: Where; None: it is about the whole Smart Account.
        since: Since when; None: since it was first seen.
        due: The day on which somebody should have acted; None: the day on which it began.
        count: How many of something.
        step: The step of a lot that ends; see `STEPS`.
        lot_id: The lot.
        reservation_id: The reservation.
    """

    kind: AlertKind
    key: str
    subject: str
    severity: Severity
    virtual_account_id: bytes | None = None
    since: datetime | None = None
    due: date | None = None
    count: int | None = None
    step: int | None = None
    lot_id: bytes | None = None
    reservation_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That a person has seen an alert.

    Attributes:
        at: When.
        by: Who.
        note: What they said about it; may be empty.
        event_id: The event that says so.
    """

    at: datetime
    by: str
    note: str
    event_id: bytes


@dataclass(frozen=True, slots=True)
class Alert:
    """What was opened for a fact.

    Attributes:
        id: 16 bytes that follow from kind, key and round.
        fact: The fact, as it stood last; its ``since`` and ``due`` are known.
        round: Which alert about this fact it is, from 1.
        opened_at: When it was first seen.
        changed_at: When it last changed.
        closed_at: When the fact was seen to stand no more; None: it stands.
        acknowledged: Who has seen it; None: nobody, or it has become worse since.
    """

    id: bytes
    fact: Fact
    round: int
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None = None
    acknowledged: Acknowledgement | None = None

    @property
    def name(self) -> str:
        """Its short name."""
        return name_of(self.id)


def id_of(kind: AlertKind, key: str, number: int) -> bytes:
    """Return the id of an alert, which nobody who computes it can choose."""
    return sha256(f"{kind}\0{key}\0{number}".encode())[:_ID_BYTES]


# --- what becomes of them ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be written so that the rows say what stands.

    Attributes:
        opened: New alerts.
        changed: Alerts as they are now that were otherwise.
        closed: Alerts whose fact stands no more.
        open: All that are open then.
    """

    opened: tuple[Alert, ...] = ()
    changed: tuple[Alert, ...] = ()
    closed: tuple[Alert, ...] = ()
    open: tuple[Alert, ...] = field(default=(), repr=False)

    def __add__(self, other: "Plan") -> "Plan":
        """Return both plans as one."""
        return Plan(
            self.opened + other.opened,
            self.changed + other.changed,
            self.closed + other.closed,
            self.open + other.open,
        )

    @property
    def is_empty(self) -> bool:
        """Whether the rows say it already."""
        return not (self.opened or self.changed or self.closed)


def unopened(standing: Iterable[Fact], known: Iterable[Alert]) -> tuple[Fact, ...]:
    """Return the facts for which no alert is open."""
    there = {(alert.fact.kind, alert.fact.key) for alert in known}
    return tuple(fact for fact in standing if (fact.kind, fact.key) not in there)


def reconcile(
    standing: Iterable[Fact],
    known: Iterable[Alert],
    rounds: Mapping[tuple[AlertKind, str], int],
    now: datetime,
) -> Plan:
    """Compare the alerts that are open with what stands.

    Args:
        standing: What stands, each fact once.
        known: The alerts that are open.
        rounds: How many alerts there were about each fact for which none is open; those that are not named
            had none.
        now: The moment.
    """
    before = {(alert.fact.kind, alert.fact.key): alert for alert in known}
    opened, changed, kept = [], [], []
    for fact in standing:
        place = fact.kind, fact.key
        alert = before.pop(place, None)
        if alert is None:
            opened.append(_open(fact, rounds.get(place, 0) + 1, now))
            continue
        after = _after(alert, fact, now)
        kept.append(after)
        if after is not alert:
            changed.append(after)
    closed = tuple(replace(alert, closed_at=max(now, alert.changed_at)) for alert in before.values())
    return Plan(tuple(opened), tuple(changed), closed, (*kept, *opened))


def _open(fact: Fact, number: int, now: datetime) -> Alert:
    since = fact.since or now
    whole = replace(fact, since=since, due=fact.due or since.date())
    return Alert(id_of(fact.kind, fact.key, number), whole, number, now, now)


def _after(alert: Alert, fact: Fact, now: datetime) -> Alert:
    """Return an alert as it is after its fact stands so."""
    since = fact.since or alert.fact.since
    due = fact.due or (since.date() if since else alert.fact.due)
    whole = replace(fact, since=since, due=due)
    if whole == alert.fact:
        return alert
    worse = whole.severity.rank > alert.fact.severity.rank or (whole.count or 0) > (alert.fact.count or 0)
    return replace(
        alert,
        fact=whole,
        changed_at=max(now, alert.changed_at),
        acknowledged=None if worse else alert.acknowledged,
    )


def require_note(note: str) -> None:
    """Refuse a note that is too long, or could deceive whoever reads it.

    Raises:
        RuleError: When it is.
    """
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise RuleError(
            "The note is too long, or has characters that cannot be shown.",
            hint=f"Say it in a sentence of at most {LONGEST_NOTE} characters.",
        )
