"""What goes from one Virtual Account to another, and what is taken back from an order, without I/O.

* A device goes with its whole hold, in one posting; whatever comes late posts where the reservation is then.
* Licences that are available go alone. They take their entitlement with them, so both pools stay right.
* A counter-entry makes an order smaller. What is out is not taken from anybody: it becomes a shortfall, which
  blocks reserving from the lot until as much has come back.

Not handled: which lots go (`reservation.lots`); the arithmetic (`reservation.ledger`).
"""

from collections.abc import Mapping
from dataclasses import replace
from shlex import quote

from reservation import ledger
from reservation.errors import NotEmptyError, RuleError, WrongStateError
from reservation.ledger import SOURCES, Account, Balance, Movement
from reservation.lots import describe
from reservation.model import (
    DEFAULT_VIRTUAL_ACCOUNT,
    Addition,
    Event,
    EventKind,
    Lot,
    Stamp,
    VirtualAccount,
    name_of,
)
from reservation.standing import Changes, Standing, event_on


def require_two_places(source: VirtualAccount, target: VirtualAccount) -> None:
    """Refuse a transfer to where everything is already.

    Raises:
        RuleError: When it is one.
    """
    if source.id == target.id:
        raise RuleError(
            f"{source.name} is where that is already.", hint="Name another Virtual Account with --to."
        )


def require_some(count: int) -> None:
    """Refuse a count of nothing.

    Raises:
        RuleError: When it is less than 1.
    """
    if count < 1:
        raise RuleError(f"{count} licences cannot be transferred.", hint="Give a whole number from 1 on.")


def transfer_licenses(
    taken: Mapping[bytes, int],
    lots: Mapping[bytes, Lot],
    stamp: Stamp,
    *,
    source: VirtualAccount,
    target: VirtualAccount,
) -> Changes:
    """Take available licences to another Virtual Account.

    Args:
        taken: How many of each lot.
        lots: These lots; all of one entitlement.
        stamp: When and by whom.
        source: Where they are.
        target: Where they will be.
    """
    movements = tuple(
        Movement(lot_id, count, Account.AVAILABLE, Account.AVAILABLE, source.id, target.id)
        for lot_id, count in sorted(taken.items())
    )
    detail = {
        "from": source.name,
        "to": target.name,
        "lots": {lot_id.hex(): count for lot_id, count in sorted(taken.items())},
    }
    tag = next(lots[lot_id].tag for lot_id in taken)
    kind = EventKind.LICENSE_TRANSFERRED
    event = Event(stamp.event_id(0), stamp.at, stamp.actor, kind, tag, detail=detail)
    return Changes(event, movements=movements)


def transfer_reservation(
    standing: Standing,
    balances: Mapping[bytes, Balance],
    stamp: Stamp,
    *,
    source: VirtualAccount,
    target: VirtualAccount,
) -> Changes:
    """Take a device with its whole hold to another Virtual Account.

    Args:
        standing: Its reservation.
        balances: The source's balance of each lot that it holds.
        stamp: When and by whom.
        source: Where it is.
        target: Where it will be.

    Raises:
        WrongStateError: When the reservation is closed and keeps nothing.
    """
    before = standing.reservation
    if not before.state.is_open and not standing.held:
        raise WrongStateError(
            f"Reservation {before.name} of {before.udi} is {before.state}, and keeps nothing.",
            hint="Nothing has to be done.",
        )
    movements = ledger.transferring(standing.held, standing.lots, source.id, target.id)
    shortfalls: list[Movement] = []
    for lot_id, balance in sorted(balances.items()):
        gone = tuple(movement for movement in movements if movement.lot_id == lot_id)
        shortfalls += ledger.bringing(balance, gone) if gone else ()
    detail = {"from": source.name, "to": target.name}
    return Changes(
        event_on(before, EventKind.RESERVATION_TRANSFERRED, detail, stamp),
        reservation=replace(before, virtual_account_id=target.id, changed_at=stamp.at),
        movements=(*movements, *shortfalls),
    )


# --- counter-entries -------------------------------------------------------------------------------


def the_one_lot(tag: str, balances: tuple[Balance, ...], place: VirtualAccount) -> Balance:
    """Return the lot that a counter-entry is about, when it names none.

    Raises:
        RuleError: When there is none, or more than one.
    """
    if len(balances) == 1:
        return balances[0]
    if not balances:
        raise RuleError(
            f"Virtual Account {place.name} has no lot of {tag} in force.",
            hint="See the lots with `tallystick portal license list`.",
        )
    named = ", ".join(f"{name_of(one.lot.id)} ({describe(one.lot)})" for one in balances)
    raise RuleError(
        f"Virtual Account {place.name} has more than one lot of {tag}: {named}.",
        hint="Name one with --lot.",
    )


