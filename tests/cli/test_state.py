"""Stored state that is damaged, newer, locked, or not to be read: exit codes 6 and 7, and nothing changed."""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from tests.cli.desk import Desk
from tests.cli.portal_desk import PortalDesk


def _state(desk: Desk) -> Path:
    return desk.path("router/state.json")


def _cut_off(desk: Desk) -> None:
    _state(desk).write_bytes(_state(desk).read_bytes()[:-40])


def _changed(desk: Desk) -> None:
    text = _state(desk).read_text()
    _state(desk).write_text(text.replace("FDO2547A1B2", "FDO2547A1B3"))


def _garbage(desk: Desk) -> None:
    _state(desk).write_bytes(b"\x00\x1b[31m")


def _newer(desk: Desk) -> None:
    text = _state(desk).read_text()
    form = json.loads(text)
    body = text.replace(f'"version": {form["version"]}', f'"version": {form["version"] + 1}', 1)
    body = body[: body.rindex(',\n"checksum"')]
    checksum = sha256(body.encode()).hexdigest()
    _state(desk).write_text(f'{body},\n"checksum": "{checksum}"}}\n')


DAMAGE: dict[str, tuple[Callable[[Desk], None], str]] = {
    "cut off": (_cut_off, "state-damaged"),
    "changed": (_changed, "state-damaged"),
    "garbage": (_garbage, "state-damaged"),
    "newer": (_newer, "newer-state"),
}
COMMANDS = (
    ("device", "status"),
    ("device", "check", "ROUTING"),
    ("device", "request"),
    ("device", "return", "--yes"),
    ("device", "codes"),
)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_device_is_refused_with_the_way_forward(device: Desk, damage: str) -> None:
    device.done("device", "request")
    harm, error_code = DAMAGE[damage]
    harm(device)
    before = device.snapshot()
    for argv in COMMANDS:
        refused = device.run(*argv)
        assert refused.code == 6, argv
        assert refused.out == ""
        assert "What to do: " in refused.err
        assert device.run(*argv, "--json").json["error"]["code"] == error_code
    assert device.snapshot() == before


def test_a_folder_without_a_device(desk: Desk) -> None:
    for argv in COMMANDS:
        refused = desk.run(*argv)
        assert refused.code == 1
        assert "tallystick device init" in refused.err
    assert desk.snapshot() == {}


