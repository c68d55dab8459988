"""Parity of a code: systematic Reed-Solomon over GF(1024), eight parity symbols.

Two characters make one symbol, the first its high five bits. The field is GF(2)[x] / (x^10 + x^3 + 1), its
generator a = x. The code's polynomial has the first symbol as its highest coefficient; a code word is a
multiple of (x - a)(x - a^2) ... (x - a^8). Any four wrong symbols can be put right; with symbols known to be
doubtful (erasures), twice the wrong ones plus the doubtful ones may make eight.

Invariants:
    * ``correct`` returns code words only, and refuses where it cannot.
    * Nothing is computed at import; the tables are made on first use, in less than a millisecond.

Not handled: lost and doubled characters, and the choice between candidates, which is the signature's work
(``codec.reading``). A correction is a proposal: beyond four wrong symbols it can be a wrong one.

Source: Blahut, Theory and Practice of Error Control Codes, chapter 7 (Berlekamp-Massey with erasures,
Forney).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from codec.alphabet import LONGEST_CODE, PARITY_CHARACTERS, from_number, to_digits, to_number
from codec.errors import MalformedCodeError
from codec.galois import ORDER, PRIMITIVE_POLYNOMIAL, SYMBOL_BITS, over, product, tables, times, value_at

__all__ = [
    "FIRST_ROOT",
    "PARITY_CHARACTERS",
    "PARITY_SYMBOLS",
    "PRIMITIVE_POLYNOMIAL",
    "SHORTEST_CODE",
    "Correction",
    "UncorrectableError",
    "correct",
    "is_clean",
    "parity_of",
    "syndromes_of",
    "text_of",
]

SHORTEST_CODE: Final = PARITY_CHARACTERS + 2
PARITY_SYMBOLS: Final = PARITY_CHARACTERS // 2
FIRST_ROOT: Final = 1
"""Exponent of the first root of the generator polynomial."""

_SYMBOLS: Final = PARITY_SYMBOLS
_BLOCK_BITS: Final = _SYMBOLS * SYMBOL_BITS
_BLOCK: Final = (1 << _BLOCK_BITS) - 1
_BLOCK_BYTES: Final = _BLOCK_BITS // 8
"""Eight symbols fill ten bytes exactly; the remainder is computed in such blocks."""


class UncorrectableError(MalformedCodeError):
    """A code with more wrong characters than its parity can put right."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A code word near the code that was given.

    Attributes:
        code: The code word, as long as the code given.
        positions: Indices of the characters that differ, ascending; empty for a sound code.
    """

    code: str
    positions: tuple[int, ...]


def parity_of(body: str) -> str:
    """Compute the 16 parity characters of a body.

    Args:
        body: Characters of the alphabet, 2 to 2,030, an even count.

    Raises:
        MalformedCodeError: A character outside the alphabet, or an impossible length.
    """
    count = len(body) + PARITY_CHARACTERS
    _check_length(count)
    return from_number(_remainder(to_number(body) << _BLOCK_BITS, count), PARITY_CHARACTERS)


def text_of(data: bytes) -> str:
    """Write bytes as the text of a code, a bundle or a frame: their characters, then the parity of these.

    Raises:
        FieldError: The number of bytes is 4 modulo 5.
        MalformedCodeError: An impossible length.
    """
    number, count = to_digits(data)
    count += PARITY_CHARACTERS
    _check_length(count)
    number <<= _BLOCK_BITS
    return from_number(number | _remainder(number, count), count)


def is_clean(code: str) -> bool:
    """Tell whether a code is a code word, its length a possible one.

    Raises:
        MalformedCodeError: A character outside the alphabet.
    """
    return _possible(len(code)) and not _remainder(to_number(code), len(code))


def syndromes_of(code: str) -> list[int]:
    """Return the values of a code's polynomial at the roots: all zero for a code word.

    Raises:
        MalformedCodeError: A character outside the alphabet, or an impossible length.
    """
    _check_length(len(code))
    return _syndromes(_remainder(to_number(code), len(code)))


def correct(code: str, *, doubtful: Collection[int] = ()) -> Correction:
    """Put wrong characters right.

    Args:
        code: Characters of the alphabet, 18 to 2,046, an even count.
        doubtful: Indices of characters that may be wrong. The correction spends one parity symbol on each
            symbol they touch, and two on each wrong symbol elsewhere; eight doubtful symbols leave
            nothing to check the result by.

    Returns:
        The only code word within reach. With no more than four wrong symbols and none doubtful it is the
        original; with more it can be another: one time in 37,000 at 330 characters, in 25 at 2,046.

    Raises:
        UncorrectableError: No code word is within reach, or the length is impossible.
        MalformedCodeError: A character outside the alphabet.
    """
    _check_length(len(code))
    number = to_number(code)
    remainder = _remainder(number, len(code))
    if not remainder:
        return Correction(code, ())
    errors = _errors(remainder, len(code) // 2, {(len(code) - 1 - index) // 2 for index in doubtful})
    for power, value in errors.items():
        number ^= value << (SYMBOL_BITS * power)
    if _remainder(number, len(code)):
        raise _uncorrectable()
    corrected = from_number(number, len(code))
    changed = (index for index, pair in enumerate(zip(code, corrected, strict=True)) if pair[0] != pair[1])
    return Correction(corrected, tuple(changed))


def _possible(count: int) -> bool:
    return count % 2 == 0 and SHORTEST_CODE <= count <= LONGEST_CODE


def _check_length(count: int) -> None:
    if not _possible(count):
        raise UncorrectableError(
            f"A code cannot have {count} characters: the number is even, from {SHORTEST_CODE} to"
            f" {LONGEST_CODE:,}",
            hint="Compare the number of groups and the length of each with the original.",
        )


def _uncorrectable() -> UncorrectableError:
    return UncorrectableError(
        "More characters of the code are wrong than its parity can put right",
        hint="Compare each line with the original, or carry the code again.",
    )


# --- Remainder: the whole cost of a sound code ---------------------------------------------------------


@cache
def _advance() -> tuple[tuple[int, ...], ...]:
    """Make the tables that multiply a remainder by x^8, modulo the generator polynomial.

    The product is linear over GF(2), so it is the exclusive or of one entry for each byte of the remainder,
    however symbols and bytes overlap.

    Returns:
        Ten tables of 256 remainders, for the bytes of a remainder from the first to the last.
    """
    powers, _ = tables()
    generator = [1]
    for root in range(FIRST_ROOT, FIRST_ROOT + _SYMBOLS):
        generator = product(generator, (powers[root], 1))
    of_bit = []
    symbols = [0] * (_SYMBOLS - 1) + [1]
    for _ in range(_SYMBOLS):
        top = symbols[-1]
        shifted = [0, *symbols[:-1]]
        symbols = [low ^ times(top, factor) for low, factor in zip(shifted, generator, strict=False)]
        of_bit += [_packed([times(1 << bit, symbol) for symbol in symbols]) for bit in range(SYMBOL_BITS)]
    of_byte = []
    for first in reversed(range(0, 8 * _BLOCK_BYTES, 8)):
        table = [0]
        for bit in range(8):
            table += [entry ^ of_bit[first + bit] for entry in table]
        of_byte.append(tuple(table))
    return tuple(of_byte)


def _packed(symbols: Sequence[int]) -> int:
    return sum(symbol << (SYMBOL_BITS * power) for power, symbol in enumerate(symbols))


def _remainder(number: int, count: int) -> int:
    """Divide a code of ``count`` characters by the generator polynomial.

    Returns:
        The remainder, 80 bits: zero for a code word. Its lowest ten bits are the coefficient of x^0.
    """
    t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 = _advance()
    shift = (count - 1) // PARITY_CHARACTERS * _BLOCK_BITS
    remainder = number >> shift
    while shift:
        shift -= _BLOCK_BITS
        a, b, c, d, e, f, g, h, i, j = remainder.to_bytes(_BLOCK_BYTES)
        remainder = (
            t0[a] ^ t1[b] ^ t2[c] ^ t3[d] ^ t4[e] ^ t5[f] ^ t6[g] ^ t7[h] ^ t8[i] ^ t9[j]
            ^ (number >> shift & _BLOCK)
        )  # fmt: skip
    return remainder


# --- Errors: what only a damaged code costs ------------------------------------------------------------


def _errors(remainder: int, length: int, doubtful: Collection[int]) -> dict[int, int]:
    """Find the symbols that may be wrong, from the remainder alone.

    Only the remainder of what comes out tells whether they account for all that is wrong.

    Args:
        remainder: Of the damaged code, not zero.
        length: Symbols in the code.
        doubtful: Powers of x (symbols counted from the end) that may be wrong.

    Returns:
        Power of x to the value to be added there.

    Raises:
        UncorrectableError: They would be more than the parity can put right.
    """
    syndromes = _syndromes(remainder)
    locator = _locator(syndromes, doubtful)
    # Each doubtful symbol costs one of the parity, each wrong one elsewhere two.
    if 2 * (len(locator) - 1) - len(doubtful) > _SYMBOLS:
        raise _uncorrectable()
    places = [power for power in range(length) if not value_at(locator, -power)]
    evaluator = product(syndromes, locator)[:_SYMBOLS]
    # In characteristic two only the odd powers survive the derivative. No factor X^(1-b) is needed, since
    # the first root is a^1.
    derivative = [coefficient if power % 2 == 0 else 0 for power, coefficient in enumerate(locator[1:])]
    return {power: over(value_at(evaluator, -power), value_at(derivative, -power)) for power in places}


def _syndromes(remainder: int) -> list[int]:
    """Evaluate a remainder at the roots of the generator polynomial, the first root first."""
    symbols = [remainder >> (SYMBOL_BITS * power) & ORDER for power in range(_SYMBOLS)]
    return [value_at(symbols, FIRST_ROOT + index) for index in range(_SYMBOLS)]


def _locator(syndromes: Sequence[int], doubtful: Collection[int]) -> list[int]:
    """Find the shortest polynomial whose roots are the inverse places of wrong and doubtful symbols.

    Berlekamp-Massey, started from the polynomial of the doubtful places.

    Returns:
        Coefficients from x^0 up, the last one not zero.
    """
    powers, _ = tables()
    locator = [1]
    for power in doubtful:
        locator = product(locator, (1, powers[power]))
    previous = locator
    known = degree = len(doubtful)
    for step in range(known, _SYMBOLS):
        discrepancy = 0
        for place, coefficient in enumerate(locator):
            discrepancy ^= times(coefficient, syndromes[step - place])
        previous = [0, *previous]
        if not discrepancy:
            continue
        # The former polynomial, moved up by a place with each step, is never the shorter one.
        old = locator + [0] * (len(previous) - len(locator))
        locator = [kept ^ times(discrepancy, moved) for kept, moved in zip(old, previous, strict=True)]
        if 2 * degree <= step + known:
            degree = step + 1 + known - degree
            previous = [over(coefficient, discrepancy) for coefficient in old]
    while not locator[-1]:
        locator.pop()
    return locator
