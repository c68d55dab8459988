"""The main paths and refusals through real processes: pipes, a terminal, start-up, and what is not loaded."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from codec import qr
from tests.cli.processes import PROGRAM, ROOT, Machines
from tests.cli.vendor import mistyped


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Machines:
    """A portal with stock, a router that holds a confirmed reservation, and a spare with a request."""
    machines = Machines(tmp_path_factory.mktemp("machines"))
    trust = str(machines.folder / "trust.txt")
    for argv in (
        ("portal", "init", "--account", "Example Networks"),
        ("portal", "license", "add", "ROUTING", "10"),
        ("portal", "trust", "--out", trust),
        ("device", "init", "--pid", "RTR-900", "--sn", "FDO1", "--trust", trust),
    ):
        assert machines.run(*argv).code == 0
    argv = ("device", "init", "--pid", "RTR-900", "--sn", "FDO2", "--trust", trust)
    assert machines.run(*argv, on="spare").code == 0
    return machines


@pytest.fixture(scope="module")
def authorization(machines: Machines) -> str:
    """The router's authorization, not installed yet."""
    request = machines.run("device", "request", "--want", "ROUTING=2").line
    return machines.run("portal", "reserve", "-", "--as-requested", stdin=request).line


def test_the_right_and_the_wrong_device(machines: Machines, authorization: str) -> None:
    assert machines.run("device", "request", on="spare").code == 0
    wrong = machines.run("device", "install", authorization, on="spare")
    assert wrong.code == 4
    assert wrong.out == ""
    assert "not made for a request of this device (PID:RTR-900,SN:FDO2)" in wrong.err
    assert machines.run("device", "check", "ROUTING").code == 1
    damaged = machines.run("device", "install", mistyped(authorization, 20))
    assert damaged.code == 3
    assert "group 6: you typed" in damaged.err
    installed = machines.run("device", "install", authorization)
    assert installed.code == 0
    assert machines.run("device", "check", "ROUTING", "--count", "2").code == 0
    assert machines.run("portal", "accept", installed.line).code == 0
    assert machines.run("portal", "accept", machines.run("device", "request", on="spare").line).code == 1
    assert machines.run("code", "verify", authorization).code == 2
    assert machines.run("device", "install", "HELLO").code == 3
    assert machines.run("portal", "audit").code == 0


def test_on_a_terminal(machines: Machines, authorization: str) -> None:
    assert machines.run("device", "install", authorization).code == 0
    code, screen = machines.type("device", "confirmation", "--qr")
    assert code == 0
    confirmation = machines.run("device", "confirmation").line
    groups = re.findall(r"^ *\d+: ([0-9A-Z ]+)$", screen, re.MULTILINE)
    assert "".join(groups).replace(" ", "") == confirmation
    assert qr.terminal(confirmation) in screen
    assert "Next: Carry this code to the portal" in screen

    code, screen = machines.type("device", "install", mistyped(authorization, 20), answers=[("[y/N]", "y\n")])
    assert code == 0
    assert "Use the repaired code? [y/N]" in screen
    assert "group 6: you typed" in screen
    code, screen = machines.type("device", "install", mistyped(authorization, 20), answers=[("[y/N]", "n\n")])
    assert code == 3
    assert "\x1b[1mError:\x1b[0m" in screen
    _, screen = machines.type(
        "device", "install", mistyped(authorization, 20), answers=[("[y/N]", "n\n")], NO_COLOR="1"
    )
    assert "\x1b" not in screen

    pasted = [("Paste or type", f"{authorization[:70]}\n{authorization[70:]}\n")]
    code, screen = machines.type("device", "install", answers=pasted)
    assert code == 0
    assert "Paste or type the authorization code" in screen


