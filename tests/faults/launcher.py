"""A process that has loaded the program once and forks a child for each run of it.

    python -m tests.faults.launcher

It reads one JSON list a line on stdin, an object for each run that begins at once (`tests.faults.runs`), and
answers with one list a line. Forking
saves the start of the interpreter and the imports, nothing else: every file, lock, database connection and
line of output is the child's own, and its system calls are real. `test_harness.py` compares them with those
of a process that was started in the usual way.

A traced child waits until strace has attached to it. A child that is to be killed at a moment is killed by
this process.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import time
import traceback
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cli
import codec
import reservation
from tests import program
from tests.faults.planted import plant

PATIENCE_SECONDS = 60
#: Others wait for the one that stands still when they were all asleep as often as this, looked at so often.
_ASLEEP_TIMES = 6
_LOOK_SECONDS = 0.01
CRASHED = 99
_ATTACHED = b" attached\n"

Order = dict[str, Any]


def load_everything() -> None:
    """Import what any command could import, so that no child does."""
    for package in (codec, reservation, cli):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name != "cli.__main__":
                importlib.import_module(module.name)
    for name in ("asymmetric.ed25519", "serialization"):
        importlib.import_module(f"cryptography.hazmat.primitives.{name}")

    from reservation.sql import sqlite_engine, sqlite_schema

    sqlite_engine.load_queries()
    sqlite_schema.migrations()


def child(order: Order, ready: int, go: int) -> None:
    """Become one run of the program; never returns."""
    code = 1
    try:
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environ"])
        for number, name, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND),
            (2, order["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND),
        ):
            os.dup2(os.open(name, flags, 0o600), number)
        sys.argv = ["tallystick", *order["argv"]]
        if order["plant"]:
            plant(order["plant"])
        # What comes before is not the program's, and must not be counted.
        os.write(ready, b"r")
        os.read(go, 1)
        if order["work"]:
            work = order["work"].partition(":")
            code = getattr(importlib.import_module(work[0]), work[2])()
        else:
            code = program.main()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - a child has nobody above it to tell
        code = CRASHED
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code or 0)


def attach(pid: int, order: Order) -> "subprocess.Popen[bytes]":
    """Start strace on a child and wait until it watches.

    Raises:
        RuntimeError: When strace cannot watch; its words.
    """
    tracer = subprocess.Popen(
        [*order["strace"], "-p", str(pid)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert tracer.stderr
    line = tracer.stderr.readline()
    if not line.endswith(_ATTACHED):
        raise RuntimeError(f"strace could not attach: {line!r} {tracer.stderr.read()!r}")
    return tracer


@dataclass(slots=True)
class Child:
    """A run that waits to be let go, or goes.

    Attributes:
        order: What it is to do.
        pid: Its process.
        go: Where one byte lets it go.
        tracer: The strace that watches it.
        handle: Tells when it has ended.
        begun: When it was let go; both by the monotonic clock, in seconds.
        ended: When it had ended.
        status: As `os.waitpid` gives it, where it was fetched already.
    """

    order: Order
    pid: int
    go: int
    tracer: "subprocess.Popen[bytes] | None"
    handle: int
    begun: float = 0.0
    ended: float = 0.0
    status: int | None = None

    def let_go(self) -> None:
        """Let it begin."""
        self.begun = time.monotonic()
        # One that has died before tells why by its end, and by what it wrote.
        with suppress(BrokenPipeError):
            os.write(self.go, b"g")

    def kill_at(self) -> float:
        """Return when it is to be killed."""
        after = self.order["kill_after"]
        return self.begun + (PATIENCE_SECONDS if after is None else after)

    def finish(self) -> dict[str, Any]:
        """Fetch how it ended."""
        if self.status is None:
            _, self.status = os.waitpid(self.pid, 0)
        if self.tracer:
            self.tracer.communicate(timeout=PATIENCE_SECONDS)
        os.close(self.go)
        os.close(self.handle)
        return {"status": os.waitstatus_to_exitcode(self.status), "seconds": self.ended - self.begun}


def prepare(order: Order) -> Child:
    """Fork a child that is watched, if it is to be, and waits."""
    (ready, is_ready), (may_go, go) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        child(order, is_ready, may_go)
    os.close(is_ready)
    os.close(may_go)
    try:
        os.read(ready, 1)
        tracer = attach(pid, order) if order["strace"] else None
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(ready)
    return Child(order, pid, go, tracer, os.pidfd_open(pid))


def run(orders: list[Order]) -> list[dict[str, Any]]:
    """Run the program once for each order, all at once, and tell how each run ended.

    A run that is to be stopped goes first, until it stands. The others go while it stands; it goes on, or is
    killed, when they have ended, or cannot end since they wait for what it holds.
    """
    children = [prepare(order) for order in orders]
    standing = [one for one in children if one.order["stops"]]
    for one in standing:
        one.let_go()
        stand(one)
    others = [one for one in children if not one.order["stops"]]
    for one in others:
        one.let_go()
    left = wait(others, until_asleep=True) if standing else others
    for one in standing:
        if one.status is None:
            os.kill(one.pid, signal.SIGKILL if one.order["stops"] == "dies" else signal.SIGCONT)
            left.append(one)
    wait(left)
    return [one.finish() for one in children]


def stand(one: Child) -> None:
    """Wait until a child is stopped, or has ended without being stopped."""
    _, status = os.waitpid(one.pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        one.status, one.ended = status, time.monotonic()


def wait(children: list[Child], *, until_asleep: bool = False) -> list[Child]:
    """Wait until children have ended; kill those whose time is over.

    Args:
        children: The children.
        until_asleep: Whether to wait only until all that are left sleep, as one that waits for a lock does.

    Returns:
        Those that have not ended.
    """
    left, calm = list(children), 0
    while left and calm < _ASLEEP_TIMES:
        now = time.monotonic()
        for one in left:
            if one.kill_at() <= now:
                os.kill(one.pid, signal.SIGKILL)
        times = [moment - now for one in left if (moment := one.kill_at()) > now]
        pause = min([*times, _LOOK_SECONDS] if until_asleep else times, default=None)
        ended, _, _ = select.select([one.handle for one in left], [], [], pause)
        for one in left:
            if one.handle in ended:
                one.ended = time.monotonic()
        left = [one for one in left if one.handle not in ended]
        calm = calm + 1 if until_asleep and not ended and all(map(is_asleep, left)) else 0
    return left


def is_asleep(one: Child) -> bool:
    """Tell whether a child waits for something, rather than for its turn."""
    return Path(f"/proc/{one.pid}/stat").read_text().rpartition(") ")[2].startswith("S")


def main() -> None:
    """Serve until stdin ends."""
    warnings.simplefilter("error")
    load_everything()
    gc.collect()
    gc.freeze()
    # Copies: a child gets standard streams that nobody has read from or written to.
    with os.fdopen(os.dup(0)) as orders, os.fdopen(os.dup(1), "w") as answers:
        for line in orders:
            answers.write(json.dumps(run(json.loads(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
