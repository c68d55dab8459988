"""A desk with an initialised device, for the tests of the command line."""

from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.cli.vendor import ACME


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty desk."""
    return Desk(tmp_path)


@pytest.fixture
def device(desk: Desk) -> Desk:
    """A desk with a router that trusts ACME's portal."""
    trust = desk.write("trust.txt", ACME.trust_file())
    desk.done("device", "init", "--pid", "RTR-900", "--sn", "FDO2547A1B2", "--trust", trust)
    return desk
