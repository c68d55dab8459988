"""The Hypothesis state machine that drives a `World`: which steps there are, and with what.

`go_on` takes the steps that an orderly technician would take next, so that histories get deep. All other
rules are disorder: they pick their codes from everything that was ever shown, so that old codes come late,
twice and in any order. Values are small on purpose: collisions of lots, counts and devices are where books go
wrong.
"""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from codec.codes import Kind, Mode, Term
from reservation.service import Choice
from tests.machine.trouble import PLACES as VIRTUAL_ACCOUNTS
from tests.machine.trouble import Troubled
from tests.machine.watch import DEVICES, START
from tests.machine.world import CHOICES, TAGS, Carried

DEVICE = st.integers(0, len(DEVICES) - 1)
COUNTS = st.dictionaries(st.sampled_from(TAGS), st.integers(0, 9), min_size=1, max_size=2)
_WANTED = st.dictionaries(st.sampled_from(TAGS), st.integers(1, 6), max_size=2)
_LOT = st.sampled_from(("longest", "soonest"))
_TERMS = st.sampled_from(
    (
        None,
        Term(START.date(), START.date() + timedelta(days=40)),
        Term(START.date() + timedelta(days=10), START.date() + timedelta(days=90)),
        Term.of_years(START.date(), 1),
    )
)
#: Where among the codes: often the newest.
_PICK = st.one_of(st.just(1.0), st.floats(0, 1))
_PLACES = st.lists(st.integers(0, 10_000), max_size=5)


