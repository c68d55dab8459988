"""Which lots are chosen: preference, what is kept, what has ended, what is short."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.codes import MAX_COUNT
from reservation.errors import InsufficientError, RuleError
from reservation.lots import Position, Preference, Stock, TermChoice, choose, describe
from reservation.model import Held, Lot, Term

TODAY = date(2026, 3, 2)


def lot(name: str, start: str = "", end: str = "", **flags: bool) -> Lot:
    term = Term(date.fromisoformat(start), date.fromisoformat(end)) if end else None
    return Lot(name.encode(), "ROUTE", term, **flags)


FOREVER = lot("forever")
THIS_YEAR = lot("this year", "2026-01-01", "2026-12-31")
LONG = lot("long", "2025-01-01", "2029-12-31")
NEXT_YEAR = lot("next year", "2027-01-01", "2035-12-31")
PAST = lot("all past", "2025-01-01", "2026-03-01")
TODAY_LAST = lot("today last", "2025-01-01", "2026-03-02")
REPORTED = lot("reported", reporting_only=True)


def chosen(
    count: int,
    *stock: tuple[Lot, int],
    term: TermChoice = Preference.LONGEST,
    position: Position = Position(),  # noqa: B008
) -> dict[str, int]:
    found = choose(
        {"ROUTE": count},
        [Stock(item, available) for item, available in stock],
        position,
        term=term,
        today=TODAY,
        virtual_account="DEFAULT",
    )
    return {lot_id.decode(): taken for lot_id, taken in found.items()}


@pytest.mark.parametrize(
    ("term", "stock", "expected"),
    [
        (Preference.LONGEST, [(THIS_YEAR, 5), (FOREVER, 5), (LONG, 5)], {"forever": 5, "long": 3}),
        (Preference.SOONEST, [(THIS_YEAR, 5), (FOREVER, 5), (LONG, 5)], {"this year": 5, "long": 3}),
        (Preference.SOONEST, [(FOREVER, 5), (LONG, 5)], {"long": 5, "forever": 3}),
        # What is not in force yet comes after everything that is.
        (Preference.LONGEST, [(NEXT_YEAR, 9), (THIS_YEAR, 5)], {"this year": 5, "next year": 3}),
        (Preference.SOONEST, [(NEXT_YEAR, 9), (FOREVER, 5)], {"forever": 5, "next year": 3}),
        (Preference.LONGEST, [(NEXT_YEAR, 9)], {"next year": 8}),
        # The last day counts, the day after does not.
        (Preference.SOONEST, [(PAST, 9), (TODAY_LAST, 9)], {"today last": 8}),
        # What has no limit is the last resort.
        (Preference.LONGEST, [(REPORTED, 0), (THIS_YEAR, 5)], {"this year": 5, "reported": 3}),
        (LONG.id, [(FOREVER, 9), (LONG, 9)], {"long": 8}),
        (NEXT_YEAR.id, [(FOREVER, 9), (NEXT_YEAR, 9)], {"next year": 8}),
    ],
)
def test_eight_are_drawn_by_preference(
    term: TermChoice, stock: list[tuple[Lot, int]], expected: dict[str, int]
) -> None:
    assert chosen(8, *stock, term=term) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, {}),
        (4, {"long": 4}),
        # Lowered: what is kept longest stays, the least preferred goes first.
        (6, {"long": 5, "this year": 1}),
        (8, {"long": 5, "this year": 3}),
        # Raised: what is held anyway before what is available, even of a better lot.
        (9, {"long": 5, "this year": 4}),
        (12, {"long": 5, "this year": 5, "forever": 2}),
    ],
)
def test_what_a_reservation_takes_stays_where_it_is(count: int, expected: dict[str, int]) -> None:
    position = Position(
        taken={LONG.id: 5, THIS_YEAR.id: 3}, held={LONG.id: Held(5, 0), THIS_YEAR.id: Held(3, 2)}
    )
    stock = [(FOREVER, 9), (LONG, 0), (THIS_YEAR, 0)]
    assert chosen(count, *stock, position=position) == expected


def test_naming_a_lot_moves_an_entitlement_there() -> None:
    position = Position(taken={LONG.id: 5}, held={LONG.id: Held(5, 0)})
    assert chosen(5, (FOREVER, 9), (LONG, 0), term=FOREVER.id, position=position) == {"forever": 5}


@pytest.mark.parametrize(
    ("term", "stock", "possible"),
    [
        (Preference.LONGEST, [(THIS_YEAR, 5), (LONG, 2)], "can give 7"),
        (Preference.LONGEST, [(PAST, 100)], "has no usable licence of ROUTE"),
        (Preference.LONGEST, [], "has no usable licence of ROUTE"),
        (LONG.id, [(FOREVER, 100), (LONG, 2)], "can give 2"),
    ],
)
def test_too_few_are_refused_with_what_there_is(
    term: TermChoice, stock: list[tuple[Lot, int]], possible: str
) -> None:
    with pytest.raises(InsufficientError, match=possible):
        chosen(8, *stock, term=term)


def test_a_shortfall_blocks_what_is_available() -> None:
    stock = [Stock(LONG, available=3, shortfall=1)]
    choice = {"ROUTE": 3}
    with pytest.raises(InsufficientError, match="more of it is reserved than was bought"):
        choose(choice, stock, Position(), term=Preference.LONGEST, today=TODAY, virtual_account="DEFAULT")
    held = Position(taken={LONG.id: 3}, held={LONG.id: Held(3)})
    found = choose(choice, stock, held, term=Preference.LONGEST, today=TODAY, virtual_account="DEFAULT")
    assert found == {LONG.id: 3}


@pytest.mark.parametrize("count", [-1, MAX_COUNT + 1])
def test_counts_that_no_code_can_carry_are_refused(count: int) -> None:
    with pytest.raises(RuleError, match="is not possible"):
        chosen(count, (REPORTED, 0))


@pytest.mark.parametrize("stock", [[(FOREVER, 9)], [(FOREVER, 9), (PAST, 9)]])
def test_a_named_lot_must_be_usable_for_what_is_wanted(stock: list[tuple[Lot, int]]) -> None:
    with pytest.raises(RuleError, match="none of the wanted entitlements"):
        chosen(1, *stock, term=PAST.id)


STOCK = st.lists(
    st.sampled_from((FOREVER, THIS_YEAR, LONG, NEXT_YEAR, PAST)), unique=True, max_size=5
).flatmap(lambda lots: st.tuples(*(st.tuples(st.just(one), st.integers(0, 9)) for one in lots)))
POSITION = st.dictionaries(st.sampled_from((FOREVER.id, LONG.id)), st.integers(1, 5)).flatmap(
    lambda taken: st.builds(
        lambda more: Position(taken, {one: Held(0, count + more) for one, count in taken.items()}),
        st.integers(0, 3),
    )
)


@given(st.integers(1, 30), STOCK, POSITION, st.sampled_from((Preference.LONGEST, Preference.SOONEST)))
def test_a_choice_is_complete_and_never_more_than_there_is(
    count: int, stock: tuple[tuple[Lot, int], ...], position: Position, term: Preference
) -> None:
    usable = {one.id: available for one, available in stock if not one.ended(TODAY)}
    possible = sum(
        available + position.held.get(lot_id, Held()).total for lot_id, available in usable.items()
    )
    try:
        found = chosen(count, *stock, term=term, position=position)
    except InsufficientError:
        assert possible < count
        return
    assert sum(found.values()) == count
    for name, taken in found.items():
        lot_id = name.encode()
        assert 0 < taken <= usable[lot_id] + position.held.get(lot_id, Held()).total


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (FOREVER, "ROUTE, perpetual"),
        (THIS_YEAR, "ROUTE, 2026-01-01 to 2026-12-31"),
        (
            lot("both", export_controlled=True, reporting_only=True),
            "ROUTE, perpetual, export-controlled, reporting only",
        ),
    ],
)
def test_a_lot_is_told_apart_in_words(one: Lot, words: str) -> None:
    assert describe(one) == words
