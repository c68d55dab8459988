"""Double-entry arithmetic of licences, without I/O.

Every lot of a Virtual Account has accounts on two sides. Licences stand on the asset side, in exactly one of
``available, reserved, in_doubt, failed, expired, written_off``; the source side says where they come from:
``entitled`` (orders) and ``shortfall`` (what is out although the order was reduced). A movement takes a count
from one account and gives it to another; nothing else ever changes an account. At every commit:

    available + reserved + in doubt + failed + expired + written off = entitled + shortfall

Source accounts grow when they are taken from. Licences that move between Virtual Accounts take their
entitlement with them, so the equation holds in each Virtual Account too.

Reporting-only lots are outside the equation: they move between ``unmetered``, which has no limit and no
balance, and ``tallied``.

The hold rule says how much of each lot a reservation ties up; see `hold`.

Not handled: which lot to take from (`reservation.lots`), and when (`reservation.rules`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from reservation.model import NOTHING_HELD, Held, Lot, Sequence


class Account(StrEnum):
    """Where licences stand."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"
    EXPIRED = "expired"
    WRITTEN_OFF = "written_off"
    ENTITLED = "entitled"
    SHORTFALL = "shortfall"
    TALLIED = "tallied"
    UNMETERED = "unmetered"


ASSETS = (
    Account.AVAILABLE,
    Account.RESERVED,
    Account.IN_DOUBT,
    Account.FAILED,
    Account.EXPIRED,
    Account.WRITTEN_OFF,
)
SOURCES = (Account.ENTITLED, Account.SHORTFALL)
#: Accounts that have a balance.
BALANCED = (*ASSETS, *SOURCES, Account.TALLIED)


@dataclass(frozen=True, slots=True)
class Movement:
    """A count of one lot, taken from one account and given to another.

    Attributes:
        lot_id: The lot.
        count: Licences, at least 1.
        source: Account that they are taken from.
        target: Account that they are given to.
        source_virtual_account_id: Where the source account is.
        target_virtual_account_id: Where the target account is.
    """

    lot_id: bytes
    count: int
    source: Account
    target: Account
    source_virtual_account_id: bytes
    target_virtual_account_id: bytes

    def __post_init__(self) -> None:
        if self.count < 1 or (self.source is self.target and not self._crosses):
            raise ValueError(f"no movement: {self.count} from {self.source} to {self.target}")

    @property
    def _crosses(self) -> bool:
        return self.source_virtual_account_id != self.target_virtual_account_id


def within(
    virtual_account_id: bytes, lot_id: bytes, count: int, source: Account, target: Account
) -> Movement:
    """Return the movement between two accounts of one Virtual Account."""
    return Movement(lot_id, count, source, target, virtual_account_id, virtual_account_id)


# --- the hold --------------------------------------------------------------------------------------

Allocations = Mapping[Sequence, Mapping[bytes, int]]
"""What each authorization of one reservation takes from each lot: sequence → lot id → count."""


def hold(allocations: Allocations, confirmed: Sequence | None) -> dict[bytes, Held]:
    """Return what a reservation ties up, for each lot.

    The device may run any authorization from the highest confirmed one on, so the greatest count over those
    is held. What all of them include is reserved; the rest is in doubt. While none is confirmed the device
    may run none, so nothing is reserved.

    Args:
        allocations: Every authorization issued.
        confirmed: The highest one that a confirmation proves installed.

    Returns:
        Lots with at least one licence held.
    """
    possible = [lots for sequence, lots in allocations.items() if confirmed is None or sequence >= confirmed]
    least_possible: list[Mapping[bytes, int]] = possible if confirmed is not None else [*possible, {}]
    held = {}
    for lot_id in {lot_id for lots in possible for lot_id in lots}:
        greatest = max(lots.get(lot_id, 0) for lots in possible)
        reserved = min(lots.get(lot_id, 0) for lots in least_possible)
        held[lot_id] = Held(reserved, greatest - reserved)
    return held


def added(one: Mapping[bytes, Held], other: Mapping[bytes, Held]) -> dict[bytes, Held]:
    """Return two holds taken together, lot by lot."""
    return {
        lot_id: one.get(lot_id, NOTHING_HELD) + other.get(lot_id, NOTHING_HELD)
        for lot_id in one.keys() | other.keys()
    }


