"""The content of the size figures follows its model, and is the same on every run."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from math import log

import pytest

from benchmarks.content import (
    HIGHEST_COUNT,
    ISSUED_AT,
    LINE_COUNTS,
    TAGS,
    YEARS,
    Chance,
    draw_count,
    draw_lines,
    draw_new_term,
    draw_positions,
)
from codec.codes import Line, Term

ISSUE_DAY = ISSUED_AT.date()
MANY = 4000


def many_lines() -> list[tuple[Line, ...]]:
    chance = Chance("many")
    return [draw_lines(chance, 10, ISSUE_DAY) for _ in range(MANY // 10)]


def share(hits: int, of: int) -> float:
    return hits / of


def test_one_seed_always_gives_the_same_content() -> None:
    assert draw_lines(Chance("golden"), 3, ISSUE_DAY) == (
        Line(172, 22),
        Line(312, 2, Term(date(2026, 3, 16), date(2033, 3, 15))),
        Line(522, 1685, Term(date(2026, 3, 16), date(2033, 3, 15))),
    )


@pytest.mark.parametrize("number", LINE_COUNTS)
def test_tags_are_different_and_in_order(number: int) -> None:
    positions = draw_positions(Chance(f"{number}"), number)
    assert len(positions) == number
    assert list(positions) == sorted(set(positions))
    assert all(0 <= position < TAGS for position in positions)


def test_every_tag_is_as_likely_as_any_other() -> None:
    chance = Chance("tags")
    drawn = Counter(position for _ in range(2000) for position in draw_positions(chance, 50))
    expected = 2000 * 50 / TAGS
    assert len(drawn) == TAGS
    assert max(abs(times - expected) for times in drawn.values()) < 5 * expected**0.5


def test_counts_are_zipf_like() -> None:
    chance = Chance("counts")
    counts = [draw_count(chance) for _ in range(MANY)]
    harmonic = log(HIGHEST_COUNT) + 0.5772
    for low, high in ((1, 1), (2, 9), (10, 99), (100, 999), (1000, HIGHEST_COUNT)):
        expected = sum(1 / count for count in range(low, high + 1)) / harmonic
        assert share(sum(low <= count <= high for count in counts), MANY) == pytest.approx(expected, abs=0.03)


def test_four_lines_in_ten_are_perpetual() -> None:
    lines = [line for drawn in many_lines() for line in drawn]
    assert share(sum(line.term is None for line in lines), len(lines)) == pytest.approx(0.4, abs=0.03)


def test_terms_are_shared_with_the_nearest_earlier_line_that_has_one() -> None:
    shared = later = 0
    for drawn in many_lines():
        terms = [line.term for line in drawn if line.term]
        later += len(terms[1:])
        shared += sum(term == before for before, term in pairwise(terms))
    # 60 % by the model, and a few new terms that come out the same: starting at issue for the same years.
    by_chance = 0.4 * (0.7 * 0.9) ** 2 / len(YEARS)
    assert share(shared, later) == pytest.approx(0.6 + by_chance, abs=0.03)


def test_new_terms_start_near_issue_and_mostly_run_whole_years() -> None:
    chance = Chance("terms")
    terms = [draw_new_term(chance, ISSUE_DAY) for _ in range(MANY)]
    offsets = [(term.start - ISSUE_DAY).days for term in terms]
    assert share(offsets.count(0), MANY) == pytest.approx(0.7, abs=0.03)
    assert -180 <= min(offsets) < -170
    assert 170 < max(offsets) <= 180
    whole = sum(term in {Term.of_years(term.start, years) for years in YEARS} for term in terms)
    assert share(whole, MANY) == pytest.approx(0.9, abs=0.03)
    assert max(term.end - term.start for term in terms) <= timedelta(days=3653)
