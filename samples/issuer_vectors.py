"""The scenarios of the test vectors about who issued a code, for whom, and by which catalogue.

Scope: issuers that are found by a trust code, hints, catalogues, and which class of failure is named where
several apply; accepted and refused. `samples.vectors` makes files of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from codec.alphabet import PARITY_CHARACTERS
from codec.codes import IssuerKey, Kind, Line
from codec.envelope import issuer_hint, sign_request, to_text
from codec.keys import SigningKey
from samples.accepted_vectors import (
    ASKED,
    AUTHORIZATION,
    AUTHORIZATION_CONTEXT,
    AUTHORIZED,
    REQUEST,
    TODAY,
    TRUST,
    TRUST_CONTEXT,
    authorize,
    trust,
)
from samples.cast import secret
from samples.forged_payloads import newer, other_forms
from samples.pasted_vectors import mistype
from samples.refused_vectors import code_of_payload
from samples.vectors import (
    CATALOGUE,
    DEVICE,
    ISSUER,
    ROOT,
    SECOND_ISSUER,
    STRANGER,
    Vector,
    accepted,
    refused,
)

A, Q, T = Kind.AUTHORIZATION, Kind.REQUEST, Kind.TRUST

#: Two keys whose hint is that of the issuer; sorted by key, the issuer stands between them.
BEFORE: Final = SigningKey(secret("vectors: issuer key alike 199"))
BEHIND: Final = SigningKey(secret("vectors: issuer key alike 169"))
MINE: Final = IssuerKey(ISSUER.verifying_key.raw, TODAY - timedelta(days=60))
OTHER: Final = IssuerKey(SECOND_ISSUER.verifying_key.raw, TODAY - timedelta(days=60))
UNRELATED: Final = bytes.fromhex("00ff00ff00ff00ff")
_DAY: Final = timedelta(days=1)
TAGS: Final = list(CATALOGUE.tags)


def issuer_vectors() -> Iterator[Vector]:
    """Yield every scenario about issuers, hints, catalogues and the order of classes."""
    hints = {issuer_hint(key.verifying_key) for key in (ISSUER, BEFORE, BEHIND)}
    if len(hints) != 1 or issuer_hint(SECOND_ISSUER.verifying_key) in hints or UNRELATED[:1] in hints:
        raise ValueError("the hints of the keys are not what the scenarios need: choose other names")
    yield from _found_by_trust()
    yield from _not_found_by_trust()
    yield from _revoked()
    yield from _hints()
    yield from _catalogues()
    yield from _no_catalogue()
    yield from _several_classes()


def _trusting(*issuers: IssuerKey, **changes: Any) -> Mapping[str, Any]:
    """Return a context whose trust code certifies these issuers."""
    ordered = tuple(sorted(issuers, key=lambda issuer: issuer.key))
    return {
        "request": ASKED.text,
        "root": ROOT.verifying_key.raw.hex(),
        "trust": trust(replace(TRUST, issuers=ordered, **changes)).text,
    }


def _alike(key: SigningKey) -> IssuerKey:
    return replace(MINE, key=key.verifying_key.raw)


def _accepted(name: str, description: str, context: Mapping[str, Any]) -> Vector:
    return accepted(f"authorization-accepted-{name}", description, AUTHORIZED, context)


def _refused(
    error: str,
    name: str,
    description: str,
    context: Mapping[str, Any] = AUTHORIZATION_CONTEXT,
    code: str = AUTHORIZED.text,
) -> Vector:
    return refused(f"authorization-refused-{name}", description, A, code, error, context)


# --- issuers -------------------------------------------------------------------------------------------


def _found_by_trust() -> Iterator[Vector]:
    yield _accepted("by-trust", "The trust code certifies the issuer.", _trusting(MINE, OTHER))
    yield _accepted(
        "first-day-of-issuer",
        "The issuer's validity starts on the day of issue.",
        _trusting(replace(MINE, valid_from=TODAY)),
    )
    yield _accepted(
        "last-day-of-issuer",
        "The issuer's validity ends on the day of issue.",
        _trusting(replace(MINE, valid_until=TODAY)),
    )
    yield _accepted(
        "issuers-alike",
        "Three issuers with one hint; by key, the one who signed stands between the others.",
        _trusting(_alike(BEFORE), MINE, _alike(BEHIND)),
    )
    yield _accepted(
        "unrelated-revoked",
        "A key is revoked that has nothing to do with the issuer.",
        _trusting(MINE, revoked=(UNRELATED,)),
    )
    yield _accepted(
        "alike-revoked",
        "A key is revoked that has the issuer's hint, and is another.",
        _trusting(MINE, revoked=(BEFORE.verifying_key.id,)),
    )


def _not_found_by_trust() -> Iterator[Vector]:
    yield _refused(
        "unknown-issuer", "unknown-issuer", "The trust code certifies another issuer only.", _trusting(OTHER)
    )
    yield _refused(
        "unknown-issuer",
        "issuer-not-yet-valid",
        "The issuer's validity starts on the day after the issue.",
        _trusting(replace(MINE, valid_from=TODAY + _DAY)),
    )
    yield _refused(
        "unknown-issuer",
        "issuer-no-longer-valid",
        "The issuer's validity ended on the day before the issue.",
        _trusting(replace(MINE, valid_until=TODAY - _DAY)),
    )
    yield _refused(
        "unknown-issuer",
        "unknown-beside-revoked",
        "The trust code certifies another issuer, and revokes a key that has nothing to do with either.",
        _trusting(OTHER, revoked=(UNRELATED,)),
    )
    yield _refused(
        "not-genuine",
        "issuers-alike",
        "Two issuers fit the hint, and neither signed.",
        _trusting(_alike(BEFORE), _alike(BEHIND)),
    )
    yield _refused(
        "not-genuine",
        "other-portal-by-trust",
        "The trust code certifies the issuer, for another portal.",
        _trusting(MINE, portal_id=bytes(8)),
    )


def _revoked() -> Iterator[Vector]:
    mine = ISSUER.verifying_key.id
    yield _refused(
        "revoked-issuer",
        "revoked-issuer",
        "The root has revoked the issuer, whatever the date of the authorization.",
        _trusting(MINE, serial=2, revoked=(mine,)),
    )
    yield _refused(
        "revoked-issuer",
        "revoked-and-unlisted",
        "The issuer is revoked, and no longer among the issuers.",
        _trusting(OTHER, serial=2, revoked=(mine,)),
    )
    yield _refused(
        "revoked-issuer",
        "alike-revoked",
        "No issuer fits the hint, and a revoked key does: that is what can be told.",
        _trusting(OTHER, serial=2, revoked=(BEFORE.verifying_key.id,)),
    )
    yield _refused(
        "not-genuine",
        "revoked-beside-one-alike",
        "The issuer is revoked; another one fits the hint, and did not sign.",
        _trusting(MINE, _alike(BEFORE), serial=2, revoked=(mine,)),
    )


# --- hints ---------------------------------------------------------------------------------------------


def _hints() -> Iterator[Vector]:
    def case(name: str, description: str, **changes: Any) -> Vector:
        code = authorize(replace(AUTHORIZATION, **changes))
        return accepted(f"authorization-accepted-{name}", description, code, AUTHORIZATION_CONTEXT)

    yield case(
        "other-issuer-hint",
        "The issuer hint fits another key; where the reader knows the issuer, it is not looked at.",
        issuer_hint=issuer_hint(SECOND_ISSUER.verifying_key),
    )
    yield case(
        "other-request-hint",
        "The request hint is that of no request here; it is not checked.",
        request_hint=bytes(2),
    )
    wrong = authorize(replace(AUTHORIZATION, issuer_hint=issuer_hint(SECOND_ISSUER.verifying_key)))
    yield _refused(
        "unknown-issuer",
        "hint-of-nobody",
        "The issuer hint fits no issuer of the trust code, though one of them signed.",
        _trusting(MINE),
        wrong.text,
    )


# --- catalogues ----------------------------------------------------------------------------------------


def _spelling(tags: list[str]) -> Mapping[str, Any]:
    return {**AUTHORIZATION_CONTEXT, "catalogue": tags}


def _catalogues() -> Iterator[Vector]:
    grown = [*TAGS, "NEW"]
    yield _accepted("catalogue-grown", "The reader's catalogue has grown since.", _spelling(grown))
    yield accepted(
        "authorization-accepted-spelled-all-the-same",
        "A tag is spelled that the catalogue numbers: only writers must number it.",
        authorize(replace(AUTHORIZATION, lines=(Line(0, 1), Line(TAGS[6], 2)))),
        _spelling(TAGS),
    )
    yield accepted(
        "authorization-accepted-nothing-numbered",
        "No tag is numbered, so the reader's catalogue, which is another one, is not compared.",
        authorize(replace(AUTHORIZATION, lines=(Line("LAB", 1),))),
        _spelling(TAGS[::-1]),
    )
    too_short = _spelling(TAGS[:-1])
    yield _refused(
        "catalogue",
        "catalogue-too-short",
        "The reader's catalogue has one tag less than the request's.",
        too_short,
    )
    yield _refused(
        "catalogue",
        "catalogue-changed",
        "The reader's catalogue has two tags of the request's in another order.",
        _spelling([*TAGS[:-2], TAGS[-1], TAGS[-2]]),
    )
    outside = authorize(replace(AUTHORIZATION, lines=(Line(len(TAGS), 1),)))
    yield _refused(
        "catalogue",
        "outside-the-catalogue",
        "A number beyond the tags of the request's catalogue, though not of the reader's.",
        _spelling(grown),
        outside.text,
    )
    yield _refused(
        "catalogue",
        "catalogue-and-wrong-parity",
        "The signature holds, so nothing is corrected, and the reader's catalogue is too short.",
        too_short,
        mistype(AUTHORIZED.text, *range(-PARITY_CHARACTERS, 0)),
    )


def _no_catalogue() -> Iterator[Vector]:
    asked = sign_request(replace(REQUEST, catalogue=None, wanted=()), DEVICE)
    code = authorize(AUTHORIZATION, asked)
    context = {**AUTHORIZATION_CONTEXT, "request": asked.text}
    yield _refused(
        "catalogue",
        "no-catalogue-named",
        "Tags are numbered, and the request names no catalogue.",
        {**context, "catalogue": TAGS},
        code.text,
    )
    yield accepted(
        "authorization-accepted-without-catalogue",
        "Tags are numbered, the request names no catalogue, and the reader spells nothing.",
        code,
        context,
    )
    yield refused(
        "request-refused-catalogue-changed",
        "The reader's catalogue is not the one that the request names.",
        Q,
        ASKED.text,
        "catalogue",
        {"catalogue": TAGS[::-1]},
    )


# --- several classes -----------------------------------------------------------------------------------


def _several_classes() -> Iterator[Vector]:
    """Take codes with two flaws: the class is that of the first step that fails."""
    kind, _, payload = newer()["reason"]
    yield _refused(
        "newer-version",
        "newer-return",
        "A return code with an unknown reason, where authorization codes are read.",
        code=code_of_payload(kind, payload),
    )
    kind, _, payload = other_forms()["left-over"]
    yield _refused(
        "malformed",
        "malformed-confirmation",
        "A malformed confirmation code, where authorization codes are read.",
        code=code_of_payload(kind, payload),
    )
    forged = to_text(AUTHORIZED.payload, bytes(64))
    yield _refused(
        "unknown-issuer",
        "unknown-issuer-and-not-genuine",
        "No issuer fits the hint, and the signature would not hold.",
        _trusting(OTHER),
        forged,
    )
    yield _refused(
        "not-genuine",
        "not-genuine-and-catalogue",
        "The signature does not hold, and the reader's catalogue is too short.",
        _spelling(TAGS[:-1]),
        forged,
    )
    identity = (1).to_bytes(32, "little")
    bad_key = replace(TRUST, issuers=(IssuerKey(identity, TODAY),))
    yield refused(
        "trust-refused-other-root-and-bad-key",
        "Signed by another root, with a bad issuer key: the keys inside are looked at after the signature.",
        T,
        _signed_by_stranger(bad_key),
        "not-genuine",
        TRUST_CONTEXT,
    )


def _signed_by_stranger(value: Any) -> str:
    from codec.envelope import sign_trust

    return sign_trust(value, STRANGER).text
