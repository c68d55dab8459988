"""The floor is the code length of the model itself, and ours is counted to the last bit."""

from datetime import date, timedelta
from math import log2

import pytest

from benchmarks.content import ISSUED_AT, LINE_COUNTS, SEEDS
from benchmarks.floor import count_bits, floor_of, new_term_probability, spent_on, tag_set_bits, term_bits
from benchmarks.sizes import all_deals
from codec.codes import Term
from codec.wire import SIGNATURE_BYTES

ISSUE_DAY = ISSUED_AT.date()
DEALS = all_deals()


@pytest.mark.parametrize("offset", [0, 17, -180])
def test_the_probabilities_of_all_ends_add_up_to_that_of_their_start(offset: int) -> None:
    start = ISSUE_DAY + timedelta(days=offset)
    ends = (start + timedelta(days=days) for days in range(4000))
    total = sum(new_term_probability(Term(start, end), ISSUE_DAY) for end in ends)
    assert total == pytest.approx(0.3 / 361 + 0.7 * (offset == 0))


def test_a_start_outside_the_model_is_impossible() -> None:
    start = ISSUE_DAY + timedelta(days=181)
    assert new_term_probability(Term.of_years(start, 1), ISSUE_DAY) == 0


def test_the_probabilities_of_all_counts_add_up_to_one() -> None:
    assert sum(2.0 ** -count_bits(count) for count in range(1, 10_001)) == pytest.approx(1)


def test_one_tag_of_the_catalogue_costs_its_logarithm() -> None:
    assert tag_set_bits(1) == pytest.approx(log2(644))


def test_a_shared_term_is_cheap_and_counts_both_ways_to_come_about() -> None:
    term = Term.of_years(ISSUE_DAY, 1)
    new = new_term_probability(term, ISSUE_DAY)
    first, second = -log2(0.6 * new), -log2(0.6 * (0.6 + 0.4 * new))
    assert term_bits([term, None, term], ISSUE_DAY) == pytest.approx(first - log2(0.4) + second)
    other = Term(date(2026, 3, 20), date(2026, 7, 2))
    assert term_bits([term, other], ISSUE_DAY) == pytest.approx(
        first - log2(0.6 * 0.4 * new_term_probability(other, ISSUE_DAY))
    )


@pytest.mark.parametrize("lines", LINE_COUNTS)
def test_what_ours_spends_adds_up_to_the_bytes_of_the_code(lines: int) -> None:
    for one in DEALS[lines]:
        octets = len(one.numbered.payload) + SIGNATURE_BYTES
        assert spent_on(one.numbered.value).total == pytest.approx(8 * octets)


@pytest.mark.parametrize("lines", LINE_COUNTS)
def test_no_field_of_ours_is_below_the_floor_on_average(lines: int) -> None:
    for name in ("tags", "counts", "terms"):
        floor = sum(getattr(floor_of(one.numbered.value), name) for one in DEALS[lines]) / len(SEEDS)
        ours = sum(getattr(spent_on(one.numbered.value), name) for one in DEALS[lines]) / len(SEEDS)
        # An average of 20 seeds may fall a little below; a field that did so by more would be miscounted.
        assert ours > floor - 0.5
