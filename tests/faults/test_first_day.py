"""A device that could not be set up leaves nothing behind, unless it got as far as its state.

Where the lock could not be locked it stays: another process may hold it.
"""

import shutil

import pytest

from tests.faults.calls import STDOUT
from tests.faults.runs import ERRORS, Fault
from tests.faults.scenes import STATE
from tests.faults.table import WRITING
from tests.faults.trial import Bench


@pytest.mark.parametrize("fault", ERRORS, ids=lambda fault: fault.kind)
@pytest.mark.parametrize("made_before", [True, False])
def test_a_first_day_on_a_broken_disk_leaves_nothing(
    bench: Bench, fault: Fault, *, made_before: bool
) -> None:
    (command,) = (command for command in WRITING if command.name == "device init")
    start = bench.scenes[command.stage].copy(bench.folder / "first day")
    home = (start.folder / STATE).parent
    if made_before:
        home.mkdir()
    trial = bench.folder / "trial"
    clean = bench.trials(command).points()
    refused = 0
    for point in (point for point in clean if point.path != STDOUT and point.name != "flock"):
        scene = start.copy(trial)
        ran = scene.run(bench.launcher, command.argv, inject=fault.at(point))
        if ran.code == 0 or (scene.folder / STATE).exists():
            continue
        refused += 1
        assert scene.files() == start.files(), point
        assert (trial / home.relative_to(start.folder)).exists() == made_before, point
    assert refused >= 2
    shutil.rmtree(start.folder)
