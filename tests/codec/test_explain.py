"""Codes in words: complete, harmless for any code, and never more certain than what is at hand."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given

from codec.alphabet import to_characters
from codec.catalogue import Catalogue
from codec.codes import (
    Authorization,
    Confirmation,
    Evidence,
    IssuerKey,
    Kind,
    Line,
    Mode,
    Request,
    Return,
    ReturnReason,
    Sequence,
    Sketch,
    Term,
    Trust,
    Udi,
    WantedLine,
)
from codec.envelope import (
    UnverifiedCode,
    VerifiedCode,
    long_hint,
    short_hint,
    sign_authorization,
    sign_confirmation,
    sign_request,
    sign_return,
    sign_trust,
)
from codec.errors import KeyRejectedError, NotGenuineError, RevokedIssuerError, UnknownIssuerError
from codec.explain import Change, Known, changes, explain, missing_for, verified_by
from codec.words import words_of
from tests.codec.strategies import DEVICE, ISSUER, ROOT, Signed, signed_codes

PORTAL = b"portal-1"
NOW = datetime(2026, 3, 2, 3, 4, tzinfo=UTC)
CATALOGUE = Catalogue(("ROUTING", "CRYPTO"))
LINES = (Line(0, 2), Line("VPN", 1, Term(date(2026, 1, 1), date(2026, 12, 31))))
TRUST = Trust(1, PORTAL, (IssuerKey(ISSUER.verifying_key.raw, date(2026, 1, 1)),))


def make_request(wanted: tuple[WantedLine, ...] = (WantedLine(1, 3),)) -> VerifiedCode[Request]:
    value = Request(
        udi=Udi("RTR-900", "FDO1"),
        device_key=DEVICE.verifying_key.raw,
        sketch=Sketch((1, 2, 3), 2),
        mode=Mode.SPECIFIC,
        wanted=wanted,
        members=1,
        catalogue=CATALOGUE.id(),
        code_number=1,
        device_time=NOW,
        journal_link=bytes(4),
    )
    return sign_request(value, DEVICE)


REQUEST = make_request()
AUTHORIZATION = sign_authorization(
    Authorization(ISSUER.verifying_key.digest[:1], short_hint(REQUEST.id), NOW, Sequence(0, 2), LINES),
    ISSUER,
    request_id=REQUEST.id,
    portal_id=PORTAL,
)
CONFIRMATION = sign_confirmation(
    Confirmation(long_hint(REQUEST.id), Sequence(0, 2), 2, b"\1\2\3\4"),
    DEVICE,
    request_id=REQUEST.id,
    authorization_id=AUTHORIZATION.id,
)
RETURN = sign_return(
    Return(
        long_hint(REQUEST.id),
        Sequence(3, 2),
        ReturnReason.TEST_ENDED,
        Evidence.HARDWARE_KEY,
        True,
        3,
        bytes(4),
    ),
    DEVICE,
    request_id=REQUEST.id,
)
TRUSTED = sign_trust(TRUST, ROOT)
CODES: dict[Kind, VerifiedCode[Any]] = {
    code.kind: code for code in (REQUEST, AUTHORIZATION, CONFIRMATION, RETURN, TRUSTED)
}
EVERYTHING = Known(CATALOGUE, REQUEST, AUTHORIZATION, ROOT.verifying_key, TRUST)


def unverified(code: VerifiedCode[Any]) -> UnverifiedCode[Any]:
    return UnverifiedCode(code.payload, code.signature, code.value)


def words_for(kind: Kind, known: Known | None = None) -> dict[str, str]:
    return {fact.label: fact.words for fact in explain(unverified(CODES[kind]), known).facts}


@given(signed_codes)
def test_any_code_can_be_explained(signed: Signed) -> None:
    explanation = explain(unverified(signed.code))
    assert explanation.kind is signed.code.kind
    assert explanation.title
    record = json.loads(json.dumps(explanation.record()))
    assert record["kind"] == signed.code.kind.name.lower()
    assert all(fact.words and fact.label for fact in explanation.facts)
    if isinstance(signed.code.value, Authorization):
        assert explanation.lines == signed.code.value.lines
    assert explanation.id == (signed.code.id if signed.code.kind is Kind.REQUEST else None)


@given(signed_codes)
def test_no_field_of_a_code_is_left_out(signed: Signed) -> None:
    explanation = explain(unverified(signed.code))
    told = {fact.name for fact in explanation.facts} | {"lines", "wanted"}
    # Two fields have better names for people, and a UDI is told part by part.
    renamed = {"sketch": "node_lock", "udi": "product_id"}
    value = signed.code.value
    assert is_dataclass(value)
    assert {renamed.get(field.name, field.name) for field in fields(value)} <= told


def test_a_request_in_words() -> None:
    assert words_for(Kind.REQUEST) == {
        "Product id": "RTR-900",
        "Serial number": "FDO1",
        "UUID": "none",
        "Asks for": "named entitlements",
        "Members": "one device",
        "Device key": f"id {DEVICE.verifying_key.id.hex()}",
        "Node lock": "2 of 3 components must match",
        "Catalogue": f"the first 2 tags, digest {CATALOGUE.id().digest.hex()}",  # type: ignore[union-attr]
        "Device's clock": "2026-03-02 03:04 UTC",
        "Code number": "1 of this device",
        "Journal": "nothing before it",
    }


def test_an_answer_in_words() -> None:
    beginning = to_characters(REQUEST.id)
    assert words_for(Kind.AUTHORIZATION) == {
        "Issued": "2026-03-02 03:04 UTC",
        "Sequence": "authorization number 2 of its reservation",
        "Reservation": f"id begins with {beginning[:3]}",
        "Issuer": f"key digest begins with {ISSUER.verifying_key.digest[:1].hex()}",
    }
    assert words_for(Kind.CONFIRMATION) == {
        "Installed": "authorization number 2 of its reservation",
        "Reservation": f"id begins with {beginning[:6]}",
        "Code number": "2 of this device",
        "Journal": "follows link 01020304",
    }
    assert words_for(Kind.RETURN) == {
        "Last installed": "authorization number 2 of its reservation, epoch 3 of the portal",
        "Reason": "test-ended",
        "Evidence": "signed by a key in hardware (as the device says)",
        "Hardware": "changed since the request",
        "Reservation": f"id begins with {beginning[:6]}",
        "Code number": "3 of this device",
        "Journal": "nothing before it",
    }
    assert words_for(Kind.TRUST) == {
        "Serial": "1",
        "Portal id": PORTAL.hex(),
        "Issuers": f"{ISSUER.verifying_key.id.hex()} from 2026-01-01",
        "Revoked keys": "none",
        "Next root": "none named",
    }


def test_lines_are_spelled_as_far_as_possible() -> None:
    code = unverified(AUTHORIZATION)
    assert explain(code).lines == LINES
    spelled = (Line("ROUTING", 2), LINES[1])
    assert explain(code, Known(catalogue=CATALOGUE)).lines == spelled
    assert explain(code, Known(catalogue=CATALOGUE, request=REQUEST)).lines == spelled
    other = Catalogue(("A", "B", "C"))
    assert explain(code, Known(catalogue=other, request=REQUEST)).lines == LINES
    assert explain(unverified(REQUEST)).wanted == (WantedLine(1, 3),)
    assert explain(unverified(REQUEST), Known(catalogue=CATALOGUE)).wanted == (WantedLine("CRYPTO", 3),)
    assert explain(unverified(REQUEST), Known(catalogue=other)).wanted == (WantedLine(1, 3),)


@pytest.mark.parametrize("kind", CODES)
def test_with_everything_at_hand_the_id_is_known(kind: Kind) -> None:
    explanation = explain(unverified(CODES[kind]), EVERYTHING)
    assert explanation.id == CODES[kind].id
    assert explanation.fingerprint == words_of(CODES[kind].id)
    assert len(explanation.fingerprint) == 8
    assert explanation.signature.startswith("Holds")
    assert verified_by(unverified(CODES[kind]), EVERYTHING) == CODES[kind]


NEEDED = {
    Kind.REQUEST: (),
    Kind.AUTHORIZATION: ("request", "trust"),
    Kind.CONFIRMATION: ("request", "authorization"),
    Kind.RETURN: ("request",),
    Kind.TRUST: ("trust",),
}


@pytest.mark.parametrize("kind", NEEDED)
def test_what_is_missing_is_named(kind: Kind) -> None:
    code = unverified(CODES[kind])
    assert missing_for(code, Known()) == NEEDED[kind]
    assert missing_for(code, EVERYTHING) == ()
    if NEEDED[kind]:
        explanation = explain(code)
        assert explanation.id is None
        assert explanation.fingerprint == ()
        assert explanation.signature.startswith("Not checked: that needs the ")
        with pytest.raises(ValueError, match=NEEDED[kind][0]):
            verified_by(code, Known())


@pytest.mark.parametrize("kind", CODES)
def test_a_signature_that_does_not_hold_is_said(kind: Kind) -> None:
    code = CODES[kind]
    broken = UnverifiedCode(code.payload, bytes(64), code.value)
    explanation = explain(broken, EVERYTHING)
    assert explanation.id is None
    assert explanation.signature.startswith("Does not hold: ")
    with pytest.raises(NotGenuineError):
        verified_by(broken, EVERYTHING)


def test_why_an_authorization_is_not_believed() -> None:
    code = unverified(AUTHORIZATION)

    def by(trust: Trust, request: VerifiedCode[Request] = REQUEST) -> None:
        verified_by(code, Known(request=request, trust=trust))

    issuer = ISSUER.verifying_key
    with pytest.raises(UnknownIssuerError):
        by(Trust(1, PORTAL, (IssuerKey(ROOT.verifying_key.raw, date(2026, 1, 1)),)))
    with pytest.raises(UnknownIssuerError):
        by(Trust(1, PORTAL, (IssuerKey(issuer.raw, date(2026, 3, 3)),)))
    with pytest.raises(UnknownIssuerError):
        by(Trust(1, PORTAL, (IssuerKey(issuer.raw, date(2026, 1, 1), date(2026, 3, 1)),)))
    with pytest.raises(RevokedIssuerError):
        by(Trust(1, PORTAL, TRUST.issuers, revoked=(issuer.id,)))
    with pytest.raises(RevokedIssuerError):
        by(Trust(2, PORTAL, (IssuerKey(ROOT.verifying_key.raw, date(2026, 1, 1)),), revoked=(issuer.id,)))
    with pytest.raises(NotGenuineError, match="this portal"):
        by(Trust(1, b"portal-2", TRUST.issuers))
    with pytest.raises(NotGenuineError, match="another request"):
        by(TRUST, make_request(wanted=()))


def test_a_request_with_an_unsound_key() -> None:
    value = replace(REQUEST.value, device_key=bytes(32))
    code = UnverifiedCode(REQUEST.payload, REQUEST.signature, value)
    with pytest.raises(KeyRejectedError):
        verified_by(code, Known())
    assert explain(code).id is None


def test_changes_between_two_authorizations() -> None:
    term = Term(date(2026, 1, 1), date(2026, 12, 31))
    before = (Line("A", 1), Line("B", 2), Line("C", 3), Line("C", 4, term))
    after = (Line("A", 1), Line("B", 5), Line("C", 4, term), Line("D", 6, export_controlled=True))
    assert changes(before, after) == (
        Change(Line("B", 5), 2, 5),
        Change(Line("C", 3), 3, 0),
        Change(Line("D", 6, export_controlled=True), 0, 6),
    )
    assert changes(after, after) == ()
    assert changes((), before) == tuple(Change(line, 0, line.count) for line in before)
