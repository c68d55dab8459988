"""A second reader of bundles and frames, written from docs/spec/carriers-v1.md alone, one symbol at a time.

Scope: what a reader in another language would do, slowly: pieces are rebuilt by solving linear equations over
GF(1024), with a multiplication that uses no tables. Nothing of `codec` is used here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from tests.codec.second_decoder import ALPHABET, require
from tests.codec.second_reader import parity_is_right, to_bytes


def times(left: int, right: int) -> int:
    product = 0
    for bit in range(10):
        if right >> bit & 1:
            product ^= left << bit
    for bit in reversed(range(10, 20)):
        if product >> bit & 1:
            product ^= 0b100_0000_1001 << (bit - 10)
    return product


def inverse(value: int) -> int:
    result = 1
    for _ in range(1022):
        result = times(result, value)
    return result


# --- bundles -------------------------------------------------------------------------------------------


def size(data: bytes, at: int) -> tuple[int, int]:
    require(at < len(data))
    if data[at] < 192:
        return data[at], at + 1
    require(at + 1 < len(data))
    return 192 + (data[at] - 192) * 256 + data[at + 1], at + 2


def bundle(data: bytes) -> tuple[list[bytes], int]:
    """Return the members, and the length of the bundle without zero bytes that belong to frames."""
    require(data and data[0] >> 3 == ALPHABET.index("B"))
    require(data[0] & 7 <= 1, "newer-version")
    require(data[0] & 7 == 1)
    count, at = size(data, 9)
    members: list[bytes] = []
    before = b""
    for _ in range(count + 1):
        number, at = size(data, at)
        length, shared = number // 2 + 65, 0
        if number % 2:
            shared, at = size(data, at)
            shared += 2
        require(shared <= min(length, len(before)) and length <= 1268 and length % 5 != 4)
        require(at + length - shared <= len(data))
        member = before[:shared] + data[at : at + length - shared]
        at += length - shared
        alike = 0
        while alike < min(len(before), length) and before[alike] == member[alike]:
            alike += 1
        require(shared == (alike if alike > 1 else 0))
        require(ALPHABET[member[0] >> 3] not in "BF")
        members.append(member)
        before = member
        require(sum(map(len, members)) <= 1_000_000)
    require(data[1:9] == sha256(data[:1] + data[9:at]).digest()[:8])
    require(not any(data[at:]))
    at += at % 5 == 4
    require(at <= min(len(data), 1_000_000))
    return members, at


def bundle_alone(data: bytes) -> list[bytes]:
    """Return the members of a bundle that is one code."""
    members, length = bundle(data)
    require(length == len(data))
    return members


# --- frames --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    tag: bytes
    needed: int
    total: int
    number: int
    piece: bytes

    @property
    def of(self) -> tuple[bytes, int, int, int]:
        return self.tag, self.needed, self.total, len(self.piece)


def frame(text: str) -> Frame:
    require(parity_is_right(text))
    data = to_bytes(text[:-16])
    require(data and data[0] >> 3 == ALPHABET.index("F"))
    require(data[0] & 7 <= 1, "newer-version")
    require(data[0] & 7 == 1)
    numbers = int.from_bytes(data[6:10], "big")
    require(numbers < 1 << 30, "newer-version")
    needed, total, number = numbers >> 20, numbers >> 10 & 1023, numbers & 1023
    piece = data[10:]
    require(1 <= needed <= total and 1 <= number <= total)
    require(piece and len(piece) % 5 == 0)
    require(needed * (len(piece) - 5) < 1_000_000)
    return Frame(data[1:6], needed, total, number, piece)


def carrier(text: str) -> object:
    """Read one bundle or frame, whichever it is."""
    return bundle_alone(to_bytes(text[:-16])) if text[0] == "B" else frame(text)


def symbols(piece: bytes) -> list[int]:
    number = int.from_bytes(piece, "big")
    count = len(piece) * 8 // 10
    return [number >> 10 * (count - 1 - place) & 1023 for place in range(count)]


def from_symbols(values: Sequence[int]) -> bytes:
    number = 0
    for value in values:
        number = number << 10 | value
    return number.to_bytes(len(values) * 10 // 8, "big")


def row(needed: int, number: int) -> list[int]:
    """How frame ``number`` is made of the first ones."""
    point = number - 1
    if point < needed:
        return [int(point == other) for other in range(needed)]
    return [inverse(point ^ other) for other in range(needed)]


def rebuilt(frames: Sequence[Frame]) -> list[bytes]:
    """Return the members of the bundle that exactly k frames of one set rebuild."""
    first = frames[0]
    require(len({each.of for each in frames}) == 1 and len({each.number for each in frames}) == first.needed)
    rows = [row(first.needed, each.number) + symbols(each.piece) for each in frames]
    for column in range(first.needed):
        pivot = next(place for place in range(column, first.needed) if rows[place][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        factor = inverse(rows[column][column])
        rows[column] = [times(factor, value) for value in rows[column]]
        for place in range(first.needed):
            factor = rows[place][column]
            if place != column and factor:
                pairs = zip(rows[place], rows[column], strict=True)
                rows[place] = [value ^ times(factor, other) for value, other in pairs]
    data = b"".join(from_symbols(each[first.needed :]) for each in rows)
    require(data[1:6] == first.tag)
    members, length = bundle(data)
    require(-(-length // (5 * first.needed)) * 5 == len(first.piece))
    return members
