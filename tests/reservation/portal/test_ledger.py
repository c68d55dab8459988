"""The arithmetic of the books: the hold rule, its postings, and ends of lots."""

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reservation import ledger
from reservation.ledger import ASSETS, BALANCED, SOURCES, Account, Balance, Movement
from reservation.model import Held, Lot, Sequence, Term

LOT, OTHER, PLACE, ELSEWHERE = b"lot.....", b"other...", b"place...", b"elsewhr."
PERPETUAL = Lot(LOT, "ROUTE")
TERM = Lot(LOT, "ROUTE", Term(date(2026, 1, 1), date(2026, 6, 30)))


def issued(*counts: int) -> dict[Sequence, dict[bytes, int]]:
    """Authorizations 1, 2, 3 … that take these counts of one lot."""
    return {
        Sequence(0, number): {LOT: count} if count else {} for number, count in enumerate(counts, start=1)
    }


@pytest.mark.parametrize(
    ("counts", "confirmed", "reserved", "in_doubt"),
    [
        # authorizations in order, highest confirmed, what is reserved, what is in doubt
        ((), 0, 0, 0),
        ((10,), 0, 0, 10),
        ((10,), 1, 10, 0),
        ((10, 5), 0, 0, 10),
        ((10, 5), 1, 5, 5),
        ((10, 5), 2, 5, 0),
        # The case that pairwise and newest-only rules get wrong: the device may still run the first.
        ((10, 5, 3), 1, 3, 7),
        ((10, 5, 3), 2, 3, 2),
        ((10, 5, 3), 3, 3, 0),
        ((3, 5, 10), 1, 3, 7),
        ((3, 5, 10), 3, 10, 0),
        ((5, 10, 2, 8), 1, 2, 8),
        ((5, 10, 2, 8), 3, 2, 6),
        # Dropped, and taken again.
        ((10, 0), 1, 0, 10),
        ((10, 0), 2, 0, 0),
        ((10, 0, 4), 2, 0, 4),
        ((10, 0, 4), 3, 4, 0),
    ],
)
def test_the_hold_covers_every_authorization_that_may_be_in_force(
    counts: tuple[int, ...], confirmed: int, reserved: int, in_doubt: int
) -> None:
    held = ledger.hold(issued(*counts), Sequence(0, confirmed) if confirmed else None)
    assert held.get(LOT, Held()) == Held(reserved, in_doubt)


def test_a_change_of_lots_holds_both_until_it_is_confirmed() -> None:
    allocations = {Sequence(0, 1): {LOT: 4}, Sequence(0, 2): {OTHER: 4}}
    assert ledger.hold(allocations, Sequence(0, 1)) == {LOT: Held(0, 4), OTHER: Held(0, 4)}
    assert ledger.hold(allocations, Sequence(0, 2)) == {OTHER: Held(4, 0)}


def test_a_later_epoch_comes_after_every_number_of_an_earlier_one() -> None:
    allocations = {Sequence(0, 7): {LOT: 9}, Sequence(1, 8): {LOT: 2}}
    assert ledger.hold(allocations, Sequence(0, 7)) == {LOT: Held(2, 7)}
    assert ledger.hold(allocations, Sequence(1, 8)) == {LOT: Held(2, 0)}


ALLOCATIONS = st.lists(
    st.dictionaries(st.sampled_from((LOT, OTHER)), st.integers(1, 20)), min_size=1, max_size=6
).map(lambda taken: {Sequence(0, number): lots for number, lots in enumerate(taken, start=1)})


@given(ALLOCATIONS, st.integers(0, 6))
def test_no_device_can_run_more_than_is_held(
    allocations: dict[Sequence, dict[bytes, int]], confirmed: int
) -> None:
    confirmed = min(confirmed, len(allocations))
    held = ledger.hold(allocations, Sequence(0, confirmed) if confirmed else None)
    for sequence, lots in allocations.items():
        if sequence.number < confirmed:
            continue  # The device said that it has gone beyond this one.
        for lot, count in lots.items():
            assert count <= held[lot].total
        for lot, one in held.items():
            assert not confirmed or one.reserved <= lots.get(lot, 0)
    assert all(one.total > 0 for one in held.values())


@given(ALLOCATIONS, st.integers(0, 6), st.integers(0, 6))
def test_a_later_confirmation_narrows_the_hold(
    allocations: dict[Sequence, dict[bytes, int]], first: int, second: int
) -> None:
    earlier, later = sorted((min(first, len(allocations)), min(second, len(allocations))))
    before = ledger.hold(allocations, Sequence(0, earlier) if earlier else None)
    after = ledger.hold(allocations, Sequence(0, later) if later else None)
    for lot, one in after.items():
        assert one.total <= before[lot].total
        assert one.reserved >= before[lot].reserved


