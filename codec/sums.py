"""What the parity says of characters put together in another way, without putting them together.

The value of a code's polynomial at a root is a sum over its symbols, so sums over beginnings tell that of any
piece, wherever it is moved to: a lost character shifts all that follows by one, and one such sum for each
place says whether it was lost there. Five or eight numbers a place, in place of a code.

A piece is said by its first character and the one after its last, and by how far it moves. It must begin and
end at symbols of the code that results. The eight values are called syndromes, as everywhere.

Not handled: finding the wrong symbols (`codec.parity.correct`); this only tells where that is worth a try.
"""

from collections.abc import Sequence
from functools import cache
from math import comb, log2
from typing import Final

from codec.alphabet import ALPHABET
from codec.galois import ORDER, product, tables, times
from codec.parity import PARITY_SYMBOLS

_ROOTS: Final = range(1, PARITY_SYMBOLS + 1)
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}

_ENOUGH: Final = 5
"""Values that the test for two wrong symbols takes."""

Rows = tuple[tuple[int, ...], ...]
"""For each place between two characters eight sums: those of every second pair before it."""


class Sums:
    """Sums over the beginnings of a run of characters.

    Attributes:
        length: Characters in the run.
        values: The characters as numbers below 32.
    """

    __slots__ = ("_columns", "length", "values")

    def __init__(self, text: str) -> None:
        powers, logarithms = tables()
        self.length = len(text)
        self.values = [_VALUES[character] for character in text]
        self._columns: list[list[int]] = []
        pairs = [first << 5 | second for first, second in zip(self.values, self.values[1:], strict=False)]
        logs = [logarithms[pair] for pair in pairs]
        for root in _ROOTS:
            column = [0, 0]
            for place, pair in enumerate(pairs):
                term = powers[(logs[place] - root * (place >> 1)) % ORDER] if pair else 0
                column.append(column[place] ^ term)
            self._columns.append(column[: self.length + 1])

    def before(self, place: int) -> tuple[int, ...]:
        """Return eight sums of the pairs before a place.

        A run between two places of equal sums is a code word. The two places must be both even or both odd.
        """
        return tuple(column[place] for column in self._columns)

    def moved(self, length: int, shift: int) -> Rows:
        """Return the sums as they count in a code of ``length`` characters, moved to the right by ``shift``.

        The exclusive or of the rows at two places is what the piece between them adds, if it comes to begin
        and to end at even places.
        """
        powers, logarithms = tables()
        power = length // 2 - 1 - (shift + 1) // 2
        columns = []
        for root, column in zip(_ROOTS, self._columns, strict=True):
            turn = root * power % ORDER
            columns.append([powers[logarithms[term] + turn] if term else 0 for term in column])
        return tuple(zip(*columns, strict=True))


def placed(symbol: int, power: int) -> tuple[int, ...]:
    """Return what one symbol adds, so many symbols before the end."""
    if not symbol:
        return (0,) * PARITY_SYMBOLS
    powers, logarithms = tables()
    return tuple(powers[(logarithms[symbol] + root * power) % ORDER] for root in _ROOTS)


@cache
def _run_of_lost(count: int) -> tuple[int, ...]:
    """Return logarithms of the polynomial whose roots are the inverses of a^0 … a^(count-1)."""
    powers, logarithms = tables()
    locator = [1]
    for power in range(count):
        locator = product(locator, (1, powers[power]))
    return tuple(logarithms[coefficient] for coefficient in locator)


def without_lost(syndromes: Sequence[int], count: int, power: int) -> list[int]:
    """Return values that do not depend on so many symbols from ``power`` upwards: those left, five at most.

    They behave like syndromes of the other symbols. No coefficient of the polynomial is zero, since its roots
    are consecutive powers, so that logarithms do.
    """
    powers, logarithms = tables()
    turns = [(log + power * degree) % ORDER for degree, log in enumerate(_run_of_lost(count))]
    found = []
    for first in range(count, min(len(syndromes), count + _ENOUGH)):
        total = 0
        for degree, turn in enumerate(turns):
            syndrome = syndromes[first - degree]
            if syndrome:
                total ^= powers[turn + logarithms[syndrome]]
        found.append(total)
    return found


def may_be(syndromes: Sequence[int], wrong: int) -> bool:
    """Tell whether so many wrong symbols, two at most, may explain these values.

    True for every such set of symbols; for others one time in 1,024 for each value that is there to check by,
    twice ``wrong`` apart: the determinants of shifted syndromes vanish.
    """
    if wrong == 0:
        return not any(syndromes)
    if wrong == 1:
        return all(
            times(one, three) == times(two, two)
            for one, two, three in zip(syndromes, syndromes[1:], syndromes[2:], strict=False)
        )
    powers, logarithms = tables()
    a, b, c, d, e = syndromes[:5]
    if not (a and b and c and d and e):
        found = times(a, times(c, e) ^ times(d, d)) ^ times(c, times(c, c))
        return found == times(e, times(b, b))
    # The determinant of (a b c / b c d / c d e); its two terms with b, c and d are alike and cancel. This is
    # the innermost loop of every search, so it is written out.
    third, fifth = logarithms[c], logarithms[e]
    minor = powers[third + fifth] ^ powers[2 * logarithms[d]]
    found = powers[third + logarithms[powers[2 * third]]]
    found ^= powers[fifth + logarithms[powers[2 * logarithms[b]]]]
    return found == (powers[logarithms[a] + logarithms[minor]] if minor else 0)


def surprise(places: int, length: int, lost: int, wrong: int) -> float:
    """Return how unlikely a code word is by chance, as a number of bits.

    Args:
        places: How many arrangements of the characters were tried.
        length: Characters in the code.
        lost: Symbols that nothing is known about.
        wrong: Other symbols that had to be put right.
    """
    ways = places * comb(length // 2, wrong)
    return 10.0 * (PARITY_SYMBOLS - lost - wrong) - log2(ways)
