"""Hypothesis strategies for everything that codes carry, shared by all tests that need codes.

Scope: values of every kind, as a portal or a device could make them (sorted, merged, within limits), and
signed codes together with the function that verifies them. Keys come from a handful of fixed seeds: which
key it is never matters to an encoding, and making one takes longer than all the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from codec.codes import (
    DAY_ZERO,
    DAYS,
    MAX_COUNT,
    MAX_POSITION,
    MAX_TEXT,
    MINUTES,
    NEVER_INSTALLED,
    TIME_ZERO,
    Authorization,
    CatalogueId,
    Code,
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
    Tag,
    Term,
    Trust,
    Udi,
    WantedLine,
)
from codec.envelope import (
    AuthorizationContext,
    UnverifiedCode,
    VerifiedCode,
    require_kind,
    sign_authorization,
    sign_confirmation,
    sign_request,
    sign_return,
    sign_trust,
    verify_authorization,
    verify_confirmation,
    verify_request,
    verify_return,
    verify_trust,
)
from codec.keys import SigningKey
from codec.lines import sort_lines, tag_order

DEVICE, ISSUER, ROOT = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
KEYS = tuple(SigningKey(bytes([number]) * 32).verifying_key.raw for number in range(1, 9))

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def texts(max_size: int = MAX_TEXT) -> st.SearchStrategy[str]:
    """Texts that a code can carry, of each character set."""
    sets = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-", "0123456789abcdefghijklmnopqrstuvwxyz-_.", PRINTABLE)
    found = st.sampled_from(sets).flatmap(lambda each: st.text(each, min_size=1, max_size=max_size))
    return found.filter(lambda text: text == text.strip(" "))


#: Tags as they are sold: families that share long beginnings.
family_tags = st.builds(
    "{}-{}".format, st.sampled_from(("NET", "NETWORK-ADV", "SEC", "SECURITY-BASE")), st.integers(0, 99)
)
spelled_tags = st.one_of(family_tags, texts(), texts(4))
positions = st.one_of(st.integers(0, 700), st.integers(0, MAX_POSITION))
tags: st.SearchStrategy[Tag] = st.one_of(positions, spelled_tags)

counts = st.one_of(st.integers(1, 40), st.integers(1, MAX_COUNT))
moments = st.one_of(st.integers(0, 2_000_000), st.integers(0, MINUTES - 1)).map(
    lambda minutes: TIME_ZERO + timedelta(minutes=minutes)
)
days = st.integers(0, DAYS - 1).map(lambda number: DAY_ZERO + timedelta(days=number))
links = st.binary(min_size=4, max_size=4)
code_numbers = st.one_of(st.integers(1, 50), st.integers(1, (1 << 26) - 1))
sequences = st.builds(
    Sequence, st.sampled_from((0, 0, 0, 1, 2, 65_534)), st.one_of(st.integers(1, 9), st.integers(1, 65_535))
)

udis = st.builds(Udi, texts(12), texts(), st.one_of(st.none(), st.uuids()))
catalogue_ids = st.builds(
    CatalogueId,
    st.one_of(st.integers(1, 700), st.integers(1, MAX_POSITION + 1)),
    st.binary(min_size=4, max_size=4),
)
sketches = st.lists(st.integers(0, (1 << 24) - 1), max_size=15).flatmap(
    lambda found: st.builds(Sketch, st.just(tuple(found)), st.integers(0, len(found)))
)


def wanted_lines(catalogue_size: int) -> st.SearchStrategy[tuple[WantedLine, ...]]:
    """Wanted lines of a request with a catalogue of that size; 0 for none."""
    numbered = st.integers(0, catalogue_size - 1) if catalogue_size else st.nothing()
    return st.dictionaries(st.one_of(numbered, spelled_tags), counts, max_size=8).map(
        lambda found: tuple(WantedLine(tag, found[tag]) for tag in sorted(found, key=tag_order))
    )


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Requests by the device key `DEVICE`."""
    catalogue = draw(st.one_of(st.none(), catalogue_ids))
    return Request(
        udi=draw(udis),
        device_key=DEVICE.verifying_key.raw,
        sketch=draw(sketches),
        mode=draw(st.sampled_from(Mode)),
        wanted=draw(wanted_lines(catalogue.size if catalogue else 0)),
        members=draw(st.integers(1, 15)),
        catalogue=catalogue,
        code_number=draw(code_numbers),
        device_time=draw(moments),
        journal_link=draw(links),
    )


