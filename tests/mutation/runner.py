"""Runs tests against mutants, each in a process forked from one that has collected the tests already.

A fault within a function is planted by giving the living function other code. The default of an argument and
whatever else stands outside functions was made when the module was imported, so for such a fault the child
imports the module anew with the fault in it, collects the tests, and runs them: far slower.

Which tests a mutant meets: those that ran through its lines in a first run without fault, quickest first,
until one fails or `BUDGET` is spent. Hypothesis searches little (`EXAMPLES`) and the same in every process.
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
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from tests.mutation import changes

EXAMPLES = 20
#: Seconds of tests (measured without fault) that one mutant meets at most.
BUDGET = 4.0
#: Seconds of work and of waiting after which a child is one that never ends: a mutant that was noticed.
WORK, PATIENCE = 12, 150
_MEMORY = 3 * 2**30
_KILLER = "killer"


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    UNTOUCHED = "untouched"
    UNFIT = "unfit"


Lines = dict[str, set[int]]
Living = dict[tuple[str, int], list[FunctionType]]
Swap = tuple[FunctionType, CodeType]


@dataclass
class Runner:
    """A pytest plugin that takes the place of the loop over the tests.

    Attributes:
        modules: The modules to plant faults in.
        chosen: Which mutants of a module to try; by default all within functions.
        report: Called with module, mutant and fate of each.
        children: How many forked processes at a time.
    """

    modules: Sequence[ModuleType]
    chosen: Callable[[str, changes.Mutant], bool]
    report: Callable[[str, changes.Mutant, Fate], None]
    children: int = 1
    _seconds: dict[str, float] = field(default_factory=dict)
    _lines: dict[str, Lines] = field(default_factory=dict)
    _running: dict[int, tuple[ModuleType, changes.Mutant, Path]] = field(default_factory=dict)
    # Tests that noticed another fault in the same function: they come first.
    _killers: dict[str, set[str]] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every test once as it is, and then against the mutants."""
        items = session.items
        for item in items:
            _search_little(item)
        if not self._first_run(items):
            raise pytest.UsageError("a test fails without any fault")
        alive = {str(module.__file__): _living(str(module.__file__)) for module in self.modules}
        _ = _caches()
        gc.collect()
        gc.freeze()
        for module in self.modules:
            self._try_all(module, items, alive[str(module.__file__)])
        while self._running:
            self._reap()
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
            while len(self._running) >= self.children:
                self._reap()
            self._fork(module, mutant, functools.partial(_meets, planted, tests))

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

    def _fork(self, module: ModuleType, mutant: changes.Mutant, run: Callable[[Path], bool]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="mutant-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        child = os.fork()
        if child == 0:
            _behave()
            noticed = True
            try:
                noticed = run(folder)
            finally:
                os._exit(1 if noticed else 0)
        self._running[child] = (module, mutant, folder)

    def _reap(self) -> None:
        child, status = os.wait()
        module, mutant, folder = self._running.pop(child)
        killer = folder / _KILLER
        if killer.exists():
            function = f"{module.__file__}:{mutant.function}"
            self._killers.setdefault(function, set()).add(killer.read_text())
        shutil.rmtree(folder, ignore_errors=True)
        self.report(module.__name__, mutant, Fate.SURVIVED if status == 0 else Fate.KILLED)


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
        if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
            (folder / _KILLER).write_text(item.nodeid)
            return True
    return False


def _behave() -> None:
    """Make a child quiet, and sure to end."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    resource.setrlimit(resource.RLIMIT_CPU, (WORK, WORK))
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
    """Try every mutant of a module outside functions, before the module was imported in this process."""
    tree = ast.parse(path.read_text())
    for mutant in changes.mutants(tree):
        if mutant.function is not None or not chosen(name, mutant):
            continue
        code = changes.compiled(tree, mutant, str(path))
        folder = Path(tempfile.mkdtemp(prefix="mutant-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        child = os.fork()
        if child == 0:
            _behave()
            status = 1
            try:
                sys.meta_path.insert(0, _Planted(name, code, str(path)))
                status = int(pytest.main([*arguments, "-x", f"--basetemp={folder}/tests"], [Littler()]))
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)
        yield mutant, Fate.SURVIVED if status == 0 else Fate.KILLED
