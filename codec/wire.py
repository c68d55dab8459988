"""The layout of each kind of code, once: values to the bytes that are signed, and back.

A code's bytes are ``kind byte | fields | 64-byte signature``. The kind byte holds the kind's letter (its
Crockford base32 value) in the high five bits and the format version in the low three. The fields are one
big-endian integer (see `codec.digits`) in the fewest bytes that hold it and whose number is not 4 modulo 5:
so the number of bytes of a whole code follows from its number of characters.

A value has one form. Each field refuses the other forms of its values, and `decode_payload` those of the
whole; tests encode again whatever was decoded, and ask a second reader.
"""

from datetime import UTC
from itertools import pairwise
from typing import Any

from codec.alphabet import ALPHABET
from codec.codes import (
    FORMAT_VERSION,
    KIND_OF,
    NEVER_INSTALLED,
    SHORT_CHARACTERS,
    Authorization,
    CatalogueId,
    Code,
    Confirmation,
    Evidence,
    IssuerKey,
    Kind,
    Mode,
    Request,
    Return,
    ReturnReason,
    Sequence,
    Sketch,
    Trust,
    Udi,
    UnsignedKind,
)
from codec.digits import DigitSink, DigitSource
from codec.errors import FieldError, MalformedCodeError, NewerVersionError, WrongKindError
from codec.fields import (
    NEWER_HINT,
    Choice,
    Day,
    Field,
    Flag,
    Magnitude,
    Member,
    Minute,
    Octets,
    Optional,
    Record,
    Repeated,
    Text,
    Uuid,
    cannot_carry,
    other_form,
)
from codec.lines import Lines, WantedLines

SIGNATURE_BYTES = 64
#: Longest text form before parity; it bounds the bytes of a code as well.
MAX_BODY_CHARACTERS = 2030
MAX_CODE_BYTES = MAX_BODY_CHARACTERS * 5 // 8

EXTENSION = Choice((255, 1))
RARELY = Flag((15, 1))
MOSTLY = Flag((1, 15))

_TIME = Minute()
_LINK = Octets(4)
CODE_NUMBER = Magnitude((5, 6, 8, 8, 7, 5, 4, 3, *(1,) * 18))
EPOCH = Magnitude((56, 3, 1, 1, 1, 1, 1, *(1,) * 9), first=0)
NUMBER = Magnitude((36, 14, 6, 3, 1, 1, 1, *(1,) * 9))
#: One octave more, since 0 (never installed) moves all others up by one.
LAST_NUMBER = Magnitude((10, 34, 10, 4, 2, 1, *(1,) * 11), first=0)
_MAX_NUMBER = (1 << 16) - 1
SERIAL = Magnitude((16, 10, 8, 6, 4, 3, *(1,) * 18))
FEW = Magnitude((28, 2, 1, 1))
CATALOGUE_SIZE = Magnitude((1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 3, 2, 2, 1, 1, 1))
REVOKED = Magnitude((52, 6, 3, 1, 1, 1, 1), first=0)
_KEY = Octets(32)


class _Sketches:
    """How many components, how many must match, and 24 bits of each."""

    __slots__ = ()
    _ROOM = 16
    _HASHES = 1 << 24

    def put(self, sink: DigitSink, value: Sketch) -> None:
        n = len(value.components)
        if not (n < self._ROOM and 0 <= value.required <= n):
            raise cannot_carry(f"a sketch of {n} components with {value.required} required")
        sink.put(n, self._ROOM)
        sink.put(value.required, n + 1)
        for component in value.components:
            if not 0 <= component < self._HASHES:
                raise cannot_carry("a hash of a component outside 24 bits")
            sink.put(component, self._HASHES)

    def take(self, source: DigitSource) -> Sketch:
        n = source.take(self._ROOM)
        required = source.take(n + 1)
        return Sketch(tuple(source.take(self._HASHES) for _ in range(n)), required)


