"""The how-to pages, and a shell in a world that stands still, in which their commands run as they stand."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.desk import HARDWARE, START

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "howto"


def text_of(page: str) -> str:
    """Return the text of a page."""
    return (PAGES / page).read_text(encoding="utf-8")


def steps(page: str) -> list[tuple[str, str, str]]:
    """Return every command of a page: the prompt, the command, and the output that the page shows."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL):
        parts = re.split(r"^([#$]) ", block, flags=re.MULTILINE)
        for prompt, part in zip(parts[1::2], parts[2::2], strict=True):
            command, _, output = part.partition("\n")
            found.append((prompt, command, output))
    return found


def fits(shown: str, output: str) -> bool:
    """Tell whether an output is what a page shows; "…" stands for anything."""
    pattern = re.escape(shown.strip()).replace("…", ".*")
    return re.fullmatch(pattern, output.strip(), flags=re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands in a folder, and returns all that they print."""

    folder: Path
    environ: Mapping[str, str]

    def run(self, command: str) -> str:
        """Run a command that may be refused."""
        return self._ran(command).stdout

    def done(self, command: str) -> str:
        """Run a command that must end well."""
        ran = self._ran(command)
        assert ran.returncode == 0, (command, ran.stdout)
        return ran.stdout

    def _ran(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", command],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def office_in(folder: Path) -> Shell:
    """Return a shell in a folder with a device's hardware, and a program at the front of its path."""
    (folder / "router.json").write_text(json.dumps(HARDWARE["router"]))
    return Shell(
        folder,
        {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "FAKE_NOW": START.isoformat(),
            "FAKE_SEED": str(folder / "seed"),
            "FAKE_HARDWARE": str(folder / "router.json"),
            "TALLYSTICK_HOME": str(folder / "router"),
            "TALLYSTICK_DB": f"sqlite:///{folder / 'portal.db'}",
            "TALLYSTICK_USER": "kim",
        },
    )


def assert_shows(page: str, shell: Shell) -> None:
    """Run the commands of a page one after the other: each prints what the page shows."""
    for _, command, shown in steps(page):
        output = shell.run(command)
        assert fits(shown, output), (command, output)
