"""What the codes say: one frozen value for each kind.

These are plain values with no trust attached: `codec.envelope` wraps them in `UnverifiedCode` and
`VerifiedCode`. Limits that the wire imposes (counts, lengths, orders, tags) are enforced where a code is
built and where it is read, in `codec.wire`; a UDI, which a person enters, is checked here, when it is made.

Units: times are aware UTC datetimes in whole minutes; dates are UTC days; hints, links and ids are bytes.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, IntEnum
from typing import Self
from uuid import UUID

from codec.errors import FieldError

FORMAT_VERSION = 1

#: First minute that a code can name.
TIME_ZERO = datetime(2024, 1, 1, tzinfo=UTC)
#: Number of minutes that a code can name: 26 bits, to the year 2151.
MINUTES = 1 << 26
LAST_MINUTE = TIME_ZERO + timedelta(minutes=MINUTES - 1)
#: First day that a term or a key's validity can name.
DAY_ZERO = date(2000, 1, 1)
#: Number of days that a term or a key's validity can name: 16 bits, to the year 2179.
DAYS = 1 << 16
LAST_DAY = DAY_ZERO + timedelta(days=DAYS - 1)
ONE_DAY = timedelta(days=1)

MAX_TEXT = 64
MAX_LINES = 255
MAX_COUNT = (1 << 24) - 1
#: Highest position in a catalogue.
MAX_POSITION = (1 << 16) - 2

#: The entitlement that a universal reservation draws from, unless the portal names another for the product.
UNIVERSAL_TAG = "UNIVERSAL"

#: A tag as it is spelled, or its position (from 0) in the catalogue that the request names.
Tag = str | int


class Kind(Enum):
    """The kinds of signed code; the value is the first character of the text form."""

    REQUEST = "Q"
    AUTHORIZATION = "A"
    CONFIRMATION = "C"
    RETURN = "R"
    TRUST = "T"


class UnsignedKind(Enum):
    """The kinds without a signature; the value is the first character of the text form."""

    SHORT = "S"
    BUNDLE = "B"
    FRAME = "F"


#: First characters of the kinds that carry other codes (`codec.bundle`, `codec.frames`), and are none.
CARRIERS = (UnsignedKind.BUNDLE.value, UnsignedKind.FRAME.value)

#: Length of a short confirmation (`codec.short`); every signed code is several times as long.
SHORT_CHARACTERS = 24


class Mode(IntEnum):
    """What a request asks for: named entitlements, or everything."""

    SPECIFIC = 0
    UNIVERSAL = 1


class ReturnReason(IntEnum):
    """Why a device gives a reservation back."""

    UNSPECIFIED = 0
    NO_LONGER_NEEDED = 1
    REPLACED = 2
    MOVED = 3
    DECOMMISSIONED = 4
    TEST_ENDED = 5
    CANCELLED = 6


class Evidence(IntEnum):
    """What a return claims about the key that signed it."""

    SOFTWARE_KEY = 0
    HARDWARE_KEY = 1


def checked_text(name: str, value: str) -> str:
    """Return ``value`` when a code can carry it as text.

    Args:
        name: What the value is, for the message ("serial number").
        value: 1 to 64 printable ASCII characters, no space at either end.

    Raises:
        FieldError: When it is empty, too long, or holds anything else.
    """
    if not value:
        raise FieldError(f"The {name} is empty.", hint=f"Give 1 to {MAX_TEXT} characters.")
    if len(value) > MAX_TEXT:
        raise FieldError(
            f"The {name} has {len(value)} characters; a code carries at most {MAX_TEXT}.",
            hint=f"Shorten the {name}.",
        )
    if not (value.isascii() and value.isprintable()) or value != value.strip(" "):
        raise FieldError(
            f"The {name} holds a character that a code cannot carry.",
            hint="Use printable ASCII characters only, with no space at the beginning or the end.",
        )
    return value


def to_minute(moment: datetime) -> datetime:
    """Cut a UTC instant down to the whole minute, as codes carry it."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Udi:
    """The unique device identifier: product id, serial number and, for virtual devices, a UUID."""

    product_id: str
    serial_number: str
    uuid: UUID | None = None

    def __post_init__(self) -> None:
        checked_text("product id", self.product_id)
        checked_text("serial number", self.serial_number)

    def __str__(self) -> str:
        uuid = f",UUID:{self.uuid}" if self.uuid else ""
        return f"PID:{self.product_id},SN:{self.serial_number}{uuid}"


