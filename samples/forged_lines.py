"""Bytes that no honest encoder writes, for the rules of tags, positions, lines and terms.

Each payload is put together digit by digit, so that one thing about it is wrong. `samples.forged_payloads`
holds the tools for that, and the other kinds of forgery.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from codec.codes import CatalogueId, Kind, Term
from codec.digits import DigitSink
from codec.lines import (
    COUNT,
    DAYS_LONG,
    FIRST_TERM,
    FLAGS,
    LAST_POSITION,
    LATER_TERM,
    LINES_OF_TAG,
    NEW,
    NUMBERED,
    OFFSET,
    SECOND_TERM,
    SHARED,
    SPELLED,
    STARTS_AT_ISSUE,
    TEXT,
    YEARS,
    TagSet,
    TermTable,
)
from codec.wire import CODE_NUMBER, EXTENSION, FEW, LAYOUTS
from samples.accepted_vectors import ISSUED_AT, REQUEST, TODAY
from samples.forged_payloads import (
    Forgeries,
    authorization_payload,
    payload_of,
    put_in_set,
    put_lines,
    put_spelled,
    spelled_lines,
)

A, Q = Kind.AUTHORIZATION, Kind.REQUEST
_DAY: Final = timedelta(days=1)
_LATEST: Final = datetime(2151, 8, 6, 9, 3, tzinfo=UTC)
"""The last minute that a code can carry."""


def malformed_lines() -> Forgeries:
    """Return payloads whose tags, lines or terms break one rule."""
    return {**_tags(), **_too_many_tags(), **_sets(), **_positions(), **_orders(), **_terms()}


# --- tags ----------------------------------------------------------------------------------------------


def _tags() -> Forgeries:
    cases = {
        "unsorted-tags": ("Spelled tags that are not sorted.", spelled_lines((0, "B"), (0, "A"))),
        "repeated-tag": ("A spelled tag twice.", spelled_lines((0, "AB"), (1, "B"))),
        "shared-less": (
            "A spelled tag shares a character less with the one before than it could.",
            spelled_lines((0, "AB"), (0, "AC")),
        ),
        "shared-more": (
            "A spelled tag shares more characters with the one before than that has.",
            spelled_lines((0, "AB"), (5, "C")),
        ),
        "shared-more-in-order": (
            "A spelled tag shares more characters with the one before than that has, and comes after it.",
            spelled_lines((0, "AB"), (3, "ABC")),
        ),
        "tag-too-long": ("A spelled tag of 65 characters.", spelled_lines((0, "A" * 64), (63, "BC"))),
        "tag-with-space": ("A spelled tag that ends with a space.", spelled_lines((0, "A "))),
        "tag-begins-with-space": ("A spelled tag that begins with a space.", spelled_lines((0, " A"))),
        "space-after-shared": (
            "A spelled tag that ends with a space, after a shared beginning.",
            spelled_lines((0, "A"), (1, " ")),
        ),
    }
    return {name: (A, description, payload) for name, (description, payload) in cases.items()}


def _too_many_tags() -> Forgeries:
    cases = {
        "numbered": ("256 numbered tags.", 256, 0),
        "spelled": ("256 spelled tags.", 0, 256),
        "in-all": ("128 numbered tags and 128 spelled ones.", 128, 128),
    }
    return {
        f"too-many-tags-{name}": (Q, description, _wanting(numbered, spelled))
        for name, (description, numbered, spelled) in cases.items()
    }


def _wanting(numbered: int, spelled: int) -> bytes:
    """Encode a request for more tags than the encoder would take."""
    tags = (*range(numbered), *(f"{place:03}" for place in range(spelled)))
    asked = replace(REQUEST, catalogue=CatalogueId(1000, b"\x01\x02\x03\x04"), wanted=())
    whole, behind, sink = DigitSink(), DigitSink(), DigitSink()
    LAYOUTS[Q].put(whole, asked)
    FEW.put(behind, asked.members)
    CODE_NUMBER.put(behind, asked.code_number)
    behind += whole[-2:]  # time and link
    EXTENSION.put(sink, 0)
    # No tags are two digits: none numbered, none spelled.
    sink += whole[: -len(behind) - 2]
    TagSet().put(sink, tags)
    for _ in tags:
        COUNT.put(sink, 1)
    sink += behind
    return payload_of(Q, sink)


def _sets() -> Forgeries:
    return {
        "larger-character-set": (A, "A tag of capitals in the set of all characters.", _in_set(2, "A")),
        "digits-in-the-second-set": (A, "A tag of digits in the set of small letters.", _in_set(1, "12")),
        "small-letters-in-the-third-set": (A, "A tag of small letters in the set of all.", _in_set(2, "a.b")),
        "set-of-the-whole-tag": (
            A,
            "Digits after a shared beginning of small letters, in the set that holds the whole tag.",
            _in_set(1, "12", before="lab-0"),
        ),
    }


def _in_set(set_: int, rest: str, *, before: str = "") -> bytes:
    """Put a tag whose rest is in a set of our choosing, after one of which it shares all but the end."""

    def put(sink: DigitSink) -> None:
        NUMBERED.put(sink, 0)
        SPELLED.put(sink, 2 if before else 1)
        if before:
            SHARED.put(sink, 0)
            TEXT.put(sink, before)
        SHARED.put(sink, max(len(before) - 1, 0))
        put_in_set(sink, set_, rest)
        put_lines(sink, 2 if before else 1)

    return authorization_payload(put)


def _positions() -> Forgeries:
    """Put two positions by hand, the last one 6, so that the step to the first is 2."""

    def of(ones: int, rest: int) -> bytes:
        def put(sink: DigitSink) -> None:
            NUMBERED.put(sink, 2)
            SPELLED.put(sink, 0)
            LAST_POSITION.put(sink, 6)
            for _ in range(ones):
                sink.put(1, 2)
            sink.put(0, 2)
            sink.put(rest, 2)
            put_lines(sink, 2)

        return authorization_payload(put)

    return {
        "repeated-position": (A, "Two positions that are the same.", of(3, 0)),
        "falling-position": (A, "The first position is greater than the last.", of(3, 1)),
        "steps-beyond-the-last-position": (A, "The steps to the first position pass the last.", of(4, 0)),
    }


# --- lines ---------------------------------------------------------------------------------------------

_YEAR: Final = Term.of_years(TODAY, 1)
_SHORT: Final = Term(TODAY, TODAY + 99 * _DAY)
_LATER: Final = Term(TODAY + _DAY, TODAY + 9 * _DAY)


def _orders() -> Forgeries:
    cases = {
        "perpetual-last": ("Two lines of one tag, the perpetual one last.", _of_one_tag(_YEAR, None)),
        "falling-first-days": (
            "Two lines of one tag, the later first day first.",
            _of_one_tag(_LATER, _SHORT),
        ),
        "falling-last-days": (
            "Two lines of one tag with the same first day, the later last day first.",
            _of_one_tag(_YEAR, _SHORT),
        ),
        "falling-flags": (
            "Two lines of one tag with the same term, the greater flags first.",
            _of_one_tag(_YEAR, _YEAR, flags=(1, 0)),
        ),
        "repeated-line": ("Two lines of one tag that are alike.", _of_one_tag(_YEAR, _YEAR)),
        "too-many-lines": ("Two tags with 128 lines each, all of them different.", _many_lines()),
    }
    return {name: (A, description, payload) for name, (description, payload) in cases.items()}


def _of_one_tag(*terms: Term | None, flags: Sequence[int] = (0, 0)) -> bytes:
    def put(sink: DigitSink) -> None:
        put_spelled(sink, (0, "A"))
        _put_of_tag(sink, TermTable(TODAY), list(zip(terms, flags, strict=True)))

    return authorization_payload(put)


def _put_of_tag(sink: DigitSink, table: TermTable, lines: Sequence[tuple[Term | None, int]]) -> None:
    LINES_OF_TAG.put(sink, len(lines))
    for term, flags in lines:
        COUNT.put(sink, 1)
        table.put(sink, term)
        FLAGS.put(sink, flags)


def _many_lines() -> bytes:
    lines = [(Term(TODAY, TODAY + days * _DAY), flags) for days in range(32) for flags in range(4)]

    def put(sink: DigitSink) -> None:
        table = TermTable(TODAY)
        put_spelled(sink, (0, "A"), (0, "B"))
        for _ in range(2):
            _put_of_tag(sink, table, lines)

    return authorization_payload(put)


# --- terms ---------------------------------------------------------------------------------------------


def _terms() -> Forgeries:
    leap_day = date(2028, 2, 29)
    cases: dict[str, tuple[str, bytes]] = {
        f"days-for-{number}-years": (
            f"A term of {number} whole years, counted in days.",
            _new(TODAY, last=Term.of_years(TODAY, number).end),
        )
        for number in (1, 2, 5, 10)
    }
    cases |= {
        "days-for-a-year-from-29-february": (
            "A term of one year from 29 February, counted in days.",
            _new(leap_day, last=date(2029, 2, 28)),
        ),
        "term-again": ("A term is spelled out that stands first in the table.", _again(0)),
        "older-term-again": ("A term is spelled out that stands third in the table.", _again(2)),
        "first-day-too-early": (
            "A term that starts on 1999-12-31.",
            _new(date(1999, 12, 31), last=date(2000, 1, 9)),
        ),
        "first-day-too-late": ("A term that starts on 2179-06-07.", _new(date(2179, 6, 7), issued=_LATEST)),
        "last-day-too-late": (
            "A term counted in days that ends on 2179-06-07.",
            _new(date(2151, 8, 7), last=date(2179, 6, 7), issued=_LATEST),
        ),
        "years-too-late": (
            "A term of ten whole years that ends after 2179-06-06.",
            _new(date(2170, 1, 1), years=10, issued=_LATEST),
        ),
    }
    return {name: (A, description, payload) for name, (description, payload) in cases.items()}


def _new(first: date, *, last: date | None = None, years: int = 0, issued: datetime = ISSUED_AT) -> bytes:
    """Spell one term out: in whole years, or else in days, one where no last day is given."""

    def put_term(sink: DigitSink, _: int) -> None:
        FIRST_TERM.put(sink, NEW)
        away = (first - issued.date()).days
        STARTS_AT_ISSUE.put(sink, away == 0)
        if away:
            sink.put(int(away < 0), 2)
            OFFSET.put(sink, abs(away))
        YEARS.put(sink, years)
        if not years:
            DAYS_LONG.put(sink, ((last or first) - first).days + 1)

    return _lines_of_terms(1, put_term, issued)


def _again(between: int) -> bytes:
    """Spell a term of a hundred days, then some of other lengths, then the first one again."""
    lengths = [100, *range(101, 101 + between), 100]

    def put_term(sink: DigitSink, place: int) -> None:
        (FIRST_TERM, SECOND_TERM, LATER_TERM)[min(place, 2)].put(sink, NEW)
        STARTS_AT_ISSUE.put(sink, True)
        YEARS.put(sink, 0)
        DAYS_LONG.put(sink, lengths[place])

    return _lines_of_terms(len(lengths), put_term)


def _lines_of_terms(
    number: int, put_term: Callable[[DigitSink, int], None], issued: datetime = ISSUED_AT
) -> bytes:
    def put(sink: DigitSink) -> None:
        put_spelled(sink, *((0, letter) for letter in "ABCD"[:number]))
        put_lines(sink, number, put_term)

    return authorization_payload(put, issued_at=issued)
