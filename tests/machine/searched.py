"""A search through lives; of a long one, how many there were is kept for the page of results."""

from typing import Final

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.machine import LIVED, Life
from tests.outcomes import SEED, keep
from tests.search import is_long

AREA: Final = "machine"
LIVES: Final = "lives"


def live_through(machine: type[Life], how: settings, name: str) -> None:
    """Search for a life that goes wrong.

    Args:
        machine: The kind of life.
        how: How far.
        name: Of what is searched.
    """
    bad = "a life went wrong"
    try:
        run_state_machine_as_test(machine, settings=how)
        bad = ""
    finally:
        if is_long():
            keep(AREA, LIVES, name, {"lives": LIVED[machine], "bad": bad, "seed": SEED})
