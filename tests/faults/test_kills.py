"""Every writing command is killed, and meets every error, at every call that could leave something behind."""

import pytest

from tests.faults.runs import ERRORS, KILL, Fault
from tests.faults.table import WRITING, Writing
from tests.faults.trial import Bench

FAULTS = (KILL, *ERRORS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_no_fault_loses_or_halves_anything(bench: Bench, command: Writing, fault: Fault) -> None:
    trials = bench.trials(command)
    assert trials.without_fault() == []
    points = trials.points()
    assert len(points) >= 3
    assert trials.meet(fault, points) == []


@pytest.mark.soak
@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_calls_that_count_as_equivalent_are_no_worse(bench: Bench, command: Writing) -> None:
    """What the default run leaves out: every single write of SQLite's."""
    trials = bench.trials(command)
    points = trials.all_points()
    assert len(points) >= 3
    assert trials.meet(KILL, points) == []