def correct(
    balance: Balance, count: int, stamp: Stamp, *, place: VirtualAccount, order_reference: str
) -> Changes:
    """Take licences back that were wrongly added.

    Args:
        balance: The lot, in one Virtual Account.
        count: How many, at least 1.
        stamp: When and by whom.
        place: That Virtual Account.
        order_reference: The order that this corrects; may be empty.

    Raises:
        RuleError: When there were never so many, or the lot has ended or has no quantity.
    """
    lot, entitled = balance.lot, balance.counts[Account.ENTITLED]
    if lot.reporting_only or lot.expired:
        why = "is only reported, and has no quantity" if lot.reporting_only else "has ended"
        raise RuleError(
            f"The lot {describe(lot)} {why}: there is nothing to correct.",
            hint="See the lots with `tallystick portal license list`.",
        )
    if not 1 <= count <= entitled:
        raise RuleError(
            f"{count:,} licences cannot be taken back: {entitled:,} of {describe(lot)} are entitled in "
            f"Virtual Account {place.name}.",
            hint=f"Give a number from 1 to {entitled:,}." if entitled else "Look at another lot.",
        )
    movements = ledger.taking_back(balance, count)
    short = sum(one.count for one in movements if one.source is Account.SHORTFALL)
    detail = {
        "lot": lot.id.hex(),
        "count": count,
        "virtual_account": place.name,
        "order": order_reference,
        "shortfall": short,
    }

    def event(kind: EventKind, number: int) -> Event:
        return Event(stamp.event_id(number), stamp.at, stamp.actor, kind, describe(lot), detail=detail)

    return Changes(
        event(EventKind.LICENSE_CORRECTED, 0),
        movements=movements,
        additions=(Addition(lot.id, place.id, -count, order_reference),),
        alerts=(event(EventKind.INSUFFICIENT, 1),) if short else (),
    )


# --- Virtual Accounts ------------------------------------------------------------------------------


def require_not_default(place: VirtualAccount) -> None:
    """Refuse to rename or remove the Virtual Account that is always there.

    Raises:
        RuleError: For DEFAULT.
    """
    if place.name == DEFAULT_VIRTUAL_ACCOUNT:
        raise RuleError(
            f"{place.name} is always there, under this name.",
            hint="Add a Virtual Account of another name: tallystick portal va add NAME",
        )


def _require_over(place: VirtualAccount, balance: Balance) -> None:
    """Refuse a balance of which anything is not over: only what has expired may stand in it."""
    for account, count in balance.counts.items():
        if count and account not in {Account.EXPIRED, *SOURCES}:
            raise NotEmptyError(
                f"Virtual Account {place.name} has {count:,} of {describe(balance.lot)}, "
                f"{account.replace('_', ' ')}.",
                hint=f"Transfer them first: tallystick portal license transfer {quote(balance.lot.tag)} "
                f"{count} --from {quote(place.name)} --to {DEFAULT_VIRTUAL_ACCOUNT}",
            )


def remove_virtual_account(
    place: VirtualAccount,
    default: VirtualAccount,
    balances: tuple[Balance, ...],
    *,
    holder: bytes | None,
    stamp: Stamp,
) -> Changes:
    """Remove a Virtual Account that is empty; what is over in it goes to DEFAULT.

    Args:
        place: The Virtual Account.
        default: The one that is always there.
        balances: Its balances, as they stand now.
        holder: A reservation of it that is open or keeps something; None: there is none.
        stamp: When and by whom.

    Raises:
        RuleError: For DEFAULT.
        NotEmptyError: When it is not empty.
    """
    require_not_default(place)
    if holder is not None:
        raise NotEmptyError(
            f"Virtual Account {place.name} has reservation {name_of(holder)}.",
            hint=f"Transfer it first: tallystick portal transfer {name_of(holder)} --to "
            f"{DEFAULT_VIRTUAL_ACCOUNT}",
        )
    movements: list[Movement] = []
    for balance in balances:
        _require_over(place, balance)
        if balance.counts[Account.EXPIRED]:
            count = balance.counts[Account.EXPIRED]
            gone = Movement(balance.lot.id, count, Account.EXPIRED, Account.EXPIRED, place.id, default.id)
            movements += [gone, *ledger.bringing(balance, (gone,))]
    detail = {"virtual_account": place.id.hex()}
    kind = EventKind.VIRTUAL_ACCOUNT_REMOVED
    event = Event(stamp.event_id(0), stamp.at, stamp.actor, kind, place.name, detail=detail)
    return Changes(event, movements=tuple(movements))
