"""The page about keys: its commands run as they stand, and say what it shows."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.test_howto import steps
from tests.test_howto_restore import environment


@pytest.mark.usefixtures("forked_program")
def test_the_ceremonies_of_the_page_work(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    for _, command, shown in steps("keys.md"):
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
        pattern = re.escape(shown.strip()).replace("…", ".*")
        assert done.returncode == 0, (command, done.stdout)
        assert re.match(f"{pattern}$", done.stdout.strip(), re.DOTALL), (command, done.stdout)
