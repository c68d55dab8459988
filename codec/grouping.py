"""Groups of four characters: how a code is shown for typing, compared by eye, and read aloud.

Scope: numbered lines of groups, numbers of groups and lines, and the spelling of a code in words. What is
written here, ``codec.alphabet.clean`` reads back, line numbers included.

Not handled: colours and layout on a terminal (``cli``).
"""

from typing import Final

from codec.alphabet import ALPHABET
from codec.codes import SHORT_CHARACTERS

GROUP_CHARACTERS: Final = 4
GROUPS_PER_LINE: Final = 5

_WORDS: Final = dict(zip(ALPHABET, (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "juliett", "kilo", "mike",
    "november", "papa", "quebec", "romeo", "sierra", "tango", "victor", "whiskey", "x-ray", "yankee", "zulu",
), strict=True))  # fmt: skip
"""The ICAO spelling alphabet, whose words stay apart on a bad line; digits by their plain names."""


def groups_of(code: str) -> tuple[str, ...]:
    """Cut a code into groups of four; the last may be shorter."""
    return tuple(code[start : start + GROUP_CHARACTERS] for start in range(0, len(code), GROUP_CHARACTERS))


def usual_groups_per_line(code: str) -> int:
    """Return how many groups stand on a line of a code: five, but a short confirmation on one line whole."""
    return SHORT_CHARACTERS // GROUP_CHARACTERS if len(code) <= SHORT_CHARACTERS else GROUPS_PER_LINE


def grouped(code: str, groups_per_line: int | None = None) -> str:
    """Write a code as numbered lines of groups, for paper and for typing.

    Args:
        code: An unbroken code.
        groups_per_line: At least 1; None for the usual number.

    Returns:
        Lines such as `` 1: QK3F 7Y2A``, numbers aligned, without a newline at the end.
    """
    groups = groups_of(code)
    each = groups_per_line or usual_groups_per_line(code)
    lines = [groups[start : start + each] for start in range(0, len(groups), each)]
    width = len(str(len(lines)))
    return "\n".join(f"{number:>{width}}: {' '.join(line)}" for number, line in enumerate(lines, start=1))


def group_of(position: int) -> int:
    """Give the number, from 1, of the group that holds the character at an index from 0."""
    return position // GROUP_CHARACTERS + 1


def line_of(group: int, groups_per_line: int = GROUPS_PER_LINE) -> int:
    """Give the number, from 1, of the line that holds the group with a number from 1."""
    return (group - 1) // groups_per_line + 1


def spell(code: str, groups_per_line: int | None = None) -> str:
    """Write a code in words, one group a line, for the telephone and for screen readers.

    Args:
        code: An unbroken code of the alphabet.
        groups_per_line: As in the ``grouped`` text that the other end looks at.

    Returns:
        Lines such as ``line 1, group 2: seven yankee two alfa.``, without a newline at the end.
    """
    each = groups_per_line or usual_groups_per_line(code)
    return "\n".join(
        f"line {line_of(number, each)}, group {number}: "
        + " ".join(_WORDS[character] for character in group)
        + "."
        for number, group in enumerate(groups_of(code), start=1)
    )
