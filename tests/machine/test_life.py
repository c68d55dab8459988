"""The books balance and devices keep their limits in every interleaving, and every rule is needed for it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from codec.codes import Confirmation, Request, Return
from codec.envelope import VerifiedCode
from codec.short import MatchedShort
from reservation import answers, decisions, ledger, limits, rules
from reservation.device import rules as device_rules
from reservation.device.state import Reservation, State
from reservation.device.verification import Addressed
from reservation.errors import ConstraintBrokenError
from reservation.model import UNIVERSAL_TAG, Decision, Grade, Held, Lot, Policy, Sequence, Stamp, Term
from reservation.rules import Issue
from reservation.service import reserving
from reservation.standing import Changes, Standing
from tests.machine.founding import founded
from tests.machine.machine import Life, search
from tests.machine.searched import live_through
from tests.machine.watch import RESTORED, SLOW
from tests.search import examples

RUNS = 120
STEPS = 50
SETTINGS = settings(
    max_examples=examples(RUNS),
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
#: What every search does at least a few times; a step that hardly ever succeeds proves nothing. (Ends of lots
#: are posted by whatever writes next, so a sweep seldom finds one.)
DONE = (
    "accept", "accept short", "add", "approve", "clock ahead", "clock behind", "clock right", "correct",
    "device confirmation", "device request", "device return", "device short", "hardware", "keep return",
    "policy", "propose rehost", "propose release", "propose write-off", "reissue", "reject", "reserve",
    "restored", "restored an older one", "snapshot", "sweep", "swept lines", "transfer device",
    "transfer licences", "update", RESTORED, SLOW,
)  # fmt: skip
LEAST = 3


class Honest(Life):
    """The rules as they are; it counts what was done, and what nothing could see."""

    make = staticmethod(founded)
    done: ClassVar[Counter[str]] = Counter()

    def teardown(self) -> None:
        self.done.update(self.world.done + self.world.beyond)
        super().teardown()


@pytest.mark.hypothesis
def test_nothing_is_issued_twice_or_lost_in_any_interleaving() -> None:
    Honest.done.clear()
    live_through(Honest, SETTINGS, "any interleaving, SQLite")
    if rare():
        # Chance may switch a step off in nearly all lives of one search: not in those of another one, too.
        run_state_machine_as_test(seed(1)(type("Again", (Honest,), {})), settings=SETTINGS)
    assert not rare()


def rare() -> dict[str, int]:
    """Return what was hardly ever done."""
    return {step: Honest.done[step] for step in DONE if Honest.done[step] < LEAST}


# --- every rule is needed --------------------------------------------------------------------------

honest_hold = ledger.hold
honest_after_return = device_rules.after_return
honest_give_back = answers.give_back
honest_confirm = answers.confirm
honest_confirm_short = answers.confirm_short
honest_open = rules.open_reservation
honest_give_up = decisions.give_up
honest_transferring = ledger.transferring

Taken = Mapping[bytes, int]
Lots = Mapping[bytes, Lot]


def pairwise_hold(allocations: ledger.Allocations, confirmed: Sequence | None) -> dict[bytes, Held]:
    """Hold what the newest authorization and the one before it take, and nothing older."""
    newest = dict(sorted(allocations.items())[-2:])
    return honest_hold(newest, confirmed if confirmed in newest else None)


def newest_hold(allocations: ledger.Allocations, confirmed: Sequence | None) -> dict[bytes, Held]:
    """Hold what the newest authorization takes."""
    newest = max(allocations)
    return honest_hold({newest: allocations[newest]}, newest if confirmed == newest else None)


def return_without_tombstone(
    state: State, reservation: Reservation, code: VerifiedCode[Return], now: datetime
) -> State:
    """Sign the return, and go on as if nothing had been given back."""
    return replace(honest_after_return(state, reservation, code, now), reservations=state.reservations)


def return_counted_each_time(standing: Standing, code: VerifiedCode[Return], stamp: Stamp) -> Changes:
    """Take every return for the first one: give back what the reservation once held."""
    once = replace(standing.reservation, state=standing.reservation.state.ISSUED, closed_at=None)
    newest = standing.allocations[standing.reservation.sequence]
    held = {lot_id: Held(0, count) for lot_id, count in newest.items()}
    changes = honest_give_back(replace(standing, reservation=once, held=held), code, stamp)
    return replace(changes, codes=())


def hold_from_confirmation(allocations: ledger.Allocations, confirmed: Sequence | None) -> dict[bytes, Held]:
    """Hold nothing while no device is known to run it."""
    return honest_hold(allocations, confirmed) if confirmed else {}


def universal_unheld(request: VerifiedCode[Request], issue: Issue, stamp: Stamp, **rest: Any) -> Changes:
    """Hold everything that is reserved, apart from universal entitlements."""
    changes = honest_open(request, issue, stamp, **rest)
    universal = {lot_id for lot_id, lot in issue.lots.items() if lot.tag == UNIVERSAL_TAG}
    held = {lot_id: held for lot_id, held in (changes.held or {}).items() if lot_id not in universal}
    movements = tuple(one for one in changes.movements if one.lot_id not in universal)
    return replace(changes, held=held, movements=movements)


def confirm_in_any_order(standing: Standing, code: VerifiedCode[Confirmation], stamp: Stamp) -> Changes:
    """Take every confirmation of an open reservation for news, older ones too."""
    if standing.reservation.state.is_open:
        standing = replace(standing, reservation=replace(standing.reservation, confirmed=None))
    return honest_confirm(standing, code, stamp)


def short_taken_for_signed(standing: Standing, code: MatchedShort, stamp: Stamp) -> Changes:
    """Record a short confirmation as if it were signed."""
    changes = honest_confirm_short(standing, code, stamp)
    before = changes.reservation
    return replace(changes, reservation=before and replace(before, grade=Grade.SIGNED))


def install_in_any_order(found: Addressed) -> bool:
    """Install every genuine authorization that is not installed, older ones too."""
    installed = found.reservation.installed
    return installed is not None and installed.id == found.code.id


def give_up_for_nothing(
    standing: Standing, decision: Decision, stamp: Stamp, *, taken: Taken, lots: Lots
) -> Changes:
    """Give a replacement what is available, and let all that the failed device held stand as failed."""
    changes = honest_give_up(standing, decision, stamp, taken={}, lots=lots)
    place = standing.reservation.virtual_account_id
    gained = {lot_id: Held(in_doubt=count) for lot_id, count in taken.items()}
    more = ledger.postings(place, {}, gained, lots)
    return replace(changes, movements=(*changes.movements, *more), exposures=())


def give_up_unexposed(standing: Standing, decision: Decision, stamp: Stamp, **rest: Any) -> Changes:
    """Forget what the failed device may still use."""
    return replace(honest_give_up(standing, decision, stamp, **rest), exposures=())


def return_of_everything(standing: Standing, code: VerifiedCode[Return], stamp: Stamp) -> Changes:
    """Free on a late return what the replacement got, too."""
    gone = standing.exposed()
    if not gone or not standing.reservation.state.is_given_up:
        return honest_give_back(standing, code, stamp)
    held = ledger.added(standing.held, {lot_id: Held(failed=count) for lot_id, count in gone.items()})
    return honest_give_back(replace(standing, held=held), code, stamp)


def frees_early(term: Term, policy: Policy, freed_on: date | None) -> date | None:
    """Free a line as soon as its last day begins."""
    return term.end if policy.margin_days is not None else None


def transferring_what_is_certain(
    held: Mapping[bytes, Held], lots: Lots, source_id: bytes, target_id: bytes
) -> tuple[ledger.Movement, ...]:
    """Take to another Virtual Account what is reserved, and nothing else."""
    certain = {lot_id: Held(reserved=one.reserved) for lot_id, one in held.items()}
    return honest_transferring(certain, lots, source_id, target_id)


def allow(*_: object) -> None:
    """Refuse nothing; know nothing."""


#: Each mutant: what is replaced by what, and how the world notices.
MUTANTS: dict[str, tuple[object, str, Callable[..., object], str]] = {
    "the hold of the newest two": (ledger, "hold", pairwise_hold, r"runs \d+ of .* held"),
    "the hold of the newest": (ledger, "hold", newest_hold, r"runs \d+ of .* held"),
    "no tombstone": (device_rules, "after_return", return_without_tombstone, r"runs \d+ of .* held"),
    "returns counted each time": (
        answers,
        "give_back",
        return_counted_each_time,
        "refused a change that would break the books|has no code that it came with",
    ),
    "a hold from the confirmation on": (ledger, "hold", hold_from_confirmation, r"runs \d+ of .* 0 held"),
    "universal reservations are free": (
        rules,
        "open_reservation",
        universal_unheld,
        r"does not hold what its|runs 1 of \('UNIVERSAL'",
    ),
    "confirmations in any order": (
        answers,
        "confirm",
        confirm_in_any_order,
        # The audit sees it first, or the database, when what was let go too early is issued again.
        r"confirmed is \d+\.\d+, and its|CHECK constraint failed: available >= 0",
    ),
    "short confirmations count as signed": (
        answers,
        "confirm_short",
        short_taken_for_signed,
        "its grade is signed, and its codes say otherwise",
    ),
    "installations in any order": (
        device_rules,
        "_require_not_older",
        install_in_any_order,
        r"runs \d+ of .* held",
    ),
    "a second reservation beside an open one": (
        rules,
        "require_no_other",
        allow,
        "refused a change that would break the books",
    ),
    "codes for closed reservations": (
        rules,
        "require_open",
        allow,
        "answered after its return|a closed reservation never opens again",
    ),
    "returns before their request are forgotten": (
        reserving,
        "known_return",
        allow,
        "answered after its return",
    ),
    "a replacement takes nothing from the failed device": (
        decisions,
        "give_up",
        give_up_for_nothing,
        "does not hold what|refused a change that would break the books",
    ),
    "a rehost exposes nothing": (decisions, "give_up", give_up_unexposed, "does not hold what"),
    "a late return frees what the replacement got": (
        answers,
        "give_back",
        return_of_everything,
        "refused a change that would break the books|its movements|reservations make it",
    ),
    "a doubtful return is released by the return": (
        answers,
        "reason_to_keep",
        allow,
        "nobody released it",
    ),
    "lines are free on their last day": (
        limits,
        "_frees_on",
        frees_early,
        r"runs \d+ of .* held|CHECK constraint failed: frees_on",
    ),
    "devices leave what is in doubt behind": (
        ledger,
        "transferring",
        transferring_what_is_certain,
        "reservations make it",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_taking_a_rule_out_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, rule, mutant, notice = MUTANTS[name]
    monkeypatch.setattr(module, rule, mutant)
    machine = type("Mutant", (Life,), {"make": staticmethod(founded)})
    with pytest.raises((AssertionError, ConstraintBrokenError), match=notice):
        search(machine, STEPS)
