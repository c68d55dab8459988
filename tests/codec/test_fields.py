"""Fields: round trips, the values that no code can carry, and digits that no value produces."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.codes import DAY_ZERO, DAYS, MINUTES, TIME_ZERO
from codec.digits import DigitSink, DigitSource
from codec.errors import FieldError, MalformedCodeError, NewerVersionError
from codec.fields import (
    CHARACTER_SETS,
    Choice,
    Day,
    Field,
    Flag,
    Magnitude,
    Member,
    Minute,
    Octets,
    Optional,
    Record,
    Repeated,
    Text,
    Uuid,
    day_from,
)
from tests.codec import strategies


class Colour(IntEnum):
    RED = 0
    GREEN = 1


@dataclass(frozen=True, slots=True)
class Pair:
    size: int
    name: bytes


OCTAVES = Magnitude((1, 2, 3, 4))
PAIR: Record[Pair] = Record(Pair, size=OCTAVES, name=lambda known: Octets(known["size"]))
FROM_ZERO = Magnitude((1, 2, 3, 4), first=0)
YES_RARELY = Flag((15, 1))


def number_of(field: Field[Any], value: Any) -> int:
    sink = DigitSink()
    field.put(sink, value)
    return sink.fold()


def value_of(field: Field[Any], number: int) -> Any:
    return field.take(DigitSource(number))


FIELDS: list[tuple[Field[Any], st.SearchStrategy[Any]]] = [
    (Choice((1, 0, 5, 2)), st.sampled_from((0, 2, 3))),
    (OCTAVES, st.integers(1, 15)),
    (FROM_ZERO, st.integers(0, 14)),
    (Octets(5), st.binary(min_size=5, max_size=5)),
    (YES_RARELY, st.booleans()),
    (Member(Colour, 3), st.sampled_from(Colour)),
    (Optional(YES_RARELY, Octets(1)), st.one_of(st.none(), st.binary(min_size=1, max_size=1))),
    (Repeated(OCTAVES, OCTAVES), st.lists(st.integers(1, 15), min_size=1, max_size=15).map(tuple)),
    (Uuid(), st.uuids()),
    (Minute(), strategies.moments),
    (Day(), strategies.days),
    (Text(), strategies.texts()),
    (
        PAIR,
        st.integers(1, 15).flatmap(
            lambda size: st.builds(Pair, st.just(size), st.binary(min_size=size, max_size=size))
        ),
    ),
]


@pytest.mark.parametrize(("field", "values"), FIELDS, ids=lambda field: type(field).__name__)
def test_every_value_comes_back(field: Field[Any], values: st.SearchStrategy[Any]) -> None:
    @given(st.lists(values, max_size=4))
    def check(several: list[Any]) -> None:
        sink = DigitSink()
        for value in several:
            field.put(sink, value)
        source = DigitSource(sink.fold())
        assert [field.take(source) for _ in several] == several
        assert source.exhausted

    check()


REFUSED: list[tuple[Field[Any], Any]] = [
    (OCTAVES, 0),
    (OCTAVES, -1),
    (OCTAVES, 16),
    (FROM_ZERO, -1),
    (FROM_ZERO, 15),
    (Octets(4), b"12345"),
    (Octets(4), b""),
    (Repeated(OCTAVES, OCTAVES), ()),
    (Repeated(OCTAVES, OCTAVES), (1,) * 16),
    (Minute(), TIME_ZERO - timedelta(minutes=1)),
    (Minute(), TIME_ZERO + timedelta(minutes=MINUTES)),
    (Minute(), TIME_ZERO + timedelta(seconds=1)),
    (Minute(), TIME_ZERO + timedelta(microseconds=1)),
    (Minute(), datetime.min.replace(tzinfo=UTC)),
    (Minute(), datetime.max.replace(tzinfo=UTC)),
    (Minute(), datetime(2025, 1, 1)),  # noqa: DTZ001 - the point of this line
    (Day(), DAY_ZERO - timedelta(days=1)),
    (Day(), DAY_ZERO + timedelta(days=DAYS)),
    (Day(), date.max),
    (Text(), ""),
    (Text(), "A" * 65),
    (Text(), "é"),
    (Text(), "A\x7f"),
    (Text(), "A\n"),
    (PAIR, Pair(2, b"123")),
]


@pytest.mark.parametrize(
    ("field", "value"), REFUSED, ids=[f"{type(field).__name__}-{value!r:.40}" for field, value in REFUSED]
)
def test_what_no_code_can_carry_is_refused(field: Field[Any], value: Any) -> None:
    with pytest.raises(FieldError, match=r"No code can carry this: .+\."):
        number_of(field, value)


def test_the_largest_values_fit() -> None:
    for field, value in (
        (OCTAVES, 15),
        (Minute(), TIME_ZERO + timedelta(minutes=MINUTES - 1)),
        (Day(), DAY_ZERO + timedelta(days=DAYS - 1)),
        (Text(), "~" * 64),
    ):
        assert value_of(field, number_of(field, value)) == value


def test_an_instant_comes_back_in_utc_from_any_time_zone() -> None:
    elsewhere = datetime(2025, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    found = value_of(Minute(), number_of(Minute(), elsewhere))
    assert found == elsewhere
    assert found.tzinfo is UTC


def test_an_unknown_member_is_of_a_newer_version() -> None:
    with pytest.raises(NewerVersionError):
        value_of(Member(Colour, 3), 2)


@pytest.mark.parametrize("number", [-1, DAYS])
def test_a_day_out_of_range_is_malformed(number: int) -> None:
    with pytest.raises(MalformedCodeError):
        day_from(number)


def test_known_digits() -> None:
    """The octave 2 (weight 3, after 1 + 2) of ten, and the bits 01 below it: 5 is 101 in binary."""
    assert number_of(OCTAVES, 5) == 3 + 1
    assert value_of(OCTAVES, 4) == 5


def test_the_smallest_set_that_holds_a_text_carries_it() -> None:
    for text, index in (("A-9", 0), ("9", 0), ("a", 1), ("a-9._", 1), ("Aa", 2), ("A_", 2), ("a b", 2)):
        point = number_of(Text(), text) % 16
        assert (point >= 12) + (point >= 14) == index


def test_the_character_sets_grow() -> None:
    assert [len(each) for each in CHARACTER_SETS] == [37, 39, 95]
    assert set(CHARACTER_SETS[0]) | set(CHARACTER_SETS[1]) < set(CHARACTER_SETS[2])
