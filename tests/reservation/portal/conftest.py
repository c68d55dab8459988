"""A portal on a real database of each engine, and a clock that tests set.

A test that asks for `url`, `portal` or `store` runs on every engine; one that looks into the file of a SQLite
database asks for `database`, and runs on that.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reservation import bootstrap, service
from reservation.bootstrap import Founded
from reservation.service import Portal, Role
from reservation.sql import postgres_engine, sqlite_engine
from reservation.store import Store
from tests import server
from tests.reservation.portal.appliance import START, Time, seeded

PASSPHRASE = "correct horse battery staple"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on every engine, but what looks into a file."""
    if "engine" in metafunc.fixturenames:
        engines = ("sqlite",) if "database" in metafunc.fixturenames else server.ENGINES
        metafunc.parametrize("engine", engines)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    """A fresh portal on SQLite, made once; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("portal")
    return found(f"sqlite://{folder}/portal.db", folder / "keys")


def found(url: str, keys: Path) -> Founded:
    """Make a portal with two administrators, ann and bob: the same one wherever its books are."""
    made = bootstrap.initialise(
        url,
        account="Northern Grid",
        actor="ann",
        keys_folder=keys,
        passphrase=PASSPHRASE,
        clock=lambda: START,
        random=seeded("portal"),
    )
    with closing(
        bootstrap.open_portal(url, actor="ann", clock=lambda: START, random=seeded("people"))
    ) as opened:
        service.add_user(opened, "bob", Role.ADMINISTRATOR)
    return made


@pytest.fixture(scope="session")
def postgres_template(postgres: server.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with the same portal, made once; tests work on copies of it."""
    found(postgres.create("template_portal"), tmp_path_factory.mktemp("template") / "keys")
    return "template_portal"


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
def url(engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a portal's database of a test's own."""
    if engine == "sqlite":
        yield f"sqlite://{request.getfixturevalue('database')}"
        return
    running: server.Server = request.getfixturevalue("postgres")
    with running.database(request.getfixturevalue("postgres_template")) as made:
        yield made


@pytest.fixture
def time() -> Time:
    """The moment at which everything happens."""
    return Time()


@pytest.fixture
def portal(founded: Founded, url: str, time: Time) -> Iterator[Portal]:
    """A portal, opened with its issuer."""
    opened = bootstrap.open_portal(
        url,
        actor="ann",
        clock=time,
        random=seeded("command"),
        issuer_file=founded.issuer_file,
        passphrase=PASSPHRASE,
    )
    yield opened
    opened.close()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Each store that there is, on a portal's database."""
    opened: Store
    if url.startswith("sqlite"):
        opened = sqlite_engine.open_store(bootstrap.database_path(url))
    else:
        opened = postgres_engine.open_store(url, "the database")
    yield opened
    opened.close()
