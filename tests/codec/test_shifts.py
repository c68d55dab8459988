"""Lost and doubled characters: every place is yielded at which the parity allows that, and no other one."""

from collections.abc import Iterator
from itertools import combinations, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codec.arrangement import LOST, Arrangement, Budget
from codec.galois import tables, times
from codec.parity import PARITY_SYMBOLS, parity_of
from codec.shifts import extra_run, lost_run, lost_twice
from codec.sums import Sums, may_be, without_lost
from tests.codec.damaged import near, sparse, values_of, words
from tests.search import examples

ENOUGH = 10_000
CODE = "A4X7K9" * 4 + parity_of("A4X7K9" * 4)


def fits(values: list[int]) -> bool:
    """Tell whether two wrong symbols may be among the others; fewer where fewer values are left to check."""
    return not values or may_be(values, min(2, (len(values) - 1) // 2))


def gaps(text: str, count: int, places: range) -> Iterator[Arrangement]:
    """Put a gap into each place, and look at the parity of what comes out."""
    for place in places:
        source = (*range(place), *(LOST,) * count, *range(place, len(text)))
        lost = sorted({at // 2 for at in range(place, place + count)})
        if len(lost) > PARITY_SYMBOLS:
            continue
        if fits(without_lost(values_of(text, source), len(lost), len(source) // 2 - 1 - lost[-1])):
            yield Arrangement(source, len(places))


@given(st.one_of(near(), near(sparse)), st.integers(0, 99), st.integers(1, 18), st.sampled_from((1, 2, 4)))
@example("0" * 30, 12, 18, 1)
@example("0" * 36, 12, 16, 1)
@example(CODE, 11, 4, 1)
def test_lost_characters_may_be_missing_where_the_parity_says_so(
    code: str, place: int, count: int, step: int
) -> None:
    place %= max(1, len(code) - count)
    text = code[:place] + code[place + count :]
    places = range(0, len(text) + 1, 2 if count == 1 else step)
    assert list(lost_run(Sums(text), count, step, Budget(ENOUGH))) == list(gaps(text, count, places))


def left_out(text: str, count: int, step: int) -> Iterator[Arrangement]:
    """Leave out a run at each place, and look at the parity of what is left."""
    places = range(0, len(text) - count + 1, step)
    before = None
    for place in places:
        source = (*range(place), *range(place + count, len(text)))
        left = "".join(text[at] for at in source)
        if not (step == 1 and left == before) and may_be(values_of(text, source), 2):
            yield Arrangement(source, len(places))
        before = left


@given(
    st.one_of(near(), near(sparse)),
    st.integers(0, 99),
    st.text("0Z", min_size=1, max_size=8),
    st.sampled_from((1, 4)),
)
@example(CODE, 11, "Z", 1)
@example(CODE, 11, "Z0", 1)
@example(CODE, 12, "Z", 1)
@example("0" * 20, 0, "Z", 1)
@example("0" * 20, 20, "Z", 1)
@example("0" * 20, 20, "ZZ0Z", 4)
def test_characters_may_be_too_many_where_the_parity_says_so(
    code: str, place: int, extra: str, step: int
) -> None:
    place %= len(code) + 1
    text = code[:place] + extra + code[place:]
    found = list(extra_run(Sums(text), len(extra), step, Budget(ENOUGH)))
    assert found == list(left_out(text, len(extra), step))


def rid(values: list[int], power: int) -> list[int]:
    """Return values that do not depend on the symbol so many places before the end."""
    root = tables()[0][power]
    return [value ^ times(root, before) for before, value in pairwise(values)]


def two_gaps(text: str) -> Iterator[Arrangement]:
    """Take a symbol to be half lost at each two places, and look at five values of the parity."""
    symbols = len(text) // 2 + 1
    pairs = list(combinations(range(symbols), 2))
    for one, other in pairs:
        first, second = 2 * one, 2 * other
        source = (
            *range(first),
            LOST,
            *range(first, second - 1),
            LOST,
            *range(second - 1, len(text)),
        )
        values = values_of(text, source)[:5]
        if may_be(rid(rid(values, symbols - 1 - one), symbols - 1 - other), 1):
            yield Arrangement(source, len(pairs))


@settings(max_examples=examples(25))
@given(st.one_of(near(), near(sparse)), st.integers(0, 99), st.integers(0, 99))
@example("Z" + "0" * 29, 10, 20)
@example("0" * 29 + "Z", 10, 20)
@example("0" * 14 + "Z" + "0" * 15, 10, 20)
@example(CODE, 6, 21)
def test_a_character_may_be_lost_in_two_places_where_the_parity_says_so(
    code: str, one: int, other: int
) -> None:
    text = code[: one % len(code)] + code[one % len(code) + 1 :]
    text = text[: other % len(text)] + text[other % len(text) + 1 :]
    assert list(lost_twice(Sums(text), Budget(ENOUGH))) == list(two_gaps(text))


@settings(max_examples=examples(40))
@given(words, st.data())
def test_two_lost_characters_are_among_what_is_yielded(code: str, data: st.DataObject) -> None:
    symbols = len(code) // 2
    one, other = sorted(data.draw(st.sets(st.integers(0, symbols - 1), min_size=2, max_size=2)))
    text = "".join(each for at, each in enumerate(code) if at not in (2 * one, 2 * other))
    found = [each.source for each in lost_twice(Sums(text), Budget(ENOUGH))]
    assert (
        *range(2 * one),
        LOST,
        *range(2 * one, 2 * other - 1),
        LOST,
        *range(2 * other - 1, len(text)),
    ) in found


# --- what it costs -------------------------------------------------------------------------------------

TEXT = "Q4" * 32


@pytest.mark.parametrize(("count", "step", "tests"), [(2, 1, 65), (4, 4, 17), (6, 2, 33)])
def test_a_run_costs_a_step_a_place_and_some_for_the_sums(count: int, step: int, tests: int) -> None:
    sums = Sums(TEXT)
    for search, places in ((lost_run, tests), (extra_run, tests - count // step)):
        steps = places + len(TEXT) // 8
        enough, too_few = Budget(steps), Budget(steps - 1)
        list(search(sums, count, step, enough))
        assert (enough.left, enough.spent) == (0, steps)
        assert not list(search(sums, count, step, too_few))
        assert too_few.spent == 0


def test_a_single_character_is_looked_for_in_every_symbol() -> None:
    budget = Budget(ENOUGH)
    list(lost_run(Sums(TEXT[1:]), 1, 1, budget))
    assert budget.spent == 32 + 63 // 8


def test_two_places_cost_a_step_for_three_pairs() -> None:
    steps = 33 * 32 // 2 // 3
    enough, too_few = Budget(steps), Budget(steps - 1)
    list(lost_twice(Sums(TEXT), enough))
    assert (enough.left, enough.spent) == (0, steps)
    assert not list(lost_twice(Sums(TEXT), too_few))
    assert too_few.spent == 0


@pytest.mark.parametrize("text", [TEXT + "Q", "0" * 31])
def test_no_work_is_done_for_an_odd_number_of_characters(text: str) -> None:
    sums, budget = Sums(text), Budget(ENOUGH)
    for found in (
        lost_run(sums, 2, 1, budget),
        lost_run(sums, 4, 4, budget),
        extra_run(sums, 2, 1, budget),
        lost_twice(sums, budget),
    ):
        assert not list(found)
    assert budget.spent == 0


@pytest.mark.parametrize("text", ["", "0", "00", "0000"])
def test_a_text_too_short_for_a_code_is_no_trouble(text: str) -> None:
    sums = Sums(text)
    for count in (1, 2, 4):
        for found in (lost_run(sums, count, 1, Budget(99)), extra_run(sums, count, 1, Budget(99))):
            assert all(len(each.source) < 10 for each in found)
    assert all(len(each.source) < 10 for each in lost_twice(sums, Budget(99)))
