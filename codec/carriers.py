"""What carries codes, and the codes in it: bundles, frames, and texts that hold several codes at once.

Scope: a text with any number of codes, bundles and frames, pasted together in any order, to the codes that
they carry. Frames and bundles are repaired by their parity, since a digest proves the outcome.

Invariants:
    * The work grows with the length of the text: there is a budget for lines that make no sense, another one
      for what bundles announce. Both are wide for any text that somebody has a use for.
    * No code is changed: one that stands alone and is damaged is left out and named by its line.

Not handled: what the codes say, and whether they are genuine.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from codec.alphabet import ALPHABET, LONGEST_CODE, clean
from codec.bundle import decode_bundle, member_of
from codec.codes import CARRIERS, Kind, UnsignedKind
from codec.errors import CodecError, MalformedCodeError, NewerVersionError, WrongKindError
from codec.frames import FEWEST_CHARACTERS, Frame, Gathered, decode_frame, gather
from codec.parity import PARITY_CHARACTERS, UncorrectableError, correct, is_clean, text_of

LONGEST_TEXT: Final = 8_000_000
"""Characters: a thousand of the longest frames, and the groups and lines around them."""
_MOST_LINES: Final = 128
"""Lines that one code may be wrapped into."""
_BUDGET: Final = 150_000
_BUDGET_A_CHARACTER: Final = 10
"""Steps of work on a text before its rest counts as senseless: so many, and so many for each character of it.
A step is one character that is looked at, some 30 nanoseconds."""
_EACH_TRY: Final = 80
_EACH_LINE: Final = 40
_EACH_LOOK: Final = 10
_EACH_REPAIR: Final = 1_000
_REPAIR_A_CHARACTER: Final = 9
"""What a try, a line in it, a look at a line, and a repair cost beside the characters, in steps."""
_ALIKE: Final = 2
"""Characters by which lines of one code differ, for their numbers, apart from the last."""
_LONGEST_LINES: Final = 4 * LONGEST_CODE
_KINDS: Final = "".join((*(kind.value for kind in Kind), *CARRIERS))
_BEGINNING: Final = re.compile(rf"[^0-9A-Z]*(?:[0-9]{{1,4}}[^0-9A-Z]+)?[{_KINDS}][4-7]", re.IGNORECASE)
"""What a line looks like in which a code of version 1 begins, perhaps with the number of the line."""
_WAY_OUT: Final = "Take the codes out first: tallystick code unbundle"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a text, or several, hold.

    Attributes:
        codes: Texts of codes that stood alone or in a bundle of one code, in order.
        sets: Frames, by the bundle that they belong to.
        repaired: How many bundles and frames were repaired by their parity.
        bundles: How many bundles of one code there were.
        unreadable: Places of what looks like a code and cannot be read, from 1 (lines of a text).
    """

    codes: tuple[str, ...]
    sets: tuple[Gathered, ...]
    repaired: int = 0
    bundles: int = 0
    unreadable: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """One code, bundle or frame as it was found: its text, the place, and whether the parity repaired it."""

    text: str
    place: int
    repaired: bool = False


def carried_in(raw: str) -> Carried:
    """Find every code, bundle and frame in a text.

    Args:
        raw: One on each line, or wrapped, grouped or quoted, with or without empty lines between them.

    Raises:
        MalformedCodeError: The text is too long.
        NewerVersionError: A newer version made a bundle or a frame.
    """
    if len(raw) > LONGEST_TEXT:
        raise MalformedCodeError(
            f"This text has {len(raw):,} characters; at most {LONGEST_TEXT:,} are read.",
            hint="Give the frames of one bundle alone.",
        )
    return _sorted(_found_in(raw), _steps_for(len(raw)))


def carried_by(texts: Iterable[str]) -> Carried:
    """Find out what texts carry that are one code, bundle or frame each, as QR symbols hold them.

    Raises:
        NewerVersionError: A newer version made a bundle or a frame.
    """
    texts = tuple(texts)
    found = (_whole(text, place) for place, text in enumerate(texts, start=1))
    return _sorted(found, _steps_for(sum(map(len, texts))))


def opened(text: str) -> Frame | tuple[bytes, ...] | None:
    """Open one text: a frame, or the members of a bundle; None for what is neither, or cannot be read.

    Args:
        text: As somebody pasted it, or as a QR holds it; repaired by its parity where it must be.
    """
    found = _whole(text, 1)
    if isinstance(found, int):
        return None
    with suppress(MalformedCodeError, NewerVersionError):
        if found.text[0] == UnsignedKind.FRAME.value:
            return decode_frame(member_of(found.text))
        if found.text[0] == UnsignedKind.BUNDLE.value:
            return decode_bundle(member_of(found.text))
    return None


