"""The scenarios of the test vectors that end in a refusal, each for one class of failure.

`samples.vectors` makes files of them. Unless its point is the signature or the text, a refused code is signed
by the right key over the very bytes that it carries, and its parity is right: so it is refused for what the
scenario names, and for nothing else. Forged bytes are put together by `samples.forged_payloads`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha512
from typing import Any, Final

from codec.alphabet import from_number, to_characters, to_number
from codec.codes import Code, IssuerKey, Kind, Line, Sequence, Sketch, Term, WantedLine
from codec.envelope import (
    VerifiedCode,
    external_aad,
    sig_structure,
    sign_authorization,
    sign_confirmation,
    sign_request,
    sign_return,
    sign_trust,
    to_text,
)
from codec.keys import SigningKey
from codec.parity import parity_of
from samples import forged_payloads as forged
from samples.accepted_vectors import (
    ASKED,
    AUTHORIZATION,
    AUTHORIZATION_CONTEXT,
    AUTHORIZED,
    CONFIRMATION,
    CONFIRMATION_CONTEXT,
    REQUEST,
    RETURN,
    RETURN_CONTEXT,
    TODAY,
    TRUST,
    TRUST_CONTEXT,
    authorize,
    confirm,
    give_back,
    long_lines,
    trust,
)
from samples.forged_lines import malformed_lines
from samples.vectors import (
    DEVICE,
    ISSUER,
    PORTAL_ID,
    ROOT,
    STRANGER,
    Vector,
    not_built,
    refused,
)

NAMES: Final = {
    Kind.REQUEST: "request",
    Kind.AUTHORIZATION: "authorization",
    Kind.CONFIRMATION: "confirmation",
    Kind.RETURN: "return",
    Kind.TRUST: "trust",
}
CONTEXTS: Final[Mapping[Kind, Mapping[str, Any]]] = {
    Kind.REQUEST: {},
    Kind.AUTHORIZATION: AUTHORIZATION_CONTEXT,
    Kind.CONFIRMATION: CONFIRMATION_CONTEXT,
    Kind.RETURN: RETURN_CONTEXT,
    Kind.TRUST: TRUST_CONTEXT,
}
SIGNERS: Final[Mapping[Kind, tuple[SigningKey, tuple[bytes, ...]]]] = {
    Kind.REQUEST: (DEVICE, ()),
    Kind.AUTHORIZATION: (ISSUER, (ASKED.id, ISSUER.verifying_key.digest, PORTAL_ID)),
    Kind.CONFIRMATION: (DEVICE, (ASKED.id, AUTHORIZED.id)),
    Kind.RETURN: (DEVICE, (ASKED.id,)),
    Kind.TRUST: (ROOT, (ROOT.verifying_key.digest,)),
}
#: Order of the group, for signatures that are right but not canonical.
ORDER: Final = 2**252 + 27742317777372353535851937790883648493

A, C, Q, R, T = Kind.AUTHORIZATION, Kind.CONFIRMATION, Kind.REQUEST, Kind.RETURN, Kind.TRUST


def refused_vectors() -> Iterator[Vector]:
    """Yield every scenario that ends in a refusal."""
    yield from _forms()
    yield from _values_no_code_carries()
    yield from _long_short()
    yield from _newer()
    yield from _newer_carriers()
    yield from _first_bytes()
    yield from _other_kinds()
    yield from _strangers()
    yield from _keys()
    yield from _not_built()


def _case(
    kind: Kind, error: str, name: str, description: str, code: str, context: Mapping[str, Any] | None = None
) -> Vector:
    known = CONTEXTS[kind] if context is None else context
    return refused(f"{NAMES[kind]}-refused-{name}", description, kind, code, error, known)


def code_of_payload(kind: Kind, payload: bytes, *, parity: str | None = None) -> str:
    """Sign bytes as they are, with the right key and for the right reader."""
    key, known = SIGNERS[kind]
    body = to_characters(payload + key.sign(sig_structure(payload, external_aad(kind, *known))))
    return body + (parity_of(body) if parity is None else parity)


def _with_parity(body: str) -> str:
    return body + parity_of(body)


# --- malformed -----------------------------------------------------------------------------------------


def _version(body: str, version: int) -> str:
    """Set the low three bits of the first byte."""
    number = to_number(body)
    shift = 5 * len(body) - 8
    return from_number(number & ~(7 << shift) | version << shift, len(body))


def _first_bytes() -> Iterator[Vector]:
    """Take texts that are too short, or of a kind that is none, so that the first byte alone decides."""
    for letter in "BF":
        text = _with_parity(_version(letter + AUTHORIZED.text[1:-16], 0))
        yield _case(
            A, "malformed", f"version-0-{letter.lower()}", "A carrier of version 0, which there is not.", text
        )
    newer = _with_parity(_version(AUTHORIZED.text[:16], 2))
    yield _case(
        A, "newer-version", "short-newer", "Sixteen characters of a newer version, and parity.", newer
    )
    yield _case(A, "malformed", "parity-alone", "Sixteen characters, which are parity for nothing.", "0" * 16)


def _forms() -> Iterator[Vector]:
    """Say in another form what has one form only; the signature is right over these very bytes."""
    for name, (kind, description, payload) in {**forged.other_forms(), **malformed_lines()}.items():
        yield _case(kind, "malformed", name, description, code_of_payload(kind, payload))


def _values_no_code_carries() -> Iterator[Vector]:
    for name, (kind, description, payload) in {**forged.meaningless(), **forged.first_flaws()}.items():
        yield _case(kind, "malformed", name, description, code_of_payload(kind, payload))


def _long_short() -> Iterator[Vector]:
    text = _with_parity("S" + AUTHORIZED.text[1:-16])
    yield _case(A, "malformed", "kind-s", "A short confirmation has 24 characters.", text)


# --- newer-version -------------------------------------------------------------------------------------


def _newer() -> Iterator[Vector]:
    body = AUTHORIZED.text[:-16]
    zero = _with_parity(_version(body, 0))
    yield _case(A, "malformed", "version-zero", "The parity is right, and version 0 never was.", zero)
    for version in (2, 7):
        text = _with_parity(_version(body, version))
        yield _case(A, "newer-version", f"version-{version}", f"The format version is {version}.", text)
    for name, (kind, description, payload) in forged.newer().items():
        yield _case(kind, "newer-version", name, description, code_of_payload(kind, payload))


def _newer_carriers() -> Iterator[Vector]:
    for letter, version, what in (
        ("S", 2, "A short confirmation"),
        ("B", 3, "A bundle"),
        ("F", 7, "A frame"),
    ):
        text = _with_parity(_version(letter + AUTHORIZED.text[1:-16], version))
        description = f"{what} of version {version}, which version 1 does not read."
        yield _case(A, "newer-version", f"newer-{letter.lower()}", description, text)


# --- wrong-kind ----------------------------------------------------------------------------------------


def _other_kinds() -> Iterator[Vector]:
    signed: dict[Kind, VerifiedCode[Any]] = {
        Q: ASKED,
        A: AUTHORIZED,
        C: confirm(CONFIRMATION),
        R: give_back(RETURN),
        T: trust(TRUST),
    }
    kinds = list(signed)
    for kind, given in zip(kinds, kinds[1:] + kinds[:1], strict=True):
        yield _case(
            kind,
            "wrong-kind",
            "other-kind",
            f"A genuine {NAMES[given]} code, where {NAMES[kind]} codes are read.",
            signed[given].text,
        )
    for letter, what in (("B", "A bundle"), ("F", "A frame")):
        text = _with_parity(letter + AUTHORIZED.text[1:-16])
        description = f"{what}, sound or not, which carries codes and is none."
        yield _case(A, "wrong-kind", f"kind-{letter.lower()}", description, text)


# --- not-genuine ---------------------------------------------------------------------------------------


def _strangers() -> Iterator[Vector]:
    def case(kind: Kind, name: str, description: str, code: VerifiedCode[Any]) -> Vector:
        return _case(kind, "not-genuine", name, description, code.text)

    other_request = sign_request(replace(REQUEST, code_number=2), DEVICE)
    yield case(
        Q, "signed-by-another", "Signed by another key than the one inside.", sign_request(REQUEST, STRANGER)
    )
    yield case(
        A,
        "other-request",
        "Issued for another request of the same device; the hint fits all the same.",
        authorize(AUTHORIZATION, other_request),
    )
    yield case(
        A,
        "other-portal",
        "Issued by the same key for another portal.",
        sign_authorization(AUTHORIZATION, ISSUER, request_id=ASKED.id, portal_id=bytes(8)),
    )
    yield case(
        A,
        "other-issuer",
        "Signed by a stranger who writes the issuer's hint into it.",
        sign_authorization(AUTHORIZATION, STRANGER, request_id=ASKED.id, portal_id=PORTAL_ID),
    )
    other = authorize(replace(AUTHORIZATION, sequence=Sequence(0, 2)))
    yield case(C, "other-authorization", "Confirms another authorization.", confirm(CONFIRMATION, other))
    yield case(
        C,
        "other-device",
        "Signed by another device.",
        sign_confirmation(CONFIRMATION, STRANGER, request_id=ASKED.id, authorization_id=AUTHORIZED.id),
    )
    yield case(
        R,
        "other-request",
        "Returns another request.",
        sign_return(RETURN, DEVICE, request_id=other_request.id),
    )
    yield case(
        R, "other-device", "Signed by another device.", sign_return(RETURN, STRANGER, request_id=ASKED.id)
    )
    yield case(T, "other-root", "Signed by another root.", sign_trust(TRUST, STRANGER))
    yield from _signatures()


def _signatures() -> Iterator[Vector]:
    """Take codes whose content is right, and signatures that are not quite."""

    def case(name: str, description: str, payload: bytes, signature: bytes) -> Vector:
        return _case(A, "not-genuine", name, description, to_text(payload, signature))

    payload, signature = AUTHORIZED.payload, AUTHORIZED.signature
    more = authorize(replace(AUTHORIZATION, lines=(Line(0, 2), *AUTHORIZATION.lines[1:]))).payload
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    as_return = external_aad(R, ASKED.id)
    to_sign = sig_structure(payload, external_aad(A, *SIGNERS[A][1]))
    yield case("count-raised", "One count was raised after signing.", more, signature)
    yield case(
        "scalar-plus-order",
        "The scalar S of the signature is not reduced: S + L.",
        payload,
        signature[:32] + scalar.to_bytes(32, "little"),
    )
    yield case("zero-signature", "Sixty-four zero bytes.", payload, bytes(64))
    yield case(
        "identity-as-commitment",
        "R is the identity, and the signature fits: only the owner of the key can make it, and none may.",
        payload,
        _committed(ISSUER, to_sign, _IDENTITY, 0),
    )
    yield case(
        "mixed-order-commitment",
        "R is an honest one plus the point of order two: a verification with the cofactor would take it.",
        payload,
        _committed(ISSUER, to_sign, _opposite(signature[:32]), _nonce_of(ISSUER, to_sign, signature)),
    )
    yield case(
        "signed-as-return",
        "Signed by the issuer's key, with the external_aad of a return.",
        payload,
        ISSUER.sign(sig_structure(payload, as_return)),
    )
    yield case(
        "signed-bare",
        "Signed over the payload alone, without a Sig_structure.",
        payload,
        ISSUER.sign(payload),
    )


_IDENTITY: Final = (1).to_bytes(32, "little")
_FIELD: Final = 2**255 - 19


def _committed(key: SigningKey, message: bytes, commitment: bytes, nonce: int) -> bytes:
    """Sign with an R of our choosing; RFC 8032, section 5.1.6, makes it of the nonce."""
    scalar = (nonce + _challenge(key, message, commitment) * _scalar_of(key)) % ORDER
    return commitment + scalar.to_bytes(32, "little")


def _nonce_of(key: SigningKey, message: bytes, signature: bytes) -> int:
    """Return the nonce of an honest signature, which whoever has the key can tell."""
    scalar = int.from_bytes(signature[32:], "little")
    return (scalar - _challenge(key, message, signature[:32]) * _scalar_of(key)) % ORDER


def _challenge(key: SigningKey, message: bytes, commitment: bytes) -> int:
    return int.from_bytes(sha512(commitment + key.verifying_key.raw + message).digest(), "little")


def _scalar_of(key: SigningKey) -> int:
    clamped = bytearray(sha512(key.seed).digest()[:32])
    clamped[0] &= 248
    clamped[31] = clamped[31] & 127 | 64
    return int.from_bytes(clamped, "little")


def _opposite(point: bytes) -> bytes:
    """Return a point plus the one of order two: (x, y) + (0, -1) = (-x, -y)."""
    sign, y = divmod(int.from_bytes(point, "little"), 2**255)
    return (_FIELD - y + (1 - sign) * 2**255).to_bytes(32, "little")


# --- bad-key -------------------------------------------------------------------------------------------


def _keys() -> Iterator[Vector]:
    for name, (description, key) in forged.hostile_keys().items():
        request = sign_request(replace(REQUEST, device_key=key), STRANGER)
        yield _case(Q, "bad-key", name, f"The device key is {description}.", request.text)
    universal = replace(REQUEST, device_key=_IDENTITY)
    payload = sign_request(universal, STRANGER).payload
    base_point = bytes.fromhex("58" + "66" * 31)
    yield _case(
        Q,
        "bad-key",
        "universal-signature",
        "The device key is the identity, and R = B, S = 1: this signature would hold over anything.",
        to_text(payload, base_point + (1).to_bytes(32, "little")),
    )
    bad_issuer = trust(replace(TRUST, issuers=(IssuerKey(_IDENTITY, TODAY),)))
    yield _case(T, "bad-key", "issuer-key", "An issuer's key is the identity.", bad_issuer.text)
    bad_root = trust(replace(TRUST, next_root=_IDENTITY))
    yield _case(T, "bad-key", "next-root-key", "The next root's key is the identity.", bad_root.text)


# --- field ---------------------------------------------------------------------------------------------


def _not_built() -> Iterator[Vector]:
    def case(kind: Kind, name: str, description: str, value: Code) -> Vector:
        return not_built(f"{NAMES[kind]}-not-built-{name}", description, value, kind)

    def granting(name: str, description: str, *lines: Line) -> Vector:
        return case(A, name, description, replace(AUTHORIZATION, lines=lines))

    yield granting("count-zero", "A count of zero.", Line(0, 0))
    yield granting("count-too-large", "A count of 2^24.", Line(0, 1 << 24))
    yield granting("unsorted-lines", "Lines that are not sorted.", Line(1, 1), Line(0, 1))
    yield granting("repeated-line", "Two lines with the same key, not merged.", Line(0, 1), Line(0, 2))
    yield granting("too-long", "Lines for more than 1,268 bytes.", *long_lines(24, 64))
    late = Term(TODAY, date(2179, 6, 7))
    yield granting("day-out-of-range", "A term that ends on 2179-06-07.", Line(0, 1, late))
    yield granting("tag-too-long", "A tag of 65 characters.", Line("X" * 65, 1))
    yield granting("tag-not-ascii", "A tag that is not ASCII.", Line("CAF\u00c9", 1))
    yield granting("tag-with-space", "A tag that ends with a space.", Line("NET ", 1))
    yield granting("too-many-lines", "256 lines.", *(Line(place, 1) for place in range(256)))
    outside = replace(REQUEST, wanted=(WantedLine(12, 1),))
    yield case(Q, "outside-the-catalogue", "A wanted line whose number is not in the catalogue.", outside)
    yield case(
        Q, "sketch", "More components required than there are.", replace(REQUEST, sketch=Sketch((1,), 2))
    )
    yield case(
        C, "sequence-zero", "The sequence number zero.", replace(CONFIRMATION, sequence=Sequence(0, 0))
    )
    yield case(
        R,
        "never-installed-in-an-epoch",
        "Nothing installed, and an epoch all the same.",
        replace(RETURN, last_sequence=Sequence(1, 0)),
    )
    yield case(T, "no-issuer", "No issuer.", replace(TRUST, issuers=()))
    yield case(T, "serial-zero", "The serial zero.", replace(TRUST, serial=0))
