"""Bundles: many codes as one string of bytes, for work on many devices in one go.

A bundle is ``kind byte | digest | number of members | members``: the codes' own bytes without their parity,
in the order given. A member tells its length, and how many bytes it begins with like the one before it:
authorizations of the same lines share up to half of theirs. Nothing is signed, since every member is.

Invariants:
    * The same members in the same order have one encoding, and only that is read.
    * Nothing is kept of what a hostile bundle announces: memory is bounded by `MAX_BUNDLE_BYTES`.

Not handled: what the members say. They are as untrusted as any other paste, and read one by one.

Source: docs/spec/carriers-v1.md.
"""

from collections.abc import Sequence
from typing import Final

from codec.alphabet import ALPHABET, PARITY_CHARACTERS, to_bytes
from codec.codes import CARRIERS, UnsignedKind
from codec.errors import FieldError, MalformedCodeError, NewerVersionError
from codec.fields import NEWER_HINT
from codec.hashes import sha256
from codec.wire import MAX_CODE_BYTES, SIGNATURE_BYTES, kind_byte

DIGEST_BYTES: Final = 8
MAX_BUNDLE_BYTES: Final = 1_000_000
"""Most bytes of a bundle, and most that its members have together."""

_KIND_BYTE: Final = kind_byte(UnsignedKind.BUNDLE)
_MEMBERS_AT: Final = 1 + DIGEST_BYTES
_SHORTEST_MEMBER: Final = 1 + SIGNATURE_BYTES
_SHORT: Final = 192
"""Sizes below this one take one byte, others two."""
_MAX_SIZE: Final = _SHORT + ((256 - _SHORT) << 8) - 1
MAX_MEMBERS: Final = _MAX_SIZE + 1


def encode_bundle(members: Sequence[bytes]) -> bytes:
    """Return the bytes of a bundle.

    Args:
        members: The bytes of 1 to 16,576 codes without their parity (`member_of`), in their order.

    Raises:
        FieldError: There are none, or too many, or one is no code.
    """
    if not 1 <= len(members) <= MAX_MEMBERS:
        raise FieldError(
            f"A bundle holds 1 to {MAX_MEMBERS:,} codes, and not {len(members):,}.",
            hint="Make several bundles." if members else "Give at least one code.",
        )
    parts = [_size(len(members) - 1)]
    before = b""
    for member in members:
        if not _can_be_member(member):
            raise FieldError("A bundle holds codes, whole ones, and no bundles or frames.")
        parts.append(_member(member, before))
        before = member
    content = b"".join(parts)
    if max(sum(map(len, members)), _MEMBERS_AT + len(content)) > MAX_BUNDLE_BYTES:
        raise FieldError(
            f"These codes have more than the {MAX_BUNDLE_BYTES:,} bytes that one bundle holds.",
            hint="Make several bundles.",
        )
    kind = bytes((_KIND_BYTE,))
    return _padded(kind + digest_of(content) + content)


def decode_bundle(data: bytes) -> tuple[bytes, ...]:
    """Return the members of a bundle.

    Raises:
        MalformedCodeError: The bytes are no bundle in its one form, or not what was bundled.
        NewerVersionError: A newer version made it.
    """
    members, length = read_bundle(data)
    if length != len(data):
        raise _damaged()
    return members


def read_bundle(data: bytes) -> tuple[tuple[bytes, ...], int]:
    """Return the members of a bundle that zero bytes may follow, and the length of the bundle alone.

    Raises:
        MalformedCodeError: The bytes are no bundle in its one form, or not what was bundled.
        NewerVersionError: A newer version made it.
    """
    _require_bundle(data)
    members = _members(data)
    try:
        expected = encode_bundle(members)
    except FieldError:
        raise _damaged() from None
    if data[: len(expected)] != expected or any(data[len(expected) :]):
        raise _damaged()
    return members, len(expected)


def members_announced(data: bytes) -> int:
    """Return how many members a bundle says that it has: what reading it costs. None of them is read."""
    try:
        return _size_at(data, _MEMBERS_AT)[0] + 1
    except MalformedCodeError:
        return 0