def postings(
    virtual_account_id: bytes,
    before: Mapping[bytes, Held],
    after: Mapping[bytes, Held],
    lots: Mapping[bytes, Lot],
) -> tuple[Movement, ...]:
    """Return the movements that change a hold.

    Lots whose end was posted have everything in ``expired`` already: their holds change without movement,
    so a late return of them frees nothing.

    Args:
        virtual_account_id: Where the reservation is.
        before: The hold as it was posted.
        after: The hold that is to be.
        lots: Every lot that either names.
    """
    movements = []
    for lot_id in sorted(before.keys() | after.keys()):
        lot = lots[lot_id]
        if lot.expired:
            continue
        old, new = before.get(lot_id, NOTHING_HELD), after.get(lot_id, NOTHING_HELD)
        changes = _tally_changes(old, new) if lot.reporting_only else _hold_changes(old, new)
        movements += _settle(virtual_account_id, lot_id, changes)
    return tuple(movements)


def _hold_changes(old: Held, new: Held) -> dict[Account, int]:
    return {
        Account.IN_DOUBT: new.in_doubt - old.in_doubt,
        Account.RESERVED: new.reserved - old.reserved,
        Account.FAILED: new.failed - old.failed,
        Account.WRITTEN_OFF: new.written_off - old.written_off,
        Account.AVAILABLE: old.total - new.total,
    }


def _tally_changes(old: Held, new: Held) -> dict[Account, int]:
    return {Account.UNMETERED: old.total - new.total, Account.TALLIED: new.total - old.total}


def _settle(virtual_account_id: bytes, lot_id: bytes, changes: dict[Account, int]) -> list[Movement]:
    """Return the fewest movements between a lot's accounts that make these changes, which sum to zero."""
    movements = []
    left = dict(changes)
    for source in changes:
        for target in changes:
            count = min(-left[source], left[target])
            if count > 0:
                movements.append(within(virtual_account_id, lot_id, count, source, target))
                left[source] += count
                left[target] -= count
    return movements


# --- balances --------------------------------------------------------------------------------------

Place = tuple[bytes, bytes]
"""A lot id and a Virtual Account id: what one row of balances is for."""


def changes_of(movements: Iterable[Movement]) -> dict[Place, dict[Account, int]]:
    """Return by how much the movements change each balance, accounts without change left out.

    The changes of every place keep the equation: that follows from what movements are possible.
    """
    changes: dict[Place, dict[Account, int]] = {}
    for movement in movements:
        for place, account, signed in _entries(movement):
            accounts = changes.setdefault(place, {})
            accounts[account] = accounts.get(account, 0) + signed
    kept = {
        place: {account: count for account, count in accounts.items() if count}
        for place, accounts in changes.items()
    }
    return {place: accounts for place, accounts in kept.items() if accounts}


def _entries(movement: Movement) -> list[tuple[Place, Account, int]]:
    source = (movement.lot_id, movement.source_virtual_account_id)
    target = (movement.lot_id, movement.target_virtual_account_id)
    count = movement.count
    entries = [
        (source, movement.source, count if movement.source in SOURCES else -count),
        (target, movement.target, -count if movement.target in SOURCES else count),
    ]
    # What is between Virtual Accounts stays on its side: an asset here is an asset there.
    if source != target and movement.source in ASSETS:
        entries += [(source, Account.ENTITLED, -count), (target, Account.ENTITLED, count)]
    return [entry for entry in entries if entry[1] is not Account.UNMETERED]


@dataclass(frozen=True, slots=True)
class Balance:
    """All accounts of one lot in one Virtual Account.

    Attributes:
        held: What reservations of this Virtual Account hold of the lot, taken together; also for a lot
            that has ended, whose counts stand in ``expired``.
    """

    lot: Lot
    virtual_account_id: bytes
    counts: Mapping[Account, int]
    held: Held = NOTHING_HELD

    @property
    def balanced(self) -> bool:
        """Whether the equation holds."""
        return sum(self.counts[account] for account in ASSETS) == sum(
            self.counts[account] for account in SOURCES
        )


def covering(balance: Balance) -> Movement:
    """Return the movement by which what is available makes up for a shortfall."""
    count = min(balance.counts[Account.AVAILABLE], balance.counts[Account.SHORTFALL])
    return within(balance.virtual_account_id, balance.lot.id, count, Account.AVAILABLE, Account.SHORTFALL)


def covered(balance: Balance) -> Balance:
    """Return a balance after what is available has made up for its shortfall."""
    if not balance.counts[Account.AVAILABLE] or not balance.counts[Account.SHORTFALL]:
        return balance
    place = balance.lot.id, balance.virtual_account_id
    return changed(balance, changes_of((covering(balance),))[place])


