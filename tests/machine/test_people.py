"""Whoever acts, in whatever role, given and taken in whatever order: who may do what is what a model says."""

import itertools
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from reservation import agreements, decisions, people
from reservation.errors import ConstraintBrokenError
from reservation.events import Stamp
from reservation.roles import TABLE, Grant, Reach, Rights, Verb
from reservation.service import deciding
from reservation.service import people as service_people
from reservation.sql.people import PeopleReading
from tests import server
from tests.machine.crew import (
    ADMINISTRATOR,
    BEING_HERE,
    BOOKS,
    DUTIES,
    LOCAL_USER,
    ROLES,
    SEEING_AGREEMENTS,
    SEEING_PEOPLE,
    USER,
)
from tests.machine.founding import peopled, peopled_on, template_on
from tests.machine.machine import COUNTS, DEVICE, Life, search
from tests.machine.people import HOME, NAMES, Peopled
from tests.machine.trouble import OTHER_PLACE, Troubled
from tests.machine.trouble import PLACES as ALL
from tests.machine.world import TAGS

STEPS = 40
SETTINGS = settings(
    max_examples=5,
    stateful_step_count=STEPS,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
OFFICE = settings(SETTINGS, max_examples=10, stateful_step_count=24, derandomize=True, database=None)
LEAST = 1
SERVED, SOAKED = 2, 400
NEWCOMER = "joe"

_NAME = st.sampled_from(NAMES)
#: Often somebody who may do much: life would stand still else.
_ACTOR = st.one_of(st.sampled_from(("kim", "alex")), _NAME)
_SHIFT = st.lists(_ACTOR, min_size=1, max_size=3).map(tuple)
_PLACES = st.sampled_from(((HOME,), (OTHER_PLACE,), ALL))
_ROLE = st.sampled_from(ROLES)
_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("hire", "give", "give", "take", "take", "dismiss")), _NAME, _ROLE, _PLACES, _ACTOR
    ),
    min_size=1,
    max_size=5,
)
_JOB = st.tuples(_NAME, _ROLE, _PLACES)
_AGREEING = st.lists(
    st.tuples(st.sampled_from(("add", "accept", "stale", "require", "free", "yard")), _ACTOR),
    min_size=1,
    max_size=4,
)


