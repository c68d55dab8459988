"""Five wrong symbols, one more than parity finds by itself.

Eight syndromes leave the polynomial that has the wrong places as its roots open in two numbers b and c: it is
P + b·Q + c·R. Each place of the code is a root of it for the pairs (b, c) on one line of a plane, and so five
wrong places are five lines that meet in one point. All meeting points are counted, line by line: for a code
of 330 characters that are 13,530 divisions, made by logarithms.

By chance, five lines of such a code meet about as often as not: what is found here proves nothing without a
signature. Beyond five there would be thousands of candidates.

Source: the key equation as in Blahut, chapter 7, with two equations too few; the search is ours.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count as count_up
from typing import Final

from codec.arrangement import CORRECTION, Budget
from codec.galois import ORDER, over, tables, times, value_at
from codec.parity import correct, syndromes_of

_WRONG: Final = 5
_PAIRS_A_STEP: Final = 25
"""Meeting points that are found in the time of one step."""


def five_wrong(code: str, budget: Budget) -> Iterator[str]:
    """Yield the code words that differ in five symbols.

    Args:
        code: Characters of the alphabet; a possible length.
        budget: A step for every 25 pairs of symbols.
    """
    count = len(code) // 2
    if not budget.allows(count * count // 2 // _PAIRS_A_STEP):
        return
    family = _family(syndromes_of(code))
    if family is None:
        return
    for places in _meetings(family, count):
        if not budget.allows(CORRECTION):
            return
        doubtful = [len(code) - 1 - 2 * power for power in places]
        correction = correct(code, doubtful=doubtful)
        if len({place // 2 for place in correction.positions}) == _WRONG:
            yield correction.code


Family = tuple[list[int], list[int], list[int]]


def _family(syndromes: Sequence[int]) -> Family | None:
    """Solve three equations for the five coefficients of the polynomial; None where they depend.

    Returns:
        P, Q and R, from the coefficient of x^0 to that of x^5.
    """
    rows = [[syndromes[last - degree] for degree in range(_WRONG + 1)] for last in (5, 6, 7)]
    pivots: list[int] = []
    for row in rows:
        for done, pivot in zip(rows, pivots, strict=False):
            _subtract(row, done, row[pivot])
        pivot = next((place for place in range(1, _WRONG + 1) if row[place]), 0)
        if not pivot:
            return None
        factor = row[pivot]
        row[:] = [over(each, factor) for each in row]
        for done in rows[: len(pivots)]:
            _subtract(done, row, done[pivot])
        pivots.append(pivot)
    free = [place for place in range(1, _WRONG + 1) if place not in pivots]
    constant = [1] + [0] * _WRONG
    for row, pivot in zip(rows, pivots, strict=True):
        constant[pivot] = row[0]
    first, second = (_direction(rows, pivots, place) for place in free)
    return constant, first, second


def _subtract(row: list[int], other: Sequence[int], factor: int) -> None:
    if factor:
        row[:] = [mine ^ times(factor, theirs) for mine, theirs in zip(row, other, strict=True)]


def _direction(rows: Sequence[Sequence[int]], pivots: Sequence[int], free: int) -> list[int]:
    direction = [0] * (_WRONG + 1)
    direction[free] = 1
    for row, pivot in zip(rows, pivots, strict=True):
        direction[pivot] = row[free]
    return direction


def _meetings(family: Family, count: int) -> Iterator[tuple[int, ...]]:
    """Yield five powers of x each, the places whose lines meet in one point.

    Each five fulfil the three equations that the family was solved from, so that they explain all syndromes.
    No two of five wrong places have the same line, and none of them has no line at all: otherwise a member of
    the family without its constant were zero in two of them, and by these equations in all five, which is
    more than it has places for.
    """
    powers, logarithms = tables()
    family = _upright(family, count)
    constant, first, second = family
    # The line of a place: c = height + b * slope.
    lines = []
    for power in range(count):
        by = value_at(second, -power)
        if by:
            height, slope = over(value_at(constant, -power), by), over(value_at(first, -power), by)
            lines.append((height, slope, power))
    for turn, (height, slope, _) in enumerate(lines):
        others = lines[turn + 1 :]
        found = Counter(
            (logarithms[height ^ other] - logarithms[slope ^ tilt]) % ORDER if height != other else -1
            for other, tilt, _ in others
            if slope != tilt
        )
        for log, meeting in found.items():
            # Four more, and no fifth: a polynomial of degree five has no more roots. Only later lines are
            # counted, so that each point is found once, on the first of its lines.
            if meeting == _WRONG - 1:
                b = powers[log] if log >= 0 else 0
                c = height ^ times(b, slope)
                yield tuple(power for other, tilt, power in lines if c == other ^ times(b, tilt))


def _upright(family: Family, count: int) -> Family:
    """Return the family with other parameters, so that no line stands upright (R is never zero)."""
    constant, first, second = family
    taken = {
        over(value_at(second, -power), across)
        for power in range(count)
        if (across := value_at(first, -power))
    }
    # A code has fewer symbols than the field has elements, so that one of them is free.
    mix = next(mix for mix in count_up() if mix not in taken)
    return constant, first, [s ^ times(mix, f) for s, f in zip(second, first, strict=True)]
