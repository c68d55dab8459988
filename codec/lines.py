"""Encodings of what a reservation lists: tags, terms, lines and wanted lines.

The distinct tags of a code come first, in order: those that a catalogue numbers as gaps between positions,
then those that are spelled, each sharing the beginning of the one before. The lines follow, tag by tag. Lines
are sorted by (tag, term, flags) and no two have the same key; numbered tags stand before spelled ones, and a
perpetual line before one with a term.
"""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter, lt
from typing import Any

from codec.codes import (
    DAY_ZERO,
    LAST_DAY,
    MAX_COUNT,
    MAX_LINES,
    MAX_POSITION,
    ONE_DAY,
    Line,
    Tag,
    Term,
    WantedLine,
    anniversary,
    checked_text,
)
from codec.digits import DigitSink, DigitSource
from codec.errors import FieldError, MalformedCodeError
from codec.fields import (
    Choice,
    Flag,
    Magnitude,
    Text,
    cannot_carry,
    day_from,
    day_number,
    other_form,
)

# Octave weights. Zipf-like counts (p ∝ 1/n up to 10,000) fill every octave alike; a count of one is the
# commonest of all in real use, so its octave has a little more.
COUNT = Magnitude((28, *(17,) * 12, 4, *(1,) * 10))
NUMBERED = Magnitude((6, 18, 12, 10, 8, 5, 3, 1, 1), first=0)
SPELLED = Magnitude((51, 4, 3, 1, 1, 1, 1, 1, 1), first=0)
LAST_POSITION = Magnitude((1, 1, 1, 2, 2, 3, 4, 7, 12, 18, 6, 3, 1, 1, 1, 1), first=0)
SHARED = Magnitude((4, 3, 3, 3, 2, 1, 1), first=0)
LINES_OF_TAG = Magnitude((248, 2, 1, 1, 1, 1, 1, 1))

PERPETUAL, LATEST, OLDER, NEW = range(4)
FIRST_TERM = Choice((26, 0, 0, 38))
SECOND_TERM = Choice((26, 24, 0, 14))
LATER_TERM = Choice((26, 22, 7, 9))
_CHOICES = (FIRST_TERM, SECOND_TERM)
STARTS_AT_ISSUE = Flag((5, 11))
OFFSET = Magnitude((1, 1, 2, 4, 8, 14, 24, 20, 8, 8, 4, 2, 1, 1, 1, 1))
#: Whole years by index, index 0 for a term that is not one to ten whole years.
YEARS = Choice((6, 14, 1, 13, 1, 13, 1, 12, 1, 1, 1))
DAYS_LONG = Magnitude((1, 1, 1, 1, 2, 3, 4, 6, 8, 12, 16, 14, 4, 2, 1, 1))
_EXPORT, _REPORTING = 1, 2
FLAGS = Choice((250, 2, 2, 2))
TEXT = Text()
_MAX_YEARS = 10


def tag_order(tag: Tag) -> tuple[int, str]:
    """Return the sort key of a tag: positions first, by number; then spelled tags, by character."""
    return (tag, "") if isinstance(tag, int) else (MAX_POSITION + 1, tag)


def _term_order(term: Term | None) -> tuple[int, int]:
    return (-1, -1) if term is None else (term.start.toordinal(), term.end.toordinal())


def _flag_index(line: Line) -> int:
    return _EXPORT * line.export_controlled + _REPORTING * line.reporting_only


def line_order(line: Line) -> tuple[tuple[int, str], tuple[int, int], int]:
    """Return the sort key of a line; no two lines of one code have the same."""
    return tag_order(line.tag), _term_order(line.term), _flag_index(line)