_REQUEST = Record(
    Request,
    udi=Record(Udi, product_id=Text(), serial_number=Text(), uuid=Optional(RARELY, Uuid())),
    device_key=_KEY,
    sketch=_Sketches(),
    mode=Member(Mode, 3),
    catalogue=Optional(
        MOSTLY,
        Record(
            CatalogueId,
            size=CATALOGUE_SIZE,
            digest=Octets(4),
        ),
    ),
    wanted=WantedLines(),
    members=FEW,
    code_number=CODE_NUMBER,
    device_time=_TIME,
    journal_link=_LINK,
)

_AUTHORIZATION = Record(
    Authorization,
    issuer_hint=Octets(1),
    request_hint=Octets(2),
    issued_at=_TIME,
    sequence=Record(Sequence, epoch=EPOCH, number=NUMBER),
    # The UTC day, in whatever zone the time was given: it is what the reader will have.
    lines=lambda known: Lines(known["issued_at"].astimezone(UTC).date()),
)

_CONFIRMATION = Record(
    Confirmation,
    request_hint=Octets(4),
    sequence=Record(Sequence, epoch=EPOCH, number=NUMBER),
    code_number=CODE_NUMBER,
    journal_link=_LINK,
)

_RETURN = Record(
    Return,
    request_hint=Octets(4),
    last_sequence=Record(Sequence, epoch=EPOCH, number=LAST_NUMBER),
    reason=Member(ReturnReason, 16),
    evidence=Member(Evidence, 4),
    hardware_mismatch=RARELY,
    code_number=CODE_NUMBER,
    journal_link=_LINK,
)

_TRUST = Record(
    Trust,
    serial=SERIAL,
    portal_id=Octets(8),
    issuers=Repeated(FEW, Record(IssuerKey, key=_KEY, valid_from=Day(), valid_until=Optional(RARELY, Day()))),
    revoked=Repeated(REVOKED, Octets(8)),
    next_root=Optional(RARELY, _KEY),
)

LAYOUTS: dict[Kind, Field[Any]] = {
    Kind.REQUEST: _REQUEST,
    Kind.AUTHORIZATION: _AUTHORIZATION,
    Kind.CONFIRMATION: _CONFIRMATION,
    Kind.RETURN: _RETURN,
    Kind.TRUST: _TRUST,
}


def kind_byte(kind: Kind | UnsignedKind) -> int:
    """Return the first byte of every code of a kind."""
    return ALPHABET.index(kind.value) << 3 | FORMAT_VERSION


_KIND_OF_BYTE = {kind_byte(kind): kind for kind in Kind}
_BYTE_OF_TYPE = {value: kind_byte(kind) for value, kind in KIND_OF.items()}
_LAYOUT_OF_BYTE = {kind_byte(kind): layout for kind, layout in LAYOUTS.items()}


def encode_payload(value: Code) -> bytes:
    """Return kind byte and fields: the payload that is signed.

    Raises:
        FieldError: When the value holds something that no code can carry.
    """
    _require_meaning(value)
    first = _BYTE_OF_TYPE[type(value)]
    sink = DigitSink()
    EXTENSION.put(sink, 0)
    _LAYOUT_OF_BYTE[first].put(sink, value)
    number = sink.fold()
    length = _length_of(number)
    if 1 + length + SIGNATURE_BYTES > MAX_CODE_BYTES:
        raise FieldError(
            f"This code would need {(1 + length + SIGNATURE_BYTES) * 8 // 5} characters; "
            f"a code has at most {MAX_BODY_CHARACTERS}.",
            hint="Use a catalogue, or fewer lines.",
        )
    return bytes((first,)) + number.to_bytes(length, "big")


def _length_of(number: int) -> int:
    """Return how many bytes the fields take."""
    fewest = (number.bit_length() + 7) // 8
    return fewest + 1 if fewest % 5 == 4 else fewest


