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
    UnsignedKind,
    WantedLine,
)
from reservation.events import Detail, Event, EventKind, Stamp
from reservation.grades import MOST_WRONG, Grade

__all__ = [
    "DEFAULT_POLICY",
    "DEFAULT_VIRTUAL_ACCOUNT",
    "MOST_WRONG",
    "NAME_CHARACTERS",
    "NEVER_INSTALLED",
    "NOTHING_HELD",
    "UNIVERSAL_TAG",
    "Addition",
    "Allocation",
    "CatalogueId",
    "Clock",
    "Decision",
    "DecisionKind",
    "Detail",
    "EarlyReturn",
    "Event",
    "EventKind",
    "Evidence",
    "Exposure",
    "FailureEvidence",
    "Grade",
    "Held",
    "Kept",
    "Kind",
    "Limit",
    "Line",
    "Lot",
    "Mode",
    "Outcome",
    "Policy",
    "PortalIdentity",
    "Product",
    "Random",
    "Reservation",
    "ReturnReason",
    "Sequence",
    "Stamp",
    "State",
    "StoredCode",
    "Term",
    "Udi",
    "UnsignedKind",
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
        issuer_until: Last one, by the newest trust code; None: without end.
        issuer_revoked: Whether the root has revoked it.
    """

    portal_id: bytes
    epoch: int
    minimum_match: int
    root_key: bytes
    issuer_key: bytes
    issuer_from: date
    issuer_until: date | None = None
    issuer_revoked: bool = False


@dataclass(frozen=True, slots=True)
class StoredTrust:
    """A trust code of the portal's, as the books keep it.

    Attributes:
        serial: The number that only grows.
        id: id(T), 32 bytes.
        text: The code.
        root: Public key of the root that signed it.
    """

    serial: int
    id: bytes
    text: str
    root: bytes


@dataclass(frozen=True, slots=True)
class Policy:
    """What a Smart Account allows itself.

    Attributes:
        rehost_percent: Rehosts in 365 days, as a share of the devices that ever had a reservation.
        rehost_minimum: Rehosts in 365 days that are allowed however few devices there are.
        margin_days: Days after the end of a line that ended before its lot, until its hold is free by itself;
            None: it is not.
        agreements_required: Whether nothing is given out while an agreement is not accepted.
        in_doubt_days: Days after which something that nobody confirmed is an alert.
        quota_near_percent: Share of the rehosts that are allowed from which on they are an alert.
    """

    rehost_percent: int
    rehost_minimum: int
    margin_days: int | None = None
    agreements_required: bool = False
    in_doubt_days: int = 30
    quota_near_percent: int = 80

    def rehosts_allowed(self, devices: int) -> int:
        """Return how many rehosts in 365 days so many devices allow."""
        return max(self.rehost_minimum, devices * self.rehost_percent // 100)


DEFAULT_POLICY = Policy(rehost_percent=10, rehost_minimum=3)


@dataclass(frozen=True, slots=True)
class VirtualAccount:
    """A part of the Smart Account, with pools of its own.

    Attributes:
        removed: Whether it was removed: only old rows speak of it.
    """

    id: bytes
    name: str
    removed: bool = False


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

    @property
    def is_given_up(self) -> bool:
        """Whether people gave the device up: it should not be heard of again."""
        return self in {State.FAILED, State.WRITTEN_OFF}


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
        freed_on: Day up to which lines that ended before their lots were freed; None: none was.
        frees_next: Next day on which some are; None: there is none.
        first_end: First of the last days of what it holds; None: nothing of it ends, or it is closed.
        return_by: Day by which the device is to be returned; None: none was said.
        grade: What proves ``confirmed``; None while there is none.
        wrong_tries: Short confirmations that did not fit, since the last signed one.
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
    freed_on: date | None = None
    frees_next: date | None = None
    first_end: date | None = None
    return_by: date | None = None
    grade: Grade | None = None
    wrong_tries: int = 0

    @property
    def name(self) -> str:
        """The short name that people use."""
        return name_of(self.id)

    @property
    def takes_short(self) -> bool:
        """Whether short confirmations are taken for it: too many wrong ones lock that form."""
        return self.wrong_tries < MOST_WRONG


@dataclass(frozen=True, slots=True)
class Limit:
    """When a line ends that ends before its lot.

    Attributes:
        term: Of the line.
        frees_on: First day on which it holds nothing any more; None: it holds until the reservation does not.
    """

    term: Term
    frees_on: date | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one authorization takes from one lot.

    Attributes:
        limit: When its line ends; None: with the lot.
    """

    sequence: Sequence
    lot_id: bytes
    count: int
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What a reservation keeps of one lot from everybody else.

    Attributes:
        reserved: Certain: every authorization that may be in force includes it.
        in_doubt: Held because some authorization that may be in force includes it.
        failed: Was held by a device that was given up, and went to no replacement.
        written_off: The same, and given up as well.
    """

    reserved: int = 0
    in_doubt: int = 0
    failed: int = 0
    written_off: int = 0

    @property
    def total(self) -> int:
        """Everything that is kept."""
        return self.reserved + self.in_doubt + self.failed + self.written_off

    def __add__(self, other: "Held") -> "Held":
        return Held(
            self.reserved + other.reserved,
            self.in_doubt + other.in_doubt,
            self.failed + other.failed,
            self.written_off + other.written_off,
        )


NOTHING_HELD = Held()


# --- what needs a second person --------------------------------------------------------------------


class DecisionKind(StrEnum):
    """What one person proposes and another approves."""

    REHOST = "rehost"
    WRITE_OFF = "write-off"
    RELEASE = "release"


class Outcome(StrEnum):
    """What became of a proposal."""

    APPROVED = "approved"
    REJECTED = "rejected"


class FailureEvidence(StrEnum):
    """What shows that a device failed."""

    HARDWARE = "hardware"
    SOFTWARE = "software"
    WITNESS = "witness"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """A proposal about a reservation, and what became of it.

    Attributes:
        id: The event that it was proposed with.
        evidence: What shows that the device failed; of a rehost alone.
        replacement: Id of the replacement's request; None: there is no replacement.
        request_text: That request, word for word.
        lines: What the replacement is to get, tag by tag; empty: what the failed device had.
        outcome: None while it waits.
    """

    id: bytes
    reservation_id: bytes
    kind: DecisionKind
    reason: str
    evidence: FailureEvidence | None
    replacement: bytes | None
    request_text: str
    lines: Mapping[str, int]
    proposed_at: datetime
    proposed_by: str
    outcome: Outcome | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_with: bytes | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Licences that a replacement got and that its failed device may still use, if it lives.

    Attributes:
        event_id: The rehost.
        cleared_by: The event that proved it over; None: it stands.
    """

    lot_id: bytes
    count: int
    event_id: bytes
    cleared_by: bytes | None = None


# --- what is written down --------------------------------------------------------------------------


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
        code_number: The device's number of this code; None for what the portal issued, and for short ones.
        link: The device's journal link in this code; None likewise.
        event_id: The event that it came with; set by the store.
    """

    id: bytes
    reservation_id: bytes
    kind: Kind | UnsignedKind
    text: str
    sequence: Sequence | None
    code_number: int | None
    link: bytes | None
    at: datetime
    actor: str
    event_id: bytes = b""
