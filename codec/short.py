"""The short confirmation (kind ``S``): 24 characters that are read over the telephone, and a MAC in them.

Scope: the layout, the parity over GF(32), the MAC, and reading with repair. The form is specified in
``docs/spec/short-v1.md``. A short confirmation is a COSE_Mac0 (RFC 9052, section 6) without its constant
parts, as a signed code is a COSE_Sign1 without them. Its key comes from both ends' long-lived keys, so it
proves less than a signature: each end can make it. It never becomes a `VerifiedCode`.

Invariants:
    * What one authorization's installation says has one text, whatever was said before.
    * Only `short_of` and `matched` make a `MatchedShort`, and only with the MAC in hand.

Not handled: how often somebody may try, and what a confirmation does (``reservation``).

Source: RFC 5869 (HKDF), RFC 7748 (X25519), RFC 9053, section 3.1 (HMAC 256/64).
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

from codec.alphabet import ALPHABET, clean, from_number, to_number
from codec.codes import FORMAT_VERSION, SHORT_CHARACTERS, Sequence, UnsignedKind
from codec.damage import Repair
from codec.envelope import external_aad, long_hint, mac_structure
from codec.errors import MalformedCodeError, NewerVersionError, NotGenuineError
from codec.fields import NEWER_HINT
from codec.hashes import sha256
from codec.keys import SigningKey, VerifyingKey
from codec.wire import kind_byte

HINT_BYTES: Final = 4
MAC_BYTES: Final = 8
#: How many numbers of authorizations look different.
NUMBERS: Final = 64
PARITY_CHARACTERS: Final = 2
PRIMITIVE_POLYNOMIAL: Final = 0b10_0101

_BODY_CHARACTERS: Final = SHORT_CHARACTERS - PARITY_CHARACTERS
_MAC_BITS: Final = 8 * MAC_BYTES
_NUMBER_BITS: Final = NUMBERS.bit_length() - 1
_HINT_BITS: Final = 8 * HINT_BYTES
_SYMBOL_BITS: Final = 5
_HEAR_AGAIN: Final = "Have it read once more, group by group; or ask for the long confirmation code."


@dataclass(frozen=True, slots=True)
class Installed:
    """What a short confirmation is about: one authorization of one request.

    Attributes:
        request_id: id(Q), 32 bytes.
        authorization_id: id(A), 32 bytes.
        sequence: Of that authorization.
    """

    request_id: bytes
    authorization_id: bytes
    sequence: Sequence

    @property
    def number_end(self) -> int:
        """The number of the authorization modulo 64."""
        return self.sequence.number % NUMBERS


@dataclass(frozen=True, slots=True)
class UnmatchedShort:
    """A short confirmation as somebody said it: it reads well and proves nothing yet.

    Attributes:
        request_hint: 4 bytes of id(Q).
        number_end: Number of the authorization, modulo 64.
        mac: 8 bytes.
    """

    request_hint: bytes
    number_end: int
    mac: bytes

    @property
    def text(self) -> str:
        """The code as one unbroken string of 24 characters."""
        number = kind_byte(UnsignedKind.SHORT)
        for value, bits in (
            (int.from_bytes(self.request_hint, "big"), _HINT_BITS),
            (self.number_end, _NUMBER_BITS),
            (int.from_bytes(self.mac, "big"), _MAC_BITS),
        ):
            number = number << bits | value
        body = from_number(number, _BODY_CHARACTERS)
        return body + parity_of(body)


@dataclass(frozen=True, slots=True)
class MatchedShort:
    """A short confirmation whose MAC was worked out here.

    Attributes:
        installed: What it confirms.
        code: What it says.
    """

    installed: Installed
    code: UnmatchedShort

    @property
    def id(self) -> bytes:
        """Its id: 32 bytes, the SHA-256 of what the MAC covers."""
        return short_id(self.installed)

    @property
    def text(self) -> str:
        """The code as one unbroken string."""
        return self.code.text


@dataclass(frozen=True, slots=True)
class ShortReading:
    """One way to read a text, and what is wrong in the text if it is the right one."""

    code: UnmatchedShort
    repairs: tuple[Repair, ...] = ()


# --- the MAC -------------------------------------------------------------------------------------------


def covered(installed: Installed) -> tuple[bytes, bytes]:
    """Return what a MAC covers: the payload, which the code carries, and the external_aad, known to both."""
    payload = bytes((kind_byte(UnsignedKind.SHORT), *long_hint(installed.request_id), installed.number_end))
    sequence = installed.sequence
    place = sequence.epoch.to_bytes(2, "big") + sequence.number.to_bytes(2, "big")
    known = external_aad(UnsignedKind.SHORT, installed.request_id, installed.authorization_id, place)
    return payload, known


def short_id(installed: Installed) -> bytes:
    """Return id(S); it needs no key."""
    return sha256(mac_structure(*covered(installed)))


def mac_key(installed: Installed, key: SigningKey, other: VerifyingKey) -> bytes:
    """Return the 32 bytes that the owners of two keys derive alike: others for each authorization.

    HKDF-SHA-256 of what the keys agree on; the salt is id(A), which covers both of them.
    """
    extracted = hmac.digest(installed.authorization_id, key.agree(other), "sha256")
    return hmac.digest(extracted, external_aad(UnsignedKind.SHORT) + b"\x01", "sha256")


def _mac(installed: Installed, key: SigningKey, other: VerifyingKey) -> bytes:
    structure = mac_structure(*covered(installed))
    return hmac.digest(mac_key(installed, key, other), structure, "sha256")[:MAC_BYTES]


def short_of(installed: Installed, *, device: SigningKey, issuer: VerifyingKey) -> MatchedShort:
    """Return the short confirmation of an installed authorization, as its device makes it.

    Args:
        installed: The authorization.
        device: The device's key.
        issuer: The key that signed the authorization.
    """
    mac = _mac(installed, device, issuer)
    code = UnmatchedShort(long_hint(installed.request_id), installed.number_end, mac)
    return MatchedShort(installed, code)


def matched(
    code: UnmatchedShort, installed: Installed, *, issuer: SigningKey, device: VerifyingKey
) -> MatchedShort:
    """Return a short confirmation as one of this authorization, as the portal checks it.

    Args:
        code: What somebody said.
        installed: The authorization that it may confirm.
        issuer: The key that signed that authorization.
        device: The key of the request.

    Raises:
        NotGenuineError: When it is none: its MAC, or anything else in it, is another one.
    """
    expected = UnmatchedShort(
        long_hint(installed.request_id), installed.number_end, _mac(installed, issuer, device)
    )
    if not hmac.compare_digest(code.text, expected.text):
        raise NotGenuineError(
            "This short confirmation does not fit: it was made on another device or for another "
            "authorization, or it was misheard.",
            hint=_HEAR_AGAIN,
        )
    return MatchedShort(installed, expected)


# --- the parity ----------------------------------------------------------------------------------------


def times(left: int, right: int) -> int:
    """Multiply two elements of GF(32), bit by bit."""
    product = 0
    while right:
        if right & 1:
            product ^= left
        right >>= 1
        left <<= 1
        if left >> _SYMBOL_BITS:
            left ^= PRIMITIVE_POLYNOMIAL
    return product


@cache
def _powers() -> tuple[int, ...]:
    """Return a^0 to a^30."""
    powers = [1]
    for _ in range(30):
        powers.append(times(powers[-1], 2))
    return tuple(powers)


def _weight(position: int) -> int:
    """Return what a character counts at an index: the last one once, each before it a times as much."""
    return _powers()[SHORT_CHARACTERS - 1 - position]


def _divided(left: int, right: int) -> int:
    powers = _powers()
    return times(left, powers[-powers.index(right) % len(powers)])


def _sums(values: list[int]) -> tuple[int, int]:
    """Return the code's polynomial at 1 and at a; both are 0 for a sound code.

    With 1 as a root, a swap of two characters never looks like one wrong character.
    """
    plain = weighted = 0
    for position, value in enumerate(values):
        plain ^= value
        weighted ^= times(value, _weight(position))
    return plain, weighted


def _values(text: str) -> list[int]:
    return [ALPHABET.index(character) for character in text]


def _characters(values: list[int]) -> str:
    return "".join(ALPHABET[value] for value in values)


def parity_of(body: str) -> str:
    """Return the two characters that follow 22."""
    plain, weighted = _sums(_values(body))
    first = _divided(plain ^ weighted, 1 ^ 2)
    return _characters([first, plain ^ first])


def is_clean(text: str) -> bool:
    """Tell whether 24 characters are a code word."""
    return _sums(_values(text)) == (0, 0)


def _near(text: str) -> Iterator[str]:
    """Yield every code word that one wrong character, or one swap of neighbours, makes of an unsound text."""
    values = _values(text)
    plain, weighted = _sums(values)
    for position in range(SHORT_CHARACTERS):
        if times(plain, _weight(position)) == weighted:
            yield _characters([*values[:position], values[position] ^ plain, *values[position + 1 :]])
    for position in range(SHORT_CHARACTERS - 1):
        left, right = values[position : position + 2]
        shift = times(left ^ right, _weight(position) ^ _weight(position + 1))
        if not plain and shift == weighted:
            yield _characters([*values[:position], right, left, *values[position + 2 :]])


# --- reading -------------------------------------------------------------------------------------------


def is_short(raw: str) -> bool:
    """Tell whether a text is meant as a short confirmation: by its letter, or by its length."""
    return _is_meant(_cleaned(raw)) or _found(raw) is not None


def _cleaned(raw: str) -> str:
    """Return a text as one run of characters; empty where that cannot be."""
    try:
        return clean(raw)
    except MalformedCodeError:
        return ""


def _is_meant(text: str) -> bool:
    return len(text) == SHORT_CHARACTERS or (
        len(text) < 2 * SHORT_CHARACTERS and text.startswith(UnsignedKind.SHORT.value)
    )


def _found(raw: str) -> str | None:
    """Return the one sound short confirmation that stands in a line among other text, if there is just one.

    Beside a signed code none is looked for: that one proves more, and six of its groups may look like this.
    """
    from codec.layout import lines_of  # for codes among other text alone
    from codec.pasted import readings

    found = {text for reading in readings(raw) for line in lines_of(reading) for text in _sound(line.words)}
    if len(found) != 1:
        return None
    from codec.recovery import holds_code

    return None if holds_code(raw) else found.pop()


def notes_on(raw: str) -> tuple[str, ...]:
    """Return what is to be said of a text beside the short confirmation that it holds."""
    if _is_meant(_cleaned(raw)) or _found(raw) is None:
        return ()
    from codec.pasted import LEFT_OUT  # for codes among other text alone

    return (LEFT_OUT,)


def _sound(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the runs of words that are sound short confirmations."""
    for start, first in enumerate(words):
        if first.startswith(UnsignedKind.SHORT.value):
            lengths = accumulate(len(word) for word in words[start : start + SHORT_CHARACTERS])
            for count, length in enumerate(lengths, start=1):
                text = "".join(words[start : start + count])
                if length == SHORT_CHARACTERS and _is_sound(text):
                    yield text


