"""Signatures on codes: what is signed, by whom, and which type says so.

A code is a COSE_Sign1 (RFC 9052) without its constant parts. What is signed is its Sig_structure (section
4.4): ``["Signature1", protected, external_aad, payload]``. There ``protected`` is ``{1: -19}`` (Ed25519,
RFC 9864), the payload is the kind byte with the fields, and external_aad is the deterministic CBOR array
``["tallystick/1", kind, …]`` that names everything the reader already knows. So a code of one kind, for one
request, by one issuer is nothing else for anybody else.

id(X) is the SHA-256 of X's Sig_structure. Signature bytes are never part of an identifier.

Types carry trust: `UnverifiedCode` is what somebody typed; only the functions of this module make a
`VerifiedCode`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar, cast

from codec.alphabet import to_bytes
from codec.codes import (
    CARRIERS,
    KIND_OF,
    Authorization,
    Code,
    Confirmation,
    Kind,
    Request,
    Return,
    Trust,
    UnsignedKind,
)
from codec.errors import MalformedCodeError, WrongKindError
from codec.hashes import sha256
from codec.keys import SIGNATURE_BYTES, SigningKey, VerifyingKey
from codec.wire import decode_payload, encode_payload, kind_of

LINK_BYTES = 4
"""Of a device's journal link."""

V_co = TypeVar("V_co", bound=Code, covariant=True)
V = TypeVar("V", bound=Code)

KIND_NAMES = {
    Kind.REQUEST: "request code",
    Kind.AUTHORIZATION: "authorization code",
    Kind.CONFIRMATION: "confirmation code",
    Kind.RETURN: "return code",
    Kind.TRUST: "trust code",
}


def named(kind: Kind) -> str:
    """Return a kind of code in words, with its article: "an authorization code"."""
    name = KIND_NAMES[kind]
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


# {1: -19}, the protected header that every signed code implies.
PROTECTED = bytes.fromhex("a10132")
# {1: 4}, HMAC 256/64: the one that a short confirmation implies.
_MAC_PROTECTED = bytes.fromhex("a10104")


@cache
def cbor_head(major: int, length: int) -> bytes:
    """Return the shortest head of a CBOR item (RFC 8949, section 3); at most 65,535 long."""
    if length < 24:
        return bytes((major << 5 | length,))
    size = 1 if length < 1 << 8 else 2
    return bytes((major << 5 | 23 + size,)) + length.to_bytes(size, "big")


def cbor_bytes(value: bytes) -> bytes:
    """Return a byte string of at most 65,535 bytes as a CBOR item."""
    return cbor_head(2, len(value)) + value


@cache
def _cbor_text(value: str) -> bytes:
    encoded = value.encode()
    return cbor_head(3, len(encoded)) + encoded


_AAD_BEGINS = _cbor_text("tallystick/1")
_SIGNED_BEGINS = cbor_head(4, 4) + _cbor_text("Signature1") + cbor_bytes(PROTECTED)
_MAC_BEGINS = cbor_head(4, 4) + _cbor_text("MAC0") + cbor_bytes(_MAC_PROTECTED)


def external_aad(kind: Kind | UnsignedKind, *known: bytes) -> bytes:
    """Return the deterministic CBOR array of what the reader knows (RFC 8949, section 4.2)."""
    items = [cbor_bytes(each) for each in known]
    return b"".join((cbor_head(4, 2 + len(known)), _AAD_BEGINS, _cbor_text(kind.value), *items))


def sig_structure(payload: bytes, aad: bytes) -> bytes:
    """Return the bytes that a signature covers (RFC 9052, section 4.4)."""
    return b"".join((_SIGNED_BEGINS, cbor_bytes(aad), cbor_bytes(payload)))


def mac_structure(payload: bytes, aad: bytes) -> bytes:
    """Return the bytes that a MAC covers (RFC 9052, section 6.3)."""
    return b"".join((_MAC_BEGINS, cbor_bytes(aad), cbor_bytes(payload)))