def sort_lines(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the lines as a code carries them: sorted, and lines with equal keys merged."""
    merged = []
    for _, group in groupby(sorted(lines, key=line_order), key=line_order):
        first, *rest = group
        count = first.count + sum(line.count for line in rest)
        merged.append(Line(first.tag, count, first.term, first.export_controlled, first.reporting_only))
    return tuple(merged)


class TagSet:
    """The distinct tags of a code, in order."""

    __slots__ = ()

    def put(self, sink: DigitSink, value: tuple[Tag, ...]) -> None:
        """Add distinct, sorted tags."""
        positions = [tag for tag in value if isinstance(tag, int)]
        spelled = [checked_text("entitlement tag", tag) for tag in value if isinstance(tag, str)]
        NUMBERED.put(sink, len(positions))
        SPELLED.put(sink, len(spelled))
        _put_positions(sink, positions)
        before = ""
        for tag in spelled:
            shared = _shared_length(before, tag)
            SHARED.put(sink, shared)
            TEXT.put(sink, tag[shared:])
            before = tag

    def take(self, source: DigitSource) -> tuple[Tag, ...]:
        """Return distinct tags; refuse any other order, and less or more shared than there is."""
        numbered, spelled = NUMBERED.take(source), SPELLED.take(source)
        if numbered + spelled > MAX_LINES:
            raise MalformedCodeError(f"This code lists more than {MAX_LINES} entitlements.")
        tags: list[Tag] = list(_take_positions(source, numbered))
        before = ""
        for _ in range(spelled):
            shared, rest = SHARED.take(source), TEXT.take(source)
            # Where the two part, the later one has the greater character, or goes on where the other ends.
            if shared > len(before) or before[shared : shared + 1] >= rest[0]:
                raise other_form()
            before = checked_text("entitlement tag", before[:shared] + rest)
            tags.append(before)
        return tuple(tags)


def _shared_length(before: str, tag: str) -> int:
    pairs = enumerate(zip(before, tag, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(before), len(tag)))


def golomb_step(universe: int, remaining: int) -> int:
    """Return the Golomb step for the next of ``remaining`` positions within ``universe``: 0.69 × mean gap."""
    return max(1, universe * 11 // (16 * (remaining + 1)))


def _put_positions(sink: DigitSink, positions: list[int]) -> None:
    """Add increasing positions: the last one first, then the gaps between the others below it.

    A gap is a Golomb code (IEEE Trans. Inf. Theory 12, 1966) whose step follows from what is left.
    """
    if not positions:
        return
    if positions[0] < 0:
        raise cannot_carry(f"the catalogue position {positions[0]}")
    *others, last = positions
    LAST_POSITION.put(sink, last)
    start = 0
    for remaining, position in zip(range(len(others), 0, -1), others, strict=True):
        step = golomb_step(last - start, remaining)
        steps, rest = divmod(position - start, step)
        for _ in range(steps):
            sink.put(1, 2)
        sink.put(0, 2)
        sink.put(rest, step)
        start = position + 1


def _take_positions(source: DigitSource, number: int) -> tuple[int, ...]:
    if number == 0:
        return ()
    last = LAST_POSITION.take(source)
    positions = []
    start = 0
    for remaining in range(number - 1, 0, -1):
        step = golomb_step(last - start, remaining)
        while source.take(2):
            start += step
        start += source.take(step)
        positions.append(start)
        start += 1
        if start > last:
            raise MalformedCodeError("This code lists its entitlements in an order that no code uses.")
    return (*positions, last)


class TermTable:
    """Terms of one code, each spelled out once and referred to afterwards.

    The latest one stands in front: it is the cheapest to repeat. One table lives as long as one code is read
    or written; it changes with each new term, so it is the one mutable value here.
    """

    __slots__ = ("_issue_day", "_seen")

    def __init__(self, issue_day: date) -> None:
        self._issue_day = issue_day
        self._seen: list[Term] = []

    def put(self, sink: DigitSink, term: Term | None) -> None:
        """Add a term, or None for perpetual."""
        choice, seen = self._choice, self._seen
        if term is None:
            choice.put(sink, PERPETUAL)
        elif seen and seen[0] == term:
            choice.put(sink, LATEST)
        elif term in seen:
            place = seen.index(term)
            choice.put(sink, OLDER)
            sink.put(place - 1, len(seen) - 1)
            seen.insert(0, seen.pop(place))
        else:
            choice.put(sink, NEW)
            self._put_new(sink, term)
            seen.insert(0, term)

    def take(self, source: DigitSource) -> Term | None:
        """Return a term, or None for perpetual; refuse a new one that is not new."""
        choice, seen = self._choice.take(source), self._seen
        if choice == PERPETUAL:
            return None
        if choice == LATEST:
            return seen[0]
        if choice == OLDER:
            term = seen.pop(source.take(len(seen) - 1) + 1)
        else:
            term = self._take_new(source)
            if term in seen:
                raise other_form()
        seen.insert(0, term)
        return term

    @property
    def _choice(self) -> Choice:
        """What there is to choose from, by the number of terms so far."""
        return _CHOICES[len(self._seen)] if len(self._seen) < len(_CHOICES) else LATER_TERM

    def _put_new(self, sink: DigitSink, term: Term) -> None:
        day_number(term.start), day_number(term.end)
        offset = (term.start - self._issue_day).days
        STARTS_AT_ISSUE.put(sink, offset == 0)
        if offset:
            sink.put(int(offset < 0), 2)
            OFFSET.put(sink, abs(offset))
        years = _whole_years(term)
        YEARS.put(sink, years)
        if not years:
            DAYS_LONG.put(sink, (term.end - term.start).days + 1)

    def _take_new(self, source: DigitSource) -> Term:
        start = self._issue_day
        if not STARTS_AT_ISSUE.take(source):
            sign = -1 if source.take(2) else 1
            start = _day_after(start, sign * OFFSET.take(source))
        years = YEARS.take(source)
        if years:
            term = Term.of_years(start, years)
            if term.end > LAST_DAY:
                raise MalformedCodeError("This code holds a date that no code can carry.")
            return term
        term = Term(start, _day_after(start, DAYS_LONG.take(source) - 1))
        if _whole_years(term):
            raise other_form()
        return term


def _day_after(day: date, days: int) -> date:
    return day_from((day - DAY_ZERO).days + days)


def _whole_years(term: Term) -> int:
    """Return how many whole years (1 to 10) the term runs, or 0."""
    after = term.end + ONE_DAY
    years = after.year - term.start.year
    if 1 <= years <= _MAX_YEARS and anniversary(term.start, years) == after:
        return years
    return 0


class Lines:
    """The lines of an authorization, relative to the UTC day on which it was issued."""

    __slots__ = ("_issue_day",)

    def __init__(self, issue_day: date) -> None:
        self._issue_day = issue_day

    def put(self, sink: DigitSink, value: tuple[Line, ...]) -> None:
        """Add sorted lines with distinct keys."""
        _require_order([line_order(line) for line in value])
        groups = [(tag, list(group)) for tag, group in groupby(value, key=attrgetter("tag"))]
        TagSet().put(sink, tuple(tag for tag, _ in groups))
        terms = TermTable(self._issue_day)
        for _, group in groups:
            LINES_OF_TAG.put(sink, len(group))
            for line in group:
                _put_count(sink, line.count)
                terms.put(sink, line.term)
                FLAGS.put(sink, _flag_index(line))

    def take(self, source: DigitSource) -> tuple[Line, ...]:
        """Return the lines."""
        lines: list[Line] = []
        terms = TermTable(self._issue_day)
        for tag in TagSet().take(source):
            number = LINES_OF_TAG.take(source)
            if len(lines) + number > MAX_LINES:
                raise MalformedCodeError(f"This code has more than {MAX_LINES} lines.")
            of_tag = [_take_line(source, tag, terms) for _ in range(number)]
            if number > 1 and not _increasing([line_order(line) for line in of_tag]):
                raise other_form()
            lines += of_tag
        return tuple(lines)


def _take_line(source: DigitSource, tag: Tag, terms: TermTable) -> Line:
    count, term, flags = COUNT.take(source), terms.take(source), FLAGS.take(source)
    return Line(tag, count, term, flags & _EXPORT != 0, flags & _REPORTING != 0)


class WantedLines:
    """The wanted lines of a request: distinct tags, each with a count."""

    __slots__ = ()

    def put(self, sink: DigitSink, value: tuple[WantedLine, ...]) -> None:
        """Add wanted lines, sorted by tag."""
        _require_order([tag_order(line.tag) for line in value])
        TagSet().put(sink, tuple(line.tag for line in value))
        for line in value:
            _put_count(sink, line.count)

    def take(self, source: DigitSource) -> tuple[WantedLine, ...]:
        """Return the wanted lines."""
        tags = TagSet().take(source)
        return tuple(WantedLine(tag, COUNT.take(source)) for tag in tags)


def _put_count(sink: DigitSink, count: int) -> None:
    if not 1 <= count <= MAX_COUNT:
        raise cannot_carry(f"a count of {count} (1 to {MAX_COUNT})")
    COUNT.put(sink, count)


def _require_order(keys: Sequence[tuple[Any, ...]]) -> None:
    if len(keys) > MAX_LINES:
        raise cannot_carry(f"{len(keys)} lines (at most {MAX_LINES})")
    if not _increasing(keys):
        raise FieldError("No code can carry lines that are unsorted, or two lines with the same key.")


def _increasing(keys: Sequence[tuple[Any, ...]]) -> bool:
    return all(map(lt, keys, keys[1:]))
