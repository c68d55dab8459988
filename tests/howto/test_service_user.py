"""The page about a service of its own user runs as it stands: root's commands, and the service's.

Where the tests run as root, the service really is another user, who owns nothing. Elsewhere it is the same
user, and what it may not do is seen from the modes alone.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from codec.codes import Line
from tests.cli.desk import HARDWARE, START
from tests.cli.vendor import ACME
from tests.howto.pages import ROOT, Shell, fits, steps

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
        environ = {
            **environment,
            "PATH": f"{place / user}:{environment['PATH']}",
            "FAKE_HARDWARE": str(place / f"{user}.json"),
        }
        output = Shell(place, environ).done(_here(command, environment))
        output = output.replace(environment["TALLYSTICK_HOME"], FOLDER)
        assert not shown or fits(shown, output), (command, output)
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
    Shell(place, root).done(script)
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
