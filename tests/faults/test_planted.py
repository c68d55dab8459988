"""Faults planted into the program: the trials must notice each of them, by the words that say what it is."""

from dataclasses import dataclass

import pytest

from tests.faults.runs import ERRORS, KILL, Fault
from tests.faults.table import WRITING
from tests.faults.trial import Bench

ENOSPC, EIO, _ = ERRORS


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted fault.

    Attributes:
        name: Its function in `tests.faults.planted`.
        command: Which command of the table is tried with it.
        words: What must be found.
        fault: What goes wrong during the trials; None when it shows without.
    """

    name: str
    command: str
    words: str
    fault: Fault | None = KILL


PLANTED = (
    Planted("show_before_commit", "reserve", "told to be done, and is not"),
    Planted("show_before_commit", "update", "told to be done, and is not"),
    Planted("commit_without_sync", "reserve", "shown before portal.db", None),
    Planted("commit_without_sync", "accept return", "before portal.db", None),
    Planted("commit_in_two", "reserve", "half done"),
    Planted("close_without_checkpoint", "portal init", "half done", ENOSPC),
    Planted("show_before_tombstone", "return", "told to be done, and is not"),
    Planted("show_before_tombstone", "cancel", "told to be done, and is not"),
    Planted("write_in_place", "return", "half done"),
    Planted("leave_drafts", "request", "files: ['router/state/state.json.3'"),
    Planted("forget_what_is_pending", "request", "the second time it showed another code", None),
    Planted("sync_no_folder", "request", "shown before the folder of state.json was synced", None),
    Planted("sync_no_folder", "device init", "before the folder of device-key.pem was synced", None),
    Planted("sync_no_folder", "portal init", "before the folder of portal.db was synced", None),
    Planted("sync_nothing", "install", "state.json got its name before its content was synced", None),
    Planted("sync_nothing", "make key", "key.pem got its name before its content was synced", None),
    Planted("settle_nothing", "request", "shown before the folder of state.json was synced"),
    Planted("settle_nothing", "codes", "shown before the folder of state.json was synced", None),
    Planted("pass_over_failed_syncs", "return", "shown before the folder of state.json was synced", EIO),
    Planted("say_nothing_of_errors", "reserve", "it ended well and said ''", EIO),
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.name}, {planted.command}")
def test_a_planted_fault_is_noticed(bench: Bench, planted: Planted) -> None:
    (command,) = (command for command in WRITING if command.name == planted.command)
    trials = bench.trials(command, planted.name)
    found = trials.without_fault()
    if planted.fault:
        # Until it is seen; the calls after that say nothing more.
        for problem in trials.problems(planted.fault, trials.points()):
            found.append(problem)
            if planted.words in problem:
                break
    assert [problem for problem in found if planted.words in problem], found
