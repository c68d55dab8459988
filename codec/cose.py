"""A code as a COSE_Sign1 message (RFC 9052, section 4.2), and back, without loss.

Scope: `to_cose` puts back the constant bytes that a code leaves out; `from_cose` takes them off again.
Whoever has a COSE library verifies the message with it, given the external_aad that belongs to the code
(`codec.proof.binding_of`).

Invariants:
    * A code has one message, and a message that is taken in goes out again byte for byte. What a code could
      not keep (unprotected parameters, another algorithm, another encoding of the same) is refused.
    * Nothing is believed: what comes out is an `UnverifiedCode`.
    * Reading needs no more than the message's own length in memory, and a fixed depth of calls.

Not handled: COSE in general. The reader below knows deterministic CBOR (RFC 8949, section 4.2), so that it
can say what is wrong with a message; it makes no use of anything but the one form.
"""

from dataclasses import dataclass
from typing import Final, NoReturn

from codec.codes import Code
from codec.envelope import PROTECTED, UnverifiedCode, VerifiedCode, cbor_bytes, cbor_head
from codec.errors import MalformedCodeError
from codec.wire import SIGNATURE_BYTES, decode_payload

LARGEST_MESSAGE: Final = 65_536
"""Bytes of a message that are looked at; no code's message has more than 1,280."""

_DEEPEST: Final = 8
_SIGN1: Final = 18
_ALGORITHM, _ED25519, _EDDSA = 1, -19, -8
_NULL: Final = 22

_OTHER_MESSAGES: Final = {
    16: "a COSE_Encrypt0",
    17: "a COSE_Mac0",
    61: "a CWT",
    96: "a COSE_Encrypt",
    97: "a COSE_Mac",
    98: "a COSE_Sign",
}
_LABELS: Final = {1: "alg", 2: "crit", 3: "content type", 4: "kid", 5: "IV", 33: "x5chain", 34: "x5t"}


def to_cose(code: UnverifiedCode[Code] | VerifiedCode[Code]) -> bytes:
    """Return a code as a tagged COSE_Sign1 with an empty unprotected header."""
    return b"".join(
        (
            cbor_head(6, _SIGN1),
            cbor_head(4, 4),
            cbor_bytes(PROTECTED),
            cbor_head(5, 0),
            cbor_bytes(code.payload),
            cbor_bytes(code.signature),
        )
    )


def from_cose(message: bytes) -> UnverifiedCode[Code]:
    """Return the code in a COSE_Sign1 message.

    Args:
        message: Exactly one message, as `to_cose` makes it.

    Raises:
        MalformedCodeError: When it is anything else, or when its payload is no code.
        NewerVersionError: When a newer version made the payload.
    """
    if len(message) > LARGEST_MESSAGE:
        _refuse(f"It has more than {LARGEST_MESSAGE:,} bytes, and no code needs more than 1,280.")
    protected, unprotected, payload, signature = _parts(_Reader(message).only_item())
    _require_algorithm(protected)
    _require_nothing(unprotected)
    if payload == _Simple(_NULL):
        _refuse(
            "Its payload is detached (null).", hint="Put the payload back into the message, as a byte string."
        )
    if not isinstance(payload, bytes):
        _refuse("Its payload is no byte string.")
    if not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES:
        _refuse(f"Its signature is no byte string of {SIGNATURE_BYTES} bytes, which an Ed25519 signature is.")
    return UnverifiedCode(payload, signature, decode_payload(payload))


# --- the message -------------------------------------------------------------------------------


def _parts(item: object) -> tuple[object, object, object, object]:
    """Return the four parts of a tagged COSE_Sign1."""
    if isinstance(item, list):
        _refuse(
            "It has no tag, and COSE_Sign1 has the tag 18.",
            hint="Put the byte d2 before the message: a tag is not signed.",
        )
    if not isinstance(item, _Tagged):
        _refuse("It is no COSE message.")
    if item.number != _SIGN1:
        what = _OTHER_MESSAGES.get(item.number, "something else")
        _refuse(f"It is {what} (tag {item.number}), and a code is a COSE_Sign1 (tag {_SIGN1}).")
    if not isinstance(item.content, list) or len(item.content) != 4:
        _refuse("A COSE_Sign1 is an array of four: protected, unprotected, payload, signature.")
    protected, unprotected, payload, signature = item.content
    return protected, unprotected, payload, signature