def test_passphrases_are_asked_for_without_showing_them(machines: Machines) -> None:
    secret = "correct horse battery"
    twice = [("New passphrase", f"{secret}\n"), ("The same again", f"{secret}\n")]
    code, screen = machines.type("keys", "generate", "typed.pem", answers=twice)
    assert code == 0
    assert secret not in screen
    assert machines.type("keys", "show", "typed.pem", answers=[("Passphrase", f"{secret}\n")])[0] == 0
    assert machines.type("keys", "show", "typed.pem", answers=[("Passphrase", "another\n")])[0] == 6
    differing = [("New passphrase", f"{secret}\n"), ("The same again", "another secret\n")]
    assert machines.type("keys", "generate", "other.pem", answers=differing)[0] == 2
    assert not (machines.folder / "other.pem").exists()


def test_a_reader_that_stops_reading(machines: Machines) -> None:
    for argv in (("--help",), ("device", "journal"), ("device", "wrong")):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [*PROGRAM, *argv],
            env=machines.environment("router"),
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writing)
        assert b"Traceback" not in done.stderr
        assert b"BrokenPipe" not in done.stderr


def test_ctrl_c_while_the_program_is_loaded(machines: Machines, tmp_path: Path) -> None:
    """A stand-in for one of its libraries presses the keys."""
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    environ = {**machines.environment("router"), "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "--help"], env=environ, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_bytes_that_are_no_text(machines: Machines) -> None:
    done = subprocess.run(
        [*PROGRAM, b"code", b"explain", b"\xff\xfe\x1b[31m"],
        env=machines.environment("router"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3
    assert b"\x1b" not in done.stderr
    piped = subprocess.run(
        [*PROGRAM, "code", "explain", "-"],
        env=machines.environment("router"),
        input=b"\xff\xfe\x1b[31m",
        capture_output=True,
        check=False,
    )
    assert piped.returncode == 3


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(machines: Machines, closed: str) -> None:
    script = f'"$@" {closed}'
    for argv, exit_code in ((("device", "status"), 0), (("device", "install"), 2), (("--help",), 0)):
        done = subprocess.run(
            ["bash", "-c", script, "bash", *PROGRAM, *argv],
            env=machines.environment("router"),
            capture_output=True,
            check=False,
        )
        assert done.returncode == exit_code, done.stderr


def test_the_shell_completes_words(machines: Machines) -> None:
    words = {"COMP_WORDS": "tallystick device in", "COMP_CWORD": "2"}
    program = [sys.executable, "-c", "from cli.main import main; main()"]
    done = subprocess.run(
        program,
        env={**machines.environment("router"), "_TALLYSTICK_COMPLETE": "bash_complete", **words},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == {"init", "install"}


def test_it_is_the_same_program_by_its_other_name(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("tallystick ")


HEAVY = {
    "apsw",
    "aiosql",
    "cryptography",
    "qrcode",
    "PIL",
    "zxingcpp",
    "rich",
    "tomllib",
    "traceback",
}
CASES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "help": (("--help",), HEAVY | {"json", "nacl", "codec", "reservation", "pathlib", "shutil"}),
    "device help": (
        ("device", "--help"),
        HEAVY | {"json", "nacl", "codec", "reservation", "pathlib", "shutil"},
    ),
    "portal help": (
        ("portal", "--help"),
        HEAVY | {"json", "nacl", "codec", "reservation", "pathlib", "shutil"},
    ),
    "check": (
        ("device", "check", "ROUTING"),
        HEAVY
        | {"reservation.sql", "reservation.service", "reservation.device.agent", "cli.portal"}
        | {"pathlib", "codec.parity", "codec.reading"},
    ),
    "request": (("device", "request"), HEAVY | {"reservation.sql", "reservation.service"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_loaded(machines: Machines, case: str) -> None:
    argv, unwanted = CASES[case]
    script = (
        "import sys; from cli.main import run; from cli.world import real_world; "
        f"run({list(argv)!r}, real_world()); print('LOADED', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=machines.environment("router"),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.rpartition("LOADED ")[2].split())
    assert "click" in loaded
    assert unwanted & loaded == set()
