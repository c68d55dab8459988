"""Five wrong symbols: found wherever they are, and nothing else is."""

from random import Random

import pytest

from codec.alphabet import ALPHABET
from codec.arrangement import CORRECTION, Budget
from codec.five import five_wrong
from codec.galois import over, tables, times
from codec.parity import is_clean, parity_of, syndromes_of

ENOUGH = 100_000


def made(seed: int, length: int, wrong: int = 5) -> tuple[str, str]:
    """Return a code word, and the same with so many wrong symbols."""
    rng = Random(seed)
    body = "".join(rng.choices(ALPHABET, k=length - 16))
    code = body + parity_of(body)
    typed = list(code)
    for symbol in rng.sample(range(length // 2), wrong):
        typed[2 * symbol + 1] = rng.choice(ALPHABET.replace(typed[2 * symbol + 1], ""))
    return code, "".join(typed)


@pytest.mark.parametrize(
    "seed",
    [
        *range(12),
        # Where a line stands upright until the family is given other parameters.
        *(42, 47, 55, 141, 346, 405, 510, 699, 19522, 30646),
        # Where the lines meet with b = 0, and with b = 1.
        *(20897, 23978, 198759),
        *(294, 400, 684),
    ],
)
def test_five_wrong_symbols_are_found(seed: int) -> None:
    code, typed = made(seed, 24)
    assert list(five_wrong(typed, Budget(ENOUGH))) == [code]


def differ(one: str, other: str) -> int:
    """Return the number of symbols in which two texts differ."""
    return sum(one[at : at + 2] != other[at : at + 2] for at in range(0, len(one), 2))


# In the last two, parallel lines stand where three others meet.
@pytest.mark.parametrize("seed", [*range(6), 364, 666])
def test_every_word_that_is_found_is_a_code_word_five_symbols_away(seed: int) -> None:
    code, typed = made(seed, 330)
    found = list(five_wrong(typed, Budget(ENOUGH)))
    assert code in found
    assert len(found) == len(set(found))
    assert all(is_clean(word) and differ(word, typed) == 5 for word in found)


@pytest.mark.parametrize("wrong", [0, 1, 2, 3, 4])
def test_what_is_nearer_than_five_symbols_is_not_found(wrong: int) -> None:
    for seed in range(5):
        _, typed = made(seed, 24, wrong)
        assert not list(five_wrong(typed, Budget(ENOUGH)))


@pytest.mark.parametrize("places", [(0, 1, 2, 3, 4), (3, 5, 8, 20, 31), (10, 11, 29, 30, 31)])
@pytest.mark.parametrize("alike", [1, 2, 7])
def test_values_that_are_zero_are_no_trouble(places: tuple[int, ...], alike: int) -> None:
    """Errors that make the fifth to the seventh value zero, by Lagrange's identity."""
    powers, _ = tables()
    roots = [powers[place] for place in places]
    code = "A4X7" * 12 + parity_of("A4X7" * 12)
    typed = list(code)
    for at, (place, root) in enumerate(zip(places, roots, strict=True)):
        product = 1
        for other in roots[:at] + roots[at + 1 :]:
            product = times(product, root ^ other)
        error = over(alike ^ root, times(product, powers[5 * place % 1023]))
        for half, part in ((0, error >> 5), (1, error & 31)):
            here = len(code) - 2 - 2 * place + half
            typed[here] = ALPHABET[ALPHABET.index(typed[here]) ^ part]
    text = "".join(typed)
    assert syndromes_of(text)[4:7] == [0, 0, 0]
    assert (code in list(five_wrong(text, Budget(ENOUGH)))) == (differ(text, code) == 5)


# --- what it costs -------------------------------------------------------------------------------------


def test_a_search_costs_a_step_for_25_pairs_and_a_correction_for_each_five() -> None:
    code, typed = made(1, 100)
    pairs = 50 * 50 // 2 // 25
    assert not list(five_wrong(typed, Budget(pairs - 1)))
    budget = Budget(pairs + CORRECTION)
    assert list(five_wrong(typed, budget)) == [code]
    assert (budget.left, budget.spent) == (0, pairs + CORRECTION)
    budget = Budget(pairs + CORRECTION - 1)
    assert not list(five_wrong(typed, budget))
    assert budget.spent == pairs
