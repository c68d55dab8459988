"""The specification: its computed parts are right, and a reader written from it agrees with ours."""

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.alphabet import clean
from codec.codes import KIND_OF, Code, Kind
from codec.errors import CodecError
from codec.wire import decode_payload, encode_payload, kind_byte
from samples import specification
from samples.vectors import as_json
from tests.codec import second_decoder, second_reader, strategies
from tests.codec.second_decoder import Refusal
from tests.codec.strategies import EXAMPLES
from tests.codec.test_vectors import ACCEPTED, REFUSED
from tests.search import examples

PAGE = specification.PAGE.read_text(encoding="utf-8")

PLAIN = [name for name in ACCEPTED if ACCEPTED[name]["result"] == "accepted"]


# --- what the page says --------------------------------------------------------------------------------


def test_the_made_parts_are_what_the_code_makes() -> None:
    assert specification.filled(PAGE) == PAGE, "run `python -m samples.specification`, then look at it"


def test_the_page_has_every_made_part_once() -> None:
    assert sorted(specification.parts_of(PAGE)) == sorted(specification.PARTS)


def test_the_weights_of_the_page_are_those_of_the_code() -> None:
    weights = {name: list(specification.weights_of(each)) for name, each in specification.WEIGHTS.items()}
    assert {name: found for name, (_, found) in second_decoder.WEIGHTS.items()} == weights


@pytest.mark.parametrize("name", specification.WEIGHTS)
def test_every_table_of_weights_is_used_on_the_page(name: str) -> None:
    elsewhere = [line for line in PAGE.splitlines() if not line.startswith(f"| {name} | ")]
    assert any(re.search(rf"\b{name}\b", line) for line in elsewhere)


def test_every_class_of_failure_is_described() -> None:
    for error in {record["error"] for record in REFUSED.values()} | {"field"}:
        assert f"| *{error}* |" in PAGE


# --- a second reader, from the page alone --------------------------------------------------------------


@pytest.mark.parametrize("name", PLAIN)
def test_it_accepts_what_must_be_accepted(name: str) -> None:
    record = ACCEPTED[name]
    recommended = "clean_up" in record
    found = second_reader.read(record["code"], record["reads"], record["context"], as_recommended=recommended)
    assert found.parity_is_right == ("repairs" not in record)
    assert found.payload.hex() == record["payload"]
    assert found.id == record["id"]
    assert found.fields == record["fields"]
    assert found.entitlements == record.get("entitlements")


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_what_must_be_refused(name: str) -> None:
    record = REFUSED[name]
    with pytest.raises(Refusal) as caught:
        second_reader.read(record["code"], record["reads"], record["context"])
    # It repairs nothing, and so cannot name what a repair would have shown.
    assert caught.value.error == ("malformed" if "repairs" in record else record["error"])


@pytest.mark.parametrize("name", [name for name in PLAIN if "clean_up" in ACCEPTED[name]])
def test_what_is_said_to_need_the_recommended_steps_needs_them(name: str) -> None:
    with pytest.raises(Refusal):
        second_reader.clean(ACCEPTED[name]["code"])


CODE = ACCEPTED["authorization-accepted-three-lines"]["code"]


def cleaned(by: Callable[[str], str], text: str) -> str | None:
    try:
        return by(text)
    except (CodecError, Refusal):
        return None


def as_the_page_says(text: str) -> str:
    return second_reader.clean(text, as_recommended=True)


def test_both_clean_every_character_alike() -> None:
    """Within a code, and before a number at the start of a line."""
    for place in range(0x11000):
        text = f"{CODE[:9]}{chr(place)}1: {CODE[9:]}"
        assert cleaned(clean, text) == cleaned(as_the_page_says, text), hex(place)


@settings(max_examples=examples(600))
@given(
    st.text(st.sampled_from("AB19lou \n\r\t:.)\\*#_`~>|%2045-=+,;'\"\u00a0\u2028\uff11\u200b"), max_size=40)
)
def test_both_clean_marks_alike(text: str) -> None:
    assert cleaned(clean, text) == cleaned(as_the_page_says, text)


@given(strategies.values)
def test_both_readers_read_the_same(value: Code) -> None:
    kind, found = second_decoder.decode(encode_payload(value))
    assert Kind(kind) is KIND_OF[type(value)]
    assert found == as_json(value)


def agree(payload: bytes) -> None:
    """Both readers refuse a payload, for the same class, or read the same from it."""
    ours: object
    theirs: object
    try:
        ours = as_json(decode_payload(payload))
    except CodecError as error:
        ours = error.code
    try:
        theirs = second_decoder.decode(payload)[1]
    except Refusal as refusal:
        theirs = refusal.error
    # Where several things are wrong, the page leaves open which is named first.
    refusals = {"malformed", "newer-version", "wrong-kind"}
    assert ours == theirs or {str(ours), str(theirs)} <= refusals


@settings(max_examples=examples(600))
@given(st.sampled_from(Kind), st.integers(0, 1 << 400), st.integers(0, 400))
def test_both_readers_agree_on_arbitrary_numbers(kind: Kind, number: int, bits: int) -> None:
    number &= (1 << bits) - 1
    length = (number.bit_length() + 7) // 8
    agree(bytes((kind_byte(kind),)) + number.to_bytes(length + (length % 5 == 4), "big"))


@settings(max_examples=examples(600))
@given(strategies.values, st.integers(0, 1 << 32))
def test_both_readers_agree_on_mutated_codes(value: Code, seed: int) -> None:
    rng = random.Random(seed)
    payload = bytearray(encode_payload(value))
    for _ in range(rng.randint(1, 3)):
        payload[rng.randrange(len(payload))] ^= 1 << rng.randrange(8)
    agree(bytes(payload))


@pytest.mark.parametrize("kind", Kind)
def test_both_readers_agree_on_every_changed_bit(kind: Kind) -> None:
    payload = encode_payload(EXAMPLES[kind])
    for bit in range(8 * len(payload)):
        agree((int.from_bytes(payload, "big") ^ 1 << bit).to_bytes(len(payload), "big"))
