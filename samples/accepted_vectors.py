"""The scenarios of the test vectors that end well: codes of each kind, from the plainest to the limits.

`samples.vectors` makes files of them. One scenario shows one thing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from codec.alphabet import LONGEST_CODE
from codec.codes import (
    MAX_COUNT,
    NEVER_INSTALLED,
    Authorization,
    CatalogueId,
    Confirmation,
    Evidence,
    IssuerKey,
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
    VerifiedCode,
    issuer_hint,
    long_hint,
    short_hint,
    sign_authorization,
    sign_confirmation,
    sign_request,
    sign_return,
    sign_trust,
)
from codec.keys import SigningKey
from codec.lines import sort_lines
from samples.cast import secret
from samples.vectors import CATALOGUE, DEVICE, ISSUER, PORTAL_ID, ROOT, SECOND_ISSUER, Vector, accepted

ASKED_AT: Final = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
ISSUED_AT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TODAY: Final = ISSUED_AT.date()
TAGS: Final = list(CATALOGUE.tags)

REQUEST: Final = Request(
    udi=Udi("RTB-4400-X", "TSN2611A7K4"),
    device_key=DEVICE.verifying_key.raw,
    sketch=Sketch((0x1A2B3C, 0x4D5E6F, 0x708192, 0xA3B4C5, 0xD6E7F8), 3),
    mode=Mode.SPECIFIC,
    wanted=(WantedLine(0, 1), WantedLine(6, 40)),
    members=1,
    catalogue=CATALOGUE.id(),
    code_number=1,
    device_time=ASKED_AT,
    journal_link=bytes(4),
)
ASKED: Final = sign_request(REQUEST, DEVICE)

AUTHORIZATION: Final = Authorization(
    issuer_hint=issuer_hint(ISSUER.verifying_key),
    request_hint=short_hint(ASKED.id),
    issued_at=ISSUED_AT,
    sequence=Sequence(0, 1),
    lines=(Line(0, 1), Line(6, 40, Term.of_years(TODAY, 3)), Line(7, 250, Term.of_years(TODAY, 3))),
)

TRUST: Final = Trust(
    serial=1, portal_id=PORTAL_ID, issuers=(IssuerKey(ISSUER.verifying_key.raw, date(2026, 1, 1)),)
)


def authorize(value: Authorization, request: VerifiedCode[Request] = ASKED) -> VerifiedCode[Authorization]:
    """Sign an authorization for a request, as the issuer of the vectors' portal."""
    return sign_authorization(value, ISSUER, request_id=request.id, portal_id=PORTAL_ID)


AUTHORIZED: Final = authorize(AUTHORIZATION)

CONFIRMATION: Final = Confirmation(
    request_hint=long_hint(ASKED.id), sequence=Sequence(0, 1), code_number=2, journal_link=b"\x5a\x17\xc0\xde"
)
RETURN: Final = Return(
    request_hint=long_hint(ASKED.id),
    last_sequence=Sequence(0, 1),
    reason=ReturnReason.NO_LONGER_NEEDED,
    evidence=Evidence.SOFTWARE_KEY,
    hardware_mismatch=False,
    code_number=3,
    journal_link=b"\x0b\xad\xca\xfe",
)

#: What the reader of each kind has.
AUTHORIZATION_CONTEXT: Final[Mapping[str, Any]] = {
    "request": ASKED.text,
    "issuer": ISSUER.verifying_key.raw.hex(),
    "portal_id": PORTAL_ID.hex(),
}
CONFIRMATION_CONTEXT: Final[Mapping[str, Any]] = {**AUTHORIZATION_CONTEXT, "authorization": AUTHORIZED.text}
RETURN_CONTEXT: Final[Mapping[str, Any]] = {"request": ASKED.text}
TRUST_CONTEXT: Final[Mapping[str, Any]] = {"root": ROOT.verifying_key.raw.hex()}
WITH_CATALOGUE: Final[Mapping[str, Any]] = {"catalogue": TAGS}


