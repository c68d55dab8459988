"""Checkpoints: how many events there were, and a hash over all of them, kept apart from the database.

A database that was copied back from yesterday has fewer events than the checkpoint says, or others. So it
does not extend the checkpoint, and that is how a restore is noticed. Without I/O:

    hash(0) = 32 zero bytes        hash(n) = SHA-256("tallystick event 1" ‖ hash(n−1) ‖ event n)

Invariants: an event's bytes follow from its fields alone, each with its length before it. A checkpoint is one
text of `FORM_BYTES` bytes with a checksum: it is written over in place, and one sector is written whole or
not at all. A checkpoint proves nothing about whoever can write it; it is compared, not believed.

Not handled: where it is kept (`reservation.checkpointfile`), what follows (`reservation.quarantine`).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256

from reservation.events import Event
from reservation.model import Kind

FORM_BYTES = 512
NO_EVENTS = bytes(32)

_DOMAIN = b"tallystick event 1"
_TITLE = "tallystick checkpoint 1"
_FIELDS = ("portal", "epoch", "events", "hash", "at")
_CHECK_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the log of a portal stood.

    Attributes:
        portal_id: 8 bytes.
        epoch: How often its database was restored by then.
        events: How many events there were.
        hash: Over all of them.
        at: When that was noted.
    """

    portal_id: bytes
    epoch: int
    events: int
    hash: bytes
    at: datetime

    def is_newer_than(self, other: "Checkpoint | None") -> bool:
        """Tell whether this one says more."""
        return other is None or (self.epoch, self.events) > (other.epoch, other.events)


# --- the chain -------------------------------------------------------------------------------------


def event_bytes(event: Event) -> bytes:
    """Return the canonical bytes of an event: every field, its length in 4 bytes before it."""
    detail = json.dumps(event.detail or {}, sort_keys=True, separators=(",", ":"))
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    texts = (at, event.actor, event.kind.value, event.subject, detail)
    fields = (event.id, event.reservation_id or b"", *(text.encode() for text in texts))
    return b"".join(part for one in fields for part in (len(one).to_bytes(4, "big"), one))


def chained(before: bytes, events: Iterable[Event]) -> tuple[bytes, ...]:
    """Return the hash after each further event.

    Args:
        before: The hash after the event before them; `NO_EVENTS` when there is none.
        events: In the order in which they were recorded.
    """
    hashes = []
    for event in events:
        before = sha256(_DOMAIN + before + event_bytes(event)).digest()
        hashes.append(before)
    return tuple(hashes)


# --- the text --------------------------------------------------------------------------------------


def form_of(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as it is kept: lines of a name and a value, a checksum, and blanks to the end."""
    values = (
        checkpoint.portal_id.hex(),
        str(checkpoint.epoch),
        str(checkpoint.events),
        checkpoint.hash.hex(),
        checkpoint.at.astimezone(UTC).isoformat(timespec="microseconds"),
    )
    lines = [_TITLE, *(f"{name} {value}" for name, value in zip(_FIELDS, values, strict=True))]
    text = "".join(f"{line}\n" for line in lines)
    return f"{text}check {_check(text)}\n".encode().ljust(FORM_BYTES)


def parse(form: bytes) -> Checkpoint | None:
    """Return the checkpoint in a file; None when it is damaged, or nothing of this version."""
    try:
        text = form[:FORM_BYTES].decode("ascii").rstrip(" ")
        body, _, check = text.rpartition("check ")
        title, *lines = body.splitlines()
        portal_id, epoch, events, digest, at = (
            line.removeprefix(f"{name} ") for name, line in zip(_FIELDS, lines, strict=True)
        )
        found = Checkpoint(
            bytes.fromhex(portal_id),
            int(epoch),
            int(events),
            bytes.fromhex(digest),
            datetime.fromisoformat(at),
        )
    except ValueError:
        return None
    # Only what this function's counterpart writes: one form for each checkpoint.
    sound = title == _TITLE and check.strip() == _check(body) and form_of(found) == form
    return found if sound else None


def _check(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_CHECK_CHARACTERS]


# --- what is kept of a restore ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Restore:
    """A database that was copied back: what was noticed, and how far the quarantine has come since.

    Attributes:
        event_id: The event that it was noticed with.
        at: When.
        actor: Who ran the command that noticed it.
        found_events: Events that the database had.
        found_at: When the newest of them happened.
        expected: The checkpoint that it does not extend; None: a person said so.
        reason: What the person said; empty when it was noticed.
        proposed_with: The event by which one person proposed to end the quarantine; None: nobody did.
        proposed_by: Who.
        end_reason: Why.
        ended_with: The event by which another person ended it; None: it lasts.
        ended_by: Who.
    """

    event_id: bytes
    at: datetime
    actor: str
    found_events: int
    found_at: datetime
    expected: Checkpoint | None
    reason: str
    proposed_with: bytes | None = None
    proposed_by: str | None = None
    end_reason: str = ""
    ended_with: bytes | None = None
    ended_by: str | None = None

    @property
    def lasts(self) -> bool:
        """Whether its quarantine lasts."""
        return self.ended_with is None

    @property
    def lost_events(self) -> int:
        """Events that the checkpoint counts and the database lacks; 0: they cannot be counted."""
        return max(0, self.expected.events - self.found_events) if self.expected else 0

    def explains(self, checkpoint: Checkpoint) -> bool:
        """Tell whether a checkpoint that the database does not extend is of the history that was lost here.

        Other hosts of the same database have checkpoints of that history too; one that knows of more events
        than were known to be lost is news.
        """
        if self.expected is None:
            return False
        if (checkpoint.events, checkpoint.hash) == (self.expected.events, self.expected.hash):
            return True
        is_older = checkpoint.epoch <= self.expected.epoch
        return is_older and self.found_events < checkpoint.events <= self.expected.events


@dataclass(frozen=True, slots=True)
class KeptCode:
    """A code that a person brought, and that cannot be judged without another one: kept as text, unverified.

    Attributes:
        hint: First bytes of the id of its request.
        digest: SHA-256 of the text.
    """

    kind: Kind
    hint: bytes
    digest: bytes
    text: str
    at: datetime
    actor: str


# --- the comparison --------------------------------------------------------------------------------


class Verdict(Enum):
    """What a checkpoint says about a database."""

    EXTENDS = "the database has everything that the checkpoint knows of"
    RESTORED = "the database was copied back, or written anew"
    NOTICED = "it was, and that was noticed before"
    UNKNOWN = "there is no checkpoint to compare with"
    OTHER_PORTAL = "the checkpoint is of another portal"


def judge(
    kept: Checkpoint | None, now: Checkpoint, hash_then: bytes | None, restores: Iterable[Restore]
) -> Verdict:
    """Compare a database with the checkpoint that is kept for it.

    The checkpoint must have been read before the database was: then nothing can be committed between the
    two that would make the database look older.

    Args:
        kept: The checkpoint; None: there is none, or it is damaged.
        now: Where the database's log stands.
        hash_then: The database's hash after as many events as the checkpoint counts; None: it has fewer.
        restores: Those that were noticed before.
    """
    if kept is None:
        return Verdict.UNKNOWN
    if kept.portal_id != now.portal_id:
        return Verdict.OTHER_PORTAL
    if hash_then == kept.hash and kept.epoch <= now.epoch:
        return Verdict.EXTENDS
    return Verdict.NOTICED if any(one.explains(kept) for one in restores) else Verdict.RESTORED
