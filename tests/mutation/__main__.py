"""Plant faults in modules and say which ones no test notices: ``python -m tests.mutation [MODULE ...]``.

Without a module, all of `table.TESTS` are tried. Prints each survivor that `justified.toml` does not explain,
each mutant whose process ended by itself (out of time or memory, or by a signal) and not by a failing test,
and one row of numbers for each module. Exit code 1 when there was such a survivor, or when a test failed in a
process of its own without any fault.
"""

import argparse
import collections
import importlib
import json
import sys
import tomllib
from pathlib import Path

import pytest

from tests.mutation import changes, runner
from tests.mutation.table import TESTS

#: A mutant was noticed, though by no test that failed.
_ENDED = {runner.Fate.TIME, runner.Fate.MEMORY, runner.Fate.CRASHED}
_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
_ALWAYS = [
    *("-q", "-s", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not soak"),
    *("-k", "not postgres", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
]


class Outcome:
    """What became of the mutants so far."""

    def __init__(self, log: Path | None) -> None:
        self.fates: dict[str, collections.Counter[str]] = {}
        self.unexplained: list[str] = []
        self.unsound: list[str] = []
        self._log = log
        self._justified = justified()

    def note(self, module: str, mutant: changes.Mutant, fate: runner.Fate) -> None:
        """Note one more."""
        word = fate.value
        if fate in _ENDED:
            print(f"{fate.value}: {module}.{mutant.name}  (line {mutant.lines[0]})", flush=True)
        if fate in {runner.Fate.SURVIVED, runner.Fate.UNTOUCHED}:
            name = f"{module}.{mutant.name}"
            if name in self._justified:
                word = "justified"
            else:
                self.unexplained.append(name)
                print(f"{fate.value}: {name}  (line {mutant.lines[0]})", flush=True)
        self.fates.setdefault(module, collections.Counter())[word] += 1
        if self._log:
            with self._log.open("a") as out:
                out.write(json.dumps([module, mutant.name, mutant.lines[0], word]) + "\n")

    def note_unsound(self, tests: dict[str, runner.Fate]) -> None:
        """Note the tests that failed without any fault, and so were not used."""
        for name, fate in tests.items():
            self.unsound.append(name)
            print(f"not used: {name}  ({fate.value} in a process of its own without fault)", flush=True)

    @property
    def exit_code(self) -> int:
        """What the run ends with."""
        return 1 if self.unexplained or self.unsound else 0


def justified() -> set[str]:
    """Return the names of the survivors that are explained."""
    classes = tomllib.loads((_HERE / "justified.toml").read_text())["class"]
    return {name for one in classes for name in one["mutants"]}


def grouped(names: list[str]) -> list[tuple[list[str], tuple[str, ...]]]:
    """Return the modules that have the same tests together, and these tests."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        groups.setdefault(TESTS[name], []).append(name)
    return [(modules, tests) for tests, modules in groups.items()]


def main() -> int:
    """Try the mutants of the modules named."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as codec.wire")
    parser.add_argument("--children", type=int, default=1, help="processes at a time")
    parser.add_argument(
        "--seconds", type=int, default=runner.WORK, help="of the processor that a fault may take"
    )
    parser.add_argument("--only", help="only mutants whose name has this in it")
    parser.add_argument("--outside", action="store_true", help="faults outside functions instead; slow")
    parser.add_argument("--log", type=Path, help="file to add a line to for each mutant")
    options = parser.parse_args()
    outcome = Outcome(options.log)

    def chosen(module: str, mutant: changes.Mutant) -> bool:
        return options.only is None or options.only in f"{module}.{mutant.name}"

    for names, tests in grouped(options.modules or list(TESTS)):
        files = [str(_ROOT / "tests" / one) for one in tests]
        if options.outside:
            for name in names:
                path = _ROOT / f"{name.replace('.', '/')}.py"
                for mutant, fate in runner.outside(name, path, [*_ALWAYS, *files], chosen):
                    outcome.note(name, mutant, fate)
        else:
            modules = [importlib.import_module(name) for name in names]
            planting = runner.Runner(
                modules, chosen, outcome.note, outcome.note_unsound, options.children, options.seconds
            )
            pytest.main([*_ALWAYS, *files], [planting])
    for name, fates in outcome.fates.items():
        print(name, *(f"{count} {fate}" for fate, count in sorted(fates.items())))
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main())
