"""What a Smart Account has: Virtual Accounts, licences, and what it asks of products."""

from dataclasses import dataclass
from datetime import date

from codec.codes import checked_text
from codec.hashes import sha256
from reservation import transfers
from reservation.errors import NameTakenError, RuleError
from reservation.ledger import Account, within
from reservation.lots import describe
from reservation.model import (
    DEFAULT_VIRTUAL_ACCOUNT,
    Addition,
    Event,
    EventKind,
    Lot,
    Product,
    Stamp,
    Term,
    VirtualAccount,
)
from reservation.roles import Rights, Verb
from reservation.service.context import Portal, read, write
from reservation.service.issuing import place_for, virtual_account_named
from reservation.standing import Changes
from reservation.store import Reading, Writing

#: Most licences that one addition can bring; sums stay far within 64 bits.
MAX_QUANTITY = 1_000_000_000
#: A request carries at most this many hardware components.
MAX_COMPONENTS = 15
_DOMAIN = b"tallystick lot 1"


@dataclass(frozen=True, slots=True)
class Added:
    """Licences that were added.

    Attributes:
        lot: The lot that they belong to.
        virtual_account: Where they are.
        count: How many.
        order_reference: The order that brought them; may be empty.
    """

    lot: Lot
    virtual_account: str
    count: int
    order_reference: str


def lot_of(tag: str, term: Term | None, *, export_controlled: bool, reporting_only: bool) -> Lot:
    """Return the lot of licences that are like this. Its id follows from what they are.

    Raises:
        FieldError: When no code can carry the tag.
    """
    checked_text("entitlement tag", tag)
    facts = (
        tag,
        term.start.isoformat() if term else "",
        term.end.isoformat() if term else "",
        "export-controlled" if export_controlled else "",
        "reporting-only" if reporting_only else "",
    )
    digest = sha256(b"\0".join([_DOMAIN, *(fact.encode() for fact in facts)]))
    return Lot(digest[:8], tag, term, export_controlled, reporting_only)


def add_license(
    portal: Portal,
    tag: str,
    count: int,
    *,
    virtual_account: str = DEFAULT_VIRTUAL_ACCOUNT,
    term: Term | None = None,
    export_controlled: bool = False,
    reporting_only: bool = False,
    order_reference: str = "",
) -> Added:
    """Add licences to a Virtual Account.

    Args:
        portal: The portal.
        tag: Entitlement.
        count: How many, at least 1.
        virtual_account: Name of the Virtual Account.
        term: First and last day, both included; None: perpetual.
        export_controlled: Flag that lines of them carry.
        reporting_only: They are tallied, without limit.
        order_reference: The order that brought them.

    Raises:
        RuleError: For a count out of range, or a term that is over.
        FieldError: When no code can carry the tag, or the order reference is no plain text.
        UnknownNameError: When there is no such Virtual Account.
    """
    lot = lot_of(tag, term, export_controlled=export_controlled, reporting_only=reporting_only)
    _require_addition(count, order_reference)

    def work(books: Writing, stamp: Stamp) -> Added:
        place = place_for(books, stamp.rights, virtual_account)
        _require_not_over(lot, stamp.today)
        detail = {
            "lot": lot.id.hex(),
            "count": count,
            "virtual_account": place.name,
            "virtual_account_id": place.id.hex(),
            "order": order_reference,
        }
        event = Event(
            stamp.event_id(0), stamp.at, stamp.actor, EventKind.LICENSE_ADDED, describe(lot), detail=detail
        )
        bought = within(place.id, lot.id, count, Account.ENTITLED, Account.AVAILABLE)
        books.add_lot(lot, place.id)
        books.record(
            Changes(
                event,
                # What is only reported has no quantity to keep within.
                movements=() if reporting_only else (bought,),
                additions=(Addition(lot.id, place.id, count, order_reference),),
            )
        )
        return Added(lot, place.name, count, order_reference)

    return write(portal, Verb.ADD_LICENSE, work, reconciles=True)


def _require_addition(count: int, order_reference: str) -> None:
    if order_reference:
        checked_text("order reference", order_reference)
    if not 1 <= count <= MAX_QUANTITY:
        raise RuleError(
            f"{count} licences cannot be added at once.", hint=f"Give a number from 1 to {MAX_QUANTITY:,}."
        )


def _require_not_over(lot: Lot, today: date) -> None:
    if lot.term is not None and lot.ended(today):
        raise RuleError(
            f"The term of these licences ended on {lot.term.end}; nothing could be reserved from them.",
            hint="Check the end date.",
        )


