"""Whoever acts, in whatever role, given and taken in whatever order: who may do what is what a model says."""

from collections import Counter
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.machine.crew import LOCAL, ROLES
from tests.machine.founding import peopled
from tests.machine.machine import DEVICE, Life
from tests.machine.people import HOME, NAMES, Peopled
from tests.machine.trouble import OTHER_PLACE
from tests.machine.trouble import PLACES as ALL

STEPS = 40
SETTINGS = settings(
    max_examples=24, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
)
LEAST = 3

_NAME = st.sampled_from(NAMES)
_ROLE = st.sampled_from(ROLES)
_PLACES = st.sampled_from(((HOME,), (OTHER_PLACE,), ALL))
#: Often somebody who may do much: life would stand still else.
_SHIFT = st.lists(st.one_of(st.sampled_from(("kim", "alex")), _NAME), min_size=1, max_size=3).map(tuple)
_PEOPLE = st.sampled_from(("hire", "give", "give", "give", "take", "take", "dismiss"))


class Staffed(Life):
    """A life with people; it counts what was done, and what was refused."""

    world: Peopled
    make = staticmethod(peopled)
    done: ClassVar[Counter[str]] = Counter()

    @rule(shift=_SHIFT, desk=st.sampled_from(ALL))
    def hand_over(self, shift: tuple[str, ...], desk: str) -> None:
        """Let others act, at another desk."""
        self.world.hand_over(shift, desk)

    @rule(what=_PEOPLE, name=_NAME, role=_ROLE, places=_PLACES, shift=st.one_of(st.none(), _SHIFT))
    def manage(
        self, what: str, name: str, role: str, places: tuple[str, ...], shift: tuple[str, ...] | None
    ) -> None:
        """Add or remove somebody, give or take a role."""
        before = self.world.shift
        self.world.shift = shift or before
        self._manage(what, name, role, places)
        self.world.shift = before

    def _manage(self, what: str, name: str, role: str, places: tuple[str, ...]) -> None:
        if what == "dismiss":
            self.world.dismiss(name)
        else:
            getattr(self.world, what)(name, role, places)

    @rule(
        device=DEVICE,
        what=st.sampled_from(("rehost", "rehost", "write-off", "release")),
        replacement=st.one_of(DEVICE, st.none()),
        first=_NAME,
        second=_NAME,
        between=st.sampled_from(("nothing", "take", "dismiss", "give", "transfer", "swap")),
        role=_ROLE,
        places=_PLACES,
        approved=st.booleans(),
    )
    def decide_between(
        self,
        device: int,
        what: str,
        replacement: int | None,
        first: str,
        second: str,
        between: str,
        role: str,
        places: tuple[str, ...],
        approved: bool,
    ) -> None:
        """Let one propose and another decide, while the roles of the first one change."""
        world, before = self.world, self.world.shift
        self.as_administrator()
        world.equip(device, {"ROUTE-1G": 1})
        if replacement is not None and replacement != device:
            world.make_vacant(replacement)
        world.shift = (first,)
        world.propose(device, what, replacement, {})
        self.as_administrator()
        if between == "transfer":
            world.transfer(device, OTHER_PLACE)
        elif between == "swap":
            world.give(first, role, places)
            for held, where in sorted(world.crew.held.get(first, ())):
                if (held, where) != (role, places[0]):
                    world.take(first, held, (where,) if held in LOCAL else ())
        elif between != "nothing":
            self._manage(between, first, role, places)
        world.shift, world.decider = (second,), None
        world.decide(device, approved=approved)
        world.shift, world.decider = before, "alex"

    def as_administrator(self) -> None:
        """Let an administrator act."""
        self.world.shift = (self.world.crew.administrators()[-1],)

    @rule(
        what=st.sampled_from(("add", "accept", "accept", "stale", "require", "free", "yard")),
        name=st.sampled_from(("Terms", "Export")),
        shift=st.one_of(st.none(), _SHIFT),
    )
    def agree(self, what: str, name: str, shift: tuple[str, ...] | None) -> None:
        """Add an agreement, accept one, require them or not; add a Virtual Account, or remove it."""
        world, before = self.world, self.world.shift
        world.shift = shift or before
        if what == "add":
            world.add_terms(name)
        elif what in {"accept", "stale"}:
            world.accept_terms(name, stale=what == "stale")
        elif what == "yard":
            world.open_yard()
        else:
            world.require_agreements(required=what == "require")
        world.shift = before

    @rule()
    def look_around(self) -> None:
        """Let everybody look at everything."""
        self.world.look_around()

    def teardown(self) -> None:
        """Keep what was done."""
        self.done.update(self.world.done)
        super().teardown()


def test_whoever_acts_may_do_what_the_model_says_and_nothing_else() -> None:
    Staffed.done.clear()
    run_state_machine_as_test(Staffed, settings=SETTINGS)
    for key, count in sorted(Staffed.done.items()):
        print(f"{count:6} {key}")
