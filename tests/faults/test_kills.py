"""Every writing command is killed, and meets errors, at every call that could leave something behind.

A kill is tried for every command at every such call. So is an error, but commands that write in the same way
share the three kinds of errors: each meets one of them at each call, another one at the next call, and the
next command begins with another one. So the table as a whole meets every kind at every call of that way of
writing. `make soak` tries all of them for each command.
"""

from collections.abc import Sequence

import pytest

from tests.faults.calls import Call
from tests.faults.outcomes import AREA, KILLS
from tests.faults.outcomes import ERRORS as ERRORS_KEPT
from tests.faults.runs import ERRORS, KILL, Fault
from tests.faults.table import WRITING, Writing
from tests.faults.trial import Bench, Trials
from tests.outcomes import keep

#: Commands that make what is not there yet write in a way of their own: all errors for each. (Founding a
#: portal makes keys as `keys generate` does, and books as any command writes them.)
_MAKING = ("device init", "keys generate")


@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_no_kill_loses_or_halves_anything(bench: Bench, command: Writing) -> None:
    trials = _sound(bench, command)
    assert trials.meet(KILL, trials.points()) == []


@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_no_error_loses_or_halves_anything(bench: Bench, command: Writing) -> None:
    trials = _sound(bench, command)
    points = trials.points()
    for fault in ERRORS:
        met = [point for number, point in enumerate(points) if fault in errors_at(command, number)]
        assert trials.meet(fault, met) == []


@pytest.mark.soak
@pytest.mark.parametrize("fault", ERRORS, ids=lambda fault: fault.kind)
@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_no_error_of_any_kind_loses_or_halves_anything(bench: Bench, command: Writing, fault: Fault) -> None:
    trials = _sound(bench, command)
    assert _kept(ERRORS_KEPT, f"{command.name}, {fault.kind}", trials, fault, trials.points()) == []


@pytest.mark.soak
@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
def test_calls_that_count_as_equivalent_are_no_worse(bench: Bench, command: Writing) -> None:
    """What the default run leaves out: every single write of SQLite's."""
    trials = bench.trials(command)
    points = trials.all_points()
    assert len(points) >= 3
    assert _kept(KILLS, command.name, trials, KILL, points) == []


def test_commands_that_write_alike_meet_every_error_between_them() -> None:
    """Whatever three neighbours of the table are tried with covers every kind of error at every call."""
    sharing = [command for command in WRITING if not command.argv.startswith(_MAKING)]
    neighbours = [
        three
        for three in zip(WRITING, WRITING[1:], WRITING[2:], strict=False)
        if all(command in sharing for command in three)
    ]
    assert len(neighbours) > len(WRITING) / 2
    for three in neighbours:
        for number in range(30):
            met = {fault for command in three for fault in errors_at(command, number)}
            assert met == set(ERRORS)


def errors_at(command: Writing, number: int) -> tuple[Fault, ...]:
    """Return the errors that the default run tries at one of a command's calls."""
    if command.argv.startswith(_MAKING):
        return ERRORS
    return (ERRORS[(WRITING.index(command) + number) % len(ERRORS)],)


def _kept(part: str, name: str, trials: Trials, fault: Fault, points: Sequence[Call]) -> list[str]:
    """Try a fault at each of some calls; keep how often, and what was wrong, before it is judged."""
    problems = trials.meet(fault, points)
    keep(AREA, part, name, {"points": len(points), "bad": problems[:3]})
    return problems


def _sound(bench: Bench, command: Writing) -> Trials:
    trials = bench.trials(command)
    assert trials.without_fault() == []
    assert len(trials.points()) >= 3
    return trials