def digest_of(content: bytes) -> bytes:
    """Return the first 8 bytes of the SHA-256 of the kind byte and what follows the digest."""
    return sha256(bytes((_KIND_BYTE,)) + content)[:DIGEST_BYTES]


def digest_in(bundle: bytes) -> bytes:
    """Return the digest that a bundle carries."""
    return bundle[1:_MEMBERS_AT]


def member_of(text: str) -> bytes:
    """Return the bytes of a code that is clean and whole, its parity left out.

    Raises:
        MalformedCodeError: The characters are none that bytes have.
    """
    return to_bytes(text[:-PARITY_CHARACTERS])


def fits_one_code(bundle: bytes) -> bool:
    """Tell whether a bundle can be carried as one code."""
    return len(bundle) <= MAX_CODE_BYTES


# --- writing -------------------------------------------------------------------------------------------


def _can_be_member(member: bytes) -> bool:
    length = len(member)
    is_code = _SHORTEST_MEMBER <= length <= MAX_CODE_BYTES and length % 5 != 4
    return is_code and ALPHABET[member[0] >> 3] not in CARRIERS


def _member(member: bytes, before: bytes) -> bytes:
    shared = _shared(before, member)
    size = 2 * (len(member) - _SHORTEST_MEMBER)
    # One byte alike, mostly the kind, is not worth the byte that says so.
    if shared < 2:
        return _size(size) + member
    return _size(size + 1) + _size(shared - 2) + member[shared:]


def _shared(before: bytes, member: bytes) -> int:
    """Return how many bytes two codes begin with alike."""
    count = min(len(before), len(member))
    differing = int.from_bytes(before[:count]) ^ int.from_bytes(member[:count])
    return count - (differing.bit_length() + 7) // 8


def _size(value: int) -> bytes:
    """Write a number of 0 to 16,575 in one byte or two (as OpenPGP lengths, RFC 9580, section 4.2.1)."""
    if value < _SHORT:
        return bytes((value,))
    return (value - _SHORT + (_SHORT << 8)).to_bytes(2)


def _padded(data: bytes) -> bytes:
    """Add the zero byte without which the length could not be told from the characters."""
    return data + bytes(len(data) % 5 == 4)


# --- reading -------------------------------------------------------------------------------------------


def _require_bundle(data: bytes) -> None:
    if len(data) > MAX_BUNDLE_BYTES + MAX_BUNDLE_BYTES // 2:
        raise MalformedCodeError(f"A bundle has at most {MAX_BUNDLE_BYTES:,} bytes; this has {len(data):,}.")
    first = int.from_bytes(data[:1])
    if ALPHABET[first >> 3] == UnsignedKind.BUNDLE.value and first > _KIND_BYTE:
        raise NewerVersionError(
            f"This bundle (version {first & 7}) was made by a newer version of Tallystick.", hint=NEWER_HINT
        )
    if first != _KIND_BYTE:
        raise MalformedCodeError("This is no bundle.", hint="A bundle starts with B.")


def _members(data: bytes) -> tuple[bytes, ...]:
    """Cut a bundle into its members, whose bytes together stay within the limit.

    Whether they are all there, and in the one form, shows when they are written again.
    """
    number, place = _size_at(data, _MEMBERS_AT)
    members: list[bytes] = []
    before = b""
    room = MAX_BUNDLE_BYTES
    for _ in range(number + 1):
        size, place = _size_at(data, place)
        length = size // 2 + _SHORTEST_MEMBER
        shared = 0
        if size % 2:
            shared, place = _size_at(data, place)
            shared += 2
        room -= length
        end = place + length - shared
        if room < 0 or shared > length:
            raise _damaged()
        before = before[:shared] + data[place:end]
        place = end
        members.append(before)
    return tuple(members)


def _size_at(data: bytes, place: int) -> tuple[int, int]:
    """Read a size; return it and the place after it."""
    both = data[place : place + 2]
    if both and both[0] < _SHORT:
        return both[0], place + 1
    if len(both) < 2:
        raise _damaged()
    return int.from_bytes(both) - (_SHORT << 8) + _SHORT, place + 2


def _damaged() -> MalformedCodeError:
    return MalformedCodeError(
        "This bundle is damaged: what it holds is not what was put into it.",
        hint="Carry it again from where it was made.",
    )
