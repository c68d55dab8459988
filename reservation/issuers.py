"""Which key signs for a portal, and what follows for devices: rules over trust codes, without I/O.

    trust code taken → the issuer that it brings is in use, or will be from its first day on

* A trust code is taken when this portal's root signed it, or the next root that the newest one names; it
  names this portal, and its serial is higher than every one before. The same one again is nothing new.
* The issuer that a trust code brings comes into use: one that was never in use, that is valid today and not
  revoked. With several a person says which. The key must be at hand, or the portal could sign nothing.
* An issuer that the root has revoked, or whose last day is over, signs nothing any more.
* An authorization of a revoked issuer that nobody confirmed is worth nothing to a device that knows of the
  revocation: it is issued anew under a higher number, which by the rule of the hold holds nothing twice.

Not handled: how trust codes are made (`reservation.certifying`).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from codec.codes import IssuerKey, Trust
from codec.envelope import UnverifiedCode, VerifiedCode, verify_trust
from codec.errors import NotGenuineError
from codec.keys import VerifyingKey
from reservation.errors import (
    IssuerNotValidError,
    OlderTrustError,
    OtherPortalError,
    ReplacedIssuerError,
    UnknownNameError,
)
from reservation.model import PortalIdentity


@dataclass(frozen=True, slots=True)
class UsedIssuer:
    """From when on an issuer's key signed.

    Attributes:
        key: Public key, 32 bytes.
        serial: Of the trust code by which it came into use.
        event_id: The event of that; what was issued later came after it.
        at: When.
        by: Who took it into use.
    """

    key: bytes
    serial: int
    event_id: bytes
    at: datetime
    by: str


class NewestAuthorization(NamedTuple):
    """With which events authorizations of an open reservation came; None: it has none.

    Attributes:
        page_key: The reservation's place in lists.
        reservation_id: The reservation.
        newest: Of its newest authorization.
        confirmed: Of the confirmed one.
    """

    page_key: bytes
    reservation_id: bytes
    newest: bytes | None
    confirmed: bytes | None


def in_use_at(used: Sequence[UsedIssuer], event_id: bytes) -> bytes | None:
    """Return which issuer's key signed when an event was recorded; None: it was before the first.

    Args:
        used: The issuers that ever signed, the oldest first.
        event_id: The event; ids are in the order of what happened.
    """
    number = bisect_right(used, event_id, key=lambda one: one.event_id)
    return used[number - 1].key if number else None


def verify_by_root(
    code: UnverifiedCode[Trust], root: bytes, newest: Trust
) -> tuple[VerifiedCode[Trust], bytes]:
    """Verify a trust code by a portal's root, or by the next root that its newest trust code names.

    Returns:
        The code, and the root that signed it.

    Raises:
        NotGenuineError: When neither signed it.
        KeyRejectedError: When a key in it is not a sound one.
    """
    try:
        return verify_trust(code, VerifyingKey.parse(root)), root
    except NotGenuineError:
        if newest.next_root is None:
            raise
    return verify_trust(code, VerifyingKey.parse(newest.next_root)), newest.next_root


def require_takeable(identity: PortalIdentity, newest: Trust, offered: Trust) -> bool:
    """Return whether a trust code of the root is a new one; the newest one again is not.

    Raises:
        OtherPortalError: When it is for another portal.
        OlderTrustError: When a newer one was taken, or it has the serial of the newest and other content.
    """
    if offered.portal_id != identity.portal_id:
        raise OtherPortalError(
            f"This trust code is for portal {offered.portal_id.hex()}, and this is portal "
            f"{identity.portal_id.hex()}.",
            hint="Take it to that portal. On the root's machine, start from this portal's trust file "
            "(`tallystick portal trust`).",
        )
    if offered.serial < newest.serial:
        raise OlderTrustError(
            f"This trust code (serial {offered.serial}) is older than the newest one that this portal has "
            f"(serial {newest.serial}).",
            hint="Devices would refuse it too. Have the root sign one that follows on the newest: "
            "`tallystick portal trust` prints that.",
        )
    if offered.serial == newest.serial and offered != newest:
        raise OlderTrustError(
            f"This trust code has the serial of the newest one here ({newest.serial}) and other content.",
            hint="Tell who holds the root key: one serial must never be used twice. A code with the next "
            "serial puts it right.",
        )
    return offered.serial > newest.serial


def believed(trust: Trust, today: date) -> tuple[IssuerKey, ...]:
    """Return the issuers whose authorizations devices with this trust code install if issued today."""
    return tuple(
        issuer
        for issuer in trust.issuers
        if issuer.valid_from <= today
        and (issuer.valid_until is None or today <= issuer.valid_until)
        and not is_revoked(trust, issuer.key)
    )


def is_revoked(trust: Trust, key: bytes) -> bool:
    """Tell whether a trust code revokes an issuer's key."""
    return VerifyingKey(key).id in trust.revoked


