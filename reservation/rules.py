"""What may be issued, and what issuing does to a reservation, without I/O: (state, command, now) → rows.

    issued → active → (updating → active)* → returned

Each function takes what the books say and a verified code or a decision of a person, and returns the
`Changes` that the store writes in one transaction, or raises the error that names the rule. Rules kept here:

* One open reservation for a device. A returned reservation never yields a code again.
* The same request with the same lines is answered with the same authorization; with other lines it is
  refused, naming the update.
* An update gives absolute counts: unnamed entitlements stay, 0 drops one, lots that have ended drop out.

Not handled: what devices answer (`reservation.answers`), which lots to take (`reservation.lots`), arithmetic
(`reservation.ledger`), signatures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum

from codec.codes import LAST_MINUTE, Mode, Request
from codec.envelope import VerifiedCode
from reservation import ledger, limits
from reservation.errors import (
    IssuerNotValidError,
    MatchTooLowError,
    NothingWantedError,
    OpenReservationError,
    OtherLinesError,
    ReservationClosedError,
    RuleError,
    UniversalRequestError,
)
from reservation.model import (
    UNIVERSAL_TAG,
    Allocation,
    EarlyReturn,
    Event,
    EventKind,
    Limit,
    Lot,
    PortalIdentity,
    Product,
    Reservation,
    Sequence,
    Stamp,
    State,
    StoredCode,
    Term,
    WantedLine,
)
from reservation.standing import Changes, Standing, counts_by_tag, event_on, stored


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Entitlements that a person chose: tag → count."""

    counts: Mapping[str, int]


class Wanted(Enum):
    """Choices that follow from the request."""

    AS_REQUESTED = "as requested"
    UNIVERSAL = "universal"


Choice = LinesWanted | Wanted


# --- reserve ---------------------------------------------------------------------------------------


def wanted_counts(
    request: Request, choice: Choice, requested: tuple[WantedLine, ...], product: Product | None
) -> dict[str, int]:
    """Return what is to be reserved: tag → count.

    Args:
        request: The request.
        choice: What the person chose.
        requested: The request's wanted lines, spelled.
        product: What the portal knows about the device's product.

    Raises:
        NothingWantedError: When that is nothing.
        UniversalRequestError: When the choice does not fit the request's mode: to a device, the one line that
            answers a universal request means everything, whatever its tag.
    """
    if isinstance(choice, LinesWanted) and request.mode is Mode.UNIVERSAL:
        raise UniversalRequestError(
            f"{request.udi} asks for a universal reservation, which has no entitlements of its own.",
            hint="Reserve with --universal; or cancel the request on the device and make a specific one.",
        )
    if isinstance(choice, LinesWanted):
        counts = dict(choice.counts)
    elif choice is Wanted.UNIVERSAL or request.mode is Mode.UNIVERSAL:
        counts = {_universal_tag(request, product): 1}
    else:
        counts = {}
        for line in requested:
            counts[str(line.tag)] = counts.get(str(line.tag), 0) + line.count
    if not any(counts.values()):
        raise NothingWantedError(
            "This says no entitlement to reserve, and neither does the request.",
            hint="Name at least one with --license TAG=N, or reserve --universal.",
        )
    return counts


def _universal_tag(request: Request, product: Product | None) -> str:
    tag = (product and product.universal_tag) or UNIVERSAL_TAG
    if request.mode is not Mode.UNIVERSAL and tag != UNIVERSAL_TAG:
        raise UniversalRequestError(
            f"{request.udi} did not ask for a universal reservation, so it would not take {tag} as one.",
            hint="Cancel the request on the device and make it with --universal.",
        )
    return tag


def require_enough_matches(request: Request, product: Product | None, default_minimum: int) -> None:
    """Refuse a request whose hardware sketch binds it too loosely.

    Raises:
        MatchTooLowError: When its k is below the product's minimum.
    """
    minimum = default_minimum
    if product and product.minimum_match is not None:
        minimum = product.minimum_match
    if request.sketch.required < minimum:
        raise MatchTooLowError(
            f"This request asks that {request.sketch.required} of {len(request.sketch.components)} hardware "
            f"components match; devices of product {request.udi.product_id} must ask for {minimum} or more.",
            hint=f"Cancel the request on the device and start it again with --match {minimum} or more; or "
            "lower the product's minimum at the portal.",
        )


_ENDS = {
    State.RETURNED: "returned",
    State.FAILED: "given up as failed",
    State.WRITTEN_OFF: "given up as failed, and written off",
}


