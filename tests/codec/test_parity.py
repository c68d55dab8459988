"""Parity: an independent implementation as oracle, every correctable pattern, and honest refusals."""

import random
from itertools import pairwise

import pytest
import reedsolo
from hypothesis import given
from hypothesis import strategies as st

from codec.alphabet import ALPHABET, from_number, to_number
from codec.errors import MalformedCodeError
from codec.galois import SYMBOL_BITS, over, product, tables, times, value_at
from codec.parity import (
    FIRST_ROOT,
    PARITY_CHARACTERS,
    PARITY_SYMBOLS,
    PRIMITIVE_POLYNOMIAL,
    Correction,
    UncorrectableError,
    correct,
    is_clean,
    parity_of,
    syndromes_of,
    text_of,
)

bodies = st.integers(1, 160).flatmap(lambda half: st.text(ALPHABET, min_size=2 * half, max_size=2 * half))


def code_of(length: int, rng: random.Random) -> str:
    body = "".join(rng.choices(ALPHABET, k=length - PARITY_CHARACTERS))
    return body + parity_of(body)


def damaged(code: str, positions: list[int], rng: random.Random) -> str:
    characters = list(code)
    for position in positions:
        characters[position] = rng.choice(ALPHABET.replace(characters[position], ""))
    return "".join(characters)


def foreign_parity(body: str) -> str:
    coder = reedsolo.RSCodec(
        nsym=8, nsize=1023, fcr=FIRST_ROOT, prim=PRIMITIVE_POLYNOMIAL, generator=2, c_exp=10
    )
    symbols = [to_number(body[at : at + 2]) for at in range(0, len(body), 2)]
    return "".join(from_number(symbol, 2) for symbol in coder.encode(symbols)[-8:])


@pytest.mark.parametrize(
    ("body", "parity"),
    [
        ("00", "0000000000000000"),
        ("01", "FY1KA3MQX01TJBT4"),
        ("Q4", "Q88SG37RRV7GM62M"),
        ("QK3F7Y2AMM3D9Z0X5VT8HB6NE4RWCJGSPQ01", "46DPQD55H6VXDM0M"),
    ],
)
def test_vectors(body: str, parity: str) -> None:
    assert parity_of(body) == parity


@given(bodies)
def test_parity_agrees_with_a_foreign_implementation(body: str) -> None:
    parity = parity_of(body)
    assert parity == foreign_parity(body)
    assert is_clean(body + parity)
    assert correct(body + parity) == Correction(body + parity, ())


def test_the_longest_code_agrees_with_a_foreign_implementation() -> None:
    rng = random.Random(1)
    code = code_of(2046, rng)
    assert code[-PARITY_CHARACTERS:] == foreign_parity(code[:-PARITY_CHARACTERS])
    positions = [0, 1023, 2030, 2045]
    assert correct(damaged(code, positions, rng)) == Correction(code, tuple(positions))


@pytest.mark.parametrize("length", [18, 20, 34, 140])
def test_every_change_of_one_character_is_located(length: int) -> None:
    code = code_of(length, random.Random(length))
    for position, right in enumerate(code):
        for wrong in ALPHABET.replace(right, ""):
            changed = code[:position] + wrong + code[position + 1 :]
            assert not is_clean(changed)
            assert correct(changed) == Correction(code, (position,))


