"""A desk for tests: the program run in this process, in a world that the test holds in its hands.

Each run is `cli.main.run` with real files and the real layers below; only clock, randomness, hardware and
streams are the test's. `snapshot` tells whether anything was written.
"""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cli.main import run
from cli.world import World
from tests.program import seeded

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)

HARDWARE = {
    machine: {
        "machine id": f"{machine}-5f2c",
        "board serial": f"BRD-{machine}",
        "disk sda": f"WD-{machine}",
        "MAC eth0": f"00:00:5e:00:00:{number:02x}",
        "CPU": "GenuineIntel 6 142 10",
    }
    for number, machine in enumerate(("portal", "router", "spare"), start=1)
}


class Stream(io.StringIO):
    """A stream that may be a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on stdout: a code."""
        assert self.out.count("\n") == 1, self.out
        return self.out.strip()


class Desk:
    """A folder, a clock, machines; runs the program.

    Attributes:
        folder: Where everything is.
        now: The clock, to be moved by tests.
        hardware: Facts of each machine, to be changed by tests.
        environ: Environment variables besides those of the desk.
    """

    def __init__(self, folder: Path, seed: str = "desk") -> None:
        self.folder = folder
        self.now = START
        self.hardware: dict[str, dict[str, str]] = {name: dict(facts) for name, facts in HARDWARE.items()}
        self.environ: dict[str, str] = {}
        self.passphrases: list[str] = []
        self._random = seeded(seed)

    def path(self, name: str) -> Path:
        """Return a file or folder on the desk."""
        return self.folder / name

    def write(self, name: str, text: str) -> str:
        """Write a file on the desk and return its whole name."""
        self.path(name).write_text(text, encoding="utf-8")
        return str(self.path(name))

    def wait(self, **duration: float) -> None:
        """Let time go by."""
        self.now += timedelta(**duration)

    def environment(self, machine: str) -> Mapping[str, str]:
        """Return the environment variables of a run on a machine."""
        return {
            "HOME": str(self.folder),
            "TALLYSTICK_HOME": str(self.path(machine)),
            "TALLYSTICK_DB": f"sqlite:///{self.path('portal.db')}",
            "TALLYSTICK_USER": "kim",
            **self.environ,
        }

    def run(
        self,
        *argv: str,
        on: str = "router",
        stdin: str = "",
        terminal: bool = False,
        stdout_terminal: bool | None = None,
    ) -> Outcome:
        """Run one command.

        Args:
            argv: The words after the program's name.
            on: The machine; its device folder has its name.
            stdin: What is typed, or piped in.
            terminal: Whether a person sits there.
            stdout_terminal: Whether stdout is a terminal, when that differs.
        """
        out = Stream(terminal=terminal if stdout_terminal is None else stdout_terminal)
        err = Stream(terminal=terminal)
        world = World(
            clock=lambda: self.now,
            random=self._random,
            hardware=lambda: self.hardware[on],
            user=lambda: "root",
            environ=self.environment(on),
            stdin=Stream(stdin, terminal=terminal),
            stdout=out,
            stderr=err,
            passphrase=lambda _question: self.passphrases.pop(0),
        )
        code = run(argv, world)
        return Outcome(code, out.getvalue(), err.getvalue())

    def done(self, *argv: str, on: str = "router", stdin: str = "") -> Outcome:
        """Run one command that must succeed."""
        outcome = self.run(*argv, on=on, stdin=stdin)
        assert outcome.code == 0, outcome
        return outcome

    def snapshot(self) -> dict[str, bytes]:
        """Return every file on the desk, apart from locks."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.endswith(("-shm", "-wal", "lock"))
        }

    def everything(self) -> object:
        """Return all that a command could have written, for comparing."""
        return self.snapshot()


D = TypeVar("D", bound=Desk)


def require_refusal(
    desk: D, refusal: tuple[Callable[[D], tuple[str, ...]], int, str, str, str]
) -> tuple[Outcome, Outcome]:
    """Run a command that must be refused: message, hint, exit code, and nothing written.

    Args:
        desk: Where.
        refusal: What prepares the desk and returns a command; exit code, error code, words of the message
            and of the hint.

    Returns:
        What came of it, for people and for scripts.
    """
    prepare, exit_code, error_code, message, hint = refusal
    argv = prepare(desk)
    before = desk.everything()
    refused = desk.run(*argv)
    as_json = desk.run(*argv, "--json")
    assert (refused.code, as_json.code) == (exit_code, exit_code), refused
    assert refused.out == ""
    error = as_json.json["error"]
    assert error["code"] == error_code
    assert message in error["message"]
    assert error["hint"]
    assert hint in error["hint"]
    assert told(as_json) in refused.err
    assert desk.everything() == before
    return refused, as_json


def told(as_json: Outcome) -> str:
    """Return how an error that scripts are given is told to people."""
    error = as_json.json["error"]
    return f"Error: {error['message']}\nWhat to do: {error['hint']}\n"