def confirm(value: Confirmation, authorized: VerifiedCode[Authorization] = AUTHORIZED) -> VerifiedCode[Any]:
    """Sign a confirmation with the vectors' device key."""
    return sign_confirmation(value, DEVICE, request_id=ASKED.id, authorization_id=authorized.id)


def give_back(value: Return) -> VerifiedCode[Return]:
    """Sign a return with the vectors' device key."""
    return sign_return(value, DEVICE, request_id=ASKED.id)


def trust(value: Trust) -> VerifiedCode[Trust]:
    """Sign a trust code with the vectors' root key."""
    return sign_trust(value, ROOT)


def accepted_vectors() -> Iterator[Vector]:
    """Yield every scenario that ends with a code that is believed."""
    yield from _requests()
    yield from _authorizations()
    yield from _lines_of_one_tag()
    yield from _spelled_authorizations()
    yield from _confirmations()
    yield from _returns()
    yield from _trusts()


# --- Q -------------------------------------------------------------------------------------------------


def _requests() -> Iterator[Vector]:
    def case(name: str, description: str, context: Mapping[str, Any] | None = None, **changes: Any) -> Vector:
        signed = sign_request(replace(REQUEST, **changes), DEVICE)
        return accepted(f"request-accepted-{name}", description, signed, context or {})

    yield case("specific", "A request for two named entitlements, numbered by a catalogue.", WITH_CATALOGUE)
    yield case("universal", "A request for everything; no wanted lines.", mode=Mode.UNIVERSAL, wanted=())
    yield case("uuid", "A virtual device, named by a UUID as well.", udi=_virtual(), wanted=())
    yield case(
        "spelled",
        "No catalogue: every wanted tag is spelled, each sharing the beginning of the one before.",
        catalogue=None,
        wanted=(WantedLine("NET-ADVANTAGE", 3), WantedLine("NET-BASE", 1), WantedLine("SEC-BASE", 7)),
    )
    yield case(
        "character-sets",
        "Texts of all three character sets: capitals, small letters, any printable ASCII.",
        udi=Udi("rtb_4400.x", "sn: {7} ~"),
        catalogue=None,
        wanted=(WantedLine("Mixed Case!", 1), WantedLine("lower.case", 2)),
    )
    yield case(
        "universal-and-wanted", "Wanted lines stand in a request for everything as well.", mode=Mode.UNIVERSAL
    )
    yield case(
        "none-required", "Two components, none of which must match.", sketch=Sketch((0x0000FF, 0xFF0000), 0)
    )
    yield case(
        "most-tags",
        "Two hundred and fifty-five tags, which is the limit: 155 numbered, 100 spelled.",
        catalogue=CatalogueId(1000, b"\x01\x02\x03\x04"),
        wanted=(
            *(WantedLine(2 * place, 1) for place in range(155)),
            *(WantedLine(f"T{place:03}", 1) for place in range(100)),
        ),
    )
    yield case("no-node-lock", "No hardware components, none required.", sketch=Sketch((), 0))
    yield case(
        "smallest",
        "Every field at its least: the fields hold nothing but the key.",
        udi=Udi("0", "0"),
        sketch=Sketch((), 0),
        wanted=(),
        catalogue=None,
        device_time=datetime(2024, 1, 1, tzinfo=UTC),
    )
    yield case(
        "largest",
        "Every field at its greatest, texts of 64 characters among them.",
        udi=Udi("~" * 64, "z" * 64, UUID(int=(1 << 128) - 1)),
        sketch=Sketch((0xFFFFFF,) * 15, 15),
        wanted=(WantedLine(65_534, MAX_COUNT), WantedLine("~" * 64, MAX_COUNT)),
        members=15,
        catalogue=CatalogueId(65_535, b"\xff" * 4),
        code_number=(1 << 26) - 1,
        device_time=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=(1 << 26) - 1),
        journal_link=b"\xff" * 4,
    )