def _require_algorithm(protected: object) -> None:
    """Refuse every protected header but ``{1: -19}``: the signature covers it, byte for byte."""
    if protected == PROTECTED:
        return
    if not isinstance(protected, bytes):
        _refuse("Its protected header is no byte string.")
    header = _Reader(protected).only_item() if protected else _Map(())
    if not isinstance(header, _Map):
        _refuse("Its protected header is no map.")
    values = [value for label, value in header.pairs if label == _ALGORITHM]
    if not values:
        _refuse("Its protected header names no algorithm; a code's is {1: -19}, Ed25519.")
    if values != [_ED25519]:
        named = " (EdDSA)" if values == [_EDDSA] else ""
        _refuse(
            f"It names another algorithm{named} than -19, Ed25519 of RFC 9864.",
            hint="Sign again with the algorithm -19: the signature covers the header, so it cannot be "
            "changed afterwards.",
        )
    _refuse(
        f"Its protected header holds more than the algorithm: {_labels(header)}.",
        hint="Sign again with the protected header {1: -19} alone.",
    )


def _require_nothing(unprotected: object) -> None:
    if not isinstance(unprotected, _Map):
        _refuse("Its unprotected header is no map.")
    if unprotected.pairs:
        _refuse(
            f"Its unprotected header holds {_labels(unprotected)}, which a code has no place for and no "
            "signature covers.",
            hint="Leave the unprotected header empty (a0). Nothing that is signed gets lost by that.",
        )


def _labels(header: "_Map") -> str:
    """Name the labels of a header; texts stay unnamed, since anybody could have written them."""
    names = [
        f"{label} ({_LABELS[label]})" if label in _LABELS else str(label)
        for label, _ in header.pairs
        if isinstance(label, int)
    ]
    others = len(header.pairs) - len(names)
    return "label " + ", ".join([*names, *(["a text"] if others else [])])


def _refuse(what: str, *, hint: str = "") -> NoReturn:
    raise MalformedCodeError(
        f"This is no COSE message of a code. {what}",
        hint=hint or "Give the message as `tallystick code cose` writes it.",
    )


# --- CBOR --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Simple:
    number: int


@dataclass(frozen=True, slots=True)
class _Tagged:
    number: int
    content: object


@dataclass(frozen=True, slots=True)
class _Map:
    """Pairs in their order; not a dict, in which true would be the same label as 1."""

    pairs: tuple[tuple[object, object], ...]


_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE: Final = 31
_LAST_SIMPLE: Final = 23
#: Additional information → bytes of the number that follows, and the least that needs so many.
_LONGER: Final = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}


class _Reader:
    """Takes items of deterministic CBOR out of a byte string, and refuses every other form."""

    __slots__ = ("_at", "_content")

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def only_item(self) -> object:
        """Return the one item that there is."""
        item = self._item(0)
        left = len(self._content) - self._at
        if left:
            _refuse(f"It goes on after its end: {left:,} more byte{'s' * (left != 1)}.")
        return item

    def _take(self, count: int) -> bytes:
        if count > len(self._content) - self._at:
            _refuse("It ends too early: a part of it is missing.")
        self._at += count
        return self._content[self._at - count : self._at]

    def _item(self, depth: int) -> object:
        if depth > _DEEPEST:
            _refuse(f"It is nested deeper than {_DEEPEST} levels.")
        major, information = divmod(self._take(1)[0], 32)
        if information == _INDEFINITE:
            _refuse("It has a part of indefinite length, and deterministic CBOR has none.")
        if major == _SIMPLE:
            return self._simple(information)
        number = self._number(information)
        if major in (_UNSIGNED, _NEGATIVE):
            return number if major == _UNSIGNED else -1 - number
        if major in (_BYTES, _TEXT):
            content = self._take(number)
            return content if major == _BYTES else _text(content)
        if major == _TAG:
            return _Tagged(number, self._item(depth + 1))
        # However many are announced: each takes a byte at least, and they end with the message.
        if major == _ARRAY:
            return [self._item(depth + 1) for _ in range(number)]
        return self._map(number, depth + 1)

    def _number(self, information: int) -> int:
        if information < 24:
            return information
        if information not in _LONGER:
            _refuse("It holds a byte that CBOR keeps for the future.")
        size, least = _LONGER[information]
        number = int.from_bytes(self._take(size))
        if number < least:
            _refuse(
                "It writes a number or a length longer than needed; deterministic CBOR takes the shortest."
            )
        return number

    def _simple(self, information: int) -> _Simple:
        if information > _LAST_SIMPLE:
            _refuse("It holds a fraction or an unknown simple value, which have no place in it.")
        return _Simple(information)

    def _map(self, count: int, depth: int) -> _Map:
        pairs = []
        before = b""
        for _ in range(count):
            start = self._at
            label = self._item(depth)
            encoded = self._content[start : self._at]
            if encoded == before:
                _refuse("One of its maps has the same label twice.")
            if encoded < before:
                _refuse("The labels of a map are not in order, and deterministic CBOR sorts them.")
            before = encoded
            pairs.append((label, self._item(depth)))
        return _Map(tuple(pairs))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("It holds a text that is no UTF-8.")