def add_virtual_account(portal: Portal, name: str) -> VirtualAccount:
    """Add a Virtual Account.

    Raises:
        NameTakenError: When there is one of that name.
        FieldError: When the name is no plain text of 1 to 64 characters.
    """
    checked_text("name of the Virtual Account", name)
    new = VirtualAccount(portal.random(8), name)

    def work(books: Writing, stamp: Stamp) -> VirtualAccount:
        _require_free(books, name)
        event = Event(
            stamp.event_id(0),
            stamp.at,
            stamp.actor,
            EventKind.VIRTUAL_ACCOUNT_ADDED,
            name,
            detail={"virtual_account": new.id.hex()},
        )
        books.record(Changes(event))
        books.add_virtual_account(new)
        return new

    return write(portal, Verb.ADD_VIRTUAL_ACCOUNT, work, reconciles=True)


def _require_free(books: Reading, name: str, *, but: bytes = b"") -> None:
    others = (one for one in books.virtual_accounts() if one.id != but)
    if any(one.name.casefold() == name.casefold() for one in others):
        raise NameTakenError(
            f"There is a Virtual Account {name} already.", hint="Choose another name, or use that one."
        )


def rename_virtual_account(portal: Portal, name: str, new_name: str) -> VirtualAccount:
    """Give a Virtual Account another name.

    Raises:
        UnknownNameError: When there is none of that name.
        NameTakenError: When another one has the new name.
        RuleError: For DEFAULT.
        FieldError: When the new name is no plain text of 1 to 64 characters.
    """
    checked_text("name of the Virtual Account", new_name)

    def work(books: Writing, stamp: Stamp) -> VirtualAccount:
        place = virtual_account_named(books, name)
        transfers.require_not_default(place)
        _require_free(books, new_name, but=place.id)
        event = Event(
            stamp.event_id(0),
            stamp.at,
            stamp.actor,
            EventKind.VIRTUAL_ACCOUNT_RENAMED,
            new_name,
            detail={"virtual_account": place.id.hex(), "before": name},
        )
        books.record(Changes(event))
        books.rename_virtual_account(place.id, new_name)
        return VirtualAccount(place.id, new_name)

    return write(portal, Verb.RENAME_VIRTUAL_ACCOUNT, work)


def remove_virtual_account(portal: Portal, name: str) -> VirtualAccount:
    """Remove a Virtual Account that is empty.

    Raises:
        UnknownNameError: When there is none of that name.
        NotEmptyError: When it has licences, or a reservation that is open or keeps something.
        RuleError: For DEFAULT.
    """

    def work(books: Writing, stamp: Stamp) -> VirtualAccount:
        place = virtual_account_named(books, name)
        default = virtual_account_named(books, DEFAULT_VIRTUAL_ACCOUNT)
        mine = tuple(one for one in books.balances() if one.virtual_account_id == place.id)
        changes = transfers.remove_virtual_account(
            place, default, mine, holder=books.holding_in(place.id), stamp=stamp
        )
        for movement in changes.movements:
            balance = next(one for one in mine if one.lot.id == movement.lot_id)
            books.add_lot(balance.lot, default.id)
        books.record(changes)
        books.remove_virtual_account(place.id)
        return place

    return write(portal, Verb.REMOVE_VIRTUAL_ACCOUNT, work)


def list_virtual_accounts(portal: Portal) -> tuple[VirtualAccount, ...]:
    """Return the Virtual Accounts that the acting user may see, by name."""

    def work(books: Reading, rights: Rights) -> tuple[VirtualAccount, ...]:
        return tuple(one for one in books.virtual_accounts() if rights.covers(one.id))

    return read(portal, Verb.LIST_VIRTUAL_ACCOUNTS, work)


def set_product(
    portal: Portal, product_id: str, *, minimum_match: int | None = None, universal_tag: str | None = None
) -> Product:
    """Set what the portal asks of devices of a product; None: the portal's default.

    Raises:
        FieldError: When no code can carry the product id or the tag.
        RuleError: When the minimum is out of range.
    """
    checked_text("product id", product_id)
    if universal_tag is not None:
        checked_text("entitlement tag", universal_tag)
    require_match(minimum_match)
    product = Product(product_id, minimum_match, universal_tag)

    def work(books: Writing, stamp: Stamp) -> Product:
        event = Event(
            stamp.event_id(0),
            stamp.at,
            stamp.actor,
            EventKind.PRODUCT_SET,
            product_id,
            detail={"minimum_match": minimum_match, "universal_tag": universal_tag},
        )
        books.record(Changes(event))
        books.set_product(product)
        return product

    return write(portal, Verb.SET_PRODUCT, work, reconciles=True)


def require_match(minimum: int | None) -> None:
    """Refuse a least number of matching components that no request can have.

    Raises:
        RuleError: When it is out of range.
    """
    if minimum is not None and not 0 <= minimum <= MAX_COMPONENTS:
        raise RuleError(
            f"{minimum} matching hardware components cannot be asked for.",
            hint=f"Give a number from 0 to {MAX_COMPONENTS}.",
        )


def list_products(portal: Portal) -> tuple[Product, ...]:
    """Return all products that the portal asks something particular of."""
    return read(portal, Verb.LIST_PRODUCTS, lambda books, _rights: books.products())