def taking_back(balance: Balance, count: int) -> tuple[Movement, ...]:
    """Return the movements that make a lot's order smaller: a counter-entry.

    What is available goes first. What is out cannot be taken back: it becomes a shortfall.
    """
    free = min(count, balance.counts[Account.AVAILABLE])
    parts = ((Account.AVAILABLE, free), (Account.SHORTFALL, count - free))
    return tuple(
        within(balance.virtual_account_id, balance.lot.id, part, source, Account.ENTITLED)
        for source, part in parts
        if part
    )


def transferring(
    held: Mapping[bytes, Held], lots: Mapping[bytes, Lot], source_id: bytes, target_id: bytes
) -> tuple[Movement, ...]:
    """Return the movements that take a whole hold to another Virtual Account.

    Of a lot whose end was posted, everything stands in ``expired``: it goes from there to there.

    Args:
        held: The hold.
        lots: Its lots.
        source_id: The Virtual Account where it is.
        target_id: The one where it will be.
    """
    movements = []
    for lot_id, one in sorted(held.items()):
        for account, count in _accounts_of(lots[lot_id], one).items():
            if count:
                movements.append(Movement(lot_id, count, account, account, source_id, target_id))
    return tuple(movements)


def _accounts_of(lot: Lot, held: Held) -> dict[Account, int]:
    """Return in which accounts a hold of a lot stands."""
    if lot.reporting_only:
        return {} if lot.expired else {Account.TALLIED: held.total}
    if lot.expired:
        return {Account.EXPIRED: held.total}
    return {
        Account.RESERVED: held.reserved,
        Account.IN_DOUBT: held.in_doubt,
        Account.FAILED: held.failed,
        Account.WRITTEN_OFF: held.written_off,
    }


def bringing(balance: Balance, movements: tuple[Movement, ...]) -> tuple[Movement, ...]:
    """Return the movements by which a shortfall follows licences out of a Virtual Account.

    Licences take their entitlement with them. Where there is less of it than goes, the rest of what goes is
    there by a shortfall, and the shortfall goes too.

    Args:
        balance: The source, before the movements.
        movements: Those that take licences of its lot to another Virtual Account.
    """
    gone = sum(movement.count for movement in movements if movement.source is not Account.TALLIED)
    short = gone - balance.counts[Account.ENTITLED]
    if short <= 0:
        return ()
    source_id, target_id = balance.virtual_account_id, movements[0].target_virtual_account_id
    return (
        within(source_id, balance.lot.id, short, Account.ENTITLED, Account.SHORTFALL),
        within(target_id, balance.lot.id, short, Account.SHORTFALL, Account.ENTITLED),
    )


def ending(balance: Balance) -> tuple[Movement, ...]:
    """Return the movements at the end of a lot: everything goes to ``expired``, tallies are closed."""
    target = Account.UNMETERED if balance.lot.reporting_only else Account.EXPIRED
    sources = (Account.TALLIED,) if balance.lot.reporting_only else ASSETS
    return tuple(
        within(balance.virtual_account_id, balance.lot.id, balance.counts[source], source, target)
        for source in sources
        if source is not target and balance.counts[source]
    )


def resuming(balance: Balance) -> tuple[Movement, ...]:
    """Return the movements that take an ending back, when the clock that showed it was wrong.

    What is still held goes back to where it is held; the rest is available.
    """
    lot, held = balance.lot, balance.held
    if lot.reporting_only:
        source, targets = Account.UNMETERED, {Account.TALLIED: held.total}
    else:
        source = Account.EXPIRED
        targets = {
            Account.RESERVED: held.reserved,
            Account.IN_DOUBT: held.in_doubt,
            Account.FAILED: held.failed,
            Account.WRITTEN_OFF: held.written_off,
            Account.AVAILABLE: balance.counts[Account.EXPIRED] - held.total,
        }
    return tuple(
        within(balance.virtual_account_id, lot.id, count, source, target)
        for target, count in targets.items()
        if count
    )


def as_of(balance: Balance, today: date) -> Balance:
    """Return a balance as it stands on a day, whether or not ends and resumptions were posted."""
    if balance.lot.ended(today) == balance.lot.expired:
        return balance
    moves = resuming(balance) if balance.lot.expired else ending(balance)
    changes = changes_of(moves).get((balance.lot.id, balance.virtual_account_id), {})
    lot = replace(balance.lot, expired=not balance.lot.expired)
    return replace(changed(balance, changes), lot=lot)


def changed(balance: Balance, changes: Mapping[Account, int]) -> Balance:
    """Return a balance after changes of its accounts."""
    counts = {account: count + changes.get(account, 0) for account, count in balance.counts.items()}
    return replace(balance, counts=counts)
