"""The same life with the books on a PostgreSQL server: fewer runs, since the rules are the same."""

import itertools
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests import server
from tests.machine.founding import founded_on, template_on
from tests.machine.machine import Life
from tests.machine.test_life import SETTINGS
from tests.machine.trouble import Troubled

TEMPLATE = "template_machine"
RUNS = 8

pytestmark = pytest.mark.usefixtures("postgres")


def test_nothing_is_issued_twice_or_lost_on_a_server(postgres: server.Server) -> None:
    template_on(postgres, TEMPLATE)
    numbers = itertools.count()

    def make(folder: Path) -> Troubled:
        return founded_on(folder, postgres.create(f"world_{next(numbers)}", TEMPLATE))

    class Served(Life):
        """A life whose books are on a server."""

    Served.make = staticmethod(make)
    run_state_machine_as_test(Served, settings=settings(SETTINGS, max_examples=RUNS))
    assert next(numbers) >= RUNS
