"""The lines and groups in which a code was typed: no part of it, they show where something was lost.

Scope: from a paste or a typed text to `Typed`, the characters that may be a code with the places where they
stood; and the arrangements that the groups themselves show: a group of three or five characters, a line with
fewer groups than others, a line that stands twice or before its turn.

Not handled: what surrounds a code (`codec.pasted`), and damage that shows nowhere (`codec.shifts`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, islice, product
from typing import Final

from codec.alphabet import ALPHABET, plain, undressed
from codec.arrangement import LOST, Arrangement
from codec.damage import Damage, Repair
from codec.grouping import GROUP_CHARACTERS
from codec.parity import PARITY_SYMBOLS

UNKNOWN: Final = "?"
"""In a word, in place of a character that no code has and that cannot be shown."""
LINE_NUMBER: Final = re.compile(r"[^0-9A-Za-z]*([0-9]{1,3})[\s*_`']{0,4}(?::(?![0-9]{2}\b)|[.)](?=\s))")
_WORD: Final = re.compile(r"[^\s\-_'\"`~>|=+,;.:()\[\]{}<]+")
_STRANGE: Final = re.compile(f"[^{ALPHABET}]")
_EDGES: Final = "!?*&#@$%^/\\\u2026\u2022\u00b7"
_FOLDED: Final = str.maketrans("oOiIlL", "001111")
_MAY_BE_DRESSED: Final = re.compile(r"[:*#`~\\]|[0-9][.)]")
"""Without any of these there is nothing to take off."""
_MOST_WORDS: Final = 3_000
"""Words of a text that are looked at: far more than stand around any code."""
_MOSTLY: Final = 0.6
"""What share of groups must be whole before the others are believed to be broken."""
_MOST_ARRANGEMENTS: Final = 25
_GROUP_SYMBOLS: Final = GROUP_CHARACTERS // 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was typed.

    Attributes:
        number: The number that it bears, or else its place among the lines with anything in them.
        is_numbered: Whether it bears one.
        words: Its groups, folded to capitals; the characters of a code, the letter U, and `UNKNOWN`.
        raw_words: The same as they were typed.
    """

    number: int
    is_numbered: bool
    words: tuple[str, ...]
    raw_words: tuple[str, ...] = field(compare=False)

    def part(self, start: int, end: int) -> "Line":
        """Return the line with some of its words."""
        return Line(self.number, self.is_numbered, self.words[start:end], self.raw_words[start:end])


class Typed:
    """Characters that may be one code, in the lines in which they stood; never changed once made.

    Attributes:
        lines: The lines.
        shown: The characters as they were typed, folded.
        text: The same, with a zero for each character that no code has.
        doubtful: Where those zeros stand.
    """

    __slots__ = ("_line_ends", "doubtful", "lines", "shown", "text")

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines
        self.shown = "".join("".join(line.words) for line in lines)
        self.text = _STRANGE.sub("0", self.shown)
        self.doubtful = frozenset(found.start() for found in _STRANGE.finditer(self.shown))
        self._line_ends = tuple(accumulate(sum(map(len, line.words)) for line in lines))

    def line_of(self, places: Sequence[int]) -> int | None:
        """Return the number of the line in which a character stood; None when there is only one line."""
        if len(self.lines) < 2 or not places:
            return None
        ends = zip(self.lines, self._line_ends, strict=True)
        return next((line.number for line, end in ends if places[0] < end), None)

    def whole_line(self, start: int, count: int) -> int | None:
        """Return the number of the line that is made of exactly these characters, if there is one."""
        begins = (0, *self._line_ends)
        for line, begin, end in zip(self.lines, begins, self._line_ends, strict=False):
            if (begin, end) == (start, start + count) and len(self.lines) > 1:
                return line.number
        return None

    @property
    def is_grouped(self) -> bool:
        """Whether it was typed in groups of four."""
        words = [word for line in self.lines for word in line.words]
        whole = sum(len(word) == GROUP_CHARACTERS for word in words)
        return len(words) > 1 and whole >= _MOSTLY * len(words)


def lines_of(raw: str) -> tuple[Line, ...]:
    """Cut a text into lines of words, clean-up of `codec.alphabet` included."""
    lines: list[Line] = []
    left = _MOST_WORDS
    for typed in plain(raw).split("\n"):
        number = LINE_NUMBER.match(typed)
        text = typed[number.end() :] if number else typed
        words = tuple(islice(_words(undressed(text) if _MAY_BE_DRESSED.search(text) else text), left))
        if words:
            own = int(number.group(1)) if number else len(lines) + 1
            lines.append(Line(own, number is not None, tuple(map(folded, words)), words))
            left -= len(words)
        if not left:
            break
    return tuple(lines)


