"""Signatures on codes: the bytes that are signed, whom they bind, and the one way to a verified code."""

import ast
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any, TypeVar

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.alphabet import to_characters
from codec.codes import Authorization, Code, Confirmation, IssuerKey, Kind, Request, Return, Trust
from codec.envelope import (
    UnverifiedCode,
    VerifiedCode,
    decode_body,
    external_aad,
    issuer_hint,
    link_after,
    long_hint,
    narrowed,
    require_kind,
    short_hint,
    sig_structure,
    sign_authorization,
    sign_request,
    sign_trust,
    verify_authorization,
    verify_confirmation,
    verify_request,
    verify_return,
    verify_trust,
)
from codec.errors import CodecError, KeyRejectedError, MalformedCodeError, NotGenuineError, WrongKindError
from codec.keys import SigningKey
from codec.parity import is_clean
from tests import style_rules
from tests.codec import strategies
from tests.codec.strategies import (
    AUTHORIZATION_ID,
    CONTEXT,
    DEVICE,
    EXAMPLES,
    ISSUER,
    PORTAL_ID,
    REQUEST_ID,
    ROOT,
    SIGNED_EXAMPLES,
    Signed,
)

V = TypeVar("V", bound=Code)
OTHER = SigningKey(b"other" * 6 + b"42")

AAD = {
    Kind.REQUEST: [],
    Kind.AUTHORIZATION: [REQUEST_ID, ISSUER.verifying_key.digest, PORTAL_ID],
    Kind.CONFIRMATION: [REQUEST_ID, AUTHORIZATION_ID],
    Kind.RETURN: [REQUEST_ID],
    Kind.TRUST: [ROOT.verifying_key.digest],
}
SIGNER = {
    Kind.REQUEST: DEVICE,
    Kind.AUTHORIZATION: ISSUER,
    Kind.CONFIRMATION: DEVICE,
    Kind.RETURN: DEVICE,
    Kind.TRUST: ROOT,
}


def example_of(kind: type[V]) -> V:
    return next(value for value in EXAMPLES.values() if isinstance(value, kind))


def unverified(code: VerifiedCode[V], kind: type[V]) -> UnverifiedCode[V]:
    """Take a code back to what a reader has before it verifies."""
    return require_kind(decode_body(code.text[:-16]), kind)


# --- what is signed ------------------------------------------------------------------------------------


@given(st.sampled_from(Kind), st.lists(st.binary(max_size=40), max_size=4))
def test_the_external_aad_is_deterministic_cbor(kind: Kind, known: list[bytes]) -> None:
    assert external_aad(kind, *known) == cbor2.dumps(["tallystick/1", kind.value, *known], canonical=True)


def foreign_sig_structure(payload: bytes, aad: bytes) -> bytes:
    protected = cbor2.dumps({1: -19}, canonical=True)
    return cbor2.dumps(["Signature1", protected, aad, payload], canonical=True)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_sig_structure_is_that_of_rfc_9052(payload: bytes, aad: bytes) -> None:
    assert sig_structure(payload, aad) == foreign_sig_structure(payload, aad)


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 1204, 65_535])
def test_every_length_has_its_shortest_head(length: int) -> None:
    content = b"\xa5" * length
    assert sig_structure(content, content) == foreign_sig_structure(content, content)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_signs_what_the_protocol_names(kind: Kind) -> None:
    code = SIGNED_EXAMPLES[kind].code
    aad = cbor2.dumps(["tallystick/1", kind.value, *AAD[kind]], canonical=True)
    signed = cbor2.dumps(["Signature1", b"\xa1\x01\x32", aad, code.payload], canonical=True)
    SIGNER[kind].verifying_key.verify(code.signature, signed)
    assert code.id == sha256(signed).digest()


# --- whom it binds -------------------------------------------------------------------------------------


@given(strategies.signed_codes)
def test_every_signed_code_verifies_from_its_text(signed: Signed) -> None:
    code = signed.code
    assert code.text[0] == code.kind.value
    assert is_clean(code.text)
    found = signed.verify(decode_body(code.text[:-16]))
    assert found == code


