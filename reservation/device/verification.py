"""Whether a received code is genuine and for this device: the first five install checks.

An authorization names its issuer by one byte and its request by two. All candidates that match are tried; the
hints only decide which error is precise:

1. an issuer of that name that the root has certified for the day of issue, else *unknown issuer*;
2. that it is not revoked, else *revoked issuer*: whatever the date of the authorization;
3. a request of this device with that name, live or past, else *other device*;
4. a signature that holds, else *not genuine*.

The authorization that is installed now is known whatever became of its issuer since, so that its
confirmation can be shown again. A damaged code may raise any of these; `codec.reading.receive` repairs it and
asks again before it blames anybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from codec.codes import Authorization, Code, IssuerKey, Trust
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    issuer_hint,
    named,
    require_kind,
    short_hint,
    verify_authorization,
    verify_trust,
)
from codec.errors import NotGenuineError, RevokedIssuerError, UnknownIssuerError, WrongKindError
from codec.keys import VerifyingKey
from reservation.device.own_codes import present_trust
from reservation.device.state import Reservation, State
from reservation.errors import OtherDeviceError

V = TypeVar("V", bound=Code)


@dataclass(frozen=True, slots=True)
class Addressed:
    """A genuine authorization, the reservation of this device that it is for, and who issued it."""

    code: VerifiedCode[Authorization]
    reservation: Reservation
    issuer: VerifyingKey


def verified(state: State, code: UnverifiedCode[Code]) -> VerifiedCode[Authorization | Trust]:
    """Verify what a device can install: an authorization, or a trust code.

    Raises:
        WrongKindError: For a code of another kind.
        CodecError: See `addressed` and `verified_trust`.
    """
    if isinstance(code.unverified, Authorization):
        return addressed(state, require_kind(code, Authorization)).code
    if isinstance(code.unverified, Trust):
        return verified_trust(state, require_kind(code, Trust))[0]
    raise WrongKindError(
        f"This is {named(code.kind)}, which a device makes; a device installs authorization and trust codes.",
        hint="Carry this code to the portal, and give the device the code that starts with A (or T).",
    )


def as_received(code: VerifiedCode[V]) -> UnverifiedCode[V]:
    """Take the trust from a code, so that it is verified again: on this device, and as of now."""
    return UnverifiedCode(code.payload, code.signature, code.value)


# --- trust codes -------------------------------------------------------------------------------


def verified_trust(state: State, code: UnverifiedCode[Trust]) -> tuple[VerifiedCode[Trust], VerifyingKey]:
    """Verify a trust code by the pinned root, or by the next root that the pinned one has named.

    Returns:
        The code, and the root that signed it.

    Raises:
        NotGenuineError: When neither signed it.
    """
    pinned, following = VerifyingKey.parse(state.root), present_trust(state).next_root
    try:
        return verify_trust(code, pinned), pinned
    except NotGenuineError:
        if following is None:
            raise
    successor = VerifyingKey.parse(following)
    return verify_trust(code, successor), successor


# --- authorizations ----------------------------------------------------------------------------


def addressed(state: State, code: UnverifiedCode[Authorization]) -> Addressed:
    """Verify an authorization, and find the reservation that it is for.

    Raises:
        UnknownIssuerError: When the root has certified no such issuer for the day of issue.
        RevokedIssuerError: When the root has revoked the issuer.
        OtherDeviceError: When it is for no request of this device.
        NotGenuineError: When its signature does not hold.
    """
    trust = present_trust(state)
    known = _installed_already(state, code) or _first_that_holds(
        state, code, trust, _valid_issuers(code, trust)
    )
    if known:
        return known
    _require_issuer(state, code, trust)
    if not any(True for _ in _reservations_hinted(state, code)):
        raise _other_device(state)
    raise NotGenuineError(
        "This authorization is not genuine: the signature that it bears was not made for this device by the "
        "portal that it names.",
        hint="It may be for another device or from another portal, or someone changed it. Ask the portal to "
        "show the authorization for this device's request again.",
    )


def _installed_already(state: State, code: UnverifiedCode[Authorization]) -> Addressed | None:
    live = state.live
    if live is None or live.installed is None or state.portal_id is None:
        return None
    issuer = VerifyingKey.parse(live.installed.issuer)
    known = _verified(state, code, live, issuer, state.portal_id)
    return known if known and known.code.id == live.installed.id else None


def _valid_issuers(code: UnverifiedCode[Authorization], trust: Trust) -> Iterator[IssuerKey]:
    day = code.unverified.issued_at.date()
    for issuer in _issuers_hinted(code, trust):
        ended = issuer.valid_until is not None and day > issuer.valid_until
        if day >= issuer.valid_from and not ended and VerifyingKey.parse(issuer.key).id not in trust.revoked:
            yield issuer


def _issuers_hinted(code: UnverifiedCode[Authorization], trust: Trust) -> Iterator[IssuerKey]:
    hint = code.unverified.issuer_hint
    return (issuer for issuer in trust.issuers if issuer_hint(VerifyingKey.parse(issuer.key)) == hint)


def _reservations_hinted(state: State, code: UnverifiedCode[Authorization]) -> Iterator[Reservation]:
    hint = code.unverified.request_hint
    return (each for each in reversed(state.reservations) if short_hint(state.request_id(each)) == hint)


def _first_that_holds(
    state: State, code: UnverifiedCode[Authorization], trust: Trust, issuers: Iterator[IssuerKey]
) -> Addressed | None:
    reservations = tuple(_reservations_hinted(state, code))
    for issuer in issuers:
        key = VerifyingKey.parse(issuer.key)
        for reservation in reservations:
            if known := _verified(state, code, reservation, key, trust.portal_id):
                return known
    return None


def _verified(
    state: State,
    code: UnverifiedCode[Authorization],
    reservation: Reservation,
    issuer: VerifyingKey,
    portal_id: bytes,
) -> Addressed | None:
    context = AuthorizationContext(state.request_id(reservation), issuer, portal_id)
    try:
        return Addressed(verify_authorization(code, context), reservation, issuer)
    except NotGenuineError:
        return None


def _require_issuer(state: State, code: UnverifiedCode[Authorization], trust: Trust) -> None:
    """Raise what is wrong with the issuer of an authorization that no valid issuer has signed."""
    hinted = tuple(_issuers_hinted(code, trust))
    revoked = tuple(issuer for issuer in hinted if VerifyingKey.parse(issuer.key).id in trust.revoked)
    valid = any(True for _ in _valid_issuers(code, trust))
    named_as_revoked = any(each[:1] == code.unverified.issuer_hint for each in trust.revoked)
    if _first_that_holds(state, code, trust, iter(revoked)) or (named_as_revoked and not valid):
        raise RevokedIssuerError(
            "The key that issued this authorization has been revoked.",
            hint="Ask the portal to issue the authorization again with its present key.",
        )
    if not hinted:
        raise UnknownIssuerError(
            "This authorization names an issuer that this device does not trust.",
            hint="If the portal has a new key, install its newest trust code first (`tallystick device "
            "install`). Otherwise the authorization is from another portal.",
        )
    if not valid:
        raise UnknownIssuerError(
            f"This authorization is dated {code.unverified.issued_at:%Y-%m-%d}; the key of its issuer was "
            "not valid on that day.",
            hint="Install the portal's newest trust code first (`tallystick device install`); it may say "
            "otherwise.",
        )


def _other_device(state: State) -> OtherDeviceError:
    if not state.reservations:
        return OtherDeviceError(
            "This authorization was made for another device: this one has not requested anything yet.",
            hint="Make a request (`tallystick device request`) and carry it to the portal first.",
        )
    return OtherDeviceError(
        f"This authorization was not made for a request of this device ({state.udi}).",
        hint="Install it on the device whose request it answers, or ask the portal for the authorization of "
        "this device's request.",
    )
