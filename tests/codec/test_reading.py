"""Reading: verification first, repairs that are named, and errors that blame nobody wrongly."""

import random
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec import wire
from codec.alphabet import ALPHABET, to_characters
from codec.codes import Authorization, Code, Kind
from codec.digits import DigitSink
from codec.envelope import UnverifiedCode, VerifiedCode, require_kind, verify_authorization
from codec.errors import CodecError, MalformedCodeError, NewerVersionError, NotGenuineError, WrongKindError
from codec.grouping import GROUP_CHARACTERS, GROUPS_PER_LINE, grouped, groups_of
from codec.layout import Typed, lines_of
from codec.missing import FEWEST_CHARACTERS, gaps
from codec.parity import parity_of
from codec.reading import Damage, Repair, inspect, receive
from tests.codec import strategies
from tests.codec.strategies import CONTEXT, SIGNED_EXAMPLES, Signed
from tests.search import examples

kinds = st.sampled_from(Kind)
SHORT = "S" + "K7Q4" * 5 + "K7Q"


def wrong_for(character: str, step: int) -> str:
    """Return another character of the alphabet."""
    return ALPHABET[(ALPHABET.index(character) + step) % len(ALPHABET)]


def mistyped(text: str, positions: dict[int, int]) -> str:
    """Change the characters at these positions by these steps."""
    characters = list(text)
    for position, step in positions.items():
        characters[position] = wrong_for(characters[position], step)
    return "".join(characters)


def expected_repairs(text: str, typed: str) -> tuple[Repair, ...]:
    pairs = zip(groups_of(typed), groups_of(text), strict=True)
    return tuple(Repair(number, *pair) for number, pair in enumerate(pairs, 1) if pair[0] != pair[1])


# --- what needs no repair ------------------------------------------------------------------------------


@given(strategies.signed_codes)
def test_a_sound_code_is_received_without_repairs(signed: Signed) -> None:
    text = signed.code.text
    for raw in (text, text.lower(), grouped(text), f"> {grouped(text)}\n".replace("\n", "\n> ")):
        received = receive(raw, signed.verify)
        assert received.code == signed.code
        assert received.repairs == ()
        assert inspect(raw).code.unverified == signed.code.value


def test_a_sound_code_is_verified_once() -> None:
    calls: list[UnverifiedCode[Code]] = []
    signed = SIGNED_EXAMPLES[Kind.REQUEST]

    def verify(code: UnverifiedCode[Code]) -> VerifiedCode[Code]:
        calls.append(code)
        return signed.verify(code)

    receive(signed.code.text, verify)
    assert len(calls) == 1


# --- repairs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_one_character_change_is_repaired_and_named(kind: Kind) -> None:
    signed = SIGNED_EXAMPLES[kind]
    text = signed.code.text
    for position in range(len(text)):
        for step in (1, 16, 1 + position % 31):
            typed = mistyped(text, {position: step})
            group = position // GROUP_CHARACTERS
            received = receive(typed, signed.verify)
            assert received.code == signed.code
            assert received.repairs == (Repair(group + 1, groups_of(typed)[group], groups_of(text)[group]),)


@settings(max_examples=examples(300))
@given(kinds, st.dictionaries(st.integers(0, 10_000), st.integers(1, 31), min_size=1, max_size=4))
def test_any_four_wrong_characters_are_repaired_and_named(kind: Kind, wrong: dict[int, int]) -> None:
    signed = SIGNED_EXAMPLES[kind]
    text = signed.code.text
    typed = mistyped(text, {position % len(text): step for position, step in wrong.items()})
    received = receive(typed, signed.verify)
    assert received.code == signed.code
    assert received.repairs == expected_repairs(text, typed)
    inspected = inspect(grouped(typed))
    assert inspected.code.unverified == signed.code.value
    assert inspected.repairs == received.repairs


