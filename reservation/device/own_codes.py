"""The codes that a device keeps, read under verification.

They stand in a file whose checksum holds, so they have no typing mistakes to repair. A code that does not
hold there was put there by somebody else: the state is damaged, whatever its checksum says.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from codec.alphabet import PARITY_CHARACTERS
from codec.codes import Authorization, Code, Confirmation, Request, Return, Trust
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    decode_body,
    require_kind,
    verify_authorization,
    verify_confirmation,
    verify_request,
    verify_return,
    verify_trust,
)
from codec.errors import CodecError
from codec.keys import SigningKey, VerifyingKey
from reservation.device.state import Reservation, State
from reservation.device.stateform import damaged

if TYPE_CHECKING:
    from codec.short import MatchedShort

V = TypeVar("V", bound=Code)


def present_trust(state: State) -> Trust:
    """Return what the newest trust code on this device says."""
    root = VerifyingKey.parse(state.root)
    return _stored(state.trust, lambda code: verify_trust(require_kind(code, Trust), root)).value


def own_request(state: State, reservation: Reservation) -> VerifiedCode[Request]:
    """Return the request of a reservation from the journal."""
    text = state.entry(reservation.request).text
    return _stored(text, lambda code: verify_request(require_kind(code, Request)))


def own_confirmation(state: State, reservation: Reservation) -> VerifiedCode[Confirmation]:
    """Return the confirmation of the installed authorization from the journal."""
    if reservation.installed is None:
        raise ValueError("nothing was installed for this reservation")
    installed, key = reservation.installed, VerifyingKey.parse(state.device_key)
    request_id = state.request_id(reservation)
    return _stored(
        state.entry(installed.confirmation).text,
        lambda code: verify_confirmation(
            require_kind(code, Confirmation), key, request_id=request_id, authorization_id=installed.id
        ),
    )


def own_short_confirmation(state: State, key: SigningKey) -> "MatchedShort":
    """Return the short form of the confirmation of the installed authorization.

    Args:
        state: With an authorization installed.
        key: The device's key.
    """
    from codec.short import Installed, short_of  # reading a code needs none of it

    if state.live is None or state.live.installed is None:
        raise ValueError("nothing was installed")
    authorization = installed_authorization(state, state.live)
    installed = Installed(state.request_id(state.live), authorization.id, authorization.value.sequence)
    return short_of(installed, device=key, issuer=VerifyingKey.parse(state.live.installed.issuer))


def own_return(state: State, reservation: Reservation) -> VerifiedCode[Return]:
    """Return the return code of a closed reservation from the journal."""
    if reservation.returned is None:
        raise ValueError("this reservation was not returned")
    key, request_id = VerifyingKey.parse(state.device_key), state.request_id(reservation)
    return _stored(
        state.entry(reservation.returned).text,
        lambda code: verify_return(require_kind(code, Return), key, request_id=request_id),
    )


def installed_authorization(state: State, reservation: Reservation) -> VerifiedCode[Authorization]:
    """Return the installed authorization of a reservation, as its issuer signed it."""
    if reservation.installed is None or state.portal_id is None:
        raise ValueError("nothing was installed for this reservation")
    issuer = VerifyingKey.parse(reservation.installed.issuer)
    context = AuthorizationContext(state.request_id(reservation), issuer, state.portal_id)
    return _stored(
        reservation.installed.text,
        lambda code: verify_authorization(require_kind(code, Authorization), context),
    )


def _stored(text: str, verify: Callable[[UnverifiedCode[Code]], VerifiedCode[V]]) -> VerifiedCode[V]:
    """Return a code from the state, where a whole file with a code that does not hold was tampered with."""
    try:
        return verify(decode_body(text[:-PARITY_CHARACTERS]))
    except CodecError as error:
        raise damaged("a code in it does not hold") from error