def test_any_four_wrong_symbols_are_corrected_at_every_length() -> None:
    rng = random.Random(4)
    for length in range(18, 340, 2):
        code = code_of(length, rng)
        for count in (2, 3, 4, 4, 4):
            symbols = rng.sample(range(length // 2), count)
            positions = sorted(
                position
                for symbol in symbols
                for position in rng.choice([(2 * symbol,), (2 * symbol + 1,), (2 * symbol, 2 * symbol + 1)])
            )
            assert correct(damaged(code, positions, rng)) == Correction(code, tuple(positions))


@pytest.mark.parametrize("count", [5, 6, 8, 12])
def test_more_wrong_symbols_never_give_an_inconsistent_code(count: int) -> None:
    rng = random.Random(count)
    refused = 0
    for _ in range(150):
        code = code_of(rng.choice([40, 200, 330, 2046]), rng)
        wrong = damaged(code, [2 * symbol for symbol in rng.sample(range(len(code) // 2), count)], rng)
        try:
            correction = correct(wrong)
        except UncorrectableError:
            refused += 1
            continue
        assert is_clean(correction.code)
        symbols = {position // 2 for position in correction.positions}
        assert len(symbols) <= 4
    assert refused > 120


@given(bodies, st.data())
def test_doubtful_symbols_cost_half_as_much(body: str, data: st.DataObject) -> None:
    code = body + parity_of(body)
    rng = random.Random(data.draw(st.integers()))
    doubtful = data.draw(st.integers(0, 8))
    wrong = min(data.draw(st.integers(0, (8 - doubtful) // 2)), len(code) // 2 - doubtful)
    symbols = rng.sample(range(len(code) // 2), doubtful + wrong)
    positions = [2 * symbol + rng.randrange(2) for symbol in symbols]
    # Doubtful characters may be right; wrong ones elsewhere may not.
    changed = sorted(positions[: rng.randint(0, doubtful)] + positions[doubtful:])
    correction = correct(damaged(code, changed, rng), doubtful=positions[:doubtful])
    assert correction == Correction(code, tuple(changed))


@pytest.mark.parametrize("doubtful", range(9))
def test_the_parity_is_shared_between_doubtful_and_wrong_symbols(doubtful: int) -> None:
    rng = random.Random(doubtful)
    for wrong in range((8 - doubtful) // 2 + 1):
        for length in (18, 64, 330, 2046):
            code = code_of(length, rng)
            symbols = rng.sample(range(length // 2), doubtful + wrong)
            positions = [2 * symbol + rng.randrange(2) for symbol in symbols]
            changed = damaged(code, positions, rng)
            assert correct(changed, doubtful=positions[:doubtful]) == Correction(
                code, tuple(sorted(positions))
            )


@pytest.mark.parametrize("doubtful", [1, 3, 5, 7, 9])
def test_one_symbol_more_than_the_parity_has_room_for_is_refused(doubtful: int) -> None:
    """No other code word is as near, since two of them differ in nine symbols or more."""
    rng = random.Random(doubtful)
    for length in (40, 330, 2046):
        code = code_of(length, rng)
        symbols = rng.sample(range(length // 2), (9 + doubtful) // 2)
        changed = damaged(code, [2 * symbol for symbol in symbols], rng)
        with pytest.raises(UncorrectableError, match="can put right"):
            correct(changed, doubtful=[2 * symbol for symbol in symbols[:doubtful]])


def with_errors(code: str, errors: dict[int, int]) -> str:
    """Add values to symbols, which are counted from the end."""
    number = to_number(code)
    for power, value in errors.items():
        number ^= value << SYMBOL_BITS * power
    return from_number(number, len(code))


def positions_of(code: str, other: str) -> tuple[int, ...]:
    return tuple(at for at, pair in enumerate(zip(code, other, strict=True)) if pair[0] != pair[1])


@pytest.mark.parametrize("root", range(FIRST_ROOT, FIRST_ROOT + PARITY_SYMBOLS))
@pytest.mark.parametrize("doubtful", [0, 1, 2, 3, 4])
def test_wrong_symbols_that_cancel_at_a_root_are_corrected(root: int, doubtful: int) -> None:
    """What the doubtful ones leave of the value at one root is zero, as if nothing more were wrong."""
    rng = random.Random(10 * root + doubtful)
    for wrong in range(2, (8 - doubtful) // 2 + 1):
        for _ in range(4):
            code = code_of(100, rng)
            unsure, others = sample_of(rng, doubtful), [1]
            while set(others) & set(unsure) or len(others) < wrong:
                others = sample_of(rng, wrong)
            errors = {power: rng.randrange(1, 1024) for power in (*unsure, *others[1:])}
            left = 0
            for power in others[1:]:
                left ^= times(errors[power], weight(power, root, unsure))
            errors[others[0]] = over(left, weight(others[0], root, unsure))
            changed = with_errors(code, errors)
            assert doubtful or syndromes_of(changed)[root - FIRST_ROOT] == 0
            found = correct(changed, doubtful=[len(code) - 1 - 2 * power for power in unsure])
            assert found == Correction(code, positions_of(code, changed))


def sample_of(rng: random.Random, count: int) -> list[int]:
    return rng.sample(range(50), count)


def weight(power: int, root: int, unsure: list[int]) -> int:
    """Return how a symbol counts at a root, once the doubtful ones are taken out."""
    powers, _ = tables()
    found = value_at([0] * power + [1], root)
    for each in unsure:
        found = times(found, 1 ^ powers[(each - power) % 1023])
    return found


def test_three_symbols_that_explain_all_roots_but_one_are_no_correction() -> None:
    powers, _ = tables()
    all_but_first = [1]
    for root in range(FIRST_ROOT + 1, FIRST_ROOT + PARITY_SYMBOLS):
        all_but_first = product(all_but_first, (powers[root], 1))
    code = code_of(100, random.Random(3))
    changed = with_errors(code, dict(enumerate(all_but_first)))
    assert [bool(each) for each in syndromes_of(changed)] == [True] + [False] * 7
    with pytest.raises(UncorrectableError):
        correct(changed)
    with pytest.raises(UncorrectableError):
        correct(with_errors(changed, {40: 5, 30: 600, 20: 70}))


def test_five_wrong_symbols_are_not_guessed_where_four_roots_show_none() -> None:
    """The shortest polynomial that fits has five places then, and is one of very many."""
    code = code_of(2046, random.Random(5))
    changed = with_errors(code, {85: 612, 299: 876, 489: 234, 618: 123, 754: 408})
    assert [bool(each) for each in syndromes_of(changed)] == [False] * 4 + [True] * 4
    with pytest.raises(UncorrectableError):
        correct(changed)


@pytest.mark.parametrize("length", [0, 2, 16, 17, 19, 2047, 2048])
def test_impossible_lengths_are_refused(length: int) -> None:
    code = "0" * length
    assert not is_clean(code)
    with pytest.raises(UncorrectableError, match=f"{length} characters"):
        correct(code)
    with pytest.raises(UncorrectableError):
        syndromes_of(code)
    with pytest.raises(UncorrectableError):
        parity_of("0" * (length - PARITY_CHARACTERS))


@pytest.mark.parametrize("size", [0, 1270, 1275])
def test_bytes_of_an_impossible_length_get_no_text(size: int) -> None:
    with pytest.raises(UncorrectableError):
        text_of(bytes(size))


def test_any_other_bytes_get_one() -> None:
    for size in (1, 1268):
        text = text_of(b"\xa7" * size)
        assert is_clean(text)
        assert text[-PARITY_CHARACTERS:] == parity_of(text[:-PARITY_CHARACTERS])
        assert to_number(text[:-PARITY_CHARACTERS]) != 0


def test_characters_outside_the_alphabet_are_refused() -> None:
    for code in ("U" * 20, "0" * 19 + "o", "0" * 19 + "é"):
        for function in (is_clean, correct, parity_of):
            with pytest.raises(MalformedCodeError):
                function(code)


def test_code_words_differ_in_nine_symbols_or_more() -> None:
    """Bodies that differ in one symbol give parities that differ in all eight."""
    parities = [parity_of("00" * 20 + from_number(symbol, 2) + "00" * 3) for symbol in range(1024)]
    for one, other in pairwise(parities):
        assert all(one[at : at + 2] != other[at : at + 2] for at in range(0, PARITY_CHARACTERS, 2))
