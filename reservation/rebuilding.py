"""A reservation made again from codes that its portal signed and forgot, without I/O.

An authorization says its lines and not its lots. A line names one lot by its entitlement, term and flags; a
line that was given for a shorter time could come from several, and then the one that lasts longest is taken,
as `reserve` does. What is not there is taken all the same, since the device may use it: it becomes a
shortfall, which a later addition covers.

Invariants: nothing is issued. The equation of the books holds, and the hold is that of `ledger.hold` over
everything that is known to be signed. What a line held until a margin is over, it holds until it is returned:
the code does not say which margin there was.

Not handled: signatures, and which requests fit (`reservation.service.rebuilding`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from codec.codes import Authorization, Line, Request
from codec.envelope import VerifiedCode
from reservation import ledger, limits
from reservation.errors import SequenceConflictError
from reservation.ledger import Account, Movement
from reservation.model import (
    NOTHING_HELD,
    Allocation,
    EventKind,
    Held,
    Kind,
    Limit,
    Lot,
    Reservation,
    Stamp,
    State,
    Stock,
    StoredCode,
    Term,
)
from reservation.standing import Changes, Standing, counts_by_tag, event_on, stored

GUESSED = "Lines that end before their lots do not name these: those that last longest are taken."


@dataclass(frozen=True, slots=True)
class Placed:
    """Which lots an authorization is taken to draw from.

    Attributes:
        taken: Lot id → count.
        lots: These lots.
        limits: When lines end that end before their lots.
        missing: Lots that the Virtual Account does not have.
    """

    taken: Mapping[bytes, int] = field(default_factory=dict)
    lots: Mapping[bytes, Lot] = field(default_factory=dict)
    limits: Mapping[bytes, Limit] = field(default_factory=dict)
    missing: tuple[Lot, ...] = ()


def place_lines(
    lines: Iterable[Line],
    stock: Iterable[Stock],
    held: Mapping[bytes, Held],
    lot_of: Callable[[Line], Lot],
) -> Placed:
    """Return which lots lines are taken to draw from.

    Args:
        lines: Every tag spelled.
        stock: What the Virtual Account has of these tags.
        held: What the reservation holds already.
        lot_of: The lot that is like a line in everything.
    """
    placed = Placed()
    there = {item.lot.id: item for item in stock}
    # Those that name their lot come first: what they need is not drawn for others.
    waiting = []
    for line in lines:
        lot = lot_of(line)
        if lot.id in there:
            placed = _with(placed, there[lot.id].lot, line.count)
        else:
            waiting.append((line, lot))
    for line, lot in waiting:
        covering = [
            item for item in there.values() if item.lot.id not in placed.taken and _covers(item.lot, line)
        ]
        if covering:
            placed = _drawn(placed, line, sorted(covering, key=_longest_first), held)
        else:
            placed = replace(_with(placed, lot, line.count), missing=(*placed.missing, lot))
    return placed


def _with(placed: Placed, lot: Lot, count: int, term: Term | None = None) -> Placed:
    ending = {lot.id: Limit(term)} if term else {}
    return replace(
        placed,
        taken={**placed.taken, lot.id: count},
        lots={**placed.lots, lot.id: lot},
        limits={**placed.limits, **ending},
    )


def _covers(lot: Lot, line: Line) -> bool:
    """Tell whether a line that ends earlier could have come from a lot."""
    alike = (lot.tag, lot.export_controlled, lot.reporting_only) == (
        line.tag,
        line.export_controlled,
        line.reporting_only,
    )
    if not alike or line.term is None:
        return False
    return lot.term is None or (lot.term.start <= line.term.start and line.term.end <= lot.term.end)


def _longest_first(item: Stock) -> tuple[int, bytes]:
    end = item.lot.term.end if item.lot.term else date.max
    return -end.toordinal(), item.lot.id


def _drawn(placed: Placed, line: Line, items: list[Stock], held: Mapping[bytes, Held]) -> Placed:
    """Draw from what is held and what is available; the rest from the first of the lots."""
    left = line.count
    counts: dict[bytes, int] = {}
    for item in items:
        free = held.get(item.lot.id, NOTHING_HELD).total + item.available
        counts[item.lot.id] = left if item.lot.reporting_only else min(left, free)
        left -= counts[item.lot.id]
    counts[items[0].lot.id] += left
    for item in items:
        if counts[item.lot.id]:
            placed = _with(placed, item.lot, counts[item.lot.id], line.term)
    return placed


# --- the reservation -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """An authorization that was forgotten, verified for its request.

    Attributes:
        request: The request.
        code: The authorization.
        placed: Which lots it is taken to draw from.
        available: What is available of each of them.
        virtual_account_id: Where.
        virtual_account: The name of that.
    """

    request: VerifiedCode[Request]
    code: VerifiedCode[Authorization]
    placed: Placed
    available: Mapping[bytes, int]
    virtual_account_id: bytes
    virtual_account: str


def refuse_conflict(reservation: Reservation, code: VerifiedCode[Authorization]) -> SequenceConflictError:
    """Return the refusal of an authorization in whose place the books have another one."""
    return SequenceConflictError(
        f"The books hold another authorization {code.value.sequence} of reservation {reservation.name}: "
        "both were signed here, so the database was copied back without being noticed.",
        hint="Say so: tallystick portal quarantine --begin --reason REASON. After the quarantine, update the "
        f"reservation (tallystick portal update {reservation.name} --license TAG=N): that comes after both.",
    )


def rebuild(found: Found, standing: Standing | None, stamp: Stamp) -> Changes:
    """Record a forgotten authorization, of a reservation that is known or not.

    Args:
        found: The authorization.
        standing: What the books say about its reservation, which is open; None: it was forgotten too.
        stamp: When and by whom.
    """
    value = found.code.value
    before = standing.reservation if standing else None
    known = dict(standing.binding()) if standing else {}
    was = standing.held if standing else {}
    terms = {**(standing.limits if standing else {}), value.sequence: found.placed.limits}
    confirmed = before.confirmed if before else None
    held = ledger.hold({**known, value.sequence: found.placed.taken}, confirmed)
    lots = {**(standing.lots if standing else {}), **found.placed.lots}
    reservation = _updated(before, found, stamp) if before else _opened(found, stamp)
    reservation = replace(reservation, frees_next=limits.next_freeing(terms, confirmed, reservation.freed_on))
    short = _missing(found, was, held)
    notes = _notes(short, lots, guessed=bool(found.placed.limits))
    codes = (_stored(found, stamp),)
    return Changes(
        event=event_on(reservation, EventKind.REBUILT, _detail(found, short, lots, notes), stamp),
        reservation=reservation,
        opened=before is None,
        allocations=tuple(
            Allocation(value.sequence, lot_id, count, found.placed.limits.get(lot_id))
            for lot_id, count in found.placed.taken.items()
        ),
        held=held,
        movements=(
            *_from_shortfall(reservation.virtual_account_id, short),
            *ledger.postings(reservation.virtual_account_id, was, held, lots),
        ),
        codes=codes if before else (stored(found.request, found.request.id, None, stamp), *codes),
        notes=notes,
    )


def _opened(found: Found, stamp: Stamp) -> Reservation:
    value = found.request.value
    issued_at = found.code.value.issued_at
    return Reservation(
        id=found.request.id,
        virtual_account_id=found.virtual_account_id,
        state=State.ISSUED,
        udi=value.udi,
        device_key=value.device_key,
        mode=value.mode,
        members=value.members,
        required_matches=value.sketch.required,
        catalogue=value.catalogue,
        sequence=found.code.value.sequence,
        confirmed=None,
        opened_at=issued_at,
        changed_at=stamp.at,
        unconfirmed_since=issued_at,
        closed_at=None,
        kept=None,
        page_key=stamp.event_id(0),
    )


def _updated(before: Reservation, found: Found, stamp: Stamp) -> Reservation:
    """Return the reservation with one authorization more, which may be older than its newest."""
    value = found.code.value
    newest = max(before.sequence, value.sequence)
    is_later = before.confirmed is None or value.sequence > before.confirmed
    since = [moment for moment in (before.unconfirmed_since, value.issued_at if is_later else None) if moment]
    if before.confirmed is None:
        state = State.ISSUED
    else:
        state = State.ACTIVE if newest == before.confirmed else State.UPDATING
    return replace(
        before,
        state=state,
        sequence=newest,
        changed_at=stamp.at,
        unconfirmed_since=min(since, default=None),
    )


def _missing(found: Found, was: Mapping[bytes, Held], held: Mapping[bytes, Held]) -> dict[bytes, int]:
    """Return how much more of each lot is out than there is."""
    short = {}
    for lot_id, lot in found.placed.lots.items():
        if lot.reporting_only or lot.expired:
            continue
        more = held.get(lot_id, NOTHING_HELD).total - was.get(lot_id, NOTHING_HELD).total
        if more > found.available.get(lot_id, 0):
            short[lot_id] = more - found.available.get(lot_id, 0)
    return short


def _from_shortfall(virtual_account_id: bytes, short: Mapping[bytes, int]) -> tuple[Movement, ...]:
    return tuple(
        ledger.within(virtual_account_id, lot_id, count, Account.SHORTFALL, Account.AVAILABLE)
        for lot_id, count in sorted(short.items())
    )


def _stored(found: Found, stamp: Stamp) -> StoredCode:
    return StoredCode(
        id=found.code.id,
        reservation_id=found.request.id,
        kind=Kind.AUTHORIZATION,
        text=found.code.text,
        sequence=found.code.value.sequence,
        code_number=None,
        link=None,
        at=found.code.value.issued_at,
        actor=stamp.actor,
    )


def _notes(short: Mapping[bytes, int], lots: Mapping[bytes, Lot], *, guessed: bool) -> tuple[str, ...]:
    missing = counts_by_tag(short, lots)
    notes = [
        f"{count:,} of {tag} are more than the books have: they are a shortfall. If an order was forgotten, "
        "enter it again."
        for tag, count in sorted(missing.items())
    ]
    return (*notes, GUESSED) if guessed else tuple(notes)


def _detail(
    found: Found, short: Mapping[bytes, int], lots: Mapping[bytes, Lot], notes: tuple[str, ...]
) -> dict[str, object]:
    return {
        "authorization": found.code.id.hex(),
        "sequence": str(found.code.value.sequence),
        "virtual_account": found.virtual_account,
        "lines": counts_by_tag(found.placed.taken, lots),
        "shortfall": counts_by_tag(short, lots),
        "notes": notes,
    }
