"""What happened: the events of the append-only log, and the stamp that every command leaves.

Scope: frozen values, shared through `reservation.model`. Invariant: ids of events grow with every commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reservation.roles import Rights

Detail = Mapping[str, object]


class EventKind(StrEnum):
    """What happened. The names are stable: scripts and reports rely on them."""

    ACCOUNT_OPENED = "account-opened"
    TRUST_TAKEN = "trust-taken"
    ISSUER_CHANGED = "issuer-changed"
    VIRTUAL_ACCOUNT_ADDED = "virtual-account-added"
    CATALOGUE_ADDED = "catalogue-added"
    PRODUCT_SET = "product-set"
    LICENSE_ADDED = "license-added"
    ORDER_IMPORTED = "order-imported"
    LOT_ENDED = "lot-ended"
    LINE_ENDED = "line-ended"
    LOT_RESUMED = "lot-resumed"
    RESERVED = "reserved"
    UPDATED = "updated"
    RENEWED = "renewed"
    CONFIRMED = "confirmed"
    CONFIRMED_LATE = "confirmed-late"
    CONFIRMED_MAC = "confirmed-mac"
    CONFIRMED_SIGNED = "confirmed-signed"
    SHORT_WRONG = "short-wrong"
    SHORT_LOCKED = "short-locked"
    RETURNED = "returned"
    RETURNED_AGAIN = "returned-again"
    RETURN_KEPT = "return-kept"
    KEY_CHANGED = "key-changed"
    REHOST_PROPOSED = "rehost-proposed"
    REHOSTED = "rehosted"
    WRITE_OFF_PROPOSED = "write-off-proposed"
    WRITTEN_OFF = "written-off"
    RELEASE_PROPOSED = "release-proposed"
    RELEASED = "released"
    REJECTED = "rejected"
    SIGN_OF_LIFE = "sign-of-life"
    FORKED = "forked"
    POLICY_SET = "policy-set"
    LICENSE_TRANSFERRED = "license-transferred"
    LICENSE_CORRECTED = "license-corrected"
    INSUFFICIENT = "insufficient"
    SHORTFALL_COVERED = "shortfall-covered"
    RESERVATION_TRANSFERRED = "reservation-transferred"
    VIRTUAL_ACCOUNT_RENAMED = "virtual-account-renamed"
    VIRTUAL_ACCOUNT_REMOVED = "virtual-account-removed"
    RESTORE_NOTICED = "restore-noticed"
    CHECKPOINT_ADOPTED = "checkpoint-adopted"
    CODE_KEPT = "code-kept"
    REBUILT = "rebuilt"
    QUARANTINE_END_PROPOSED = "quarantine-end-proposed"
    QUARANTINE_END_REJECTED = "quarantine-end-rejected"
    QUARANTINE_ENDED = "quarantine-ended"
    USER_ADDED = "user-added"
    ROLE_GRANTED = "role-granted"
    ROLE_REVOKED = "role-revoked"
    USER_REMOVED = "user-removed"
    PASSPHRASE_SET = "passphrase-set"
    PASSPHRASE_CLEARED = "passphrase-cleared"
    AGREEMENT_ADDED = "agreement-added"
    AGREEMENT_ACCEPTED = "agreement-accepted"
    STOCK_REFUSED = "stock-refused"
    KEY_REFUSED = "key-refused"
    RETURN_EXPECTED = "return-expected"
    ALERT_ACKNOWLEDGED = "alert-acknowledged"


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


_FIRST_EVENT = 1 << 23
_LATER_EVENT = 3 << 22
_PREFIX_BYTES = 13


def _nobody() -> "Rights":
    from reservation.roles import NO_RIGHTS  # devices share this module, and know no roles

    return NO_RIGHTS


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by whom a command is carried out, and the ids of the events that it makes.

    Attributes:
        at: The command's one moment.
        actor: The acting user.
        prefix: 13 bytes: 6 of milliseconds since 1970, 7 of randomness.
        rights: What the user may do by this command.
    """

    at: datetime
    actor: str
    prefix: bytes
    rights: "Rights" = field(default_factory=_nobody)

    @classmethod
    def of(
        cls,
        at: datetime,
        actor: str,
        randomness: bytes,
        *,
        newest: bytes = b"",
        rights: "Rights | None" = None,
    ) -> "Stamp":
        """Make the stamp of one command.

        Its events come after all that are there already, whatever the clock says: so events stand in the
        order of their commits even when a clock is set back.

        Args:
            at: The command's moment.
            actor: The acting user.
            randomness: 7 unpredictable bytes.
            newest: Id of the newest event; empty while there is none.
            rights: What the user may do by it; None: nothing.
        """
        prefix = int(at.timestamp() * 1000).to_bytes(6, "big") + randomness
        if prefix <= newest[:_PREFIX_BYTES]:
            step = 1 + int.from_bytes(randomness[:3], "big")
            prefix = (int.from_bytes(newest[:_PREFIX_BYTES], "big") + step).to_bytes(_PREFIX_BYTES, "big")
        return cls(at, actor, prefix, rights or _nobody())

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

    def later_event_id(self, number: int) -> bytes:
        """Return the id of an event that follows from what the command did."""
        return self.prefix + (_LATER_EVENT + number).to_bytes(3, "big")


def id_before(at: datetime) -> bytes:
    """Return an id before those of all events since a moment: ids begin with the time, or a later one."""
    milliseconds = max(0, int(at.timestamp() * 1000))
    return (milliseconds << 80).to_bytes(16, "big") if milliseconds < 1 << 48 else b"\xff" * 16
