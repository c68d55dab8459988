"""Lives under kill -9 at any moment: counted at the end, nothing is missing and nothing is double.

One portal and one device go through reservation after reservation. Each command is killed at random moments
until it comes to its end; then the next one follows. What was shown before a kill is what is shown after it.
"""

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from tests.faults.outcomes import AREA, LIVES
from tests.faults.runs import KILLED
from tests.faults.scenes import Scene, found_scene, lead
from tests.faults.trial import Bench
from tests.outcomes import SEED, keep
from tests.server import Server

#: A life: the commands in turn, and where the code goes that they print.
LIFE = (
    ("device request --want ROUTING=3", "request"),
    ("portal reserve --file paper/request.txt --as-requested", "authorization"),
    ("device install --file paper/authorization.txt", "confirmation"),
    ("portal accept --file paper/confirmation.txt", ""),
    ("portal update --file paper/request.txt --license ROUTING=5", "authorization"),
    ("device install --file paper/authorization.txt", "confirmation"),
    ("portal accept --file paper/confirmation.txt", ""),
    ("device return --yes", "return"),
    ("portal accept --file paper/return.txt", ""),
)
CODES_OF_A_LIFE = 4
AUTHORIZATIONS_OF_A_LIFE = 2
STOCK = 10


@dataclass(slots=True)
class Lives:
    """A scene in which lives are lived.

    Attributes:
        bench: Runs the program.
        scene: A portal with stock, and a device that has made no request.
        random: Chooses when to kill.
        killed: How many commands died, of each half.
        seconds: How long each command took when it was not killed.
    """

    bench: Bench
    scene: Scene
    random: Random
    killed: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def live(self) -> None:
        """Live one life."""
        for argv, answer in LIFE:
            text = self._persist(argv, shows_code=bool(answer))
            if answer:
                (self.scene.folder / "paper" / f"{answer}.txt").write_text(text)

    def _persist(self, argv: str, *, shows_code: bool) -> str:
        """Give a command until it comes to its end; return what it printed: a code is the same each time."""
        half = argv.split(maxsplit=1)[0]
        shown = ""
        while True:
            begun = time.monotonic()
            # Every second try is left alone, lest a slow machine never comes to an end.
            spare = self.random.random() < 0.5
            moment = None if spare else self.random.uniform(0, self.seconds.get(argv, 0.05))
            ran = self.scene.run(self.bench.launcher, argv, kill_after=moment)
            if ran.code != KILLED:
                self.seconds[argv] = time.monotonic() - begun
                assert ran.code == 0, (argv, ran)
                assert ran.out.startswith(shown), (argv, shown, ran.out)
                return ran.out
            self.killed[half] += 1
            shown = shown or (ran.out if shows_code else "")
            self._look()

    def _look(self) -> None:
        """Open both halves, as whoever comes next would."""
        assert self.ask("portal audit")["findings"] == []
        assert self.ask("device status")["udi"]["serial_number"] == "A1"

    def ask(self, argv: str) -> Any:
        """Return what a command says to a script."""
        ran = self.scene.run(self.bench.launcher, f"{argv} --json")
        assert ran.code == 0, ran
        return json.loads(ran.out)


BOTH = ("device", "portal")


def assert_lives_survive(
    bench: Bench, scene: Scene, seed: str, kills: int, halves: Sequence[str] = BOTH
) -> Counter[str]:
    """Live until each of these halves was killed so many times; then count.

    Returns:
        How often each half was killed.
    """
    files = scene.files() | {"router/state/lock"}
    lives = Lives(bench, scene, Random(seed))
    lived = 0
    while min(lives.killed[half] for half in halves) < kills:
        lives.live()
        lived += 1
    codes = lives.ask("device codes")["codes"]
    assert [entry["number"] for entry in codes] == list(range(1, CODES_OF_A_LIFE * lived + 1))
    reservations = lives.ask("portal list --most 1000")["reservations"]
    assert Counter(each["state"] for each in reservations) == {"returned": lived}
    kinds = Counter(event["kind"] for event in lives.ask("portal events --most 10000")["events"])
    assert kinds["reserved"] == kinds["updated"] == kinds["returned"] == lived
    stock = {each["tag"]: each["counts"] for each in lives.ask("portal license list")["licenses"]}
    assert (stock["ROUTING"]["available"], stock["ROUTING"]["entitled"]) == (STOCK, STOCK)
    assert scene.files() <= files, sorted(scene.files() - files)
    return lives.killed


@contextmanager
def beginning(bench: Bench, running: Server | None) -> Iterator[Scene]:
    """Give the scene in which lives begin, with the books in a file or on a server."""
    folder = bench.folder / "lives"
    if running is None:
        yield bench.scenes["initialised"].copy(folder)
        return
    shutil.rmtree(folder, ignore_errors=True)
    with running.database() as url:
        scene = replace(found_scene(folder), url=url)
        lead(bench.launcher, scene, "initialised")
        yield scene


def test_lives_survive_random_kills(bench: Bench) -> None:
    with beginning(bench, None) as scene:
        assert_lives_survive(bench, scene, seed="0", kills=12)


def test_lives_on_a_server_survive_random_kills(bench: Bench, postgres: Server) -> None:
    with beginning(bench, postgres) as scene:
        assert_lives_survive(bench, scene, seed="0", kills=3)


MANY = 500
#: Whoever comes after a kill audits the whole portal: a new one now and then keeps that short.
KILLS_OF_A_PORTAL = 25


def assert_many_kills_are_survived(
    bench: Bench, running: Server | None, name: str, halves: Sequence[str]
) -> None:
    """Live on one portal after the other until there were `MANY` kills; keep what came of each."""
    killed: Counter[str] = Counter()
    for number in range(MANY // KILLS_OF_A_PORTAL):
        found = {"seed": SEED, "portals": number + 1, "wanted": MANY}
        try:
            with beginning(bench, running) as scene:
                killed += assert_lives_survive(bench, scene, f"{SEED}/{number}", KILLS_OF_A_PORTAL, halves)
        except BaseException as error:
            keep(AREA, LIVES, name, {**found, **killed, "bad": repr(error)})
            raise
        keep(AREA, LIVES, name, {**found, **killed, "bad": ""})


@pytest.mark.soak
def test_lives_survive_many_random_kills(bench: Bench) -> None:
    assert_many_kills_are_survived(bench, None, "SQLite", BOTH)


@pytest.mark.soak
def test_lives_on_a_server_survive_many_random_kills(bench: Bench, postgres: Server) -> None:
    """The device has its state in a file there too, so only the portal's kills count."""
    assert_many_kills_are_survived(bench, postgres, "PostgreSQL", ("portal",))