def _is_sound(text: str) -> bool:
    """Tell whether 24 characters are a short confirmation of this version, parity and all."""
    return set(text) <= set(ALPHABET) and is_clean(text) and _is_first(text)


def _is_first(text: str) -> bool:
    """Tell whether a text begins with the first byte of a short confirmation of this version."""
    return to_number(text[:2]) >> 2 == kind_byte(UnsignedKind.SHORT)


def read_short(raw: str) -> tuple[ShortReading, ...]:
    """Return every way to read a text: one when its parity holds, else all that a small mistake explains.

    The MAC decides which of them is right, if any.

    Args:
        raw: The code, in whatever shape: groups, small letters, dashes.

    Raises:
        MalformedCodeError: When there is no way to read it.
        NewerVersionError: When a newer version made it.
    """
    if not _is_meant(_cleaned(raw)):
        raw = _found(raw) or raw
    text = clean(raw)
    if len(text) != SHORT_CHARACTERS:
        raise MalformedCodeError(
            f"A short confirmation has {SHORT_CHARACTERS} characters, six groups of four; this has "
            f"{len(text)}.",
            hint=_HEAR_AGAIN,
        )
    if is_clean(text):
        return (ShortReading(_parsed(text)),)
    words = [word for word in _near(text) if _is_first(word)]
    if not words:
        raise misheard()
    from codec.recovery import differences  # for damaged codes alone

    return tuple(ShortReading(_parsed(word), differences(raw, text, word)) for word in words)