def require_open(reservation: Reservation) -> None:
    """Refuse to issue anything for a reservation that is closed.

    Raises:
        ReservationClosedError: When it is.
    """
    if reservation.state.is_open:
        return
    when = f" on {reservation.closed_at:%Y-%m-%d %H:%M} UTC" if reservation.closed_at else ""
    raise ReservationClosedError(
        f"Reservation {reservation.name} of {reservation.udi} was {_ENDS[reservation.state]}{when}; "
        "it never yields a code again.",
        hint="Make a new request on the device.",
    )


def require_to_come(day: date | None, stamp: Stamp) -> None:
    """Refuse a day of return that is over.

    Raises:
        RuleError: When it is.
    """
    if day is not None and day < stamp.today:
        raise RuleError(
            f"{day} is over: nobody can return anything by then.", hint="Give today, or a later day."
        )


def require_valid_issuer(identity: PortalIdentity, stamp: Stamp) -> None:
    """Refuse to issue on a day on which devices would not believe the issuer: the clock is wrong.

    Raises:
        IssuerNotValidError: When today is before the first day of the issuer's key, or after the last day
            that a code can name.
    """
    if stamp.at > LAST_MINUTE:
        raise IssuerNotValidError(
            f"Today is {stamp.today} by this machine's clock, and a code can name no time after "
            f"{LAST_MINUTE:%Y-%m-%d}.",
            hint="Set the clock of this machine.",
        )
    if stamp.today < identity.issuer_from:
        raise IssuerNotValidError(
            f"Today is {stamp.today} by this machine's clock, and devices believe this issuer from "
            f"{identity.issuer_from} on: they would refuse the authorization.",
            hint="Set the clock of this machine.",
        )


def require_no_other(request: Request, other: Reservation | None) -> None:
    """Refuse a request by a device that has an open reservation.

    Raises:
        OpenReservationError: When it has; naming the return.
    """
    if other is None or not other.state.is_open:
        return
    if other.device_key == request.device_key:
        raise OpenReservationError(
            f"{request.udi} has reservation {other.name} open ({other.state}).",
            hint="Make a return code on the device (`tallystick device return`) and accept it here first.",
        )
    raise OpenReservationError(
        f"{request.udi} has reservation {other.name} open ({other.state}), made with another device key: "
        "the device was set up again, or another one uses its name.",
        hint="Accept the return code of the first one here. If it cannot give one, two persons can decide: "
        f"tallystick portal rehost {other.name} --reason REASON --evidence EVIDENCE",
        other_key=other.id,
    )


def refuse_cancelled(request: Request, known: EarlyReturn) -> ReservationClosedError:
    """Return the refusal of a request whose return code came before it."""
    return ReservationClosedError(
        f"{request.udi} has already returned this request: its return code came here first, "
        f"on {known.at:%Y-%m-%d %H:%M} UTC by {known.actor}.",
        hint="Make a new request on the device.",
    )


def refuse_other_lines(standing: Standing) -> OtherLinesError:
    """Return the refusal of a reserved request that comes with other lines."""
    reservation = standing.reservation
    counts = standing.counts(reservation.sequence)
    lines = ", ".join(f"{tag}={count}" for tag, count in sorted(counts.items()))
    return OtherLinesError(
        f"This request is reserved already, as {reservation.name}, with {lines or 'no lines'}.",
        hint=f"Change its lines with `tallystick portal update {reservation.name} --license TAG=N`, "
        f"or show its code with `tallystick portal reissue {reservation.name}`.",
    )


@dataclass(frozen=True, slots=True)
class Issue:
    """An authorization about to be recorded.

    Attributes:
        sequence: Its place.
        taken: What it takes from each lot.
        lots: These lots, and those that the reservation held before.
        code: The authorization.
        virtual_account: Name of the Virtual Account, for the event.
        limits: When its lines end that end before their lots.
    """

    sequence: Sequence
    taken: Mapping[bytes, int]
    lots: Mapping[bytes, Lot]
    code: StoredCode
    virtual_account: str
    limits: Mapping[bytes, Limit] = field(default_factory=dict)

    def allocations(self) -> tuple[Allocation, ...]:
        """Return the rows that say what it takes."""
        return tuple(
            Allocation(self.sequence, lot_id, count, self.limits.get(lot_id))
            for lot_id, count in self.taken.items()
        )

    def detail(self) -> dict[str, object]:
        """Return the facts for the event."""
        return {
            "authorization": self.code.id.hex(),
            "sequence": str(self.sequence),
            "virtual_account": self.virtual_account,
            "lines": counts_by_tag(self.taken, self.lots),
        }


