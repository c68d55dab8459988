"""Where a code that cannot be read lacks something: what the way in which it was typed shows.

Scope: a text that was neither read nor repaired, as it was pasted or typed. Its groups of four, its lines
and their numbers are no part of the code, and so they still tell where a character, a group or a line was
lost. This only points a finger: nothing is repaired here.

Not handled: an unbroken run of characters, which shows nothing of the kind.
"""

from collections.abc import Sequence
from typing import Final

from codec.codes import SHORT_CHARACTERS, Kind
from codec.errors import MalformedCodeError
from codec.grouping import GROUP_CHARACTERS
from codec.layout import Line, Typed

#: One byte of kind and 64 of signature make 104 characters, and 16 follow for the parity.
FEWEST_CHARACTERS: Final = 120

_MOST_PLACES: Final = 3
_FIRST_CHARACTERS: Final = "".join(kind.value for kind in Kind)


def unreadable(typed: Typed, *, searched: bool = False, has_key: bool = True) -> MalformedCodeError:
    """Return the error for a code that could be neither read nor repaired.

    Args:
        typed: What in the text looks most like a code.
        searched: Whether the long search was made.
        has_key: Whether a signature could be checked; without one, less can be repaired.
    """
    count = len(typed.text)
    if count < FEWEST_CHARACTERS:
        what = f"This text has {count} character{'s' * (count != 1)}, and no code has fewer than "
        what += f"{FEWEST_CHARACTERS}: part of the code is missing."
    elif count % 2:
        what = f"This code has {count} characters, and every code has an even number: "
        what += "a character is missing or doubled, and more is wrong than could be repaired."
    else:
        what = "This code is damaged beyond repair: too many characters are wrong, or some are missing."
    places = gaps(typed)
    if places:
        hint = f"Compare with the original: {'; '.join(places)}."
    elif count < FEWEST_CHARACTERS:
        hint = "Copy the whole code, from its first character to its last; the end is lost most easily."
    else:
        hint = "Compare each group with the original, the last line first: an end is lost most easily."
    if typed.text[:1] not in _FIRST_CHARACTERS:
        hint += " A code starts with Q, A, C, R or T: its beginning may be missing."
    if count < 2 * SHORT_CHARACTERS:
        hint += " A short confirmation has 24 characters, and starts with S."
    if count >= FEWEST_CHARACTERS and not has_key:
        hint += " With the codes that belong to it, and the trust file, more can be repaired."
    elif count >= FEWEST_CHARACTERS and not searched:
        hint += " Or let the computer search longer: add --search."
    return MalformedCodeError(what, hint=hint)


def gaps(typed: Typed) -> tuple[str, ...]:
    """Say where groups or lines are not whole, at most three places; none where nothing shows."""
    if not typed.is_grouped:
        return ()
    lines = typed.lines
    return (*_missing_lines(lines), *_broken_groups(lines), *_short_lines(lines))[:_MOST_PLACES]


def _missing_lines(lines: Sequence[Line]) -> list[str]:
    found = {line.number for line in lines}
    return [f"line {number} is missing" for number in range(1, max(found)) if number not in found]


def _broken_groups(lines: Sequence[Line]) -> list[str]:
    """Name the groups that are not four characters long; the last one of all may be shorter."""
    numbered = [(line.number, group) for line in lines for group in line.words]
    last = len(numbered)
    return [
        f"group {place}, in line {number}, has {len(group)} characters and not {GROUP_CHARACTERS}"
        for place, (number, group) in enumerate(numbered, start=1)
        if len(group) > GROUP_CHARACTERS or (len(group) < GROUP_CHARACTERS and place != last)
    ]


def _short_lines(lines: Sequence[Line]) -> list[str]:
    """Name the lines with fewer groups than others; the last one may have fewer."""
    most = max(len(line.words) for line in lines)
    return [
        f"line {line.number} has {len(line.words)} groups, and others have {most}"
        for line in lines[:-1]
        if len(line.words) < most
    ]
