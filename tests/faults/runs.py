"""Running the program through the launcher: plainly, watched by strace, with a fault, or until it is dead."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Any, Self

from tests.faults.calls import TRACED, Call, parse

ROOT = Path(__file__).resolve().parents[2]
NO_STRACE = (
    "strace is needed to kill the program at its system calls, and there is none. Install it: "
    "apt-get install strace (or the package of that name of your system); then run this test again."
)
KILLED = -9
#: Also of interest where a call's content is: where a descriptor stands, and what is written without calls.
ALSO_TRACED = ("lseek", "close", "mmap")
_WHOLE = 16_000_000


class StraceMissingError(Exception):
    """There is no strace, so these tests can say nothing."""


class LauncherGoneError(Exception):
    """The launcher has ended: somebody killed it, or it broke; its own words are on stderr."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: ``signal=KILL``, ``signal=STOP``, or ``error=`` and the name of an error."""

    kind: str

    @property
    def kills(self) -> bool:
        """Whether the process dies of it, before the call is made."""
        return self.kind == "signal=KILL"

    def at(self, call: Call) -> str:
        """Say to strace where."""
        return f"{call.name}:{self.kind}:when={call.count}"


KILL = Fault("signal=KILL")
#: The process stands still once the call is made.
STOP = Fault("signal=STOP")
ERRORS = tuple(Fault(f"error={name}") for name in ("ENOSPC", "EIO", "EROFS"))


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended, what it wrote, its calls (none unless it was watched), and how long it took.

    Attributes:
        log: What strace wrote, when it was told to write down what the calls wrote.
    """

    code: int
    out: str
    err: str
    calls: tuple[Call, ...] = ()
    seconds: float = 0.0
    log: str = ""

    @property
    def acknowledged(self) -> bool:
        """Whether somebody was told that the work is done: by words, or by the exit code."""
        return self.code == 0 or (self.code == KILLED and bool(self.out))


class Launcher:
    """The launcher's process, and a folder for what passes between it and the tests."""

    def __init__(self, folder: Path) -> None:
        """Start it.

        Raises:
            StraceMissingError: When there is no strace.
        """
        found = which("strace")
        if found is None:
            raise StraceMissingError(NO_STRACE)
        self._strace = found
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.launcher"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)

    def kill(self) -> None:
        """Kill it, as somebody outside might."""
        self._process.kill()
        self._process.wait()

    def run(
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        work: str = "",
        plant: str = "",
        watched: bool = False,
        inject: str = "",
        kill_after: float | None = None,
        whole: bool = False,
    ) -> Ran:
        """Run the program once.

        Args:
            argv: The words after its name.
            folder: Where it runs.
            environ: Its environment.
            work: A function to run in place of the program, as ``module:name``.
            plant: A fault to plant into the program before, by its name in `tests.faults.planted`.
            watched: Whether its calls are recorded.
            inject: A fault for strace.
            kill_after: Seconds after which it is killed.
            whole: Whether its calls are recorded with all that they write.
        """
        one = Run(argv, folder, environ, work, plant, watched, inject, kill_after, whole=whole)
        (ran,) = self.run_together([one])
        return ran

    def run_together(self, runs: Sequence["Run"]) -> list[Ran]:
        """Run the program several times at once; return how each run ended."""
        orders = [self._order(run, str(number)) for number, run in enumerate(runs)]
        assert self._process.stdin and self._process.stdout
        # One that has gone answers nothing, which tells more than that nobody reads.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(orders) + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise LauncherGoneError(
                f"the launcher ended with {self._process.wait(timeout=60)} instead of running {runs}"
            )
        answers = json.loads(answer)
        return [_ran(order, answer) for order, answer in zip(orders, answers, strict=True)]

    def _order(self, run: "Run", name: str) -> dict[str, Any]:
        out, err, log = (self._folder / f"{kind}{name}" for kind in ("out", "err", "log"))
        return {
            "argv": list(run.argv),
            "folder": str(run.folder),
            "environ": dict(run.environ),
            "out": str(out),
            "err": str(err),
            "log": str(log),
            "work": run.work,
            "plant": run.plant,
            "strace": self._watching(log, run) if run.watched or run.inject or run.whole else [],
            "kill_after": run.kill_after,
            "stops": run.stops,
            "whole": run.whole,
        }

    def _watching(self, log: Path, run: "Run") -> list[str]:
        # -y: names beside descriptors; -s: that much of contents; -xx: every string in hexadecimal digits.
        shown = ["-xx", "-s", str(_WHOLE)] if run.whole else ["-s", "0"]
        traced = (*TRACED, *ALSO_TRACED) if run.whole else TRACED
        command = [self._strace, "-f", "-y", *shown, "-o", str(log), "-e", f"trace={','.join(traced)}"]
        return [*command, "-e", f"inject={run.inject}"] if run.inject else command


@dataclass(frozen=True, slots=True)
class Run:
    """One run among several at once; see `Launcher.run`.

    Attributes:
        stops: ``goes on`` or ``dies``: what becomes of it after ``inject`` has stopped it, and the others
            have gone as far as they could. Empty: it is not stopped.
        whole: Whether its calls are recorded with all that they write.
    """

    argv: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    work: str = ""
    plant: str = ""
    watched: bool = False
    inject: str = ""
    kill_after: float | None = None
    stops: str = ""
    whole: bool = False


def _ran(order: dict[str, Any], answer: dict[str, Any]) -> Ran:
    log = Path(order["log"]).read_text(errors="replace") if order["strace"] else ""
    out, err = (Path(order[name]).read_text() for name in ("out", "err"))
    calls = () if order["whole"] else parse(log.splitlines(), order["folder"])
    return Ran(answer["status"], out, err, calls, answer["seconds"], log if order["whole"] else "")
