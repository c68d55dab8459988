"""The page about a backup that came back: its commands run as they stand, and say what it shows."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.desk import HARDWARE, START
from tests.test_howto import ROOT, steps

#: A portal with a device; a backup; five events since, which the page says are lost; the backup comes back.
BEFORE = """
tallystick portal init --account Example
tallystick portal user add alex --role administrator
tallystick portal license add ROUTING 10
tallystick portal trust > trust.txt
tallystick device init --pid RTR-900 --sn FDO1 --trust trust.txt
tallystick device init --pid RTR-900 --sn FDO2 --trust trust.txt --home second
tallystick device request --want ROUTING=1 --home second > new-request.txt
cp portal.db backup.db
tallystick device request --want ROUTING=3 > request.txt
tallystick portal reserve --file request.txt --as-requested > authorization.txt
tallystick device install --file authorization.txt > confirmation.txt
tallystick portal accept --file confirmation.txt
tallystick portal va add Berlin
tallystick portal va add Bonn
tallystick portal va add Mainz
cp backup.db portal.db
"""


def environment(place: Path) -> dict[str, str]:
    """Describe a world that stands still, with a program on the path."""
    (place / "router.json").write_text(json.dumps(HARDWARE["router"]))
    return {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(place),
        "LANG": "C.UTF-8",
        "FAKE_NOW": START.isoformat(),
        "FAKE_SEED": str(place / "seed"),
        "FAKE_HARDWARE": str(place / "router.json"),
        "TALLYSTICK_HOME": str(place / "router"),
        "TALLYSTICK_DB": f"sqlite:///{place / 'portal.db'}",
        "TALLYSTICK_USER": "kim",
    }


@pytest.mark.usefixtures("forked_program")
def test_a_backup_that_came_back_is_put_right(tmp_path: Path) -> None:
    environ = environment(tmp_path)

    def run(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", command],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    assert run(BEFORE).returncode == 0
    for _, command, shown in steps("restore.md"):
        output = run(command).stdout
        pattern = re.escape(shown.strip()).replace("…", ".*")
        assert re.match(f"(This portal is in quarantine[^\n]*\n)?{pattern}", output, re.DOTALL), (
            command,
            output,
        )
