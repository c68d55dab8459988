"""The layout of each kind: round trips, one canonical form, limits, and newer versions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codec import fields, lines, wire
from codec.alphabet import ALPHABET, to_characters
from codec.codes import (
    KIND_OF,
    NEVER_INSTALLED,
    Authorization,
    CatalogueId,
    Code,
    Confirmation,
    IssuerKey,
    Kind,
    Line,
    Request,
    Return,
    Sequence,
    Sketch,
    Term,
    Trust,
    WantedLine,
)
from codec.digits import DigitSink
from codec.errors import CodecError, FieldError, MalformedCodeError, NewerVersionError, WrongKindError
from codec.fields import CHARACTER_SETS
from codec.lines import TermTable
from codec.wire import MAX_CODE_BYTES, SIGNATURE_BYTES, decode_payload, encode_payload, kind_byte, kind_of
from tests.codec import strategies
from tests.codec.strategies import EXAMPLES
from tests.search import examples

MAX_PAYLOAD_BYTES = MAX_CODE_BYTES - SIGNATURE_BYTES
V = TypeVar("V", bound=Code)

kinds = st.sampled_from(Kind)
changes = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), min_size=1, max_size=4)


def outcome(payload: bytes) -> Code | None:
    """Decode what may be anything; nothing but the package's own error may come out."""
    try:
        value = decode_payload(payload)
    except CodecError:
        return None
    assert encode_payload(value) == payload
    return value


def payload_of(kind: Kind, sink: DigitSink) -> bytes:
    """Make a payload in the right length from digits that were put by hand."""
    number = sink.fold()
    length = (number.bit_length() + 7) // 8
    return bytes((kind_byte(kind),)) + number.to_bytes(length + (length % 5 == 4), "big")


# --- round trips and the one form ----------------------------------------------------------------------


@given(strategies.values)
def test_every_value_comes_back(value: Code) -> None:
    payload = encode_payload(value)
    assert decode_payload(payload) == value
    assert len(payload) % 5 != 0
    assert len(payload) == 1 or payload[1] != 0 or len(payload) % 5 == 1


@pytest.mark.parametrize("kind", Kind)
def test_a_code_starts_with_the_letter_of_its_kind(kind: Kind) -> None:
    payload = encode_payload(EXAMPLES[kind])
    assert to_characters(payload)[0] == kind.value
    assert kind_of(payload[0]) is kind


@settings(max_examples=examples(1500))
@given(kinds, st.binary(max_size=120))
def test_arbitrary_bytes_are_refused_or_in_the_one_form(kind: Kind, rest: bytes) -> None:
    outcome(bytes((kind_byte(kind),)) + rest)


@given(st.binary(max_size=80))
@example(b"")
def test_arbitrary_first_bytes_too(payload: bytes) -> None:
    outcome(payload)


@settings(max_examples=examples(500))
@given(strategies.values, changes)
def test_mutated_payloads_are_refused_or_in_the_one_form(
    value: Code, mutations: list[tuple[int, int]]
) -> None:
    payload = bytearray(encode_payload(value))
    for place, change in mutations:
        payload[place % len(payload)] ^= change
    found = outcome(bytes(payload))
    assert found != value or bytes(payload) == encode_payload(value)


@settings(max_examples=examples(500))
@given(kinds, st.lists(st.integers(0, (1 << 64) - 1), max_size=12), st.integers(1, 5))
def test_numbers_in_the_right_length_decode_often(kind: Kind, parts: list[int], stretch: int) -> None:
    """Small numbers reach deep into the fields, where random bytes rarely come."""
    number = 0
    for part in parts:
        number = (number << (13 * stretch)) ^ part
    length = (number.bit_length() + 7) // 8
    outcome(bytes((kind_byte(kind),)) + number.to_bytes(length + (length % 5 == 4), "big"))


@pytest.mark.parametrize("kind", Kind)
def test_every_bit_flip_truncation_and_extension_gives_another_value_or_none(kind: Kind) -> None:
    payload = encode_payload(EXAMPLES[kind])
    changed = [
        (int.from_bytes(payload, "big") ^ (1 << bit)).to_bytes(len(payload), "big")
        for bit in range(8 * len(payload))
    ]
    changed += [payload[:length] for length in range(len(payload))]
    changed += [payload + tail for tail in (b"\0", b"\0\0", b"\xff")]
    changed += [payload[:1] + b"\0" * more + payload[1:] for more in (1, 2, 5)]
    assert not [each for each in changed if outcome(each) == EXAMPLES[kind]]


