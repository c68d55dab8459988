"""Inputs near to valid ones, for what atheris does not guide: the default run, and decoders written in C."""

import random
import struct
import zlib
from collections.abc import Iterator
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_EXTREMES: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 50_000, 0x7FFF_FFFF, 0xFFFF_FFFF)


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, cut a piece out, double one, or go on as another input."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place = rng.randrange(len(changed) + 1)
        end = min(len(changed), place + rng.choice((1, 1, 2, 4, 16)))
        match rng.randrange(5):
            case 0:
                changed[place:end] = rng.randbytes(end - place)
            case 1:
                del changed[place:end]
            case 2:
                changed[place:place] = changed[place:end]
            case 3 if place < len(changed):
                changed[place] ^= 1 << rng.randrange(8)
            case _:
                changed[place:] = other[rng.randrange(len(other) + 1) :]
    return bytes(changed)


def mutated_picture(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change a picture: as any bytes, or a number near its beginning; the sums of a PNG mostly put right."""
    changed = mutated(data, other, rng) if rng.random() < 0.5 else _with_extreme(data, rng)
    if changed.startswith(_PNG) and rng.random() < 0.9:
        return _PNG + b"".join(_chunks(changed))
    return changed


def _with_extreme(data: bytes, rng: random.Random) -> bytes:
    """Write an extreme number over two or four bytes, mostly in the head: sizes, counts, offsets."""
    width, order = rng.choice((2, 4)), rng.choice(("big", "little"))
    place = rng.randrange(min(len(data), rng.choice((32, 256, len(data)))))
    number = rng.choice(_EXTREMES) & (1 << 8 * width) - 1
    return (
        data[:place] + (number.to_bytes(width, "big" if order == "big" else "little")) + data[place + width :]
    )


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the chunks of a PNG with sums that are right, and what follows as it is."""
    place = len(_PNG)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            break
        body = data[place + 4 : end]
        yield data[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place = end + 4
    yield data[place:]
