"""Recorded runs of the real program, one after the other, on a disk of which we know what is durable.

The scenes are those of `tests.faults.scenes`, each made by the command that leads to it; what one command
left unsynced, the next one finds so. After every run the model of the disk must show, byte for byte, what
the real folder does: so no write escapes the recording.

A command may also run beside another process that has the books open: then SQLite's log outlives the command.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from tests.faults.runs import Launcher, Ran
from tests.faults.scenes import DATABASE, PLACES, STAGES, Scene, found_scene, reach
from tests.faults.table import Writing
from tests.power.disk import Disk, found_in
from tests.power.recording import SHARED_MEMORY, Effect, effects_of


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run.

    Attributes:
        command: What was run.
        start: The scene before.
        disk: The disk before.
        effects: What the run did.
        unsettled: Stage whose scene may be found too, since what led to the present one is not durable.
    """

    command: Writing
    start: Scene
    disk: Disk
    effects: tuple[Effect, ...]
    unsettled: str = ""


@dataclass(slots=True)
class History:
    """Scenes and disks by stage, made when they are first asked for.

    Attributes:
        launcher: Runs the program.
        root: Where scenes are kept.
    """

    launcher: Launcher
    root: Path
    scenes: dict[str, Scene] = field(default_factory=dict)
    _disks: dict[str, Disk] = field(default_factory=dict)
    _unsettled: dict[str, Disk] = field(default_factory=dict)

    def scene(self, name: str) -> Scene:
        """Return the scene of a stage."""
        if not self.scenes:
            scene = self.scenes["empty"] = found_scene(self.root / "empty")
            self._disks["empty"] = Disk.of(scene.folder, PLACES)
        if name not in self.scenes:
            stage = _stage(name)
            self.scene(stage[1])
            reach(stage, self.scenes, self.root, lambda scene, argv: self._reach(name, stage[1], scene, argv))
        return self.scenes[name]

    def _reach(self, name: str, before: str, scene: Scene, argv: str) -> Ran:
        disk = deepcopy(self._disks[before])
        if disk.now() != _found(scene):
            # A test put something there by hand.
            disk = Disk.of(scene.folder, PLACES)
        ran, effects = self._record(scene, argv)
        last = max((number for number, one in enumerate(effects) if one.kind == "rename"), default=-1)
        for number, effect in enumerate(effects):
            disk.take(effect)
            if number == last:
                self._unsettled[name] = deepcopy(disk)
        _compare(disk, scene)
        self._disks[name] = disk
        return ran

    def _record(self, scene: Scene, argv: str, **how: str) -> tuple[Ran, tuple[Effect, ...]]:
        ran = scene.run(self.launcher, argv, whole=True, **how)
        return ran, effects_of(ran.log, str(scene.folder), PLACES)

    def run(self, command: Writing, folder: Path, *, plant: str = "", beside: bool = False) -> Run:
        """Record a command of the table.

        One that shows again what was made before begins where that is not yet durable: whoever made it was
        killed between giving it its name and making that last.

        Args:
            command: The command.
            folder: Where it runs.
            plant: A fault to plant into the program; see `tests.faults.planted`.
            beside: Whether another process has the books open.
        """
        start = self.scene(command.stage)
        shows_again = command.argv.startswith("device") and not command.changes
        disk = deepcopy((self._unsettled if shows_again else self._disks)[command.stage])
        scene = start.copy(folder)
        with _open_beside(scene, disk) if beside else nullcontext():
            before = deepcopy(disk)
            ran, effects = self._record(scene, command.argv, without=command.without, plant=plant)
            assert ran.code == 0, (command.name, ran.err)
            for effect in effects:
                disk.take(effect)
            _compare(disk, scene)
        return Run(command, start, before, effects, _stage(command.stage)[1] if shows_again else "")


def _stage(name: str) -> tuple[str, str, str, str]:
    (stage,) = (stage for stage in STAGES if stage[0] == name)
    return stage


def _found(scene: Scene) -> object:
    return found_in(scene.folder, PLACES, SHARED_MEMORY)


def _compare(disk: Disk, scene: Scene) -> None:
    model, real = disk.now(), found_in(scene.folder, PLACES, SHARED_MEMORY)
    differ = sorted(name for name in model.keys() | real.keys() if model.get(name, 0) != real.get(name, 0))
    assert not differ, f"the recording does not lead to what is there: {differ}"


@contextmanager
def _open_beside(scene: Scene, disk: Disk) -> Iterator[None]:
    """Have the books open in this process, which writes nothing to them."""
    with closing(apsw.Connection(str(scene.folder / DATABASE), flags=apsw.SQLITE_OPEN_READWRITE)) as books:
        books.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        log = f"{DATABASE}-wal"
        disk.take(Effect("create", log, number=0o600))
        yield
