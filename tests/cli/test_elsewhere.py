"""Yesterday's database on another machine, without the checkpoint: what cannot be known is said."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import server
from tests.cli.desk import Desk

UNKNOWN = "No checkpoint on this machine says whether this database is the newest: something may be missing."
READING = (("list",), ("license", "list"), ("report", "usage"), ("audit",), ("events",), ("alerts",))


class Site(Desk):
    """A portal, and another machine to which only its database of yesterday and its keys came.

    Attributes:
        yesterday: What a report of yesterday says of the log.
        today: What one of today says.
    """

    yesterday: str
    today: str

    def live(self) -> None:
        """Make a portal, and work on it until yesterday's copy is made."""
        self.environ["TALLYSTICK_KEYS"] = str(self.path("keys"))
        self.done("portal", "init", "--account", "Example Networks")
        self.done("portal", "license", "add", "ROUTING", "10")
        self.yesterday = self.printed()

    def move(self, database: str) -> None:
        """Go on for a day, lose everything, and go to the other machine with the copy."""
        self.done("portal", "license", "add", "ROUTING", "5")
        self.today = self.printed()
        elsewhere = self.path("elsewhere")
        elsewhere.mkdir()
        for name in ("issuer.pem", "passphrase"):
            shutil.copy(self.path("keys") / name, elsewhere)
        self.environ |= {"TALLYSTICK_DB": database, "TALLYSTICK_KEYS": str(elsewhere)}

    def printed(self) -> str:
        """Return what a report says of the log."""
        return str(self.done("portal", "report", "usage", "--json").json["checkpoint"]["printed"])


@contextmanager
def a_file(desk: Site) -> Iterator[None]:
    desk.live()
    copy = shutil.copy(desk.path("portal.db"), desk.path("yesterday.db"))
    desk.move(f"sqlite:///{copy}")
    yield


@contextmanager
def a_server(desk: Site, postgres: server.Server) -> Iterator[None]:
    with postgres.database() as url:
        desk.environ["TALLYSTICK_DB"] = url
        desk.live()
        with postgres.database(template=str(conninfo_to_dict(url)["dbname"])) as copy:
            desk.move(copy)
            yield


@pytest.fixture(params=server.ENGINES)
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    desk = Site(tmp_path)
    on_server = request.param == "postgres"
    with a_server(desk, request.getfixturevalue("postgres")) if on_server else a_file(desk):
        yield desk


def test_whoever_looks_is_told_that_nothing_tells_whether_it_is_the_newest(site: Site) -> None:
    for argv in READING:
        assert UNKNOWN in site.done("portal", *argv).err, argv
    shown = site.done("portal", "report", "usage").out
    assert "nothing here tells whether this database is the newest" in shown
    assert site.done("portal", "report", "usage", "--json").json["checkpoint"]["is_newest"] is None


def test_what_cannot_be_known_is_said_in_words(site: Site) -> None:
    shown = site.done("portal", "quarantine").out
    assert "Checkpoint  none on this machine: nothing is issued" in shown
    for words in (
        "What cannot be known here",
        "Whether anything happened after the newest event, 2026-03-02 03:00 UTC, and how much",
        "Licences may be out that these books do not have. Returns, orders and changes of users may be",
    ):
        assert words in shown
    assert site.done("portal", "quarantine", "--json").json["can_be_told"] is False


def test_paper_tells_what_the_machine_cannot(site: Site) -> None:
    assert site.done("portal", "log", "verify", site.yesterday).code == 0
    refused = site.run("portal", "log", "verify", site.today)
    assert refused.code == 6
    assert "The log has 2 events, and the paper says that it had 3" in refused.err


@pytest.mark.parametrize("argv", [("log", "checkpoint"), ("reserve", "REQUEST", "--as-requested")])
def test_nothing_is_signed_until_a_person_has_said_what_it_is(site: Site, argv: tuple[str, ...]) -> None:
    site.done("portal", "trust", "--out", str(site.path("trust.txt")))
    site.done("device", "init", "--pid", "P", "--sn", "S", "--trust", str(site.path("trust.txt")))
    request = site.done("device", "request", "--want", "ROUTING").line
    words = ("portal", *(request if word == "REQUEST" else word for word in argv))
    refused = site.run(*words, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "no-checkpoint")
    assert "nothing tells whether its database is the newest" in refused.json["error"]["message"]
    site.done("portal", "quarantine", "--begin", "--reason", "The disk died; copy of yesterday")
    assert site.run(*words, "--json").json["error"]["code"] == "quarantined"
    shown = site.done("portal", "quarantine").out
    assert "The disk died; copy of yesterday" in shown
    assert "What cannot be known here" in shown


def test_once_a_person_says_that_it_is_the_newest_nothing_is_said_any_more(site: Site) -> None:
    site.done("portal", "quarantine", "--adopt", "--reason", "The copy was made after the last command")
    for argv in READING:
        assert UNKNOWN not in site.done("portal", *argv).err
    assert "What cannot be known" not in site.done("portal", "quarantine").out
    site.done("portal", "log", "checkpoint")
