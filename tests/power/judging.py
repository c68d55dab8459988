"""What must hold after a power cut, and whether it does: the real program meets what was left.

1. Done or not done, never half: both halves open, SQLite finds nothing wrong with its file, and everything
   stands as before the command or as after it; as after it if somebody was told that it is done.
2. The same command again ends in the state, and says the words, that it does without any cut.
"""

import contextlib
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path
from random import Random

import apsw

from cli.main import run as run_program
from cli.world import real_world
from tests.faults.facts import Facts, Observer
from tests.faults.runs import Launcher
from tests.faults.scenes import DATABASE, PLACES, Scene
from tests.faults.trial import Stand, compared, difference, sound
from tests.power.cuts import Cut
from tests.power.disk import State, put
from tests.power.history import History, Run
from tests.program import repeatable

_NOISE = Random(7).randbytes(32_768)
_LEFT_OVER = re.compile(r".*/\.[^/]+\.new|.*-wal|.*-shm")
#: One in so many is given to a process of its own.
_IN_A_PROCESS = 29


class Judge:
    """Compares what follows a cut with what follows no cut."""

    def __init__(self, history: History, observer: Observer, run: Run, folder: Path) -> None:
        """Run the command without a cut, twice, for comparison.

        Args:
            history: Where scenes come from.
            observer: Finds out facts.
            run: The recorded run whose cuts are judged.
            folder: Where it ran.
        """
        self._launcher: Launcher = history.launcher
        self._observer, self._run, self._folder = observer, run, folder
        self._judged = 0
        self._before = [self._facts(run.start.copy(folder))]
        if run.unsettled:
            self._before.append(self._facts(history.scene(run.unsettled)))
        scene = run.start.copy(folder)
        self.once = self._again(scene)
        self.twice = self._again(scene)
        assert self.once.code == 0, self.once

    def problems(self, cut: Cut) -> list[str]:
        """Return what is wrong after a cut."""
        self._judged += 1
        found = self._aftermath(cut)
        return [f"cut after {cut.where} ({cut.after}): {problem}" for problem in found]

    def _aftermath(self, cut: Cut) -> list[str]:
        scene = self._left(cut.state)
        try:
            facts = self._facts(scene)
        except (ValueError, KeyError) as error:
            return [f"half done: {error}"]
        done = facts == self.once.facts
        if not done and facts not in self._before:
            return [f"half done: {difference(self._before[0], facts)}"]
        if cut.acknowledged and not done:
            return ["it was told to be done, and is not"]
        flaws = list(_flaws(self._folder.with_name("look") / DATABASE))
        if flaws:
            return flaws
        if not done and facts != self._before[0]:
            return self._explained(scene)
        if done:
            scene.rewind(self._run.start.runs + 1)
        expected = self.twice if done else self.once
        stand = self._again(scene, apart=not self._judged % _IN_A_PROCESS)
        if self._run.command.without and not done:
            # A passphrase that the first run left is taken, so chance goes another way from there.
            stand = replace(stand, out=expected.out, facts=sound(stand.facts, expected.facts))
        return compared(expected, stand)

    def _explained(self, scene: Scene) -> list[str]:
        """Judge what shows again something that was never done: it does something else, or says why not."""
        stand = self._again(scene)
        return [] if 0 <= stand.code < 7 else [f"it ended with {stand.code}"]

    def _left(self, state: State) -> Scene:
        """Put a state there, and beside it paper, which no cut touches."""
        for place in PLACES:
            shutil.rmtree(self._folder / place, ignore_errors=True)
        shutil.copytree(self._run.start.folder / "paper", self._folder / "paper", dirs_exist_ok=True)
        put(state, self._folder)
        if self._judged % 2 and (self._folder / DATABASE).exists():
            # Of SQLite's shared memory anything may be left: it is made anew.
            (self._folder / f"{DATABASE}-shm").write_bytes(_NOISE)
        return Scene(self._folder)

    def _facts(self, scene: Scene) -> Facts:
        return self._observer.facts(scene.copy(self._folder.with_name("look")))

    def _again(self, scene: Scene, *, apart: bool = False) -> Stand:
        command = self._run.command
        if apart:
            ran = scene.run(self._launcher, command.argv, without=command.without)
            code, out = ran.code, ran.out
        else:
            code, out = _run_here(scene, command.argv, command.without)
        # What came back since its removal was not durable is left over, and tidied by whoever made it.
        files = frozenset(name for name in scene.files() if not _LEFT_OVER.fullmatch(name))
        return Stand(code, out, self._facts(scene), files)


def _run_here(scene: Scene, argv: str, without: str) -> tuple[int, str]:
    """Run the program in this process, with streams of its own; return exit code and output."""
    environ = {name: value for name, value in scene.environment().items() if name != without}
    out, err = StringIO(), StringIO()
    with contextlib.chdir(scene.folder):
        world = repeatable(replace(real_world(), environ=environ))
        code = run_program(argv.split(), replace(world, stdout=out, stderr=err))
    return code, out.getvalue()


def _flaws(database: Path) -> Iterator[str]:
    """Say what SQLite finds wrong with a file."""
    if not database.exists():
        return
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)) as books:
        for (found,) in books.execute("PRAGMA integrity_check"):
            if found != "ok":
                yield f"SQLite finds {found}"