def _words(text: str) -> Iterator[str]:
    for found in _WORD.findall(text):
        word = found if len(found) == GROUP_CHARACTERS else found.strip(_EDGES)
        if any(character.isalnum() for character in word):
            yield word


@lru_cache(_MOST_WORDS)
def folded(word: str) -> str:
    """Return a word in the characters of a code, as far as it has them."""
    return "".join(map(_known, word.translate(_FOLDED)))


def _known(character: str) -> str:
    upper = character.upper() if character.isascii() else ""
    return upper if upper and (upper in ALPHABET or upper == "U") else UNKNOWN


# --- what groups show ----------------------------------------------------------------------------------


def shown_arrangements(typed: Typed) -> Iterator[Arrangement]:
    """Yield how the code may have been put, as its groups, lines and numbers of lines show it.

    Nothing where they show nothing: no groups, or all of them whole and in order.
    """
    if not typed.is_grouped:
        return
    for order, told in _orders(typed):
        for groups in islice(_fillings(order), _MOST_ARRANGEMENTS):
            arrangement = _arranged(groups, told)
            if arrangement:
                yield arrangement


Group = tuple[int, ...]
Row = tuple[Group, ...]
"""The groups of one line, each as indices of typed characters; empty for a group that is missing."""


def _rows(typed: Typed) -> list[tuple[Line, Row]]:
    rows: list[tuple[Line, Row]] = []
    start = 0
    for line in typed.lines:
        row: list[Group] = []
        for word in line.words:
            size = GROUP_CHARACTERS if len(word) % GROUP_CHARACTERS == 0 else len(word)
            row += [tuple(range(at, at + size)) for at in range(start, start + len(word), size)]
            start += len(word)
        rows.append((line, tuple(row)))
    return rows


def _orders(typed: Typed) -> Iterator[tuple[list[Row], tuple[Repair, ...]]]:
    """Yield the lines by their numbers, each once; and as they stand, if that is another order."""
    rows = _rows(typed)
    numbers = [line.number for line, _ in rows]
    if all(line.is_numbered for line, _ in rows) and numbers != sorted(set(numbers)):
        # Of a line that stands twice either one may be right.
        pairs = list(zip(numbers, rows, strict=True))
        for kept in (dict(reversed(pairs)), dict(pairs)):
            yield [kept[number][1] for number in sorted(kept)], tuple(_told_of(numbers))
    yield [row for _, row in rows], ()


def _told_of(numbers: Sequence[int]) -> Iterator[Repair]:
    """Say what was wrong with the order of lines."""
    seen: list[int] = []
    for number in numbers:
        if number in seen:
            yield Repair(number, damage=Damage.REPEATED_LINE)
        else:
            seen.append(number)
    if seen == sorted(seen):
        return
    apart = [(stood, meant) for stood, meant in zip(seen, sorted(seen), strict=True) if stood != meant]
    if len(apart) == 2:
        yield Repair(min(apart[0]), damage=Damage.SWAPPED_LINES, other=max(apart[0]))
    else:
        yield Repair(0, damage=Damage.UNORDERED_LINES)


def _fillings(rows: Sequence[Row]) -> Iterator[list[Group]]:
    """Yield the groups with a missing one put into each place of each line that is short by one."""
    usual = max(len(row) for row in rows)
    choices = []
    for place, row in enumerate(rows):
        short = len(row) == usual - 1 and place < len(rows) - 1 and usual > 2
        choices.append(_with_missing(row) if short else [row])
    for chosen in product(*choices):
        yield [group for row in chosen for group in row]


def _with_missing(row: Row) -> list[Row]:
    return [(*row[:place], (), *row[place:]) for place in range(len(row) + 1)]


def _arranged(groups: Sequence[Group], told: tuple[Repair, ...]) -> Arrangement | None:
    """Put groups together, those that are not whole as lost; None where that says nothing new."""
    source: list[int] = []
    stood = list(groups)
    broken = 0
    for place, group in enumerate(groups):
        last = place == len(groups) - 1
        if len(group) == GROUP_CHARACTERS or (last and len(group) == _GROUP_SYMBOLS):
            source += group
        else:
            broken += 1
            source += (LOST,) * GROUP_CHARACTERS
    if _GROUP_SYMBOLS * broken > PARITY_SYMBOLS or not (broken or told):
        return None
    places = _MOST_ARRANGEMENTS
    return Arrangement(tuple(source), places, told, tuple(stood))
