"""The page about alerts: its commands run as they stand, and its table has every kind."""

import re
import subprocess
from pathlib import Path

import pytest

from reservation.alerts import AlertKind
from tests.test_howto import PAGES, steps
from tests.test_howto_restore import environment

BEFORE = """
tallystick portal init --account Example
tallystick portal license add ROUTING 10
tallystick portal trust > trust.txt
tallystick device init --pid RTR-900 --sn FDO1 --trust trust.txt
tallystick device request --want ROUTING=1 > request.txt
"""


@pytest.mark.usefixtures("forked_program")
def test_alerts_come_and_go_as_the_page_says(tmp_path: Path) -> None:
    environ = environment(tmp_path)

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    run(BEFORE)
    for _, command, shown in steps("alerts.md"):
        output = run(command)
        pattern = re.escape(shown.strip()).replace("…", ".*")
        assert re.match(f"{pattern}$", output.strip(), re.DOTALL), (command, output)


def test_the_table_of_the_page_has_every_kind() -> None:
    text = (PAGES / "alerts.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([a-z-]+)` \|", text, flags=re.MULTILINE)
    assert named == [kind.value for kind in AlertKind]
