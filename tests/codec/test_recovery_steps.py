"""A search for the code that was meant, step by step: what it costs, who is asked, what is offered."""

from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from benchmarks.specimens import Specimen
from codec import recovery
from codec.alphabet import LONGEST_INPUT
from codec.arrangement import CORRECTION, Budget
from codec.codes import Code, Kind
from codec.damage import Damage
from codec.envelope import UnverifiedCode, decode_body
from codec.errors import (
    CodecError,
    MalformedCodeError,
    NotGenuineError,
)
from codec.grouping import grouped
from codec.layout import Line, Typed
from codec.parity import parity_of
from codec.pasted import LEFT_OUT
from codec.reading import inspect, receive
from codec.recovery import AUTOMATIC, ON_REQUEST, VERIFICATION, Search
from tests.codec.strategies import SIGNED_EXAMPLES
from tests.codec.test_recovery import AUTHORIZATION, CODES, PROVED, TEXT, UNPROVED, refusing


def run_of(text: str) -> Typed:
    """Return what was typed in one run."""
    return Typed((Line(1, is_numbered=False, words=(text,), raw_words=(text,)),))


def accepting(code: UnverifiedCode[Code]) -> str:
    return code.kind.name


def beside(
    signed_text: str, error: type[CodecError] = NotGenuineError
) -> Callable[[UnverifiedCode[Code]], str]:
    """Return a judge that refuses one code and takes any other."""
    signature = inspect(signed_text).code.signature

    def judge(code: UnverifiedCode[Code]) -> str:
        if code.signature == signature:
            raise error("refused: the one")
        return accepting(code)

    return judge


def wrong_in(text: str, *places: int) -> str:
    """Return the text with other characters in these places."""
    typed = list(text)
    for place in places:
        typed[place] = "4" if typed[place] != "4" else "7"
    return "".join(typed)


def test_the_nearest_code_is_found_with_one_correction_and_one_verification() -> None:
    search = Search(accepting, needs_proof=False, thorough=False)
    assert search.budget.left == AUTOMATIC
    found = search.nearest(run_of(wrong_in(TEXT, 30)))
    assert found
    assert found.code == Kind.AUTHORIZATION.name
    assert [(each.group, each.damage) for each in found.repairs] == [(8, Damage.WRONG)]
    assert search.budget.spent == CORRECTION + len(TEXT) // 8 + VERIFICATION
    assert Search(accepting, needs_proof=False, thorough=True).budget.left == ON_REQUEST


