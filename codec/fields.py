"""Encodings of single fields, as digits (see `codec.digits`).

A field turns a value into digits and back. `put` refuses values that the field cannot carry with
`FieldError`. `take` accepts exactly what `put` writes: it refuses digits that no value produces, and every
other form of a value than the one that `put` chooses, with `MalformedCodeError`, or lets the value itself
refuse with `FieldError`; and it refuses values that only a newer version can mean with `NewerVersionError`.

Fields are not values: they are made once, when this package is imported, and compared by nobody.

The weights say which values are expected more often. They are part of the format: changing one changes every
code. They come from the content model that the size figures are measured with, softened where real use is
known to differ (see docs/adr).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import IntEnum
from itertools import accumulate
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from codec.codes import DAY_ZERO, DAYS, MAX_TEXT, MINUTES, ONE_DAY, TIME_ZERO
from codec.digits import DigitSink, DigitSource, Point, Span
from codec.errors import FieldError, MalformedCodeError, NewerVersionError

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)

NEWER_HINT = "Bring this side up to the newer version of Tallystick, then try again."


class Field(Protocol[T]):
    """How one value becomes digits."""

    def put(self, sink: DigitSink, value: T) -> None:
        """Add the value's digits to ``sink``."""

    def take(self, source: DigitSource) -> T:
        """Take the value's digits from ``source``."""


def cannot_carry(what: str) -> FieldError:
    """Return the error for a value that no code can carry.

    Args:
        what: The value and what is possible, such as "a count of 0 (1 to 99)".
    """
    return FieldError(f"No code can carry this: {what}.")


def other_form() -> MalformedCodeError:
    """Return the error for digits that say what other digits say as well: a value has one form."""
    return MalformedCodeError("This code is not in the one form that its content has.")


def spans_of(weights: tuple[int, ...]) -> tuple[Span, ...]:
    """Return what each possibility owns, by index; one of weight 0 owns nothing and never happens."""
    starts = (0, *accumulate(weights))
    return tuple((start, size, starts[-1]) for start, size in zip(starts, weights, strict=False))


def points_of(weights: tuple[int, ...]) -> tuple[Point, ...]:
    """Return the owner of each point."""
    return tuple((index, size, offset) for index, size in enumerate(weights) for offset in range(size))


class Choice:
    """One of several weighted possibilities, by index."""

    __slots__ = ("_points", "spans")

    def __init__(self, weights: tuple[int, ...]) -> None:
        self.spans, self._points = spans_of(weights), points_of(weights)

    def put(self, sink: DigitSink, value: int) -> None:
        """Add index ``value``."""
        sink.put_span(self.spans[value])

    def take(self, source: DigitSource) -> int:
        """Return the next index."""
        return source.take_span(self._points)


class Flag(Choice):
    """Yes or no, weighted: the weight of no comes first."""

    __slots__ = ()

    def take(self, source: DigitSource) -> bool:
        """Return yes or no."""
        return source.take_span(self._points) == 1


class Magnitude:
    """An integer from ``first`` on, carried as one from 1.

    That is carried by its octave (the position of its highest bit), weighted, and the bits below it.
    """

    __slots__ = ("_limit", "_moved", "_points", "first", "spans")

    def __init__(self, weights: tuple[int, ...], *, first: int = 1) -> None:
        self.spans, self._points = spans_of(weights), points_of(weights)
        self.first = first
        self._moved = 1 - first
        self._limit = 1 << len(weights)

    def put(self, sink: DigitSink, value: int) -> None:
        """Add an integer from ``first`` up to the limit of the octaves."""
        from_one = value + self._moved
        if not 1 <= from_one < self._limit:
            raise cannot_carry(f"the number {value} ({self.first} to {self._limit - 1 - self._moved})")
        octave = from_one.bit_length() - 1
        sink.put_span(self.spans[octave])
        if octave:
            sink.put(from_one - (1 << octave), 1 << octave)

    def take(self, source: DigitSource) -> int:
        """Return the next integer."""
        low = 1 << source.take_span(self._points)
        return low + source.take(low) - self._moved if low > 1 else self.first


class Octets:
    """A byte string of a fixed length, as one digit in base 256^length (big-endian)."""

    __slots__ = ("_radix", "length")

    def __init__(self, length: int) -> None:
        self.length = length
        self._radix = 1 << (8 * length)

    def put(self, sink: DigitSink, value: bytes) -> None:
        """Add exactly ``length`` bytes."""
        if len(value) != self.length:
            raise cannot_carry(f"{len(value)} bytes in place of {self.length}")
        sink.put(int.from_bytes(value, "big"), self._radix)

    def take(self, source: DigitSource) -> bytes:
        """Return the next ``length`` bytes."""
        return source.take(self._radix).to_bytes(self.length, "big")


class Member(Generic[E]):
    """One member of an enumeration, with room for those that a newer version adds."""

    __slots__ = ("members", "room")

    def __init__(self, members: type[E], room: int) -> None:
        self.members = members
        self.room = room

    def put(self, sink: DigitSink, value: E) -> None:
        """Add a member."""
        sink.put(int(value), self.room)

    def take(self, source: DigitSource) -> E:
        """Return a member, or refuse one that this version does not know."""
        value = source.take(self.room)
        try:
            return self.members(value)
        except ValueError:
            raise NewerVersionError(
                "This code holds a value that only a newer version of Tallystick knows.", hint=NEWER_HINT
            ) from None


class Optional(Generic[T]):
    """A value that may be absent."""

    __slots__ = ("field", "presence")

    def __init__(self, presence: Flag, field: Field[T]) -> None:
        self.presence = presence
        self.field = field

    def put(self, sink: DigitSink, value: T | None) -> None:
        """Add the value, or its absence."""
        self.presence.put(sink, value is not None)
        if value is not None:
            self.field.put(sink, value)

    def take(self, source: DigitSource) -> T | None:
        """Return the value, or None."""
        return self.field.take(source) if self.presence.take(source) else None


