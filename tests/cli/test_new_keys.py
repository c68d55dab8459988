"""Keys with a random passphrase: both are there in the end, or neither, whoever else makes keys meanwhile."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.desk import Desk, Outcome
from tests.cli.processes import Machines

INIT = ("portal", "init", "--account", "Example Networks")
SEED_BYTES = 32


class CrowdedDesk(Desk):
    """A desk at which something happens when a passphrase is kept, and its keys are not made yet."""

    def __init__(self, folder: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__(folder)
        honest, left = self._random, [meanwhile]

        def random(length: int) -> bytes:
            if length == SEED_BYTES and left:
                left.pop()()
            return honest(length)

        self._random = random


def test_two_that_make_keys_at_once_do_not_share_a_passphrase(tmp_path: Path) -> None:
    """The one that fails takes its passphrase away: keys that another made with it would never open again."""
    second: list[Outcome] = []
    desk = CrowdedDesk(
        tmp_path, lambda: second.append(Desk(tmp_path, "second").run(*INIT, "--json", on="portal"))
    )
    desk.done(*INIT, on="portal")
    assert second[0].code == 7
    assert second[0].json["error"]["code"] == "busy"
    desk.done("keys", "show", str(desk.path("portal-keys/root.pem")), on="portal")


def test_what_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    desk = CrowdedDesk(tmp_path, stop)
    desk.environ["TALLYSTICK_KEYS"] = str(tmp_path / "deep" / "keys")
    assert desk.run(*INIT, on="portal").code == 130
    assert list(tmp_path.iterdir()) == []
    desk.done(*INIT, on="portal")


def test_a_passphrase_that_was_left_behind_is_used(tmp_path: Path) -> None:
    """A killed command leaves its passphrase, or the draft of one, and never a part of it."""
    desk = Desk(tmp_path)
    keys = desk.path("portal-keys")
    keys.mkdir()
    desk.write("portal-keys/.passphrase.new", "half a passph")
    made = desk.done(*INIT, "--json", on="portal").json
    kept = Path(made["passphrase_file"])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    names = sorted(file.name for file in keys.iterdir())
    assert names == ["checkpoint", "issuer.pem", "passphrase", "root.pem"]
    for file in ("issuer.pem", "root.pem"):
        (keys / file).unlink()
    desk.path("portal.db").unlink()
    assert desk.done(*INIT, "--json", on="portal").json["passphrase_file"] is None
    desk.done("keys", "show", str(keys / "root.pem"), on="portal")


def test_where_no_passphrase_can_be_kept_no_key_is_made(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("portal-keys", "a file is in the way")
    refused = desk.run(*INIT, "--json", on="portal")
    assert refused.code == 6
    assert "cannot be kept" in refused.json["error"]["message"]
    assert not desk.path("portal.db").exists()


@pytest.mark.parametrize("argv", [INIT, ("keys", "generate", "KEY")])
def test_a_passphrase_that_no_key_file_can_have(tmp_path: Path, argv: tuple[str, ...]) -> None:
    desk = Desk(tmp_path)
    file = desk.write("long.txt", "x" * 1500 + "\n")
    Path(file).chmod(0o600)
    argv = tuple(str(tmp_path / "new.pem") if word == "KEY" else word for word in argv)
    refused = desk.run(*argv, "--passphrase-file", file, "--json", on="portal")
    assert refused.code == 2, refused
    assert "1023" in refused.json["error"]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["long.txt"]


PRESSES = """
import os, signal, sys
from cli.main import main

honest, presses = os.fsync, iter(sys.argv.pop().split(","))
left = [int(next(presses))]

def fsync(descriptor):
    honest(descriptor)
    left[0] -= 1
    if left[0] == 0:
        left[0] = int(next(presses, 0))
        os.kill(os.getpid(), signal.SIGINT)

os.fsync = fsync
main()
"""
"""The program, at which Ctrl-C is pressed when so many files were synced, and so many later again."""


def run_and_press(folder: Path, presses: str) -> "subprocess.CompletedProcess[bytes]":
    machines = Machines(folder)
    return subprocess.run(
        [sys.executable, "-c", PRESSES, *INIT, presses],
        env=machines.environment("portal"),
        cwd=folder,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("press", range(1, 8))
def test_ctrl_c_waits_until_a_portal_is_whole(tmp_path: Path, press: int) -> None:
    """It takes a fraction of a second, and what is made half would have to be taken away again."""
    done = run_and_press(tmp_path, str(press))
    assert done.returncode == 0, done
    assert b"Smart Account  Example Networks" in done.stdout
    assert b"A random passphrase was made" in done.stderr
    assert Machines(tmp_path).run("keys", "show", str(tmp_path / "portal-keys" / "root.pem")).code == 0


def test_a_second_ctrl_c_waits_for_nothing(tmp_path: Path) -> None:
    done = run_and_press(tmp_path, "2,1")
    assert done.returncode == 130, done
    assert not (tmp_path / "portal.db").exists()
    assert not (tmp_path / "portal-keys").exists()
