"""Times of things that are measured against each other, taken in turns.

Machines are shared and warm up and slow down. So two things that are compared run in turns, round by round,
and what counts is the ratio within a round; the figure is the median of the rounds. Seconds are shown for
orientation, and judged only where a limit is in seconds.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.measured import limit, verdict
from benchmarks.table import number

RATIO_HEAD: Final = ("ours against the floor", "ours, µs", "floor, µs", "ratio ≤", "median", "met")
TIME_HEAD: Final = ("alone", "limit, µs", "median, µs", "worst round, µs", "met")

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: so many rounds, and so many repetitions in each."""

    rounds: int
    repetitions: int


@dataclass(frozen=True, slots=True)
class Contest:
    """Ours and its floor, in turns.

    Attributes:
        name: What is measured.
        ours: Seconds for one repetition, round by round.
        floor: The same, of what it cannot be faster than.
        limit: Highest ratio, or None.
    """

    name: str
    ours: tuple[float, ...]
    floor: tuple[float, ...]
    limit: float | None

    @property
    def ratio(self) -> float:
        """The median over rounds of ours to floor."""
        return median(mine / least for mine, least in zip(self.ours, self.floor, strict=True))

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept."""
        return None if self.limit is None else self.ratio <= self.limit

    def cells(self) -> tuple[str, ...]:
        """Return the cells under `RATIO_HEAD`."""
        return (
            self.name,
            number(median(self.ours) * 1e6, 1),
            number(median(self.floor) * 1e6, 1),
            limit(self.limit, 2),
            number(self.ratio, 2),
            verdict(self.met),
        )


@dataclass(frozen=True, slots=True)
class Alone:
    """Something that is judged by its time alone."""

    name: str
    seconds: tuple[float, ...]
    limit_microseconds: float

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        return median(self.seconds) * 1e6 <= self.limit_microseconds

    def cells(self) -> tuple[str, ...]:
        """Return the cells under `TIME_HEAD`."""
        return (
            self.name,
            number(self.limit_microseconds),
            number(median(self.seconds) * 1e6, 1),
            number(max(self.seconds) * 1e6, 1),
            verdict(self.met),
        )


def contest(name: str, ours: Work, floor: Work, effort: Effort, at_most: float | None = None) -> Contest:
    """Measure ours and its floor in turns; who goes first changes from round to round."""
    ours(), floor()
    mine, least = [], []
    for turn in range(effort.rounds):
        if turn % 2:
            least.append(seconds_of(floor, effort.repetitions))
            mine.append(seconds_of(ours, effort.repetitions))
        else:
            mine.append(seconds_of(ours, effort.repetitions))
            least.append(seconds_of(floor, effort.repetitions))
    return Contest(name, tuple(mine), tuple(least), at_most)


def alone(name: str, work: Work, effort: Effort, limit_microseconds: float) -> Alone:
    """Measure one thing."""
    work()
    seconds = tuple(seconds_of(work, effort.repetitions) for _ in range(effort.rounds))
    return Alone(name, seconds, limit_microseconds)


def seconds_of(work: Work, repetitions: int) -> float:
    """Return the seconds of one repetition, the collector of garbage held back meanwhile."""
    gc.collect()
    gc.disable()
    try:
        started = perf_counter()
        for _ in range(repetitions):
            work()
        return (perf_counter() - started) / repetitions
    finally:
        gc.enable()