class Staffed(Life):
    """A life with people; it counts what was done, and what was refused."""

    world: Peopled
    make = staticmethod(peopled)
    done: ClassVar[Counter[str]] = Counter()

    @rule(shift=_SHIFT, desk=st.sampled_from(ALL))
    def hand_over(self, shift: tuple[str, ...], desk: str) -> None:
        """Let others act, at another desk."""
        self.world.hand_over(shift, desk)

    @rule(changes=_CHANGES)
    def manage(self, changes: list[tuple[str, str, str, tuple[str, ...], str]]) -> None:
        """Add and remove people, give and take roles."""
        for what, name, role, places, actor in changes:
            with self.world.acting(actor):
                if what == "dismiss":
                    self.world.dismiss(name)
                else:
                    getattr(self.world, what)(name, role, places)
            self.world.check_crew()

    @rule(
        device=DEVICE,
        what=st.sampled_from(("rehost", "rehost", "write-off", "release")),
        replacement=st.one_of(DEVICE, st.none()),
        first=_JOB,
        second=st.one_of(_JOB, st.none()),
        between=st.sampled_from(("nothing", "nothing", "strip", "dismiss", "again", "transfer")),
        approved=st.sampled_from((True, True, False)),
        elsewhere=st.booleans(),
    )
    def decide_between(
        self,
        device: int,
        what: str,
        replacement: int | None,
        first: tuple[str, str, tuple[str, ...]],
        second: tuple[str, str, tuple[str, ...]] | None,
        between: str,
        approved: bool,
        elsewhere: bool,
    ) -> None:
        """Let one propose and another decide, or the same one; and much can happen in between."""
        world = self.world
        with world.acting(*world.crew.administrators()):
            self._prepare(device, what, replacement)
            world.recruit(*first)
            if second is not None:
                world.recruit(*second)
        with world.acting(first[0]):
            world.propose(device, what, replacement, {})
        with world.acting(world.crew.administrators()[-1]):
            self._intervene(device, first[0], between)
        with world.acting(second[0] if second else first[0]):
            world.decide(device, approved=approved)
        if replacement is not None and elsewhere:
            with world.acting(world.crew.administrators()[-1]):
                world.transfer(replacement, OTHER_PLACE)
            with world.acting(second[0] if second else first[0]):
                world.decide(device, approved=approved)

    def _prepare(self, device: int, what: str, replacement: int | None) -> None:
        self.world.equip(device, {TAGS[0]: 1})
        if what == "release":
            self.world.return_in_doubt(device)
        elif what == "write-off":
            self.world.give_up(device)
        elif replacement is not None and replacement != device:
            self.world.make_vacant(replacement)

    def _intervene(self, device: int, proposer: str, between: str) -> None:
        if between == "strip":
            self.world.strip(proposer)
        elif between == "dismiss":
            self.world.dismiss(proposer)
        elif between == "again":
            self.world.strip(proposer)
            self.world.give(proposer, USER, ())
        elif between == "transfer":
            self.world.transfer(device, OTHER_PLACE)

    @rule(changes=_AGREEING, name=st.sampled_from(("Terms", "Export")), device=DEVICE, counts=COUNTS)
    def agree(self, changes: list[tuple[str, str]], name: str, device: int, counts: dict[str, int]) -> None:
        """Add agreements and accept them, require them or not, and go on; add a Virtual Account."""
        for what, actor in changes:
            with self.world.acting(actor):
                self._agree(what, name)
        with self.world.acting(*self.world.crew.administrators()):
            for _ in range(2):
                self.world.go_on(device, counts, "longest")

    def _agree(self, what: str, name: str) -> None:
        if what == "add":
            self.world.add_terms(name)
        elif what in {"accept", "stale"}:
            self.world.accept_terms(name, stale=what == "stale")
        elif what == "yard":
            self.world.open_or_close_yard()
        else:
            self.world.require_agreements(required=what == "require")

    @rule(
        place=st.sampled_from(ALL),
        near=st.booleans(),
        device=DEVICE,
        counts=COUNTS,
    )
    def try_everything(self, place: str, near: bool, device: int, counts: dict[str, int]) -> None:
        """Let somebody who has one role and no other try everything that there is to do."""
        for role in ROLES:
            self._try_everything(role, place, near, device, counts)
        self._decide_alone(device)

    def _decide_alone(self, device: int) -> None:
        """Let one person propose and approve, and lose their roles before another one approves."""
        world = self.world
        boss = world.crew.administrators()[0]
        with world.acting(boss):
            world.equip(device, {TAGS[0]: 1})
            world.recruit(NEWCOMER, ADMINISTRATOR, ())
        with world.acting(NEWCOMER):
            world.propose(device, "rehost", None, {})
            world.decide(device, approved=True)
        with world.acting(boss):
            world.strip(NEWCOMER)
        with world.acting(NEWCOMER):
            world.decide(device, approved=False)
        with world.acting(boss):
            world.decide(device, approved=True)
            world.decide(device, approved=False)

    def _try_everything(self, role: str, place: str, near: bool, device: int, counts: dict[str, int]) -> None:
        world = self.world
        with world.acting(world.crew.administrators()[-1]):
            world.equip(device, {TAGS[0]: 1})
            if near:
                world.transfer(device, place)
            world.propose(device, "rehost", None, {})
            if NEWCOMER in world.crew.held:
                world.dismiss(NEWCOMER)
            world.hire(NEWCOMER, role, (place,))
            world.require_agreements(required=near)
            world.add_terms("Terms")
        with world.acting(NEWCOMER):
            world.decide(device, approved=True)
            world.propose(device, "rehost", None, {})
            for act in (world.sweep, world.open_or_close_yard, partial(world.choose_terms, None, None)):
                act()
            world.add(TAGS[0], 1, None)
            world.go_on(device, counts, "longest")
            for name in ("Terms", "Export"):
                world.add_terms(name)
                world.accept_terms(name, stale=True)
                world.accept_terms(name)
            world.go_on(device, counts, "longest")
            for where in ALL:
                world.hire("eve", LOCAL_USER, (where,))
                world.dismiss("eve")
            world.look_around((NEWCOMER,))
        with world.acting(world.crew.administrators()[-1]):
            world.require_agreements(required=False)

    @rule(name=_NAME)
    def leave_one(self, name: str) -> None:
        """Let one administrator send the others away, try to go too, and make somebody else one."""
        world = self.world
        first, *others = world.crew.administrators()
        with world.acting(first):
            for other in others:
                world.dismiss(other)
            world.take(first, ADMINISTRATOR, ())
            world.dismiss(first)
            world.recruit(name, ADMINISTRATOR, ())
            world.recruit("alex", ADMINISTRATOR, ())

    @rule(names=st.sets(_NAME, min_size=2, max_size=4))
    def look_around(self, names: set[str]) -> None:
        """Let some look at everything."""
        self.world.look_around(sorted(names))

    def teardown(self) -> None:
        """Keep what was done."""
        self.done.update(self.world.done)
        super().teardown()