def kind_of(first: int) -> Kind:
    """Return the kind that a first byte names.

    Raises:
        NewerVersionError: For another version, or a kind that this version does not read.
        WrongKindError: For a bundle or a frame.
        MalformedCodeError: For a letter that starts no code.
    """
    kind = _KIND_OF_BYTE.get(first)
    if kind is not None:
        return kind
    letter, version = ALPHABET[first >> 3], first & 7
    if first == kind_byte(UnsignedKind.SHORT):
        raise MalformedCodeError(
            f"A code that starts with S is a short confirmation, and has {SHORT_CHARACTERS} characters.",
            hint="Check that its beginning was copied, and that it is one code alone.",
        )
    if first in (kind_byte(UnsignedKind.BUNDLE), kind_byte(UnsignedKind.FRAME)):
        raise WrongKindError(
            f"This is a {UnsignedKind(letter).name.lower()}, and a single code is needed here.",
            hint="Take the codes out first: tallystick code unbundle",
        )
    if any(letter == kind.value for kind in (*Kind, *UnsignedKind)):
        if version >= FORMAT_VERSION:
            raise NewerVersionError(
                f"This code (kind {letter}, version {version}) was made by a newer version of Tallystick.",
                hint=NEWER_HINT,
            )
        raise MalformedCodeError(
            f"This code (kind {letter}) names version {version}, which never was.",
            hint="Compare its first two characters with the original.",
        )
    raise MalformedCodeError(
        f"No code starts with '{letter}'.",
        hint="A code starts with Q (request), A (authorization), C (confirmation), R (return), T (trust) or "
        "S (short confirmation). "
        "Check that the beginning was copied.",
    )


def decode_payload(payload: bytes) -> Code:
    """Return the value of a kind byte with its fields.

    Raises:
        MalformedCodeError: When the bytes are no canonical encoding of anything.
        NewerVersionError: When a newer version made them.
        WrongKindError: When they are a bundle or a frame.
    """
    if not 1 <= len(payload) <= MAX_CODE_BYTES - SIGNATURE_BYTES:
        raise MalformedCodeError("This is too short or too long to be a code.")
    first = payload[0]
    kind_of(first)  # refuses what is none
    number = int.from_bytes(payload[1:], "big")
    source = DigitSource(number)
    if EXTENSION.take(source):
        raise NewerVersionError(
            "This code carries an extension of a newer version of Tallystick.", hint=NEWER_HINT
        )
    try:
        value: Code = _LAYOUT_OF_BYTE[first].take(source)
        _require_meaning(value)
    except FieldError:
        # Without the cause: its message quotes what nobody has verified.
        raise MalformedCodeError("This code holds values that no code can carry.") from None
    if not source.exhausted or len(payload) != 1 + _length_of(number):
        raise other_form()
    return value


def _require_meaning(value: Code) -> None:
    """Refuse what the fields could carry and the protocol gives no meaning."""
    problem: str | None = None
    if isinstance(value, Return):
        if value.last_sequence.number == 0 and value.last_sequence != NEVER_INSTALLED:
            problem = "a return that never installed anything, in an epoch"
        elif value.last_sequence.number > _MAX_NUMBER:
            problem = "a return of a sequence that no authorization has"
    elif isinstance(value, Trust):
        keys = [issuer.key for issuer in value.issuers]
        if not _increasing(keys) or not _increasing(list(value.revoked)):
            problem = "issuers or revoked keys that are unsorted or repeated"
        elif any(issuer.valid_until and issuer.valid_until < issuer.valid_from for issuer in value.issuers):
            problem = "an issuer whose validity ends before it starts"
    elif isinstance(value, Request):
        size = value.catalogue.size if value.catalogue else 0
        if any(isinstance(line.tag, int) and line.tag >= size for line in value.wanted):
            problem = "a wanted line outside the catalogue"
    if problem:
        raise cannot_carry(problem)


def _increasing(items: list[bytes]) -> bool:
    return all(before < after for before, after in pairwise(items))
