"""Values that the two halves share, and those of the portal half.

Scope: frozen values with no I/O and no rules. The device half and the portal half meet only here and in
`codec`; what both speak of (UDI, lines, terms, sequences) is defined by the codec and re-exported.

Units: counts are whole licences, at least 0; days are UTC days, ends included; ``_at`` is an aware UTC
instant. Ids are bytes: 32 for a reservation (id(Q)) and for codes, 16 for events, 8 for lots, Virtual
Accounts, the Smart Account and the portal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from codec.alphabet import to_characters
from codec.codes import (
    NEVER_INSTALLED,
    UNIVERSAL_TAG,
    CatalogueId,
    Evidence,
    Kind,
    Line,
    Mode,
    ReturnReason,
    Sequence,
    Term,
    Udi,
    WantedLine,
)

__all__ = [
    "DEFAULT_VIRTUAL_ACCOUNT",
    "NAME_CHARACTERS",
    "NEVER_INSTALLED",
    "NOTHING_HELD",
    "UNIVERSAL_TAG",
    "Addition",
    "Allocation",
    "CatalogueId",
    "Clock",
    "Detail",
    "EarlyReturn",
    "Event",
    "EventKind",
    "Evidence",
    "Held",
    "Kept",
    "Kind",
    "Line",
    "Lot",
    "Mode",
    "PortalIdentity",
    "Product",
    "Random",
    "Reservation",
    "ReturnReason",
    "Sequence",
    "Stamp",
    "State",
    "Stock",
    "StoredCode",
    "Term",
    "Udi",
    "VirtualAccount",
    "WantedLine",
    "name_of",
]

Clock = Callable[[], datetime]
"""Gives the present moment, as an aware UTC datetime."""

Random = Callable[[int], bytes]
"""Gives that many unpredictable bytes."""

DEFAULT_VIRTUAL_ACCOUNT = "DEFAULT"

#: Characters by which people name a reservation or a lot; any unique prefix at least this long will do.
NAME_CHARACTERS = 8


def name_of(identity: bytes) -> str:
    """Return the short name of a reservation or a lot: the first characters of its id."""
    return to_characters(identity[:5])[:NAME_CHARACTERS]


# --- what the portal owns --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PortalIdentity:
    """What a portal is, as its trust codes say it.

    Attributes:
        portal_id: 8 bytes that authorizations are signed for.
        epoch: How often its books were restored.
        minimum_match: Least k of a request, for products that set none.
        root_key: Public key that certifies issuers.
        issuer_key: Public key that signs authorizations.
        issuer_from: First UTC day on which devices believe it.
    """

    portal_id: bytes
    epoch: int
    minimum_match: int
    root_key: bytes
    issuer_key: bytes
    issuer_from: date


@dataclass(frozen=True, slots=True)
class VirtualAccount:
    """A part of the Smart Account, with pools of its own."""

    id: bytes
    name: str


@dataclass(frozen=True, slots=True)
class Product:
    """What the portal asks of devices of one product id.

    Attributes:
        product_id: As in the UDI.
        minimum_match: Least k that a request's hardware sketch must ask for; None: the portal's default.
        universal_tag: Entitlement that a universal reservation draws from; None: ``UNIVERSAL``.
    """

    product_id: str
    minimum_match: int | None = None
    universal_tag: str | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """Licences that are alike in everything: entitlement, term and flags.

    Attributes:
        expired: Whether its end was posted: all its counts stand in the account ``expired``.
    """

    id: bytes
    tag: str
    term: Term | None = None
    export_controlled: bool = False
    reporting_only: bool = False
    expired: bool = False

    def ended(self, today: date) -> bool:
        """Tell whether its last day is over."""
        return self.term is not None and self.term.end < today

    def begun(self, today: date) -> bool:
        """Tell whether its first day has come."""
        return self.term is None or self.term.start <= today


@dataclass(frozen=True, slots=True)
class Stock:
    """What one Virtual Account has of a lot, as far as choosing needs it."""

    lot: Lot
    available: int
    shortfall: int = 0


@dataclass(frozen=True, slots=True)
class Addition:
    """Licences that were added to a lot, with the order that brought them."""

    lot_id: bytes
    virtual_account_id: bytes
    count: int
    order_reference: str


# --- reservations ----------------------------------------------------------------------------------


class State(StrEnum):
    """Where a reservation stands."""

    ISSUED = "issued"
    ACTIVE = "active"
    UPDATING = "updating"
    RETURNED = "returned"
    FAILED = "failed"
    WRITTEN_OFF = "written-off"

    @property
    def is_open(self) -> bool:
        """Whether codes may still be issued for it."""
        return self in {State.ISSUED, State.ACTIVE, State.UPDATING}


class Kept(StrEnum):
    """Why the hold of a returned reservation stays in doubt until a person releases it."""

    HARDWARE_MISMATCH = "hardware-mismatch"
    BELOW_CONFIRMED = "below-confirmed"


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reservation, as it stands.

    Attributes:
        id: id(Q) of its request.
        state: See `State`; for an open one it follows from ``sequence`` and ``confirmed``.
        sequence: Newest authorization issued.
        confirmed: Newest authorization that a confirmation proves installed; None while there is none.
        unconfirmed_since: Issue time of the oldest authorization after ``confirmed``; None: all confirmed.
        kept: Why its hold stays in doubt although it was returned; None otherwise.
        page_key: Place in lists: the id of the event that opened it.
    """

    id: bytes
    virtual_account_id: bytes
    state: State
    udi: Udi
    device_key: bytes
    mode: Mode
    members: int
    required_matches: int
    catalogue: CatalogueId | None
    sequence: Sequence
    confirmed: Sequence | None
    opened_at: datetime
    changed_at: datetime
    unconfirmed_since: datetime | None
    closed_at: datetime | None
    kept: Kept | None
    page_key: bytes

    @property
    def name(self) -> str:
        """The short name that people use."""
        return name_of(self.id)


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one authorization takes from one lot."""

    sequence: Sequence
    lot_id: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Held:
    """What a reservation holds of one lot.

    Attributes:
        reserved: Certain: every authorization that may be in force includes it.
        in_doubt: Held because some authorization that may be in force includes it.
    """

    reserved: int = 0
    in_doubt: int = 0

    @property
    def total(self) -> int:
        """Everything that is held."""
        return self.reserved + self.in_doubt


NOTHING_HELD = Held()


# --- what is written down --------------------------------------------------------------------------

Detail = Mapping[str, object]


class EventKind(StrEnum):
    """What happened. The names are stable: scripts and reports rely on them."""

    ACCOUNT_OPENED = "account-opened"
    TRUST_ISSUED = "trust-issued"
    VIRTUAL_ACCOUNT_ADDED = "virtual-account-added"
    CATALOGUE_ADDED = "catalogue-added"
    PRODUCT_SET = "product-set"
    LICENSE_ADDED = "license-added"
    ORDER_IMPORTED = "order-imported"
    LOT_ENDED = "lot-ended"
    LOT_RESUMED = "lot-resumed"
    RESERVED = "reserved"
    UPDATED = "updated"
    CONFIRMED = "confirmed"
    CONFIRMED_LATE = "confirmed-late"
    RETURNED = "returned"
    RETURNED_AGAIN = "returned-again"
    RETURN_KEPT = "return-kept"
    KEY_CHANGED = "key-changed"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the append-only log.

    Attributes:
        id: 16 bytes that grow with time, made by the program.
        subject: What it is about, for people: a UDI, a tag, a name.
        detail: Facts, as JSON can hold them.
    """

    id: bytes
    at: datetime
    actor: str
    kind: EventKind
    subject: str
    reservation_id: bytes | None = None
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class EarlyReturn:
    """A return code that came before its request: kept as text, unverified.

    Attributes:
        hint: 4 bytes of the request's id, as the code says.
        digest: SHA-256 of the text.
    """

    hint: bytes
    digest: bytes
    text: str
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class StoredCode:
    """A code that the portal received or issued, word for word.

    Attributes:
        sequence: Of an authorization or confirmation; last installed for a return; None for a request.
        code_number: The device's number of this code; None for what the portal issued.
        link: The device's journal link in this code; None for what the portal issued.
        event_id: The event that it came with; set by the store.
    """

    id: bytes
    reservation_id: bytes
    kind: Kind
    text: str
    sequence: Sequence | None
    code_number: int | None
    link: bytes | None
    at: datetime
    actor: str
    event_id: bytes = b""