@pytest.mark.parametrize("kind", Kind)
def test_every_changed_bit_is_refused(kind: Kind) -> None:
    signed = SIGNED_EXAMPLES[kind]
    data = signed.code.payload + signed.code.signature
    for bit in range(8 * len(data)):
        changed = (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")
        with pytest.raises(CodecError):
            signed.verify(decode_body(to_characters(changed)))


@pytest.mark.parametrize("kind", Kind)
def test_every_truncation_and_extension_is_refused(kind: Kind) -> None:
    signed = SIGNED_EXAMPLES[kind]
    body = signed.code.text[:-16]
    changed = [body[:length] for length in range(len(body))]
    changed += [body[start:] for start in range(1, len(body))]
    changed += [body + tail for tail in ("0", "00", "0000", "ZZ", body)]
    for each in changed:
        with pytest.raises(CodecError):
            signed.verify(decode_body(each))


def code_of(kind: Kind) -> VerifiedCode[Any]:
    return SIGNED_EXAMPLES[kind].code


AUTHORIZATION: VerifiedCode[Authorization] = code_of(Kind.AUTHORIZATION)
CONFIRMATION: VerifiedCode[Confirmation] = code_of(Kind.CONFIRMATION)
RETURN: VerifiedCode[Return] = code_of(Kind.RETURN)
TRUST: VerifiedCode[Trust] = code_of(Kind.TRUST)


REFUSING: dict[str, Callable[[], object]] = {
    "an authorization for another request": lambda: verify_authorization(
        unverified(AUTHORIZATION, Authorization), replace(CONTEXT, request_id=bytes(32))
    ),
    "an authorization of another portal": lambda: verify_authorization(
        unverified(AUTHORIZATION, Authorization), replace(CONTEXT, portal_id=bytes(8))
    ),
    "an authorization by another issuer": lambda: verify_authorization(
        unverified(AUTHORIZATION, Authorization), replace(CONTEXT, issuer=OTHER.verifying_key)
    ),
    "an authorization whose issuer says it is another": lambda: verify_authorization(
        unverified(
            sign_authorization(example_of(Authorization), OTHER, request_id=REQUEST_ID, portal_id=PORTAL_ID),
            Authorization,
        ),
        CONTEXT,
    ),
    "a confirmation for another request": lambda: verify_confirmation(
        unverified(CONFIRMATION, Confirmation),
        DEVICE.verifying_key,
        request_id=bytes(32),
        authorization_id=AUTHORIZATION_ID,
    ),
    "a confirmation of another authorization": lambda: verify_confirmation(
        unverified(CONFIRMATION, Confirmation),
        DEVICE.verifying_key,
        request_id=REQUEST_ID,
        authorization_id=bytes(32),
    ),
    "a confirmation by another device": lambda: verify_confirmation(
        unverified(CONFIRMATION, Confirmation),
        OTHER.verifying_key,
        request_id=REQUEST_ID,
        authorization_id=AUTHORIZATION_ID,
    ),
    "a return for another request": lambda: verify_return(
        unverified(RETURN, Return), DEVICE.verifying_key, request_id=bytes(32)
    ),
    "a return by another device": lambda: verify_return(
        unverified(RETURN, Return), OTHER.verifying_key, request_id=REQUEST_ID
    ),
    "a trust code by another root": lambda: verify_trust(unverified(TRUST, Trust), OTHER.verifying_key),
    "a request signed by another key than its own": lambda: verify_request(
        unverified(sign_request(example_of(Request), OTHER), Request)
    ),
}


@pytest.mark.parametrize("name", REFUSING)
def test_what_is_not_meant_for_this_reader_is_not_genuine(name: str) -> None:
    with pytest.raises(NotGenuineError) as caught:
        REFUSING[name]()
    assert caught.value.hint


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("wanted", [Request, Authorization, Confirmation, Return, Trust])
def test_a_code_of_another_kind_is_named_as_such(kind: Kind, wanted: type[Code]) -> None:
    code = decode_body(SIGNED_EXAMPLES[kind].code.text[:-16])
    if isinstance(code.unverified, wanted):
        assert require_kind(code, wanted) is code
        return
    with pytest.raises(WrongKindError) as caught:
        require_kind(code, wanted)
    assert " a a" not in caught.value.message
    assert caught.value.hint.startswith("Give the code that starts with ")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("other", Kind)
def test_no_code_passes_for_another_kind(kind: Kind, other: Kind) -> None:
    """The kind byte is signed, and so is the kind in what the reader knows."""
    text = SIGNED_EXAMPLES[kind].code.text[:-16]
    if kind is other:
        return
    with pytest.raises(CodecError):
        SIGNED_EXAMPLES[other].verify(decode_body(other.value + text[1:]))


# --- keys inside codes ---------------------------------------------------------------------------------

IDENTITY = (1).to_bytes(32, "little")


def test_a_request_with_a_hostile_key_is_refused_whatever_its_signature() -> None:
    forged = sign_request(replace(example_of(Request), device_key=IDENTITY), OTHER)
    with pytest.raises(KeyRejectedError):
        verify_request(unverified(forged, Request))


@pytest.mark.parametrize(
    "change",
    [{"issuers": (IssuerKey(IDENTITY, strategies.MOMENT.date()),)}, {"next_root": IDENTITY}],
    ids=["issuer", "next root"],
)
def test_a_trust_code_with_a_hostile_key_is_refused(change: dict[str, Any]) -> None:
    forged = sign_trust(replace(example_of(Trust), **change), ROOT)
    with pytest.raises(KeyRejectedError):
        verify_trust(unverified(forged, Trust), ROOT.verifying_key)


# --- names ---------------------------------------------------------------------------------------------


def test_hints_are_the_first_bytes_of_what_they_name() -> None:
    assert issuer_hint(ISSUER.verifying_key) == ISSUER.verifying_key.digest[:1]
    assert short_hint(REQUEST_ID) == REQUEST_ID[:2]
    assert long_hint(REQUEST_ID) == REQUEST_ID[:4]


def test_a_link_depends_on_the_code_and_on_every_link_before() -> None:
    assert link_after(b"\0\1\2\3", REQUEST_ID) == sha256(b"\0\1\2\3" + REQUEST_ID).digest()[:4]


def test_an_id_does_not_depend_on_the_signature() -> None:
    one = sign_request(example_of(Request), DEVICE)
    other = sign_request(example_of(Request), OTHER)
    assert one.id == other.id
    assert one.signature != other.signature


@pytest.mark.parametrize("body", ["", "Q4", "A4" * 20, "Q4" + "0" * 100])
def test_what_is_too_short_is_told_so(body: str) -> None:
    with pytest.raises(MalformedCodeError, match="too short") as caught:
        decode_body(body)
    assert "whole code" in caught.value.hint


# --- the one way to a verified code --------------------------------------------------------------------


def made_in(sources: tuple[style_rules.Source, ...], name: str) -> set[str]:
    """Return the files in which a class is called by name, or values are changed by `replace`."""
    return {
        source.path
        for source, call in style_rules.nodes(sources, ast.Call)
        if ast.unparse(call.func).rpartition(".")[2].partition("[")[0] == name
    }


def test_only_the_envelope_makes_verified_codes() -> None:
    product = style_rules.product(style_rules.read_tree())
    assert made_in(product, "VerifiedCode") == {"codec/envelope.py"}


def test_no_verified_code_is_changed_afterwards() -> None:
    product = style_rules.product(style_rules.read_tree())
    for source, call in style_rules.nodes(product, ast.Call):
        if ast.unparse(call.func) in {"replace", "dataclasses.replace", "copy.replace"}:
            changed = {keyword.arg for keyword in call.keywords}
            assert not changed & {"payload", "signature"}, f"{source.path}:{call.lineno}"


def test_the_search_for_constructors_finds_them() -> None:
    planted = style_rules.Source("cli/planted.py", "envelope.VerifiedCode[Request](1)\nVerifiedCode(2)")
    assert made_in((planted,), "VerifiedCode") == {"cli/planted.py"}


def test_a_verified_code_is_no_unverified_one() -> None:
    assert not issubclass(VerifiedCode, UnverifiedCode)
    assert not hasattr(AUTHORIZATION, "unverified")
    assert not hasattr(unverified(AUTHORIZATION, Authorization), "value")
    assert not hasattr(unverified(AUTHORIZATION, Authorization), "id")


def test_a_verified_code_is_narrowed_to_its_own_kind_only() -> None:
    assert narrowed(AUTHORIZATION, Authorization) is AUTHORIZATION
    assert narrowed(AUTHORIZATION, Request) is None
