"""Tags, terms and lines: round trips, order and merging, and what no code can carry."""

import math
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import lines
from codec.codes import LAST_DAY, MAX_COUNT, MAX_POSITION, Authorization, Line, Tag, Term, WantedLine
from codec.digits import DigitSink, DigitSource
from codec.errors import FieldError, MalformedCodeError
from codec.fields import Field
from codec.lines import Lines, TagSet, TermTable, WantedLines, line_order, sort_lines, tag_order
from tests.codec import strategies

ISSUED = date(2025, 3, 4)
LINES = Lines(ISSUED)


def number_of(field: Field[tuple[Line, ...]], *value: Line) -> int:
    sink = DigitSink()
    field.put(sink, value)
    return sink.fold()


def tags_number(*tags: Tag) -> int:
    sink = DigitSink()
    TagSet().put(sink, tags)
    return sink.fold()


# --- lines ---------------------------------------------------------------------------------------------


@given(strategies.authorizations())
def test_lines_come_back(value: Authorization) -> None:
    field = Lines(value.issued_at.date())
    source = DigitSource(number_of(field, *value.lines))
    assert field.take(source) == value.lines
    assert source.exhausted


@given(
    st.lists(
        st.builds(Line, st.one_of(st.integers(0, 2), st.sampled_from("AB")), st.integers(1, 5)), max_size=8
    )
)
def test_sorting_merges_equal_keys_and_loses_no_count(given_lines: list[Line]) -> None:
    found = sort_lines(tuple(given_lines))
    assert all(line_order(before) < line_order(after) for before, after in pairwise(found))
    for tag in {line.tag for line in given_lines}:
        assert sum(line.count for line in found if line.tag == tag) == sum(
            line.count for line in given_lines if line.tag == tag
        )
    assert sort_lines(found) == found
    assert sort_lines(tuple(reversed(given_lines))) == found


def test_the_order_of_lines() -> None:
    early, late = Term(ISSUED, ISSUED), Term(ISSUED, date(2026, 1, 1))
    ordered = (
        Line(2, 1),
        Line(2, 1, export_controlled=True),
        Line(2, 1, reporting_only=True),
        Line(2, 1, export_controlled=True, reporting_only=True),
        Line(2, 1, early),
        Line(2, 1, late),
        Line(10, 1),
        Line("-A", 1),
        Line("1", 1),
        Line("A", 1),
        Line("AB", 1),
        Line("B", 1, late),
        Line("a", 1),
    )
    assert sort_lines(tuple(reversed(ordered))) == ordered
    assert LINES.take(DigitSource(number_of(LINES, *ordered))) == ordered
    for place in range(len(ordered) - 1):
        swapped = list(ordered)
        swapped[place : place + 2] = reversed(ordered[place : place + 2])
        with pytest.raises(FieldError, match="unsorted"):
            number_of(LINES, *swapped)


def test_two_lines_with_one_key_are_refused() -> None:
    with pytest.raises(FieldError, match="same key"):
        number_of(LINES, Line(1, 2), Line(1, 3))


@pytest.mark.parametrize("count", [-1, 0, MAX_COUNT + 1])
def test_impossible_counts_are_refused(count: int) -> None:
    with pytest.raises(FieldError, match=f"a count of {count}"):
        number_of(LINES, Line(1, count))


def test_the_number_of_lines_has_a_limit() -> None:
    many = tuple(Line(position, 1) for position in range(255))
    assert LINES.take(DigitSource(number_of(LINES, *many))) == many
    with pytest.raises(FieldError, match="256 lines"):
        number_of(LINES, *many, Line(255, 1))
    terms = tuple(Line(7, 1, Term(ISSUED, ISSUED + timedelta(days=length))) for length in range(255))
    assert LINES.take(DigitSource(number_of(LINES, *terms))) == terms


def test_more_lines_than_any_code_has_are_malformed() -> None:
    forged = DigitSink()
    TagSet().put(forged, (1, 2))
    table = TermTable(ISSUED)
    for _ in range(2):
        lines.LINES_OF_TAG.put(forged, 128)
        for length in range(128):
            lines.COUNT.put(forged, 1)
            table.put(forged, Term(ISSUED, ISSUED + timedelta(days=length)))
            lines.FLAGS.put(forged, 0)
    with pytest.raises(MalformedCodeError, match="more than 255 lines"):
        LINES.take(DigitSource(forged.fold()))


# --- tags ----------------------------------------------------------------------------------------------


@given(st.sets(strategies.tags, max_size=30))
def test_tags_come_back(found: set[Tag]) -> None:
    tags = tuple(sorted(found, key=tag_order))
    source = DigitSource(tags_number(*tags))
    assert TagSet().take(source) == tags
    assert source.exhausted


@pytest.mark.parametrize(
    "tags",
    [
        (MAX_POSITION,),
        (0, MAX_POSITION),
        (MAX_POSITION - 1, MAX_POSITION),
        (*range(254), MAX_POSITION),
        (0, *range(MAX_POSITION - 253, MAX_POSITION + 1)),
        tuple(range(255)),
        ("A" * 64, "B" * 64),
        tuple(sorted(f"{place:X}" for place in range(255))),
        ("A" * 63, "A" * 64),
        ("A" * 63 + "B", "A" * 63 + "C"),
    ],
    ids=lambda tags: f"{tags[0]} to {tags[-1]}"[:40],
)
def test_extreme_tags_come_back(tags: tuple[Tag, ...]) -> None:
    assert TagSet().take(DigitSource(tags_number(*tags))) == tags


