"""Programs that break a promise: the cuts must find each of them, or they could not see anything.

Each is the real program with one part taken out (`tests.faults.planted`).
"""

from dataclasses import dataclass

import pytest

from tests.outcomes import keep
from tests.power.bench import AREA, CONTROLS, Bench, named


@dataclass(frozen=True, slots=True)
class Control:
    """A program that must be caught.

    Attributes:
        name: What is wrong with it.
        plant: The fault, by its name in `tests.faults.planted`.
        command: At which command it shows.
        words: What must be found.
        beside: Whether it shows only while another process has the books open.
        after: Whether it shows after somebody had been told that the work is done.
    """

    name: str
    plant: str
    command: str
    words: str
    beside: bool = False
    after: bool = True


LOST = "told to be done, and is not"
HALF = "half done"
CAUGHT = (
    # The last one to close the books syncs them, whatever the setting: so there must be another.
    Control("synchronous = NORMAL", "commit_normally", "reserve", LOST, beside=True),
    # The journal's removal is the commit, and is not synced: it comes back, and takes the commit back.
    Control("journal_mode = DELETE, synchronous = FULL", "keep_rollback_journal", "reserve", LOST),
    Control("synchronous = OFF", "commit_without_sync", "accept return", LOST, beside=True),
    Control("acknowledge before commit", "show_before_commit", "update", LOST),
    Control("commit in two transactions", "commit_in_two", "reserve", HALF, after=False),
    Control("no sync of the folder after a rename", "sync_no_folder", "request", LOST),
    Control("no sync of the folder of a new device", "sync_no_folder", "device init", HALF),
    Control("a key's draft goes first", "sync_keys_late", "portal init", "office/keys/", after=False),
    Control("no sync of a file before its rename", "sync_nothing", "install", HALF),
    Control("the tombstone after the code", "show_before_tombstone", "return", LOST),
    Control("writing over the state file", "write_in_place", "return", HALF, after=False),
    Control("showing again without settling", "settle_nothing", "return again", LOST),
)


def catch(bench: Bench, control: Control) -> tuple[str, int]:
    return bench.catch(
        named(control.command),
        control.words,
        plant=control.plant,
        beside=control.beside,
        acknowledged=control.after,
    )


@pytest.mark.parametrize("control", CAUGHT, ids=lambda control: control.name)
def test_a_program_that_breaks_a_promise_is_caught(bench: Bench, control: Control) -> None:
    found, tried = catch(bench, control)
    assert control.words in found, tried


@pytest.mark.soak
def test_how_each_was_caught_is_kept(bench: Bench) -> None:
    for control in CAUGHT:
        found, tried = catch(bench, control)
        keep(AREA, CONTROLS, control.name, {"states": tried, "found": found})
        assert found, control
