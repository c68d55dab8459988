"""Whoever acts, in whatever role, given and taken in whatever order: who may do what is what a model says."""

from collections import Counter
from functools import partial
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.machine.crew import LOCAL_USER, ROLES, USER
from tests.machine.founding import peopled
from tests.machine.machine import COUNTS, DEVICE, Life
from tests.machine.people import HOME, NAMES, Peopled
from tests.machine.trouble import OTHER_PLACE
from tests.machine.trouble import PLACES as ALL
from tests.machine.world import TAGS

STEPS = 40
SETTINGS = settings(
    max_examples=24,
    stateful_step_count=STEPS,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LEAST = 3
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

    @rule(role=_ROLE, place=st.sampled_from(ALL), device=DEVICE, counts=COUNTS)
    def try_everything(self, role: str, place: str, device: int, counts: dict[str, int]) -> None:
        """Let somebody who has one role and no other try everything that there is to do."""
        world = self.world
        with world.acting(world.crew.administrators()[-1]):
            world.equip(device, {TAGS[0]: 1})
            world.propose(device, "rehost", None, {})
            if NEWCOMER in world.crew.held:
                world.dismiss(NEWCOMER)
            world.hire(NEWCOMER, role, (place,))
        with world.acting(NEWCOMER):
            world.decide(device, approved=sum(counts.values()) % 2 == 0)
            world.propose(device, "rehost", None, {})
            for act in (world.sweep, world.open_or_close_yard, partial(world.choose_terms, None, None)):
                act()
            world.add(TAGS[0], 1, None)
            world.go_on(device, counts, "longest")
            for name in ("Terms", "Export"):
                world.add_terms(name)
                world.accept_terms(name)
            world.hire("eve", LOCAL_USER, (place,))
            world.dismiss("eve")
            world.look_around((NEWCOMER,))

    @rule(names=st.sets(_NAME, min_size=2, max_size=4))
    def look_around(self, names: set[str]) -> None:
        """Let some look at everything."""
        self.world.look_around(sorted(names))

    def teardown(self) -> None:
        """Keep what was done."""
        self.done.update(self.world.done)
        super().teardown()


def test_whoever_acts_may_do_what_the_model_says_and_nothing_else() -> None:
    Staffed.done.clear()
    run_state_machine_as_test(Staffed, settings=SETTINGS)
    for key, count in sorted(Staffed.done.items()):
        print(f"{count:6} {key}")
