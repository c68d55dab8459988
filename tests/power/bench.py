"""A bench on which recorded runs are cut: what it counts, and how much of what it finds is told."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.facts import Observer
from tests.faults.table import WRITING, Writing
from tests.power.cuts import cuts_of
from tests.power.history import History
from tests.power.judging import Judge

#: Where outcomes are kept (`tests.outcomes`), and the parts of it.
AREA: Final = "power"
#: Changes made to the program, so that it breaks a promise: each must be found.
CONTROLS: Final = "controls"
COMMANDS: Final = "commands"
_MOST_TO_CATCH: Final = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the cuts of one command came to.

    Attributes:
        states: How many different states were tried.
        acknowledged: How many of them after somebody had been told that the work is done.
        problems: What was wrong.
    """

    states: int
    acknowledged: int
    problems: tuple[str, ...]


class Bench:
    """Records commands and cuts them.

    Args:
        history: Scenes and disks.
        folder: Where runs are recorded, and states are put.
    """

    def __init__(self, history: History, folder: Path) -> None:
        self._history, self._folder = history, folder
        self._observer = Observer(history.launcher)

    def cut(self, command: Writing, wanted: int, *, seed: str, beside: bool = False) -> Outcome:
        """Try states that a power cut could leave of a command.

        Args:
            command: From the table of writing commands.
            wanted: How many states, where there are so many.
            seed: Where the choice starts.
            beside: Whether another process has the books open.
        """
        run = self._history.run(command, self._folder, beside=beside)
        judge = Judge(self._history, self._observer, run, self._folder)
        counts: Counter[bool] = Counter()
        problems: list[str] = []
        for cut in cuts_of(run, wanted, f"{seed}/{command.name}/{beside}"):
            counts[cut.acknowledged] += 1
            problems += judge.problems(cut)
        return Outcome(counts.total(), counts[True], tuple(problems))

    def catch(
        self, command: Writing, words: str, *, plant: str, beside: bool = False, acknowledged: bool = False
    ) -> tuple[str, int]:
        """Search for a state that shows a fault in the program.

        Args:
            command: From the table of writing commands.
            words: What is to be found.
            plant: The fault, by its name in `tests.faults.planted`.
            beside: Whether another process has the books open.
            acknowledged: Whether only states are tried after somebody had been told.

        Returns:
            What was found, empty for nothing; and how many states were tried.
        """
        run = self._history.run(command, self._folder, plant=plant, beside=beside)
        judge = Judge(self._history, self._observer, run, self._folder)
        tried = 0
        for cut in cuts_of(run, _MOST_TO_CATCH, plant, only_acknowledged=acknowledged):
            tried += 1
            for problem in judge.problems(cut):
                if words in problem:
                    return problem, tried
        return "", tried


def named(name: str) -> Writing:
    """Return a command of the table."""
    (command,) = (command for command in WRITING if command.name == name)
    return command


def may_run_beside(command: Writing) -> bool:
    """Tell whether a command writes to books that another process can have open."""
    return command.argv.startswith("portal") and command.stage != "empty"