def test_the_smallest_code_is_a_kind_byte_alone() -> None:
    """All fields at their first possibility make the number 0, and that takes no byte at all."""
    for kind in Kind:
        payload = bytes((kind_byte(kind),))
        assert encode_payload(decode_payload(payload)) == payload
        with pytest.raises(MalformedCodeError):
            decode_payload(payload + b"\0")


# --- the one form, broken by hand ----------------------------------------------------------------------


def test_a_leading_zero_byte_is_refused() -> None:
    for value in EXAMPLES.values():
        payload = encode_payload(value)
        with pytest.raises(MalformedCodeError, match="one form"):
            decode_payload(payload[:1] + b"\0" + payload[1:])


def test_four_modulo_five_bytes_are_refused_and_filled_up() -> None:
    payloads = (
        encode_payload(replace(example_of(Confirmation), code_number=number))
        for number in range(1, 1 << 26, 1 << 18)
    )
    payload = next(payload for payload in payloads if payload[1] == 0)
    assert len(payload) % 5 == 1
    with pytest.raises(MalformedCodeError, match="one form"):
        decode_payload(payload[:1] + payload[2:])


@pytest.mark.parametrize("kind", Kind)
def test_a_number_that_is_left_over_is_refused(kind: Kind) -> None:
    sink = DigitSink()
    wire.EXTENSION.put(sink, 0)
    wire.LAYOUTS[kind].put(sink, EXAMPLES[kind])
    assert decode_payload(payload_of(kind, sink)) == EXAMPLES[kind]
    sink.put(1, 2)
    with pytest.raises(MalformedCodeError, match="one form"):
        decode_payload(payload_of(kind, sink))


def authorization_with(put_lines: Callable[[DigitSink], None]) -> bytes:
    """Make an authorization whose lines are put by hand."""
    value = EXAMPLES[Kind.AUTHORIZATION]
    sink = DigitSink()
    wire.EXTENSION.put(sink, 0)
    for name, entry in wire._AUTHORIZATION._entries:
        if name != "lines":
            assert not callable(entry)
            entry.put(sink, getattr(value, name))
    put_lines(sink)
    return payload_of(Kind.AUTHORIZATION, sink)


def put_spelled(sink: DigitSink, *tags: tuple[int, str]) -> None:
    """Put spelled tags, each as (shared characters, rest)."""
    lines.NUMBERED.put(sink, 0)
    lines.SPELLED.put(sink, len(tags))
    for shared, rest in tags:
        lines.SHARED.put(sink, shared)
        lines.TEXT.put(sink, rest)


def put_bare_lines(
    sink: DigitSink, number: int, put_term: Callable[[DigitSink, int], None] | None = None
) -> None:
    """Put one line of one count for each of ``number`` tags; perpetual, unless a term is put by hand."""
    for place in range(number):
        lines.LINES_OF_TAG.put(sink, 1)
        lines.COUNT.put(sink, 1)
        if put_term:
            put_term(sink, place)
        else:
            lines.FIRST_TERM.put(sink, lines.PERPETUAL)
        lines.FLAGS.put(sink, 0)


def spelled(*tags: tuple[int, str]) -> bytes:
    def put(sink: DigitSink) -> None:
        put_spelled(sink, *tags)
        put_bare_lines(sink, len(tags))

    return authorization_with(put)


def in_set(index: int, text: str) -> bytes:
    """Spell one tag in a character set of choice."""

    def put(sink: DigitSink) -> None:
        lines.NUMBERED.put(sink, 0)
        lines.SPELLED.put(sink, 1)
        lines.SHARED.put(sink, 0)
        fields.CHARACTER_SET.put(sink, index)
        sink.put(len(text) - 1, 64)
        for character in text:
            sink.put(CHARACTER_SETS[index].index(character), len(CHARACTER_SETS[index]))
        put_bare_lines(sink, 1)

    return authorization_with(put)


