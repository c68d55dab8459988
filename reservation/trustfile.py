"""The trust file: what a device pins on its first day, as a text that a person can check.

It holds the root's public key, eight words over it that two people can read to each other, and one trust
code. ``#`` starts a comment. Whoever pins the file should compare the words with the portal's by another way
than the one that the file took.

    root   <52 characters of Crockford base32: the 32-byte public key>
    words  <eight words over the SHA-256 of the key>
    trust  <trust code>
"""

from dataclasses import dataclass

from codec.alphabet import clean, to_bytes, to_characters
from codec.codes import Trust
from codec.envelope import require_kind, verify_trust
from codec.errors import CodecError
from codec.keys import VerifyingKey
from codec.reading import Received, receive
from codec.words import words_of
from reservation.errors import TrustFileError

_FIELDS = ("root", "words", "trust")


@dataclass(frozen=True, slots=True)
class TrustFile:
    """A root key and the newest trust code that it signed."""

    root: VerifyingKey
    trust: Received[Trust]


def root_words(root: VerifyingKey) -> str:
    """Return the eight words of a root key, separated by spaces."""
    return " ".join(words_of(root.digest))


def render(root: VerifyingKey, trust_text: str) -> str:
    """Return the text of a trust file."""
    return (
        "# Tallystick trust file. Pin it on each device: tallystick device init\n"
        "# Before you do, compare the eight words with the portal's, by telephone or on paper.\n"
        f"root   {to_characters(root.raw)}\n"
        f"words  {root_words(root)}\n"
        f"trust  {trust_text}\n"
    )


def parse(text: str) -> TrustFile:
    """Read a trust file and verify its code by its key.

    Raises:
        TrustFileError: When it is no trust file, or its parts do not fit each other.
    """
    fields = _fields_of(text)
    try:
        root = VerifyingKey.parse(to_bytes(clean(fields["root"])))
        trust = receive(fields["trust"], lambda code: verify_trust(require_kind(code, Trust), root))
    except CodecError as error:
        raise TrustFileError(
            f"This trust file cannot be used: {error.message}",
            hint="Get the file again from the portal (`tallystick portal trust`).",
        ) from error
    if fields["words"].lower().split() != root_words(root).split():
        raise TrustFileError(
            "The words of this trust file do not belong to its root key: the file was changed or damaged.",
            hint="Get the file again from the portal, and compare the words with those it shows.",
        )
    return TrustFile(root, trust)


def _fields_of(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in text.removeprefix("\ufeff").splitlines():
        name, *values = line.split(maxsplit=1)[:2] or [""]
        if not name or name.startswith("#"):
            continue
        if name not in _FIELDS or name in fields:
            raise _not_a_trust_file("has a line that no trust file has")
        fields[name] = "".join(values).strip()
    missing = [name for name in _FIELDS if name not in fields]
    if missing:
        raise _not_a_trust_file(f"has no line '{missing[0]}'")
    return fields


def _not_a_trust_file(what: str) -> TrustFileError:
    return TrustFileError(
        f"This is no trust file: it {what}.",
        hint="Make one with `tallystick portal trust > trust.txt` and give that file.",
    )
