"""What was wrong with a code as it was typed: one place, in words that let a person find it.

Groups are named by their numbers in the whole code, and with the line in which they were typed where there
are several lines.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

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


_OF_GROUPS: Final = frozenset(
    (
        Damage.WRONG,
        Damage.MISSING,
        Damage.EXTRA,
        Damage.MISSING_GROUPS,
        Damage.REPEATED_GROUPS,
        Damage.SWAPPED_GROUPS,
        Damage.MOVED_GROUP,
    )
)


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

    @property
    def is_of_groups(self) -> bool:
        """Whether the place is a group or several, and not a line or an end."""
        return self.damage in _OF_GROUPS

    def __str__(self) -> str:
        return _words(self)


_WORDS: Final = {
    Damage.WRONG: "{where}: you typed {typed}, the code has {meant}",
    Damage.MISSING: "{lacking} missing in {where}: you typed {typed}, the code has {meant}",
    Damage.EXTRA: "{many} too many in {where}: you typed {typed}, the code has {meant}",
    Damage.MISSING_GROUPS: "{missing} {meant_groups}",
    Damage.REPEATED_GROUPS: "{groups} stood twice",
    Damage.SWAPPED_GROUPS: "groups {first} and {other} were swapped",
    Damage.MOVED_GROUP: "group {first} stood in the wrong place: it was typed as group {other}",
    Damage.SWAPPED_LINES: "lines {first} and {other} were swapped",
    Damage.MOVED_LINE: "line {first} stood in the wrong place: it was typed as line {other}",
    Damage.REPEATED_LINE: "line {first} stood twice",
    Damage.UNORDERED_LINES: "the lines were not in the order of their numbers",
    Damage.CUT_BEGINNING: "{beginning} missing, and restored: {meant}",
    Damage.CUT_END: "{end} cut off, and restored: {meant}",
}


def _words(repair: Repair) -> str:
    typed, meant = repair.typed, repair.meant
    groups = _numbers("group", repair.group, repair.other)
    return _WORDS[repair.damage].format(
        where=f"group {repair.group}" + (f", in line {repair.line}" if repair.line else ""),
        first=repair.group,
        other=repair.other,
        typed=typed,
        meant=meant,
        meant_groups=" ".join(groups_of(meant)),
        groups=groups,
        missing=f"{groups} are missing: they are" if repair.other else f"{groups} is missing: it is",
        lacking=_count(len(meant) - len(typed), "is", "are"),
        many=_count(len(typed) - len(meant), "stands", "stand"),
        beginning=_end("first", len(meant)),
        end=_end("last", len(meant)),
    )


def _numbers(noun: str, first: int, last: int) -> str:
    if last <= first:
        return f"{noun} {first}"
    return f"{noun}s {first} {'and' if last == first + 1 else 'to'} {last}"


def _count(count: int, one: str, more: str) -> str:
    return f"a character {one}" if count == 1 else f"{count} characters {more}"


def _end(which: str, count: int) -> str:
    return f"the {which} character was" if count == 1 else f"the {which} {count} characters were"