def with_terms(number: int, put_term: Callable[[DigitSink, int], None]) -> bytes:
    def put(sink: DigitSink) -> None:
        put_spelled(sink, *((0, letter) for letter in "ABCDEFGH"[:number]))
        put_bare_lines(sink, number, put_term)

    return authorization_with(put)


ISSUE_DAY = strategies.MOMENT.date()
TERM = Term(ISSUE_DAY, date(2025, 5, 5))


def put_new_term(sink: DigitSink, place: int) -> None:
    """Put the same term as a new one, each time."""
    (lines.FIRST_TERM, lines.SECOND_TERM, lines.SECOND_TERM)[place].put(sink, lines.NEW)
    TermTable(ISSUE_DAY)._put_new(sink, TERM)


def put_days_long(days: int) -> Callable[[DigitSink, int], None]:
    def put_term(sink: DigitSink, _: int) -> None:
        lines.FIRST_TERM.put(sink, lines.NEW)
        lines.STARTS_AT_ISSUE.put(sink, True)
        lines.YEARS.put(sink, 0)
        lines.DAYS_LONG.put(sink, days)

    return put_term


def test_the_forger_of_these_tests_can_make_what_is_right() -> None:
    """Otherwise the refusals below would prove nothing."""
    for payload in (
        spelled((0, "A"), (1, "B"), (0, "BC")),
        in_set(0, "A"),
        in_set(1, "a_"),
        in_set(2, "Aa"),
        with_terms(1, put_new_term),
        with_terms(1, put_days_long(364)),
        authorization_with(put_spelled),
    ):
        assert encode_payload(decode_payload(payload)) == payload


