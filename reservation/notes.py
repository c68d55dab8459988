"""Signed notes and checkpoints of a log, as C2SP defines them (signed-note and tlog-checkpoint, version 1).

    tallystick/9ee38dbbd0cebe5f/c0f1a8cbd7dfeb42/0     the origin: which log
    18                                                 how many events
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=       the root of the tree over them

    — tallystick/9ee38dbbd0cebe5f/c0f1a8cbd7dfeb42/0 ...   signatures

The signature is over the text before the empty line. It is made with the key that signs authorizations and
cannot pass for one: what a code's signature is over begins with the byte 0x84 (an array in CBOR), and no text
in UTF-8 begins with that.

The origin has the epoch in it. A portal whose database was copied back signs in another epoch: so one log
never has two roots for one size, and whoever keeps a note of the old one sees that something came between.

Not handled: which key is trusted.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from codec.errors import NotGenuineError
from codec.keys import SigningKey, VerifyingKey
from reservation.errors import LogFormatError, NoteNotGenuineError
from reservation.merkle import HASH_BYTES

MAX_NOTE_BYTES = 65_536
_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_HEAD = re.compile(r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,15})\n(?P<root>[^\n]+)\n(?:[^\n]+\n)*")
_SIGNATURE = re.compile(r"\u2014 (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class TreeHead:
    """Where a log stood.

    Attributes:
        origin: Which log.
        size: How many events it had.
        root: The root of the tree over them.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key by the name under which it signs.

    Attributes:
        name: The origin of its log.
        key: The public key.
    """

    name: str
    key: VerifyingKey

    @property
    def id(self) -> bytes:
        """The 4 bytes by which a signature line names it."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key.raw).digest()[:_KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The key as auditors pin it: a *vkey*."""
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.key.raw)}"


def origin_of(portal_id: bytes, account_id: bytes, epoch: int) -> str:
    """Return the name of the log of a Smart Account."""
    return f"tallystick/{portal_id.hex()}/{account_id.hex()}/{epoch}"


def sign(head: TreeHead, key: SigningKey) -> str:
    """Return a checkpoint that is signed in the name of its origin."""
    its_id = LogKey(head.origin, key.verifying_key).id
    signature = _base64(its_id + key.sign(head.text.encode()))
    return f"{head.text}\n\u2014 {head.origin} {signature}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read: nothing in it is proved.

    Attributes:
        unverified: What it says.
        text: What its signatures are over.
        signatures: Name, key id and signature of each line.
    """

    unverified: TreeHead
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, whole: str) -> Self:
        """Read a signed checkpoint.

        Raises:
            LogFormatError: When it is none.
        """
        text, empty, lines = whole.rpartition("\n\n")
        text += "\n"
        head = _HEAD.fullmatch(text)
        if not empty or head is None or len(whole) > MAX_NOTE_BYTES or not lines.endswith("\n"):
            raise _unreadable("it is not a text of at least three lines, an empty one, and signatures")
        if any(ord(character) < 0x20 and character != "\n" for character in whole):
            raise _unreadable("it has control characters")
        root = _bytes(head["root"])
        if len(root) != HASH_BYTES:
            raise _unreadable("its root is not 32 bytes in base64")
        return cls(
            TreeHead(head["origin"], int(head["size"]), root),
            text,
            tuple(_signature_of(line) for line in lines[:-1].split("\n")),
        )

    def verified(self, keys: Iterable[LogKey]) -> TreeHead:
        """Return what the note says, when one of these keys signed it and none of them did not.

        Raises:
            NoteNotGenuineError: When not.
        """
        known = {(key.name, key.id): key.key for key in keys}
        proved = False
        for name, key_id, signature in self.signatures:
            key = known.get((name, key_id))
            if key is not None:
                _require_signature(key, signature, self.text)
                proved |= name == self.unverified.origin  # a key signs for its own log alone
        if not proved:
            raise NoteNotGenuineError(
                "No key that is known here signed this note.",
                hint="It may be of another portal or another epoch: compare its first line with `tallystick "
                "portal log checkpoint`.",
            )
        return self.unverified


def _require_signature(key: VerifyingKey, signature: bytes, text: str) -> None:
    try:
        key.verify(signature, text.encode())
    except NotGenuineError:
        raise NoteNotGenuineError(
            "The signature of this note does not hold: it was changed, or somebody else made it.",
            hint="Ask for it again where it came from, and keep this one.",
        ) from None


def _signature_of(line: str) -> tuple[str, bytes, bytes]:
    found = _SIGNATURE.fullmatch(line)
    if found is None:
        raise _unreadable("one of its signature lines is none")
    raw = _bytes(found["signature"])
    if len(raw) <= _KEY_ID_BYTES:
        raise _unreadable("one of its signatures is too short")
    return found["name"], raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:]


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    """Return what a text in base64 holds, which has only one form."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raise _unreadable("a part of it is not in base64") from None
    if _base64(raw) != text:
        raise _unreadable("a part of it is not in the one form that base64 has")
    return raw


def _unreadable(why: str) -> LogFormatError:
    return LogFormatError(
        f"This is no signed checkpoint of a log: {why}.",
        hint="Take it as `tallystick portal log checkpoint` printed it, from its first line to its last.",
    )
