"""Transfers between Virtual Accounts, of licences and of devices, and counter-entries to orders."""

from dataclasses import dataclass

from codec.codes import checked_text
from reservation import lots as lot_rules
from reservation import transfers
from reservation.ledger import Account
from reservation.lots import Position, Preference
from reservation.model import Lot, Reservation, Stamp
from reservation.roles import Verb
from reservation.service.context import Portal, write
from reservation.service.issuing import (
    place_for,
    standing_for,
    term_choice,
    virtual_account_of,
)
from reservation.store import Moved, Reading, Writing


@dataclass(frozen=True, slots=True)
class Transferred:
    """Licences that went to another Virtual Account.

    Attributes:
        reservation: The device that they went with; None: they went alone.
        source: Where they were.
        target: Where they are.
        moved: The movements.
        again: Whether everything was there already.
    """

    reservation: Reservation | None
    source: str
    target: str
    moved: tuple[Moved, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Corrected:
    """An order that was made smaller.

    Attributes:
        lot: Its lot.
        virtual_account: Where.
        count: By how much.
        shortfall: How many more are out than were bought, all in all.
    """

    lot: Lot
    virtual_account: str
    count: int
    shortfall: int


def transfer_license(
    portal: Portal,
    tag: str,
    count: int,
    *,
    source: str,
    target: str,
    lot: str | None = None,
) -> Transferred:
    """Take available licences from one Virtual Account to another.

    Args:
        portal: The portal.
        tag: Entitlement.
        count: How many, at least 1.
        source: Name of the Virtual Account where they are.
        target: Name of the one where they will be.
        lot: Name of the lot; None: those that last longest first.

    Raises:
        UnknownNameError: When there is no such Virtual Account or lot.
        InsufficientError: When fewer are available.
        RuleError: When a rule refuses.
    """

    def work(books: Writing, stamp: Stamp) -> Transferred:
        here = place_for(books, stamp.rights, source)
        there = place_for(books, stamp.rights, target)
        transfers.require_two_places(here, there)
        transfers.require_some(count)
        stock = [one for one in books.stock(here.id, (tag,)) if not one.lot.reporting_only]
        taken = lot_rules.choose(
            {tag: count},
            stock,
            Position(),
            term=term_choice(books, lot or Preference.LONGEST),
            today=stamp.today,
            virtual_account=here.name,
        )
        lots = {one.lot.id: one.lot for one in stock}
        for lot_id in taken:
            books.add_lot(lots[lot_id], there.id)
        changes = transfers.transfer_licenses(taken, lots, stamp, source=here, target=there)
        books.record(changes)
        return Transferred(None, here.name, there.name, books.moved(changes.event.id))

    return write(portal, Verb.TRANSFER_LICENSE, work)


def transfer_reservation(portal: Portal, reservation_id: bytes, *, target: str) -> Transferred:
    """Take a device with its whole hold to another Virtual Account.

    Whatever its device sends later posts there. The same transfer again changes nothing.

    Raises:
        UnknownNameError: When there is no such reservation or Virtual Account.
        WrongStateError: When the reservation is closed and keeps nothing.
    """

    def work(books: Writing, stamp: Stamp) -> Transferred:
        standing = standing_for(books, stamp.rights, reservation_id)
        here, there = virtual_account_of(books, standing), place_for(books, stamp.rights, target)
        if here.id == there.id:
            return Transferred(standing.reservation, here.name, there.name, (), again=True)
        balances = {
            lot_id: balance
            for lot_id in standing.held
            for balance in books.balances_of_lot(lot_id)
            if balance.virtual_account_id == here.id
        }
        changes = transfers.transfer_reservation(standing, balances, stamp, source=here, target=there)
        # Lots that an authorization names may be held again, so all of them are known there.
        for lot in standing.lots.values():
            books.add_lot(lot, there.id)
        books.record(changes)
        after = changes.reservation or standing.reservation
        return Transferred(after, here.name, there.name, books.moved(changes.event.id))

    return write(portal, Verb.TRANSFER_RESERVATION, work)


def correct_license(
    portal: Portal,
    tag: str,
    count: int,
    *,
    virtual_account: str,
    lot: str | None = None,
    order_reference: str = "",
) -> Corrected:
    """Take back licences that were wrongly added: a counter-entry to an order.

    What is out stays out; more than is available becomes a shortfall, which blocks reserving from the lot.

    Args:
        portal: The portal.
        tag: Entitlement.
        count: How many, at least 1.
        virtual_account: Name of the Virtual Account.
        lot: Name of the lot; None: the only one in force.
        order_reference: The order that this corrects.

    Raises:
        UnknownNameError: When there is no such Virtual Account or lot.
        RuleError: When a rule refuses.
        FieldError: When the order reference is no plain text.
    """
    if order_reference:
        checked_text("order reference", order_reference)

    def work(books: Writing, stamp: Stamp) -> Corrected:
        place = place_for(books, stamp.rights, virtual_account)
        found = tuple(
            one
            for one in books.balances()
            if one.lot.tag == tag
            and one.virtual_account_id == place.id
            and one.counts[Account.ENTITLED]
            and not one.lot.expired
        )
        if lot is not None:
            named = term_choice(books, lot)
            found = tuple(one for one in found if one.lot.id == named)
        balance = transfers.the_one_lot(tag, found, place)
        changes = transfers.correct(balance, count, stamp, place=place, order_reference=order_reference)
        books.record(changes)
        return Corrected(balance.lot, place.name, count, _shortfall(books, balance.lot.id, place.id))

    return write(portal, Verb.CORRECT_LICENSE, work)


def _shortfall(books: Reading, lot_id: bytes, virtual_account_id: bytes) -> int:
    return sum(
        one.counts[Account.SHORTFALL]
        for one in books.balances_of_lot(lot_id)
        if one.virtual_account_id == virtual_account_id
    )