#: What an office leaves to others: most of what happens to devices.
BESIDE = (
    "carry", "carry_astray", "decide", "disturb", "forget", "mistype", "move", "request", "restart", "terms",
    "update_twice",
)  # fmt: skip


def office() -> type[Staffed]:
    """Return a life in which people are met all the time; it counts apart."""
    return type("Office", (Staffed,), {**dict.fromkeys(BESIDE), "done": Counter()})


#: What happens at least a few times in a search: a step that hardly ever happens proves nothing.
DONE = (
    "accept agreement", "accept agreement: refused", "accept agreement: unknown-name", "add agreement",
    "add user", "add user: name-taken", "add Virtual Account", "an agreement waits", "approve",
    "approve: changed-since", "approve: same-person", "denied accept", "denied add", "denied approve",
    "denied grant", "denied policy", "denied propose rehost", "denied reject", "denied remove user",
    "denied reserve", "denied revoke", "grant", "looked", "may not look", "propose rehost", "reject",
    "remove user", "remove Virtual Account", "reserve", "revoke", "transfer device", "update",
    "revoke: last-administrator", "remove user: last-administrator",
)  # fmt: skip
#: What all steps are that somebody takes; who only looks is counted apart.
STEPPING = set(DUTIES) - {SEEING_PEOPLE, SEEING_AGREEMENTS, BEING_HERE, BOOKS}


def expected() -> set[str]:
    """Return what must happen at least once: each role has each duty, or is refused it, or both."""
    found = set()
    for role, duty in itertools.product(ROLES, STEPPING):
        everywhere, local = DUTIES[duty]
        if role in everywhere | local:
            found.add(f"{role}: {duty}: done")
        if role not in everywhere:
            found.add(f"{role}: {duty}: refused")
    return found


def rare(done: Counter[str]) -> dict[str, int]:
    """Return what hardly ever happened."""
    return {what: done[what] for what in {*DONE, *expected()} if done[what] < LEAST}


def test_whoever_acts_may_do_what_the_model_says_and_nothing_else() -> None:
    Staffed.done.clear()
    run_state_machine_as_test(Staffed, settings=SETTINGS)
    assert Staffed.done["looked"]


def test_every_role_has_every_duty_or_is_refused_it() -> None:
    life = office()
    # Always the same lives: whether something happens in them is no matter of luck.
    run_state_machine_as_test(
        life,
        settings=OFFICE,
    )
    assert not rare(life.done)


@pytest.mark.soak
def test_whoever_acts_in_many_more_lives() -> None:
    run_state_machine_as_test(Staffed, settings=settings(SETTINGS, max_examples=SOAKED))


def test_whoever_acts_may_do_the_same_on_a_server(postgres: server.Server) -> None:
    _serve(postgres, SERVED)


