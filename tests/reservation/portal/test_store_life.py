"""The contract of `reservation.store` for what happens late in a life: decisions, exposures, short stock."""

from dataclasses import replace
from datetime import date

from codec.codes import Term
from reservation.ledger import Account, within
from reservation.model import (
    DEFAULT_POLICY,
    Allocation,
    Decision,
    DecisionKind,
    Exposure,
    FailureEvidence,
    Held,
    Limit,
    Outcome,
    Policy,
    Reservation,
    State,
    VirtualAccount,
)
from reservation.standing import Changes
from reservation.store import Reading, Store
from tests.reservation.portal.appliance import START
from tests.reservation.portal.test_store import LATER, PERPETUAL, event, opening, reservation, stock_up


def decided(of: Reservation) -> tuple[Decision, Decision]:
    """Return a decision that waits since event 2, and as event 3 makes it."""
    waiting = Decision(
        id=event(2, of=of.id).id,
        reservation_id=of.id,
        kind=DecisionKind.REHOST,
        reason="burnt",
        evidence=FailureEvidence.WITNESS,
        replacement=b"r" * 32,
        request_text="QTEXT",
        lines={"ROUTE": 3},
        proposed_at=LATER,
        proposed_by="ann",
    )
    made = replace(
        waiting,
        outcome=Outcome.APPROVED,
        decided_at=LATER,
        decided_by="bob",
        decided_with=event(3, of=of.id).id,
    )
    return waiting, made


def test_decisions_and_exposures(store: Store) -> None:
    place = stock_up(store)
    tram = replace(reservation(place), frees_next=date(2026, 6, 8))
    limit = Limit(Term(date(2026, 3, 2), date(2026, 5, 31)), date(2026, 6, 8))
    opened = replace(opening(tram), allocations=(Allocation(tram.sequence, PERPETUAL.id, 4, limit),))
    waiting, made = decided(tram)
    exposure = Exposure(PERPETUAL.id, 3, event(3, of=tram.id).id)
    gone = replace(tram, state=State.FAILED, closed_at=LATER, frees_next=None)
    store.write(lambda books: books.record(opened))
    store.write(lambda books: books.record(Changes(event(2, of=tram.id), proposal=waiting)))

    def while_it_waits(books: Reading) -> None:
        assert books.pending_decisions() == books.decisions_of(tram.id) == (waiting,)
        assert books.newest_event_of(tram.id) == waiting.id
        assert books.newest_event_of(b"x" * 32) is None
        assert books.replaced_since(START) == ()
        assert books.given_up_with_key(tram.device_key) == ()
        assert books.reservations_to_free(date(2026, 6, 7)) == ()
        assert books.reservations_to_free(date(2026, 6, 8)) == (tram.id,)
        assert books.holding_in(place) == tram.id
        standing = books.standing(tram.id)
        assert standing is not None
        assert standing.limits == {tram.sequence: {PERPETUAL.id: limit}}

    store.read(while_it_waits)
    changes = Changes(
        event(3, of=tram.id),
        reservation=gone,
        held={PERPETUAL.id: Held(failed=1)},
        decided=made,
        exposures=(exposure,),
    )
    store.write(lambda books: books.record(changes))

    def afterwards(books: Reading) -> None:
        assert (books.pending_decisions(), books.decisions_of(tram.id)) == ((), (made,))
        assert books.replaced_since(START) == (LATER,)
        assert books.replaced_since(LATER) == ()
        assert books.given_up_with_key(tram.device_key) == (gone,)
        assert books.reservations_to_free(date(2099, 1, 1)) == ()
        assert books.device_count() == 1
        standing = books.standing(tram.id)
        assert standing is not None
        assert standing.held == {PERPETUAL.id: Held(failed=1)}
        assert standing.exposures == (exposure,)

    store.read(afterwards)
    store.write(lambda books: books.record(Changes(event(4, of=tram.id), clears=True)))
    cleared = store.read(lambda books: books.standing(tram.id))
    assert cleared and cleared.exposures == (replace(exposure, cleared_by=event(4).id),)


def test_a_policy_is_set(store: Store) -> None:
    assert store.read(lambda books: books.policy()) == DEFAULT_POLICY
    for policy in (Policy(5, 6, 7), Policy(0, 1)):
        store.write(lambda books, policy=policy: books.set_policy(policy))  # type: ignore[misc]
        assert store.read(lambda books: books.policy()) == policy


def test_virtual_accounts_are_renamed_and_removed(store: Store) -> None:
    ships = VirtualAccount(b"ships...", "Ships")
    store.write(lambda books: books.add_virtual_account(ships))
    store.write(lambda books: books.rename_virtual_account(ships.id, "Fleet"))
    assert store.read(lambda books: books.virtual_account("Fleet")) == replace(ships, name="Fleet")
    assert store.read(lambda books: books.virtual_account("Ships")) is None
    assert store.read(lambda books: books.holding_in(ships.id)) is None
    store.write(lambda books: books.remove_virtual_account(ships.id))

    def look(books: Reading) -> None:
        removed = VirtualAccount(ships.id, "Fleet", removed=True)
        assert [one.name for one in books.virtual_accounts()] == ["DEFAULT"]
        assert removed in books.every_virtual_account()
        assert books.virtual_account("Fleet") is None
        assert books.virtual_account_by_id(ships.id) == removed

    store.read(look)
    store.write(lambda books: books.add_virtual_account(VirtualAccount(b"fleet...", "Fleet")))


def test_a_shortfall_is_found_when_something_has_come_back(store: Store) -> None:
    place = stock_up(store)
    out = within(place, PERPETUAL.id, 10, Account.AVAILABLE, Account.RESERVED)
    short = within(place, PERPETUAL.id, 4, Account.SHORTFALL, Account.ENTITLED)
    back = within(place, PERPETUAL.id, 1, Account.RESERVED, Account.AVAILABLE)
    store.write(lambda books: books.record(Changes(event(1), movements=(out, short))))
    assert store.read(lambda books: books.balances_short()) == ()
    store.write(lambda books: books.record(Changes(event(2), movements=(back,))))
    (balance,) = store.read(lambda books: books.balances_short())
    assert (balance.counts[Account.AVAILABLE], balance.counts[Account.SHORTFALL]) == (1, 4)
