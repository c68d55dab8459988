"""A process that has loaded the program once and forks a child for each run of it.

    python -m tests.faults.launcher

It reads one JSON object a line on stdin (`tests.faults.runs.Order`) and answers with one a line. Forking
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
import traceback
import warnings
from typing import Any

import cli
import codec
import reservation
from tests import program
from tests.faults.planted import plant

PATIENCE_SECONDS = 60
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


def run(order: Order) -> dict[str, Any]:
    """Run the program once, as the order says, and tell how it ended."""
    (ready, is_ready), (may_go, go) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        child(order, is_ready, may_go)
    os.close(is_ready)
    os.close(may_go)
    tracer = None
    try:
        os.read(ready, 1)
        tracer = attach(pid, order) if order["strace"] else None
        os.write(go, b"g")
        end(pid, order["kill_after"])
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(ready)
        os.close(go)
        _, status = os.waitpid(pid, 0)
        if tracer:
            tracer.communicate(timeout=PATIENCE_SECONDS)
    return {"status": os.waitstatus_to_exitcode(status)}


def end(pid: int, kill_after: float | None) -> None:
    """Wait until a child has ended; kill it when its time is over."""
    handle = os.pidfd_open(pid)
    ended, _, _ = select.select([handle], [], [], PATIENCE_SECONDS if kill_after is None else kill_after)
    os.close(handle)
    if not ended:
        os.kill(pid, signal.SIGKILL)


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