def open_reservation(
    request: VerifiedCode[Request],
    issue: Issue,
    stamp: Stamp,
    *,
    virtual_account_id: bytes,
    former: Reservation | None,
    first_event: int = 0,
) -> Changes:
    """Record a first authorization.

    Args:
        request: The request.
        issue: Its authorization.
        stamp: When and by whom.
        virtual_account_id: Whose licences are taken.
        former: The device's last reservation, closed; None when there was none.
        first_event: Number of the first event.
    """
    value = request.value
    reservation = Reservation(
        id=request.id,
        virtual_account_id=virtual_account_id,
        state=State.ISSUED,
        udi=value.udi,
        device_key=value.device_key,
        mode=value.mode,
        members=value.members,
        required_matches=value.sketch.required,
        catalogue=value.catalogue,
        sequence=issue.sequence,
        confirmed=None,
        opened_at=stamp.at,
        changed_at=stamp.at,
        unconfirmed_since=stamp.at,
        closed_at=None,
        kept=None,
        page_key=stamp.event_id(first_event),
        frees_next=limits.next_freeing({issue.sequence: issue.limits}, None, None),
    )
    held = ledger.hold({issue.sequence: issue.taken}, None)
    alerts: tuple[Event, ...] = ()
    if former is not None and former.device_key != value.device_key:
        detail = {"former": former.id.hex()}
        alerts = (event_on(reservation, EventKind.KEY_CHANGED, detail, stamp, number=first_event + 1),)
    return Changes(
        event=event_on(reservation, EventKind.RESERVED, issue.detail(), stamp, number=first_event),
        reservation=reservation,
        opened=True,
        allocations=issue.allocations(),
        held=held,
        movements=ledger.postings(virtual_account_id, {}, held, issue.lots),
        codes=(stored(request, request.id, None, stamp), issue.code),
        alerts=alerts,
    )


# --- update ----------------------------------------------------------------------------------------


def updated_counts(standing: Standing, changes: Mapping[str, int]) -> dict[str, int]:
    """Return the absolute counts of the tags that an update names.

    Raises:
        ReservationClosedError: When the reservation is closed.
        NothingWantedError: When nothing is named.
    """
    require_open(standing.reservation)
    if not changes:
        raise NothingWantedError(
            "The update names no entitlement.", hint="Name at least one with --license TAG=N; 0 drops it."
        )
    return dict(changes)


def carried_over(standing: Standing, named: Mapping[str, int], stamp: Stamp) -> dict[bytes, int]:
    """Return what stays as it is in an update: unnamed tags, without lots and lines that have ended."""
    binding = standing.binding().get(standing.reservation.sequence, {})
    terms = standing.newest_limits()
    return {
        lot_id: count
        for lot_id, count in binding.items()
        if standing.lots[lot_id].tag not in named
        and not standing.lots[lot_id].ended(stamp.today)
        and not (lot_id in terms and terms[lot_id].term.end < stamp.today)
    }


def kept_terms(standing: Standing, taken: Mapping[bytes, int]) -> dict[bytes, Term]:
    """Return the terms of lines that end before their lots, as they were, of what is still taken."""
    return {lot_id: limit.term for lot_id, limit in standing.newest_limits().items() if lot_id in taken}


def require_something(reservation: Reservation, taken: Mapping[bytes, int]) -> None:
    """Refuse an update after which nothing would be left.

    Raises:
        NothingWantedError: When that is so; naming the return.
    """
    if not taken:
        raise NothingWantedError(
            f"Nothing would be left of reservation {reservation.name}.",
            hint="To give everything back, make a return code on the device (`tallystick device return`).",
        )


def require_universal(standing: Standing, counts: Mapping[str, int]) -> None:
    """Refuse an update after which a universal reservation would be no longer one.

    Raises:
        UniversalRequestError: When that is so.
    """
    reservation = standing.reservation
    before = standing.counts(reservation.sequence)
    if reservation.mode is Mode.UNIVERSAL and counts != before:
        raise UniversalRequestError(
            f"Reservation {reservation.name} is universal; it has no entitlements of its own to change.",
            hint="To reserve named entitlements, return it and make a specific request on the device.",
        )


def record_update(
    standing: Standing, issue: Issue, stamp: Stamp, kind: EventKind = EventKind.UPDATED
) -> Changes:
    """Record a further authorization of an open reservation."""
    before = standing.reservation
    reservation = replace(
        before,
        state=State.ISSUED if before.confirmed is None else State.UPDATING,
        sequence=issue.sequence,
        changed_at=stamp.at,
        unconfirmed_since=before.unconfirmed_since or stamp.at,
        frees_next=limits.next_freeing(
            {**standing.limits, issue.sequence: issue.limits}, before.confirmed, before.freed_on
        ),
    )
    held = ledger.hold({**standing.binding(), issue.sequence: issue.taken}, before.confirmed)
    lots = {**standing.lots, **issue.lots}
    return Changes(
        event=event_on(before, kind, issue.detail(), stamp),
        reservation=reservation,
        allocations=issue.allocations(),
        held=held,
        movements=ledger.postings(before.virtual_account_id, standing.held, held, lots),
        codes=(issue.code,),
    )