@given(strategies.signed_codes, st.integers(0, 1 << 32))
def test_four_wrong_characters_in_any_code(signed: Signed, seed: int) -> None:
    rng = random.Random(seed)
    text = signed.code.text
    typed = mistyped(text, {position: rng.randint(1, 31) for position in rng.sample(range(len(text)), 4)})
    received = receive(typed, signed.verify)
    assert (received.code, received.repairs) == (signed.code, expected_repairs(text, typed))


def test_wrong_parity_under_a_code_that_verifies_is_named_however_wrong() -> None:
    signed = SIGNED_EXAMPLES[Kind.CONFIRMATION]
    typed = signed.code.text[:-16] + "0" * 16
    received = receive(typed, signed.verify)
    assert received.code == signed.code
    assert received.repairs == expected_repairs(signed.code.text, typed)
    assert len(received.repairs) == 4


def in_lines(text: str, group: int, typed: str) -> str:
    """Return a code in lines with numbers, with something else typed in place of one of its groups."""
    groups = list(groups_of(text))
    groups[group - 1] = typed
    lines = [groups[start : start + GROUPS_PER_LINE] for start in range(0, len(groups), GROUPS_PER_LINE)]
    return "\n".join(f"{number}: {' '.join(line)}" for number, line in enumerate(lines, 1))


def test_a_repair_names_the_line_whether_the_body_was_wrong_or_the_parity() -> None:
    signed = SIGNED_EXAMPLES[Kind.REQUEST]
    text = signed.code.text
    groups = groups_of(text)
    # In the signature, in the parity, and in the number that says how long the code is.
    for group in (40, len(groups) - 1, 1):
        wrong = groups[group - 1][:1] + wrong_for(groups[group - 1][1], 9) + groups[group - 1][2:]
        raw = in_lines(text, group, wrong)
        words = (
            f"group {group}, in line {(group + 4) // 5}: you typed {wrong}, the code has {groups[group - 1]}"
        )
        assert [str(each) for each in receive(raw, signed.verify).repairs] == [words]
        assert [str(each) for each in inspect(raw).repairs] == [words]


def test_lines_that_cannot_be_told_apart_are_no_hindrance() -> None:
    """Two digits and a stop after a line's number look like another number: they are part of the code."""
    signed = SIGNED_EXAMPLES[Kind.REQUEST]
    text = signed.code.text
    place = next(at for at in range(60, 200) if text[at : at + 2].isdigit())
    typed = mistyped(text, {200: 3})
    raw = f"1. {typed[:place]}\n2. {typed[place : place + 2]}. {typed[place + 2 :]}"
    for repairs in (receive(raw, signed.verify).repairs, inspect(raw).repairs):
        assert repairs == expected_repairs(text, typed)
        assert repairs[0].line is None


def test_a_damaged_code_is_found_among_other_text_without_a_key_and_with_one() -> None:
    signed = SIGNED_EXAMPLES[Kind.AUTHORIZATION]
    groups = list(groups_of(signed.code.text))
    groups[9] = groups[9][0] + wrong_for(groups[9][1], 7) + groups[9][2:]
    raw = f"Dear Bob,\n\nhere it is, you asked for it:\n\n{' '.join(groups)}\n\nRegards, Anna"
    (repair,) = expected_repairs(signed.code.text, "".join(groups))
    assert (receive(raw, signed.verify).code, receive(raw, signed.verify).repairs) == (signed.code, (repair,))
    inspected = inspect(raw)
    assert (inspected.code.unverified, inspected.repairs) == (signed.code.value, (repair,))


@pytest.mark.parametrize("typos", [0, 1])
def test_a_short_confirmation_is_no_code_to_verify(typos: int) -> None:
    text = mistyped(SHORT, {9: 3} if typos else {})
    for raw in (text, f" {text[:4]}-{text[4:].lower()} "):
        for read in (inspect, lambda raw: receive(raw, SIGNED_EXAMPLES[Kind.CONFIRMATION].verify)):
            with pytest.raises(WrongKindError, match="short confirmation") as caught:
                read(raw)
            assert "portal accept" in caught.value.hint


