"""How a mutant's end is told (a failing test, time, memory, a signal), and what a test must pass first."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutation import runner
from tests.mutation.runner import Fate

ROOT = Path(__file__).parent.parent.parent

BOX = """
import os

def up_to(most):
    total = 0
    while total < most:
        total += 1
    return total

def room(size):
    return bytes(1 << 20 >> size)

def careful(level):
    if level > 9:
        os.abort()
    return level

def half(number):
    return number // 2
"""
TEST_BOX = """
import os
import box

HOME = os.getpid()

def test_counting():
    assert box.up_to(3) == 3

def test_room():
    assert len(box.room(15)) == 32

def test_care():
    assert box.careful(3) == 3

def test_half_at_home():
    assert box.half(4) == 2
    assert os.getpid() == HOME
"""
#: Of another module with other tests, and so another loop in the same process.
LID = """
from functools import cache

@cache
def doubled(number):
    return number + number

# What functions remember is forgotten in the packages of the program alone.
doubled.__module__ = "codec.lid"

def thickness(number):
    return doubled(number) - 1
"""
TEST_LID = """
import lid

def test_lid():
    assert lid.thickness(2) == 3
"""
PROGRAM = """
import sys
from tests.mutation import __main__ as program

program.TESTS.clear()
program.TESTS.update({"box": (sys.argv[1] + "/test_box.py",), "lid": (sys.argv[1] + "/test_lid.py",)})
sys.argv[1:] = ["--seconds", "1", "--log", "log", "--children", "2"]
sys.exit(program.main())
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Plant every fault of two small modules; return what was printed, and each mutant's fate."""
    folder = tmp_path_factory.mktemp("box")
    for name, text in (("box", BOX), ("test_box", TEST_BOX), ("lid", LID), ("test_lid", TEST_LID)):
        (folder / f"{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )
    log = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    return done, {f"{module}.{name}": word for module, name, _, word in log}


Run = tuple[subprocess.CompletedProcess[str], dict[str, str]]


@pytest.mark.parametrize(
    ("mutant", "fate"),
    [
        ("box.up_to: `return total` → `return None`", Fate.KILLED),
        ("box.up_to: `total += 1` → pass", Fate.TIME),
        ("box.room: `1 << 20 >> size` → `1 << 20 << size`", Fate.MEMORY),
        ("box.careful: `if level > 9:` → `if True:`", Fate.CRASHED),
        ("box.careful: `level > 9` → `level > 10`", Fate.SURVIVED),
        ("lid.doubled: `number + number` → `number - number`", Fate.KILLED),
        ("lid.thickness: `doubled(number) - 1` → `doubled(number) - 2`", Fate.KILLED),
    ],
)
def test_each_end_is_told_by_its_own_word(run: Run, mutant: str, fate: Fate) -> None:
    assert run[1][mutant] == fate


def test_a_test_that_fails_in_a_child_without_any_fault_notices_nothing(run: Run) -> None:
    done, fates = run
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("not used:")]
    assert "test_half_at_home" in line
    assert {fate for name, fate in fates.items() if name.startswith("box.half")} == {Fate.UNTOUCHED}


def test_what_ended_without_a_failing_test_is_printed_and_counted_apart(run: Run) -> None:
    done, fates = run
    assert done.returncode == 1
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("box ")]
    for fate in (Fate.TIME, Fate.MEMORY, Fate.CRASHED):
        named = [name for name, word in fates.items() if word == fate]
        assert f"{len(named)} {fate}" in row
        assert all(f"{fate}: {name} " in done.stdout for name in named)


def ended(work: Callable[[], bool]) -> Fate:
    """Return what is said of a child that does this."""
    child = os.fork()
    if child == 0:
        runner._run_and_end(lambda _: work(), Path(), 5)
    return runner.fate_of(os.waitpid(child, 0)[1])


def raised(number: int) -> bool:
    signal.raise_signal(number)
    return False


@pytest.mark.parametrize(
    ("work", "fate"),
    [
        (lambda: False, Fate.SURVIVED),
        (lambda: True, Fate.KILLED),
        (lambda: raised(signal.SIGXCPU), Fate.TIME),
        (lambda: raised(signal.SIGALRM), Fate.TIME),
        (lambda: raised(signal.SIGKILL), Fate.CRASHED),
        (lambda: 1 / 0 > 0, Fate.CRASHED),
        (lambda: bool(bytes(1 << 40)), Fate.MEMORY),
    ],
)
def test_an_end_is_no_failing_test_unless_it_says_so(work: Callable[[], bool], fate: Fate) -> None:
    assert ended(work) is fate
