"""The front door on a poor machine: `make` finds a fit Python, or says which one is missing.

The interpreters here are small shell scripts that answer make's questions as an old or a bare one would.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.style_rules import ROOT

TOO_OLD = 'case "$*" in *version_info*) exit 1;; esac'
NO_VENV = 'case "$*" in *ensurepip*) exit 1;; esac'
FIT = 'case "$*" in "-m venv "*) mkdir -p "$3";; --version) echo "Python 3.12.1";; esac'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine whose PATH has a few system programs and no Python; returns the folder of its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make", "sed", "expand", "touch", "mkdir", "echo"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    return programs


def add_program(machine: Path, name: str, script: str) -> None:
    program = machine / name
    program.write_text(f"#!/bin/sh\n{script}\nexit 0\n", encoding="ascii")
    program.chmod(0o755)


def make(machine: Path, target: str) -> subprocess.CompletedProcess[str]:
    """Run make on that machine with an environment folder that is not there yet."""
    command = ["make", "-C", str(ROOT), f"VENV={machine.parent / 'env'}", target]
    return subprocess.run(command, env={"PATH": str(machine)}, text=True, capture_output=True, check=False)


def test_a_missing_python_is_named(machine: Path) -> None:
    result = make(machine, "demo")
    assert result.returncode == 2
    assert "needs Python 3.11 or newer, and none was found" in result.stderr


def test_a_missing_venv_module_is_named_with_the_remedy(machine: Path) -> None:
    add_program(machine, "python3", NO_VENV)
    result = make(machine, "test")
    assert result.returncode == 2
    assert "apt-get install python3-venv" in result.stderr


def test_an_old_python3_gives_way_to_a_newer_one(machine: Path) -> None:
    add_program(machine, "python3", TOO_OLD)
    add_program(machine, "python3.12", FIT)
    environment = machine.parent / "env"
    result = make(machine, str(environment / ".made"))
    assert result.returncode == 0, result.stderr
    assert "with Python 3.12.1" in result.stdout
    assert (environment / ".made").exists()


def test_a_half_made_environment_is_not_taken_for_a_whole_one(machine: Path) -> None:
    add_program(machine, "python3", 'case "$*" in "-m venv "*) mkdir -p "$3"; exit 1;; esac')
    environment = machine.parent / "env"
    assert make(machine, str(environment / ".made")).returncode == 2
    assert not (environment / ".made").exists()


def test_help_tells_every_target(machine: Path) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    told = re.findall(r"^make (\w+)", make(machine, "help").stdout, re.MULTILINE)
    assert sorted(told) == sorted(targets.split())