@pytest.mark.parametrize("text", [SHORT[:-1], SHORT + "0", "A" + SHORT[1:], SHORT[1] + "S" + SHORT[2:]])
def test_what_only_resembles_a_short_confirmation_is_part_of_a_code(text: str) -> None:
    for read in (inspect, lambda raw: receive(raw, SIGNED_EXAMPLES[Kind.CONFIRMATION].verify)):
        with pytest.raises(MalformedCodeError, match="part of the code is missing"):
            read(text)


def test_after_a_search_none_is_advised() -> None:
    signed = SIGNED_EXAMPLES[Kind.CONFIRMATION]
    noise = "".join(random.Random(1).choices(ALPHABET, k=130))
    for raw in (noise, f"Dear Bob,\n\nhere it is, you asked for it:\n{grouped(noise)}\n\nRegards, Anna"):
        for search in (True, False):
            with pytest.raises(MalformedCodeError, match="damaged beyond repair") as caught:
                receive(raw, signed.verify, search=search)
            assert ("--search" in caught.value.hint) == (not search)
            assert "trust file" not in caught.value.hint
        with pytest.raises(MalformedCodeError, match="damaged beyond repair") as caught:
            inspect(raw)
        assert "trust file" in caught.value.hint


def test_a_repair_says_what_was_typed() -> None:
    assert str(Repair(7, "K7Q4", "K7R4")) == "group 7: you typed K7Q4, the code has K7R4"


