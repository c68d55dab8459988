"""Reports for administrators and auditors: what is used, what may be used twice, what ends, what moved.

Reading only, as of now. A report may read whole parts of the books, which no other verb does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from reservation import limits
from reservation.events import id_before
from reservation.ledger import Account
from reservation.model import Event, Lot, Reservation, State, Udi
from reservation.roles import Rights, Verb
from reservation.service.context import Portal, balances_as_of, read
from reservation.service.issuing import place_for, require_standing
from reservation.service.views import NO_EVENT, Counts, overview
from reservation.store import Moved, PageOf, Reading

_PAGE = 500


def _names(books: Reading, rights: Rights, wanted: str | None) -> dict[bytes, str]:
    """Return the names of all Virtual Accounts that there ever were; the wanted one must be the user's.

    Raises:
        UnknownNameError: When it is not.
    """
    if wanted is not None:
        place_for(books, rights, wanted)
    return {one.id: one.name for one in books.every_virtual_account()}


# --- usage -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of an entitlement is used in a Virtual Account.

    Attributes:
        tag: The entitlement.
        virtual_account: Where.
        counts: All its lots together.
    """

    tag: str
    virtual_account: str
    counts: Counts

    @property
    def out(self) -> int:
        """Licences that devices have, for certain or perhaps."""
        return self.counts.reserved + self.counts.in_doubt

    @property
    def percent(self) -> int | None:
        """The part of what could be used that is out, rounded down; None: there is nothing to use."""
        usable = self.out + self.counts.available
        return 100 * self.out // usable if usable else None


def usage(portal: Portal, *, virtual_account: str | None = None) -> tuple[Usage, ...]:
    """Return how much of each entitlement is used in each Virtual Account.

    Raises:
        UnknownNameError: When there is no such Virtual Account.
    """
    read(portal, Verb.USAGE, lambda _books, _rights: None)
    pools = overview(portal, virtual_account=virtual_account)
    return tuple(Usage(pool.tag, pool.virtual_account, pool.counts) for pool in pools)


# --- exposure --------------------------------------------------------------------------------------


class Exposed(StrEnum):
    """Why licences may be used by somebody, although no device is known to use them."""

    IN_DOUBT = "in-doubt"
    FAILED = "failed"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Exposure:
    """Licences of one lot that a device may be using.

    Attributes:
        why: ``in-doubt``: issued, lowered or returned, and not confirmed. ``failed``: its device was given
            up. ``replaced``: its replacement has them already, so that they may be used twice.
        since: When that began.
        reservation_id: The reservation.
        udi: Its device.
        virtual_account: Where it is.
        lot: The lot.
        count: How many.
    """

    why: Exposed
    since: datetime
    reservation_id: bytes
    udi: Udi
    virtual_account: str
    lot: Lot
    count: int


def exposure(portal: Portal, *, virtual_account: str | None = None) -> tuple[Exposure, ...]:
    """Return what may be in use although no device is known to use it, oldest first.

    Raises:
        UnknownNameError: When there is no such Virtual Account.
    """
    today = portal.clock().date()

    def work(books: Reading, rights: Rights) -> tuple[Exposure, ...]:
        names = _names(books, rights, virtual_account)
        found = (
            exposed
            for one in _exposing(books)
            if rights.covers(one.virtual_account_id)
            for exposed in _exposures_of(books, one, names[one.virtual_account_id], today)
            if virtual_account in {None, exposed.virtual_account}
        )
        return tuple(sorted(found, key=lambda one: (one.since, one.reservation_id, one.lot.tag)))

    return read(portal, Verb.EXPOSURE, work)


def _exposing(books: Reading) -> Iterator[Reservation]:
    """Go through the reservations of which anything may be exposed, each once."""
    seen = set()
    for one in (*_in_doubt(books), *_given_up(books), *_replaced(books)):
        if one.id not in seen:
            seen.add(one.id)
            yield one


def _in_doubt(books: Reading) -> Iterator[Reservation]:
    mark = None
    while page := books.page_in_doubt(PageOf(most=_PAGE), mark):
        yield from page
        last = page[-1]
        mark = (last.unconfirmed_since or last.opened_at, last.page_key)


def _given_up(books: Reading) -> Iterator[Reservation]:
    before = None
    while page := books.page(PageOf(state=State.FAILED, before=before, most=_PAGE)):
        yield from page
        before = page[-1].page_key


def _replaced(books: Reading) -> Iterator[Reservation]:
    for reservation_id in books.reservations_exposing():
        yield require_standing(books, reservation_id).reservation