BROKEN = {
    "unsorted tags": spelled((0, "B"), (0, "A")),
    "a repeated tag": spelled((0, "AB"), (1, "B")),
    "less than the shared beginning": spelled((0, "AB"), (0, "AC")),
    "more shared than there is": spelled((0, "AB"), (5, "C")),
    "a tag of 65 characters": spelled((0, "A" * 64), (63, "BC")),
    "a tag of 127 characters": spelled((0, "A" * 64), (64, "B" * 63)),
    "a space at the beginning of a tag": spelled((0, " A")),
    "a space at the end of a tag": spelled((0, "A ")),
    "a larger set than needed": in_set(2, "A"),
    "the second set where the first does": in_set(1, "9-"),
    "the third set where the second does": in_set(2, "a_"),
    "a term spelled out again": with_terms(2, put_new_term),
    "days for whole years": with_terms(1, put_days_long(365)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_any_other_form_is_refused(name: str) -> None:
    with pytest.raises(MalformedCodeError):
        decode_payload(BROKEN[name])


def test_unsorted_and_repeated_lines_are_refused() -> None:
    late, early = Term(ISSUE_DAY, date(2027, 1, 1)), TERM
    for pair in ((late, early), (late, late), (early, None)):

        def put(sink: DigitSink, pair: tuple[Term | None, Term | None] = pair) -> None:
            put_spelled(sink, (0, "A"))
            table = TermTable(ISSUE_DAY)
            lines.LINES_OF_TAG.put(sink, 2)
            for term in pair:
                lines.COUNT.put(sink, 1)
                table.put(sink, term)
                lines.FLAGS.put(sink, 0)

        with pytest.raises(MalformedCodeError):
            decode_payload(authorization_with(put))


# --- what has no meaning -------------------------------------------------------------------------------


def example_of(kind: type[V]) -> V:
    return next(value for value in EXAMPLES.values() if isinstance(value, kind))


REQUEST, AUTHORIZATION = example_of(Request), example_of(Authorization)
RETURN, TRUST = example_of(Return), example_of(Trust)
FIRST_ISSUER = TRUST.issuers[0]

MEANINGLESS: dict[str, Code] = {
    "a return that installed nothing, in an epoch": replace(RETURN, last_sequence=Sequence(1, 0)),
    "unsorted issuers": replace(
        TRUST, issuers=tuple(IssuerKey(key, ISSUE_DAY) for key in sorted(strategies.KEYS[:2], reverse=True))
    ),
    "an issuer twice": replace(TRUST, issuers=(FIRST_ISSUER, FIRST_ISSUER)),
    "no issuer": replace(TRUST, issuers=()),
    "sixteen issuers": replace(TRUST, issuers=(FIRST_ISSUER,) * 16),
    "revoked keys unsorted": replace(TRUST, revoked=(b"revoked2", b"revoked1")),
    "a revoked key twice": replace(TRUST, revoked=(b"revoked1",) * 2),
    "too many revoked keys": replace(TRUST, revoked=tuple(bytes([place] * 8) for place in range(127))),
    "a validity that ends before it starts": replace(
        TRUST, issuers=(replace(FIRST_ISSUER, valid_until=FIRST_ISSUER.valid_from - timedelta(days=1)),)
    ),
    "a validity that ends before it starts, beside a sound one": replace(
        TRUST,
        issuers=tuple(
            IssuerKey(key, ISSUE_DAY, ISSUE_DAY - timedelta(days=late))
            for key, late in zip(sorted(strategies.KEYS[:2]), (1, 0), strict=True)
        ),
    ),
    "serial zero": replace(TRUST, serial=0),
    "a key of 31 bytes": replace(REQUEST, device_key=b"k" * 31),
    "a wanted position outside the catalogue": replace(REQUEST, wanted=(WantedLine(644, 1),)),
    "a wanted position without a catalogue": replace(REQUEST, catalogue=None, wanted=(WantedLine(0, 1),)),
    "a negative wanted position": replace(REQUEST, wanted=(WantedLine(-1, 1), WantedLine(5, 1))),
    "an empty catalogue": replace(REQUEST, catalogue=CatalogueId(0, b"1234")),
    "no members": replace(REQUEST, members=0),
    "sixteen members": replace(REQUEST, members=16),
    "code number zero": replace(REQUEST, code_number=0),
    "a component of 25 bits": replace(REQUEST, sketch=Sketch((1 << 24,), 1)),
    "a negative component": replace(REQUEST, sketch=Sketch((-1,), 1)),
    "sixteen components": replace(REQUEST, sketch=Sketch((1,) * 16, 1)),
    "more components required than there are": replace(REQUEST, sketch=Sketch((1, 2), 3)),
    "a negative number required": replace(REQUEST, sketch=Sketch((1, 2), -1)),
    "seconds": replace(REQUEST, device_time=strategies.MOMENT.replace(second=1)),
    "sequence number zero": replace(AUTHORIZATION, sequence=Sequence(0, 0)),
    "a sequence number too large": replace(AUTHORIZATION, sequence=Sequence(0, 1 << 16)),
    "a return of a sequence too large": replace(RETURN, last_sequence=Sequence(0, 1 << 16)),
    "an epoch too large": replace(AUTHORIZATION, sequence=Sequence((1 << 16) - 1, 1)),
    "a hint of three bytes": replace(AUTHORIZATION, request_hint=b"123"),
    "256 lines": replace(AUTHORIZATION, lines=tuple(Line(place, 1) for place in range(256))),
    "a count too large": replace(AUTHORIZATION, lines=(Line(1, 1 << 24),)),
    "a count of zero": replace(AUTHORIZATION, lines=(Line(1, 0),)),
    "a tag of 65 characters": replace(AUTHORIZATION, lines=(Line("A" * 65, 1),)),
}


@pytest.mark.parametrize("name", MEANINGLESS)
def test_values_that_no_code_can_carry_are_refused(name: str) -> None:
    with pytest.raises(FieldError, match="carr"):
        encode_payload(MEANINGLESS[name])


@pytest.mark.parametrize(
    "name",
    [
        "a return that installed nothing, in an epoch",
        "a return of a sequence too large",
        "unsorted issuers",
        "an issuer twice",
        "revoked keys unsorted",
        "a validity that ends before it starts",
        "a validity that ends before it starts, beside a sound one",
        "a wanted position outside the catalogue",
    ],
)
def test_bytes_that_say_it_all_the_same_are_malformed(name: str) -> None:
    value: Any = MEANINGLESS[name]
    kind = KIND_OF[type(value)]
    sink = DigitSink()
    wire.EXTENSION.put(sink, 0)
    wire.LAYOUTS[kind].put(sink, value)
    with pytest.raises(MalformedCodeError):
        decode_payload(payload_of(kind, sink))


def test_what_an_authorization_can_say_a_return_can_say_back() -> None:
    for sequence in (Sequence(0, 1), Sequence(0, (1 << 16) - 1), Sequence((1 << 16) - 2, (1 << 16) - 1)):
        for value in (replace(AUTHORIZATION, sequence=sequence), replace(RETURN, last_sequence=sequence)):
            assert decode_payload(encode_payload(value)) == value
    never = replace(RETURN, last_sequence=NEVER_INSTALLED)
    assert decode_payload(encode_payload(never)) == never


def test_the_day_of_issue_is_the_utc_day_in_any_time_zone() -> None:
    here = datetime(2025, 3, 5, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    there = replace(AUTHORIZATION, issued_at=here)
    assert decode_payload(encode_payload(there)) == there
    assert encode_payload(there) == encode_payload(replace(there, issued_at=here.astimezone(UTC)))


# --- limits --------------------------------------------------------------------------------------------


def spelled_out(*, tags: int, last: int) -> Authorization:
    """Spell tags that share nothing, the last one ``last`` characters long."""
    texts = [f"{ALPHABET[place]}" + "~q" * 31 for place in range(tags)]
    return replace(AUTHORIZATION, lines=tuple(Line(text, 1) for text in (*texts, "z" + "~" * (last - 1))))


def test_codes_have_a_greatest_length() -> None:
    """One character more is less than a byte more, so some length of the last tag fits exactly."""
    longest = max((spelled_out(tags=22, last=last) for last in range(1, 65)), key=_fitting_bytes)
    assert MAX_PAYLOAD_BYTES - 2 <= len(encode_payload(longest)) <= MAX_PAYLOAD_BYTES
    assert len(to_characters(encode_payload(longest) + bytes(SIGNATURE_BYTES))) <= 2030
    one_more = spelled_out(tags=22, last=len(str(longest.lines[-1].tag)) + 2)
    with pytest.raises(FieldError, match="at most 2030") as caught:
        encode_payload(one_more)
    assert "catalogue" in caught.value.hint


def _fitting_bytes(value: Authorization) -> int:
    try:
        return len(encode_payload(value))
    except FieldError:
        return 0


def test_longer_payloads_are_refused_before_any_work() -> None:
    for length in (0, MAX_PAYLOAD_BYTES + 1, 1 << 20):
        with pytest.raises(MalformedCodeError, match="too short or too long"):
            decode_payload(bytes((kind_byte(Kind.REQUEST),)) * length)


# --- newer versions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(256))
def test_every_first_byte_has_its_answer(first: int) -> None:
    letter, version = ALPHABET[first >> 3], first & 7
    if version == 1 and letter in "QACRT":
        assert kind_of(first) is Kind(letter)
    elif version == 1 and letter == "S":
        with pytest.raises(MalformedCodeError, match="short confirmation, and has 24 characters"):
            kind_of(first)
    elif version == 1 and letter in "BF":
        with pytest.raises(WrongKindError, match="bundle" if letter == "B" else "frame"):
            kind_of(first)
    elif version >= 1 and letter in "QACRTSBF":
        with pytest.raises(NewerVersionError, match=f"kind {letter}, version {version}") as caught:
            kind_of(first)
        assert caught.value.hint
    elif letter in "QACRTSBF":
        with pytest.raises(MalformedCodeError, match="version 0"):
            kind_of(first)
    else:
        with pytest.raises(MalformedCodeError, match=f"starts with '{letter}'"):
            kind_of(first)


@pytest.mark.parametrize("kind", Kind)
def test_an_extension_is_of_a_newer_version(kind: Kind) -> None:
    sink = DigitSink()
    wire.EXTENSION.put(sink, 1)
    wire.LAYOUTS[kind].put(sink, EXAMPLES[kind])
    with pytest.raises(NewerVersionError, match="extension"):
        decode_payload(payload_of(kind, sink))


def test_members_that_only_a_newer_version_knows() -> None:
    class Later(int):
        """A number that passes for a member of an enumeration."""

    for value in (
        replace(REQUEST, mode=Later(2)),  # type: ignore[arg-type]
        replace(RETURN, reason=Later(7)),  # type: ignore[arg-type]
        replace(RETURN, evidence=Later(2)),  # type: ignore[arg-type]
    ):
        with pytest.raises(NewerVersionError):
            decode_payload(encode_payload(value))