@pytest.mark.parametrize(
    "tags",
    [
        (-1,),
        (-1, 5),
        (MAX_POSITION + 1,),
        (3, MAX_POSITION + 1),
        ("",),
        ("A" * 65,),
        ("A" * 60, "A" * 60 + "B" * 5),
        (" A",),
        ("A ",),
        ("A", "A "),
        ("é",),
        ("A\n",),
    ],
    ids=repr,
)
def test_tags_that_no_code_can_carry_are_refused(tags: tuple[Tag, ...]) -> None:
    with pytest.raises(FieldError):
        tags_number(*tags)


def test_a_step_beyond_the_last_position_is_malformed() -> None:
    """Two tags, the last one at position 1: a gap of two or more cannot be."""
    for beyond in range(2, 9):
        sink = DigitSink()
        TagSet().put(sink, (0, 1))
        honest = sink.fold()
        assert TagSet().take(DigitSource(honest)) == (0, 1)
        forged = _two_positions(gap=beyond, last=1)
        with pytest.raises(MalformedCodeError, match="order"):
            TagSet().take(DigitSource(forged))


def _two_positions(*, gap: int, last: int) -> int:
    sink = DigitSink()
    lines.NUMBERED.put(sink, 2)
    lines.SPELLED.put(sink, 0)
    lines.LAST_POSITION.put(sink, last)
    steps, rest = divmod(gap, lines.golomb_step(last, 1))
    for _ in range(steps):
        sink.put(1, 2)
    sink.put(0, 2)
    sink.put(rest, lines.golomb_step(last, 1))
    return sink.fold()


# --- terms ---------------------------------------------------------------------------------------------


def terms_number(*terms: Term | None, then: int = 0) -> int:
    sink = DigitSink()
    table = TermTable(ISSUED)
    for term in terms:
        table.put(sink, term)
    sink.put(then, then + 1)
    return sink.fold()


def terms_bits(*terms: Term | None) -> float:
    """Measure what terms cost on top of a large number; the first digits of all meet a number still small."""
    return math.log2(terms_number(*terms, then=1 << 300)) - 300


@given(
    st.lists(st.one_of(st.none(), strategies.terms(ISSUED)), max_size=6),
    st.lists(st.integers(0, 5), max_size=12),
)
def test_terms_come_back_however_they_repeat(few: list[Term | None], order: list[int]) -> None:
    terms = [*few, *(few[place] for place in order if place < len(few))]
    source, table = DigitSource(terms_number(*terms)), TermTable(ISSUED)
    assert [table.take(source) for _ in terms] == terms
    assert source.exhausted


LEAP_DAY = date(2024, 2, 29)


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (date(2025, 3, 4), 1, date(2026, 3, 3)),
        (LEAP_DAY, 1, date(2025, 2, 28)),
        (LEAP_DAY, 4, date(2028, 2, 28)),
        (date(2024, 3, 1), 1, date(2025, 2, 28)),
        (date(2023, 3, 1), 1, date(2024, 2, 29)),
        (date(2025, 1, 1), 10, date(2034, 12, 31)),
    ],
)
def test_whole_years_end_the_day_before_the_anniversary(start: date, years: int, end: date) -> None:
    term = Term.of_years(start, years)
    assert term == Term(start, end)
    day_longer = replace(term, end=end + timedelta(days=1))
    for each in (term, day_longer):
        assert TermTable(ISSUED).take(DigitSource(terms_number(each))) == each
    assert terms_bits(term) < terms_bits(day_longer) - 5


def test_the_last_day_of_all_may_end_a_term_of_whole_years() -> None:
    term = Term.of_years(date(2178, 6, 7), 1)
    assert term.end == LAST_DAY
    assert TermTable(ISSUED).take(DigitSource(terms_number(term))) == term


def test_a_repeated_term_costs_bits_and_not_bytes() -> None:
    term = Term(date(2025, 5, 17), date(2027, 2, 3))
    once = terms_bits(term)
    assert terms_bits(term, term) - once < 1.5
    assert terms_bits(term, None, term, None) - once < 4.5


@pytest.mark.parametrize(
    "term",
    [
        Term(date(1999, 12, 31), date(2030, 1, 1)),
        Term(ISSUED, date(2179, 6, 7)),
        Term(date(2000, 1, 1), date(2179, 6, 6)),
        Term(ISSUED, date.max),
    ],
    ids=str,
)
def test_terms_that_no_code_can_carry_are_refused(term: Term) -> None:
    with pytest.raises(FieldError):
        terms_number(term)


# --- wanted lines --------------------------------------------------------------------------------------


@given(strategies.wanted_lines(700))
def test_wanted_lines_come_back(wanted: tuple[WantedLine, ...]) -> None:
    sink = DigitSink()
    WantedLines().put(sink, wanted)
    source = DigitSource(sink.fold())
    assert WantedLines().take(source) == wanted
    assert source.exhausted


@pytest.mark.parametrize(
    "wanted",
    [
        (WantedLine("B", 1), WantedLine("A", 1)),
        (WantedLine("A", 1), WantedLine("A", 2)),
        (WantedLine("A", 1), WantedLine(3, 1)),
        (WantedLine("A", 0),),
        tuple(WantedLine(position, 1) for position in range(256)),
    ],
    ids=lambda wanted: f"{len(wanted)} from {wanted[0]}",
)
def test_wanted_lines_that_no_code_can_carry_are_refused(wanted: tuple[WantedLine, ...]) -> None:
    with pytest.raises(FieldError):
        WantedLines().put(DigitSink(), wanted)
