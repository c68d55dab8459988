"""Codes as COSE messages: two foreign libraries read, write and verify them; one form alone comes in."""

from collections.abc import Callable
from typing import Any

import cbor2
import cwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from pycose.algorithms import CoseAlgorithm, EdDSA
from pycose.headers import Algorithm
from pycose.keys.curves import Ed25519
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from codec.codes import Code, Kind
from codec.cose import LARGEST_MESSAGE, from_cose, to_cose
from codec.envelope import UnverifiedCode, VerifiedCode, decode_body
from codec.errors import CodecError, MalformedCodeError, NewerVersionError
from codec.keys import SigningKey, VerifyingKey
from codec.wire import MAX_CODE_BYTES
from tests.codec.strategies import (
    AUTHORIZATION_ID,
    DEVICE,
    ISSUER,
    PORTAL_ID,
    REQUEST_ID,
    ROOT,
    SIGNED_EXAMPLES,
    Signed,
    signed_codes,
)

SIGNER: dict[Kind, SigningKey] = {
    Kind.REQUEST: DEVICE,
    Kind.AUTHORIZATION: ISSUER,
    Kind.CONFIRMATION: DEVICE,
    Kind.RETURN: DEVICE,
    Kind.TRUST: ROOT,
}
KNOWN: dict[Kind, list[bytes]] = {
    Kind.REQUEST: [],
    Kind.AUTHORIZATION: [REQUEST_ID, ISSUER.verifying_key.digest, PORTAL_ID],
    Kind.CONFIRMATION: [REQUEST_ID, AUTHORIZATION_ID],
    Kind.RETURN: [REQUEST_ID],
    Kind.TRUST: [ROOT.verifying_key.digest],
}
PROTECTED = b"\xa1\x01\x32"


def aad_of(kind: Kind) -> bytes:
    """Return the external_aad, made by a foreign library."""
    return cbor2.dumps(["tallystick/1", kind.value, *KNOWN[kind]], canonical=True)


