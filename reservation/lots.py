"""Which lots a reservation draws from, without I/O.

A lot is usable while its last day is not over. Lots in force come before lots that have not begun; then the
preference decides: ``longest`` takes perpetual ones first and then the latest end, ``soonest`` the earliest
end first; reporting-only lots, which have no limit, come last. What the reservation already takes of an
entitlement stays where it is, and what it holds anyway is used before what is available: neither costs
anybody anything.

Not handled: the hold that follows from a choice (`reservation.ledger`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from codec.codes import MAX_COUNT
from reservation.errors import InsufficientError, RuleError, Shortage
from reservation.model import NOTHING_HELD, Held, Lot, Term, name_of


@dataclass(frozen=True, slots=True)
class Stock:
    """What one Virtual Account has of a lot, as far as choosing needs it."""

    lot: Lot
    available: int
    shortfall: int = 0


class Preference(StrEnum):
    """Which of several lots of an entitlement to draw from."""

    LONGEST = "longest"
    SOONEST = "soonest"


TermChoice = Preference | bytes
"""A preference, or the id of the one lot to draw from."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reservation stands before lots are chosen for it.

    Attributes:
        taken: What its newest authorization takes from each lot.
        held: What it holds of each lot.
    """

    taken: Mapping[bytes, int] = field(default_factory=dict)
    held: Mapping[bytes, Held] = field(default_factory=dict)


def choose(
    wanted: Mapping[str, int],
    stock: Iterable[Stock],
    position: Position,
    *,
    term: TermChoice,
    today: date,
    virtual_account: str,
) -> dict[bytes, int]:
    """Return what to take from each lot so that every tag has its count.

    Args:
        wanted: Tag → absolute count; 0 takes nothing.
        stock: Every lot of the Virtual Account that has one of these tags.
        position: Where the reservation stands; empty for a new one.
        term: Which lots to prefer. A named lot decides for its own entitlement, the others go by longest.
        today: UTC day.
        virtual_account: Its name, for messages.

    Raises:
        InsufficientError: When a tag has too few.
        RuleError: For a count out of range, or a named lot that has none of the wanted tags.
    """
    usable = [item for item in stock if not item.lot.expired and not item.lot.ended(today)]
    _require_sense(wanted, usable, term)
    chosen: dict[bytes, int] = {}
    for tag, count in wanted.items():
        lots = [item for item in usable if item.lot.tag == tag]
        if isinstance(term, bytes) and any(item.lot.id == term for item in lots):
            lots = [item for item in lots if item.lot.id == term]
        taken, missing = _draw(count, _ordered(lots, term, today), position)
        if missing:
            raise _insufficient(tag, count, count - missing, lots, virtual_account)
        chosen |= taken
    return chosen


def _require_sense(wanted: Mapping[str, int], usable: list[Stock], term: TermChoice) -> None:
    for tag, count in wanted.items():
        if not 0 <= count <= MAX_COUNT:
            raise RuleError(
                f"A count of {count} for {tag} is not possible.",
                hint=f"Give a whole number from 0 to {MAX_COUNT:,}.",
            )
    if isinstance(term, bytes) and not any(item.lot.id == term and item.lot.tag in wanted for item in usable):
        raise RuleError(
            f"Lot {name_of(term)} has none of the wanted entitlements in this Virtual Account, or has ended.",
            hint="See the lots with `tallystick portal license list`.",
        )


def _ordered(lots: list[Stock], term: TermChoice, today: date) -> list[Stock]:
    sign = 1 if term is Preference.SOONEST else -1

    def place(item: Stock) -> tuple[bool, bool, int, bytes]:
        lot = item.lot
        end = (lot.term.end if lot.term else date.max).toordinal()
        return lot.reporting_only, not lot.begun(today), sign * end, lot.id

    return sorted(lots, key=place)


def _draw(count: int, lots: list[Stock], position: Position) -> tuple[dict[bytes, int], int]:
    """Take from what is taken already, then from what is held anyway, then from what is available."""
    taken: dict[bytes, int] = {}
    missing = count
    for limit in (_taken_already, _held_anyway, _obtainable):
        for item in lots:
            before = taken.get(item.lot.id, 0)
            more = min(missing, max(0, limit(item, position) - before))
            if more:
                taken[item.lot.id] = before + more
                missing -= more
    return taken, missing


def _taken_already(item: Stock, position: Position) -> int:
    return position.taken.get(item.lot.id, 0)


def _held_anyway(item: Stock, position: Position) -> int:
    return position.held.get(item.lot.id, NOTHING_HELD).total


def _obtainable(item: Stock, position: Position) -> int:
    if item.lot.reporting_only:
        return MAX_COUNT
    # A shortfall blocks new reservations of the lot: more is out already than was bought.
    available = 0 if item.shortfall else item.available
    return _held_anyway(item, position) + available


def _insufficient(
    tag: str, wanted: int, possible: int, lots: list[Stock], virtual_account: str
) -> InsufficientError:
    if not lots:
        problem = f"Virtual Account {virtual_account} has no usable licence of {tag}."
    elif any(item.shortfall for item in lots):
        problem = (
            f"{wanted} of {tag} were asked for, and Virtual Account {virtual_account} can give {possible}: "
            "more of it is reserved than was bought."
        )
    else:
        problem = (
            f"{wanted} of {tag} were asked for, and Virtual Account {virtual_account} can give {possible}."
        )
    available = sum(item.available for item in lots if not item.shortfall)
    return InsufficientError(
        problem,
        hint="See what there is with `tallystick portal license list`; add licences, or reserve fewer.",
        shortage=Shortage(tag, wanted, wanted - possible + available),
    )


def available_of(stock: Iterable[Stock], today: date) -> int:
    """Return how many of some lots a new reservation could take."""
    usable = [item for item in stock if not item.lot.expired and not item.lot.ended(today)]
    if any(item.lot.reporting_only for item in usable):
        return MAX_COUNT
    return sum(item.available for item in usable if not item.shortfall)


# --- lots themselves -------------------------------------------------------------------------------


def describe(lot: Lot) -> str:
    """Say in words what a lot is, for messages and events."""
    parts = [lot.tag, describe_term(lot.term)]
    parts += ["export-controlled"] * lot.export_controlled
    parts += ["reporting only"] * lot.reporting_only
    return ", ".join(parts)


def describe_term(term: Term | None) -> str:
    """Say in words how long something is in force."""
    return "perpetual" if term is None else f"{term.start} to {term.end}"
