"""Trials of repair: a signed code, something that happens to it, and whether its reader gets it back.

Three things count as failures: a code that is not read, a wrong one that is accepted, and a repair that names
a group in which nothing was wrong.
"""

from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Final

from benchmarks.damages import (
    LINE,
    Mistake,
    Typed,
    cut_end,
    double_line,
    doubled,
    in_a_mail,
    in_lines,
    left_out,
    lost,
    lost_twice,
    move_line,
    not_of_the_alphabet,
    of_groups,
    of_lines,
    shortened,
    shuffle_lines,
    swap_lines,
    swapped,
    transposed,
    wrong_characters,
    wrong_parity,
    wrong_symbols,
)
from benchmarks.specimens import Specimen
from codec.damage import Damage, Repair
from codec.errors import CodecError
from codec.grouping import GROUP_CHARACTERS
from codec.reading import receive

SOON: Final = 300.0
"""Milliseconds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of damage.

    Attributes:
        name: In words.
        mistake: Does it.
        limit: Milliseconds of the median, or None.
        search: Whether it is found on request only.
    """

    name: str
    mistake: Mistake
    limit: float | None = SOON
    search: bool = False


_GROUP: Final = GROUP_CHARACTERS

WITHIN_FOUR: Final = tuple(
    Kind(f"{count} wrong character{'s' * (count > 1)}", wrong_characters(count), 2.0) for count in range(1, 5)
)
SEARCHED: Final = (
    Kind("5 wrong characters", wrong_characters(5), 1000.0),
    Kind("5 wrong pairs of characters", wrong_symbols(5), 1000.0),
    Kind("a character lost", lost(1, 1, 0)),
    Kind("a character lost, 2 wrong", lost(1, 1, 2)),
    Kind("a character doubled, 2 wrong", doubled(1, 1, 2)),
    Kind("2 neighbours lost, 1 wrong", lost(2, 1, 1)),
    Kind("3 neighbours lost", lost(3, 1, 0)),
    Kind("a group missing, 1 wrong", lost(_GROUP, _GROUP, 1)),
    Kind("a group missing, 2 wrong", lost(_GROUP, _GROUP, 2)),
    Kind("2 groups missing, 1 wrong", lost(2 * _GROUP, _GROUP, 1)),
    Kind("a group doubled, 2 wrong", doubled(_GROUP, _GROUP, 2)),
    Kind("a line doubled, 2 wrong", doubled(LINE, LINE, 2)),
    Kind("2 groups swapped", swapped(_GROUP)),
    Kind("2 groups swapped, 2 wrong", swapped(_GROUP, 2)),
    Kind("2 neighbours swapped, 2 wrong", transposed(2)),
    Kind("on request: a character lost in 2 places", lost_twice(0), 1000.0, search=True),
    Kind("on request: the same, 1 wrong", lost_twice(1), 1000.0, search=True),
    Kind("1 to 16 characters cut off", cut_end(1, 16)),
    Kind("16 characters cut off", cut_end(16, 16)),
    Kind("1 to 8 characters cut off, 1 wrong", cut_end(1, 8, 1)),
    Kind("all of the parity wrong", wrong_parity),
    Kind("8 characters that no code has", not_of_the_alphabet(8)),
)
LAID_OUT: Final = (
    Kind("in lines: 4 wrong characters", in_lines(wrong_characters(4))),
    Kind("in lines: 2 groups one short, 2 wrong", of_groups(shortened(2), 2)),
    Kind("in lines: 4 groups one short", of_groups(shortened(4))),
    Kind("in lines: a group left out, 2 wrong", of_groups(left_out, 2)),
    Kind("in lines: 2 lines swapped, 2 wrong", of_lines(swap_lines, numbered=True, wrong_too=2)),
    Kind("in lines: all lines mixed up", of_lines(shuffle_lines, numbered=True)),
    Kind("in lines: a line doubled, 2 wrong", of_lines(double_line, numbered=True, wrong_too=2)),
    Kind("lines without numbers: 2 swapped", of_lines(swap_lines, numbered=False)),
    Kind("lines without numbers: one moved", of_lines(move_line, numbered=False)),
    Kind("lines without numbers: one doubled", of_lines(double_line, numbered=False)),
    Kind("in a mail: 4 wrong characters", in_a_mail(wrong_characters(4))),
    Kind("in a mail: a character lost, 1 wrong", in_a_mail(lost(1, 1, 1))),
)
BEYOND: Final = tuple(Kind(f"{count} wrong pairs", wrong_symbols(count), None) for count in (6, 7, 8, 12))


class Tally:
    """What came of trials.

    Attributes:
        trials: How many.
        read: How many gave the code.
        false: How many gave another one.
        misnamed: How many named a group in which nothing was wrong.
        seconds: How long each took.
        failures: Some that failed, for looking into: the code, what was typed, what was said.
    """

    __slots__ = ("failures", "false", "misnamed", "read", "seconds", "trials")

    def __init__(self) -> None:
        self.trials = self.read = self.false = self.misnamed = 0
        self.seconds: list[float] = []
        self.failures: list[tuple[str, str, str]] = []

    def add(self, other: "Tally") -> None:
        """Count what another one counted."""
        self.trials += other.trials
        self.read += other.read
        self.false += other.false
        self.misnamed += other.misnamed
        self.seconds += other.seconds
        self.failures += other.failures


def attempt(kind: Kind, specimen: Specimen, rng: Random, tally: Tally) -> None:
    """Damage a code, read it, and count what came of it."""
    typed = kind.mistake(specimen.text, rng)
    tally.trials += 1
    started = perf_counter()
    try:
        received = receive(typed.raw, specimen.verify, search=kind.search)
    except CodecError as error:
        tally.seconds.append(perf_counter() - started)
        tally.failures.append((specimen.text, typed.raw, error.message))
        return
    tally.seconds.append(perf_counter() - started)
    same = received.code == specimen.code
    tally.read += same
    tally.false += not same
    if not names_rightly(received.repairs, typed):
        tally.misnamed += 1
        tally.failures.append((specimen.text, typed.raw, "; ".join(map(str, received.repairs))))


def names_rightly(repairs: tuple[Repair, ...], typed: Typed) -> bool:
    """Tell whether every group that is named is one in which something was wrong.

    An explanation with as few changes as were made is right as well: where N is typed twice, and 2 for the X
    after it, 2 may have been typed twice, and N for X.
    """
    named = {group for repair in repairs for group in _groups(repair)}
    return named <= typed.groups or sum(map(_changes, repairs)) <= typed.mistakes


def _changes(repair: Repair) -> int:
    """Return how many characters a repair says were mistyped, or one for what was lost or put elsewhere."""
    if repair.damage is not Damage.WRONG:
        return 1
    return sum(typed != meant for typed, meant in zip(repair.typed, repair.meant, strict=True))


def _groups(repair: Repair) -> set[int]:
    if not repair.is_of_groups:
        return set()
    if repair.damage in {Damage.SWAPPED_GROUPS, Damage.MOVED_GROUP}:
        return {repair.group, repair.other}
    return set(range(repair.group, max(repair.group, repair.other) + 1))