def require_no_carrier(data: bytes) -> None:
    """Refuse a bundle or a frame where one code is needed, and say what it is.

    Raises:
        WrongKindError: For a bundle or a frame. One that cannot be read is left to the caller.
    """
    with suppress(MalformedCodeError, NewerVersionError):
        what = carrier_named(data)
        raise WrongKindError(f"This is {what}, and a single code is needed here.", hint=_WAY_OUT)


def carrier_named(data: bytes) -> str:
    """Say what a bundle or a frame is, in words with an article where they need one.

    Raises:
        MalformedCodeError: It is neither.
        NewerVersionError: A newer version made it.
    """
    if ALPHABET[data[0] >> 3] == UnsignedKind.FRAME.value:
        frame = decode_frame(data)
        return f"{frame} of a bundle, any {frame.of.needed} of which will do"
    count = len(decode_bundle(data))
    return f"a bundle of {count:,} code{'s' * (count != 1)}"


def _steps_for(characters: int) -> int:
    return _BUDGET + _BUDGET_A_CHARACTER * characters


def _sorted(found: Iterable[_Found | int], room: int) -> Carried:
    """Take bundles apart, and frames together.

    Args:
        found: What there is.
        room: Characters that the codes of all bundles may have together; those of bundles beyond that cannot
            be read. Members that are all alike make a hundred times as much of a text.
    """
    codes: list[str] = []
    frames: list[Frame] = []
    unreadable: list[int] = []
    repaired = bundles = 0
    for each in found:
        if isinstance(each, int):
            unreadable.append(each)
            continue
        try:
            if each.text[0] == UnsignedKind.FRAME.value:
                frames.append(decode_frame(member_of(each.text)))
            elif each.text[0] == UnsignedKind.BUNDLE.value:
                members = decode_bundle(member_of(each.text))
                room -= sum(8 * len(member) // 5 + PARITY_CHARACTERS for member in members)
                if room < 0:
                    unreadable.append(each.place)
                    continue
                codes += map(text_of, members)
                bundles += 1
            else:
                codes.append(_undamaged(each))
        except MalformedCodeError:
            unreadable.append(each.place)
            continue
        repaired += each.repaired
    return Carried(tuple(codes), gather(frames), repaired, bundles, tuple(unreadable))


def _undamaged(found: _Found) -> str:
    """Return a code that stands alone and needs no repair: that is for its reader to decide.

    Raises:
        MalformedCodeError: It would need one.
    """
    if found.repaired:
        raise MalformedCodeError("This code is damaged.", hint="Repair it first: tallystick code repair")
    return found.text


def _whole(text: str, place: int) -> _Found | int:
    """Read a text that is one code; its place if it is none."""
    try:
        code = clean(text)
        return _Found(code, place) if is_clean(code) else _Found(correct(code).code, place, repaired=True)
    except CodecError:
        return place


# --- several codes in one text -------------------------------------------------------------------------


class _Line(NamedTuple):
    """A line of a text.

    Attributes:
        number: Its number, from 1.
        text: What it says.
        may_begin: Whether a code begins in it, as far as can be seen: one of a newer version is not seen.
    """

    number: int
    text: str
    may_begin: bool


def _found_in(raw: str) -> Iterator[_Found | int]:
    """Yield what is found in a text, and the numbers of lines that look like a code and are none."""
    budget = _Budget(_steps_for(len(raw)))
    paragraph: list[_Line] = []
    for number, text in enumerate((*raw.splitlines(), ""), start=1):
        if any(map(str.isalnum, text)):
            may_begin = bool(_BEGINNING.match(text)) or "%" in text or not text.isascii()
            paragraph.append(_Line(number, text, may_begin))
        elif paragraph:
            yield from _in_paragraph(paragraph, budget)
            paragraph = []


class _Budget:
    """How much may still be tried, and how many lines the last code had: the next one likely has as many."""

    __slots__ = ("left", "lines")

    def __init__(self, left: int) -> None:
        self.left = left
        self.lines = 1

    def allows(self, steps: int) -> bool:
        """Take so many steps, or say that there are not as many left: then there are none any more."""
        self.left -= steps
        return self.left >= 0


def _in_paragraph(paragraph: list[_Line], budget: _Budget) -> Iterator[_Found | int]:
    """Yield what is found in lines that no empty line parts."""
    start, unreadable_before = 0, False
    while start < len(paragraph) and budget.left >= 0:
        first = paragraph[start]
        lines = paragraph[start : start + _MOST_LINES]
        taken, text = _run_of_lines(lines, budget)
        if text:
            yield _Found(text, first.number)
            budget.lines = taken
        else:
            whole = start + len(lines) == len(paragraph)
            taken, text = _damaged_run(lines if whole else lines[:1], budget)
            if text:
                yield _Found(text, first.number, repaired=True)
            elif _looks_like_code(first.text) and not unreadable_before:
                yield first.number
        unreadable_before = not text and _looks_like_code(first.text)
        start += taken
    left = [line for line in paragraph[start:] if _looks_like_code(line.text)]
    if left and not unreadable_before:
        yield left[0].number


def _run_of_lines(lines: list[_Line], budget: _Budget) -> tuple[int, str]:
    """Find how many lines from the first one on are one sound code; return their number and the code."""
    likely = min(budget.lines, len(lines))
    text = _cleaned(lines[:likely], budget)
    if text and is_clean(text):
        return _first_of(lines[:likely], budget) or (likely, text)
    if not (lines[0].may_begin and budget.allows(_EACH_LOOK * len(lines))):
        return _first_run(lines, [1, len(lines)], budget) or (0, "")
    ends = (count for count in range(1, len(lines) + 1) if _may_end(lines, count))
    others = (count for count in range(1, len(lines)) if not _may_end(lines, count))
    return _first_run(lines, ends, budget) or _first_run(lines, others, budget) or (0, "")


def _may_end(lines: list[_Line], count: int) -> bool:
    """Tell whether it looks as if a code has so many lines: all but its last line are of one length."""
    if count == len(lines) or lines[count].may_begin:
        return True
    width = len(lines[0].text)
    return abs(len(lines[count].text) - width) > _ALIKE or abs(len(lines[count - 1].text) - width) > _ALIKE


def _beginnings(lines: list[_Line]) -> list[int]:
    """Return after how many lines another code may begin."""
    return [count for count in range(1, len(lines)) if lines[count].may_begin]


def _first_of(lines: list[_Line], budget: _Budget) -> tuple[int, str] | None:
    """Find the first of several codes in lines whose parity is right; None when they are one code.

    The parity of two codes, one after the other, is right as well: that is how Reed-Solomon codes are.
    """
    return _first_run(lines, _beginnings(lines), budget)


def _first_run(lines: list[_Line], counts: Iterable[int], budget: _Budget) -> tuple[int, str] | None:
    """Return the first of some numbers of lines that are one sound code, and the code."""
    for count in counts:
        text = _cleaned(lines[:count], budget)
        if text and is_clean(text):
            return count, text
        if not text or len(text) >= LONGEST_CODE:
            break
    return None


def _cleaned(lines: list[_Line], budget: _Budget) -> str:
    """Clean lines up; nothing when they are none of a code, or too much was tried already."""
    length = sum(len(line.text) for line in lines)
    steps = _EACH_TRY + (_EACH_LINE * len(lines) + length if length <= _LONGEST_LINES else 0)
    if not budget.allows(steps) or length > _LONGEST_LINES:
        return ""
    try:
        return clean("\n".join(line.text for line in lines))
    except MalformedCodeError:
        return ""


def _damaged_run(lines: list[_Line], budget: _Budget) -> tuple[int, str]:
    """Repair a bundle or a frame that all these lines are, or the first one alone.

    Returns:
        How many lines are done with, and the repaired text, which is empty when there is none.
    """
    for count in sorted({len(lines), 1}, reverse=True):
        corrected = _corrected(lines[:count], budget)
        if corrected:
            return count, corrected
    return 1, ""


def _corrected(lines: list[_Line], budget: _Budget) -> str:
    cleaned = _cleaned(lines, budget)
    if not cleaned or not budget.allows(_EACH_REPAIR + _REPAIR_A_CHARACTER * len(cleaned)):
        return ""
    try:
        corrected = correct(cleaned).code
    except UncorrectableError:
        return ""
    return corrected if corrected[:1] in CARRIERS else ""


def _looks_like_code(line: str) -> bool:
    """Tell whether a line is long enough for a part of a code, and no sentence."""
    return any(len(word) >= FEWEST_CHARACTERS for word in line.split())