def _virtual() -> Udi:
    return Udi("FWX-VIRT", "9KPTXQ3ZC2A", UUID(bytes=secret("vectors: uuid", 16), version=4))


# --- A -------------------------------------------------------------------------------------------------


def _authorization(
    name: str, description: str, *lines: Line, catalogued: bool = True, **changes: Any
) -> Vector:
    value = replace(AUTHORIZATION, lines=sort_lines(lines), **changes)
    context = {**AUTHORIZATION_CONTEXT, **(WITH_CATALOGUE if catalogued else {})}
    return accepted(f"authorization-accepted-{name}", description, authorize(value), context)


def _authorizations() -> Iterator[Vector]:
    year, three_years = Term.of_years(TODAY, 1), Term.of_years(TODAY, 3)
    case = _authorization
    yield case("one-line", "One perpetual line.", Line(0, 1))
    yield case("three-lines", "Three lines; the example of the specification.", *AUTHORIZATION.lines)
    yield case("universal", "Everything, for a year.", Line(11, 1, year))
    yield case("no-lines", "The full set is empty: all licences were taken back by an update.")
    yield case("counts", "Counts from one to the greatest.", *(Line(at, count) for at, count in _counts()))
    yield case(
        "positions", "Positions near and far in a catalogue that is not at hand.", *_far(), catalogued=False
    )
    yield case(
        "flags",
        "An export-controlled line, a reporting-only line, and one that is both.",
        Line(4, 1, export_controlled=True),
        Line(5, 2, reporting_only=True),
        Line(6, 3, three_years, export_controlled=True, reporting_only=True),
    )
    yield case(
        "terms",
        "Terms that are new, the latest, and older ones, in turn.",
        *(Line(at, 1, term) for at, term in enumerate([year, three_years, year, year, None, three_years])),
    )
    yield case(
        "odd-terms",
        "Terms that do not start on the day of issue or do not run whole years.",
        Line(0, 1, Term(TODAY, TODAY)),
        Line(1, 1, Term(TODAY - timedelta(days=30), TODAY + timedelta(days=60))),
        Line(2, 1, Term.of_years(TODAY + timedelta(days=30), 5)),
        Line(3, 1, Term(date(2000, 1, 1), date(2179, 6, 5))),
        Line(3, 1, Term(date(2027, 1, 1), date(2179, 6, 6))),
        Line(4, 1, Term.of_years(TODAY, 11)),
    )
    yield case(
        "leap-years",
        "A yearly term from 29 February ends on 28 February; one from 1 March 2027 on 29 February 2028.",
        Line(0, 1, Term(date(2028, 2, 29), date(2029, 2, 28))),
        Line(1, 1, Term(date(2028, 2, 29), date(2032, 2, 28))),
        Line(2, 1, Term(date(2027, 3, 1), date(2028, 2, 29))),
    )
    yield case(
        "update-after-restore",
        "The seventh authorization, from a portal that was restored twice.",
        Line(0, 1),
        sequence=Sequence(2, 7),
    )
    yield case(
        "last-sequence", "The greatest epoch and number.", Line(0, 1), sequence=Sequence(65_534, 65_535)
    )


def _lines_of_one_tag() -> Iterator[Vector]:
    year, three_years = Term.of_years(TODAY, 1), Term.of_years(TODAY, 3)
    case = _authorization
    yield case(
        "lines-of-one-tag",
        "Four lines of one tag: perpetual, two terms, and the same term with a flag.",
        Line(6, 5),
        Line(6, 10, year),
        Line(6, 20, three_years),
        Line(6, 1, three_years, reporting_only=True),
    )
    yield case(
        "order-of-lines",
        "Lines of one tag are sorted by first day before last day, and by last day before flags.",
        Line(6, 1, Term(TODAY, TODAY + timedelta(days=50))),
        Line(6, 1, Term(TODAY + timedelta(days=1), TODAY + timedelta(days=9)), reporting_only=True),
        Line(6, 1, Term(TODAY + timedelta(days=1), TODAY + timedelta(days=20))),
    )