@dataclass(frozen=True, slots=True)
class UnverifiedCode(Generic[V_co]):
    """A code that reads well and proves nothing yet.

    Attributes:
        payload: Kind byte and fields, as they were received.
        signature: 64 bytes.
        unverified: What the code says. Only for choosing candidates by hint, and for explaining.
    """

    payload: bytes
    signature: bytes
    unverified: V_co

    @property
    def kind(self) -> Kind:
        """The kind that the first byte names."""
        return kind_of(self.payload[0])


@dataclass(frozen=True, slots=True)
class VerifiedCode(Generic[V_co]):
    """A code whose signature was checked, or just made, by this module.

    Attributes:
        value: What the code says.
        id: id(X), 32 bytes: SHA-256 of the bytes that the signature covers.
        payload: Kind byte and fields.
        signature: 64 bytes.
    """

    value: V_co
    id: bytes
    payload: bytes
    signature: bytes

    @property
    def kind(self) -> Kind:
        """The kind of code."""
        return kind_of(self.payload[0])

    @property
    def text(self) -> str:
        """The code as one unbroken string, parity included."""
        return to_text(self.payload, self.signature)


def to_text(payload: bytes, signature: bytes) -> str:
    """Return the unbroken text form of a code: body characters, then 16 parity characters."""
    from codec.parity import text_of  # whoever only reads codes that were kept needs none

    return text_of(payload + signature)


def decode_body(body: str) -> UnverifiedCode[Code]:
    """Return the code in a text form without its parity.

    Args:
        body: Characters of the alphabet, an even number.

    Raises:
        MalformedCodeError: When the characters are no canonical code.
        NewerVersionError: When a newer version made it.
        WrongKindError: When it is a bundle or a frame.
    """
    data = to_bytes(body)
    if body[:1] in CARRIERS:
        from codec.carriers import require_no_carrier  # seldom, and a device's check has no use for it

        require_no_carrier(data)
    if len(data) <= SIGNATURE_BYTES:
        if data:
            kind_of(data[0])
        raise MalformedCodeError(
            "This is too short to be a code: most of it is missing.",
            hint="Copy the whole code, from its first letter to its last.",
        )
    payload, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    return UnverifiedCode(payload, signature, decode_payload(payload))


def require_kind(code: UnverifiedCode[Code], wanted: type[V]) -> UnverifiedCode[V]:
    """Return the code as one of the wanted kind.

    Raises:
        WrongKindError: When it is of another kind.
    """
    if not isinstance(code.unverified, wanted):
        kind = next(kind for value, kind in KIND_OF.items() if issubclass(wanted, value))
        raise WrongKindError(
            f"This is {named(code.kind)}; {named(kind)} is needed here.",
            hint=f"Give the code that starts with {kind.value}.",
        )
    return cast("UnverifiedCode[V]", code)


def narrowed(code: VerifiedCode[Code], wanted: type[V]) -> VerifiedCode[V] | None:
    """Return a verified code as one of the wanted kind, or None when it is of another."""
    return cast("VerifiedCode[V]", code) if isinstance(code.value, wanted) else None


def _sign(value: V, key: SigningKey, aad: bytes) -> VerifiedCode[V]:
    payload = encode_payload(value)
    signed = sig_structure(payload, aad)
    return VerifiedCode(value, sha256(signed), payload, key.sign(signed))


def _verify(code: UnverifiedCode[V], key: VerifyingKey, aad: bytes) -> VerifiedCode[V]:
    signed = sig_structure(code.payload, aad)
    key.verify(code.signature, signed)
    return VerifiedCode(code.unverified, sha256(signed), code.payload, code.signature)


def request_aad() -> bytes:
    """Return the external_aad of a request: nothing is known before it is read."""
    return external_aad(Kind.REQUEST)


def sign_request(value: Request, key: SigningKey) -> VerifiedCode[Request]:
    """Sign a request with the device key that it carries."""
    return _sign(value, key, request_aad())


def verify_request(code: UnverifiedCode[Request]) -> VerifiedCode[Request]:
    """Verify a request by the key inside it: that proves integrity, not identity.

    Raises:
        KeyRejectedError: When the key is not a sound one.
        NotGenuineError: When the signature does not hold.
    """
    return _verify(code, VerifyingKey.parse(code.unverified.device_key), request_aad())