@pytest.mark.soak
def test_whoever_acts_in_many_more_lives_on_a_server(postgres: server.Server) -> None:
    _serve(postgres, SOAKED // 4)


def _serve(postgres: server.Server, runs: int) -> None:
    template = f"template_people_{runs}"
    template_on(postgres, template)
    numbers = itertools.count()

    def make(folder: Path) -> Troubled:
        return peopled_on(folder, postgres.create(f"people_{runs}_{next(numbers)}", template))

    served = type("Served", (Staffed,), {"make": staticmethod(make), "done": Counter()})
    run_state_machine_as_test(served, settings=settings(SETTINGS, max_examples=runs))
    assert next(numbers) >= runs


# --- every rule is needed --------------------------------------------------------------------------

honest_grants = PeopleReading.grants_of
honest_stamp = Stamp.of.__func__  # type: ignore[attr-defined]


def anywhere(_rights: Rights, _virtual_account_id: bytes) -> bool:
    """Let whoever may do it in one Virtual Account do it in all of them."""
    return True


def ever_held() -> Callable[[PeopleReading, str], tuple[Grant, ...]]:
    """Return how somebody forgets nothing: whatever a user ever held, they hold."""
    known: dict[tuple[int, str], dict[Grant, None]] = {}

    def grants(books: PeopleReading, user: str) -> tuple[Grant, ...]:
        held = known.setdefault((id(books.connection), user), {})
        held |= dict.fromkeys(honest_grants(books, user))
        return tuple(held)

    return grants


def by_kim(cls: type[Stamp], /, at: Any, _actor: str, randomness: bytes, **rest: Any) -> Stamp:
    """Let everything be by the one who founded the portal."""
    return cast("Stamp", honest_stamp(cls, at, "kim", randomness, **rest))


def allow(*_: object, **__: object) -> None:
    """Refuse nothing."""


def covers_all(_rights: Rights, _grant: Grant) -> bool:
    """Let whoever manages people give and take every role."""
    return True


def approvers_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an approver reserve."""
    for verb in (Verb.READ_CODE, Verb.RESERVE):
        monkeypatch.setitem(TABLE, verb, TABLE[verb]._replace(approver=Reach.EVERYWHERE))


def users_add_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a user add Virtual Accounts."""
    verb = Verb.ADD_VIRTUAL_ACCOUNT
    monkeypatch.setitem(TABLE, verb, TABLE[verb]._replace(user=Reach.EVERYWHERE))


def setting(where: object, name: str, mutant: object) -> Callable[[pytest.MonkeyPatch], None]:
    """Return what replaces a rule by another one."""
    return lambda monkeypatch: monkeypatch.setattr(where, name, mutant)


#: Each mutant: how it is planted, how the world notices, and a search in which it does so soon. The number
#: saves time and nothing else: every search finds each of them, sooner or later.
MUTANTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, int]] = {
    "a Virtual Account's people act in every one": (
        setting(Rights, "covers", anywhere),
        "must be refused as not-permitted|is shown other",
        1,
    ),
    "a role that was taken still counts": (
        setting(PeopleReading, "grants_of", ever_held()),
        "must be refused as|must come out as|must be ",
        1,
    ),
    "an approver reserves": (approvers_reserve, "reserve by .* must be refused as not-permitted", 10),
    "a user adds Virtual Accounts": (users_add_places, "add Virtual Account by .* must be refused", 3),
    "one person proposes and approves": (
        setting(decisions, "require_second_person", allow),
        "must come out as same-person|two_persons",
        2,
    ),
    "nobody asks whether the first person still may": (
        setting(deciding, "_require_first_person", allow),
        "must come out as changed-since",
        5,
    ),
    "events name somebody else": (
        setting(Stamp, "of", classmethod(by_kim)),
        "stands in the events as by kim|roles in the books alone",
        1,
    ),
    "a Virtual Account administrator gives every role": (
        setting(service_people, "_covers", covers_all),
        "must be refused as not-permitted|is shown other",
        1,
    ),
    "the last administrator goes": (
        setting(people, "require_administrator_left", allow),
        "must come out as last-administrator|break the books",
        1,
    ),
    "an agreement that waits holds nothing up": (
        setting(agreements, "require_accepted", allow),
        "issued while an agreement waits",
        3,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_taking_a_rule_of_people_out_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, notice, first = MUTANTS[name]
    plant(monkeypatch)
    with pytest.raises((AssertionError, ConstraintBrokenError), match=notice):
        search(office(), STEPS, first=first)
