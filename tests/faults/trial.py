"""One trial: a command meets a fault at one of its calls, and then life goes on.

What must hold, whatever the command and the fault:

1. Done or not done, never half: right after the fault, both halves open and stand where they stood before the
   command, or where they stand after it; after it, if somebody was told that it is done.
2. The same command again ends in the state, and says the words, that it does without any fault: those of the
   first time if it was not done, those of the second time if it was. So a code that exists is shown again,
   byte for byte.
3. Nothing is shown before it is durable, by the first process or by the next one, which inherits what the
   first left unsynced (`tests.faults.order`). A call that failed synced nothing.
4. An error is told with what to do next, exit code 6, and without the result.
5. No file stays that does not belong there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.faults.calls import STDOUT, Call, durable_calls, ends_of_runs
from tests.faults.facts import Facts, Observer
from tests.faults.order import Durability
from tests.faults.runs import KILLED, Fault, Launcher, Ran
from tests.faults.scenes import STATE, Scene
from tests.faults.table import Writing

DAMAGED = 6


@dataclass(frozen=True, slots=True)
class Stand:
    """What a command said and where it left everything."""

    code: int
    out: str
    facts: Facts
    files: frozenset[str]


class Bench:
    """A launcher, the scenes of every stage, and a folder for trials."""

    def __init__(self, launcher: Launcher, scenes: dict[str, Scene], folder: Path) -> None:
        self.launcher = launcher
        self.observer = Observer(launcher)
        self.scenes = scenes
        self.folder = folder

    def trials(self, command: Writing, plant: str = "") -> "Trials":
        """Return the trials of a command, with a fault planted into the program or none."""
        return Trials(self, command, plant)


class Trials:
    """A command as it goes without faults, once and again, to compare trials with."""

    def __init__(self, bench: Bench, command: Writing, plant: str) -> None:
        self._bench = bench
        self._launcher = bench.launcher
        self._start = bench.scenes[command.stage]
        self.command = command
        self.plant = plant
        self.before = bench.observer.facts(self._start.copy(bench.folder / "look"))

    @cached_property
    def _clean(self) -> tuple[Ran, Stand, Stand, list[str]]:
        scene = self._start.copy(self._bench.folder / "trial")
        durability = self._durability(scene)
        first = self._run(scene, watched=True)
        breaches = list(durability.follow(first.calls, finished=True))
        once = self._stand(first, scene)
        twice = self._stand(self._run(scene), scene)
        return first, once, twice, breaches

    @property
    def once(self) -> Stand:
        """What comes of the command without faults."""
        return self._clean[1]

    @property
    def twice(self) -> Stand:
        """What comes of it the second time."""
        return self._clean[2]

    def points(self) -> tuple[Call, ...]:
        """Return the calls before and at which faults are tried: all, but for equivalent ones."""
        return ends_of_runs([point for point in self.all_points() if self.command.only in point.path])

    def all_points(self) -> tuple[Call, ...]:
        """Return every call that could leave something behind, and those that show the result."""
        places = [str(self._bench.folder / "trial" / Path(place).name) for place in self._start.places]
        return durable_calls(self._clean[0].calls, places)

    def without_fault(self) -> list[str]:
        """Return what is wrong with the command when nothing goes wrong."""
        found = [f"without a fault: {breach}" for breach in self._clean[3]]
        command = self.command
        if self.once.code or self.twice.code != command.again:
            found.append(f"exit codes {self.once.code} and {self.twice.code}, not 0 and {command.again}")
        if command.shows and self.once.out != self.twice.out:
            found.append("the second time it showed another code")
        if (self.once.facts != self.before) != command.changes:
            found.append("it changed something, or nothing, unlike what the table says")
        return found

    def meet(self, fault: Fault, points: Sequence[Call]) -> list[str]:
        """Try a fault at each of some calls; return everything that was wrong."""
        return list(self.problems(fault, points))

    def problems(self, fault: Fault, points: Sequence[Call]) -> Iterator[str]:
        """Try a fault at one call after another, as long as somebody asks; yield what was wrong."""
        for point in points:
            for problem in self._trial(fault, point):
                yield f"{fault.kind} at {point}: {problem}"

    def meet_kill(self, seconds: float) -> list[str]:
        """Kill the command after so many seconds; return everything that was wrong."""
        scene = self._start.copy(self._bench.folder / "trial")
        ran = self._run(scene, kill_after=seconds)
        durability = self._durability(scene)
        return self._aftermath(scene, ran, durability)

    def _trial(self, fault: Fault, point: Call) -> list[str]:
        scene = self._start.copy(self._bench.folder / "trial")
        durability = self._durability(scene)
        ran = self._run(scene, inject=fault.at(point))
        if not _was_met(ran, fault, point):
            return [f"the fault was not met: exit code {ran.code}, {ran.err}"]
        problems = list(durability.follow(ran.calls, finished=ran.code == 0))
        if not fault.kills:
            problems += self._complaint(ran, point)
        return problems + self._aftermath(scene, ran, durability)

    def _complaint(self, ran: Ran, point: Call) -> list[str]:
        """Judge what was said about an error; one that did no harm need not be told."""
        if ran.code == 0:
            return [] if ran.out == self.once.out else [f"it ended well and said {ran.out!r}"]
        problems = []
        if ran.code != DAMAGED:
            problems.append(f"exit code {ran.code}, not {DAMAGED}: {ran.err}")
        if ran.out and point.path != STDOUT:
            problems.append(f"it failed and showed {ran.out!r}")
        if "Error: " not in ran.err or "What to do: " not in ran.err or "not prepared" in ran.err:
            problems.append(f"its words were {ran.err!r}")
        return problems

    def _aftermath(self, scene: Scene, ran: Ran, durability: Durability) -> list[str]:
        facts = self._bench.observer.facts(scene.copy(self._bench.folder / "look"))
        done = facts == self.once.facts
        if not done and facts != self.before:
            return [f"half done: {difference(self.before, facts)}"]
        if ran.acknowledged and not done:
            return ["it was told to be done, and is not"]
        if not done:
            scene.rewind(self._start.runs)
        again = self._run(scene, watched=True)
        expected = self.twice if done else self.once
        problems = durability.follow(again.calls, finished=again.code == 0)
        stand = self._stand(again, scene)
        if self.command.without and not done:
            # A passphrase that the first run left is taken, so chance goes another way from there.
            stand = replace(stand, out=expected.out, facts=sound(stand.facts, expected.facts))
        return [*problems, *compared(expected, stand)]

    def _run(self, scene: Scene, **how: Any) -> Ran:
        return scene.run(
            self._launcher, self.command.argv, without=self.command.without, plant=self.plant, **how
        )

    def _durability(self, scene: Scene) -> Durability:
        """Return what is durable at the start: all, or, before showing again, all but the last renaming."""
        shows_again = self.command.argv.startswith("device") and not self.command.changes
        last = (str(scene.folder / STATE),) if shows_again else ()
        return Durability(scene.places, scene.everything(), entries=last)

    def _stand(self, ran: Ran, scene: Scene) -> Stand:
        files = scene.files()
        facts = self._bench.observer.facts(scene.copy(self._bench.folder / "look"))
        return Stand(ran.code, ran.out, facts, files)


def _was_met(ran: Ran, fault: Fault, point: Call) -> bool:
    """Tell whether the fault came where it was meant to."""
    if not fault.kills:
        return any(
            (call.name, call.count, call.paths) == _what(point) and not call.done for call in ran.calls
        )
    return ran.code == KILLED and (ran.calls[-1].name, ran.calls[-1].count, ran.calls[-1].paths) == _what(
        point
    )


def _what(call: Call) -> tuple[str, int, tuple[str, ...]]:
    return call.name, call.count, call.paths


def compared(expected: Stand, found: Stand) -> list[str]:
    """Say where a stand is not what it should be."""
    problems = []
    if found.code != expected.code:
        problems.append(f"again: exit code {found.code}, not {expected.code}")
    if found.out != expected.out:
        problems.append(f"again: it said {found.out!r}, not {expected.out!r}")
    if found.facts != expected.facts:
        problems.append(f"again: {difference(expected.facts, found.facts)}")
    if found.files != expected.files:
        problems.append(f"files: {sorted(found.files ^ expected.files)}")
    return problems


def sound(found: Facts, expected: Facts) -> Facts:
    """Return the expected facts if the books that were found are sound, else those that were found."""
    return expected if found.get("audit") == expected.get("audit") else found


def difference(expected: Any, found: Any, where: str = "") -> str:
    """Say where two sets of facts differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = sorted(expected.keys() | found.keys())
        parts = [difference(expected.get(name), found.get(name), f"{where}/{name}") for name in names]
        return "; ".join(part for part in parts if part)
    return "" if expected == found else f"{where} {found} instead of {expected}"
