"""The how-to pages run as they stand: root's commands, the service's commands, and the Python.

Where the tests run as root, the service really is another user, who owns nothing. Elsewhere it is the same
user, and what it may not do is seen from the modes alone.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from codec.codes import Line
from tests.cli.desk import HARDWARE, START, Desk
from tests.cli.vendor import ACME

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "howto"
IS_ROOT = os.geteuid() == 0
SERVICE_USER, SERVICE_GROUP = (65534, 65533) if IS_ROOT else (os.getuid(), os.getgid())
FOLDER, GROUP = "/var/lib/tallystick", "recorder"

# Everything is loaded before the privileges are given up: the sources need not be readable for the service.
AS_SERVICE = """
import io, os, sys
from dataclasses import replace
from cli.main import run
from cli.world import real_world
from tests.program import repeatable
user, group, *argv = sys.argv[1:]
world = repeatable(real_world())
for words in (("status",), ("check", "TAG"), ("confirmation", "--home", "/nowhere")):
    run(["device", *words], replace(world, stdout=io.StringIO(), stderr=io.StringIO()))
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
sys.exit(run(argv, world))
"""


def steps(page: str) -> list[tuple[str, str, str]]:
    """Return every command of a page: the prompt, the command, and the output that the page shows."""
    text = (PAGES / page).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        parts = re.split(r"^([#$]) ", block, flags=re.MULTILINE)
        for prompt, part in zip(parts[1::2], parts[2::2], strict=True):
            command, _, output = part.partition("\n")
            found.append((prompt, command, output))
    return found


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may look into, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="tallystick-howto-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _prepare(place: Path) -> dict[str, str]:
    """Make a program for each user, hardware as each user sees it, and the trust file."""
    for user in ("root", "service"):
        program = place / user / "tallystick"
        program.parent.mkdir()
        start = f'"{ROOT / "tests" / "program.py"}"'
        if user == "service":
            (place / "service.py").write_text(AS_SERVICE)
            start = f'"{place / "service.py"}" {SERVICE_USER} {SERVICE_GROUP}'
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {start} "$@"\n')
        program.chmod(0o755)
        facts = dict(HARDWARE["router"])
        if user == "service":
            del facts["board serial"]
        (place / f"{user}.json").write_text(json.dumps(facts))
    (place / "trust.txt").write_text(ACME.trust_file())
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(place),
        "LANG": "C.UTF-8",
        "FAKE_NOW": START.isoformat(),
        "TALLYSTICK_HOME": str(place / "lib" / "tallystick"),
    }


def _here(command: str, environment: Mapping[str, str]) -> str:
    """Return a command of the page with the folder and the group of this test."""
    return command.replace(GROUP, str(SERVICE_GROUP)).replace(FOLDER, environment["TALLYSTICK_HOME"])


def test_a_service_reads_what_root_keeps(place: Path) -> None:
    environment = _prepare(place)
    for prompt, command, shown in steps("service-user.md"):
        if "device install" in command:
            code = ACME.authorize((place / "request.txt").read_text(), lines=(Line("ROUTE-1G", 2),))
            (place / "authorization.txt").write_text(code)
        user = "root" if prompt == "#" else "service"
        done = subprocess.run(
            ["bash", "-c", _here(command, environment)],
            cwd=place,
            env={
                **environment,
                "PATH": f"{place / user}:{environment['PATH']}",
                "FAKE_HARDWARE": str(place / f"{user}.json"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout)
        output = done.stdout.replace(environment["TALLYSTICK_HOME"], FOLDER)
        if shown:
            pattern = re.escape(shown.strip()).replace("…", ".*")
            assert re.fullmatch(pattern, output.strip(), flags=re.DOTALL), (command, output)
    home = Path(environment["TALLYSTICK_HOME"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.iterdir())}
    assert modes == {"tallystick": 0o2750, "device-key.pem": 0o600, "lock": 0o600, "state.json": 0o640}
    assert {path.stat().st_gid for path in (home, home / "state.json")} == {SERVICE_GROUP}


def test_the_service_is_told_what_it_cannot_see_and_may_not_do(place: Path) -> None:
    environment = _prepare(place)
    commands = [command for prompt, command, _ in steps("service-user.md") if prompt == "#"][:5]
    script = _here("; ".join(commands), environment)
    path = f"{place / 'root'}:{environment['PATH']}"
    root = {**environment, "PATH": path, "FAKE_HARDWARE": str(place / "root.json")}
    subprocess.run(["bash", "-ec", script], cwd=place, env=root, check=True, capture_output=True)
    service = {**environment, "FAKE_HARDWARE": str(place / "service.json")}

    def ask(*argv: str) -> subprocess.CompletedProcess[str]:
        program = [str(place / "service" / "tallystick"), "device", *argv]
        return subprocess.run(program, cwd=place, env=service, text=True, capture_output=True, check=False)

    assert "board serial" in ask("status").stdout
    before = (place / "lib" / "tallystick" / "state.json").read_bytes()
    if IS_ROOT:
        refused = ask("request")
        assert refused.returncode == 6, refused
        assert "user that owns the folder" in refused.stderr
        assert (place / "lib" / "tallystick" / "state.json").read_bytes() == before


def test_the_python_of_the_embedding_page_runs(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    home = ("--home", str(desk.path("device")))
    trust = desk.write("trust.txt", ACME.trust_file())
    desk.done("device", "init", "--pid", "TR-100", "--sn", "S", "--trust", trust, *home)
    code = ACME.authorize(desk.done("device", "request", *home).line, lines=(Line("ROUTE-1G", 2),))
    desk.done("device", "install", code, *home)
    text = (PAGES / "embed.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    script = "\n".join(
        (
            "from functools import partial",
            "from reservation.device import Device",
            f"Device.open = partial(Device.open, hardware=lambda: {HARDWARE['router']!r})",
            *blocks,
            'assert licensed(Path("device"), "ROUTE-1G", 2)',
            'assert not licensed(Path("device"), "ROUTE-1G", 3)',
            'assert not licensed(Path("nowhere"), "ROUTE-1G")',
            'Path("device/state.json").write_text("{}")',
            'assert not licensed(Path("device"), "ROUTE-1G", 2)',
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(
        "routing at 1 Gbit/s\nFalse - The authorization on this device does not name ROUTE-10G.\n"
        "ROUTE-1G 2 in force None\nLicences cannot be read: "
    )


def test_the_page_on_comparing_shows_what_the_program_prints(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    program = tmp_path / "tallystick"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "tests" / "program.py"}" "$@"\n')
    program.chmod(0o755)
    found = steps("compare.md")
    assert len(found) == 4
    for _, command, shown in found:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path / "samples",
            env={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "LANG": "C.UTF-8",
                "FAKE_NOW": "2026-12-01T09:00:00+00:00",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        assert done.stdout == shown, command
