"""The page about auditing: its commands run as they stand, and say what it shows."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.howto.pages import ROOT, assert_shows, office_in

BEFORE = """
tallystick portal init --account Example
tallystick portal va add Berlin
tallystick portal log checkpoint --json > first.json
"""


@pytest.mark.usefixtures("forked_program")
def test_a_log_is_audited_as_the_page_says(tmp_path: Path) -> None:
    shell = office_in(tmp_path)
    python = tmp_path / "bin" / "python"
    python.parent.mkdir(exist_ok=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "$@"\n')
    python.chmod(0o755)
    shutil.copy(ROOT / "samples" / "verify_log.py", tmp_path)
    shell.done(BEFORE)
    (tmp_path / "key.txt").write_text(json.loads((tmp_path / "first.json").read_text())["key"])
    assert_shows("auditing.md", shell)
