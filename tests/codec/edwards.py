"""The curve of Ed25519 in plain Python: for making keys and signatures that no honest code makes.

Slow, and not safe for secrets. Source: RFC 8032, section 5.1.
"""

from functools import cache
from hashlib import sha512

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, PRIME) % PRIME
_ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)

Point = tuple[int, int, int, int]
"""X, Y, Z and T, with x = X / Z, y = Y / Z and x · y = T / Z."""

NEUTRAL: Point = (0, 1, 1, 0)


def add(one: Point, other: Point) -> Point:
    """Add two points: the formulas are complete, so any two."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % PRIME
    c = 2 * one[3] * other[3] * _D % PRIME
    d = 2 * one[2] * other[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def times(scalar: int, point: Point) -> Point:
    """Multiply a point by a number from 0 on."""
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def negative(point: Point) -> Point:
    """Return the point that adds up to the neutral one."""
    return -point[0] % PRIME, point[1], point[2], -point[3] % PRIME


def affine(point: Point) -> tuple[int, int]:
    """Return x and y."""
    inverse = pow(point[2], -1, PRIME)
    return point[0] * inverse % PRIME, point[1] * inverse % PRIME


def encode(point: Point) -> bytes:
    """Return the one right encoding of a point."""
    x, y = affine(point)
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(encoded: bytes) -> Point | None:
    """Return the point in an encoding, also in a wrong one of a point: y above the prime, a sign of zero."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % PRIME
    square = (y * y - 1) * pow(_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * _ROOT_OF_MINUS_ONE % PRIME
    if x * x % PRIME != square:
        return None
    if x & 1 != sign:
        x = -x % PRIME
    return x, y, 1, x * y % PRIME


def encodings(point: Point) -> tuple[bytes, ...]:
    """Return all encodings that a careless reader takes for a point; the right one first."""
    x, y = affine(point)
    forms = {
        (high | sign << 255).to_bytes(32, "little")
        for high in (y, y + PRIME)
        for sign in ({0, 1} if x == 0 else {x & 1})
        if high < 1 << 255
    }
    right = encode(point)
    return (right, *sorted(forms - {right}))


@cache
def base() -> Point:
    """Return the base point B."""
    found = decode(bytes.fromhex("58" + "66" * 31))
    assert found is not None
    return found


@cache
def torsion() -> tuple[Point, ...]:
    """Return the eight points whose order divides eight, as multiples 0 to 7 of one of order eight."""
    generator = decode(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"))
    assert generator is not None
    return tuple(times(multiple, generator) for multiple in range(8))


def challenge(commitment: bytes, key: bytes, message: bytes) -> int:
    """Return k of RFC 8032, section 5.1.7, over the bytes as they are given."""
    return int.from_bytes(sha512(commitment + key + message).digest(), "little") % ORDER


def is_right(key: bytes, signature: bytes, message: bytes) -> bool:
    """Verify as docs/spec/code-v1.md, section 11.1 says, and as slowly.

    A key in its one right encoding, of prime order; S below the order; R byte for byte, not of small order.
    """
    point, scalar = decode(key), int.from_bytes(signature[32:], "little")
    if point is None or encode(point) != key or scalar >= ORDER:
        return False
    if affine(point) == (0, 1) or affine(times(ORDER, point)) != (0, 1):
        return False
    k = challenge(signature[:32], key, message)
    expected = add(times(scalar, base()), negative(times(k, point)))
    return encode(expected) == signature[:32] and affine(times(8, expected)) != (0, 1)