@pytest.mark.parametrize("kind", Kind)
def test_more_wrong_characters_are_refused_and_nobody_is_accused(kind: Kind) -> None:
    """The parity alone is led astray one time in some ten thousands; then the signature refuses."""
    signed, rng = SIGNED_EXAMPLES[kind], random.Random(5)
    text = signed.code.text
    for _ in range(8):
        symbols = rng.sample(range(len(text) // 2), rng.randint(6, 12))
        with pytest.raises(MalformedCodeError) as caught:
            receive(mistyped(text, {2 * symbol: rng.randint(1, 31) for symbol in symbols}), signed.verify)
        assert "--search" in caught.value.hint


@pytest.mark.parametrize("kind", Kind)
def test_every_cut_is_repaired_as_long_as_the_body_is_whole_and_refused_beyond(kind: Kind) -> None:
    signed = SIGNED_EXAMPLES[kind]
    text = signed.code.text
    for lost in range(1, 17):
        received = receive(text[:-lost], signed.verify)
        assert received.code == signed.code
        assert [(each.damage, each.meant) for each in received.repairs] == [(Damage.CUT_END, text[-lost:])]
    for lost in (*range(17, 40), len(text) // 2, len(text) - 1):
        with pytest.raises(MalformedCodeError):
            receive(text[:-lost], signed.verify)


@pytest.mark.parametrize("kind", Kind)
def test_what_hangs_on_at_either_end_changes_nothing(kind: Kind) -> None:
    signed = SIGNED_EXAMPLES[kind]
    text = signed.code.text
    for raw in (f"{text} 0", f"{text} 00", f"ZZ {text}", f"{text}\n{text}", f"{text[-16:]} {text}"):
        assert receive(raw, signed.verify).code == signed.code
    # Zeros at an end leave a code word one, so the parity alone would take the other ends for zeros.
    for raw in (f"{text}ZZ", f"ZZ{text}", f"{text}Z", f"{text[:-3]}{text[-3]}{text[-3:]}"):
        assert receive(raw, signed.verify).code == signed.code
        assert inspect(raw).code.signature == signed.code.signature


# --- who is blamed -------------------------------------------------------------------------------------


def for_another_device(code: UnverifiedCode[Code]) -> VerifiedCode[Authorization]:
    return verify_authorization(require_kind(code, Authorization), replace(CONTEXT, request_id=bytes(32)))


@pytest.mark.parametrize("typos", range(5))
def test_not_genuine_is_said_only_when_nothing_is_mistyped_any_more(typos: int) -> None:
    text = SIGNED_EXAMPLES[Kind.AUTHORIZATION].code.text
    seen: list[bytes] = []

    def verify(code: UnverifiedCode[Code]) -> VerifiedCode[Authorization]:
        seen.append(code.payload)
        return for_another_device(code)

    with pytest.raises(NotGenuineError):
        receive(mistyped(text, {20 * place + 3: 7 for place in range(typos)}), verify)
    assert seen[-1] == SIGNED_EXAMPLES[Kind.AUTHORIZATION].code.payload
    assert len(seen) <= 2 if typos else len(seen) == 1


def test_too_many_typos_hide_for_whom_a_code_is() -> None:
    text = SIGNED_EXAMPLES[Kind.AUTHORIZATION].code.text
    with pytest.raises(MalformedCodeError, match="damaged beyond repair"):
        receive(mistyped(text, {20 * place + 3: 7 for place in range(7)}), for_another_device)


def test_a_typo_in_the_kind_or_version_is_no_other_kind_or_version() -> None:
    for kind, signed in SIGNED_EXAMPLES.items():
        text = signed.code.text
        for first in ALPHABET:
            assert receive(first + text[1:], signed.verify).code == signed.code, kind
            assert receive(text[0] + first + text[2:], signed.verify).code == signed.code, kind


@pytest.mark.parametrize("typos", [0, 1, 4])
def test_a_newer_code_is_named_as_such_with_typos_too(typos: int) -> None:
    sink = DigitSink()
    wire.EXTENSION.put(sink, 1)
    sink.put(123, 1 << 80)
    body = to_characters(bytes([wire.kind_byte(Kind.REQUEST)]) + sink.fold().to_bytes(11, "big") + bytes(64))
    text = body + parity_of(body)
    typed = mistyped(text, {9 * place + 1: 5 for place in range(typos)})
    for read in (inspect, lambda raw: receive(raw, SIGNED_EXAMPLES[Kind.REQUEST].verify)):
        with pytest.raises(NewerVersionError):
            read(typed)


def test_another_kind_is_named_as_such_with_typos_too() -> None:
    text = SIGNED_EXAMPLES[Kind.REQUEST].code.text
    for typed in (text, mistyped(text, {0: 3, 50: 1})):
        with pytest.raises(
            WrongKindError, match="This is a request code; an authorization code is needed here"
        ):
            receive(typed, SIGNED_EXAMPLES[Kind.AUTHORIZATION].verify)


# --- what is missing -----------------------------------------------------------------------------------

TYPED = grouped(SIGNED_EXAMPLES[Kind.REQUEST].code.text)
LINES = TYPED.split("\n")


def refusal_of(raw: str) -> MalformedCodeError:
    with pytest.raises(MalformedCodeError) as caught:
        receive(raw, SIGNED_EXAMPLES[Kind.REQUEST].verify)
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    with pytest.raises(MalformedCodeError) as inspected:
        inspect(raw)
    assert inspected.value.message == caught.value.message
    return caught.value


def short_of(*places: int) -> str:
    """Return the typed request with the first character missing in the groups of these numbers."""
    groups = list(groups_of(SIGNED_EXAMPLES[Kind.REQUEST].code.text))
    for place in places:
        groups[place - 1] = groups[place - 1][1:]
    lines = [groups[start : start + GROUPS_PER_LINE] for start in range(0, len(groups), GROUPS_PER_LINE)]
    return "\n".join(f"{number}: {' '.join(line)}" for number, line in enumerate(lines, 1))


def test_groups_that_are_not_whole_are_named() -> None:
    error = refusal_of(short_of(3, 9, 27, 28, 40, 51))
    assert "damaged beyond repair" in error.message
    assert "group 3, in line 1, has 3 characters and not 4; group 9, in line 2" in error.hint
    assert "even number" in refusal_of(short_of(3, 9, 27, 28, 40, 51, 52)).message


def test_a_missing_line_is_named() -> None:
    error = refusal_of("\n".join(LINES[:2] + LINES[3:]))
    assert "damaged beyond repair" in error.message
    assert "line 3 is missing" in error.hint


def test_missing_groups_are_located_by_their_line() -> None:
    short = [*LINES[:3], *(line.rsplit(" ", 1)[0] for line in LINES[3:9]), *LINES[9:]]
    assert "line 4 has 4 groups, and others have 5" in refusal_of("\n".join(short)).hint
    unnumbered = "\r\n".join(f"> {line.split(': ')[1]}" for line in short)
    assert "line 4 has 4 groups, and others have 5" in refusal_of(unnumbered).hint


def test_a_lost_end_is_suspected_where_nothing_else_shows() -> None:
    code = SIGNED_EXAMPLES[Kind.REQUEST].code.text
    for raw in (code[:-20], code[:-24], "\n".join(LINES[:-2])):
        assert "the last line first" in refusal_of(raw).hint


def test_a_lost_beginning_is_suspected_where_no_kind_stands() -> None:
    code = SIGNED_EXAMPLES[Kind.REQUEST].code.text
    start = next(at for at in range(20, 40, 2) if code[at] not in "QACRT")
    assert "its beginning may be missing" in refusal_of(code[start:]).hint
    assert "beginning" not in refusal_of(code[:-20]).hint


@pytest.mark.parametrize("raw", ["A", "hello", "QK3F 7Y2A", "A4" * 8, "A4" * 59])
def test_what_is_far_too_short_is_told_so(raw: str) -> None:
    error = refusal_of(raw)
    assert f"no code has fewer than {FEWEST_CHARACTERS}" in error.message
    assert "whole code" in error.hint


def test_no_code_is_shorter_than_the_shortest() -> None:
    shortest = to_characters(bytes([wire.kind_byte(Kind.RETURN)]) + bytes(64))
    assert len(shortest) + 16 == FEWEST_CHARACTERS
    assert inspect(shortest + parity_of(shortest)).repairs == ()


@pytest.mark.parametrize("raw", ["", "ABCDEFGH", "one two three four", "1: AB CD\n2: EF", "\n\n"])
def test_no_place_is_named_where_none_shows(raw: str) -> None:
    assert gaps(Typed(lines_of(raw))) == ()


def test_at_most_three_places_are_named() -> None:
    broken = TYPED.replace(": ", ": X", 6)
    assert len(gaps(Typed(lines_of(broken)))) == 3


@given(st.text())
def test_looking_for_gaps_never_fails(raw: str) -> None:
    assert len(gaps(Typed(lines_of(raw)))) <= 3


# --- whatever else may come ----------------------------------------------------------------------------


def attempt(raw: str, signed: Signed) -> None:
    """Read what may be anything; nothing but the package's own error may come out."""
    with suppress(CodecError):
        assert receive(raw, signed.verify).code == signed.code
    with suppress(CodecError):
        inspect(raw)


@settings(max_examples=examples(200))
@given(kinds, st.one_of(st.text(), st.text(ALPHABET, max_size=400), st.text("QACRT4Z0 \n-:", max_size=300)))
def test_arbitrary_text_raises_only_our_own_errors(kind: Kind, raw: str) -> None:
    attempt(raw, SIGNED_EXAMPLES[kind])


@st.composite
def edits(draw: st.DrawFn, text: str) -> str:
    """Cut, drop, double, swap and insert pieces of a text."""
    for _ in range(draw(st.integers(1, 5))):
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        piece = draw(
            st.one_of(st.just(""), st.just(text[start:end] * 2), st.text(max_size=6), st.text(ALPHABET))
        )
        text = text[:start] + piece + text[end:]
    return text


@settings(max_examples=examples(150))
@given(kinds.flatmap(lambda kind: st.tuples(st.just(kind), edits(SIGNED_EXAMPLES[kind].code.text))))
def test_edited_codes_are_refused_or_the_same_code(pair: tuple[Kind, str]) -> None:
    kind, raw = pair
    attempt(raw, SIGNED_EXAMPLES[kind])


@settings(max_examples=examples(300))
@given(kinds, st.binary(min_size=60, max_size=200))
def test_clean_parity_over_arbitrary_bytes(kind: Kind, data: bytes) -> None:
    body = to_characters(data + bytes(len(data) % 5 == 4))
    attempt(body + parity_of(body), SIGNED_EXAMPLES[kind])