@dataclass(frozen=True, slots=True)
class AuthorizationContext:
    """What a device knows about an authorization before it reads it."""

    request_id: bytes
    issuer: VerifyingKey
    portal_id: bytes

    @property
    def aad(self) -> bytes:
        """The external_aad of an authorization."""
        return external_aad(Kind.AUTHORIZATION, self.request_id, self.issuer.digest, self.portal_id)


def sign_authorization(
    value: Authorization, key: SigningKey, *, request_id: bytes, portal_id: bytes
) -> VerifiedCode[Authorization]:
    """Sign an authorization for one request, as the issuer of one portal."""
    return _sign(value, key, AuthorizationContext(request_id, key.verifying_key, portal_id).aad)


def verify_authorization(
    code: UnverifiedCode[Authorization], context: AuthorizationContext
) -> VerifiedCode[Authorization]:
    """Verify an authorization for one request, issuer and portal.

    Raises:
        NotGenuineError: When the signature does not hold for them.
    """
    return _verify(code, context.issuer, context.aad)


def confirmation_aad(request_id: bytes, authorization_id: bytes) -> bytes:
    """Return the external_aad of a confirmation."""
    return external_aad(Kind.CONFIRMATION, request_id, authorization_id)


def sign_confirmation(
    value: Confirmation, key: SigningKey, *, request_id: bytes, authorization_id: bytes
) -> VerifiedCode[Confirmation]:
    """Sign the confirmation of one authorization with the device key."""
    return _sign(value, key, confirmation_aad(request_id, authorization_id))


def verify_confirmation(
    code: UnverifiedCode[Confirmation],
    device_key: VerifyingKey,
    *,
    request_id: bytes,
    authorization_id: bytes,
) -> VerifiedCode[Confirmation]:
    """Verify a confirmation of one authorization by the key of its request.

    Raises:
        NotGenuineError: When the signature does not hold.
    """
    return _verify(code, device_key, confirmation_aad(request_id, authorization_id))


def return_aad(request_id: bytes) -> bytes:
    """Return the external_aad of a return."""
    return external_aad(Kind.RETURN, request_id)


def sign_return(value: Return, key: SigningKey, *, request_id: bytes) -> VerifiedCode[Return]:
    """Sign the return of one request with the device key."""
    return _sign(value, key, return_aad(request_id))


def verify_return(
    code: UnverifiedCode[Return], device_key: VerifyingKey, *, request_id: bytes
) -> VerifiedCode[Return]:
    """Verify a return by the key of its request.

    Raises:
        NotGenuineError: When the signature does not hold.
    """
    return _verify(code, device_key, return_aad(request_id))


def trust_aad(root: VerifyingKey) -> bytes:
    """Return the external_aad of a trust code."""
    return external_aad(Kind.TRUST, root.digest)


def sign_trust(value: Trust, root: SigningKey) -> VerifiedCode[Trust]:
    """Sign a trust code with the root key."""
    return _sign(value, root, trust_aad(root.verifying_key))


def verify_trust(code: UnverifiedCode[Trust], root: VerifyingKey) -> VerifiedCode[Trust]:
    """Verify a trust code by the pinned root key, and check every key inside it.

    Raises:
        NotGenuineError: When the signature does not hold.
        KeyRejectedError: When a key inside, of an issuer or of the next root, is not a sound one.
    """
    verified = _verify(code, root, trust_aad(root))
    for issuer in verified.value.issuers:
        VerifyingKey.parse(issuer.key)
    if verified.value.next_root is not None:
        VerifyingKey.parse(verified.value.next_root)
    return verified


def issuer_hint(key: VerifyingKey) -> bytes:
    """Return the byte by which an authorization names its issuer."""
    return key.digest[:1]


def short_hint(request_id: bytes) -> bytes:
    """Return the 2 bytes by which an authorization names its request."""
    return request_id[:2]


def long_hint(request_id: bytes) -> bytes:
    """Return the 4 bytes by which confirmations and returns name their request."""
    return request_id[:4]


def link_after(link: bytes, code_id: bytes) -> bytes:
    """Return link(n) of a device's journal from link(n - 1) and id(code n); link(0) is four zero bytes."""
    return sha256(link + code_id)[:LINK_BYTES]