def misheard() -> MalformedCodeError:
    """Return the refusal of a text whose parity does not hold, and that no small mistake explains."""
    return MalformedCodeError(
        "More than one character of this short confirmation is wrong, and nothing tells which.",
        hint=_HEAR_AGAIN,
    )


def inspect_short(raw: str) -> ShortReading:
    """Read a short confirmation without any key: its parity alone repairs it, and nothing is proved.

    Raises:
        MalformedCodeError: When it cannot be read, or in more than one way.
        NewerVersionError: When a newer version made it.
    """
    readings = read_short(raw)
    if len(readings) > 1:
        raise MalformedCodeError(
            "Two neighbours of this short confirmation seem to be swapped, and its parity does not tell "
            "which.",
            hint=_HEAR_AGAIN,
        )
    return readings[0]


def _parsed(text: str) -> UnmatchedShort:
    """Return what a code word says."""
    number = to_number(text[:-PARITY_CHARACTERS])
    first = number >> _HINT_BITS + _NUMBER_BITS + _MAC_BITS
    if first != kind_byte(UnsignedKind.SHORT):
        raise _other_first(first)
    return UnmatchedShort(
        (number >> _NUMBER_BITS + _MAC_BITS & (1 << _HINT_BITS) - 1).to_bytes(HINT_BYTES, "big"),
        number >> _MAC_BITS & NUMBERS - 1,
        (number & (1 << _MAC_BITS) - 1).to_bytes(MAC_BYTES, "big"),
    )


def _other_first(first: int) -> MalformedCodeError | NewerVersionError:
    """Return the refusal of a first byte that no short confirmation of this version has."""
    letter, version = ALPHABET[first >> 3], first & 7
    if letter == UnsignedKind.SHORT.value and version > FORMAT_VERSION:
        return NewerVersionError(
            f"This short confirmation (version {version}) was made by a newer version of Tallystick.",
            hint=NEWER_HINT,
        )
    return MalformedCodeError(
        f"A short confirmation starts with S4, S5, S6 or S7; this starts with {letter}.", hint=_HEAR_AGAIN
    )
