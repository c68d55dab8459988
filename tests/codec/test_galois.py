"""The field of the parity: multiplication bit by bit as oracle, and what holds in every field."""

import random

from hypothesis import given
from hypothesis import strategies as st

from codec.galois import ORDER, PRIMITIVE_POLYNOMIAL, SYMBOL_BITS, over, product, tables, times, value_at

elements = st.integers(0, ORDER)
polynomials = st.lists(elements, min_size=1, max_size=12)


def by_hand(left: int, right: int) -> int:
    """Multiply two polynomials over GF(2), and take the remainder."""
    found = 0
    for bit in range(SYMBOL_BITS):
        found ^= (left << bit) * (right >> bit & 1)
    for bit in reversed(range(SYMBOL_BITS, 2 * SYMBOL_BITS)):
        found ^= (PRIMITIVE_POLYNOMIAL << bit - SYMBOL_BITS) * (found >> bit & 1)
    return found


def test_the_powers_are_all_elements_but_zero() -> None:
    powers, logarithms = tables()
    assert sorted(powers[:ORDER]) == list(range(1, ORDER + 1))
    assert [powers[logarithms[each]] for each in range(1, ORDER + 1)] == list(range(1, ORDER + 1))
    assert all(powers[at + 1] == by_hand(powers[at], 2) for at in range(ORDER - 1))


def test_products_and_quotients_are_those_made_by_hand() -> None:
    rng = random.Random(1)
    pairs = [(0, 0), (0, 1), (1, 0), (1, ORDER), (ORDER, ORDER), (2, 1), (1, 2)]
    pairs += [(rng.randrange(1024), rng.randrange(1024)) for _ in range(3000)]
    for left, right in pairs:
        made = by_hand(left, right)
        assert times(left, right) == made
        if right:
            assert over(made, right) == left


@given(polynomials, st.integers(-3 * ORDER, 3 * ORDER))
def test_a_polynomial_has_the_value_that_its_terms_add_up_to(polynomial: list[int], exponent: int) -> None:
    point, power, total = tables()[0][exponent % ORDER], 1, 0
    for coefficient in polynomial:
        total ^= by_hand(coefficient, power)
        power = by_hand(power, point)
    assert value_at(polynomial, exponent) == total


@given(polynomials, polynomials, st.integers(0, ORDER))
def test_a_product_has_the_product_of_values_and_the_sum_of_degrees(
    left: list[int], right: list[int], exponent: int
) -> None:
    made = product(left, right)
    assert value_at(made, exponent) == by_hand(value_at(left, exponent), value_at(right, exponent))
    assert made[-1] == by_hand(left[-1], right[-1])
    assert len(made) - 1 == (len(left) - 1) + (len(right) - 1)