def _counts() -> list[tuple[int, int]]:
    return list(enumerate([1, 2, 3, 10, 100, 1000, 8191, 8192, 65_536, 1_000_000, MAX_COUNT]))


def _far() -> tuple[Line, ...]:
    return tuple(Line(position, 1) for position in (0, 1, 5, 640, 641, 3000, 65_533, 65_534))


def _spelled_authorizations() -> Iterator[Vector]:
    case = _authorization
    yield case(
        "spelled",
        "Tags that the catalogue does not hold are spelled, after the numbered ones.",
        Line(0, 1),
        Line("NET-ROUTES-100K", 1),
        Line("NET-ROUTES-1M", 1),
        Line("lab use only", 2, Term.of_years(TODAY, 1)),
    )
    yield case(
        "spelled-only",
        "No tag is numbered; capitals sort before small letters, and a tag before those that it begins.",
        *(Line(tag, 1) for tag in ("A", "AB", "B-1", "a", "a~", "~" * 64)),
        catalogued=False,
    )
    yield case(
        "shared-beginning",
        "A tag of 64 characters that shares 63 of them with the one before.",
        *(Line("X" * 63 + end, 1) for end in "AB"),
        catalogued=False,
    )
    yield case(
        "inner-space",
        "What a tag does not share may begin with a space, since the whole tag does not.",
        *(Line(tag, 1) for tag in ("LAB", "LAB USE")),
        catalogued=False,
    )
    yield case(
        "set-of-the-rest",
        "The set of characters is that of the rest alone: capitals, after a beginning of small letters.",
        *(Line(tag, 1) for tag in ("lab-a", "lab-aX9")),
        catalogued=False,
    )
    yield case(
        "many-lines",
        "Two hundred and fifty-five lines, which is the limit.",
        *(Line(place, 1 + place % 3) for place in range(255)),
        catalogued=False,
    )
    yield _filled_up()
    yield case(
        "longest", "1,268 bytes and 2,046 characters, which is the limit.", *_longest(), catalogued=False
    )


def long_lines(number: int, length: int) -> tuple[Line, ...]:
    """Return lines whose tags of 64 characters fill a code; the last tag has ``length`` characters."""
    tags = (*(f"{chr(97 + place)}{' ~' * 31}." for place in range(number)), "~" * length)
    return tuple(Line(tag, 1) for tag in tags)


def _longest() -> tuple[Line, ...]:
    """Find lines that fill the longest code to the last byte."""
    tried = (long_lines(22, length) for length in range(1, 65))
    return next(
        lines for lines in tried if len(authorize(replace(AUTHORIZATION, lines=lines)).text) == LONGEST_CODE
    )


def _filled_up() -> Vector:
    """Find a tag with which the fields would be 4 modulo 5 bytes long, and so begin with a zero byte."""
    tried = (replace(AUTHORIZATION, lines=(Line(0, 1), Line("X" * length, 1))) for length in range(1, 20))
    value = next(value for value in tried if authorize(value).payload[1] == 0)
    return _authorization(
        "zero-byte",
        "The fields would be 4 modulo 5 bytes long, so one zero byte stands before them.",
        *value.lines,
    )


# --- C, R, T -------------------------------------------------------------------------------------------


def _confirmations() -> Iterator[Vector]:
    def case(
        name: str, description: str, of: VerifiedCode[Authorization] = AUTHORIZED, **changes: Any
    ) -> Vector:
        signed = confirm(replace(CONFIRMATION, sequence=of.value.sequence, **changes), of)
        context = {**CONFIRMATION_CONTEXT, "authorization": of.text}
        return accepted(f"confirmation-accepted-{name}", description, signed, context)

    yield case("first", "The first authorization is installed.")
    update = authorize(replace(AUTHORIZATION, sequence=Sequence(2, 7)))
    yield case("update", "An update is installed; epoch and number are those of the authorization.", update)
    yield case("late-code", "The greatest code number.", code_number=(1 << 26) - 1, journal_link=b"\xff" * 4)
    last = authorize(replace(AUTHORIZATION, sequence=Sequence(65_534, 65_535)))
    yield case("last-sequence", "The greatest epoch and number.", last)
    yield case(
        "no-field-bytes",
        "Every field at its least: the number is zero, and kind byte and signature are the whole code. (The "
        "hint is that of no request here; hints bind nothing.)",
        request_hint=bytes(4),
        code_number=1,
        journal_link=bytes(4),
    )