def test_a_device_is_initialised_once(device: Desk) -> None:
    before = device.snapshot()
    argv = ("device", "init", "--pid", "P", "--sn", "S", "--trust", str(device.path("trust.txt")))
    assert device.run(*argv).code == 1
    assert device.run(*argv, "--json").json["error"]["code"] == "already-initialised"
    assert device.snapshot() == before


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(device: Desk, mode: int) -> None:
    device.path("router/device-key.pem").chmod(mode)
    refused = device.run("device", "request")
    assert refused.code == 6
    assert "chmod 600" in refused.err
    assert device.run("device", "status").code == 0


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_a_device_that_another_command_changes_is_busy(device: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from reservation.device import folder

    real = folder.Folder
    monkeypatch.setattr("reservation.device.agent.Folder", lambda home: real(home, wait_seconds=0.05))
    before = device.snapshot()
    with _held(device.path("router/lock")):
        refused = device.run("device", "request", "--json")
        assert device.run("device", "status").code == 0
    assert refused.code == 7
    assert refused.json["error"]["code"] == "busy"
    assert device.snapshot() == before
    assert device.run("device", "request").code == 0


@pytest.fixture
def portal(tmp_path: Path) -> PortalDesk:
    return PortalDesk(tmp_path)


def test_a_database_that_is_replaced_meanwhile_is_left_alone(
    portal: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, random = portal.path("portal.db"), portal._random
    copy = portal.path("copy.db")
    portal.done("portal", "backup", str(copy))

    def meanwhile(length: int) -> bytes:
        # Drawn after the database was opened, and before anything is written.
        if copy.exists():
            copy.rename(database)
        return random(length)

    monkeypatch.setattr(portal, "_random", meanwhile)
    refused = portal.run("portal", "license", "add", "ROUTING", "1", "--json")
    assert refused.code == 7
    assert refused.json["error"]["code"] == "database-replaced"
    assert "restored or moved" in refused.json["error"]["message"]


def test_a_damaged_database_is_refused(portal: PortalDesk) -> None:
    database = portal.path("portal.db")
    database.write_bytes(b"SQLite format 3\x00" + b"\x1b[31m" * 1000)
    for argv in (("list",), ("audit",), ("license", "add", "ROUTING", "1")):
        refused = portal.run("portal", *argv)
        assert refused.code == 6, refused
        assert refused.out == ""
        assert "What to do: " in refused.err


def test_a_database_of_a_newer_version_is_refused(portal: PortalDesk) -> None:
    connection = apsw.Connection(str(portal.path("portal.db")))
    connection.execute("pragma user_version = 999")
    connection.close()
    refused = portal.run("portal", "list", "--json")
    assert refused.code == 6
    assert refused.json["error"]["code"] == "newer-state"


def test_the_audit_sees_a_hand_in_the_books(portal: PortalDesk) -> None:
    portal.confirmed()
    sound = portal.done("portal", "audit", "--json").json
    assert sound == {"sound": True, "findings": [], "by_mac": 0, "macs_checked": False}
    connection = apsw.Connection(str(portal.path("portal.db")))
    connection.execute("update balances set available = available + 5, entitled = entitled + 5")
    connection.close()
    found = portal.run("portal", "audit")
    assert found.code == 6
    assert "ROUTING" in found.out
    assert "backup" in found.err
    record = portal.run("portal", "audit", "--json").json
    assert record["sound"] is False
    assert {finding["kind"] for finding in record["findings"]}


def test_a_portal_that_another_process_changes_is_busy(
    portal: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reservation.sql.sqlite_engine.BUSY_MILLISECONDS", 50)
    request = portal.requested()
    before = portal.everything()
    other = apsw.Connection(str(portal.path("portal.db")))
    try:
        other.execute("begin immediate")
        refused = portal.run("portal", "reserve", request, "--as-requested", "--json")
        assert portal.run("portal", "license", "list").code == 0
    finally:
        other.close()
    assert refused.code == 7
    assert refused.json["error"]["code"] == "busy"
    assert "Try again" in refused.json["error"]["hint"]
    assert portal.everything() == before
    assert portal.run("portal", "reserve", request, "--as-requested").code == 0


def test_the_database_refuses_what_would_break_the_books(portal: PortalDesk) -> None:
    """A hand has moved counts, so that a confirmation would make an account negative."""
    _, authorization = portal.reserved()
    confirmation = portal.done("device", "install", authorization).line
    connection = apsw.Connection(str(portal.path("portal.db")))
    connection.execute("update balances set available = available + in_doubt, in_doubt = 0")
    connection.close()
    before = portal.everything()
    refused = portal.run("portal", "accept", confirmation)
    assert refused.code == 6
    assert "portal audit" in refused.err
    as_json = portal.run("portal", "accept", confirmation, "--json").json
    assert as_json["error"]["code"] == "constraint-broken"
    assert portal.everything() == before


def test_a_sqlite_that_can_lose_commits_is_refused(
    portal: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = portal.everything()
    monkeypatch.setattr("apsw.sqlite_lib_version", lambda: "3.40.1")
    refused = portal.run("portal", "list", "--json")
    assert refused.code == 6
    assert refused.json["error"]["code"] == "unsafe-database"
    assert "3.40.1" in refused.json["error"]["message"]
    assert portal.everything() == before


def test_a_folder_that_cannot_be_made_is_refused(device: Desk) -> None:
    before = device.snapshot()
    home = str(device.path("trust.txt") / "folder")
    argv = ("device", "init", "--pid", "P", "--sn", "S", "--trust", str(device.path("trust.txt")))
    refused = device.run(*argv, "--home", home, "--json")
    assert refused.code == 6
    assert refused.json["error"]["code"] == "storage"
    assert device.snapshot() == before