_FIRST_EVENT = 1 << 23
_PREFIX_BYTES = 13


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by whom a command is carried out, and the ids of the events that it makes.

    Attributes:
        at: The command's one moment.
        actor: The acting user.
        prefix: 13 bytes: 6 of milliseconds since 1970, 7 of randomness.
    """

    at: datetime
    actor: str
    prefix: bytes

    @classmethod
    def of(cls, at: datetime, actor: str, randomness: bytes, *, newest: bytes = b"") -> "Stamp":
        """Make the stamp of one command.

        Its events come after all that are there already, whatever the clock says: so events stand in the
        order of their commits even when a clock is set back.

        Args:
            at: The command's moment.
            actor: The acting user.
            randomness: 7 unpredictable bytes.
            newest: Id of the newest event; empty while there is none.
        """
        prefix = int(at.timestamp() * 1000).to_bytes(6, "big") + randomness
        if prefix <= newest[:_PREFIX_BYTES]:
            step = 1 + int.from_bytes(randomness[:3], "big")
            prefix = (int.from_bytes(newest[:_PREFIX_BYTES], "big") + step).to_bytes(_PREFIX_BYTES, "big")
        return cls(at, actor, prefix)

    @property
    def today(self) -> date:
        """The command's UTC day."""
        return self.at.date()

    def event_id(self, number: int) -> bytes:
        """Return the id of the command's event number ``number``."""
        return self.prefix + (_FIRST_EVENT + number).to_bytes(3, "big")

    def earlier_event_id(self, number: int) -> bytes:
        """Return the id of an event that the command finds due before it does anything itself."""
        return self.prefix + number.to_bytes(3, "big")
