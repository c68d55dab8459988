"""What a client can ask of the portal, and what it writes down about each time that it did.

An `Operation` is plain data, so that a history can be kept in a file and given to the model. Reservations are
named by their device and the number of its request, `Name`, and authorizations by these and their sequence.

What came of an operation, `Said`, is made of JSON's values: ``["refused", CODE]``, or the name of an outcome
and its facts.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

DEVICES = ("tram", "boat", "tug", "van")
#: Those that clients race for when they meet, and what they take then.
RACED = ("ferry", "raft", "ship", "barge", "wreck")
LAST, SPARE = "LAST", "SPARE"
PLACES = ("DEFAULT", "Ships")
#: The last one's lot ends; until then there is a day on which some clients say that it has.
TAGS = ("ROUTE", "CRYPTO", "PILOT")
ENDING = TAGS[-1]
#: What the books begin with in the first place.
STOCK = {"ROUTE": 6, "CRYPTO": 4, "PILOT": 5, LAST: 1, SPARE: 4}

Name = tuple[str, int]
Said = list[Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a client.

    Attributes:
        verb: What is done.
        device: About which device; empty: none.
        number: Which of its requests.
        counts: Entitlements and how many.
        place: In, from or to which Virtual Account.
        sequence: Which authorization a device's answer names; 0: none.
        other: The request of a replacement, or none.
        is_late: Whether the client's clock stands after the end of the lot that ends.
        actor: Who asks.
    """

    verb: str
    device: str = ""
    number: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    place: str = PLACES[0]
    sequence: int = 0
    other: tuple[str, int] | None = None
    is_late: bool = False
    actor: str = ""

    @property
    def name(self) -> Name:
        """The reservation that it is about."""
        return self.device, self.number


@dataclass(frozen=True, slots=True)
class Record:
    """An operation, when it was asked for and answered, and how.

    Attributes:
        operation: The operation.
        at: The moment that the client's clock gave it, as the books write it: it tells its events from all
            others of that client.
        began: Nanoseconds on the clock that all processes of a machine share.
        ended: The same; None: no answer came.
        said: The answer.
        snapshot: Which transactions it saw, where the database can tell; empty: it cannot.
    """

    operation: Operation
    at: str
    began: int
    ended: int | None
    said: Said | None
    snapshot: str = ""


def keep(records: list[Record], path: Path) -> None:
    """Write records to a file."""
    path.write_text("".join(json.dumps(one, default=_fields_of) + "\n" for one in records), encoding="utf-8")


def _fields_of(one: Operation | Record) -> dict[str, Any]:
    return {it.name: getattr(one, it.name) for it in fields(one)}


def kept_in(path: Path) -> Iterator[Record]:
    """Read the records of a file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        kept = json.loads(line)
        what = kept.pop("operation")
        other = what.pop("other")
        yield Record(Operation(**what, other=tuple(other) if other else None), **kept)
