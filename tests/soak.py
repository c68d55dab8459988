"""The long run, for which nobody stays: a plugin that `make soak` loads into pytest.

    SEED=0 python -m pytest -p tests.soak -m "soak or hypothesis" --hypothesis-profile=soak

Scope: tests go in the order of their length, the longest first, so that no core waits for another at the
end. Each test's end is written to `build/soak/tests.jsonl` as it comes, with all words of a failure; at the
end every part is told with its seed and how to repeat it, on the screen and in `build/soak/summary.txt`. A
run that takes longer than `SOAK_SECONDS` is stopped and has failed. What the tests counted is kept elsewhere
(`tests.outcomes`).

Two cores have 240 minutes of computing in two hours. Foreseen are, from shorter runs:

    histories of eight processes, both databases                   40
    lives in any order (tests/machine), 20 times as many           40
    errors and kills at every call of every command                20
    power cuts, and programs that must be caught                   20
    every other property, 20 times as far                          20
    golden codes in every damage, strangers                        15
    kills at any moment, both databases, and crowds                20
"""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.outcomes import FOLDER, SEED

#: Where a test stands that is not named: behind those that take minutes, before those that take seconds.
LONGEST: Final = (
    "tests/linear/test_histories.py::test_many",
    "tests/machine/test_life.py::test_nothing",
    "tests/faults/test_lives.py::test_lives_on_a_server",
    "tests/faults/test_lives.py",
    "tests/faults/test_crowds.py::test_crowds",
    "tests/machine",
    "tests/faults/test_crowds.py",
    "tests/power/test_controls.py",
    "tests/codec/test_golden.py",
    "tests/power",
    "tests/faults",
)
WORKER: Final = "PYTEST_XDIST_WORKER"
SECONDS: Final = int(os.environ.get("SOAK_SECONDS", "7200"))


def place(name: str) -> int:
    """Return where a test comes, by its name."""
    return next((number for number, one in enumerate(LONGEST) if name.startswith(one)), len(LONGEST))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, but let no process begin with two of them: each is given two tests at once."""
    items.sort(key=lambda item: place(item.nodeid))
    short = [items.pop() for _ in range(min(2, len(items) // 2))]
    for number, item in enumerate(short):
        items.insert(2 * number + 1, item)


def pytest_configure(config: pytest.Config) -> None:
    """Keep what happens, in the process that hears of all tests."""
    if WORKER not in os.environ:
        config.pluginmanager.register(Diary(FOLDER / "soak"), "diary of the soak")
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(SECONDS)


def _too_long(*_: object) -> None:
    raise KeyboardInterrupt(f"longer than {SECONDS} seconds")


class Diary:
    """Writes down how each test ends, and tells it at the end.

    Args:
        folder: Where it is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: list[dict[str, Any]] = []
        self._stopped = ""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tests.jsonl").write_text("", encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down a test's end, and what went wrong before and after it."""
        if report.when != "call" and report.passed:
            return
        entry = {
            "test": report.nodeid,
            "outcome": report.outcome,
            "seconds": round(report.duration, 1),
            "seed": SEED,
            **({"words": report.longreprtext} if report.failed else {}),
        }
        self._entries.append(entry)
        with (self._folder / "tests.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that tests were left out."""
        self._stopped = str(excinfo.value) or "somebody stopped it"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell every part."""
        lines = list(summary(self._entries, self._stopped))
        (self._folder / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        terminalreporter.section(f"soak, seed {SEED}; kept in {self._folder}")
        for line in lines:
            terminalreporter.line(line)


def summary(entries: Sequence[dict[str, Any]], stopped: str = "") -> Iterator[str]:
    """Tell each file of tests: how its tests ended, how long they took, and how to run it again.

    Args:
        entries: The ends of tests.
        stopped: Why the run ended before all of them did; empty: it did not.
    """
    parts: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        parts.setdefault(entry["test"].partition("::")[0], []).append(entry)
    for part in sorted(parts):
        counts = Counter(entry["outcome"] for entry in parts[part])
        ends = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
        seconds = sum(entry["seconds"] for entry in parts[part])
        yield f"{part}: {ends}, {seconds:,.0f} s. Again: SEED={SEED} make soak SOAK_TESTS={part}"
    failed = [entry["test"] for entry in entries if entry["outcome"] == "failed"]
    if stopped:
        yield f"STOPPED before the end of all tests: {stopped}"
    yield f"{len(entries)} tests ended, {len(failed)} of them failed"
    for test in failed:
        yield f"FAILED: SEED={SEED} make soak SOAK_TESTS='{test}'"
