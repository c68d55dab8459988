"""The real program in processes of its own: piped, or on a terminal (a pseudo-terminal)."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import select

from tests.cli.desk import HARDWARE, START, Outcome

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, str(ROOT / "tests" / "program.py"))
_PATIENCE_SECONDS = 60

Answers = Sequence[tuple[str, str]]
"""What the screen must show, and what is typed then."""


class Machines:
    """A folder with a portal and machines, where `tests/program.py` is run, or what stands for it."""

    def __init__(self, folder: Path, program: Sequence[str] = PROGRAM) -> None:
        self.folder = folder
        self._program = program
        for machine, facts in HARDWARE.items():
            (folder / f"{machine}.json").write_text(json.dumps(facts))

    def environment(self, machine: str) -> Mapping[str, str]:
        """Return the environment of a process on a machine."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "FAKE_NOW": START.isoformat(),
            "FAKE_SEED": str(self.folder / "seed"),
            "FAKE_HARDWARE": str(self.folder / f"{machine}.json"),
            "TALLYSTICK_HOME": str(self.folder / machine),
            "TALLYSTICK_DB": f"sqlite:///{self.folder / 'portal.db'}",
            "TALLYSTICK_USER": "kim",
        }

    def run(self, *argv: str, on: str = "router", stdin: str = "", **environ: str) -> Outcome:
        """Run the program with pipes."""
        done = subprocess.run(
            [*self._program, *argv],
            env={**self.environment(on), **environ},
            cwd=self.folder,
            input=stdin.encode(),
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def type(self, *argv: str, answers: Answers = (), on: str = "router", **environ: str) -> tuple[int, str]:
        """Run the program on a terminal; return its exit code and everything on the screen."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(PROGRAM[0], [*PROGRAM, *argv], {**self.environment(on), **environ})
        screen = _converse(terminal, answers)
        os.close(terminal)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), screen.decode().replace("\r\n", "\n")


def _converse(terminal: int, answers: Answers) -> bytes:
    """Read the screen until the program ends; type each answer when its question stands there."""
    screen = b""
    left = list(answers)
    seen = 0
    while select([terminal], [], [], _PATIENCE_SECONDS)[0]:
        try:
            read = os.read(terminal, 65_536)
        except OSError:  # Linux: the other end is closed
            break
        if not read:
            break
        screen += read
        while left and (place := screen.find(left[0][0].encode(), seen)) >= 0:
            seen = place + 1
            os.write(terminal, left.pop(0)[1].encode())
    return screen
