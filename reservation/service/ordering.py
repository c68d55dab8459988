"""Orders: the licences of a whole order file come in together, or none of them.

An order reference comes in once. What a second import, or a double click, would add is refused, whether its
content is the same or not: nobody could tell a mistake from a second purchase. Lines of one order that are
alike in everything are added up.

Each order of a file makes one event, with its totals and the SHA-256 of the file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from itertools import islice

from reservation.errors import RuleError, UnknownNameError
from reservation.ledger import Account, within
from reservation.model import Addition, Event, EventKind, Lot, Stamp, VirtualAccount
from reservation.ordererrors import AlreadyImportedError
from reservation.orders import OrderFile, OrderLine, Progress
from reservation.roles import Rights, Verb
from reservation.service.context import Portal, read, write
from reservation.service.stock import Added, lot_of
from reservation.standing import Changes
from reservation.store import Reading, Writing

_BATCH = 1_000
# Names and places that one message lists.
_LISTED = 5


@dataclass(frozen=True, slots=True)
class OrderAdded:
    """What one order brings.

    Attributes:
        order_reference: The order.
        lines: How many lines it has.
        added: Its licences, by lot and Virtual Account, in the order of the file.
    """

    order_reference: str
    lines: int
    added: tuple[Added, ...]

    @property
    def count(self) -> int:
        """How many licences that are."""
        return sum(one.count for one in self.added)


@dataclass(frozen=True, slots=True)
class _Order:
    """One order of a file, with its lines added up by lot and Virtual Account."""

    reference: str
    lines: int
    counts: dict[tuple[Lot, VirtualAccount], int]

    def told(self) -> OrderAdded:
        """Return what callers see of it."""
        added = (Added(lot, place.name, count, self.reference) for (lot, place), count in self.counts.items())
        return OrderAdded(self.reference, self.lines, tuple(added))


def preview_order(portal: Portal, file: OrderFile) -> tuple[OrderAdded, ...]:
    """Return what importing a file would add; refused as the import would be.

    Raises:
        AlreadyImportedError: When licences of one of its orders are in the books.
        UnknownNameError: When a Virtual Account does not exist.
        RuleError: When a term is over.
    """
    today = portal.clock().date()

    def work(books: Reading, rights: Rights) -> tuple[OrderAdded, ...]:
        return tuple(one.told() for one in _orders_of(books, rights, file, today))

    return read(portal, Verb.PREVIEW_ORDER, work)


def import_order(
    portal: Portal, file: OrderFile, *, progress: Progress | None = None
) -> tuple[OrderAdded, ...]:
    """Add everything that a file orders, in one transaction.

    Args:
        portal: The portal.
        file: The file, parsed.
        progress: Called for each lot that was added.

    Raises:
        AlreadyImportedError: When licences of one of its orders are in the books.
        UnknownNameError: When a Virtual Account does not exist.
        RuleError: When a term is over.
    """

    def work(books: Writing, stamp: Stamp) -> tuple[OrderAdded, ...]:
        orders = _orders_of(books, stamp.rights, file, stamp.today)
        lots = iter([(lot, place.id) for one in orders for lot, place in one.counts])
        while batch := tuple(islice(lots, _BATCH)):
            books.add_lots(batch)
            if progress:
                for each in batch:
                    progress(each)
        for number, one in enumerate(orders):
            books.record(_changes_of(one, file, stamp, number))
        return tuple(one.told() for one in orders)

    return write(portal, Verb.IMPORT_ORDER, work, reconciles=True)


# --- what is added ---------------------------------------------------------------------------------


def _orders_of(books: Reading, rights: Rights, file: OrderFile, today: date) -> tuple[_Order, ...]:
    """Return the orders of a file, none of which anything speaks against."""
    by_reference: dict[str, list[OrderLine]] = {}
    for line in file.lines:
        by_reference.setdefault(line.order_reference, []).append(line)
    places = {one.name: one for one in books.virtual_accounts() if rights.covers(one.id)}
    elsewhere = sorted({line.virtual_account for line in file.lines} - places.keys())
    if elsewhere and rights.places is not None:
        raise rights.refuse_place(f"Nothing was added: Virtual Account {_listed(elsewhere)} is none")
    _require_new(books, file, by_reference)
    _require_places(file, places)
    _require_not_over(file, today)
    return tuple(_order_of(reference, lines, places) for reference, lines in by_reference.items())


def _order_of(reference: str, lines: list[OrderLine], places: dict[str, VirtualAccount]) -> _Order:
    counts: dict[tuple[Lot, VirtualAccount], int] = {}
    for line in lines:
        lot = lot_of(line.tag, line.term, export_controlled=False, reporting_only=line.reporting_only)
        key = lot, places[line.virtual_account]
        counts[key] = counts.get(key, 0) + line.count
    return _Order(reference, len(lines), counts)


def _changes_of(order: _Order, file: OrderFile, stamp: Stamp, number: int) -> Changes:
    total = sum(order.counts.values())
    lots = len({lot.id for lot, _ in order.counts})
    event = Event(
        stamp.event_id(number),
        stamp.at,
        stamp.actor,
        EventKind.ORDER_IMPORTED,
        f"{order.reference}: {total} licence{'s' * (total > 1)}",
        detail={
            "order": order.reference,
            "lines": order.lines,
            "lots": lots,
            "count": total,
            "sha256": file.digest.hex(),
        },
    )
    return Changes(
        event,
        movements=tuple(
            within(place.id, lot.id, count, Account.ENTITLED, Account.AVAILABLE)
            for (lot, place), count in order.counts.items()
            # What is only reported has no quantity to keep within.
            if not lot.reporting_only
        ),
        additions=tuple(
            Addition(lot.id, place.id, count, order.reference) for (lot, place), count in order.counts.items()
        ),
    )


# --- what speaks against it ------------------------------------------------------------------------


def _require_new(books: Reading, file: OrderFile, references: Iterable[str]) -> None:
    known = [(reference, event) for reference in references if (event := books.order_event(reference))]
    if not known:
        return
    told = _listed([_told_known(reference, event, file) for reference, event in known])
    raise AlreadyImportedError(
        f"Nothing was added, since licences of {'this order' if len(known) == 1 else 'these orders'} are in "
        f"the books: {told}.",
        hint="If this is the same order, all is done. If more was bought, give the new lines an order "
        "reference of their own.",
        facts={
            "orders": [
                {"order": one, "at": event.at, "actor": event.actor, "same_file": _is_from(event, file)}
                for one, event in known
            ]
        },
    )


def _told_known(reference: str, event: Event, file: OrderFile) -> str:
    """Say when and by whom an order came in, and whether it was this very file."""
    when = f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC by {event.actor}"
    if event.kind is not EventKind.ORDER_IMPORTED:
        return f"{reference}, added without a file on {when}"
    return f"{reference}, imported from {'this same' if _is_from(event, file) else 'another'} file on {when}"


def _is_from(event: Event, file: OrderFile) -> bool:
    return (event.detail or {}).get("sha256") == file.digest.hex()


def _require_places(file: OrderFile, places: dict[str, VirtualAccount]) -> None:
    unknown: dict[str, list[int]] = {}
    for line in file.lines:
        if line.virtual_account not in places:
            unknown.setdefault(line.virtual_account, []).append(line.line)
    if not unknown:
        return
    told = _listed([f"{name} ({_places_of(file, lines)})" for name, lines in unknown.items()])
    raise UnknownNameError(
        f"Nothing was added, since there is no Virtual Account {told}.",
        hint=f"There are: {_listed(list(places))}. Correct the file, or add one with "
        "`tallystick portal va add NAME`.",
    )


def _require_not_over(file: OrderFile, today: date) -> None:
    over = [line.line for line in file.lines if line.term and line.term.end < today]
    if over:
        raise RuleError(
            f"Nothing was added, since a term is over already, and nothing could be reserved from it: "
            f"{_places_of(file, over)}.",
            hint="Correct the end dates, or take these lines out.",
        )


def _places_of(file: OrderFile, lines: list[int]) -> str:
    several = "s" if len(lines) > 1 else ""
    return f"{file.unit}{several} {_listed([str(line) for line in lines])}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")