def private_key(key: SigningKey, **more: Any) -> Any:
    pem = Ed25519PrivateKey.from_private_bytes(key.seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return cwt.COSEKey.from_pem(pem, alg="Ed25519", **more)


def public_key(key: VerifyingKey, **more: Any) -> Any:
    pem = Ed25519PublicKey.from_public_bytes(key.raw).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return cwt.COSEKey.from_pem(pem, alg="Ed25519", **more)


def example(kind: Kind = Kind.AUTHORIZATION) -> VerifiedCode[Any]:
    return SIGNED_EXAMPLES[kind].code


# --- foreign libraries ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_cwt_makes_the_same_bytes_and_verifies_ours(kind: Kind) -> None:
    code, key = example(kind), SIGNER[kind]
    theirs = cwt.COSE.new(alg_auto_inclusion=True).encode_and_sign(
        code.payload, private_key(key), external_aad=aad_of(kind)
    )
    assert to_cose(code) == theirs
    verifier, public = cwt.COSE.new(), public_key(key.verifying_key)
    assert verifier.decode(to_cose(code), public, external_aad=aad_of(kind)) == code.payload
    with pytest.raises(cwt.VerifyError):
        verifier.decode(to_cose(code), public, external_aad=aad_of(kind) + b"\0")


@given(signed_codes)
def test_cwt_makes_the_same_bytes_of_any_content(signed: Signed) -> None:
    code = signed.code
    kind = code.kind
    theirs = cwt.COSE.new(alg_auto_inclusion=True).encode_and_sign(
        code.payload, private_key(SIGNER[kind]), external_aad=aad_of(kind)
    )
    assert to_cose(code) == theirs
    assert signed.verify(from_cose(theirs)) == code


@CoseAlgorithm.register_attribute()
class FullySpecifiedEd25519(EdDSA):
    """Algorithm -19 of RFC 9864, which the library does not know yet."""

    identifier = -19
    fullname = "ED25519"


@pytest.mark.parametrize("kind", Kind)
def test_pycose_verifies_every_kind(kind: Kind) -> None:
    message: Any = Sign1Message.decode(to_cose(example(kind)))
    assert message.phdr == {Algorithm: FullySpecifiedEd25519}
    assert message.uhdr == {}
    message.key = OKPKey(crv=Ed25519, x=SIGNER[kind].verifying_key.raw)
    message.external_aad = aad_of(kind)
    assert message.verify_signature()
    message.external_aad = aad_of(kind) + b"\0"
    assert not message.verify_signature()


# --- there and back ------------------------------------------------------------------------------------


@given(signed_codes)
def test_there_and_back_nothing_is_lost(signed: Signed) -> None:
    code = signed.code
    unverified = decode_body(code.text[:-16])
    assert to_cose(unverified) == to_cose(code)
    assert from_cose(to_cose(code)) == unverified


def require_one_form(message: bytes) -> None:
    """A message is refused with words, or goes out again as it came in."""
    try:
        code = from_cose(message)
    except CodecError as error:
        refused = error
        assert refused.hint or "COSE" not in refused.message
    else:
        assert to_cose(code) == message


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_the_one_form(message: bytes) -> None:
    require_one_form(message)
    require_one_form(to_cose(example())[:9] + message)


@pytest.mark.parametrize("kind", Kind)
def test_every_changed_byte_is_refused_or_another_code(kind: Kind) -> None:
    message = to_cose(example(kind))
    for place in range(len(message)):
        for value in {0, 1, 0x1F, 0x40, 0x58, 0x5F, 0x9F, 0xFF, message[place] ^ 1}:
            require_one_form(message[:place] + bytes((value,)) + message[place + 1 :])
        require_one_form(message[:place])
        require_one_form(message[:place] + message[place + 1 :])
        require_one_form(message[:place] + b"\0" + message[place:])


cbor_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.binary(max_size=9) | st.text(max_size=9) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(cbor_values, cbor_values, cbor_values)
def test_any_cbor_is_refused_or_the_one_form(one: Any, other: Any, third: Any) -> None:
    code = example()
    for item in (
        one,
        cbor2.CBORTag(18, [cbor2.dumps(one), {}, code.payload, code.signature]),
        cbor2.CBORTag(18, [PROTECTED, other, code.payload, code.signature]),
        cbor2.CBORTag(18, [one, other, third, code.signature]),
    ):
        require_one_form(cbor2.dumps(item))


# --- what is refused, and in which words ---------------------------------------------------------------


def built(
    *,
    tag: int | None = 18,
    protected: bytes = PROTECTED,
    unprotected: Any = None,
    payload: Any = ...,
    signature: Any = ...,
    more: tuple[Any, ...] = (),
) -> bytes:
    """Build a message by a foreign library, wrong in one respect."""
    code = example()
    parts = [
        protected,
        {} if unprotected is None else unprotected,
        code.payload if payload is ... else payload,
        code.signature if signature is ... else signature,
        *more,
    ]
    return cbor2.dumps(parts if tag is None else cbor2.CBORTag(tag, parts))


def by_cwt(**options: Any) -> bytes:
    maker = cwt.COSE.new(alg_auto_inclusion=True, **options)
    made = maker.encode_and_sign(
        example().payload, private_key(ISSUER, kid="issuer-1"), external_aad=aad_of(Kind.AUTHORIZATION)
    )
    assert isinstance(made, bytes)
    return made


GOOD = to_cose(example())
PAYLOAD = example().payload
HEADER = b"\x43" + PROTECTED
NESTED = b"\x81" * 20_000 + b"\x00"

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "ends too early"),
    "no CBOR message": (lambda: b"\x01", "no COSE message"),
    "a text code": (example().text.encode, ""),
    "too long": (lambda: GOOD.ljust(LARGEST_MESSAGE + 1), "more than 65,536 bytes"),
    "as long as can be": (lambda: GOOD.ljust(LARGEST_MESSAGE), "goes on after its end"),
    "trailing byte": (lambda: GOOD + b"\0", "goes on after its end: 1 more byte."),
    "two messages": (lambda: GOOD + GOOD, "goes on after its end"),
    "cut short": (lambda: GOOD[:-1], "ends too early"),
    "no tag": (lambda: built(tag=None), "no tag"),
    "COSE_Sign": (lambda: built(tag=98), "COSE_Sign "),
    "COSE_Mac0": (lambda: built(tag=17), "COSE_Mac0"),
    "a CWT around it": (lambda: b"\xd8\x3d" + GOOD, "a CWT"),
    "an unknown tag": (lambda: built(tag=999), "something else"),
    "five parts": (lambda: built(more=(b"",)), "array of four"),
    "three parts": (lambda: cbor2.dumps(cbor2.CBORTag(18, [PROTECTED, {}, PAYLOAD])), "array of four"),
    "a map in place of the array": (lambda: cbor2.dumps(cbor2.CBORTag(18, {})), "array of four"),
    "kid, as cwt adds it": (lambda: by_cwt(kid_auto_inclusion=True), "holds label 4 (kid), which"),
    "unprotected label without a name": (lambda: built(unprotected={4: b"k", 99: 1}), "(kid), 99, which"),
    "unprotected text label": (lambda: built(unprotected={4: b"k", "x": 1}), "label 4 (kid), a text"),
    "unprotected is no map": (lambda: built(unprotected=[]), "unprotected header is no map"),
    "EdDSA": (lambda: built(protected=b"\xa1\x01\x27"), "(EdDSA)"),
    "another algorithm": (lambda: built(protected=b"\xa1\x01\x26"), "another algorithm than -19"),
    "no algorithm": (lambda: built(protected=b""), "names no algorithm"),
    "an empty map": (lambda: built(protected=b"\xa0"), "names no algorithm"),
    "the label true": (lambda: built(protected=b"\xa1\xf5\x32"), "names no algorithm"),
    "the algorithm in text": (lambda: built(protected=b"\xa1\x01\x61\x41"), "another algorithm"),
    "more than the algorithm": (lambda: built(protected=b"\xa2\x01\x32\x04\x41k"), "label 1 (alg), 4 (kid)"),
    "the algorithm twice": (lambda: built(protected=b"\xa2\x01\x32\x01\x32"), "same label twice"),
    "labels out of order": (lambda: built(protected=b"\xa2\x04\x41k\x01\x32"), "not in order"),
    "protected is a map": (lambda: GOOD.replace(HEADER, PROTECTED), "header is no byte string"),
    "protected is no map": (lambda: built(protected=b"\x01"), "protected header is no map"),
    "protected goes on": (lambda: built(protected=PROTECTED + b"\0"), "goes on after its end"),
    "a longer head": (lambda: GOOD.replace(HEADER, b"\x58\x03" + PROTECTED), "longer than needed"),
    "a longer algorithm": (lambda: built(protected=b"\xa1\x01\x38\x12"), "longer than needed"),
    "a longer tag": (lambda: b"\xd8\x12" + GOOD[1:], "longer than needed"),
    "indefinite array": (lambda: GOOD[:1] + b"\x9f" + GOOD[2:] + b"\xff", "indefinite length"),
    "indefinite bytes": (lambda: GOOD.replace(HEADER, b"\x5f" + HEADER + b"\xff"), "indefinite"),
    "a break alone": (lambda: b"\xff", "indefinite"),
    "reserved": (lambda: b"\x1c", "keeps for the future"),
    "a fraction": (lambda: b"\xd2\xfb" + bytes(8), "fraction"),
    "a simple value of two bytes": (lambda: b"\xf8\x20", "unknown simple value"),
    "payload is undefined": (lambda: built(payload=cbor2.undefined), "payload is no byte string"),
    "no UTF-8": (lambda: b"\xd2\x61\xff", "no UTF-8"),
    "nested deeply": (lambda: b"\xd2" + NESTED, "nested deeper than 8"),
    "nested in a header": (lambda: built(unprotected={9: [[[[[[[[[[]]]]]]]]]]}), "nested deeper than 8"),
    "tags in tags": (lambda: b"\xd2" * 60_000, "nested deeper than 8"),
    "nested in labels": (lambda: b"\xa1" * 20_000 + bytes(20_001), "nested deeper than 8"),
    "nested in maps": (lambda: b"\xa1\0" * 20_000 + b"\0", "nested deeper than 8"),
    "an array of 2^64 items": (lambda: b"\xd2\x9b" + b"\xff" * 8, "ends too early"),
    "a map of 2^32 pairs": (lambda: b"\xd2\xba" + b"\xff" * 4, "ends too early"),
    "bytes of 2^63": (lambda: b"\xd2\x84\x5b" + b"\x7f" + b"\xff" * 7, "ends too early"),
    "detached payload": (lambda: built(payload=None), "detached"),
    "payload is a text": (lambda: built(payload="A"), "payload is no byte string"),
    "short signature": (lambda: built(signature=bytes(63)), "64 bytes"),
    "signature is a list": (lambda: built(signature=[]), "64 bytes"),
    "payload is no code": (lambda: built(payload=b"\0\0"), ""),
    "payload is empty": (lambda: built(payload=b""), ""),
    "payload too long": (lambda: built(payload=PAYLOAD + bytes(MAX_CODE_BYTES)), ""),
    "payload in another form": (lambda: built(payload=PAYLOAD + b"\0"), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused_in_words(name: str) -> None:
    make, words = REFUSED[name]
    with pytest.raises(MalformedCodeError) as caught:
        from_cose(make())
    assert words in caught.value.message
    assert "issuer-1" not in caught.value.message


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_the_least_number_of_so_many_bytes_is_no_longer_than_needed(size: int) -> None:
    head, least = bytes((0x17 + size.bit_length(),)), 24 if size == 1 else 1 << 4 * size
    with pytest.raises(MalformedCodeError, match="It is no COSE message"):
        from_cose(head + least.to_bytes(size))
    with pytest.raises(MalformedCodeError, match="longer than needed"):
        from_cose(head + (least - 1).to_bytes(size))


@pytest.mark.parametrize(
    "nested",
    [
        lambda depth: b"\x81" * depth + b"\0",
        lambda depth: b"\xc1" * depth + b"\0",
        lambda depth: b"\xa1\0" * depth + b"\0",
        lambda depth: b"\xa1" * depth + bytes(depth + 1),
    ],
    ids=["arrays", "tags", "maps", "labels"],
)
def test_eight_levels_are_looked_through_and_no_more(nested: Callable[[int], bytes]) -> None:
    for depth in (1, 8, 9, 10):
        with pytest.raises(MalformedCodeError) as caught:
            from_cose(nested(depth))
        assert ("nested deeper than 8 levels" in caught.value.message) == (depth > 8)


def test_what_each_refusal_lacks_is_all_that_it_lacks() -> None:
    """The pieces of the refused messages make a good one where nothing is wrong."""
    assert from_cose(built()) == from_cose(GOOD) == from_cose(by_cwt())


def test_a_payload_of_a_newer_version_is_told_so() -> None:
    with pytest.raises(NewerVersionError):
        from_cose(built(payload=bytes((PAYLOAD[0] + 1,)) + PAYLOAD[1:]))


def test_the_longest_code_fits() -> None:
    code: UnverifiedCode[Code] = UnverifiedCode(bytes(MAX_CODE_BYTES - 64), bytes(64), example().value)
    assert len(to_cose(code)) == 1280