def _exposures_of(books: Reading, one: Reservation, place: str, today: date) -> Iterator[Exposure]:
    standing = require_standing(books, one.id)
    held = limits.held_on(standing, today)
    given_up = one.closed_at or one.changed_at
    for why, since, counts in (
        (
            Exposed.IN_DOUBT,
            one.unconfirmed_since or given_up,
            {lot: now.in_doubt for lot, now in held.items()},
        ),
        (Exposed.FAILED, given_up, {lot: now.failed for lot, now in held.items()}),
        (Exposed.REPLACED, given_up, standing.exposed()),
    ):
        for lot_id, count in counts.items():
            lot = standing.lots[lot_id]
            if count and not lot.ended(today):
                yield Exposure(why, since, one.id, one.udi, place, lot, count)


# --- expiring --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expiring:
    """Licences that end soon, where they are.

    Attributes:
        last_day: Their last UTC day.
        days: From today until then; 0: today is the last.
        lot: Their lot.
        virtual_account: Where.
        reservation_id: The reservation that has them; None: they are available.
        udi: Its device; None with it.
        count: How many.
    """

    last_day: date
    days: int
    lot: Lot
    virtual_account: str
    reservation_id: bytes | None
    udi: Udi | None
    count: int


def expiring(portal: Portal, *, days: int, virtual_account: str | None = None) -> tuple[Expiring, ...]:
    """Return what ends within some days, first end first: what is available, and the lines of devices.

    Args:
        portal: The portal.
        days: Up to how many days from today; 0: what has its last day today.
        virtual_account: Only one Virtual Account; None: all.

    Raises:
        UnknownNameError: When there is no such Virtual Account.
    """
    today = portal.clock().date()
    last = today + timedelta(days=min(days, (date.max - today).days))

    def work(books: Reading, rights: Rights) -> tuple[Expiring, ...]:
        names = _names(books, rights, virtual_account)
        found = [
            *_available_until(books, rights, names, today, last),
            *_lines_until(books, rights, names, today, last),
        ]
        wanted = [one for one in found if virtual_account in {None, one.virtual_account}]
        return tuple(sorted(wanted, key=_by_end))

    return read(portal, Verb.EXPIRING, work)


def _available_until(
    books: Reading, rights: Rights, names: Mapping[bytes, str], today: date, last: date
) -> Iterator[Expiring]:
    for balance in balances_as_of(books, today):
        lot, count = balance.lot, balance.counts[Account.AVAILABLE]
        if rights.covers(balance.virtual_account_id) and count and lot.term and today <= lot.term.end <= last:
            end = lot.term.end
            yield Expiring(end, (end - today).days, lot, names[balance.virtual_account_id], None, None, count)


def _lines_until(
    books: Reading, rights: Rights, names: Mapping[bytes, str], today: date, last: date
) -> Iterator[Expiring]:
    for line in books.lines_ending(today, last):
        if not rights.covers(line.virtual_account_id):
            continue
        place, days = names[line.virtual_account_id], (line.last_day - today).days
        yield Expiring(line.last_day, days, line.lot, place, line.reservation_id, line.udi, line.count)


def _by_end(one: Expiring) -> tuple[object, ...]:
    return one.last_day, one.lot.tag, one.virtual_account, one.reservation_id or b"", one.lot.id


# --- transactions ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transaction:
    """A movement of licences, with who moved them, when and why.

    Attributes:
        event: What happened.
        moved: What it moved.
        source: Virtual Account that they came from.
        target: Virtual Account that they went to.
    """

    event: Event
    moved: Moved
    source: str
    target: str


def transactions(
    portal: Portal,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    virtual_account: str | None = None,
) -> tuple[Transaction, ...]:
    """Return the movements of licences in a time, in the order in which they were posted.

    Args:
        portal: The portal.
        since: The first moment; None: from the beginning.
        until: The first moment that is too late; None: up to now.
        virtual_account: Only what left or reached one Virtual Account; None: all.

    Raises:
        UnknownNameError: When there is no such Virtual Account.
    """

    def work(books: Reading, rights: Rights) -> tuple[Transaction, ...]:
        names = _names(books, rights, virtual_account)
        found = (
            Transaction(
                event,
                moved,
                names[moved.movement.source_virtual_account_id],
                names[moved.movement.target_virtual_account_id],
            )
            for event, moved in books.movements_since(id_before(since) if since else NO_EVENT)
            if (since is None or event.at >= since) and (until is None or event.at < until)
            if rights.covers(moved.movement.source_virtual_account_id)
            or rights.covers(moved.movement.target_virtual_account_id)
        )
        return tuple(one for one in found if virtual_account in {None, one.source, one.target})

    return read(portal, Verb.TRANSACTIONS, work)
