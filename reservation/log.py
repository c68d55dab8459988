"""The log that others can check: what a leaf of its tree says, and the form in which it leaves the portal.

A leaf is one line of JSON: an event with all that was committed with it, the movements of licences above all.
So whoever has the tree's root notices a changed event as well as a changed posting. `docs/spec/log-v1.md`
defines the lines. Without I/O.

Invariants: a line follows from what is stored alone, so it is the same whenever it is made. It is ASCII, and
holds no control character. It does not say its number, which its place in the tree proves: so one event that
is put in or taken out changes no other line, and can be named.

Not handled: the tree (`reservation.merkle`), and signatures (`reservation.notes`).
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from reservation.errors import LogFormatError
from reservation.ledger import BALANCED, Account, Movement
from reservation.merkle import Row, leaf_hash
from reservation.model import Addition, Event, Lot

VERSION = 1
HASHES_IN_LINE = 256
_HEADER = re.compile(
    rb'\{"log":1,"origin":"(?P<origin>[!#-\[\]-~]{1,100})","since":0,"size":(?P<size>0|[1-9][0-9]{0,15})\}'
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with all that was committed with it.

    Attributes:
        number: Its place in the log, from 1.
        event: What happened.
        codes: Kind and id of the codes that came with it, by id.
        movements: Movements of licences, each with the whole of its lot, in the order of the books.
        additions: Licences that an order brought or took away, by lot.
        chained: Its hash in the chain (see `reservation.checkpoint`).
    """

    number: int
    event: Event
    codes: tuple[tuple[str, bytes], ...]
    movements: tuple[tuple[Lot, Movement], ...]
    additions: tuple[Addition, ...]
    chained: bytes


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint of the log that the issuer signed.

    Attributes:
        size: How many events it covers.
        root: The root of the tree over them.
        note: The whole signed text.
        at: When it was signed.
        actor: Who did.
    """

    size: int
    root: bytes
    note: str
    at: datetime
    actor: str


class LogReading(Protocol):
    """What a transaction can read of the log."""

    account_id: bytes

    def tree_size(self) -> int:
        """Return how many events the kept tree has; others wait."""

    def tree_rows(self, level: int, first: int, end: int) -> tuple[bytes, ...]:
        """Return kept hashes of a row level, as `reservation.merkle.Fetch` wants them."""

    def entries(self, after: int, most: int) -> tuple[Entry, ...]:
        """Return entries after a number, in the order of the chain, but those whose event is missing."""

    def number_of(self, event_id: bytes) -> int | None:
        """Return the number of an event; None: it has none, or there is no such event."""

    def movements_after(self, number: int) -> tuple[Movement, ...]:
        """Return the movements of all events after a number, and of those that have none yet."""

    def signed_heads(self) -> tuple[SignedHead, ...]:
        """Return all signed checkpoints, oldest first."""

    def newest_signed_head(self) -> SignedHead | None:
        """Return the newest signed checkpoint."""


class LogWriting(LogReading, Protocol):
    """What a transaction can write of the log."""

    def add_tree_rows(self, made: Iterable[Row]) -> None:
        """Keep hashes of the tree."""

    def add_signed_head(self, head: SignedHead) -> None:
        """Keep a signed checkpoint."""


# --- lines -----------------------------------------------------------------------------------------


def content_of(entry: Entry) -> bytes:
    """Return the content of a leaf: the line of an event, without its end."""
    event = entry.event
    return _line(
        {
            "id": event.id.hex(),
            "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": event.actor,
            "kind": event.kind.value,
            "subject": event.subject,
            "reservation": event.reservation_id.hex() if event.reservation_id else None,
            "detail": json.loads(json.dumps(event.detail or {}, sort_keys=True)),
            "codes": [{"kind": kind, "id": code_id.hex()} for kind, code_id in entry.codes],
            "movements": [_movement_record(lot, movement) for lot, movement in entry.movements],
            "additions": [_addition_record(addition) for addition in entry.additions],
        }
    )


def _movement_record(lot: Lot, movement: Movement) -> dict[str, object]:
    return {
        "lot": lot_record(lot),
        "count": movement.count,
        "source": movement.source.value,
        "target": movement.target.value,
        "source_virtual_account": movement.source_virtual_account_id.hex(),
        "target_virtual_account": movement.target_virtual_account_id.hex(),
    }


def lot_record(lot: Lot) -> dict[str, object]:
    """Return what a line says of a lot: what never changes of it."""
    return {
        "id": lot.id.hex(),
        "tag": lot.tag,
        "starts": lot.term.start.isoformat() if lot.term else None,
        "ends": lot.term.end.isoformat() if lot.term else None,
        "export_controlled": lot.export_controlled,
        "reporting_only": lot.reporting_only,
    }


def _addition_record(addition: Addition) -> dict[str, object]:
    return {
        "lot": addition.lot_id.hex(),
        "virtual_account": addition.virtual_account_id.hex(),
        "count": addition.count,
        "order": addition.order_reference,
    }


def header_line(origin: str, since: int, size: int) -> bytes:
    """Return the first line of an export: which log, after how many events it begins, and where it ends."""
    return _line({"log": VERSION, "origin": origin, "since": since, "size": size})


def hashes_line(first: int, hashes: Iterable[bytes]) -> bytes:
    """Return a line of the hashes that the portal keeps of its leaves.

    Args:
        first: Number of the first event.
        hashes: Its hash, and those of events after it.
    """
    return _line({"hashes": [b64encode(one).decode() for one in hashes], "first": first})


def balances_line(balances: Iterable[tuple[Lot, bytes, Mapping[Account, int]]]) -> bytes:
    """Return the line of the balances that the books have, places of which all accounts are 0 left out."""
    return _line(
        {
            "balances": [
                {
                    "lot": lot.id.hex(),
                    "virtual_account": virtual_account_id.hex(),
                    **{account.value: counts[account] for account in BALANCED if counts[account]},
                }
                for lot, virtual_account_id, counts in balances
                if any(counts.values())
            ]
        }
    )


def _line(record: Mapping[str, object]) -> bytes:
    # JSON leaves this one control character as it is.
    return json.dumps(record, separators=(",", ":")).replace("\x7f", "\\u007f").encode("ascii")


# --- reading an export -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export says: nothing in it is proved.

    Attributes:
        origin: Which log it is of.
        size: How many events it says that it has.
        leaves: The hash of each event's line.
        hashes: The lines of hashes, with how many events stand before each.
        balances: The last line.
    """

    origin: str
    size: int
    leaves: tuple[bytes, ...]
    hashes: tuple[tuple[int, bytes], ...]
    balances: bytes


