"""Agreements: texts with versions, that somebody accepts for the account before it gives licences out.

A version is never changed: another text is another version, and has to be accepted anew. Pure.

Not handled: what an agreement says.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from shlex import quote

from reservation.errors import AgreementError, RuleError

LONGEST_TEXT = 1 << 18
"""Characters of an agreement."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of an agreement.

    Attributes:
        name: Short name, for people and commands.
        version: Counts from 1.
        text: What is agreed.
        added_at: When it was added.
        added_by: By whom.
        accepted_at: When it was accepted; None: it waits.
        accepted_by: By whom; empty while it waits.
    """

    name: str
    version: int
    text: str
    added_at: datetime
    added_by: str
    accepted_at: datetime | None = None
    accepted_by: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal: it stands in the events."""
        return sha256(self.text.encode()).hexdigest()


def require_text(text: str) -> None:
    """Refuse a text that nobody could read.

    Raises:
        RuleError: When it is empty or too long, or holds what no text does.
    """
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise RuleError(
            "The text of the agreement is empty or too long.",
            hint=f"Give a text of at most {LONGEST_TEXT:,} characters.",
        )
    if "\0" in text:
        raise RuleError(
            "The text of the agreement holds the character NUL, as no text does.",
            hint="Give a text, and not the file of a word processor.",
        )


def require_newest(wanted: int, newest: Agreement) -> None:
    """Refuse to accept another version than the newest.

    Raises:
        RuleError: When it is another.
    """
    if wanted != newest.version:
        raise RuleError(
            f"Version {newest.version} of agreement {newest.name} is the one to accept, and not {wanted}.",
            hint=f"Read it: tallystick portal agreement show {quote(newest.name)}",
        )


def require_accepted(waiting: tuple[tuple[str, int], ...]) -> None:
    """Refuse to give licences out while the account waits for its agreements.

    Args:
        waiting: Name and newest version of the agreements that nobody accepted.

    Raises:
        AgreementError: When there is one.
    """
    if waiting:
        name, version = waiting[0]
        raise AgreementError(
            f"Version {version} of agreement {name} waits for its acceptance, and this account gives no "
            "licences out before.",
            hint="A Smart Account approver or administrator reads and accepts it: "
            f"tallystick portal agreement accept {quote(name)} --version {version}",
        )
