"""Arrangements of typed characters: what they cost, and what a code word near to one is worth as a proof."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.alphabet import ALPHABET
from codec.arrangement import (
    CORRECTION,
    LOST,
    Arrangement,
    Budget,
    Candidate,
    as_typed,
    completed,
    with_gap,
    without,
)
from codec.parity import is_clean, parity_of
from codec.sums import surprise
from tests.codec.damaged import words

PLACES = st.integers(0, 1000)


def completion(text: str, arrangement: Arrangement, doubtful: frozenset[int] = frozenset()) -> Candidate:
    """Return the code word near to an arrangement; there must be one."""
    (found,) = completed(text, [arrangement], Budget(10_000), doubtful)
    assert is_clean(found.text)
    assert found.arrangement == arrangement
    return found


def other_than(character: str) -> str:
    return ALPHABET[ALPHABET.index(character) ^ 1]


def mistyped(text: str, *places: int) -> str:
    """Return the text with other characters in these places, counted from the end when negative."""
    typed = list(text)
    for place in places:
        typed[place] = other_than(typed[place])
    return "".join(typed)


# --- the budget ----------------------------------------------------------------------------------------


def test_a_budget_is_spent_to_the_last_step_and_no_further() -> None:
    budget = Budget(5)
    assert budget.allows(2) is True
    assert (budget.left, budget.spent) == (3, 2)
    assert budget.allows(4) is False
    assert (budget.left, budget.spent) == (3, 2)
    assert budget.allows(3) is True
    assert (budget.left, budget.spent) == (0, 5)
    assert budget.allows(0) is True
    assert budget.allows(1) is False


def test_each_arrangement_that_is_tried_costs_a_correction_and_the_reading_of_the_text() -> None:
    text = "0" * 64
    steps = CORRECTION + 8
    budget = Budget(3 * steps - 1)
    assert len(list(completed(text, [as_typed(64)] * 3, budget))) == 2
    assert (budget.left, budget.spent) == (steps - 1, 2 * steps)


# --- what is found -------------------------------------------------------------------------------------


@given(words, PLACES, st.integers(1, 9))
def test_what_was_lost_or_stood_too_much_is_found(code: str, place: int, count: int) -> None:
    place %= len(code) - count
    lost = {at // 2 for at in range(place, place + count)}
    arrangement = with_gap(len(code) - count, place, count, 7)
    assert arrangement.places == 7
    found = completion(code[:place] + code[place + count :], arrangement)
    assert (found.text, found.wrong) == (code, 0)
    if not code.startswith("00") and not code.endswith("00"):
        assert found.surprise == surprise(7, len(code), len(lost), 0)
    extra = code[:place] + mistyped(code[place : place + count], *range(count)) + code[place:]
    assert without(len(extra), place, count, 9).places == 9
    found = completion(extra, without(len(extra), place, count, 9))
    assert (found.text, found.wrong) == (code, 0)


@given(words, st.sets(PLACES, max_size=2), st.sets(PLACES, max_size=4))
def test_wrong_symbols_are_counted_beside_the_doubtful_ones(
    code: str, wrong: set[int], known: set[int]
) -> None:
    symbols = len(code) // 2
    doubtful = {place % symbols for place in known}
    others = {place % symbols for place in wrong} - doubtful
    text = mistyped(code, *(2 * symbol + 1 for symbol in doubtful | others))
    found = completion(text, as_typed(len(text)), frozenset(2 * symbol + 1 for symbol in doubtful))
    assert (found.text, found.wrong) == (code, len(others))
    if not code.startswith("00") and not code.endswith("00"):
        assert found.surprise == surprise(1, len(code), len(doubtful), len(others))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 19, 2048])
def test_nothing_is_found_where_no_code_has_the_length(count: int) -> None:
    assert not list(completed("0" * count, [as_typed(count)], Budget(10_000)))


def test_the_shortest_code_is_found_and_the_longest() -> None:
    for count in (18, 2046):
        assert completion("0" * count, as_typed(count)).text == "0" * count


def test_nothing_is_found_where_more_is_lost_than_the_parity_knows() -> None:
    code = "A4X7" * 10 + parity_of("A4X7" * 10)
    assert completion(code[16:], with_gap(len(code) - 16, 0, 16, 1)).text == code
    for lost in (17, 18, 20):
        assert not list(completed(code[lost:], [with_gap(len(code) - lost, 0, lost, 1)], Budget(10_000)))


# --- zeros at an end: a code word stays one ------------------------------------------------------------


@given(words.filter(lambda code: code[:2] != "00" and code[-2:] != "00"), st.integers(1, 31))
def test_a_symbol_too_many_at_an_end_proves_nothing_of_the_longer_word(code: str, value: int) -> None:
    stray = ALPHABET[value]
    for end in (f"{stray}{stray}", f"0{stray}", f"{stray}0"):
        for text, word in ((code + end, f"{code}00"), (end + code, f"00{code}")):
            found = completion(text, as_typed(len(text)))
            assert found.text == word
            assert found.surprise <= 0


@given(words)
def test_lost_zeros_at_an_end_prove_nothing(code: str) -> None:
    for lost in (1, 2):
        for text, place, word in (
            (code + "0" * (2 - lost), len(code), f"{code}00"),
            (code + "0" * (2 - lost), len(code) + 2 - lost, f"{code}00"),
            ("0" * (2 - lost) + code, 0, f"00{code}"),
            ("0" * (2 - lost) + code, 2 - lost, f"00{code}"),
        ):
            found = completion(text, with_gap(len(text), place, lost, 1))
            assert found.text == word
            assert found.surprise <= 0


@given(words.filter(lambda code: "0" not in code[:3] + code[-3:]))
def test_zeros_at_an_end_that_were_typed_prove_what_any_others_do(code: str) -> None:
    for word, wrong in ((f"00{code}", 2), (f"{code}00", -3)):
        text = mistyped(word, wrong)
        found = completion(text, as_typed(len(text)))
        assert found.text == word
        assert found.surprise == surprise(1, len(word), 0, 1) > 0
        lost = completion(text, as_typed(len(text)), frozenset({wrong % len(text)}))
        assert lost.surprise == surprise(1, len(word), 1, 0) > 0


def test_a_lost_place_is_told_from_the_last_character() -> None:
    arrangement = with_gap(20, 3, 1, 1)
    assert arrangement.source[:5] == (0, 1, 2, LOST, 3)
