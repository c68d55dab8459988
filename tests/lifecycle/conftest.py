"""Places to work in that cost nothing to sync: in memory where that can be had."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import raw, server
from tests.cli.portal_desk import PortalDesk


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of a test's own."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def founded_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a desk with a portal and its keys, made once; tests work on copies of it."""
    desk = PortalDesk(tmp_path_factory.mktemp("founded"))
    desk.know("lee", "administrator")
    return desk.folder


@pytest.fixture(scope="session")
def postgres_desk(founded_desk: Path, postgres: server.Server) -> str:
    """The name of a database with the books of that desk; tests work on copies of it."""
    raw.copy_rows(founded_desk / "portal.db", postgres.create("template_desk"))
    return "template_desk"


@pytest.fixture
def portal_folder(founded_desk: Path, place: Path) -> Path:
    """A copy of that desk of a test's own."""
    return shutil.copytree(founded_desk, place / "desk")
