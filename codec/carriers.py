"""What carries codes, and the codes in it: bundles, frames, and texts that hold several codes at once.

Scope: a text with any number of codes, bundles and frames, pasted together in any order, to the codes that
they carry. Frames and bundles are repaired by their parity, since a digest proves the outcome.

Invariants:
    * The work is bounded by `LONGEST_TEXT`, and by a budget for texts whose lines make no sense.
    * No code is changed: one that stands alone and is damaged is left out and named by its line.

Not handled: what the codes say, and whether they are genuine.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from codec.alphabet import ALPHABET, LONGEST_CODE, clean
from codec.bundle import decode_bundle, member_of
from codec.codes import CARRIERS, UnsignedKind
from codec.errors import CodecError, MalformedCodeError, NewerVersionError, WrongKindError
from codec.frames import FEWEST_CHARACTERS, Frame, Gathered, decode_frame, gather
from codec.parity import UncorrectableError, correct, is_clean, text_of

LONGEST_TEXT: Final = 8_000_000
"""Characters: a thousand of the longest frames, and the groups and lines around them."""
_MOST_LINES: Final = 128
"""Lines that one code may be wrapped into."""
_BUDGET: Final = 16_000_000
"""Characters that are looked at, in all, before the rest of a text counts as senseless."""
_EACH_TRY: Final = 400
"""What a try costs beside its characters, in characters."""
_LONGEST_LINE: Final = 4 * LONGEST_CODE
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
    return _sorted(_found_in(raw))


def carried_by(texts: Iterable[str]) -> Carried:
    """Find out what texts carry that are one code, bundle or frame each, as QR symbols hold them.

    Raises:
        NewerVersionError: A newer version made a bundle or a frame.
    """
    return _sorted(_whole(text, place) for place, text in enumerate(texts, start=1))


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


def _sorted(found: Iterable[_Found | int]) -> Carried:
    """Take bundles apart, and frames together."""
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
                codes += map(text_of, decode_bundle(member_of(each.text)))
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


def _found_in(raw: str) -> Iterator[_Found | int]:
    """Yield what is found in a text, and the numbers of lines that look like a code and are none."""
    budget = _Budget()
    paragraph: list[tuple[int, str]] = []
    for number, line in enumerate((*raw.splitlines(), ""), start=1):
        if any(map(str.isalnum, line)):
            paragraph.append((number, line))
        elif paragraph:
            yield from _in_paragraph(paragraph, budget)
            paragraph = []


class _Budget:
    """How much may still be tried, and how many lines the last code had: the next one likely has as many."""

    __slots__ = ("left", "lines")

    def __init__(self) -> None:
        self.left = _BUDGET
        self.lines = 1


def _in_paragraph(paragraph: list[tuple[int, str]], budget: _Budget) -> Iterator[_Found | int]:
    """Yield what is found in lines that no empty line parts."""
    start, unreadable_before = 0, False
    while start < len(paragraph):
        number, line = paragraph[start]
        lines = [line for _, line in paragraph[start : start + _MOST_LINES]]
        taken, text = _run_of_lines(lines, budget)
        if text:
            yield _Found(text, number)
            budget.lines = taken
        else:
            whole = start + len(lines) == len(paragraph)
            taken, text = _damaged_run(lines if whole else lines[:1], budget)
            if text:
                yield _Found(text, number, repaired=True)
            elif _looks_like_code(line) and not unreadable_before:
                yield number
        unreadable_before = not text and _looks_like_code(line)
        start += taken


def _run_of_lines(lines: list[str], budget: _Budget) -> tuple[int, str]:
    """Find how many lines from the first one on are one sound code; return their number and the code."""
    likely = min(budget.lines, len(lines))
    cleaned = ""
    tried = [likely, *(count for count in range(1, len(lines) + 1) if count != likely)]
    for count in tried:
        cleaned = _cleaned("\n".join(lines[:count]), budget)
        if cleaned and is_clean(cleaned):
            return count, cleaned
        if count != likely and (not cleaned or len(cleaned) >= LONGEST_CODE):
            break
    return 0, ""


def _cleaned(text: str, budget: _Budget) -> str:
    """Clean a text up; nothing when it is none of a code, or too much was tried already."""
    budget.left -= len(text) + _EACH_TRY
    if budget.left < 0 or len(text) > _LONGEST_LINE:
        return ""
    try:
        return clean(text)
    except MalformedCodeError:
        return ""


def _damaged_run(lines: list[str], budget: _Budget) -> tuple[int, str]:
    """Repair a bundle or a frame that all these lines are, or the first one alone.

    Returns:
        How many lines are done with, and the repaired text, which is empty when there is none.
    """
    for count in sorted({len(lines), 1}, reverse=True):
        corrected = _corrected("\n".join(lines[:count]), budget)
        if corrected:
            return count, corrected
    return 1, ""


def _corrected(text: str, budget: _Budget) -> str:
    cleaned = _cleaned(text, budget)
    try:
        corrected = correct(cleaned).code if cleaned else ""
    except UncorrectableError:
        return ""
    return corrected if corrected[:1] in CARRIERS else ""


def _looks_like_code(line: str) -> bool:
    """Tell whether a line is long enough for a part of a code, and no sentence."""
    return any(len(word) >= FEWEST_CHARACTERS for word in line.split())
