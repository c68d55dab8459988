"""Sums and searches: what they say of rearranged characters is what the parity says of the result."""

from math import log2
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codec.alphabet import ALPHABET
from codec.arrangement import LOST, Arrangement, Budget, completed
from codec.five import five_wrong
from codec.galois import ORDER, tables, times
from codec.parity import PARITY_SYMBOLS, parity_of, syndromes_of
from codec.shifts import extra_run, lost_run, lost_twice
from codec.sums import Sums, may_be, placed, surprise, without_lost
from codec.swaps import moved, swapped
from tests.codec.damaged import near, sparse, words

texts = st.integers(10, 60).flatmap(lambda half: st.text(ALPHABET, min_size=2 * half, max_size=2 * half))


def xor(*rows: tuple[int, ...]) -> list[int]:
    total = [0] * PARITY_SYMBOLS
    for row in rows:
        total = [x ^ y for x, y in zip(total, row, strict=True)]
    return total


@given(texts, st.integers(0, 100), st.integers(-9, 9))
def test_a_piece_counts_where_it_is_moved_to(text: str, place: int, shift: int) -> None:
    place = place % (len(text) // 2) * 2
    padded = "0" * (10 + shift) + text + "0" * 12
    length = len(padded) + len(padded) % 2
    padded = padded.ljust(length, "0")
    rows = Sums("0" * 10 + text).moved(length, shift)
    # Whole symbols of the result only: those that begin and end at even places there.
    start, end = 10 + place + shift % 2, 10 + len(text) - shift % 2
    if start >= end:
        return
    kept = "".join(each if start + shift <= at < end + shift else "0" for at, each in enumerate(padded))
    assert xor(rows[start], rows[end]) == syndromes_of(kept)


@given(texts, st.integers(0, 100))
def test_a_beginning_counts_from_nothing_to_the_whole(text: str, place: int) -> None:
    length = len(text)
    place %= length + 1
    sums = Sums(text)
    assert sums.before(0) == sums.before(1) == (0,) * PARITY_SYMBOLS
    # At odd places the pairs begin with the second character.
    first = place % 2
    kept = text[first:place].ljust(length, "0")
    assert list(sums.moved(length, -first)[place]) == syndromes_of(kept)
    assert len(sums.moved(length, 0)) == length + 1


@given(st.text(ALPHABET, min_size=10, max_size=10), words)
def test_sums_are_equal_on_both_sides_of_a_code_word(before: str, code: str) -> None:
    sums = Sums(before + code)
    assert sums.before(10) == sums.before(10 + len(code))


@pytest.mark.parametrize("text", ["", "A", "AB", "ABC"])
def test_a_text_of_a_few_characters_has_sums(text: str) -> None:
    sums = Sums(text)
    assert sums.length == len(text)
    assert [len(sums.before(place)) for place in range(len(text) + 1)] == [PARITY_SYMBOLS] * (len(text) + 1)
    assert len(sums.moved(8, 0)) == len(text) + 1


@given(texts, st.data())
def test_one_symbol_counts_as_placed(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) // 2 - 1))
    lone = "".join(each if at // 2 == place else "0" for at, each in enumerate(text))
    symbol = ALPHABET.index(text[2 * place]) << 5 | ALPHABET.index(text[2 * place + 1])
    assert list(placed(symbol, len(text) // 2 - 1 - place)) == syndromes_of(lone)


@given(texts, st.data())
def test_lost_symbols_leave_no_trace_and_two_wrong_ones_are_possible(text: str, data: st.DataObject) -> None:
    code = text + parity_of(text)
    symbols = len(code) // 2
    lost = data.draw(st.integers(0, 3))
    first = data.draw(st.integers(0, symbols - lost))
    others = [each for each in range(symbols) if not first <= each < first + lost]
    wrong = data.draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
    damaged = list(code)
    for symbol in (*range(first, first + lost), *wrong):
        damaged[2 * symbol] = data.draw(st.sampled_from(ALPHABET))
        damaged[2 * symbol + 1] = data.draw(st.sampled_from(ALPHABET))
    values = (
        without_lost(syndromes_of("".join(damaged)), lost, symbols - first - lost)
        if lost
        else (syndromes_of("".join(damaged)))
    )
    for count in range(len(wrong), 3):
        assert may_be(values, count)


@given(st.one_of(near(), near(sparse)), st.integers(1, 8), st.integers(0, 99), st.integers(1, 31))
def test_lost_symbols_count_for_nothing_whatever_stands_there(
    text: str, lost: int, first: int, step: int
) -> None:
    symbols = len(text) // 2
    first %= symbols - lost + 1
    other = "".join(
        ALPHABET[ALPHABET.index(each) ^ step] if first <= at // 2 < first + lost else each
        for at, each in enumerate(text)
    )
    power = symbols - first - lost
    values = without_lost(syndromes_of(text), lost, power)
    assert values == without_lost(syndromes_of(other), lost, power)
    assert len(values) == min(5, PARITY_SYMBOLS - lost)
    assert without_lost([0] * PARITY_SYMBOLS, lost, power) == [0] * len(values)


#: The four elements of the smallest field within that of the parity: they make many determinants vanish.
FEW = (0, 1, tables()[0][341], tables()[0][682])


@given(st.lists(st.one_of(st.sampled_from(FEW), st.integers(0, ORDER)), min_size=5, max_size=8))
@example([0, 0, 0, 0, 1])
def test_so_many_wrong_symbols_are_possible_as_determinants_vanish(values: list[int]) -> None:
    a, b, c, d, e = values[:5]
    determinant = (
        times(a, times(c, e)) ^ times(a, times(d, d)) ^ times(b, times(b, e)) ^ times(c, times(c, c))
    )
    assert may_be(values, 2) == (determinant == 0)
    of_two = [
        times(one, three) ^ times(two, two)
        for one, two, three in zip(values, values[1:], values[2:], strict=False)
    ]
    assert may_be(values, 1) == (of_two == [0] * len(of_two))
    assert may_be(values, 0) == (values == [0] * len(values))


@given(st.lists(st.sampled_from(FEW), min_size=5, max_size=5))
def test_the_elements_of_a_small_field_are_judged_like_any_others(values: list[int]) -> None:
    a, b, c, d, e = values
    determinant = (
        times(a, times(c, e)) ^ times(a, times(d, d)) ^ times(b, times(b, e)) ^ times(c, times(c, c))
    )
    assert may_be(values, 2) == (determinant == 0)


def test_surprise_is_counted_in_bits() -> None:
    """Ten bits a value of the parity, less what was used up, and less the ways that were open."""
    assert surprise(1, 330, 0, 0) == 80
    assert surprise(8, 330, 3, 0) == 80 - 30 - 3
    assert surprise(1, 256, 0, 1) == 70 - 7
    assert surprise(4, 34, 1, 2) == 80 - 10 - 20 - 2 - log2(17 * 16 / 2)


def test_three_wrong_symbols_are_mostly_not_taken_for_two() -> None:
    rng = Random(1)
    taken = 0
    for _ in range(2000):
        body = "".join(rng.choices(ALPHABET, k=100))
        characters = list(body + parity_of(body))
        for symbol in rng.sample(range(58), 3):
            characters[2 * symbol] = rng.choice(ALPHABET.replace(characters[2 * symbol], ""))
        taken += may_be(syndromes_of("".join(characters)), 2)
    assert taken < 20


def test_five_wrong_symbols_are_found_at_every_length() -> None:
    rng = Random(5)
    for length in range(20, 400, 20):
        body = "".join(rng.choices(ALPHABET, k=length - 16))
        code = body + parity_of(body)
        characters = list(code)
        for symbol in rng.sample(range(length // 2), 5):
            characters[2 * symbol + 1] = rng.choice(ALPHABET.replace(characters[2 * symbol + 1], ""))
        assert code in set(five_wrong("".join(characters), Budget(10_000)))
        assert not list(five_wrong(code, Budget(10_000)))


def test_nothing_is_tried_without_a_budget() -> None:
    text = "".join(Random(2).choices(ALPHABET, k=120))
    sums, nothing = Sums(text), Budget(3)
    assert not list(five_wrong(text, nothing))
    for found in (
        lost_run(sums, 2, 1, nothing),
        extra_run(sums, 2, 1, nothing),
        lost_twice(sums, nothing),
        swapped(sums, 4, nothing),
        moved(sums, 4, nothing),
        completed(text, [Arrangement((LOST, *range(119)))], nothing),
    ):
        assert not list(found)
    assert nothing.spent == 0


@pytest.mark.parametrize("length", [24, 46, 120])
def test_lost_and_extra_characters_are_proposed_where_they_are(length: int) -> None:
    rng = Random(length)
    body = "".join(rng.choices(ALPHABET, k=length - 16))
    code = body + parity_of(body)
    for count in (1, 2, 3, 4):
        for place in range(0, length - count + 1, 3):
            short = code[:place] + code[place + count :]
            proposed = lost_run(Sums(short), count, 1, Budget(9_000))
            assert code in {each.text for each in completed(short, proposed, Budget(90_000))}
            long = code[:place] + "".join(rng.choices(ALPHABET, k=count)) + code[place:]
            proposed = extra_run(Sums(long), count, 1, Budget(9_000))
            assert code in {each.text for each in completed(long, proposed, Budget(90_000))}
