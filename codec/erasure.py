"""Pieces of which any k rebuild the rest: Cauchy Reed-Solomon over the field of the parity, GF(1024).

Each place of a piece is a code word of its own. The k pieces themselves stand at the points 0 to k - 1, and
the piece at any later point i is the sum of piece j divided by (i - j): the generator matrix is the identity
above a Cauchy matrix, all of whose square parts can be inverted, so any k pieces will do (J. Blömer et al.,
An XOR-Based Erasure-Resilient Coding Scheme, 1995).

Such a code is a generalised Reed-Solomon code: the piece at point p, times the product of all (p - l) for l
below k, is the value at p of one polynomial of a degree below k. So every piece, a lost one or a new one,
comes from Lagrange's interpolation through any k others, and no matrix is ever inverted.

A piece is handled as one integer, all its symbols at once: multiplying by x is a shift, and multiplying by
any constant is two exclusive ors of tables.

Invariants:
    * At most `MOST_POINTS` points; the work grows with known times wanted pieces, and their length.

Not handled: which piece is wrong. With one to spare it shows that there is one, and what each would have to
be (`if_one_is_wrong`); what is right, only a digest tells (`codec.frames`).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from codec.galois import PRIMITIVE_POLYNOMIAL, tables

MOST_POINTS: Final = 1023
"""Points that are used, of the 1,024 of the field: as many as ten bits count from one."""
UNIT_BYTES: Final = 5
"""A piece is a whole number of these: four symbols, eight characters."""

_BITS: Final = 10
_ORDER: Final = (1 << _BITS) - 1
_WINDOW: Final = 5
_LOW: Final = (1 << _WINDOW) - 1


def pieces_at(known: Mapping[int, bytes], wanted: Collection[int], needed: int) -> dict[int, bytes]:
    """Return the pieces at some points from those at others.

    Args:
        known: Point to piece, exactly ``needed`` of them, all of one length, a multiple of 5 bytes.
        wanted: Points that are not known.
        needed: The number k of pieces that hold the whole, 1 to 1,023.
    """
    length = len(next(iter(known.values())))
    ones = _ones(length)
    factors = _factors(tuple(known), tuple(wanted), needed)
    sums = dict.fromkeys(wanted, 0)
    for place, piece in enumerate(known.values()):
        low, high = _multiples(int.from_bytes(piece), ones)
        for point in sums:
            factor = factors[point][place]
            sums[point] ^= low[factor & _LOW] ^ high[factor >> _WINDOW]
    return {point: total.to_bytes(length) for point, total in sums.items()}


def if_one_is_wrong(
    known: Mapping[int, bytes], spare: tuple[int, bytes], needed: int
) -> Iterator[tuple[int, dict[int, bytes]]]:
    """Yield for each of k pieces what else changes of the whole if that one, and no other, is wrong.

    The others say what the spare piece should be. By how much it differs, the wrong one is wrong, times a
    constant: so nothing is interpolated anew for each of them.

    Args:
        known: Point to piece, exactly ``needed`` of them.
        spare: One more point, which is not known, and its piece.
        needed: The number k of pieces that hold the whole.

    Yields:
        The point of the piece that may be wrong, and what must be added (exclusive or) to which pieces of the
        whole, by point. Nothing at all when the spare piece is what the others say.
    """
    point, piece = spare
    length = len(piece)
    expected = pieces_at(known, (point,), needed)[point]
    low, high = _multiples(int.from_bytes(piece) ^ int.from_bytes(expected), _ones(length))
    if not low[1]:
        return
    powers, logarithms = tables()
    missing = [each for each in range(needed) if each not in known]
    factors = _factors(tuple(known), (point, *missing), needed)
    for place, suspect in enumerate(known):
        base = _ORDER - logarithms[factors[point][place]]
        counts = {each: logarithms[factors[each][place]] + base for each in missing}
        if suspect < needed:
            counts[suspect] = base
        yield (
            suspect,
            {each: _times(powers[count % _ORDER], low, high, length) for each, count in counts.items()},
        )


def _times(factor: int, low: list[int], high: list[int], length: int) -> bytes:
    return (low[factor & _LOW] ^ high[factor >> _WINDOW]).to_bytes(length)


def _factors(known: tuple[int, ...], wanted: tuple[int, ...], needed: int) -> dict[int, tuple[int, ...]]:
    """Return by what each known piece counts in each wanted one.

    With S the known points, and m(p) the product of all (p - l) for l below k other than p, piece p counts
    in the one at t by ``m(p) / m(t) · product over q in S of (t - q) / ((t - p) · product of (p - q))``.
    All of it is sums of logarithms; that of zero stands as 0, which leaves "other than p" out by itself.
    """
    powers, logarithms = tables()
    first = range(needed)
    of_known = [_product(logarithms, p, first) - _product(logarithms, p, known) for p in known]
    factors = {}
    for t in wanted:
        whole = _product(logarithms, t, known) - _product(logarithms, t, first)
        factors[t] = tuple(
            powers[(whole + part - logarithms[t ^ p]) % _ORDER]
            for p, part in zip(known, of_known, strict=True)
        )
    return factors


def _product(logarithms: tuple[int, ...], point: int, others: Collection[int]) -> int:
    """Return the logarithm of the product of all differences between a point and others."""
    return sum([logarithms[point ^ other] for other in others])


def _ones(length: int) -> int:
    """Return a piece of ones: the lowest bit of every symbol."""
    return ((1 << 8 * length) - 1) // _ORDER


def _multiples(piece: int, ones: int) -> tuple[list[int], list[int]]:
    """Return a piece times 0 to 31, and times the multiples of 32 below 1,024."""
    top = ones << (_BITS - 1)
    rest = PRIMITIVE_POLYNOMIAL & _ORDER
    tables = []
    for _ in range(_BITS // _WINDOW):
        table = [0]
        for _ in range(_WINDOW):
            table += [entry ^ piece for entry in table]
            carried = (piece & top) >> (_BITS - 1)
            piece = (piece & ~top) << 1 ^ carried * rest
        tables.append(table)
    return tables[0], tables[1]
