"""Groups of four characters: how a code is shown for typing, compared by eye, and read aloud.

Scope: numbered lines of groups, numbers of groups and lines, and the spelling of a code in words. What is
written here, ``codec.alphabet.clean`` reads back, line numbers included.

Not handled: colours and layout on a terminal (``cli``).
"""

from typing import Final

from codec.alphabet import ALPHABET

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


def grouped(code: str, groups_per_line: int = GROUPS_PER_LINE) -> str:
    """Write a code as numbered lines of groups, for paper and for typing.

    Args:
        code: An unbroken code.
        groups_per_line: At least 1.

    Returns:
        Lines such as `` 1: QK3F 7Y2A``, numbers aligned, without a newline at the end.
    """
    groups = groups_of(code)
    lines = [groups[start : start + groups_per_line] for start in range(0, len(groups), groups_per_line)]
    width = len(str(len(lines)))
    return "\n".join(f"{number:>{width}}: {' '.join(line)}" for number, line in enumerate(lines, start=1))


def group_of(position: int) -> int:
    """Give the number, from 1, of the group that holds the character at an index from 0."""
    return position // GROUP_CHARACTERS + 1


def line_of(group: int, groups_per_line: int = GROUPS_PER_LINE) -> int:
    """Give the number, from 1, of the line that holds the group with a number from 1."""
    return (group - 1) // groups_per_line + 1


def spell(code: str, groups_per_line: int = GROUPS_PER_LINE) -> str:
    """Write a code in words, one group a line, for the telephone and for screen readers.

    Args:
        code: An unbroken code of the alphabet.
        groups_per_line: As in the ``grouped`` text that the other end looks at.

    Returns:
        Lines such as ``line 1, group 2: seven yankee two alfa.``, without a newline at the end.
    """
    return "\n".join(
        f"line {line_of(number, groups_per_line)}, group {number}: "
        + " ".join(_WORDS[character] for character in group)
        + "."
        for number, group in enumerate(groups_of(code), start=1)
    )
