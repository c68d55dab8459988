"""The real program in a world that can be repeated: for tests of processes, and for the docs' examples.

    python tests/program.py device status

It is `tallystick` with another clock, other randomness and other hardware, told by the environment:

    FAKE_NOW        the present moment, as ISO 8601 with an offset; without it, the real one
    FAKE_SEED       a file that counts the runs: each run gets bytes of its own, and the same ones the next
                    time that everything is done in the same order; without it, real randomness
    FAKE_HARDWARE   a JSON file: component name → what identifies it; without it, the real hardware

The shipped program knows nothing of this.
"""

import fcntl
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import shake_256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.world import World


def main() -> int:
    """Run the program and return its exit code."""
    from cli.main import run
    from cli.world import real_world

    return run(sys.argv[1:], repeatable(real_world()))


def repeatable(world: "World") -> "World":
    """Return the world with what the environment says in place of the real thing."""
    environ = world.environ
    if "FAKE_NOW" in environ:
        now = datetime.fromisoformat(environ["FAKE_NOW"]).astimezone(UTC)
        world = replace(world, clock=lambda: now)
    if "FAKE_SEED" in environ:
        world = replace(world, random=seeded(f"run {next_run(Path(environ['FAKE_SEED']))}"))
    if "FAKE_HARDWARE" in environ:
        facts: Mapping[str, str] = json.loads(Path(environ["FAKE_HARDWARE"]).read_text(encoding="utf-8"))
        world = replace(world, hardware=lambda: facts)
    return world


def seeded(seed: str) -> Callable[[int], bytes]:
    """Return a source of bytes that follow from the seed and from how often it was asked."""
    asked = count()
    return lambda length: shake_256(f"{seed}, call {next(asked)}".encode()).digest(length)


def next_run(counter: Path) -> int:
    """Count one more run, also when several start at once."""
    descriptor = os.open(counter, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        number = int(file.read() or "0") + 1
        file.seek(0)
        file.write(f"{number}\n")
    return number


if __name__ == "__main__":
    # A script's own folder comes first, and would hide the packages behind their tests of the same names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    sys.exit(main())
