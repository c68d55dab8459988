"""Short confirmations: any text, and texts whose parity was put right so that they get past it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Final

from codec.alphabet import ALPHABET, clean, from_number
from codec.codes import SHORT_CHARACTERS, Code
from codec.envelope import UnverifiedCode, VerifiedCode
from codec.errors import CodecError, NotGenuineError
from codec.reading import inspect, receive
from codec.short import (
    PARITY_CHARACTERS,
    ShortReading,
    inspect_short,
    is_clean,
    is_short,
    matched,
    parity_of,
    read_short,
)
from samples.short_vectors import INSTALLED, SHORT, SHORT_VECTORS
from samples.vectors import DEVICE, ISSUER
from tests.fuzz.target import Target

_BODY: Final = SHORT_CHARACTERS - PARITY_CHARACTERS
_BODY_BYTES: Final = 14
_AS_TEXT, _AS_NUMBER, _WITH_MISTAKES = range(3)
"""What the first byte of an input says that the rest is."""
_MOST_READINGS: Final = SHORT_CHARACTERS
"""A wrong character has one place; neighbours may be swapped in every one."""


def short(data: bytes) -> None:
    """Read a text as a short confirmation, with the key and without: only the genuine one is matched."""
    text = _typed(data)
    meant = is_short(text)
    try:
        readings = read_short(text)
    except CodecError:
        readings = ()
    assert meant or not readings, "what is no short confirmation was read as one"
    assert len(readings) <= _MOST_READINGS
    if not readings:
        return
    for reading in readings:
        _check(text, reading)
    with suppress(CodecError):
        assert (inspect_short(text),) == readings, "without a key something else is read"
    for refused in (inspect, lambda raw: receive(raw, _nobody)):
        with suppress(CodecError):
            refused(text)
            raise AssertionError("a short confirmation was read as a signed code")


def _nobody(code: UnverifiedCode[Code]) -> VerifiedCode[Code]:
    raise NotGenuineError("Nobody signed this.")


def _check(text: str, reading: ShortReading) -> None:
    word, typed = reading.code.text, _cleaned(text)
    assert is_clean(word), "a reading has a wrong parity"
    if len(typed) != SHORT_CHARACTERS:
        # Found among other text, which only a sound one is.
        assert not reading.repairs, "what stands among other text was repaired"
        typed = word
    wrong = [place for place in range(SHORT_CHARACTERS) if word[place] != typed[place]]
    assert len(wrong) < 2 or (len(wrong) == 2 and wrong[0] + 1 == wrong[1]), "more than one mistake"
    assert bool(wrong) == bool(reading.repairs), "a repair is not named"
    if reading.code.request_hint != SHORT.code.request_hint:
        return
    with suppress(NotGenuineError):
        matched(reading.code, INSTALLED, issuer=ISSUER, device=DEVICE.verifying_key)
        assert word == SHORT.text, "a short confirmation that the device did not make was matched"


def _cleaned(text: str) -> str:
    try:
        return clean(text)
    except CodecError:
        return ""


def _typed(data: bytes) -> str:
    """Return what an input stands for: a text, a number with its parity, or that with characters changed."""
    form, rest = data[0] % 3 if data else _AS_TEXT, data[1:]
    if form == _AS_TEXT:
        return rest.decode("utf-8", errors="replace")
    body = from_number(int.from_bytes(rest[:_BODY_BYTES].ljust(_BODY_BYTES, b"\0")) >> 2, _BODY)
    text = body + parity_of(body)
    if form == _WITH_MISTAKES:
        for place, character in zip(rest[_BODY_BYTES::2], rest[_BODY_BYTES + 1 :: 2], strict=False):
            at = place % len(text)
            text = text[:at] + ALPHABET[character % len(ALPHABET)] + text[at + 1 :]
    return text


@cache
def _texts() -> tuple[str, ...]:
    paths = sorted(SHORT_VECTORS.glob("*.json"))
    return tuple(json.loads(path.read_text("ascii"))["code"] for path in paths)


def _seeds() -> Iterator[bytes]:
    for text in _texts():
        yield bytes((_AS_TEXT,)) + text.encode()
    number = sum(ALPHABET.index(each) << 5 * place for place, each in enumerate(reversed(SHORT.text[:_BODY])))
    body = (number << 2).to_bytes(_BODY_BYTES)
    yield bytes((_AS_NUMBER,)) + body
    yield bytes((_WITH_MISTAKES,)) + body + b"\x09\x07"
    yield bytes((_WITH_MISTAKES,)) + body + b"\x05\x00\x14\x0a"


TARGET: Final = Target(short, _seeds, ("codec.short",), 200, 0.5)