def test_a_whole_code_costs_a_step_for_three_characters_and_its_verification() -> None:
    search = Search(accepting, needs_proof=False, thorough=False)
    assert search.find_whole([run_of(f"{TEXT}4747")])
    assert search.budget.spent == (len(TEXT) + 4) // 3 + VERIFICATION
    for steps, asked in ((0, None), (len(TEXT) // 3, None), (len(TEXT) // 3 + VERIFICATION, "AUTHORIZATION")):
        search.budget = Budget(steps)
        search = Search(accepting, needs_proof=False, thorough=False)
        search.budget = Budget(steps)
        found = search.find_whole([run_of(TEXT)])
        assert (found.code if found else None) == asked


def test_nobody_is_asked_twice_about_a_code() -> None:
    for raw in (*PROVED, *UNPROVED, wrong_in(TEXT, 10, 40, 70, 100), f"see: {TEXT}", TEXT + "0000"):
        asked: list[bytes] = []

        def judge(code: UnverifiedCode[Code], asked: list[bytes] = asked) -> None:
            asked.append(code.signature + code.payload)
            raise NotGenuineError("refused")

        search: Search[None] = Search(judge, needs_proof=False, thorough=False)
        search.nearest(run_of(raw.replace("\n", "")))
        search.find(tuple(recovery.stretches_of(raw)))
        assert len(asked) == len(set(asked)) > 0


def test_nobody_is_asked_after_a_code_that_is_proved_and_refused() -> None:
    for specimen in CODES[7::25]:
        text, signature = specimen.text, specimen.code.signature
        wrong, lost = wrong_in(text, 21), text[:48] + text[52:]
        for raw in (f"see: {text}", wrong, f"see: {grouped(wrong)}", lost, text[:-1], text[2:]):
            asked: list[bytes] = []

            def judge(code: UnverifiedCode[Code], asked: list[bytes] = asked) -> None:
                asked.append(code.signature)
                raise NotGenuineError("refused")

            with pytest.raises(NotGenuineError):
                recovery.recover(raw, "" if "see" in raw else raw, judge)
            assert asked.count(signature) == 1
            assert asked[-1] == signature


def test_four_wrong_symbols_are_believed_but_end_no_search() -> None:
    """They are proved for nobody who has no key; and a judge who takes anything else is offered more."""

    def is_offered_more(specimen: Specimen) -> bool:
        typed = wrong_in(specimen.text, 9, 29, 49, 69)
        assert inspect(typed).code.signature == specimen.code.signature
        with pytest.raises(NotGenuineError):
            receive(typed, refusing(NotGenuineError))
        try:
            return bool(recovery.recover(typed, typed, beside(specimen.text)).code)
        except NotGenuineError:
            return False

    assert any(map(is_offered_more, CODES[97:]))


def test_nothing_is_mistyped_in_what_is_said_to_be_sound() -> None:
    refused = MalformedCodeError("This is no code")
    for raw in (wrong_in(TEXT, 20), TEXT[:-2], f"see: {grouped(wrong_in(TEXT, 20))}"):
        with pytest.raises(MalformedCodeError, match="This is no code"):
            recovery.recover(raw, raw, accepting, refused=refused, sound=True)


def test_a_code_with_zeros_after_it_is_refused_as_itself() -> None:
    for raw in (f"{TEXT}0000", f"{TEXT} 0000 0000", f"see: {TEXT}", f"see:\n{grouped(TEXT)}\nAnna"):
        with pytest.raises(NotGenuineError, match="refused"):
            receive(raw, refusing(NotGenuineError))


def test_a_sound_text_that_is_no_code_is_no_second_code() -> None:
    body = "A" + "0" * 119
    raw = f"{TEXT}\n{body}{parity_of(body)}"
    received = receive(raw, AUTHORIZATION.verify)
    assert (received.code, received.notes) == (AUTHORIZATION.code, (LEFT_OUT,))


def test_the_one_code_of_its_kind_is_named_among_several() -> None:
    others = [each.text for each in CODES if each.code.kind is Kind.REQUEST][:2]
    for raw in ("\n".join([TEXT, *others]), "\n".join([*others, TEXT])):
        (note,) = receive(raw, AUTHORIZATION.verify).notes
        assert note.endswith("; the authorization code was taken.")
        assert "3 codes" in note


def test_without_a_key_what_leaves_nothing_to_check_by_is_no_proof() -> None:
    """Eight symbols that are known to be wrong use all of the parity up: any others would do as well."""
    places = range(3, 150, 20)
    unknown = "".join("U" if place in places else each for place, each in enumerate(TEXT))
    assert receive(unknown, AUTHORIZATION.verify).code == AUTHORIZATION.code
    with pytest.raises(MalformedCodeError):
        inspect(unknown)
    for known in (0, 2, 7):
        text = "".join("U" if at in places[:known] else each for at, each in enumerate(TEXT))
        assert inspect(text).code.signature == AUTHORIZATION.code.signature


def test_strays_at_the_end_do_not_make_another_code() -> None:
    """Zeros in their place make a word whose parity is right, and some of these even read like codes."""
    alike = 0
    for specimen in CODES:
        with suppress(CodecError):
            decode_body(f"{specimen.text}00"[:-16])
            alike += 1
            assert inspect(f"{specimen.text}ZZ").code.signature == specimen.code.signature
    assert alike


@pytest.mark.parametrize("lost", [1, 2, 15, 16])
def test_a_cut_is_repaired_at_either_end(lost: int) -> None:
    for raw, damage, meant in (
        (TEXT[:-lost], Damage.CUT_END, TEXT[-lost:]),
        (TEXT[lost:], Damage.CUT_BEGINNING, TEXT[:lost]),
    ):
        received = receive(raw, AUTHORIZATION.verify)
        assert received.code == AUTHORIZATION.code
        assert [(each.damage, each.meant) for each in received.repairs] == [(damage, meant)]


@pytest.mark.parametrize("unknown", [False, True])
def test_five_wrong_symbols_are_repaired(unknown: bool) -> None:
    text = SIGNED_EXAMPLES[Kind.CONFIRMATION].code.text
    typed = wrong_in(text, 5, 30, 31, 60, 90, 120)
    if unknown:
        typed = f"{typed[:30]}UU{typed[32:]}"
    received = receive(typed, SIGNED_EXAMPLES[Kind.CONFIRMATION].verify)
    assert received.code == SIGNED_EXAMPLES[Kind.CONFIRMATION].code
    assert [each.group for each in received.repairs] == [2, 8, 16, 23, 31]


@pytest.mark.parametrize("count", [125, 127, 129])
def test_an_odd_number_of_characters_is_said_to_be_one(count: int) -> None:
    noise = "".join(Random(count).choices("A4X7QZ", k=count))
    with pytest.raises(
        MalformedCodeError, match=f"This code has {count} characters, and every code has an even"
    ):
        receive(noise, AUTHORIZATION.verify)


def test_a_text_of_the_greatest_length_is_read_to_its_end() -> None:
    raw = f"see: {TEXT}".rjust(LONGEST_INPUT)
    assert receive(raw, AUTHORIZATION.verify).code == AUTHORIZATION.code
    with pytest.raises(MalformedCodeError, match="This text has 65,537 characters"):
        receive(f" {raw}", AUTHORIZATION.verify)


def test_each_stretch_of_a_text_is_looked_at_once() -> None:
    raw = f"<p>see&nbsp;this:</p>\n{grouped(TEXT)}\n=20\nAnna"
    found = [typed.shown for typed in recovery.stretches_of(raw)]
    assert len(found) == len(set(found)) > 1


def test_what_is_said_of_a_text_is_said_of_what_looks_like_a_code() -> None:
    damaged = grouped(wrong_in(TEXT, *range(20, 160, 20)))
    letter = f"Dear Bob,\n\nplease find it below, as you asked:\n{damaged}\n\nRegards, Anna"
    for read in (inspect, lambda raw: receive(raw, AUTHORIZATION.verify)):
        with pytest.raises(MalformedCodeError, match="damaged beyond repair"):
            read(letter)
        with pytest.raises(MalformedCodeError, match="'u' in group 6 is not a character of a code"):
            read("Dear Bob, no code arrived, you know")
