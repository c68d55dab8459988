"""Texts of QR symbols, sorted out: which of them are codes, and where each was seen.

Scope: pure; texts and places in, codes and the rest out. A text that somebody mistyped before it became a QR
is repaired by its parity, as a typed one is, and the repair is told.

Invariants:
    * Each code stands in the result once, however often and in whatever shape it was seen, in the order of
      its first place.
    * Every text is accounted for: as a code, or among the others with the reason why it is none.

Not handled: whether a code is genuine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from codec.codes import Kind
from codec.envelope import to_text
from codec.errors import CodecError
from codec.reading import Inspected, Repair, inspect


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a symbol was seen: a file, as the caller calls it, and a page or picture of it, from 1."""

    file: str
    page: int = 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """The text of one symbol, unchanged, and where it was seen."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class SeenCode:
    """A code that was seen; nobody verified it.

    Attributes:
        code: The whole code in its one form, repaired.
        kind: What it says that it is.
        text: What the symbol said; differs from the code in shape, and where there are repairs.
        repairs: What its parity repaired; empty when it was seen sound anywhere.
        places: Where it was seen, without repetitions.
    """

    code: str
    kind: Kind
    text: str
    repairs: tuple[Repair, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class OtherText:
    """A text that is no code, why, and where it was seen."""

    text: str
    reason: CodecError
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was made of some sightings."""

    codes: tuple[SeenCode, ...]
    others: tuple[OtherText, ...]


def sort_out(sightings: Iterable[Sighting]) -> Seen:
    """Find the codes among texts that were seen."""
    codes: dict[str, SeenCode] = {}
    others: dict[str, OtherText] = {}
    for text, places in _by_text(sightings).items():
        try:
            inspected = inspect(text)
        except CodecError as reason:
            others[text] = OtherText(text, reason, places)
        else:
            seen = _seen(text, inspected, places)
            before = codes.get(seen.code)
            codes[seen.code] = _merged(before, seen) if before else seen
    return Seen(tuple(codes.values()), tuple(others.values()))


def _by_text(sightings: Iterable[Sighting]) -> dict[str, tuple[Place, ...]]:
    places: dict[str, dict[Place, None]] = {}
    for each in sightings:
        places.setdefault(each.text, {})[each.place] = None
    return {text: tuple(where) for text, where in places.items()}


def _seen(text: str, inspected: Inspected, places: tuple[Place, ...]) -> SeenCode:
    code = inspected.code
    return SeenCode(to_text(code.payload, code.signature), code.kind, text, inspected.repairs, places)


def _merged(first: SeenCode, second: SeenCode) -> SeenCode:
    """Put two sightings of one code together; the sounder text stands for both."""
    places = tuple(dict.fromkeys((*first.places, *second.places)))
    sounder = min(first, second, key=lambda seen: len(seen.repairs))
    return replace(sounder, places=places)
