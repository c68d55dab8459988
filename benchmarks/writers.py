"""Several processes that reserve from one SQLite file without rest: does everybody's turn come, and how soon.

Three ways to wait are compared: our turns (`reservation.sql.turns`), SQLite's own busy handler, which is what
there is without them, and a lock file that is looked at every 10 ms, as most libraries for such files do.

The share is what the slowest got while the fastest still worked, in reserves of the fastest. The times are
those of whole reserves, waiting included.

    python -m benchmarks.writers URL ISSUER_FILE NUMBER WAY     one of them: reads a count, writes times
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import groups
from benchmarks.durable import PASSPHRASE, request
from benchmarks.measured import verdict
from benchmarks.table import markdown
from benchmarks.timing import Effort
from reservation.bootstrap import Founded, initialise, open_portal
from reservation.service import LinesWanted, add_license, reserve
from reservation.sql import sqlite_engine
from reservation.sql.turns import Turns

TITLE: Final = "## Several writers on SQLite\n"
CROWDS: Final = (1, 2, 4, 8)
#: The targets, for eight processes.
LEAST_SHARE: Final = 0.5
MOST_P99: Final = 0.050
_HEAD: Final = (
    "waiting",
    "processes",
    "reserves a second",
    "share",
    "p50, ms",
    "p99, ms",
    "longest, ms",
    "met",
)
_TAG: Final = "HOT"
_SECTION: Final = """\
{title}
Processes that reserve without rest, all from one lot. Limits: share ≥ 0.5 and p99 ≤ 50 ms of eight.

{crowds}

Threads of one process, three lines in each reserve. The second line is what no program can better on this
machine: the shorter one waits for its disk, the less a group saves.

{groups}

"""
#: Without turns, some wait for longer than the portal does.
_PATIENCE_MILLISECONDS: Final = 120_000


class Untaken(Turns):
    """No turns: SQLite alone decides."""

    def take(self, seconds: float) -> None:
        """Go on."""


class Polled(Turns):
    """A lock that is looked at again and again."""

    def take(self, seconds: float) -> None:
        """Look until nobody has it."""
        descriptor = self._opened()
        assert descriptor is not None
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.01)


WAYS: Final[dict[str, type[Turns]]] = {"turns": Turns, "busy handler": Untaken, "polling": Polled}


@dataclass(frozen=True, slots=True)
class Crowding:
    """What several processes came to.

    Attributes:
        way: How they waited.
        ended: When each reserve of each process began and ended, on the clock that all share.
    """

    way: str
    ended: Sequence[Sequence[tuple[float, float]]]

    @property
    def share(self) -> float:
        """What the slowest got while all worked, in reserves of the fastest."""
        until = min(spans[-1][1] for spans in self.ended)
        counts = [sum(end <= until for _, end in spans) for spans in self.ended]
        return min(counts) / max(counts)

    @property
    def rate(self) -> float:
        """Reserves a second of all together."""
        spans = [span for one in self.ended for span in one]
        return len(spans) / (max(end for _, end in spans) - min(begun for begun, _ in spans))

    def seconds(self, part: float) -> float:
        """Return the time that this part of all reserves kept."""
        every = sorted(end - begun for one in self.ended for begun, end in one)
        return every[min(int(len(every) * part), len(every) - 1)]

    def cells(self) -> tuple[str, ...]:
        """Return the cells under the head."""
        kept = self.share >= LEAST_SHARE and self.seconds(0.99) <= MOST_P99
        times = [f"{1000 * self.seconds(part):.1f}" for part in (0.5, 0.99, 1)]
        is_judged = (self.way, len(self.ended)) == ("turns", CROWDS[-1])
        judged = verdict(kept if is_judged else None)
        return (self.way, str(len(self.ended)), f"{self.rate:.0f}", f"{self.share:.2f}", *times, judged)


# --- one of the processes ------------------------------------------------------------------------------


def work(url: str, issuer_file: Path, number: int, way: str) -> None:
    """Reserve as often as stdin says, without rest, and say when each began and ended."""
    vars(sqlite_engine).update({"Turns": WAYS[way], "BUSY_MILLISECONDS": _PATIENCE_MILLISECONDS})
    portal = open_portal(
        url,
        actor="benchmark",
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        issuer_file=issuer_file,
        passphrase=PASSPHRASE,
    )
    count = int(sys.stdin.readline())
    requests = [request(1_000_000 * (1 + number) + one) for one in range(count)]
    print("ready", flush=True)
    sys.stdin.readline()
    spans = []
    for one in requests:
        begun = time.monotonic()
        reserve(portal, one, choice=LinesWanted({_TAG: 1}))
        spans.append((begun, time.monotonic()))
    portal.close()
    print(json.dumps(spans), flush=True)


# --- all of them ---------------------------------------------------------------------------------------


def crowding(way: str, processes: int, count: int) -> Crowding:
    """Let so many processes reserve so often each, on a database of their own."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        founded = found(Path(folder))
        command = [sys.executable, "-m", "benchmarks.writers", f"sqlite://{founded.database}"]
        every = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(founded.issuer_file), str(number), way],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=Path(__file__).parents[1],
                )
            )
            for number in range(processes)
        ]
        for one in every:
            _tell(one, str(count))
        for one in every:
            _line(one)
        for one in every:
            _tell(one, "go")
        return Crowding(way, [[(begun, end) for begun, end in json.loads(_line(one))] for one in every])


def found(folder: Path) -> Founded:
    """Make a portal with plenty of one licence."""
    url = f"sqlite://{folder / 'portal.db'}"
    clock = lambda: datetime.now(UTC)  # noqa: E731 - an argument, twice
    founded = initialise(
        url,
        account="Benchmark",
        actor="benchmark",
        keys_folder=folder / "keys",
        passphrase=PASSPHRASE,
        clock=clock,
        random=os.urandom,
    )
    with closing(open_portal(url, actor="benchmark", clock=clock, random=os.urandom)) as portal:
        add_license(portal, _TAG, 10_000_000)
    return founded


def _tell(process: "subprocess.Popen[str]", what: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def section(count: int, effort: Effort) -> str:
    """Measure and describe; each process reserves so often, and each client of a group as the effort says."""
    rows = [crowding(way, processes, count).cells() for processes in CROWDS for way in WAYS]
    return _SECTION.format(title=TITLE, crowds=markdown(_HEAD, rows), groups=groups.table(effort))


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
