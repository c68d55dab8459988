"""What one person may propose and a second one approve: the borders of the rules, and what is recorded."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reservation import decisions, limits
from reservation.errors import (
    ChangedSinceError,
    NothingPendingError,
    RehostQuotaError,
    RuleError,
    SamePersonError,
    WrongStateError,
)
from reservation.ledger import Account
from reservation.model import (
    DEFAULT_POLICY,
    Decision,
    DecisionKind,
    EventKind,
    Exposure,
    FailureEvidence,
    Held,
    Kept,
    Outcome,
    Stamp,
    State,
)
from reservation.standing import Changes, Standing
from tests.reservation.portal.appliance import START
from tests.reservation.portal.values import (
    DATED,
    DAY,
    FIRST,
    LOTS,
    PERPETUAL,
    SECOND,
    STAMP,
    decision,
    reservation,
    standing,
)


@pytest.mark.parametrize("reason", ["", "  ", "a\tb", "x" * (decisions.LONGEST_REASON + 1)])
def test_a_reason_may_be_short_or_long_but_can_be_read(reason: str) -> None:
    for good in ("x", "x" * decisions.LONGEST_REASON):
        decisions.require_reason(good)
    with pytest.raises(RuleError):
        decisions.require_reason(reason)


BORDERS = [
    ("margin_days", 0, limits.LONGEST_MARGIN),
    ("rehost_percent", 0, 100),
    ("rehost_minimum", 0, decisions.MOST_REHOSTS),
    ("in_doubt_days", 1, limits.LONGEST_MARGIN),
    ("quota_near_percent", 1, 100),
]


@pytest.mark.parametrize(("name", "least", "most"), BORDERS)
def test_a_policy_stays_within_its_borders(name: str, least: int, most: int) -> None:
    for value in (least, most):
        decisions.require_policy(replace(DEFAULT_POLICY, **{name: value}))  # type: ignore[arg-type]
    for value in (least - 1, most + 1):
        with pytest.raises(RuleError):
            decisions.require_policy(replace(DEFAULT_POLICY, **{name: value}))  # type: ignore[arg-type]


def test_a_quota_that_is_used_up_says_when_the_next_is_free() -> None:
    policy = replace(DEFAULT_POLICY, rehost_percent=0, rehost_minimum=2)
    earlier = tuple(START - days * DAY for days in (300, 200, 100))
    decisions.require_quota(policy, 1, earlier[:1], STAMP)
    with pytest.raises(RehostQuotaError, match=f"free on {START + 165 * DAY:%Y-%m-%d}"):
        decisions.require_quota(policy, 1, earlier, STAMP)
    with pytest.raises(RehostQuotaError, match=r"allows 0\.$"):
        decisions.require_quota(replace(policy, rehost_minimum=0), 1, earlier, STAMP)


OTHER_WISHES: dict[str, object] = {
    "kind": DecisionKind.RELEASE,
    "reason": "drowned",
    "evidence": FailureEvidence.NONE,
    "replacement": None,
    "lines": {"ROUTE": 3},
    "proposed_by": "ben",
}


@pytest.mark.parametrize("name", OTHER_WISHES)
def test_a_proposal_that_differs_anywhere_is_another_one(name: str) -> None:
    assert decisions.is_same_proposal(decision(), decision(id=b"e" * 16, proposed_at=START + DAY))
    assert not decisions.is_same_proposal(decision(), decision(**{name: OTHER_WISHES[name]}))


def test_whoever_proposed_cannot_approve_in_other_letters() -> None:
    with pytest.raises(SamePersonError):
        decisions.require_second_person(decision(), STAMP)
    decisions.require_second_person(decision(proposed_by="anne"), STAMP)


def test_what_was_decided_waits_no_more() -> None:
    assert decisions.require_pending(decision(), reservation()) == decision()
    for gone in (None, decision(outcome=Outcome.REJECTED)):
        with pytest.raises(NothingPendingError):
            decisions.require_pending(gone, reservation())


def test_only_what_was_proposed_is_approved() -> None:
    decisions.require_unchanged(decision(), reservation(), b"d" * 16)
    for newest in (None, b"e" * 16):
        with pytest.raises(ChangedSinceError):
            decisions.require_unchanged(decision(), reservation(), newest)


@pytest.mark.parametrize("state", list(State))
def test_what_can_be_rehosted_and_written_off_follows_from_the_state(state: State) -> None:
    for held in ({}, {FIRST: Held(failed=1)}):
        one = standing(reservation(state=state), held=held)
        for has_replacement in (False, True):
            good = state.is_open or (state is State.FAILED and has_replacement and bool(held))
            if good:
                decisions.require_rehostable(one, has_replacement=has_replacement)
            else:
                with pytest.raises(WrongStateError):
                    decisions.require_rehostable(one, has_replacement=has_replacement)
        if state is State.FAILED and held:
            decisions.require_write_off(one)
        else:
            with pytest.raises(WrongStateError):
                decisions.require_write_off(one)


def test_what_is_proposed_is_in_its_event() -> None:
    bare = decision(kind=DecisionKind.RELEASE, evidence=None, replacement=None, lines={})
    assert decisions.propose(standing(), decision(), STAMP).event.detail == {
        "decision": (b"d" * 16).hex(),
        "reason": "burnt",
        "evidence": "hardware",
        "replacement": (b"n" * 32).hex(),
        "lines": {"ROUTE": 4},
    }
    assert decisions.propose(standing(), bare, STAMP).event.detail == {
        "decision": (b"d" * 16).hex(),
        "reason": "burnt",
    }


def test_a_rehost_gives_the_replacement_what_there_was_and_keeps_the_surplus_as_failed() -> None:
    before = standing(held={SECOND: Held(0, 2), FIRST: Held(0, 4)})
    done = decisions.give_up(before, decision(), STAMP, taken={FIRST: 3, SECOND: 2}, lots=LOTS)
    assert done.held == {FIRST: Held(failed=1)}
    assert done.exposures == (Exposure(FIRST, 3, done.event.id), Exposure(SECOND, 2, done.event.id))
    assert done.event.detail == {
        "decision": (b"d" * 16).hex(),
        "reason": "burnt",
        "proposed_by": "Ann",
        "authenticated": False,
        "exposed": {FIRST.hex(): 3, SECOND.hex(): 2},
        "replacement": (b"n" * 32).hex(),
    }
    moves = [(one.lot_id, one.count, one.source, one.target) for one in done.movements]
    assert moves == [(FIRST, 1, Account.IN_DOUBT, Account.FAILED)]
    assert done.reservation is not None
    assert (done.reservation.state, done.reservation.closed_at) == (State.FAILED, START)
    assert done.decided is not None
    assert done.decided.outcome is Outcome.APPROVED
    assert (done.decided.decided_at, done.decided.decided_by, done.decided.decided_with) == (
        START, "ann", done.event.id,
    )  # fmt: skip


def test_a_device_that_was_given_up_stays_closed_since_then() -> None:
    failed = standing(reservation(state=State.FAILED, closed_at=START - DAY, changed_at=START - DAY))
    done = decisions.give_up(failed, decision(), STAMP, taken={FIRST: 1}, lots=LOTS)
    assert done.reservation is not None
    assert (done.reservation.closed_at, done.reservation.changed_at) == (START - DAY, START)
    assert done.reservation.unconfirmed_since is None


def test_a_rejection_names_the_decision_and_ends_it() -> None:
    done = decisions.reject(standing(), decision(), STAMP)
    assert done.event.kind is EventKind.REJECTED
    assert done.event.detail == {"decision": (b"d" * 16).hex(), "kind": "rehost"}
    assert done.decided is not None
    assert (done.decided.outcome, done.decided.decided_with) == (Outcome.REJECTED, done.event.id)
    assert (done.reservation, done.held, done.movements) == (None, None, ())


def test_what_is_only_reported_is_neither_exposed_nor_failed() -> None:
    lots = {FIRST: replace(PERPETUAL, reporting_only=True), SECOND: DATED}
    done = decisions.give_up(standing(), decision(), STAMP, taken={FIRST: 4, SECOND: 1}, lots=lots)
    assert done.held == {SECOND: Held(failed=1)}
    assert [(one.lot_id, one.count) for one in done.exposures] == [(SECOND, 1)]


@pytest.mark.parametrize(
    ("close", "state", "held"),
    [
        (decisions.write_off, State.WRITTEN_OFF, {FIRST: Held(written_off=3)}),
        (decisions.release, State.RETURNED, {}),
    ],
)
def test_what_a_second_person_closes_waits_for_nothing_more(
    close: Callable[[Standing, Decision, Stamp], Changes], state: State, held: dict[bytes, Held]
) -> None:
    open_state = State.FAILED if state is State.WRITTEN_OFF else state
    old = reservation(
        state=open_state, kept=Kept.HARDWARE_MISMATCH, changed_at=START - DAY, unconfirmed_since=START - DAY
    )
    done = close(standing(old, held={FIRST: Held(failed=3)}), decision(), STAMP)
    assert done.reservation == replace(old, state=state, kept=None, changed_at=START, unconfirmed_since=None)
    assert (done.held, done.clears) == (held, state is State.RETURNED)
    assert done.decided is not None
    assert done.decided.outcome is Outcome.APPROVED


def test_whoever_lost_the_role_is_named_in_the_refusal() -> None:
    refusal = decisions.refuse_former(reservation(), decision())
    assert "Ann proposed this rehost" in refusal.message
