"""What every test shares: how long and how reproducibly Hypothesis searches, and a place to run in."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import search, server
from tests.forking import forked

# No deadlines: the machines that run this are shared, and speed has its own place (benchmarks/).
settings.register_profile("house", deadline=None, print_blob=True)
# On CI a failure must be one that anybody can run again, so the search starts from a fixed seed.
settings.register_profile("fixed", settings.get_profile("house"), derandomize=True, database=None)
# Twenty times as far, in tests that say how far themselves, too (`tests.search`).
settings.register_profile("soak", settings.get_profile("house"), max_examples=20 * search.USUAL)
settings.load_profile("fixed" if os.environ.get("CI") else "house")


_MEMORY = Path("/dev/shm")
_PLENTY = 4 * 2**30


def _memory_will_do() -> bool:
    """Tell whether there is a lot of memory to keep files in, and whether they can be run there."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _PLENTY:
        return False
    return not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC


# Nearly every test writes files and has them synced, and throws them away: no disk need know of it.
if _memory_will_do():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def away_from_the_sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run in an empty folder: a test that writes to a relative path must not write among the sources."""
    with contextlib.chdir(tmp_path_factory.mktemp("away")):
        yield


def pytest_report_header() -> str:
    """Say which engines the tests run on."""
    found = server.binaries()
    return f"PostgreSQL: {found}" if found else "PostgreSQL: none here, so the tests run on SQLite alone"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a server, where the machine has none; the header says so, and CI has one."""
    if server.binaries():
        return
    left_out = [one for one in items if "postgres" in getattr(one, "fixturenames", ())]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [one for one in items if one not in left_out]


@pytest.fixture(scope="session")
def postgres() -> Iterator[server.Server]:
    """A PostgreSQL server, started when the first test asks for it."""
    with server.running() as running:
        yield running


@pytest.fixture
def forked_program(tmp_path: Path) -> Iterator[Path]:
    """The program, in a folder for a PATH, forked at each call instead of started from nothing."""
    with forked(tmp_path / "bin" / "tallystick") as program:
        yield program
