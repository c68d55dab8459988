"""Runs tests against mutants, each in a process forked from one that has collected the tests already.

A fault within a function is planted by giving the living function other code. The default of an argument and
whatever else stands outside functions was made when the module was imported, so for such a fault the child
imports the module anew with the fault in it, collects the tests, and runs them: far slower.

Which tests a mutant meets: those that ran through its lines in a first run without fault, quickest first,
until one fails or `BUDGET` is spent. Hypothesis searches little (`EXAMPLES`) and the same in every process.

Control: each of these tests is run alone in a forked process first, the functions given their own code once
more. One that fails there would fail whatever the fault is: it is named, and notices nothing in that run.
"""

import ast
import contextlib
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from tests.mutation import changes

EXAMPLES = 20
#: Seconds of tests (measured without fault) that one mutant meets at most.
BUDGET = 4.0
#: Seconds of work (of the processor, whatever else the machine does) after which a child is one that never
#: ends, and of waiting, which others may cause: so that one is long.
WORK, PATIENCE = 20, 900
#: Seconds of the processor more where a child imports a module anew, and collects and runs all of its tests.
LOADING = 100
_MEMORY = 3 * 2**30
_KILLER = "killer"
#: With what a child ends: every other status says that the child itself went wrong.
_GOOD, _FAILED, _FULL = 0, 1, 65


class Fate(StrEnum):
    """What became of a mutant: which tests there are, whether one failed, or how its process ended else."""

    KILLED = "killed"
    SURVIVED = "survived"
    UNTOUCHED = "untouched"
    UNFIT = "unfit"
    TIME = "out-of-time"
    MEMORY = "out-of-memory"
    CRASHED = "crashed"


Lines = dict[str, set[int]]
Living = dict[tuple[str, int], list[FunctionType]]
Swap = tuple[FunctionType, CodeType]
Child = tuple[Callable[[Fate], None], str | None, Path]


