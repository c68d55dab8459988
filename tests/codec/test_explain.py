"""Codes in words: complete, harmless for any code, and never more certain than what is at hand."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from itertools import permutations
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
    sig_structure,
    sign_authorization,
    sign_confirmation,
    sign_request,
    sign_return,
    sign_trust,
)
from codec.errors import KeyRejectedError, NotGenuineError, RevokedIssuerError, UnknownIssuerError
from codec.explain import _other_facts, distance_words, explain, term_words
from codec.proof import COVERED, Known, binding_of, missing_for, verified_by
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
    # A UDI is told part by part.
    renamed = {"udi": "product_id"}
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
        "Component hashes": "000001 000002 000003",
        "Catalogue": f"the first 2 tags, digest {CATALOGUE.id().digest.hex()}",  # type: ignore[union-attr]
        "Device's clock": "2026-03-02 03:04 UTC (Mon)",
        "Code number": "1 of this device",
        "Journal": "nothing before it",
    }


def test_an_answer_in_words() -> None:
    beginning = to_characters(REQUEST.id)
    assert words_for(Kind.AUTHORIZATION) == {
        "Issued": "2026-03-02 03:04 UTC (Mon)",
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
        "Issuers": f"{ISSUER.verifying_key.id.hex()} for issues from 2026-01-01 (Thu) on",
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
        assert explanation.needs == NEEDED[kind]
        assert explanation.fingerprint_words.endswith(f"it covers {COVERED[kind]}, too")
        assert explanation.record()["fingerprint_needs"] == list(NEEDED[kind])
        assert explanation.signature.startswith("Not checked: that needs the ")
        with pytest.raises(ValueError, match=NEEDED[kind][0]):
            verified_by(code, Known())


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NEEDED.items() for name in names])
def test_each_thing_that_is_missing_is_enough_to_prove_nothing(kind: Kind, name: str) -> None:
    lacking = {"trust": None, "root": None} if name == "trust" else {name: None}
    known = replace(EVERYTHING, **lacking)
    assert missing_for(unverified(CODES[kind]), known) == (name,)
    with pytest.raises(ValueError, match=f"^missing: {name}$"):
        verified_by(unverified(CODES[kind]), known)
    with pytest.raises(ValueError, match="something else"):
        binding_of(CODES[kind], known)


@pytest.mark.parametrize("kind", CODES)
def test_a_signature_that_does_not_hold_is_said(kind: Kind) -> None:
    code = CODES[kind]
    broken = UnverifiedCode(code.payload, bytes(64), code.value)
    explanation = explain(broken, EVERYTHING)
    assert explanation.id is None
    assert explanation.fingerprint == ()
    assert explanation.fingerprint_words == "none, since its signature does not hold"
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


def test_what_an_id_covers_is_what_changes_it() -> None:
    """A fingerprint stands for the code and for all that it is bound to, so it changes with each part."""
    value = AUTHORIZATION.value
    other_portal = sign_authorization(value, ISSUER, request_id=REQUEST.id, portal_id=b"portal-2")
    other_request = sign_authorization(value, ISSUER, request_id=bytes(32), portal_id=PORTAL)
    other_issuer = sign_authorization(value, ROOT, request_id=REQUEST.id, portal_id=PORTAL)
    other_lines = sign_authorization(
        replace(value, lines=LINES[:1]), ISSUER, request_id=REQUEST.id, portal_id=PORTAL
    )
    ids = {each.id for each in (AUTHORIZATION, other_portal, other_request, other_issuer, other_lines)}
    assert len(ids) == len({words_of(each) for each in ids}) == 5


@pytest.mark.parametrize("kind", CODES)
def test_how_a_code_is_verified_elsewhere(kind: Kind) -> None:
    code = CODES[kind]
    binding = binding_of(code, EVERYTHING)
    binding.key.verify(code.signature, sig_structure(code.payload, binding.external_aad))
    if kind is not Kind.REQUEST:
        with pytest.raises(ValueError, match="something else"):
            binding_of(code, Known())


def test_the_right_one_of_several_issuers_is_named() -> None:
    """Hints are a byte only, and several issuers may fit."""
    day = date(2026, 1, 1)
    for keys in permutations((ROOT.verifying_key.raw, ISSUER.verifying_key.raw, DEVICE.verifying_key.raw)):
        known = replace(EVERYTHING, trust=Trust(1, PORTAL, tuple(IssuerKey(key, day) for key in keys)))
        assert binding_of(verified_by(unverified(AUTHORIZATION), known), known).key == ISSUER.verifying_key


# --- days ------------------------------------------------------------------------------------------------

TERM = LINES[1].term


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2025, 12, 1), "begins in 31 days"),
        (date(2025, 12, 31), "begins in 1 day"),
        (date(2026, 1, 1), "ends in 364 days"),
        (date(2026, 12, 30), "ends in 1 day"),
        (date(2026, 12, 31), "ends today"),
        (date(2027, 1, 1), "ended 1 day ago"),
        (date(2030, 1, 1), "ended 1,097 days ago"),
    ],
)
def test_how_far_away_an_end_is(today: date, words: str) -> None:
    assert distance_words(TERM, today) == words
    assert distance_words(None, today) == ""


def test_days_have_their_weekdays() -> None:
    assert term_words(TERM) == "2026-01-01 (Thu) to 2026-12-31 (Thu)"
    assert term_words(None) == "perpetual"


def test_terms_are_told_as_of_the_given_day_and_of_no_other() -> None:
    code = unverified(AUTHORIZATION)
    assert "ends_in_days" not in explain(code).record()["lines"][1]
    perpetual, term = explain(code, today=date(2026, 12, 1)).record()["lines"]
    assert (perpetual["ends_in_days"], term["ends_in_days"]) == (None, 30)
    assert term["as_of"] == "2026-12-01"
    ended = explain(code, today=date(2027, 1, 2)).record()["lines"][1]
    assert ended["ends_in_days"] == -2


def test_a_kind_without_words_is_told_by_its_fields() -> None:
    """A kind that comes later is told completely before anybody writes words for it."""
    told = _other_facts(RETURN.value)
    assert [(fact.name, fact.label) for fact in told][:2] == [
        ("request_hint", "Request hint"),
        ("last_sequence", "Last sequence"),
    ]
    assert {fact.name for fact in told} == {field.name for field in fields(RETURN.value)}
    assert all(fact.words for fact in told)
