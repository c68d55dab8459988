"""Codes among other text: a greeting before, a signature below, a line of a mail program in the middle.

Scope: a text that is no code as it stands. `readings` undoes what web pages and mail do to text; `stretches`
leaves out the words that are no part of a code, by how they look; `whole_codes` finds stretches whose parity
is right, whatever they look like.

Looks decide only what is tried. What a code is, its parity and its signature say.

Invariant: the work grows with the length of the text, and no stretch is longer than a code may be.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from codec.alphabet import ALPHABET, LONGEST_CODE
from codec.codes import Kind
from codec.grouping import GROUP_CHARACTERS
from codec.layout import Line, Typed, folded, lines_of
from codec.sums import Sums

LEFT_OUT: Final = "Other text stands around the code; it was left out."
"""What a person is told who gave more than a code: they may have meant more than that was taken."""

_KINDS: Final = frozenset(kind.value for kind in Kind)
_SHORTEST: Final = 104
"""Characters of the shortest code whose parity was cut off."""
_LONG: Final = 12
"""Letters that no word of a sentence has among digits and capitals."""
_MOST_WORDS: Final = 3
"""Words beside a stretch that may belong to it after all."""
_LITTLE: Final = 2.0
_MOST_WHOLE: Final = 64
_LONGEST_SEARCHED: Final = 2 * LONGEST_CODE

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})\b[^<>]{0,500}>")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,10});")
_QUOTED_PRINTABLE: Final = re.compile(r"=(?:\r?\n|[0-9A-F]{2})")
_BREAKING_TAGS: Final = frozenset(
    ("br", "p", "div", "li", "tr", "td", "th", "pre", "hr", "ul", "ol", "table", "h1", "h2", "h3")
)


def readings(raw: str) -> Iterator[str]:
    """Yield what a text may have been before a web page or a mail program wrote it, and at last itself."""
    if _ENTITY.search(raw) or _TAG.search(raw):
        yield _without_markup(raw)
    if _QUOTED_PRINTABLE.search(raw):
        yield _from_quoted_printable(raw)
    yield raw


def has_more_than(raw: str, count: int) -> bool:
    """Tell whether a text holds more than a code of so many characters, and what is ignored anywhere.

    Blanks, dashes, quotes, numbers of lines and the like are no more; words are, wherever they stand.
    """
    return all(len(Typed(lines_of(reading)).shown) > count for reading in readings(raw))


def _without_markup(raw: str) -> str:
    from html import unescape  # rare, and not free to import

    text = _TAG.sub(lambda tag: "\n" if tag.group(2).lower() in _BREAKING_TAGS else "", raw)
    text = unescape(text)
    return unescape(text) if _ENTITY.search(text) else text


def _from_quoted_printable(raw: str) -> str:
    from quopri import decodestring  # rare, and not free to import

    return decodestring(raw.encode(errors="replace")).decode(errors="replace")


# --- by their looks ------------------------------------------------------------------------------------


def stretches(raw: str) -> Iterator[Typed]:
    """Yield what may be one code, the likeliest first: all of the text, and what in it looks like a code."""
    lines = lines_of(raw)
    every = Typed(lines)
    if _SHORTEST <= len(every.shown) <= LONGEST_CODE:
        yield every
    kept = list(_kept(lines))
    for found in kept:
        if found.lines != lines and _SHORTEST <= len(found.shown) <= _LONGEST_SEARCHED:
            yield found
    if len(kept[0].shown) <= LONGEST_CODE + 2 * _MOST_WORDS * _LONG:
        yield from _begun_later(kept[0])


def _kept(lines: Sequence[Line]) -> tuple[Typed, ...]:
    """Return what looks like a code, in three ways: surely, rather, and with short ends."""
    has_capitals = _has_capitals(lines)
    parts = [_likest_part(line, has_capitals) for line in lines]
    begins = Counter(part.start for part in parts if part.likeness > _LITTLE).most_common(1)
    usual = begins[0][0] if begins else 0
    surely, rather, ends = [], [], []
    for line, part in zip(lines, parts, strict=True):
        is_all = (part.start, part.end) == (0, len(line.words))
        rather.append(line.part(part.start, part.end))
        surely.append(rather[-1] if is_all or part.likeness > _LITTLE else line.part(0, 0))
        start, end = (part.start, part.end) if part.likeness else (usual, usual)
        ends.append(line.part(start, len(line.words) if _is_short(line, end, has_capitals) else end))
    return tuple(Typed(tuple(line for line in found if line.words)) for found in (surely, rather, ends))


def _is_short(line: Line, start: int, has_capitals: bool) -> bool:
    """Tell whether the words from one on may be the last groups of a code, although they do not look so."""
    letters = "".join(line.raw_words[start:])
    return len(letters) <= 2 * GROUP_CHARACTERS and not (has_capitals and letters != letters.upper())


def _has_capitals(lines: Sequence[Line]) -> bool:
    """Tell whether the code is in capitals: most words with letters and digits are."""
    mixed = [word for line in lines for word in line.raw_words if _is_mixed(word)]
    return 2 * sum(word.isupper() for word in mixed) >= len(mixed)


def _is_mixed(word: str) -> bool:
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))


@dataclass(frozen=True, slots=True)
class _Part:
    """The words of a line that look most like a code, and how much they do; perhaps none."""

    start: int = 0
    end: int = 0
    likeness: float = 0.0


def _likest_part(line: Line, has_capitals: bool) -> _Part:
    best, total, start = _Part(), 0.0, 0
    for place, word in enumerate(line.raw_words):
        total += _likeness(word, has_capitals)
        if total > best.likeness:
            best = _Part(start, place + 1, total)
        if total <= 0:
            total, start = 0.0, place + 1
    return best


def _likeness(word: str, has_capitals: bool) -> float:
    """Say how much a word looks like a part of a code, in characters; below zero for an ordinary word."""
    size = len(word)
    strange = sum(character not in ALPHABET for character in folded(word))
    digits = sum(map(str.isdigit, word))
    if size >= _LONG:
        return size if digits and strange <= size // _LONG else -size
    if strange > 1 or (has_capitals and word != word.upper()):
        return -size
    if digits == size:
        return 0.5 if size == GROUP_CHARACTERS else -1
    if size == GROUP_CHARACTERS:
        return 4 if digits else 0.5 - 2 * strange
    return size / 2 if digits else -size


def _begun_later(typed: Typed) -> Iterator[Typed]:
    """Yield stretches without up to three words at the beginning and at the end."""
    total = sum(len(line.words) for line in typed.lines)
    for first in range(_MOST_WORDS + 1):
        for last in range(_MOST_WORDS + 1):
            found = _part(typed, first, total - last) if first or last else None
            if found and found.shown[:1] in _KINDS and _SHORTEST <= len(found.shown) <= LONGEST_CODE:
                yield found


def _part(typed: Typed, start: int, end: int) -> Typed:
    """Return the words from one number to another, counted over all lines."""
    kept, place = [], 0
    for line in typed.lines:
        part = line.part(max(0, start - place), max(0, end - place))
        place += len(line.words)
        if part.words:
            kept.append(part)
    return Typed(tuple(kept))


# --- by their parity -----------------------------------------------------------------------------------


def whole_codes(typed: Typed) -> tuple[str, ...]:
    """Return the stretches of whole words that begin like a code and whose parity is right.

    The sums over the beginnings are equal before and after such a stretch, so each is found at once. Zeros at
    the end of a code change no sum: then it is found without them as well.
    """
    text = typed.text
    if not _SHORTEST <= len(text) <= _LONGEST_SEARCHED:
        return ()
    sums = Sums(text)
    begins: dict[tuple[int, ...], int] = {}
    found: list[str] = []
    for place in _word_ends(typed):
        key = (place % 2, *sums.before(place))
        begin = begins.get(key)
        if begin is not None and _SHORTEST <= place - begin <= LONGEST_CODE:
            found.append(text[begin:place])
        if text[place : place + 1] in _KINDS:
            begins[key] = place
    return tuple(found[:_MOST_WHOLE])


def _word_ends(typed: Typed) -> Iterator[int]:
    """Yield the places between words, and those inside long ones: a code may be part of an unbroken run."""
    place = 0
    yield place
    for line in typed.lines:
        for word in line.words:
            if len(word) > _LONG:
                yield from range(place + 1, place + len(word))
            place += len(word)
            yield place