class Life(RuleBasedStateMachine):
    """Devices, portal, channel and calendar, in any order."""

    make: Callable[[Path], Troubled]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_fast_disk()))
        self.world = type(self).make(self.folder)

    def teardown(self) -> None:
        """Put the world away."""
        self.world.close()
        shutil.rmtree(self.folder)

    def _shown(self, *kinds: Kind) -> list[Carried]:
        """Return every code of these kinds (none: of any kind) that was ever shown."""
        return [code for code in self.world.codes if not kinds or code.kind in kinds]

    def _pick(self, where: float, *kinds: Kind) -> Carried:
        codes = self._shown(*kinds)
        return codes[int(where * (len(codes) - 1))]

    @initialize(
        counts=st.lists(st.integers(6, 30), min_size=len(TAGS), max_size=len(TAGS)),
        past=st.lists(st.tuples(DEVICE, COUNTS), min_size=6, max_size=14),
        failed=st.one_of(
            st.none(), st.tuples(DEVICE, st.integers(1, len(DEVICES) - 1), _WANTED, st.booleans())
        ),
    )
    def begin(
        self,
        counts: list[int],
        past: list[tuple[int, dict[str, int]]],
        failed: tuple[int, int, dict[str, int], bool] | None,
    ) -> None:
        """Begin with some licences of everything, and with something of a past; often, one device failed."""
        for tag, count in zip(TAGS, counts, strict=True):
            self.world.add(tag, count, None)
        self.world.add("UNIVERSAL", 2, None)
        for device, asked in past:
            self.world.go_on(device, asked, "longest")
        if failed is not None:
            device, further, lines, scarce = failed
            self._rehost(device, (device + further) % len(DEVICES), lines, scarce)

    def _rehost(self, device: int, replacement: int, lines: dict[str, int], scarce: bool) -> None:
        self.world.make_vacant(replacement)
        if scarce:
            # What is available will not do, so some of it comes from what the failed device held.
            lines = self.world.beyond_stock(lines)
        self.world.propose(device, "rehost", replacement, lines)
        self.world.decide(device, approved=True)

    @rule(device=DEVICE, counts=COUNTS, lot=_LOT, times=st.integers(1, 4))
    def go_on(self, device: int, counts: dict[str, int], lot: str, times: int) -> None:
        """Take the next orderly steps for a device."""
        for _ in range(times):
            self.world.go_on(device, counts, lot)

    @precondition(lambda self: self._shown(Kind.AUTHORIZATION))
    @rule(device=DEVICE, first=COUNTS, second=COUNTS, lot=_LOT, crossed=st.booleans())
    def update_twice(
        self, device: int, first: dict[str, int], second: dict[str, int], lot: str, crossed: bool
    ) -> None:
        """Change a reservation, and change one's mind; perhaps the codes cross on their way."""
        self.world.update(device, first, lot)
        self.world.update(device, second, lot)
        if crossed:
            self.world.install_crossed(device)

    @precondition(lambda self: self._shown())
    @rule(where=_PICK, choice=st.sampled_from(CHOICES), lot=_LOT)
    def carry(self, where: float, choice: Choice, lot: str) -> None:
        """Carry any code to where it belongs."""
        self.world.carry(self._pick(where), choice, lot)

    @precondition(lambda self: self._shown(Kind.AUTHORIZATION))
    @rule(where=_PICK, device=DEVICE)
    def carry_astray(self, where: float, device: int) -> None:
        """Carry any authorization to any device, all that the device had again, and show one again."""
        self.world.install(device, self._pick(where, Kind.AUTHORIZATION).text)
        self.world.carry_all_again(device)
        self.world.reissue(device)

    @precondition(lambda self: self._shown())
    @rule(where=_PICK, places=_PLACES, shift=st.integers(1, 31))
    def mistype(self, where: float, places: list[int], shift: int) -> None:
        """Type any code with mistakes."""
        self.world.mistype(self._pick(where), places, shift)

    @rule(device=DEVICE, mode=st.sampled_from((*[Mode.SPECIFIC] * 3, Mode.UNIVERSAL)), wanted=_WANTED)
    def request(self, device: int, mode: Mode, wanted: dict[str, int]) -> None:
        """Ask for licences on a device."""
        self.world.request(device, mode, wanted)

    @precondition(lambda self: self._shown(Kind.REQUEST))
    @rule(device=DEVICE, cancel=st.booleans(), then=st.booleans())
    def give_back(self, device: int, cancel: bool, then: bool) -> None:
        """Return or cancel; and, perhaps, paste the newest authorization once more."""
        if cancel:
            self.world.cancel(device)
        else:
            self.world.give_back(device)
        if then and self._shown(Kind.AUTHORIZATION):
            self.world.install(device, self._pick(1.0, Kind.AUTHORIZATION).text)

    @rule(
        tag=st.sampled_from(TAGS), count=st.integers(1, 9), term=_TERMS, days=st.sampled_from((0, 0, 9, 35))
    )
    def add(self, tag: str, count: int, term: Term | None, days: int) -> None:
        """Buy licences, and let time pass."""
        self.world.add(tag, count, term)
        self.world.wait(days)

    @rule(device=DEVICE)
    def restart(self, device: int) -> None:
        """Restart a device."""
        self.world.restart(device)

    @precondition(lambda self: self._shown(Kind.AUTHORIZATION))
    @rule(
        device=DEVICE,
        what=st.sampled_from(("rehost", "rehost", "write-off", "release", "release")),
        replacement=st.one_of(DEVICE, st.none()),
        lines=st.one_of(st.just({}), _WANTED),
        then=st.sampled_from((True, True, True, False, False, None)),
    )
    def decide(
        self, device: int, what: str, replacement: int | None, lines: dict[str, int], then: bool | None
    ) -> None:
        """Let two persons decide about a device; or one propose, and things go on."""
        if what != "rehost":
            self.world.equip(device, {TAGS[0]: 1})
        elif replacement is not None and replacement != device:
            self.world.make_vacant(replacement)
        if what == "release":
            self.world.return_in_doubt(device)
        elif what == "write-off":
            self.world.give_up(device)
        self.world.propose(device, what, replacement, lines)
        if then is not None:
            self.world.decide(device, approved=then)

    @rule(
        device=DEVICE,
        place=st.sampled_from(VIRTUAL_ACCOUNTS),
        tag=st.sampled_from(TAGS),
        count=st.integers(1, 9),
        where=st.floats(0, 1),
        what=st.integers(0, 3),
    )
    def move(self, device: int, place: str, tag: str, count: int, where: float, what: int) -> None:
        """Move a device or licences to another Virtual Account, or make an order smaller."""
        if what == 0:
            self.world.correct(where, count)
        elif what == 1:
            self.world.move(tag, count, away=place != VIRTUAL_ACCOUNTS[0])
        else:
            self.world.transfer(device, place)

    @rule(
        days=st.sampled_from((None, None, 0, 20)),
        margin=st.sampled_from((None, 0, 7)),
        wait=st.sampled_from((0, 1, 21, 29)),
    )
    def terms(self, days: int | None, margin: int | None, wait: int) -> None:
        """Choose how long lines last, let time pass, and sweep."""
        self.world.choose_terms(days, margin)
        self.world.wait(wait)
        self.world.sweep()

    @rule(
        device=DEVICE, counts=COUNTS, times=st.integers(0, 5), where=st.one_of(st.just(1.0), st.floats(0, 1))
    )
    def forget(self, device: int, counts: dict[str, int], times: int, where: float) -> None:
        """Keep a snapshot of a device, go on, and put that one back or an older one."""
        self.world.take_snapshot(device)
        for _ in range(times):
            self.world.go_on(device, counts, "longest")
        self.world.restore_snapshot(device, where)

    @rule(
        device=DEVICE,
        what=st.sampled_from(("clock", "clock", "outlast", "hardware")),
        days=st.sampled_from((0, 0, -400, -9, 9, 20_000)),
    )
    def disturb(self, device: int, what: str, days: int) -> None:
        """Do to a device what nobody should: set its clock wrong, or move it to other hardware."""
        if what == "clock":
            self.world.set_clock(device, days)
        elif what == "outlast":
            self.world.outlast(device)
        else:
            self.world.swap_hardware(device)

    @invariant()
    def everything_holds(self) -> None:
        """Check the world after every step."""
        self.world.check()


def search(life: type[Life], steps: int, *, first: int = 1) -> None:
    """Look for a life in which something is wrong, always in the same ones, until one is found.

    Many short searches find it sooner than one long one, whose first tenth would be lives in which little
    happens. What is found is not made small. ``first`` is the number of the first search.
    """
    how = settings(
        max_examples=25,
        stateful_step_count=steps,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    for number in range(first, first + 19):
        run_state_machine_as_test(seed(number)(type(life.__name__, (life,), {})), settings=how)


def _fast_disk() -> str | None:
    """Return a folder in memory when there is one: these tests are about rules, not about disks."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
