"""Streams that cannot be written: the exit code still says what came of the command."""

import os
import subprocess
from collections.abc import Callable

import pytest

from cli.errors import UsageMistakeError
from cli.settings import setting, user_folder
from cli.world import real_world
from tests.cli.processes import PROGRAM, Machines


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Machines:
    """A portal, and a router that trusts it."""
    machines = Machines(tmp_path_factory.mktemp("machines"))
    trust = str(machines.folder / "trust.txt")
    assert machines.run("portal", "init", "--account", "Example Networks").code == 0
    assert machines.run("portal", "trust", "--out", trust).code == 0
    argv = ("device", "init", "--pid", "RTR-900", "--sn", "FDO1", "--trust", trust)
    assert machines.run(*argv).code == 0
    return machines


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def unread() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def run_into(
    machines: Machines, *argv: str, out: Callable[[], int] | None = None, err: Callable[[], int] | None = None
) -> tuple[int, str, str]:
    """Run the program with a stream that cannot be written; return exit code, stdout and stderr."""
    taken = [make() if make else subprocess.PIPE for make in (out, err)]
    done = subprocess.run(
        [*PROGRAM, *argv],
        env=machines.environment("router"),
        stdout=taken[0],
        stderr=taken[1],
        check=False,
    )
    for descriptor in taken:
        if descriptor >= 0:
            os.close(descriptor)
    return done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode()


@pytest.mark.parametrize(
    "argv",
    [
        ("device", "request"),
        ("device", "request", "--json"),
        ("device", "request", "--typed"),
        ("device", "status"),
        ("portal", "trust"),
        ("device", "nothing", "--json"),
        ("device", "confirmation", "--json"),
        ("--help",),
        ("device", "request", "--help"),
        ("--version",),
    ],
)
def test_a_result_that_finds_no_room_is_said(machines: Machines, argv: tuple[str, ...]) -> None:
    code, _, err = run_into(machines, *argv, out=full)
    assert code == 6, err
    assert "Error: Standard output cannot be written: No space left on device.\n" in err
    assert "run the same command again" in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_what_was_done_is_shown_again(machines: Machines) -> None:
    assert run_into(machines, "device", "request", out=full)[0] == 6
    assert "was made before" in machines.run("device", "request").err


@pytest.mark.parametrize("nobody", [full, unread])
@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("device", "status"), 0),
        (("device", "request"), 0),
        (("device", "nothing"), 2),
        (("device",), 2),
        (("device", "confirmation"), 1),
        (("code", "explain", "HELLO"), 3),
        (("device", "check", "ROUTING", "-v"), 1),
    ],
)
def test_talk_that_nobody_hears_changes_nothing(
    machines: Machines, nobody: Callable[[], int], argv: tuple[str, ...], expected: int
) -> None:
    code, out, _ = run_into(machines, *argv, err=nobody)
    assert code == expected
    assert out == machines.run(*argv).out


@pytest.mark.parametrize(
    "argv", [("device", "status"), ("device", "nothing"), ("device", "request", "--json")]
)
def test_where_nothing_can_be_written_at_all(machines: Machines, argv: tuple[str, ...]) -> None:
    code, _, _ = run_into(machines, *argv, out=full, err=full)
    assert code == (2 if "nothing" in argv else 6)


def test_a_user_without_name_and_home_is_told_what_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services run as users that the system does not know."""

    def unknown(*_: object) -> str:
        raise KeyError("getpwuid(): uid not found")

    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(UsageMistakeError, match="no home folder") as refused:
        user_folder(os.environ, "state")
    assert "TALLYSTICK_HOME" in refused.value.hint
    assert setting(os.environ, "db") is None
    with pytest.raises(UsageMistakeError, match="no name") as refused:
        real_world().user()
    assert "--user" in refused.value.hint