# --- postings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (Held(0, 0), Held(0, 5), ["5 available → in_doubt"]),
        (Held(0, 5), Held(5, 0), ["5 in_doubt → reserved"]),
        (Held(0, 5), Held(3, 0), ["3 in_doubt → reserved", "2 in_doubt → available"]),
        (Held(5, 0), Held(2, 3), ["3 reserved → in_doubt"]),
        (Held(5, 0), Held(2, 6), ["3 reserved → in_doubt", "3 available → in_doubt"]),
        (Held(5, 2), Held(0, 0), ["2 in_doubt → available", "5 reserved → available"]),
        (Held(4, 4), Held(4, 4), []),
    ],
)
def test_postings_are_the_fewest_movements(before: Held, after: Held, moves: list[str]) -> None:
    found = ledger.postings(PLACE, {LOT: before}, {LOT: after}, {LOT: PERPETUAL})
    assert [f"{one.count} {one.source} → {one.target}" for one in found] == moves


COUNTS = st.integers(0, 9)
HOLDS = st.dictionaries(st.sampled_from((LOT, OTHER)), st.builds(Held, COUNTS, COUNTS, COUNTS, COUNTS))


@given(HOLDS, HOLDS)
@example({LOT: Held(2, 5)}, {LOT: Held(0, 0, 3)})  # Two accounts give, and two get.
def test_postings_change_each_account_by_just_the_difference(
    before: Mapping[bytes, Held], after: Mapping[bytes, Held]
) -> None:
    lots = {LOT: PERPETUAL, OTHER: Lot(OTHER, "OTHER")}
    changes = ledger.changes_of(ledger.postings(PLACE, before, after, lots))
    for lot in lots:
        old, new = before.get(lot, Held()), after.get(lot, Held())
        made = changes.get((lot, PLACE), {})
        assert made.get(Account.RESERVED, 0) == new.reserved - old.reserved
        assert made.get(Account.IN_DOUBT, 0) == new.in_doubt - old.in_doubt
        assert made.get(Account.FAILED, 0) == new.failed - old.failed
        assert made.get(Account.WRITTEN_OFF, 0) == new.written_off - old.written_off
        assert sum(made.values()) == 0


MANY = [bytes([number]) * 8 for number in range(9, 0, -1)]


def test_movements_come_in_the_order_of_their_lots() -> None:
    lots = {one: Lot(one, "ROUTE") for one in MANY}
    held = {one: Held(1, 0) for one in MANY}
    for moves in (ledger.postings(PLACE, {}, held, lots), ledger.transferring(held, lots, PLACE, ELSEWHERE)):
        assert [move.lot_id for move in moves] == sorted(MANY)


def test_a_lot_whose_end_was_posted_moves_no_more() -> None:
    ended = Lot(LOT, "ROUTE", TERM.term, expired=True)
    assert ledger.postings(PLACE, {LOT: Held(5, 0)}, {}, {LOT: ended}) == ()


def test_reporting_only_licences_are_tallied_outside_the_equation() -> None:
    lot = Lot(LOT, "USAGE", reporting_only=True)
    (taken,) = ledger.postings(PLACE, {}, {LOT: Held(0, 500)}, {LOT: lot})
    assert (taken.count, taken.source, taken.target) == (500, Account.UNMETERED, Account.TALLIED)
    assert ledger.changes_of([taken]) == {(LOT, PLACE): {Account.TALLIED: 500}}
    assert ledger.postings(PLACE, {LOT: Held(0, 5)}, {LOT: Held(5, 0)}, {LOT: lot}) == ()


ACCOUNTS = st.sampled_from((*ASSETS, *SOURCES))


@given(
    st.lists(
        st.tuples(st.integers(1, 50), ACCOUNTS, ACCOUNTS, st.sampled_from((PLACE, ELSEWHERE))).filter(
            lambda one: one[1] is not one[2] and (one[3] == PLACE or {one[1], one[2]} <= set(ASSETS))
        ),
        max_size=8,
    )
)
def test_every_movement_keeps_the_equation_in_each_virtual_account(
    moves: list[tuple[int, Account, Account, bytes]],
) -> None:
    movements = [Movement(LOT, count, source, target, where, PLACE) for count, source, target, where in moves]
    for accounts in ledger.changes_of(movements).values():
        assets = sum(accounts.get(account, 0) for account in ASSETS)
        assert assets == sum(accounts.get(account, 0) for account in SOURCES)


@pytest.mark.parametrize(
    ("count", "source", "target"),
    [(0, Account.AVAILABLE, Account.RESERVED), (-1, Account.AVAILABLE, Account.RESERVED),
     (1, Account.AVAILABLE, Account.AVAILABLE)],
)  # fmt: skip
def test_a_movement_moves_something_somewhere(count: int, source: Account, target: Account) -> None:
    with pytest.raises(ValueError, match="no movement"):
        ledger.within(PLACE, LOT, count, source, target)


