"""Copying the books and putting a copy back, killed and refused at calls all along the way.

These two have other rules than commands that change the books: a copy is there and whole, or not there; the
books are as they were before a restore, or as the copy has them; and what was there is kept.
"""

from typing import Any

import pytest

from tests.faults.calls import Call, durable_calls, ends_of_runs
from tests.faults.runs import ERRORS, KILL, Fault
from tests.faults.scenes import DATABASE, Scene
from tests.faults.trial import Bench

COPY = "paper/copy.db"
BACKUP = f"portal backup {COPY}"
RESTORE = f"portal restore {COPY} --yes"
TRIED = 14
BOOKS = ("allocations", "balances", "codes", "holds", "movements", "reservations")


class Copying:
    """A command that copies, in a copy of the scene in which an update was issued since the last copy."""

    def __init__(self, bench: Bench, argv: str) -> None:
        self.bench, self.argv = bench, argv
        self.start = bench.scenes["updating"].copy(bench.folder / "start")
        if argv == RESTORE:
            # Yesterday's copy: of the books before the update.
            bench.scenes["active"].run(bench.launcher, f"portal backup {self.start.folder / COPY}")
        self.before = self.facts(self.start)
        scene = self.fresh()
        ran = scene.run(bench.launcher, argv, watched=True)
        assert ran.code == 0, ran
        self.after = self.facts(scene)
        places = [str(scene.folder / place) for place in ("paper", "office")]
        every = ends_of_runs(durable_calls(ran.calls, places))
        step = max(1, len(every) // TRIED)
        self.points = every[::step]

    def fresh(self) -> Scene:
        return self.start.copy(self.bench.folder / "trial")

    def facts(self, scene: Scene) -> dict[str, Any]:
        """Return the rows of the books; noticing what was forgotten adds to the log, and to nothing here."""
        facts = self.bench.observer.facts(scene.copy(self.bench.folder / "look"))
        return {table: facts["rows"][table] for table in BOOKS}

    def meet(self, fault: Fault, point: Call) -> Scene:
        scene = self.fresh()
        scene.run(self.bench.launcher, self.argv, inject=fault.at(point))
        return scene


@pytest.mark.parametrize("fault", [KILL, ERRORS[0]], ids=lambda fault: fault.kind)
def test_a_copy_is_whole_or_not_there(bench: Bench, fault: Fault) -> None:
    copying = Copying(bench, BACKUP)
    assert copying.after == copying.before
    for point in copying.points:
        scene = copying.meet(fault, point)
        assert copying.facts(scene) == copying.before, point
        was_there = (scene.folder / COPY).exists()
        again = scene.run(bench.launcher, BACKUP)
        assert again.code == (1 if was_there else 0), (point, again)
        assert scene.run(bench.launcher, RESTORE).code == 0, point
        assert copying.facts(scene) == copying.before, point
        assert not list((scene.folder / "paper").glob(".*")), point


@pytest.mark.parametrize("fault", [KILL, ERRORS[0]], ids=lambda fault: fault.kind)
def test_the_books_are_the_old_ones_or_those_of_the_copy(bench: Bench, fault: Fault) -> None:
    copying = Copying(bench, RESTORE)
    assert copying.after != copying.before
    seen = set()
    for point in copying.points:
        scene = copying.meet(fault, point)
        found = copying.facts(scene)
        assert found in (copying.before, copying.after), point
        seen.add(found == copying.before)
        kept = list((scene.folder / DATABASE).parent.glob("portal.db.before-*"))
        assert found == copying.before or kept, point
        assert scene.run(bench.launcher, RESTORE).code == 0, point
        assert copying.facts(scene) == copying.after, point
    assert seen == {True, False}