def read_export(lines: Iterable[bytes]) -> Exported:
    """Read an export, from the first event on.

    What a line means does not matter here: whoever compares it makes it anew and compares the bytes.

    Args:
        lines: Its lines, with or without their ends.

    Raises:
        LogFormatError: When it is none.
    """
    each = (line.removesuffix(b"\n") for line in lines)
    origin, size = _header_of(next(each, b""))
    leaves, hashes, balances = list[bytes](), list[tuple[int, bytes]](), b""
    for line in each:
        if balances:
            raise _unreadable("a line stands after its balances")
        if line.startswith(b'{"hashes":'):
            hashes.append((len(leaves), line))
        elif line.startswith(b'{"balances":'):
            balances = line
        elif line.startswith(b'{"id":'):
            leaves.append(leaf_hash(line))
        else:
            raise _unreadable(f"what comes after event {len(leaves)} is no line of one")
    if not balances:
        raise _unreadable("it ends before its balances")
    return Exported(origin, size, tuple(leaves), tuple(hashes), balances)


def _header_of(line: bytes) -> tuple[str, int]:
    """Return origin and size, when the line is the one that `header_line` makes of them."""
    found = _HEADER.fullmatch(line)
    if found is None:
        raise _unreadable("it is of another version, or does not begin with the first event")
    return found["origin"].decode("ascii"), int(found["size"])


def _unreadable(why: str) -> LogFormatError:
    return LogFormatError(
        f"This is no export of a log: {why}.",
        hint="Take the file as `tallystick portal log export FILE` wrote it, without --since.",
    )
