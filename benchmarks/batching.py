"""A batch of request codes, against one process for each; how many codes share a commit; and its memory.

All of it is the real program in processes of its own, on SQLite, on the disk that the system's folder for
temporary files is on. One process for each is a sample: a thousand of them take minutes. Memory is the most
that the process ever had resident, as the system counts it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.durable import PASSPHRASE, WANTED, found, request
from benchmarks.measured import limit, verdict
from benchmarks.table import markdown, number
from reservation.bootstrap import Founded

TITLE: Final = "## Batches\n"
#: Times the rate of one process for each.
RATE_LIMIT: Final = 20.0
#: Kibibytes that ten times as many codes may take more.
MEMORY_LIMIT: Final = 8 * 1024
USUAL_COMMIT: Final = 64

_HEAD: Final = ("codes a commit", "ms a code", "times one process each", "times ≥", "met", "most memory, KiB")
_MEMORY_HEAD: Final = ("codes", "most memory, KiB", "more ≤", "met")

#: The program, which says at its end how much memory it had; what `wait4` says includes whoever started it.
_PROGRAM: Final = """
import atexit, runpy, sys
atexit.register(lambda: sys.stderr.write(open("/proc/self/status").read()))
runpy.run_module("cli", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to measure.

    Attributes:
        codes: How many a batch has.
        commits: Sizes of groups.
        processes: How many are tried alone.
        rounds: How often each is measured; what counts is the median.
        more: How many times as many codes the memory is compared with.
    """

    codes: int = 1000
    commits: tuple[int, ...] = (1, 8, USUAL_COMMIT, 256, 1000)
    processes: int = 20
    rounds: int = 3
    more: int = 10


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that is done: its seconds, and the most memory that it had, in KiB."""

    seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured.

    Attributes:
        extent: How much of it.
        alone: Seconds of one process for one code.
        batches: By codes a commit.
        larger: A batch of more codes, with the usual commits.
    """

    extent: Extent
    alone: float
    batches: dict[int, Ran]
    larger: Ran

    def rate(self, commit: int) -> float:
        """Return how many times the rate of one process for each a batch has."""
        return self.alone * self.extent.codes / self.batches[commit].seconds

    @property
    def growth(self) -> int:
        """KiB that the larger batch took more."""
        return self.larger.memory - self.batches[USUAL_COMMIT].memory


class Office:
    """A portal in a folder, where the program runs on fresh copies of its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.founded: Founded = found(folder / "portal")
        (folder / "passphrase").write_text(PASSPHRASE)
        (folder / "passphrase").chmod(0o600)

    def texts(self, count: int) -> list[str]:
        """Return requests of so many devices."""
        return [request(each).text for each in range(count)]

    def fresh(self) -> None:
        """Begin again with books without any reservation."""
        for ending in ("", "-wal", "-shm"):
            (self.folder / f"books.db{ending}").unlink(missing_ok=True)
        shutil.copyfile(self.founded.database, self.folder / "books.db")
        # With its checkpoint: books that were copied back alone are put into quarantine.
        shutil.rmtree(self.folder / "keys", ignore_errors=True)
        shutil.copytree(self.founded.issuer_file.parent, self.folder / "keys")

    def run(self, *argv: str) -> Ran:
        """Run a command that must be done."""
        environment = {
            **os.environ,
            "TALLYSTICK_DB": f"sqlite:///{self.folder / 'books.db'}",
            "TALLYSTICK_KEYS": str(self.folder / "keys"),
            "TALLYSTICK_USER": "benchmark",
            "TALLYSTICK_PASSPHRASE_FILE": str(self.folder / "passphrase"),
        }
        begun = perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, "portal", *argv],
            env=environment,
            cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, said = process.communicate()
        seconds = perf_counter() - begun
        if process.returncode:
            raise RuntimeError(f"{argv[0]} ended with exit code {process.returncode}: {said}")
        return Ran(seconds, int(said.rsplit("VmHWM:", 1)[1].split()[0]))


def measure(extent: Extent) -> Measurements:
    """Measure in turns: some processes for one code each, and every size of groups."""
    with tempfile.TemporaryDirectory() as name:
        office = Office(Path(name))
        lines = [word for tag, count in WANTED.counts.items() for word in ("--license", f"{tag}={count}")]
        texts = office.texts(extent.codes)
        source = _written(office.folder / "codes.csv", texts)
        alone: list[float] = []
        batches: dict[int, list[Ran]] = {commit: [] for commit in extent.commits}
        for turn in range(extent.rounds):
            office.fresh()
            each = -(-extent.processes // extent.rounds)
            these = texts[turn * each : (turn + 1) * each]
            alone += [office.run("reserve", text, *lines).seconds for text in these]
            for commit, ran in batches.items():
                office.fresh()
                ran.append(office.run("batch", source, *lines, "--commit", str(commit)))
        office.fresh()
        larger = _written(office.folder / "more.csv", office.texts(extent.codes * extent.more))
        return Measurements(
            extent,
            median(alone),
            {
                commit: Ran(median(one.seconds for one in ran), max(one.memory for one in ran))
                for commit, ran in batches.items()
            },
            office.run("batch", larger, *lines),
        )


def _written(path: Path, texts: list[str]) -> str:
    path.write_text("\n".join(("code", *texts, "")))
    return str(path)


def section(extent: Extent) -> str:
    """Measure and describe."""
    found_out = measure(extent)
    rows = [_row(found_out, commit) for commit in extent.commits]
    usual = found_out.batches[USUAL_COMMIT].memory
    memory = [
        (number(extent.codes), number(usual), "–", "–"),
        (
            number(extent.codes * extent.more),
            number(found_out.larger.memory),
            limit(MEMORY_LIMIT),
            verdict(found_out.growth <= MEMORY_LIMIT),
        ),
    ]
    said = (
        f"{extent.codes:,} request codes in one `portal batch`, three licences each; one process for one "
        f"code takes {found_out.alone * 1e3:,.0f} ms (median of {extent.processes})."
    )
    return f"{TITLE}\n{said}\n\n{markdown(_HEAD, rows)}\n\n{markdown(_MEMORY_HEAD, memory)}\n\n"


def _row(found_out: Measurements, commit: int) -> tuple[str, ...]:
    ran, rate = found_out.batches[commit], found_out.rate(commit)
    at_least = RATE_LIMIT if commit == USUAL_COMMIT else None
    return (
        number(commit),
        number(ran.seconds / found_out.extent.codes * 1e3, 2),
        number(rate, 1),
        limit(at_least),
        verdict(None if at_least is None else rate >= at_least),
        number(ran.memory),
    )
