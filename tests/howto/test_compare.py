"""The page on comparing shows what the program prints, to the letter."""

import os
import shutil
import sys
from pathlib import Path

from tests.howto.pages import ROOT, Shell, steps


def test_the_page_on_comparing_shows_what_the_program_prints(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    program = tmp_path / "tallystick"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "tests" / "program.py"}" "$@"\n')
    program.chmod(0o755)
    found = steps("compare.md")
    assert len(found) == 4
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "FAKE_NOW": "2026-12-01T09:00:00+00:00",
    }
    shell = Shell(tmp_path / "samples", environ)
    for _, command, shown in found:
        assert shell.done(command) == shown, command
