"""The page about auditing: its commands run as they stand, and say what it shows."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_howto import ROOT, steps
from tests.test_howto_restore import environment

BEFORE = """
tallystick portal init --account Example
tallystick portal va add Berlin
tallystick portal log checkpoint --json > first.json
"""


@pytest.mark.usefixtures("forked_program")
def test_a_log_is_audited_as_the_page_says(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir(exist_ok=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "$@"\n')
    python.chmod(0o755)
    shutil.copy(ROOT / "samples" / "verify_log.py", tmp_path)

    def run(command: str) -> str:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout

    run(BEFORE)
    (tmp_path / "key.txt").write_text(json.loads((tmp_path / "first.json").read_text())["key"])
    for _, command, shown in steps("auditing.md"):
        output = run(command)
        pattern = re.escape(shown.strip()).replace("…", ".*")
        assert re.fullmatch(pattern, output.strip(), re.DOTALL), (command, output)