@dataclass
class Runner:
    """A pytest plugin that takes the place of the loop over the tests.

    Attributes:
        modules: The modules to plant faults in.
        chosen: Which mutants of a module to try; by default all within functions.
        report: Called with module, mutant and fate of each.
        unsound: Called with the tests that failed in a forked process without any fault: they are not used.
        children: How many forked processes at a time.
        work: Seconds of the processor that one of them may take.
    """

    modules: Sequence[ModuleType]
    chosen: Callable[[str, changes.Mutant], bool]
    report: Callable[[str, changes.Mutant, Fate], None]
    unsound: Callable[[dict[str, Fate]], None]
    children: int = 1
    work: int = WORK
    _seconds: dict[str, float] = field(default_factory=dict)
    _lines: dict[str, Lines] = field(default_factory=dict)
    _running: dict[int, Child] = field(default_factory=dict)
    # Tests that noticed another fault in the same function: they come first.
    _killers: dict[str, set[str]] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every test once as it is, and then against the mutants."""
        items = session.items
        # What an earlier loop in this process froze, nobody would find.
        gc.unfreeze()
        _caches.cache_clear()
        for item in items:
            _search_little(item)
        if not self._first_run(items):
            raise pytest.UsageError("a test fails without any fault")
        alive = {str(module.__file__): _living(str(module.__file__)) for module in self.modules}
        _ = _caches()
        gc.collect()
        gc.freeze()
        sound = self._control(items, alive)
        for module in self.modules:
            self._try_all(module, sound, alive[str(module.__file__)])
        self._wait(0)
        return True

    # --- without fault -------------------------------------------------------------------------------

    def _first_run(self, items: list[pytest.Item]) -> bool:
        paths = {str(module.__file__) for module in self.modules}
        good = True
        for item, following in zip(items, [*items[1:], None], strict=True):
            seen: Lines = {path: set() for path in paths}
            _forget_caches()
            started = time.process_time()
            with _noting_lines(seen):
                reports = runtestprotocol(item, nextitem=following, log=False)
            self._seconds[item.nodeid] = time.process_time() - started
            self._lines[item.nodeid] = seen
            for report in reports:
                if report.failed:
                    print(report.longreprtext, file=sys.stderr)
                    good = False
        return good

    def _control(self, items: list[pytest.Item], alive: dict[str, Living]) -> list[pytest.Item]:
        """Run each test in a process of its own, as a mutant's; return those that pass."""
        same = [swap for path, living in alive.items() for swap in _unchanged(path, living)]
        fates: dict[str, Fate] = {}
        for item in items:
            if any(self._lines[item.nodeid].values()):
                note = functools.partial(fates.__setitem__, item.nodeid)
                self._fork(note, None, functools.partial(_meets, same, [item]))
        self._wait(0)
        failed: dict[str, Fate] = {name: fate for name, fate in fates.items() if fate is not Fate.SURVIVED}
        self.unsound(failed)
        return [item for item in items if item.nodeid not in failed]

    # --- with faults ---------------------------------------------------------------------------------

    def _try_all(self, module: ModuleType, items: list[pytest.Item], alive: Living) -> None:
        path = str(module.__file__)
        tree = ast.parse(Path(path).read_text())
        for mutant in changes.mutants(tree):
            if mutant.function is None or not self.chosen(module.__name__, mutant):
                continue
            tests = self._tests_of(mutant, path, items)
            if not tests:
                self.report(module.__name__, mutant, Fate.UNTOUCHED)
                continue
            try:
                planted = _swaps(changes.compiled(tree, mutant, path), mutant.function, alive)
            except (SyntaxError, ValueError, TypeError, KeyError):
                self.report(module.__name__, mutant, Fate.UNFIT)
                continue
            note = functools.partial(self.report, module.__name__, mutant)
            self._fork(note, f"{path}:{mutant.function}", functools.partial(_meets, planted, tests))

    def _tests_of(self, mutant: changes.Mutant, path: str, items: list[pytest.Item]) -> list[pytest.Item]:
        first, last = mutant.lines
        lines = range(first, last + 1)
        hit = [item for item in items if not self._lines[item.nodeid][path].isdisjoint(lines)]
        chosen: list[pytest.Item] = []
        spent = 0.0
        sharp = self._killers.get(f"{path}:{mutant.function}", set())
        for item in sorted(hit, key=lambda one: (one.nodeid not in sharp, self._seconds[one.nodeid])):
            spent += self._seconds[item.nodeid]
            if chosen and spent > BUDGET:
                break
            chosen.append(item)
        return chosen

    def _fork(self, note: Callable[[Fate], None], function: str | None, run: Callable[[Path], bool]) -> None:
        self._wait(self.children - 1)
        folder = Path(tempfile.mkdtemp(prefix="mutant-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        child = os.fork()
        if child == 0:
            _run_and_end(run, folder, self.work)
        self._running[child] = (note, function, folder)

    def _wait(self, most: int) -> None:
        """Wait until no more children run than so many."""
        while len(self._running) > most:
            child, status = os.wait()
            note, function, folder = self._running.pop(child)
            killer = folder / _KILLER
            if function and killer.exists():
                self._killers.setdefault(function, set()).add(killer.read_text())
            shutil.rmtree(folder, ignore_errors=True)
            note(fate_of(status))


def fate_of(status: int) -> Fate:
    """Return what a child's end means, by its wait status."""
    code = os.waitstatus_to_exitcode(status)
    known = {
        _GOOD: Fate.SURVIVED,
        _FAILED: Fate.KILLED,
        _FULL: Fate.MEMORY,
        -signal.SIGXCPU: Fate.TIME,
        -signal.SIGALRM: Fate.TIME,
    }
    return known.get(code, Fate.CRASHED)


def _run_and_end(run: Callable[[Path], bool], folder: Path, work: int) -> NoReturn:
    """Run tests in a child, and end it."""
    status = 70
    try:
        _behave(work)
        status = _FAILED if run(folder) else _GOOD
    except MemoryError:
        status = _FULL
    finally:
        os._exit(status)


def _unchanged(path: str, living: Living) -> list[Swap]:
    """Return what gives every function of a module the code that it has, compiled anew."""
    code = compile(Path(path).read_text(), path, "exec")
    return [
        (one, again)
        for name, again in changes.functions(code)
        for one in living.get((name, again.co_firstlineno), [])
        if again.co_freevars == one.__code__.co_freevars
    ]


def _swaps(code: CodeType, function: str, alive: Living) -> list[Swap]:
    """Return which living functions get which code.

    Raises:
        KeyError: When no such function is alive.
        ValueError: When the code does not fit the function's closure.
    """
    swaps = []
    for name, one in changes.functions(code):
        if name != function:
            continue
        for living in alive[name, one.co_firstlineno]:
            if one.co_freevars != living.__code__.co_freevars:
                raise ValueError(function)
            swaps.append((living, one))
    if not swaps:
        raise KeyError(function)
    return swaps


def _living(path: str) -> Living:
    """Return the functions of a module that are alive: by qualified name and first line."""
    found: Living = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename == path:
            found.setdefault((one.__code__.co_qualname, one.__code__.co_firstlineno), []).append(one)
    return found


def _meets(planted: list[Swap], tests: list[pytest.Item], folder: Path) -> bool:
    """Plant a fault and tell whether one of the tests fails."""
    for function, code in planted:
        function.__code__ = code
    _forget_caches()
    # The folders of tests: each child has its own, which goes when the child has gone.
    factory: Any = tests[0].config._tmp_path_factory  # type: ignore[attr-defined]
    factory._basetemp = folder
    for item, following in zip(tests, [*tests[1:], None], strict=True):
        failed = [report for report in runtestprotocol(item, nextitem=following, log=False) if report.failed]
        if any(_ran_full(report) for report in failed):
            raise MemoryError
        if failed:
            (folder / _KILLER).write_text(item.nodeid)
            return True
    return False


def _ran_full(report: pytest.TestReport) -> bool:
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash is not None and crash.message.startswith("MemoryError")


def _behave(work: int) -> None:
    """Make a child quiet, and sure to end."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    resource.setrlimit(resource.RLIMIT_CPU, (work, work + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _search_little(item: pytest.Item) -> None:
    """Let Hypothesis try few examples, the same each time, and not look for the smallest that fails."""
    function = getattr(item, "obj", None)
    known = getattr(function, "_hypothesis_internal_use_settings", None)
    if function is None or known is None:
        return
    little = settings(
        known,
        max_examples=min(known.max_examples, EXAMPLES),
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
    )
    getattr(function, "__func__", function)._hypothesis_internal_use_settings = little


def _forget_caches() -> None:
    """Empty what functions of ours remember of former calls: it was worked out without fault."""
    for one in _caches():
        one.cache_clear()


@functools.cache
def _caches() -> list[Any]:
    """Return the functions that remember; asked first when all tests are collected."""
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, functools._lru_cache_wrapper)
        and str(getattr(one, "__module__", "")).startswith(("codec.", "reservation.", "cli."))
    ]


@contextlib.contextmanager
def _noting_lines(seen: Lines) -> Iterator[None]:
    """Note which lines of the modules run."""

    def local(frame: FrameType, event: str, arg: object) -> Any:
        del event, arg
        seen[frame.f_code.co_filename].add(frame.f_lineno)
        return local

    def calls(frame: FrameType, event: str, arg: object) -> Any:
        del event, arg
        if frame.f_code.co_filename not in seen:
            return None
        seen[frame.f_code.co_filename].add(frame.f_lineno)
        return local

    before = sys.gettrace()
    sys.settrace(calls)
    try:
        yield
    finally:
        sys.settrace(before)


# --- faults outside functions ------------------------------------------------------------------------


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with a fault in it, and all others as they are."""

    def __init__(self, name: str, code: CodeType, path: str) -> None:
        self._name, self._code, self._path = name, code, path

    def find_spec(self, fullname: str, path: object, target: object = None) -> Any:
        """Return the module with the fault."""
        del path, target
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=self._path)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Leave that to the machinery."""
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the code with the fault."""
        module.__file__ = self._path
        exec(self._code, module.__dict__)


class Littler:
    """A pytest plugin for such a child: Hypothesis searches little."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Change what was collected."""
        for item in items:
            _search_little(item)


def outside(
    name: str, path: Path, arguments: list[str], chosen: Callable[[str, changes.Mutant], bool]
) -> Iterator[tuple[changes.Mutant, Fate]]:
    """Try every mutant of a module outside functions, before the module was imported in this process.

    Raises:
        UsageError: When a test fails without any fault.
    """
    text = path.read_text()
    if _imported_with(compile(text, str(path), "exec"), name, path, arguments) is not Fate.SURVIVED:
        raise pytest.UsageError("a test fails in a child without any fault")
    tree = ast.parse(text)
    for mutant in changes.mutants(tree):
        if mutant.function is None and chosen(name, mutant):
            code = changes.compiled(tree, mutant, str(path))
            yield mutant, _imported_with(code, name, path, arguments)


def _imported_with(code: CodeType, name: str, path: Path, arguments: list[str]) -> Fate:
    """Return what becomes of a process that imports a module with other code, and runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="mutant-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))

    def run(folder: Path) -> bool:
        sys.meta_path.insert(0, _Planted(name, code, str(path)))
        return pytest.main([*arguments, "-x", f"--basetemp={folder}/tests"], [Littler()]) != 0

    child = os.fork()
    if child == 0:
        _run_and_end(run, folder, WORK + LOADING)
    _, status = os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    return fate_of(status)
