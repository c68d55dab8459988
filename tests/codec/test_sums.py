"""Sums and searches: what they say of rearranged characters is what the parity says of the result."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.alphabet import ALPHABET
from codec.arrangement import LOST, Arrangement, Budget, completed
from codec.five import five_wrong
from codec.parity import PARITY_SYMBOLS, parity_of, syndromes_of
from codec.shifts import extra_run, lost_run, lost_twice
from codec.sums import Sums, may_be, placed, without_lost
from codec.swaps import moved, swapped

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