def test_a_movement_between_virtual_accounts_may_stay_in_its_account() -> None:
    moved = Movement(LOT, 3, Account.RESERVED, Account.RESERVED, PLACE, ELSEWHERE)
    assert ledger.changes_of([moved]) == {
        (LOT, PLACE): {Account.RESERVED: -3, Account.ENTITLED: -3},
        (LOT, ELSEWHERE): {Account.RESERVED: 3, Account.ENTITLED: 3},
    }


def test_tallies_take_no_entitlement_with_them() -> None:
    moved = Movement(LOT, 3, Account.TALLIED, Account.TALLIED, PLACE, ELSEWHERE)
    assert ledger.changes_of([moved]) == {
        (LOT, PLACE): {Account.TALLIED: -3},
        (LOT, ELSEWHERE): {Account.TALLIED: 3},
    }


def test_what_goes_and_comes_back_is_no_change() -> None:
    there = ledger.within(PLACE, LOT, 3, Account.AVAILABLE, Account.IN_DOUBT)
    back = ledger.within(PLACE, LOT, 3, Account.IN_DOUBT, Account.AVAILABLE)
    onward = ledger.within(PLACE, LOT, 3, Account.IN_DOUBT, Account.RESERVED)
    assert ledger.changes_of([there, back]) == {}
    assert ledger.changes_of([there, onward]) == {(LOT, PLACE): {Account.AVAILABLE: -3, Account.RESERVED: 3}}


@pytest.mark.parametrize(("entitled", "short"), [(0, 5), (4, 1), (5, 0), (6, 0)])
def test_a_shortfall_follows_what_goes_beyond_the_entitlement(entitled: int, short: int) -> None:
    rest = {"available": max(0, entitled - 5), "shortfall": max(0, 5 - entitled)}
    here = balance(PERPETUAL, Held(), reserved=3, in_doubt=2, entitled=entitled, **rest)
    assert here.balanced
    gone = ledger.transferring({LOT: Held(3, 2)}, {LOT: PERPETUAL}, PLACE, ELSEWHERE)
    changes = ledger.changes_of((*gone, *ledger.bringing(here, gone)))
    there = ledger.changed(balance(PERPETUAL), changes[LOT, ELSEWHERE])
    assert (there.counts[Account.ENTITLED], there.counts[Account.SHORTFALL]) == (5 - short, short)
    assert ledger.changed(here, changes[LOT, PLACE]).balanced
    assert ledger.changed(here, changes[LOT, PLACE]).counts[Account.SHORTFALL] == 0


def test_of_a_tally_that_was_closed_nothing_goes() -> None:
    closed = Lot(LOT, "USAGE", TERM.term, reporting_only=True, expired=True)
    assert ledger.transferring({LOT: Held(3, 2)}, {LOT: closed}, PLACE, ELSEWHERE) == ()


# --- ends of lots ----------------------------------------------------------------------------------


def balance(lot: Lot, held: Held = Held(), **counts: int) -> Balance:  # noqa: B008
    return Balance(lot, PLACE, {account: counts.get(account.value, 0) for account in BALANCED}, held)


def test_at_its_end_everything_of_a_lot_is_expired_wherever_it_stands() -> None:
    before = balance(
        TERM,
        available=1,
        reserved=2,
        in_doubt=3,
        failed=4,
        written_off=5,
        expired=6,
        entitled=20,
        shortfall=1,
    )
    after = ledger.as_of(before, date(2026, 7, 1))
    assert {account for account, count in after.counts.items() if count} == {
        Account.EXPIRED, Account.ENTITLED, Account.SHORTFALL,
    }  # fmt: skip
    assert after.counts[Account.EXPIRED] == 21
    assert after.balanced


def test_the_last_day_is_included() -> None:
    before = balance(TERM, available=1, entitled=1)
    assert ledger.as_of(before, date(2026, 6, 30)) is before
    assert ledger.as_of(before, date(2026, 7, 1)).counts[Account.EXPIRED] == 1


def test_an_end_that_a_wrong_clock_posted_is_taken_back() -> None:
    ended = Lot(LOT, "ROUTE", TERM.term, expired=True)
    posted = balance(ended, Held(2, 3), expired=10, entitled=10)
    now = ledger.as_of(posted, date(2026, 6, 1))
    assert now.counts == balance(TERM, reserved=2, in_doubt=3, available=5, entitled=10).counts
    assert not now.lot.expired


def test_ends_of_tallies_are_taken_back_too() -> None:
    lot = Lot(LOT, "USAGE", TERM.term, reporting_only=True)
    ended = ledger.as_of(balance(lot, tallied=7), date(2026, 7, 1))
    assert ended.counts == balance(lot).counts
    posted = Balance(ended.lot, PLACE, ended.counts, Held(3, 4))
    assert ledger.as_of(posted, date(2026, 6, 1)).counts == balance(lot, tallied=7).counts
