"""The commands on a portal whose books are on a PostgreSQL server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import raw, server
from tests.cli.desk import Desk

pytestmark = pytest.mark.usefixtures("postgres")

ROOT = Path(__file__).resolve().parents[2]

#: A trigger's function that closes the connection from the server's side.
LEAVING = (
    "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(9); RETURN NULL; END'"
)


class ServerDesk(Desk):
    """A desk whose portal is on a server."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url
        self.database = str(conninfo_to_dict(url)["dbname"])
        self.keys = folder / ".local/share/tallystick" / f"{self.database.replace('_', '-')}-keys"
        self.environ["TALLYSTICK_DB"] = url


@pytest.fixture
def desk(tmp_path: Path, postgres: server.Server) -> Iterator[ServerDesk]:
    with postgres.database() as url:
        yield ServerDesk(tmp_path, url)


def test_a_life_from_init_to_return(desk: ServerDesk) -> None:
    made = desk.done("portal", "init", "--account", "Example Networks", "--json").json
    assert made["database"] == f"postgresql://tally@/{desk.database}"
    assert made["root_file"] == str(desk.keys / "root.pem")
    trust = str(desk.path("trust.txt"))
    desk.done("portal", "trust", "--out", trust)
    desk.done("portal", "license", "add", "ROUTING", "10")
    desk.done("device", "init", "--pid", "RTR-900", "--sn", "FDO1", "--trust", trust)
    request = desk.done("device", "request", "--want", "ROUTING=2").line
    authorization = desk.done("portal", "reserve", request, "--as-requested").line
    assert desk.done("portal", "reserve", request, "--as-requested").line == authorization
    desk.done("portal", "accept", desk.done("device", "install", authorization).line)
    update = desk.done("portal", "update", request, "--license", "ROUTING=3").line
    desk.done("portal", "accept", desk.done("device", "install", update).line)
    assert "active" in desk.done("portal", "list").out
    with psycopg.connect(desk.url) as connection:
        assert connection.execute("SELECT reserved FROM balances").fetchone() == (3,)
    desk.done("portal", "accept", desk.done("device", "return", "--yes").line)
    assert desk.done("portal", "audit").code == 0
    assert [one["kind"] for one in desk.done("portal", "events", "--json").json["events"]][-1] == "returned"
    # The checkpoint counts everything, whichever command recorded it.
    with psycopg.connect(desk.url) as connection:
        assert connection.execute("SELECT count(*) FROM unplaced_events").fetchone() == (0,)


def test_a_database_that_was_copied_back_is_noticed(desk: ServerDesk, postgres: server.Server) -> None:
    desk.done("portal", "init", "--account", "Example Networks")
    desk.environ["TALLYSTICK_KEYS"] = str(desk.keys)
    with postgres.database(template=desk.database) as backup:
        desk.done("portal", "license", "add", "ROUTING", "10")
        desk.environ["TALLYSTICK_DB"] = backup
        assert "quarantine" in desk.done("portal", "list").err
        assert desk.run("portal", "reserve", "Q").code != 0


def test_what_is_on_a_server_is_not_copied_like_a_file(desk: ServerDesk) -> None:
    desk.done("portal", "init", "--account", "Example Networks")
    refused = desk.run("portal", "backup", str(desk.path("copy.db")), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "setup")
    assert "pg_dump" in refused.json["error"]["hint"]
    assert not desk.path("copy.db").exists()


@pytest.mark.parametrize(
    ("database", "password", "exit_code", "code"),
    [
        ("nowhere", None, 1, "no-portal"),
        ("postgres", None, 1, "no-portal"),
        ("postgres", "wrong-one", 5, "database-refused"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    desk: ServerDesk, postgres: server.Server, database: str, password: str | None, exit_code: int, code: str
) -> None:
    url = postgres.url(database, password=password) if password else postgres.url(database)
    for argv in (("portal", "list"), ("portal", "init", "--account", "A")):
        if argv[1] == "init" and database == "postgres" and not password:
            continue
        refused = desk.run(*argv, "--db", url, "--json", "-v")
        assert (refused.code, refused.json["error"]["code"]) == (exit_code, code)
        assert "wrong-one" not in refused.out + refused.err
        assert quote("sésame") not in refused.out + refused.err
        assert "sésame" not in refused.out + refused.err
    assert list(desk.folder.iterdir()) == []


def test_a_server_that_is_away_is_tried_again_later(desk: ServerDesk) -> None:
    url = f"postgresql://ann:ouvre-toi@/books?host={desk.folder}"
    refused = desk.run("portal", "list", "--db", url, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (7, "database-away")
    assert "ouvre" not in refused.out + refused.err


@pytest.mark.parametrize(("deferred", "code"), [(False, "database-away"), (True, "commit-lost")])
def test_a_server_that_goes_away_is_said_once(
    desk: ServerDesk, postgres: server.Server, deferred: bool, code: str
) -> None:
    desk.done("portal", "init", "--account", "Example Networks")
    desk.done("portal", "license", "add", "ROUTING", "10")
    trust = str(desk.path("trust.txt"))
    desk.done("portal", "trust", "--out", trust)
    desk.done("device", "init", "--pid", "RTR-900", "--sn", "FDO1", "--trust", trust)
    request = desk.done("device", "request", "--want", "ROUTING=2").line
    with psycopg.connect(desk.url, autocommit=True) as sql:
        sql.execute(LEAVING)
        when = "DEFERRABLE INITIALLY DEFERRED" if deferred else ""
        sql.execute(
            f"CREATE CONSTRAINT TRIGGER leaves AFTER INSERT ON codes {when} FOR EACH ROW EXECUTE "
            "FUNCTION leave()"
        )
    # A process of its own: what a library logs there nobody catches.
    done = subprocess.run(
        [sys.executable, "-m", "cli", "portal", "reserve", request, "--as-requested"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **desk.environment("router")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, ""), done.stderr
    error, hint = done.stderr.splitlines()
    assert error.startswith("Error: The server of ")
    assert hint.startswith("What to do: ")
    refused = desk.run("portal", "reserve", request, "--as-requested", "--json")
    assert (refused.json["error"]["code"], refused.err) == (code, "")


def test_what_would_count_twice_is_not_to_be_run_again_blindly(desk: ServerDesk) -> None:
    desk.done("portal", "init", "--account", "Example Networks")
    with psycopg.connect(desk.url, autocommit=True) as sql:
        sql.execute(LEAVING)
        sql.execute(
            "CREATE CONSTRAINT TRIGGER leaves AFTER INSERT ON additions DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION leave()"
        )
    lost = desk.run("portal", "license", "add", "ROUTING", "10", "--json")
    assert (lost.code, lost.json["error"]["code"], lost.err) == (6, "done-or-not", "")
    look = lost.json["error"]["hint"].partition(": tallystick ")[2]
    assert desk.done(*look.split(), "--json").json["events"] == []


def test_a_refused_command_writes_nothing(desk: ServerDesk) -> None:
    desk.done("portal", "init", "--account", "Example Networks")
    books = raw.opened(desk.url)
    before = list(raw.every_row(books))
    for argv in (("license", "add", "VPN", "0"), ("va", "add", "default"), ("init", "--account", "Again")):
        assert desk.run("portal", *argv).code in {1, 2}
    assert list(raw.every_row(books)) == before
    books.close()
