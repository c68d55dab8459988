"""Characters that were lost or typed twice: every place where that may have happened, tried by sums.

A lost character moves all that follow by one, so that no symbol after it is right. The place is not known,
but each one is tested in a few microseconds (`codec.sums`), and with up to two wrong symbols elsewhere.

Not handled: what the groups and lines of the typed text show (`codec.layout`), which needs no search.
"""

from collections.abc import Iterator
from typing import Final

from codec.arrangement import LOST, Arrangement, Budget, with_gap, without
from codec.galois import tables, times
from codec.parity import PARITY_SYMBOLS
from codec.sums import Rows, Sums, may_be, placed, without_lost

_PAIRS_A_STEP: Final = 3
_MOST_WRONG: Final = 2
"""Wrong symbols beside the lost ones that are looked for."""


def lost_run(sums: Sums, count: int, step: int, budget: Budget) -> Iterator[Arrangement]:
    """Yield where ``count`` neighbouring characters may have been lost.

    Args:
        sums: Of what was typed.
        count: At least 1. Nothing is yielded where the code would have an odd number of characters.
        step: Places between two characters that are tried: 1 for all, 4 for those between groups.
        budget: Somewhat more than one step a place.
    """
    length = sums.length + count
    places = range(0, sums.length + 1, step)
    # A single lost character leaves a symbol of which one half stands there: either one, it is the same.
    if count == 1:
        places = range(0, sums.length + 1, 2)
    if length % 2 or not budget.allows(len(places) + sums.length // 8):
        return
    before, after = sums.moved(length, 0), sums.moved(length, count)
    end = after[sums.length]
    for place in places:
        low, high = place - place % 2, place + (place + count) % 2
        erased = (place + count - 1) // 2 - place // 2 + 1
        if erased > PARITY_SYMBOLS:
            continue
        syndromes = [x ^ y ^ z for x, y, z in zip(before[low], after[high], end, strict=True)]
        power = length // 2 - 1 - (place + count - 1) // 2
        if _fits(without_lost(syndromes, erased, power)):
            yield with_gap(sums.length, place, count, len(places))


def _fits(values: list[int]) -> bool:
    """Tell whether as many wrong symbols may be among the others as leave a value to check by."""
    wrong = min(_MOST_WRONG, (len(values) - 1) // 2)
    return may_be(values, wrong) if wrong >= 0 else True


def extra_run(sums: Sums, count: int, step: int, budget: Budget) -> Iterator[Arrangement]:
    """Yield where ``count`` neighbouring characters may be too many.

    Args:
        sums: Of what was typed.
        count: At least 1. Nothing is yielded where the code would have an odd number of characters.
        step: Places that are tried: 1 for all, 4 for whole groups.
        budget: Somewhat more than one step a place.
    """
    length = sums.length - count
    places = range(0, length + 1, step)
    if length % 2 or not budget.allows(len(places) + sums.length // 8):
        return
    before, after = sums.moved(length, 0), sums.moved(length, -count)
    end = after[sums.length]
    values = sums.values
    for place in places:
        if step == 1 and place and values[place - 1] == values[place + count - 1]:
            continue  # Leaving out from one place earlier gives the same.
        low, high = place - place % 2, place + count + place % 2
        syndromes = [x ^ y ^ z for x, y, z in zip(before[low], after[high], end, strict=True)]
        if place % 2:
            symbol = values[place - 1] << 5 | values[place + count]
            added = placed(symbol, length // 2 - 1 - place // 2)
            syndromes = [x ^ y for x, y in zip(syndromes, added, strict=True)]
        if may_be(syndromes, _MOST_WRONG):
            yield without(sums.length, place, count, len(places))


def lost_twice(sums: Sums, budget: Budget) -> Iterator[Arrangement]:
    """Yield where one character may have been lost in each of two places, and one more symbol is wrong.

    Costs a step for every three pairs of symbols: for codes of usual length only. Five of the eight values
    are looked at, so that one pair in 1,024 is yielded by chance.
    """
    length = sums.length + 2
    symbols = length // 2
    pairs = symbols * (symbols - 1) // 2
    if length % 2 or not budget.allows(pairs // _PAIRS_A_STEP):
        return
    first, second = _by_symbol(sums, length)
    _, logarithms = tables()
    logs = [tuple(logarithms[each] for each in row) for row in second]
    for one in range(symbols - 1):
        power = symbols - 1 - one
        left = without_lost(first[one], 1, power)
        for other in _second_places(left, power, second, logs, one):
            yield _two_gaps(sums.length, one, other, pairs)


def _second_places(
    left: list[int], power: int, second: Rows, logs: list[tuple[int, ...]], one: int
) -> Iterator[int]:
    """Yield which second symbols may be lost, given the first.

    This loop runs once for every pair, so it is written out: first what depends on the first symbol is taken
    out of the syndromes, then what depends on the second, and one wrong symbol may explain what is left.
    """
    powers, logarithms = tables()
    symbols = len(second)
    a, b, c, d = left[:4]
    for other in range(one + 1, symbols):
        (s1, s2, s3, s4, s5, *_), (g1, g2, g3, g4, *_) = second[other], logs[other]
        t1 = a ^ s2 ^ (powers[g1 + power] if s1 else 0)
        t2 = b ^ s3 ^ (powers[g2 + power] if s2 else 0)
        t3 = c ^ s4 ^ (powers[g3 + power] if s3 else 0)
        t4 = d ^ s5 ^ (powers[g4 + power] if s4 else 0)
        turn = symbols - 1 - other
        u1 = t2 ^ (powers[logarithms[t1] + turn] if t1 else 0)
        u2 = t3 ^ (powers[logarithms[t2] + turn] if t2 else 0)
        u3 = t4 ^ (powers[logarithms[t3] + turn] if t3 else 0)
        if times(u1, u3) == times(u2, u2):
            yield other


def _by_symbol(sums: Sums, length: int) -> tuple[Rows, Rows]:
    """Return what depends on the first lost symbol alone, and what on the second."""
    begin, middle, end = (sums.moved(length, shift) for shift in range(3))
    last = end[sums.length]
    first = tuple(
        tuple(x ^ y for x, y in zip(begin[place], middle[place + 1], strict=True))
        for place in range(0, sums.length, 2)
    )
    # At place 0 stands the first symbol of all, which is never the second one lost.
    second = tuple(
        tuple(x ^ y ^ z for x, y, z in zip(middle[place - 1], end[place], last, strict=True))
        for place in range(0, length, 2)
    )
    return first, second


def _two_gaps(count: int, one: int, other: int, places: int) -> Arrangement:
    """Return the arrangement that lacks a character of two symbols; the typed halves stand second."""
    first, second = 2 * one, 2 * other
    return Arrangement(
        (*range(first), LOST, *range(first, second - 1), LOST, *range(second - 1, count)), places
    )
