"""What people look at: pools, reservations, events. Reading only; everything is computed as of now.

An overview reads balances, of which there are as many as lots, and never scans reservations; lists of
reservations come in pages.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import islice

from codec.codes import Line
from codec.keys import VerifyingKey
from reservation import limits, trustfile
from reservation.contradictions import missing
from reservation.errors import no_such_page
from reservation.ledger import Account, Balance
from reservation.model import (
    Decision,
    Event,
    Grade,
    Held,
    Kept,
    Lot,
    Reservation,
    Sequence,
    State,
    StoredCode,
    Udi,
    name_of,
)
from reservation.roles import Rights, Verb
from reservation.service.context import Portal, balances_as_of, read
from reservation.service.issuing import place_for, require_standing, spelled_lines, standing_for
from reservation.standing import Standing
from reservation.store import PageOf, Reading

NO_EVENT = b""
_PAGE = 50
_EVENTS = 500


class LotState(StrEnum):
    """Whether licences of a lot are in force today."""

    IN_FORCE = "in force"
    NOT_BEGUN = "not begun"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Counts:
    """Every account of a pool."""

    available: int = 0
    reserved: int = 0
    in_doubt: int = 0
    failed: int = 0
    expired: int = 0
    written_off: int = 0
    entitled: int = 0
    shortfall: int = 0
    tallied: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class License:
    """One lot in one Virtual Account.

    Attributes:
        name: Short name of the lot, for ``--term``.
        lot: The lot.
        state: Whether it is in force.
        virtual_account: Where.
        counts: Its accounts.
    """

    name: str
    lot: Lot
    state: LotState
    virtual_account: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Pool:
    """All lots of one entitlement in one Virtual Account."""

    tag: str
    virtual_account: str
    counts: Counts


def list_licenses(
    portal: Portal, *, virtual_account: str | None = None, tag: str | None = None
) -> tuple[License, ...]:
    """Return every lot as of now, by tag and term; only those of a Virtual Account or a tag, where given.

    Raises:
        UnknownNameError: When there is no such Virtual Account.
    """
    now = portal.clock()

    def work(books: Reading, rights: Rights) -> tuple[License, ...]:
        names = _virtual_account_names(books, rights, virtual_account)
        return tuple(
            License(
                name_of(balance.lot.id),
                balance.lot,
                _lot_state(balance, now),
                names[balance.virtual_account_id],
                _counts(balance),
            )
            for balance in balances_as_of(books, now.date())
            if balance.virtual_account_id in names and tag in {None, balance.lot.tag}
        )

    return read(portal, Verb.LIST_LICENSES, work)


def overview(portal: Portal, *, virtual_account: str | None = None) -> tuple[Pool, ...]:
    """Return every pool as of now: one for each entitlement in each Virtual Account.

    Raises:
        UnknownNameError: When there is no such Virtual Account.
    """
    read(portal, Verb.OVERVIEW, lambda _books, _rights: None)
    pools: dict[tuple[str, str], Counts] = {}
    for item in list_licenses(portal, virtual_account=virtual_account):
        key = item.lot.tag, item.virtual_account
        pools[key] = pools.get(key, Counts()) + item.counts
    return tuple(Pool(tag, place, counts) for (tag, place), counts in sorted(pools.items()))


def _virtual_account_names(books: Reading, rights: Rights, only: str | None) -> dict[bytes, str]:
    if only is not None:
        found = place_for(books, rights, only)
        return {found.id: found.name}
    return {one.id: one.name for one in books.virtual_accounts() if rights.covers(one.id)}


def _every_name(books: Reading) -> dict[bytes, str]:
    """Return the names of all Virtual Accounts, those that were removed as well."""
    return {one.id: one.name for one in books.every_virtual_account()}


def _lot_state(balance: Balance, now: datetime) -> LotState:
    if balance.lot.ended(now.date()):
        return LotState.ENDED
    return LotState.IN_FORCE if balance.lot.begun(now.date()) else LotState.NOT_BEGUN


def _counts(balance: Balance) -> Counts:
    return Counts(**{account.value: balance.counts[Account(account)] for account in balance.counts})


# --- reservations ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldLine:
    """What a reservation holds of one lot, as of now.

    Attributes:
        lot: The lot.
        held: Reserved and in doubt; both 0 when the lot has ended.
        expired: Counts of a lot that has ended.
    """

    lot: Lot
    held: Held
    expired: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A reservation as a line of a list, as of now.

    Attributes:
        name: Short name.
        state: Where it stands.
        in_doubt_since: Since when something of it waits for a confirmation or a person; None: nothing does.
        is_expired: Whether it is open and holds something of a lot that has ended.
        frees_next: Next day on which something of it is free by itself; None: there is none.
        reserved: Licences that it holds for certain.
        in_doubt: Licences that it holds in doubt.
        failed: Licences that stand as failed, because its device was given up.
        written_off: Licences that were written off with it.
        expired: Licences that it held when their lots ended.
        grade: What proves the confirmed authorization; None while none is confirmed.
        wrong_tries: Short confirmations that did not fit, since the last signed one.
        takes_short: Whether it takes short confirmations; too many wrong ones lock that form.
    """

    id: bytes
    name: str
    udi: Udi
    virtual_account: str
    state: State
    sequence: Sequence
    confirmed: Sequence | None
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    in_doubt_since: datetime | None
    kept: Kept | None
    is_expired: bool
    frees_next: date | None
    reserved: int
    in_doubt: int
    failed: int
    written_off: int
    expired: int
    grade: Grade | None
    wrong_tries: int
    takes_short: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some reservations, and where the next page goes on; None: there is none."""

    reservations: tuple[Summary, ...]
    next_page: str | None


class View(StrEnum):
    """Lists that no state alone gives."""

    IN_DOUBT = "in-doubt"
    EXPIRED = "expired"


def list_reservations(
    portal: Portal,
    *,
    state: State | View | None = None,
    virtual_account: str | None = None,
    page: str | None = None,
    most: int = _PAGE,
) -> Page:
    """Return one page of reservations: newest first, those in doubt oldest doubt first.

    Args:
        portal: The portal.
        state: Only those in a state, or in a computed view; None: all.
        virtual_account: Only those of one Virtual Account; None: all.
        page: Where to go on, from the page before.
        most: How many at most.

    Raises:
        UnknownNameError: When there is no such Virtual Account, or no such page.
    """
    now = portal.clock()
    mark = _parse_page(page)

    def work(books: Reading, rights: Rights) -> Page:
        place = place_for(books, rights, virtual_account).id if virtual_account is not None else None
        # Of each of the user's own Virtual Accounts a page, from which one is merged.
        places = (place,) if place or rights.places is None else sorted(rights.places)
        only = state if isinstance(state, State) else None
        pages = (
            _found(books, state, PageOf(only, each, mark[1] if mark else None, most + 1), mark, now)
            for each in places
        )
        found = sorted(
            (one for page in pages for one in page),
            key=_by_doubt if state is View.IN_DOUBT else _by_page,
            reverse=state is not View.IN_DOUBT,
        )
        shown = tuple(found[:most])
        following = _page_text(shown[-1]) if len(found) > most and shown else None
        return Page(_summaries(books, shown, now), following)

    return read(portal, Verb.LIST_RESERVATIONS, work)


def _found(
    books: Reading,
    state: State | View | None,
    wanted: PageOf,
    mark: tuple[datetime, bytes] | None,
    now: datetime,
) -> tuple[Reservation, ...]:
    if state is View.IN_DOUBT:
        return books.page_in_doubt(wanted, mark)
    if state is View.EXPIRED:
        return books.page_expired(wanted, now.date())
    return books.page(wanted)


def _by_page(one: Reservation) -> bytes:
    return one.page_key


def _by_doubt(one: Reservation) -> tuple[datetime, bytes]:
    return one.unconfirmed_since or one.opened_at, one.page_key


def _page_text(last: Reservation) -> str:
    since = last.unconfirmed_since or last.opened_at
    return f"{since.isoformat()}/{last.page_key.hex()}"


def _parse_page(page: str | None) -> tuple[datetime, bytes] | None:
    if page is None:
        return None
    since, _, key = page.partition("/")
    try:
        return datetime.fromisoformat(since), bytes.fromhex(key)
    except ValueError as error:
        raise no_such_page() from error


def _summaries(books: Reading, reservations: tuple[Reservation, ...], now: datetime) -> tuple[Summary, ...]:
    names = _every_name(books)
    holds = dict(books.holds_of(tuple(one.id for one in reservations)))
    for one in reservations:
        if limits.is_due(one, now.date()):
            holds[one.id] = _holds_on(require_standing(books, one.id), now.date())
    return tuple(
        _summary(one, names[one.virtual_account_id], _held_lines(holds.get(one.id, ()), now))
        for one in reservations
    )


def _holds_on(standing: Standing, today: date) -> tuple[tuple[Lot, Held], ...]:
    held = limits.held_on(standing, today)
    return tuple((standing.lots[lot_id], one) for lot_id, one in held.items())


def _held_lines(holds: Iterable[tuple[Lot, Held]], now: datetime) -> tuple[HeldLine, ...]:
    lines = []
    for lot, held in holds:
        ended = lot.ended(now.date())
        lines.append(HeldLine(lot, Held() if ended else held, held.total if ended else 0))
    return tuple(sorted(lines, key=lambda line: (line.lot.tag, line.lot.id)))


def _summary(one: Reservation, virtual_account: str, lines: tuple[HeldLine, ...]) -> Summary:
    return Summary(
        id=one.id,
        name=one.name,
        udi=one.udi,
        virtual_account=virtual_account,
        state=one.state,
        sequence=one.sequence,
        confirmed=one.confirmed,
        opened_at=one.opened_at,
        changed_at=one.changed_at,
        closed_at=one.closed_at,
        in_doubt_since=one.unconfirmed_since,
        kept=one.kept,
        is_expired=one.state.is_open and any(line.expired for line in lines),
        frees_next=one.frees_next,
        reserved=sum(line.held.reserved for line in lines),
        in_doubt=sum(line.held.in_doubt for line in lines),
        failed=sum(line.held.failed for line in lines),
        written_off=sum(line.held.written_off for line in lines),
        expired=sum(line.expired for line in lines),
        grade=one.grade,
        wrong_tries=one.wrong_tries,
        takes_short=one.takes_short,
    )


@dataclass(frozen=True, slots=True)
class Details:
    """All about one reservation, as of now.

    Attributes:
        summary: As in lists.
        members: Devices that it is for (a stack or pair has several).
        required_matches: Hardware components that must match.
        lines: What its newest authorization grants.
        held: What it holds, lot by lot.
        exposed: What its device, which was given up, may still use beyond the books, lot by lot.
        return_by: Day by which it is to be returned; None: none was said, or it is closed.
        pending: A decision that waits for a second person; None: there is none.
        codes: Every code received and issued, in order.
        missing_codes: Runs of numbers, first and last, of codes that its device signed and that never came.
        events: Everything that happened to it, in order.
    """

    summary: Summary
    members: int
    required_matches: int
    lines: tuple[Line, ...]
    held: tuple[HeldLine, ...]
    exposed: tuple[tuple[Lot, int], ...]
    return_by: date | None
    pending: Decision | None
    codes: tuple[StoredCode, ...] = field(repr=False)
    missing_codes: tuple[tuple[int, int], ...]
    events: tuple[Event, ...] = field(repr=False)


def show_reservation(portal: Portal, reservation_id: bytes) -> Details:
    """Return all about one reservation; see `find_reservation` for its id.

    Raises:
        UnknownNameError: When there is none.
    """
    now = portal.clock()

    def work(books: Reading, rights: Rights) -> Details:
        standing = standing_for(books, rights, reservation_id)
        one = standing.reservation
        held = _held_lines(_holds_on(standing, now.date()), now)
        names = _every_name(books)
        pending = [one for one in books.decisions_of(reservation_id) if one.outcome is None]
        return Details(
            summary=_summary(one, names[one.virtual_account_id], held),
            members=one.members,
            required_matches=one.required_matches,
            lines=spelled_lines(standing.taken(), standing.lots, standing.newest_limits()),
            held=held,
            exposed=tuple((standing.lots[lot_id], count) for lot_id, count in standing.exposed().items()),
            return_by=one.return_by if one.state.is_open else None,
            pending=pending[0] if pending else None,
            codes=books.codes(reservation_id),
            missing_codes=missing(books.code_numbers(one.device_key)),
            events=books.events_of(reservation_id),
        )

    return read(portal, Verb.SHOW_RESERVATION, work)


# --- the portal itself -----------------------------------------------------------------------------


def events(portal: Portal, *, after: bytes = NO_EVENT, most: int = 100) -> tuple[Event, ...]:
    """Return events of the log, oldest first, after the one with that id.

    Whoever may see them only in Virtual Accounts sees those that touch one of these: of its reservations, of
    its licences, of itself and of its users.
    """

    def work(books: Reading, rights: Rights) -> tuple[Event, ...]:
        if rights.places is None:
            return books.events(after=after, most=most)
        return tuple(islice(_events_seen(books, rights, after), most))

    return read(portal, Verb.EVENTS, work)


def _events_seen(books: Reading, rights: Rights, after: bytes) -> Iterator[Event]:
    places = {place.hex() for place in rights.places or ()}
    while batch := books.events(after=after, most=_EVENTS):
        for event in batch:
            detail = event.detail or {}
            named = {detail.get("virtual_account_id"), detail.get("virtual_account")}
            if named & places or _moves_in(books, rights, event):
                yield event
        after = batch[-1].id


def _moves_in(books: Reading, rights: Rights, event: Event) -> bool:
    """Tell whether an event is about a reservation that a user may see, or moves licences that they may."""
    if event.reservation_id is not None:
        reservation = books.reservation(event.reservation_id)
        return reservation is not None and rights.covers(reservation.virtual_account_id)
    movements = (moved.movement for moved in books.moved(event.id))
    return any(
        rights.covers(one.source_virtual_account_id) or rights.covers(one.target_virtual_account_id)
        for one in movements
    )


def trust_file(portal: Portal) -> str:
    """Return the text of the file that devices pin: the root's key and the newest trust code."""

    def work(books: Reading, _rights: Rights) -> str:
        return trustfile.render(VerifyingKey(books.identity().root_key), books.trust_text())

    return read(portal, Verb.TRUST_FILE, work)
