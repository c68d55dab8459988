"""What was wrong with a code as it was typed: one place, in words that let a person find it.

Groups are named by their numbers in the whole code, and with the line in which they were typed where there
are several lines.
"""

from dataclasses import dataclass, field
from enum import Enum

from codec.grouping import groups_of


class Damage(Enum):
    """What happened to a place; the value is its stable name for scripts."""

    WRONG = "wrong"
    MISSING = "missing-characters"
    EXTRA = "extra-characters"
    MISSING_GROUPS = "missing-groups"
    REPEATED_GROUPS = "repeated-groups"
    SWAPPED_GROUPS = "swapped-groups"
    MOVED_GROUP = "moved-group"
    SWAPPED_LINES = "swapped-lines"
    MOVED_LINE = "moved-line"
    REPEATED_LINE = "repeated-line"
    UNORDERED_LINES = "unordered-lines"
    CUT_BEGINNING = "cut-beginning"
    CUT_END = "cut-end"


@dataclass(frozen=True, slots=True)
class Repair:
    """One place that was wrong.

    Attributes:
        group: Number, from 1 in the whole code, of the group or the first of several; of a line where the
            damage is one of lines.
        typed: What was typed there; empty where nothing was.
        meant: What the code has there; empty where the place itself says all.
        damage: What happened.
        other: The last of several groups, or what the first was swapped with or moved before.
        line: The line in which it was typed, where there are several; as it was numbered, or counted.
    """

    group: int
    typed: str = ""
    meant: str = ""
    damage: Damage = Damage.WRONG
    other: int = 0
    line: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return _words(self)


def _words(repair: Repair) -> str:  # noqa: PLR0911, one sentence for each kind of damage
    where = f"group {repair.group}" + (f", in line {repair.line}" if repair.line else "")
    groups = _numbers("group", repair.group, repair.other)
    typed, meant = repair.typed, repair.meant
    match repair.damage:
        case Damage.WRONG:
            return f"{where}: you typed {typed}, the code has {meant}"
        case Damage.MISSING:
            return f"{_count(len(meant) - len(typed))} missing in {where}: you typed {typed}, the code has {meant}"
        case Damage.EXTRA:
            return f"{_count(len(typed) - len(meant))} too many in {where}: you typed {typed}, the code has {meant}"
        case Damage.MISSING_GROUPS:
            missing = "is missing: it is" if groups.startswith("group ") else "are missing: they are"
            return f"{groups} {missing} {' '.join(groups_of(meant))}"
        case Damage.REPEATED_GROUPS:
            return f"{groups} stood twice"
        case Damage.SWAPPED_GROUPS:
            return f"groups {repair.group} and {repair.other} were swapped"
        case Damage.MOVED_GROUP:
            return f"group {repair.group} stood in the wrong place: it was typed as group {repair.other}"
        case Damage.SWAPPED_LINES:
            return f"lines {repair.group} and {repair.other} were swapped"
        case Damage.MOVED_LINE:
            return f"line {repair.group} stood in the wrong place: it was typed as line {repair.other}"
        case Damage.REPEATED_LINE:
            return f"line {repair.group} stood twice"
        case Damage.UNORDERED_LINES:
            return "the lines were not in the order of their numbers"
        case Damage.CUT_BEGINNING:
            return f"{_end('first', len(meant))} missing, and restored: {meant}"
        case Damage.CUT_END:
            return f"{_end('last', len(meant))} cut off, and restored: {meant}"


def _numbers(noun: str, first: int, last: int) -> str:
    if last <= first:
        return f"{noun} {first}"
    return f"{noun}s {first} {'and' if last == first + 1 else 'to'} {last}"


def _count(count: int) -> str:
    return "a character is" if count == 1 else f"{count} characters are"


def _end(which: str, count: int) -> str:
    return f"the {which} character was" if count == 1 else f"the {which} {count} characters were"
