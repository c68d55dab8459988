"""Proving a code of any kind, with whatever a reader has beside it.

Scope: a signature covers what its reader knows as well as what the code carries. `missing_for` names what
somebody lacks to check a code, `verified_by` checks it, and `binding_of` tells what the signature covers
beside the code: what a COSE library needs to verify the same message.

Not handled: state. Whether a code is the newest, was installed or was returned, only device and portal know.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codec.catalogue import Catalogue
from codec.codes import Authorization, Code, Confirmation, Kind, Request, Return, Trust
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    confirmation_aad,
    issuer_hint,
    request_aad,
    require_kind,
    return_aad,
    short_hint,
    sig_structure,
    trust_aad,
    verify_authorization,
    verify_confirmation,
    verify_request,
    verify_return,
    verify_trust,
)
from codec.errors import NotGenuineError, RevokedIssuerError, UnknownIssuerError
from codec.hashes import sha256
from codec.keys import VerifyingKey


@dataclass(frozen=True, slots=True)
class Known:
    """What a reader has beside the code.

    Attributes:
        catalogue: Spells numbered tags.
        request: The request that the code belongs to.
        authorization: The authorization that a confirmation confirms.
        root: The key that a trust code is signed with.
        trust: Which issuers to believe.
    """

    catalogue: Catalogue | None = None
    request: VerifiedCode[Request] | None = None
    authorization: VerifiedCode[Authorization] | None = None
    root: VerifyingKey | None = None
    trust: Trust | None = None


def missing_for(code: UnverifiedCode[Code], known: Known) -> tuple[str, ...]:
    """Name what would be needed to verify a code: ``request``, ``authorization``, ``trust``."""
    needs: dict[Kind, tuple[tuple[str, object], ...]] = {
        Kind.REQUEST: (),
        Kind.AUTHORIZATION: (("request", known.request), ("trust", known.trust)),
        Kind.CONFIRMATION: (("request", known.request), ("authorization", known.authorization)),
        Kind.RETURN: (("request", known.request),),
        Kind.TRUST: (("trust", known.root),),
    }
    return tuple(name for name, thing in needs[code.kind] if thing is None)


def verified_by(code: UnverifiedCode[Code], known: Known) -> VerifiedCode[Any]:
    """Verify a code of any kind with what is at hand.

    Args:
        code: Of any kind.
        known: Everything that `missing_for` names.

    Raises:
        UnknownIssuerError, RevokedIssuerError: For an authorization, by the trust code at hand.
        NotGenuineError: When the signature does not hold with what is at hand.
        KeyRejectedError: When a key in a code is not a sound one.
        ValueError: When something is missing.
    """
    value = code.unverified
    if isinstance(value, Request):
        return verify_request(require_kind(code, Request))
    if isinstance(value, Trust) and known.root:
        return verify_trust(require_kind(code, Trust), known.root)
    if isinstance(value, Authorization) and known.request and known.trust:
        return _authorization(require_kind(code, Authorization), known.request, known.trust)
    if isinstance(value, Return) and known.request:
        return verify_return(
            require_kind(code, Return), _device_key(known.request), request_id=known.request.id
        )
    if isinstance(value, Confirmation) and known.request and known.authorization:
        return verify_confirmation(
            require_kind(code, Confirmation),
            _device_key(known.request),
            request_id=known.request.id,
            authorization_id=known.authorization.id,
        )
    raise ValueError(f"missing: {', '.join(missing_for(code, known))}")


def _device_key(request: VerifiedCode[Request]) -> VerifyingKey:
    return VerifyingKey.parse(request.value.device_key)


def _authorization(
    code: UnverifiedCode[Authorization], request: VerifiedCode[Request], trust: Trust
) -> VerifiedCode[Authorization]:
    """Try every issuer that the trust code certifies and the hint fits."""
    keys = [VerifyingKey.parse(issuer.key) for issuer in trust.issuers if _certified(issuer, code.unverified)]
    hint = code.unverified.issuer_hint
    believed = [key for key in keys if issuer_hint(key) == hint and key.id not in trust.revoked]
    # A hint is the first byte of a key's digest, and so of its id: a revoked key is known unlisted, too.
    if not believed and any(revoked[: len(hint)] == hint for revoked in trust.revoked):
        raise RevokedIssuerError(
            "The issuer of this authorization was revoked: whoever has its key is not the portal any more.",
            hint="Ask the portal to issue the authorization again, with its present key.",
        )
    if not believed:
        raise UnknownIssuerError(
            "This authorization names an issuer that the trust code does not certify for its day.",
            hint="Get the newest trust code from the portal, or check that this is the right portal.",
        )
    for key in believed:
        try:
            return verify_authorization(code, AuthorizationContext(request.id, key, trust.portal_id))
        except NotGenuineError:
            continue
    if code.unverified.request_hint != short_hint(request.id):
        raise NotGenuineError(
            "This authorization was made for another request than the one given.",
            hint="Give the request that this authorization answers.",
        )
    raise NotGenuineError(
        "The signature of this authorization does not hold for this request and this portal.",
        hint="Ask the portal for the authorization again, and check that the trust file is the portal's.",
    )


def _certified(issuer: Any, value: Authorization) -> bool:
    day = value.issued_at.date()
    return bool(issuer.valid_from <= day and (issuer.valid_until is None or day <= issuer.valid_until))


# --- what a signature covers beside the code ---------------------------------------------------

COVERED = {
    Kind.REQUEST: "nothing else",
    Kind.AUTHORIZATION: "the id of its request, the issuer's public key and the portal id",
    Kind.CONFIRMATION: "the ids of its request and of the authorization that it confirms",
    Kind.RETURN: "the id of its request",
    Kind.TRUST: "the root's public key",
}
"""What the signature of each kind, and so its id, covers beside the code itself."""


@dataclass(frozen=True, slots=True)
class Binding:
    """How a verified code is verified elsewhere.

    Attributes:
        key: Under which its signature holds.
        external_aad: What that covers beside the code (RFC 9052, section 4.4).
    """

    key: VerifyingKey
    external_aad: bytes


def binding_of(code: VerifiedCode[Any], known: Known) -> Binding:
    """Return how a code is verified elsewhere.

    Args:
        code: Verified with ``known``.
        known: What it was verified with.

    Raises:
        ValueError: When it was verified with something else.
    """
    for binding in _bindings(code.value, known):
        if sha256(sig_structure(code.payload, binding.external_aad)) == code.id:
            return binding
    raise ValueError("the code was verified with something else")


def _bindings(value: Code, known: Known) -> Iterator[Binding]:
    """Yield what could belong to a code: for an authorization, one for each issuer at hand."""
    request, authorization = known.request, known.authorization
    if isinstance(value, Request):
        yield Binding(VerifyingKey(value.device_key), request_aad())
    elif isinstance(value, Trust) and known.root:
        yield Binding(known.root, trust_aad(known.root))
    elif isinstance(value, Authorization) and request and known.trust:
        for issuer in known.trust.issuers:
            key = VerifyingKey(issuer.key)
            yield Binding(key, AuthorizationContext(request.id, key, known.trust.portal_id).aad)
    elif isinstance(value, Return) and request:
        yield Binding(_device_key(request), return_aad(request.id))
    elif isinstance(value, Confirmation) and request and authorization:
        yield Binding(_device_key(request), confirmation_aad(request.id, authorization.id))