class Repeated(Generic[T]):
    """Several values of one kind, their number first."""

    __slots__ = ("field", "number")

    def __init__(self, number: Field[int], field: Field[T]) -> None:
        self.number = number
        self.field = field

    def put(self, sink: DigitSink, value: tuple[T, ...]) -> None:
        """Add all values."""
        self.number.put(sink, len(value))
        for item in value:
            self.field.put(sink, item)

    def take(self, source: DigitSource) -> tuple[T, ...]:
        """Return all values."""
        return tuple(self.field.take(source) for _ in range(self.number.take(source)))


class Uuid:
    """A UUID, as 16 bytes (RFC 9562)."""

    __slots__ = ()
    _OCTETS = Octets(16)

    def put(self, sink: DigitSink, value: UUID) -> None:
        """Add a UUID."""
        self._OCTETS.put(sink, value.bytes)

    def take(self, source: DigitSource) -> UUID:
        """Return a UUID."""
        return UUID(bytes=self._OCTETS.take(source))


_ONE_MINUTE = timedelta(minutes=1)


class Minute:
    """A UTC instant in whole minutes since 2024-01-01, in 26 bits."""

    __slots__ = ()

    def put(self, sink: DigitSink, value: datetime) -> None:
        """Add an aware instant that is a whole minute; it comes back in UTC."""
        if value.tzinfo is None:
            raise cannot_carry(f"the time {value.isoformat()}, which has no time zone")
        minutes, rest = divmod(value - TIME_ZERO, _ONE_MINUTE)
        if rest or not 0 <= minutes < MINUTES:
            raise cannot_carry(f"the time {value.isoformat()} (whole minutes of 2024 to 2151)")
        sink.put(minutes, MINUTES)

    def take(self, source: DigitSource) -> datetime:
        """Return an aware UTC instant."""
        return TIME_ZERO + _ONE_MINUTE * source.take(MINUTES)


def day_number(day: date) -> int:
    """Return days since 2000-01-01, or refuse a day that no code can carry."""
    number = (day - DAY_ZERO).days
    if not 0 <= number < DAYS:
        raise cannot_carry(f"the day {day.isoformat()} (2000 to 2179)")
    return number


def day_from(number: int) -> date:
    """Return the UTC day with this number."""
    if not 0 <= number < DAYS:
        raise MalformedCodeError("This code holds a date that no code can carry.")
    return DAY_ZERO + ONE_DAY * number


class Day:
    """A UTC day since 2000-01-01, in 16 bits."""

    __slots__ = ()

    def put(self, sink: DigitSink, value: date) -> None:
        """Add a day."""
        sink.put(day_number(value), DAYS)

    def take(self, source: DigitSource) -> date:
        """Return a day."""
        return day_from(source.take(DAYS))


_UPPER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz-_."
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
#: The character sets of a text, smallest first; a text uses the first one that holds all its characters.
CHARACTER_SETS = (_UPPER, _LOWER, _PRINTABLE)
_CHARACTERS_OF_SET = tuple(map(frozenset, CHARACTER_SETS))
CHARACTER_SET = Choice((12, 2, 2))


class Text:
    """1 to 64 printable ASCII characters: the character set, the length, then a digit for each character."""

    __slots__ = ()

    def put(self, sink: DigitSink, value: str) -> None:
        """Add a text; it is carried in the smallest set that holds it."""
        if not 0 < len(value) <= MAX_TEXT:
            raise cannot_carry(f"a text of {len(value)} characters (1 to {MAX_TEXT})")
        index = next((i for i, known in enumerate(_CHARACTERS_OF_SET) if known.issuperset(value)), None)
        if index is None:
            raise cannot_carry("a character that is not printable ASCII")
        CHARACTER_SET.put(sink, index)
        sink.put(len(value) - 1, MAX_TEXT)
        characters = CHARACTER_SETS[index]
        for character in value:
            sink.put(characters.index(character), len(characters))

    def take(self, source: DigitSource) -> str:
        """Return a text; refuse one that a smaller set holds."""
        index = CHARACTER_SET.take(source)
        characters = CHARACTER_SETS[index]
        length = source.take(MAX_TEXT) + 1
        text = "".join([characters[source.take(len(characters))] for _ in range(length)])
        if any(smaller.issuperset(text) for smaller in _CHARACTERS_OF_SET[:index]):
            raise other_form()
        return text


#: A field, or what makes one from the fields before it.
Entry = Field[Any] | Callable[[Mapping[str, Any]], Field[Any]]


class Record(Generic[T]):
    """A value made of named fields, in order. A later field may depend on earlier ones."""

    __slots__ = ("_entries", "_make")

    def __init__(self, make: Callable[..., T], **entries: Entry) -> None:
        self._make = make
        self._entries = tuple(entries.items())

    def put(self, sink: DigitSink, value: T) -> None:
        """Add all fields of ``value``, by attribute name."""
        for _, field, part in self.parts(value):
            field.put(sink, part)

    def parts(self, value: T) -> Iterator[tuple[str, Field[Any], Any]]:
        """Yield the fields of ``value`` in their order: name, how it becomes digits, and what it holds."""
        known: dict[str, Any] = {}
        for name, entry in self._entries:
            known[name] = part = getattr(value, name)
            yield name, (entry(known) if callable(entry) else entry), part

    def take(self, source: DigitSource) -> T:
        """Return the value made of all fields."""
        known: dict[str, Any] = {}
        for name, entry in self._entries:
            known[name] = (entry(known) if callable(entry) else entry).take(source)
        return self._make(**known)
