"""A value has one form: whatever is decoded encodes to the very same bytes.

The decoder checks that rule by rule, and a rule can be forgotten. So codes are forged digit by digit here:
digits are replaced by others of the same field, left out, repeated, moved. What such a code says is often
something that an honest code says in another way. Together with the round trip of values (`test_wire`) this
is the same as encoding again what was decoded, and comparing.
"""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec import wire
from codec.codes import KIND_OF, Code, Kind
from codec.digits import DigitSink
from codec.errors import CodecError
from codec.fields import spans_of
from codec.wire import decode_payload, encode_payload
from samples.specification import WEIGHTS, weights_of
from tests.codec import strategies
from tests.codec.test_spec import agree
from tests.codec.test_wire import payload_of
from tests.search import examples

Digit = tuple[int, int, int]

#: The other possibilities of a weighted digit: those of each table that it may come from.
OTHERS: dict[Digit, list[Digit]] = {}
for _field in WEIGHTS.values():
    _spans = [span for span in spans_of(weights_of(_field)) if span[1]]
    for _span in _spans:
        OTHERS.setdefault(_span, []).extend(_spans)


def other_digit(digit: Digit, rng: random.Random) -> Digit:
    """Return another value of the same field; of a plain digit, often a neighbour or an extreme."""
    value, size, radix = digit
    if digit in OTHERS:
        return rng.choice(OTHERS[digit])
    if size > 1:
        return digit
    neighbours = (value + 1) % radix, (value - 1) % radix
    return rng.choice((0, radix - 1, *neighbours, rng.randrange(radix))), 1, radix


def forge(value: Code, rng: random.Random) -> bytes:
    """Encode a value, with up to three of its digits changed, moved, repeated or left out."""
    kind = KIND_OF[type(value)]
    digits = DigitSink()
    wire.EXTENSION.put(digits, 0)
    wire.LAYOUTS[kind].put(digits, value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        place = rng.randrange(1, len(digits))
        match rng.choices(("change", "drop", "repeat", "swap", "move"), (80, 8, 4, 4, 4))[0]:
            case "change":
                digits[place] = other_digit(digits[place], rng)
            case "drop" if len(digits) > 2:
                del digits[place]
            case "repeat":
                digits.insert(place, rng.choice(digits))
            case "swap":
                digits[place - 1 : place + 1] = reversed(digits[place - 1 : place + 1])
            case _:
                block = digits[place : place + rng.randint(1, 6)]
                digits.extend(block)
    return payload_of(kind, digits)


def outcome(payload: bytes) -> str:
    try:
        value = decode_payload(payload)
    except CodecError as error:
        return "another form" if "one form" in error.message else error.code
    assert encode_payload(value) == payload
    return "accepted"


@settings(max_examples=examples(600))
@given(strategies.values, st.integers(0, 1 << 32))
def test_what_is_decoded_encodes_to_the_same_bytes(value: Code, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(5):
        payload = forge(value, rng)
        outcome(payload)
        agree(payload)


@pytest.mark.parametrize("kind", [Kind.REQUEST, Kind.AUTHORIZATION])
def test_the_forger_reaches_other_forms_and_true_ones(kind: Kind) -> None:
    """Otherwise the test above would prove little."""
    rng = random.Random(kind.value)
    found = Counter(outcome(forge(strategies.EXAMPLES[kind], rng)) for _ in range(1500))
    assert min(found["accepted"], found["another form"], found["malformed"]) >= 50, found


@pytest.mark.soak
def test_what_is_decoded_encodes_to_the_same_bytes_many_times_over() -> None:
    rng = random.Random(1)
    for value in strategies.EXAMPLES.values():
        for _ in range(20_000):
            outcome(forge(value, rng))