@dataclass(frozen=True, slots=True)
class CatalogueId:
    """Which catalogue numbers the tags: its first ``size`` tags and 4 bytes of their SHA-256."""

    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Sketch:
    """Keyed 24-bit hashes of hardware components, and how many of them must match (k of n)."""

    components: tuple[int, ...]
    required: int


@dataclass(frozen=True, slots=True)
class WantedLine:
    """An entitlement that the device's configuration needs."""

    tag: Tag
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Sequence:
    """Place of an authorization in its reservation: portal epoch first, then number (1 = first)."""

    epoch: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"


NEVER_INSTALLED = Sequence(0, 0)


@dataclass(frozen=True, slots=True)
class Term:
    """First and last UTC day on which a line is in force; both included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise FieldError(
                f"The term ends on {self.end}, before it starts on {self.start}.",
                hint="Give an end date that is not before the start date.",
            )

    @classmethod
    def of_years(cls, start: date, years: int) -> Self:
        """Return the term of whole years: it ends the day before its anniversary (29 February → 28)."""
        return cls(start, anniversary(start, years) - ONE_DAY)

    def holds_on(self, day: date) -> bool:
        """Tell whether the term is in force on a UTC day."""
        return self.start <= day <= self.end


def anniversary(start: date, years: int) -> date:
    """Return the same day ``years`` later; 29 February becomes 1 March in a common year.

    So that a term which ends the day before its anniversary ends on 28 February.
    """
    if start.month == 2 and start.day == 29 and not _is_leap(start.year + years):
        return date(start.year + years, 3, 1)
    return start.replace(year=start.year + years)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an authorization. ``term`` is None for a perpetual line."""

    tag: Tag
    count: int
    term: Term | None = None
    export_controlled: bool = False
    reporting_only: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Q: a device asks for licences."""

    udi: Udi
    device_key: bytes
    sketch: Sketch
    mode: Mode
    wanted: tuple[WantedLine, ...]
    members: int
    catalogue: CatalogueId | None
    code_number: int
    device_time: datetime
    journal_link: bytes


@dataclass(frozen=True, slots=True)
class Authorization:
    """A: the portal grants the full set of lines for one request.

    The hints are the first byte of the issuer's key digest and the first two bytes of id(Q).
    """

    issuer_hint: bytes
    request_hint: bytes
    issued_at: datetime
    sequence: Sequence
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """C: the device has durably installed an authorization. The hint is 4 bytes of id(Q)."""

    request_hint: bytes
    sequence: Sequence
    code_number: int
    journal_link: bytes


@dataclass(frozen=True, slots=True)
class Return:
    """R: the device will never again use any authorization of its request. The hint is 4 bytes of id(Q)."""

    request_hint: bytes
    last_sequence: Sequence
    reason: ReturnReason
    evidence: Evidence
    hardware_mismatch: bool
    code_number: int
    journal_link: bytes


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """An issuer that the root certifies, for authorizations issued on these UTC days (both included)."""

    key: bytes
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """T: the root says which issuers to believe. A lower serial never replaces a higher one."""

    serial: int
    portal_id: bytes
    issuers: tuple[IssuerKey, ...]
    revoked: tuple[bytes, ...] = ()
    next_root: bytes | None = None


Code = Request | Authorization | Confirmation | Return | Trust

KIND_OF: dict[type[Code], Kind] = {
    Request: Kind.REQUEST,
    Authorization: Kind.AUTHORIZATION,
    Confirmation: Kind.CONFIRMATION,
    Return: Kind.RETURN,
    Trust: Kind.TRUST,
}
