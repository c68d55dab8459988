"""What an input costs: computing time of each, and memory of those that may take much.

Tracing every allocation would make a search several times slower. So an input is run again with tracing when
it took longer than all before it, or when the process grew over it.
"""

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import process_time
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Costs:
    """The most that any input took.

    Attributes:
        milliseconds: Of computing.
        megabytes: Of Python's memory, at the highest point.
        slowest: The input that took longest, in hexadecimal digits.
    """

    milliseconds: float = 0.0
    megabytes: float = 0.0
    slowest: str = ""

    def and_(self, other: Self) -> Self:
        """Return the most that any input took, here or there."""
        slower = max(self, other, key=lambda costs: costs.milliseconds)
        return replace(slower, megabytes=max(self.megabytes, other.megabytes))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what was kept; nothing where no input was run."""
        return cls(**json.loads(path.read_text("ascii"))) if path.exists() else cls()


class Watched:
    """A target whose costs are kept in a file."""

    def __init__(self, run: Callable[[bytes], Any], path: Path) -> None:
        self._run = run
        self._path = path
        self._most = Costs()
        self._grown = _largest()

    def __call__(self, data: bytes) -> None:
        """Run an input, and keep what it cost if that is more than ever."""
        milliseconds = milliseconds_of(self._run, data)
        grown = _largest()
        if milliseconds > self._most.milliseconds or grown > self._grown:
            self._grown = grown
            self._keep(data, milliseconds)

    def _keep(self, data: bytes, milliseconds: float) -> None:
        again, megabytes = traced(self._run, data)
        # The first time pays for imports and tables as well; what counts is the next one.
        milliseconds = min(milliseconds, again)
        before = self._most
        is_slowest = milliseconds > before.milliseconds
        if is_slowest or megabytes > before.megabytes:
            self._most = Costs(
                max(milliseconds, before.milliseconds),
                max(megabytes, before.megabytes),
                data.hex() if is_slowest else before.slowest,
            )
            self._path.write_text(json.dumps(asdict(self._most)), encoding="ascii")


def milliseconds_of(run: Callable[[bytes], Any], data: bytes) -> float:
    """Run an input, and return how long it computed."""
    started = process_time()
    run(data)
    return 1000 * (process_time() - started)


def traced(run: Callable[[bytes], Any], data: bytes) -> tuple[float, float]:
    """Run an input twice; return its milliseconds of computing, and the megabytes it takes at most."""
    milliseconds = milliseconds_of(run, data)
    tracemalloc.start()
    try:
        run(data)
        return milliseconds, tracemalloc.get_traced_memory()[1] / 1_000_000
    finally:
        tracemalloc.stop()


def _largest() -> int:
    return getrusage(RUSAGE_SELF).ru_maxrss
