"""The journal: every distinct code that the device signed, in order, for ever.

Code n carries link(n-1), where link(0) is four zero bytes and
link(n) = the first 4 bytes of SHA-256(link(n-1) ‖ id(code n)).
Numbers start at 1 and grow by 1. Two codes with one number, or a link that contradicts a known predecessor,
prove that two copies of this journal went on separately. Entries are only ever added.
"""

from dataclasses import dataclass
from datetime import datetime

from codec.codes import Code, Kind
from codec.envelope import LINK_BYTES, VerifiedCode, link_after

FIRST_LINK = bytes(LINK_BYTES)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One code that the device signed.

    Attributes:
        number: Its number n, from 1.
        kind: Request, confirmation or return.
        id: id(code n), 32 bytes.
        link: link(n), 4 bytes: what the next code will carry.
        at: The effective time of signing, in whole minutes (UTC).
        text: The code as one unbroken string.
    """

    number: int
    kind: Kind
    id: bytes
    link: bytes
    at: datetime
    text: str


Journal = tuple[JournalEntry, ...]


def next_number(journal: Journal) -> int:
    """Return the number that the next code will have."""
    return len(journal) + 1


def last_link(journal: Journal) -> bytes:
    """Return the link that the next code carries."""
    return journal[-1].link if journal else FIRST_LINK


def extended(journal: Journal, code: VerifiedCode[Code], at: datetime) -> Journal:
    """Return the journal with one more code."""
    link = link_after(last_link(journal), code.id)
    return (*journal, JournalEntry(next_number(journal), code.kind, code.id, link, at, code.text))


def is_chained(journal: Journal) -> bool:
    """Tell whether numbers and links follow from each other without a gap."""
    link = FIRST_LINK
    for number, entry in enumerate(journal, start=1):
        link = link_after(link, entry.id)
        if (entry.number, entry.link) != (number, link):
            return False
    return True