@st.composite
def terms(draw: st.DrawFn, issue_day: date) -> Term:
    """Terms as they are sold around a day, and any others that a code can carry."""
    shape = draw(st.sampled_from(("at issue", "near", "any")))
    if shape == "any":
        first, last = sorted((draw(days), draw(days)))
        return Term(first, min(last, first + timedelta(days=DAYS - 2)))
    start = issue_day + timedelta(days=draw(st.integers(-400, 400)) if shape == "near" else 0)
    if draw(st.booleans()):
        return Term.of_years(start, draw(st.integers(1, 10)))
    return Term(start, start + timedelta(days=draw(st.integers(0, 4000))))


@st.composite
def authorizations(draw: st.DrawFn, max_lines: int = 12) -> Authorization:
    """Authorizations with lines that repeat tags and terms as often as real ones do."""
    issued_at = draw(moments.filter(lambda at: at.year < 2130))
    few_terms = draw(st.lists(terms(issued_at.date()), min_size=1, max_size=4))
    few_tags = draw(st.lists(tags, min_size=1, max_size=max_lines))
    line = st.builds(
        Line,
        st.sampled_from(few_tags),
        counts,
        st.one_of(st.none(), st.sampled_from(few_terms)),
        st.sampled_from((False, False, False, True)),
        st.sampled_from((False, False, False, True)),
    )
    found = sort_lines(tuple(draw(st.lists(line, max_size=max_lines))))
    return Authorization(
        issuer_hint=draw(st.binary(min_size=1, max_size=1)),
        request_hint=draw(st.binary(min_size=2, max_size=2)),
        issued_at=issued_at,
        sequence=draw(sequences),
        lines=tuple(line for line in found if line.count <= MAX_COUNT),
    )


confirmations = st.builds(Confirmation, links, sequences, code_numbers, links)
returns = st.builds(
    Return,
    links,
    st.one_of(st.just(NEVER_INSTALLED), sequences),
    st.sampled_from(ReturnReason),
    st.sampled_from(Evidence),
    st.booleans(),
    code_numbers,
    links,
)


@st.composite
def issuer_keys(draw: st.DrawFn, key: bytes) -> IssuerKey:
    """Issuers with a validity, open-ended or not."""
    first, last = sorted((draw(days), draw(days)))
    return IssuerKey(key, first, draw(st.sampled_from((None, last))))


@st.composite
def trusts(draw: st.DrawFn) -> Trust:
    """Trust codes with sound keys."""
    chosen = draw(st.sets(st.sampled_from(KEYS), min_size=1, max_size=4))
    revoked = draw(st.sets(st.binary(min_size=8, max_size=8), max_size=4))
    return Trust(
        serial=draw(st.one_of(st.integers(1, 40), st.integers(1, (1 << 24) - 1))),
        portal_id=draw(st.binary(min_size=8, max_size=8)),
        issuers=tuple(draw(issuer_keys(key)) for key in sorted(chosen)),
        revoked=tuple(sorted(revoked)),
        next_root=draw(st.one_of(st.none(), st.sampled_from(KEYS))),
    )


VALUES: dict[Kind, st.SearchStrategy[Code]] = {
    Kind.REQUEST: requests(),
    Kind.AUTHORIZATION: authorizations(),
    Kind.CONFIRMATION: confirmations,
    Kind.RETURN: returns,
    Kind.TRUST: trusts(),
}

#: A value of any kind.
values: st.SearchStrategy[Code] = st.one_of(*VALUES.values())


# --- signed codes --------------------------------------------------------------------------------------

