"""Fuzz every parser: `python -m tests.fuzz [--inputs N] [--keep] [TARGET …]`; `make fuzz` does all of it.

Each target gets as many inputs as `--inputs` says, times its share, starting from the sample codes and from
the corpus in this folder. What escapes is written to `build/fuzz/findings`, what a search came to into
`build/fuzz/outcomes` (`python -m benchmarks.run fuzz` writes it down). With `--keep`, inputs that reach lines
which no earlier input reaches join the corpus.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final, Self

from tests.fuzz.costs import Costs
from tests.fuzz.coverage import Line, lines_of, reached
from tests.fuzz.target import Target
from tests.fuzz.targets import CORPUS, TARGETS

ROOT: Final = Path(__file__).resolve().parents[2]
FINDINGS: Final = ROOT / "build" / "fuzz" / "findings"
OUTCOMES: Final = ROOT / "build" / "fuzz" / "outcomes"
_DONE = re.compile(r"Done (\d+) (?:in|runs in) ", re.MULTILINE)
_LONGEST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Result:
    """What one target's search came to.

    Attributes:
        name: Of the target.
        inputs: How many were tried.
        seconds: How long that took, other work of the machine included.
        covered: Lines that are reached, of so many (`lines`) in the parser's modules.
        findings: Files with what escaped.
        costs: The most that an input took.
    """

    name: str
    inputs: int
    seconds: float
    covered: int
    lines: int
    findings: tuple[str, ...]
    costs: Costs = field(default_factory=Costs)

    def __str__(self) -> str:
        share = 100 * self.covered / self.lines if self.lines else 0
        found = f"{len(self.findings)} FOUND" if self.findings else "nothing escaped"
        most = f"{self.costs.milliseconds:.1f} ms, {self.costs.megabytes:.1f} MB at most"
        reached_lines = f"{share:5.1f} % of {self.lines} lines"
        return f"{self.name:8} {self.inputs:>12,} inputs   {reached_lines}   {most}   {found}"

    def keep(self, *, add: bool = False) -> None:
        """Write it where `benchmarks.fuzzing` finds it, alone or with what came before."""
        OUTCOMES.mkdir(parents=True, exist_ok=True)
        before = self.read(self.name) if add else None
        kept = json.dumps(asdict(before.and_(self) if before else self), indent=2)
        (OUTCOMES / f"{self.name}.json").write_text(kept, encoding="ascii")

    def and_(self, later: Self) -> Self:
        """Return what this search and another one of the same target came to."""
        return replace(
            later,
            inputs=self.inputs + later.inputs,
            seconds=self.seconds + later.seconds,
            covered=max(self.covered, later.covered),
            findings=tuple(sorted({*self.findings, *later.findings})),
            costs=self.costs.and_(later.costs),
        )

    @classmethod
    def read(cls, name: str) -> Self | None:
        """Return what the last search of a target came to, if there was one."""
        path = OUTCOMES / f"{name}.json"
        if not path.exists():
            return None
        record = json.loads(path.read_text("ascii"))
        return cls(**{**record, "findings": tuple(record["findings"]), "costs": Costs(**record["costs"])})


def main() -> int:
    """Fuzz, report, and return 1 when anything escaped."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs for a target whose share is 1")
    parser.add_argument("--add", action="store_true", help="add to what earlier searches came to")
    parser.add_argument("--keep", action="store_true", help="take what reaches new lines into the corpus")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET")
    asked = parser.parse_args()
    results = []
    for name in asked.targets or TARGETS:
        results.append(search(name, round(asked.inputs * TARGETS[name].share), keep=asked.keep))
        results[-1].keep(add=asked.add)
        print(results[-1], flush=True)
    for finding in (path for result in results for path in result.findings):
        print(f"Found: build/fuzz/findings/{finding}")
    return any(result.findings for result in results)


def search(name: str, inputs: int, *, keep: bool) -> Result:
    """Give one target a number of inputs."""
    target = TARGETS[name]
    FINDINGS.mkdir(parents=True, exist_ok=True)
    known = set(FINDINGS.iterdir())
    with tempfile.TemporaryDirectory() as folder:
        found, seeds = Path(folder, "found"), Path(folder, "seeds")
        found.mkdir()
        seeds.mkdir()
        for data in starting_points(name):
            (seeds / digest(data)).write_bytes(data)
        costs, started = Path(folder, "costs.json"), perf_counter()
        tried = drive(name, f"--costs={costs}", f"-runs={inputs}", str(found), str(seeds))
        seconds = perf_counter() - started
        lines = lines_of(target.modules)
        covered = _covered(target, starting_points(name), lines)
        fresh = sorted((path.read_bytes() for path in found.iterdir()), key=lambda data: (len(data), data))
        for data in fresh:
            new = _reaches(target, data, lines) - covered
            covered |= new
            if keep and new and len(data) <= _LONGEST_KEPT:
                _kept(name, data)
        most = Costs.read(costs)
    findings = tuple(path.name for path in sorted(set(FINDINGS.iterdir()) - known))
    return Result(name, tried, seconds, len(covered), len(lines), findings, most)


def drive(name: str, *options: str) -> int:
    """Run one target in a process of its own, and return how many inputs it tried."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.drive",
        name,
        f"-artifact_prefix={FINDINGS}/{name}-",
        *options,
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    done = _DONE.search(ended.stderr)
    if done:
        return int(done.group(1))
    # It ended at a finding; the log says which, and where.
    print(ended.stderr[-3000:], file=sys.stderr)
    tried = re.findall(r"^#(\d+)\s", ended.stderr, re.MULTILINE)
    return int(tried[-1]) if tried else 0


def starting_points(name: str) -> Iterator[bytes]:
    """Yield valid inputs of a target, then its corpus."""
    yield from TARGETS[name].seeds()
    for path in sorted((CORPUS / name).glob("*.bin")):
        yield path.read_bytes()


def digest(data: bytes) -> str:
    """Return the name under which an input is kept."""
    return hashlib.sha256(data).hexdigest()[:16]


def _covered(target: Target, inputs: Iterator[bytes], lines: set[Line]) -> set[Line]:
    covered: set[Line] = set()
    for data in inputs:
        covered |= _reaches(target, data, lines)
    return covered


def _reaches(target: Target, data: bytes, lines: set[Line]) -> set[Line]:
    return reached(partial(target.run, data), lines)


def _kept(name: str, data: bytes) -> None:
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    (CORPUS / name / f"{digest(data)}.bin").write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
