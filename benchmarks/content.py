"""What the size figures are measured with: random but repeatable content of codes.

The model, for an authorization of N lines with a catalogue of 644 tags:

* the tags are N different ones, every set of N equally likely; lines stand in the order of the code, which is
  catalogue order;
* each count n is drawn with p ∝ 1/n from 1 to 10,000;
* each line is perpetual with 40 %; otherwise it has a term. Then, with 60 %, it shares "the term of the line
  before", read as the term of the nearest earlier line that has one (perpetual lines in between are passed
  over). With the other 40 %, and always when no earlier line has a term, the term is new;
* a new term starts on the UTC day of issue with 70 %; with 30 % on a day within ± 180 days, all 361 of them
  equally likely, the day of issue being one of them;
* it runs 1, 3, 5 or 7 whole years, equally likely, with 90 %; with 10 % it ends on any day within 10 years,
  all equally likely.

Everything else of a code is drawn evenly. Draws stand on `random.Random.random` alone, seeded by text: the
one generator whose values Python promises not to change. Nothing here reads the clock.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from codec.codes import Line, Term, WantedLine, anniversary
from samples.entitlements import SIZE

SEEDS: Final = range(20)
LINE_COUNTS: Final = (1, 3, 10, 50)
TAGS: Final = SIZE
ISSUED_AT: Final = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
"""When every measured authorization is issued; a Monday like any other."""

HIGHEST_COUNT: Final = 10_000
PERPETUAL: Final = 0.4
SHARES_TERM: Final = 0.6
STARTS_AT_ISSUE: Final = 0.7
OTHER_START_DAYS: Final = 180
WHOLE_YEARS: Final = 0.9
YEARS: Final = (1, 3, 5, 7)
OTHER_END_YEARS: Final = 10

_COUNT_WEIGHTS: Final = tuple(accumulate(1 / count for count in range(1, HIGHEST_COUNT + 1)))


class Chance:
    """Draws that are the same on every run, for one seed."""

    __slots__ = ("_random",)

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def fraction(self) -> float:
        """Return a number from 0 up to, not including, 1."""
        return self._random.random()

    def happens(self, probability: float) -> bool:
        """Tell whether something of that probability happens this time."""
        return self.fraction() < probability

    def below(self, limit: int) -> int:
        """Return an integer of ``range(limit)``, all equally likely."""
        return int(self.fraction() * limit)

    def octets(self, length: int) -> bytes:
        """Return bytes, all equally likely."""
        return bytes(self.below(256) for _ in range(length))

    def text(self, characters: str, length: int) -> str:
        """Return a text of these characters, all equally likely."""
        return "".join(characters[self.below(len(characters))] for _ in range(length))


def draw_positions(chance: Chance, number: int) -> tuple[int, ...]:
    """Return that many different catalogue positions, in order."""
    left = list(range(TAGS))
    return tuple(sorted(left.pop(chance.below(len(left))) for _ in range(number)))


def draw_count(chance: Chance) -> int:
    """Return a Zipf-like count."""
    return bisect_right(_COUNT_WEIGHTS, chance.fraction() * _COUNT_WEIGHTS[-1]) + 1


def longest_term_days(start: date) -> int:
    """Return how many days a term from ``start`` to the end of its tenth year has."""
    return (anniversary(start, OTHER_END_YEARS) - start).days


def draw_new_term(chance: Chance, issue_day: date) -> Term:
    """Return a term that no earlier line has lent."""
    start = issue_day
    if not chance.happens(STARTS_AT_ISSUE):
        start += timedelta(days=chance.below(2 * OTHER_START_DAYS + 1) - OTHER_START_DAYS)
    if chance.happens(WHOLE_YEARS):
        return Term.of_years(start, YEARS[chance.below(len(YEARS))])
    return Term(start, start + timedelta(days=chance.below(longest_term_days(start))))


def draw_lines(chance: Chance, number: int, issue_day: date) -> tuple[Line, ...]:
    """Return the lines of an authorization, tags numbered, in the order of the code."""
    lines = []
    latest: Term | None = None
    for position in draw_positions(chance, number):
        term = None
        if not chance.happens(PERPETUAL):
            shares = latest is not None and chance.happens(SHARES_TERM)
            term = latest if shares else draw_new_term(chance, issue_day)
            latest = term
        lines.append(Line(position, draw_count(chance), term))
    return tuple(lines)


def draw_wanted(chance: Chance, number: int) -> tuple[WantedLine, ...]:
    """Return the wanted lines of a request, tags numbered, in the order of the code."""
    return tuple(WantedLine(position, draw_count(chance)) for position in draw_positions(chance, number))
