"""The harness itself: a forked run makes the calls of a real one, and a machine without strace is told so."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import PROGRAM
from tests.faults.calls import TRACED, Call, durable_calls, parse
from tests.faults.launcher import CRASHED
from tests.faults.runs import KILLED, ROOT, Launcher, LauncherGoneError, StraceMissingError
from tests.faults.scenes import Scene
from tests.faults.trial import Bench


@pytest.mark.parametrize(
    ("stage", "argv"),
    [
        ("ready", "device init --pid RTR-900 --sn A1 --trust paper/trust.txt"),
        ("initialised", "device request"),
        ("empty", "portal init --account Example"),
        ("requested", "portal reserve --file paper/request.txt --as-requested"),
    ],
)
def test_a_forked_run_makes_the_calls_of_a_process_of_its_own(
    bench: Bench, stage: str, argv: str, tmp_path: Path
) -> None:
    forked = bench.scenes[stage].copy(bench.folder / "trial")
    ran = forked.run(bench.launcher, argv, watched=True)
    assert ran.code == 0
    started = bench.scenes[stage].copy(bench.folder / "trial")
    calls = in_a_process_of_its_own(started, argv, tmp_path / "log")
    assert told(started, calls) == told(forked, ran.calls)


def in_a_process_of_its_own(scene: Scene, argv: str, log: Path) -> tuple[Call, ...]:
    watch = ["strace", "-f", "-y", "-s", "0", "-o", str(log), "-e", f"trace={','.join(TRACED)}"]
    environ = {**scene.environment(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*watch, *PROGRAM, *argv.split()], cwd=scene.folder, env=environ, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return parse(log.read_text(errors="replace").splitlines(), str(scene.folder))


def told(scene: Scene, calls: tuple[Call, ...]) -> list[tuple[str, tuple[str, ...], bool]]:
    """Return the calls without their numbers, which imports and caches count up."""
    return [(call.name, call.paths, call.done) for call in durable_calls(calls, scene.places)]


def test_a_fault_that_is_not_met_is_a_finding(bench: Bench) -> None:
    """Should the calls of a command vary, no kill must be counted that never happened."""
    from dataclasses import replace

    from tests.faults.runs import ERRORS, KILL
    from tests.faults.table import WRITING

    (command,) = (command for command in WRITING if command.name == "request")
    trials = bench.trials(command)
    point = replace(trials.points()[-1], count=999)
    for fault in (KILL, ERRORS[0]):
        (problem,) = trials.meet(fault, [point])
        assert "was not met" in problem


def test_a_run_that_cannot_begin_tells_why_and_the_next_one_runs(bench: Bench, tmp_path: Path) -> None:
    ran = bench.launcher.run(["device", "status"], folder=tmp_path / "nowhere", environ={})
    assert ran.code == CRASHED
    assert bench.launcher.run(["--version"], folder=tmp_path, environ={}).code == 0


def test_a_launcher_that_is_gone_says_how_it_went(tmp_path: Path) -> None:
    with Launcher(tmp_path) as launcher:
        launcher.kill()
        with pytest.raises(LauncherGoneError, match=f"ended with {KILLED} "):
            launcher.run(["--version"], folder=tmp_path, environ={})


def test_a_machine_without_strace_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StraceMissingError, match="apt-get install strace"):
        Launcher(tmp_path)