REQUEST_ID, AUTHORIZATION_ID, PORTAL_ID = bytes(range(32)), bytes(range(32, 64)), bytes(range(8))
CONTEXT = AuthorizationContext(REQUEST_ID, ISSUER.verifying_key, PORTAL_ID)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed code, and the function by which its reader verifies it."""

    code: VerifiedCode[Code]
    verify: Callable[[UnverifiedCode[Code]], VerifiedCode[Code]]


def sign(value: Code) -> Signed:
    """Sign a value of any kind with the fixed keys of this module."""
    device, request_id, authorization_id = DEVICE.verifying_key, REQUEST_ID, AUTHORIZATION_ID
    match value:
        case Request():
            return Signed(
                sign_request(value, DEVICE), lambda code: verify_request(require_kind(code, Request))
            )
        case Authorization():
            return Signed(
                sign_authorization(value, ISSUER, request_id=request_id, portal_id=PORTAL_ID),
                lambda code: verify_authorization(require_kind(code, Authorization), CONTEXT),
            )
        case Confirmation():
            return Signed(
                sign_confirmation(value, DEVICE, request_id=request_id, authorization_id=authorization_id),
                lambda code: verify_confirmation(
                    require_kind(code, Confirmation),
                    device,
                    request_id=request_id,
                    authorization_id=authorization_id,
                ),
            )
        case Return():
            return Signed(
                sign_return(value, DEVICE, request_id=request_id),
                lambda code: verify_return(require_kind(code, Return), device, request_id=request_id),
            )
        case Trust():
            return Signed(
                sign_trust(value, ROOT),
                lambda code: verify_trust(require_kind(code, Trust), ROOT.verifying_key),
            )


#: A signed code of any kind.
signed_codes = values.map(sign)


# --- one code of each kind, for tests that try every place of a code -----------------------------------

MOMENT = datetime(2025, 3, 4, 5, 6, tzinfo=UTC)
THREE_YEARS = Term.of_years(MOMENT.date(), 3)

EXAMPLES: dict[Kind, Code] = {
    Kind.REQUEST: Request(
        udi=Udi("RTR-9000-X", "FOC2417A0QX", UUID(int=5)),
        device_key=DEVICE.verifying_key.raw,
        sketch=Sketch((1, 0xFFFFFF, 0xABCDEF, 4, 5), 3),
        mode=Mode.SPECIFIC,
        wanted=(WantedLine(17, 2), WantedLine(640, 100), WantedLine("EXTRA-TAG", 1)),
        members=1,
        catalogue=CatalogueId(644, b"\xca\xfe\xba\xbe"),
        code_number=3,
        device_time=MOMENT,
        journal_link=b"link",
    ),
    Kind.AUTHORIZATION: Authorization(
        issuer_hint=ISSUER.verifying_key.digest[:1],
        request_hint=REQUEST_ID[:2],
        issued_at=MOMENT,
        sequence=Sequence(0, 1),
        lines=(
            Line(17, 2),
            Line(17, 5, THREE_YEARS, export_controlled=True),
            Line(400, 100, THREE_YEARS),
            Line("EXTRA-TAG", 1, Term(date(2025, 1, 1), date(2025, 2, 14)), reporting_only=True),
        ),
    ),
    Kind.CONFIRMATION: Confirmation(REQUEST_ID[:4], Sequence(0, 1), 4, b"next"),
    Kind.RETURN: Return(
        REQUEST_ID[:4], Sequence(0, 1), ReturnReason.MOVED, Evidence.SOFTWARE_KEY, False, 5, b"last"
    ),
    Kind.TRUST: Trust(
        serial=2,
        portal_id=PORTAL_ID,
        issuers=(IssuerKey(ISSUER.verifying_key.raw, date(2024, 1, 1), date(2034, 1, 1)),),
        revoked=(b"revoked1",),
    ),
}

SIGNED_EXAMPLES: dict[Kind, Signed] = {kind: sign(value) for kind, value in EXAMPLES.items()}
