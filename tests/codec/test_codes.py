"""The values that codes carry: how they are written in words, and the borders of texts, terms and years."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest

from codec.codes import MAX_TEXT, Sequence, Term, Udi, anniversary, checked_text, to_minute
from codec.errors import FieldError

DAY = timedelta(days=1)


def test_a_text_has_one_character_at_least_and_a_limit() -> None:
    for good in ("A", "A" * MAX_TEXT):
        assert checked_text("tag", good) == good
    for bad in ("", "A" * (MAX_TEXT + 1), "\u00e9", "A\tB", "\x7f", " A", "A "):
        with pytest.raises(FieldError):
            checked_text("tag", bad)


def test_both_halves_of_a_device_name_are_texts() -> None:
    with pytest.raises(FieldError, match="The product id is empty"):
        Udi("", "tram")
    with pytest.raises(FieldError, match="The serial number is empty"):
        Udi("TR-100", "")


def test_a_moment_is_cut_to_its_minute_in_utc() -> None:
    moment = datetime(2026, 3, 2, 1, 30, 59, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert to_minute(moment) == datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def test_values_are_written_as_people_read_them() -> None:
    assert str(Udi("TR-100", "tram")) == "PID:TR-100,SN:tram"
    uuid = UUID("00112233-4455-6677-8899-aabbccddeeff")
    assert str(Udi("TR-100", "tram", uuid)) == f"PID:TR-100,SN:tram,UUID:{uuid}"
    assert str(Sequence(2, 17)) == "2.17"


def test_a_term_holds_on_both_of_its_days() -> None:
    term = Term(date(2026, 3, 2), date(2026, 3, 4))
    held = [term.holds_on(term.start + days * DAY) for days in range(-1, 4)]
    assert held == [False, True, True, True, False]
    assert Term(term.start, term.start).holds_on(term.start)
    with pytest.raises(FieldError, match="before it starts"):
        Term(term.start, term.start - DAY)


@pytest.mark.parametrize(
    ("start", "years", "same_day"),
    [
        (date(2024, 2, 29), 1, date(2025, 3, 1)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        # Of the years that end a century, only every fourth has a leap day.
        (date(2096, 2, 29), 4, date(2100, 3, 1)),
        (date(1996, 2, 29), 4, date(2000, 2, 29)),
        (date(2024, 2, 28), 1, date(2025, 2, 28)),
        (date(2024, 1, 29), 1, date(2025, 1, 29)),
    ],
)
def test_an_anniversary_of_a_leap_day_is_the_day_after_the_last_of_february(
    start: date, years: int, same_day: date
) -> None:
    assert anniversary(start, years) == same_day
