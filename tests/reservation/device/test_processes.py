"""Devices that are killed, that run out of disk, and that are asked by several processes at once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `killing.py` found."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.reservation.device.killing", str(tmp_path_factory.mktemp("killing"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


@pytest.mark.parametrize(
    ("command", "standing", "codes"),
    [
        ("initialise", "requested", 1),
        ("request", "requested", 1),
        ("install", "reserved", 2),
        ("update", "reserved", 3),
        ("give_back", "returned", 3),
        ("cancel", "returned", 2),
        ("update_trust", "unregistered", 0),
    ],
)
def test_a_kill_at_any_point_loses_nothing(
    found: dict[str, Any], command: str, standing: str, codes: int
) -> None:
    """Done or not done, never half: the same command then shows one code, the one that is in the journal."""
    points = found["killed"][command]
    assert len(points) >= 8
    for point in points:
        assert point["same"]
        assert point["known"]
        assert (point["standing"], point["codes"]) == (standing, codes)
        assert point["files"] == ["device-key.pem", "lock", "state.json"]
    assert {point["changed"] for point in points} == {True, False}


def test_a_full_disk_changes_nothing_and_says_why(found: dict[str, Any]) -> None:
    assert "File too large" in found["full"]["said"]
    assert found["full"]["kept"]
    assert found["full"]["files"] == ["device-key.pem", "lock", "state.json"]


def test_several_processes_make_one_request(found: dict[str, Any]) -> None:
    assert found["at once"] == {"statuses": [0, 0, 0, 0], "answers": 1, "codes": 1}


def test_every_change_is_synced(found: dict[str, Any]) -> None:
    """The rename of a file is durable only when its folder is."""
    assert set(found["synced"].values()) == {True}
    assert len(found["synced"]) == len(found["killed"])


def test_no_code_is_shown_again_before_it_is_durable(found: dict[str, Any]) -> None:
    """Its writer may have died between renaming the file and syncing the folder."""
    assert set(found["settled"].values()) == {True}
    assert len(found["settled"]) == 6


def test_asking_loads_little() -> None:
    """A start script pays for every module that `device check` loads."""
    program = "import sys, reservation.device.reader; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    heavy = {"click", "cryptography", "importlib.resources", "qrcode", "reservation.device.agent", "tempfile"}
    assert "reservation.device.reader" in loaded
    assert not loaded & heavy
