"""The same life with the books on a PostgreSQL server: fewer runs, since the rules are the same."""

import itertools
from pathlib import Path

import pytest
from hypothesis import settings

from tests import server
from tests.machine.founding import founded_on, template_on
from tests.machine.machine import Life
from tests.machine.searched import live_through
from tests.machine.test_life import SETTINGS
from tests.machine.trouble import Troubled
from tests.search import examples

TEMPLATE = "template_machine"
RUNS = 8

pytestmark = pytest.mark.usefixtures("postgres")


@pytest.mark.hypothesis
def test_nothing_is_issued_twice_or_lost_on_a_server(postgres: server.Server) -> None:
    template_on(postgres, TEMPLATE)
    numbers = itertools.count()

    def make(folder: Path) -> Troubled:
        number = next(numbers)
        # Whoever comes next has no use for the one before, and a long search makes hundreds.
        postgres.drop(f"world_{number - 1}")
        return founded_on(folder, postgres.create(f"world_{number}", TEMPLATE))

    class Served(Life):
        """A life whose books are on a server."""

    Served.make = staticmethod(make)
    live_through(Served, settings(SETTINGS, max_examples=examples(RUNS)), "any interleaving, PostgreSQL")
    assert next(numbers) >= RUNS
