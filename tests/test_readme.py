"""Every snippet of the README runs, in one shell, and prints what the page says ("…" stands for anything)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli_reference import HARDWARE, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
_MARK = "----- next command -----"


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def steps() -> list[tuple[str, str]]:
    """Return every command of the README with the output that the page shows."""
    found = []
    for block in blocks("console"):
        for part in block.split("$ ")[1:] if block.startswith("$ ") else []:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program on its PATH, on a machine with hardware."""
    folder = tmp_path_factory.mktemp("readme")
    program = folder / "bin" / "tallystick"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "tests" / "program.py"}" "$@"\n')
    program.chmod(0o755)
    (folder / "hardware.json").write_text(json.dumps(HARDWARE["router"]))
    return folder


def _environment(desk: Path) -> dict[str, str]:
    return {
        "PATH": f"{desk / 'bin'}:{os.environ['PATH']}",
        "HOME": str(desk),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "FAKE_HARDWARE": str(desk / "hardware.json"),
        "FAKE_NOW": "2026-03-02T03:00:00+00:00",
    }


def test_the_five_minutes_run_as_they_stand(desk: Path) -> None:
    script = "\n".join(f"{command}\necho '{_MARK}'" for command, _ in steps())
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=desk,
        env=_environment(desk),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    outputs = done.stdout.split(f"{_MARK}\n")
    assert len(steps()) == len(outputs) - 1 >= 14
    for (command, shown), output in zip(steps(), outputs, strict=False):
        pattern = re.escape(shown.strip()).replace("…", ".*")
        assert re.fullmatch(pattern, output.strip(), flags=re.DOTALL), (command, output)


def test_the_python_snippet_runs(desk: Path) -> None:
    (snippet,) = blocks("python")
    # The device of the tour was returned by its last command: here one that still holds its licences.
    tour = "\n".join(command for command, _ in steps() if "return" not in command and "audit" not in command)
    program = (
        "import json, sys\nfrom functools import partial\nfrom reservation.device import Device\n"
        f"facts = json.load(open('{desk / 'hardware.json'}'))\n"
        "Device.open = partial(Device.open, hardware=lambda: facts)\n"
    )
    home = desk / "again"
    home.mkdir()
    subprocess.run(["bash", "-c", tour], cwd=home, env=_environment(desk), capture_output=True, check=True)
    subprocess.run([sys.executable, "-c", program + snippet], cwd=home, env=_environment(desk), check=True)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("command", re.findall(r"^make (\w+)", README, flags=re.MULTILINE))
def test_every_make_target_of_the_readme_exists(command: str) -> None:
    assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
