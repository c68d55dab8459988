"""Every row of the table that a person can cause, through the command line: all of them.

A person can paste anything that another device, another portal or a forger has made.
"""

from pathlib import Path

import pytest

from tests.cli.desk import HARDWARE, Desk
from tests.lifecycle.device_scene import assert_device_code, assert_device_command
from tests.lifecycle.device_table import DEVICE, DEVICE_COMMANDS
from tests.lifecycle.hands import Answer
from tests.lifecycle.outcome import Row
from tests.lifecycle.portal_scene import assert_portal_code, assert_portal_command
from tests.lifecycle.portal_table import PORTAL, PORTAL_COMMANDS


class TypedDevice:
    """A device, worked by commands."""

    def __init__(self, place: Path) -> None:
        place.mkdir(exist_ok=True)
        self.desk = Desk(place)

    @property
    def home(self) -> Path:
        return self.desk.path("router")

    def initialise(self, trust_file: str) -> None:
        trust = self.desk.write("trust.txt", trust_file)
        self.desk.done("device", "init", "--pid", "TSR-9000", "--sn", "FDO2517A0XY", "--trust", trust)

    def move(self) -> None:
        self.desk.hardware["router"] = {name: f"another {fact}" for name, fact in HARDWARE["router"].items()}

    def request(self, tag: str = "") -> Answer:
        return self._do("request", *(("--want", tag) if tag else ()))

    def install(self, code: str) -> Answer:
        return self._do("install", code)

    def cancel(self) -> Answer:
        return self._do("cancel")

    def give_back(self) -> Answer:
        return self._do("return", "--yes")

    def confirmation(self) -> Answer:
        return self._do("confirmation")

    def _do(self, *words: str) -> Answer:
        return Answer.of_run(self.desk.run("device", *words, "--json"))


class TypedPortal:
    """A portal, worked by commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(folder, seed="lifecycle")

    @property
    def books(self) -> Path:
        return self.database

    @property
    def database(self) -> Path:
        return self.desk.path("portal.db")

    @property
    def trust_file(self) -> str:
        return self.desk.path("trust.txt").read_text(encoding="utf-8")

    def reserve(self, request: str, count: int) -> Answer:
        return self._do("reserve", request, "--license", f"ROUTING={count}")

    def accept(self, code: str) -> Answer:
        return self._do("accept", code)

    def update(self, name: str, count: int) -> Answer:
        return self._do("update", name, "--license", f"ROUTING={count}")

    def reissue(self, name: str) -> Answer:
        return self._do("reissue", name)

    def propose(self, what: str, name: str) -> Answer:
        evidence = ("--evidence", "witness") if what == "rehost" else ()
        words = (name, "--reason", "It burnt out.", *evidence)
        return self._do(what, *words)

    def approve(self, name: str) -> Answer:
        return self._do("approve", name, "--user", "lee")

    def reject(self, name: str) -> Answer:
        return self._do("approve", name, "--reject")

    def audit(self) -> bool:
        return self.desk.run("portal", "audit").code == 0

    def _do(self, *words: str) -> Answer:
        return Answer.of_run(self.desk.run("portal", *words, "--json", on="portal"))


@pytest.mark.parametrize("row", DEVICE.rows, ids=str)
def test_a_device_given_a_code(row: Row, place: Path) -> None:
    assert_device_code(row, TypedDevice(place))


@pytest.mark.parametrize("row", DEVICE_COMMANDS.rows, ids=str)
def test_a_device_asked_for_a_code(row: Row, place: Path) -> None:
    assert_device_command(row, TypedDevice(place))


@pytest.mark.parametrize("row", PORTAL.rows, ids=str)
def test_a_portal_given_a_code(row: Row, portal_folder: Path) -> None:
    assert_portal_code(row, TypedPortal(portal_folder))


@pytest.mark.parametrize("row", PORTAL_COMMANDS.rows, ids=str)
def test_a_portal_asked_for_a_code(row: Row, portal_folder: Path) -> None:
    assert_portal_command(row, TypedPortal(portal_folder))