def to_use(
    identity: PortalIdentity, trust: Trust, used: frozenset[bytes], today: date, wanted: bytes | None
) -> bytes:
    """Return the key that signs once a trust code is taken: the one that it brings, or the one in use.

    Args:
        identity: The portal as it is.
        trust: The trust code.
        used: Keys that ever were in use.
        today: The UTC day.
        wanted: Id of the key that a person named, 8 bytes; None: nobody did.

    Raises:
        UnknownNameError: When devices would not believe the key that was named, or several come into
            question and none was named.
    """
    candidates = [issuer.key for issuer in believed(trust, today)]
    if wanted is not None:
        named = [key for key in candidates if VerifyingKey(key).id == wanted]
        if not named:
            raise UnknownNameError(
                f"The trust code names no issuer {wanted.hex()} that devices would believe today.",
                hint="See which ones it names: tallystick code explain",
            )
        return named[0]
    new = [key for key in candidates if key not in used]
    if len(new) > 1:
        names = ", ".join(VerifyingKey(key).id.hex() for key in new)
        raise UnknownNameError(
            f"The trust code brings more than one issuer that was never in use here: {names}.",
            hint="Say which one signs from now on: --use KEYID",
        )
    return new[0] if new else identity.issuer_key


def identity_under(identity: PortalIdentity, trust: Trust, root: bytes, key: bytes) -> PortalIdentity:
    """Return what a portal is once a trust code is taken and a key signs."""
    listed = {issuer.key: issuer for issuer in trust.issuers}
    issuer = listed.get(key)
    return replace(
        identity,
        root_key=root,
        issuer_key=key,
        issuer_from=issuer.valid_from if issuer else identity.issuer_from,
        issuer_until=issuer.valid_until if issuer else None,
        # One that is listed no more is believed no more.
        issuer_revoked=issuer is None or is_revoked(trust, key),
    )


def require_in_use(identity: PortalIdentity, key: VerifyingKey, today: date) -> None:
    """Refuse to sign with a key that is not the issuer's any more, or that devices believe no more.

    Raises:
        ReplacedIssuerError: When another key came into use since this one was opened.
        IssuerNotValidError: When the root has revoked it, or its last day is over.
    """
    if key.raw != identity.issuer_key:
        raise ReplacedIssuerError(
            f"Key {VerifyingKey(identity.issuer_key).id.hex()} has come into use since {key.id.hex()} was "
            "opened here.",
            hint="Run the command again.",
        )
    if identity.issuer_revoked:
        raise IssuerNotValidError(
            f"The root has revoked the issuer in use ({key.id.hex()}): devices refuse what it signs.",
            hint="Make a new key (tallystick keys rotate-issuer), have the root certify it (tallystick keys "
            "certify) and take it into use (tallystick portal issuer adopt).",
        )
    if identity.issuer_until is not None and today > identity.issuer_until:
        raise IssuerNotValidError(
            f"Today is {today} by this machine's clock, and devices believe issuer {key.id.hex()} until "
            f"{identity.issuer_until}.",
            hint="Have the root certify a new key, or this one for longer (tallystick keys certify). If the "
            "clock of this machine is wrong, set it.",
        )
