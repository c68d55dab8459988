"""A portal on a real database, a clock that tests set, and every store that there is."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.service import Portal, Role
from reservation.sql.sqlite_engine import open_store
from reservation.store import Store
from tests.reservation.portal.appliance import START, Time, seeded

STORES: dict[str, Callable[[Path], Store]] = {"sqlite": open_store}

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    """A fresh portal with two administrators, ann and bob, made once; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("portal")
    made = bootstrap.initialise(
        f"sqlite://{folder}/portal.db",
        account="Northern Grid",
        actor="ann",
        keys_folder=folder / "keys",
        passphrase=PASSPHRASE,
        clock=lambda: START,
        random=seeded("portal"),
    )
    url = f"sqlite://{made.database}"
    with closing(
        bootstrap.open_portal(url, actor="ann", clock=lambda: START, random=seeded("people"))
    ) as opened:
        service.add_user(opened, "bob", Role.ADMINISTRATOR)
    return made


@contextmanager
def fast_folder() -> Iterator[Path]:
    """Make a folder; in memory where that can be had, since every commit is synced."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def database(founded: Founded) -> Iterator[Path]:
    """A portal's database of a test's own."""
    with fast_folder() as folder:
        yield Path(shutil.copy(founded.database, folder / "portal.db"))


@pytest.fixture
def time() -> Time:
    """The moment at which everything happens."""
    return Time()


@pytest.fixture
def portal(founded: Founded, database: Path, time: Time) -> Iterator[Portal]:
    """A portal, opened with its issuer."""
    opened = bootstrap.open_portal(
        f"sqlite://{database}",
        actor="ann",
        clock=time,
        random=seeded("command"),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )
    yield opened
    opened.close()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, database: Path) -> Iterator[Store]:
    """Each store that there is, on a portal's database."""
    opened = STORES[request.param](database)
    yield opened
    opened.close()
