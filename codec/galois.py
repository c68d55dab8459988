"""The field of the parity, GF(1024): two characters of a code are one element.

Elements are integers of ten bits, the polynomials over GF(2) modulo x^10 + x^3 + 1; addition is exclusive or.
Polynomials over the field are sequences of coefficients, the lowest first.

Invariant: nothing is computed at import; the tables are made on first use.

Source: Blahut, Theory and Practice of Error Control Codes, chapter 4.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

PRIMITIVE_POLYNOMIAL: Final = 0b100_0000_1001
SYMBOL_BITS: Final = 10
ORDER: Final = (1 << SYMBOL_BITS) - 1
"""Non-zero elements of the field."""


@cache
def tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Make the powers of the generator, twice over to spare a modulo, and the logarithms (that of 0 is 0)."""
    powers = [1]
    while len(powers) < ORDER:
        doubled = powers[-1] << 1
        powers.append(doubled ^ PRIMITIVE_POLYNOMIAL if doubled >> SYMBOL_BITS else doubled)
    logarithms = [0] * (ORDER + 1)
    for exponent, power in enumerate(powers):
        logarithms[power] = exponent
    return tuple(powers * 2), tuple(logarithms)


def times(left: int, right: int) -> int:
    """Multiply."""
    if not left or not right:
        return 0
    powers, logarithms = tables()
    return powers[logarithms[left] + logarithms[right]]


def over(left: int, right: int) -> int:
    """Divide; the divisor is not zero."""
    if not left:
        return 0
    powers, logarithms = tables()
    # A difference below zero counts from the end of the powers, which repeat: the same power.
    return powers[logarithms[left] - logarithms[right]]


def value_at(polynomial: Sequence[int], exponent: int) -> int:
    """Evaluate a polynomial at a power of the generator."""
    powers, logarithms = tables()
    total = 0
    for degree, coefficient in enumerate(polynomial):
        if coefficient:
            total ^= powers[(logarithms[coefficient] + exponent * degree) % ORDER]
    return total


def product(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """Multiply two polynomials."""
    result = [0] * (len(left) + len(right) - 1)
    for shift, factor in enumerate(left):
        for place, coefficient in enumerate(right):
            result[shift + place] ^= times(factor, coefficient)
    return result
