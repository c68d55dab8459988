"""The work that any input can cause: counted in digits, since time depends on the machine."""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from codec.codes import Authorization, Kind, Line, Term
from codec.digits import DigitSource, Point
from codec.errors import CodecError
from codec.wire import EXTENSION, LAYOUTS, MAX_CODE_BYTES, SIGNATURE_BYTES, encode_payload
from tests.codec.strategies import EXAMPLES, MOMENT

MOST_BYTES = MAX_CODE_BYTES - SIGNATURE_BYTES - 1
#: 255 tags with all that a spelled one can have, 255 lines, and one digit for each bit of the longest number.
MOST_DIGITS = 255 * 12 + 8 * MOST_BYTES


class Counting(DigitSource):
    """A source that counts the digits taken."""

    __slots__ = ("taken",)

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.taken = 0

    def take(self, radix: int) -> int:
        self.taken += 1
        return super().take(radix)

    def take_span(self, points: tuple[Point, ...]) -> int:
        self.taken += 1
        return super().take_span(points)


def digits_in(kind: Kind, number: int) -> int:
    source = Counting(number)
    with suppress(CodecError):
        EXTENSION.take(source)
        LAYOUTS[kind].take(source)
    return source.taken


def hostile_numbers(rng: random.Random) -> list[int]:
    """Numbers with long runs of ones and zeros in every place, and plainly random ones."""
    bits = 8 * MOST_BYTES
    runs = [((1 << rng.randrange(1, bits)) - 1) << rng.randrange(200) for _ in range(100)]
    masks = [rng.getrandbits(bits) & rng.getrandbits(bits) & rng.getrandbits(bits) for _ in range(50)]
    dense = [rng.getrandbits(bits) | rng.getrandbits(bits) | rng.getrandbits(bits) for _ in range(50)]
    return [(1 << bits) - 1, *runs, *masks, *dense, *(rng.getrandbits(bits) for _ in range(100))]


@pytest.mark.parametrize("kind", Kind)
def test_no_number_makes_a_reader_take_more_digits_than_it_has_bits(kind: Kind) -> None:
    most = max(digits_in(kind, number) for number in hostile_numbers(random.Random(kind.value)))
    assert most <= MOST_DIGITS


def test_codes_at_the_limits_stay_within_the_bound() -> None:
    """Lines of one tag with a term each, and as many spelled tags, are the longest lists that fit."""
    value = EXAMPLES[Kind.AUTHORIZATION]
    assert isinstance(value, Authorization)
    first = MOMENT.date()
    terms = tuple(Line(5, 9, Term(first, first + timedelta(days=400 + 7 * more))) for more in range(255))
    spelled = tuple(Line(f"{place:03X}", 1) for place in range(255))
    for lines in (terms, spelled):
        payload = encode_payload(replace(value, lines=lines))
        assert digits_in(Kind.AUTHORIZATION, int.from_bytes(payload[1:], "big")) <= MOST_DIGITS