def _returns() -> Iterator[Vector]:
    def case(name: str, description: str, **changes: Any) -> Vector:
        signed = give_back(replace(RETURN, **changes))
        return accepted(f"return-accepted-{name}", description, signed, RETURN_CONTEXT)

    yield case("installed", "The device gives back what it had installed.")
    yield case(
        "never-installed",
        "Nothing was ever installed: the request was cancelled.",
        last_sequence=NEVER_INSTALLED,
        reason=ReturnReason.CANCELLED,
        code_number=2,
    )
    yield case(
        "lost-authorization",
        "Nothing was ever installed, because the authorization got lost.",
        last_sequence=NEVER_INSTALLED,
        reason=ReturnReason.UNSPECIFIED,
    )
    yield case("hardware-changed", "The hardware is not that of the request.", hardware_mismatch=True)
    yield case("hardware-key", "The device says that a hardware key signed.", evidence=Evidence.HARDWARE_KEY)
    yield case("last-sequence", "The greatest epoch and number.", last_sequence=Sequence(65_534, 65_535))
    for reason in ReturnReason:
        yield case(f"reason-{int(reason)}", f"Reason {int(reason)}.", reason=reason)
    yield case(
        "other-hint",
        "The request hint is that of no request here; no hint is checked.",
        request_hint=bytes(4),
    )


def _trusts() -> Iterator[Vector]:
    def case(name: str, description: str, **changes: Any) -> Vector:
        signed = trust(replace(TRUST, **changes))
        return accepted(f"trust-accepted-{name}", description, signed, TRUST_CONTEXT)

    first = IssuerKey(ISSUER.verifying_key.raw, date(2026, 1, 1), date(2026, 12, 31))
    second = IssuerKey(SECOND_ISSUER.verifying_key.raw, date(2026, 9, 1))
    both = tuple(sorted((first, second), key=lambda issuer: issuer.key))
    next_root = SigningKey(secret("vectors: next root key")).verifying_key.raw
    yield case("first", "One issuer, valid without end.")
    yield case("rotated", "A second issuer, and the end of the first.", serial=2, issuers=both)
    yield case(
        "revoked",
        "The first issuer is revoked.",
        serial=3,
        issuers=(second,),
        revoked=(ISSUER.verifying_key.id,),
    )
    yield case(
        "validity-of-one-day",
        "An issuer that is valid on one day.",
        issuers=(replace(first, valid_until=first.valid_from),),
    )
    yield case(
        "revoked-and-listed",
        "An issuer is revoked that is listed as well.",
        issuers=both,
        revoked=(ISSUER.verifying_key.id,),
    )
    yield case("next-root", "The next root is named.", serial=4, next_root=next_root)
    yield case(
        "largest",
        "The greatest serial, and as many issuers as there can be.",
        serial=(1 << 24) - 1,
        issuers=tuple(sorted((_issuer(number) for number in range(15)), key=lambda issuer: issuer.key)),
        next_root=next_root,
    )
    revoked = tuple(bytes((0,) * 7 + (number,)) for number in range(126))
    yield case("most-revoked", "As many revoked keys as there can be.", serial=99, revoked=revoked)


def _issuer(number: int) -> IssuerKey:
    key = SigningKey(secret(f"vectors: issuer key {number}")).verifying_key.raw
    return IssuerKey(key, date(2000, 1, 1), date(2179, 6, 6))
