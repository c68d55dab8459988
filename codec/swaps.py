"""Groups and lines that changed places: every pair and every move, tried by sums.

Two swapped groups are four wrong symbols, which parity alone puts right; beside typing mistakes, and for
whole lines, the exchange itself must be found.
"""

from collections.abc import Iterator
from typing import Final

from codec.arrangement import Arrangement, Budget
from codec.damage import Damage, Repair
from codec.galois import ORDER, tables
from codec.grouping import GROUP_CHARACTERS
from codec.parity import PARITY_SYMBOLS
from codec.sums import Rows, Sums, may_be

_MOST_WRONG: Final = 2
_ENOUGH: Final = 2 * _MOST_WRONG + 1


def swapped(sums: Sums, size: int, budget: Budget) -> Iterator[Arrangement]:
    """Yield which two pieces of ``size`` characters, counted from the first one, may have changed places.

    Args:
        sums: Of what was typed.
        size: Characters of a piece, even.
        budget: One step for two pairs.
    """
    count = sums.length // size
    pairs = count * (count - 1) // 2
    if sums.length % 2 or not budget.allows(pairs // 2):
        return
    rows = sums.moved(sums.length, 0)
    whole = rows[sums.length]
    powers, logarithms = tables()
    step = size // 2
    # Every piece as if it stood first, so that a difference of two pieces counts alike in both places.
    pieces = [
        _turned(_piece(rows, place * size, place * size + size), place * step)[:_ENOUGH]
        for place in range(count)
    ]
    roots = range(1, _ENOUGH + 1)
    turns = [[powers[-root * place * step % ORDER] for root in roots] for place in range(count)]
    for one in range(count):
        first, here = pieces[one], turns[one]
        for other in range(one + 1, count):
            found = []
            for w, x, y, t, u in zip(whole, first, pieces[other], here, turns[other], strict=False):
                change, both = x ^ y, t ^ u
                found.append(w ^ powers[logarithms[change] + logarithms[both]] if change and both else w)
            if may_be(found, _MOST_WRONG):
                yield _with_swap(sums.length, one * size, other * size, size, pairs)


def moved(sums: Sums, size: int, budget: Budget) -> Iterator[Arrangement]:
    """Yield which piece of ``size`` characters may stand some pieces from its place.

    Args:
        sums: Of what was typed.
        size: Characters of a piece, even.
        budget: Two steps for each piece and place.
    """
    count = sums.length // size
    if sums.length % 2 or not budget.allows(2 * count * count):
        return
    rows = sums.moved(sums.length, 0)
    whole = rows[sums.length]
    for piece in range(count):
        own = _piece(rows, piece * size, piece * size + size)
        for place in range(count):
            if abs(place - piece) < 2:
                continue  # One place further is an exchange of neighbours.
            first, last = (piece + 1, place + 1) if place > piece else (place, piece)
            between = _piece(rows, first * size, last * size)
            away = (place - piece) * size // 2
            back = size // 2 if place > piece else -size // 2
            there, nearer = _turned(own, -away), _turned(between, back)
            found = [
                v ^ w ^ x ^ y ^ z for v, w, x, y, z in zip(whole, own, between, there, nearer, strict=True)
            ]
            if may_be(found, _MOST_WRONG):
                yield _with_move(sums.length, piece, place, size, count * count)


def _piece(rows: Rows, start: int, end: int) -> tuple[int, ...]:
    return tuple(x ^ y for x, y in zip(rows[start], rows[end], strict=True))


def _turned(piece: tuple[int, ...], power: int) -> tuple[int, ...]:
    """Return what a piece adds when it stands so many symbols further to the left."""
    powers, logarithms = tables()
    return tuple(
        powers[(logarithms[term] + root * power) % ORDER] if term else 0
        for root, term in zip(range(1, PARITY_SYMBOLS + 1), piece, strict=True)
    )


def _with_swap(count: int, one: int, other: int, size: int, places: int) -> Arrangement:
    damage = Damage.SWAPPED_GROUPS if size == GROUP_CHARACTERS else Damage.SWAPPED_LINES
    told = Repair(one // size + 1, damage=damage, other=other // size + 1)
    return Arrangement(
        (
            *range(one),
            *range(other, other + size),
            *range(one + size, other),
            *range(one, one + size),
            *range(other + size, count),
        ),
        places,
        (told,),
    )


def _with_move(count: int, piece: int, place: int, size: int, places: int) -> Arrangement:
    """Return the arrangement in which a typed piece is put to another place, both counted in pieces."""
    order = list(range(count))
    taken = order[piece * size : piece * size + size]
    rest = order[: piece * size] + order[piece * size + size :]
    damage = Damage.MOVED_GROUP if size == GROUP_CHARACTERS else Damage.MOVED_LINE
    told = Repair(place + 1, damage=damage, other=piece + 1)
    return Arrangement((*rest[: place * size], *taken, *rest[place * size :]), places, (told,))
