"""The scenarios of the test vectors that go through the tables of weights.

A table that is used often in one code has one scenario that meets all its octaves or choices. One that is
used once in a code has a few, so that no two neighbouring weights that differ can be confused unnoticed; a
test says which are still to be met. `samples.vectors` makes files of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from codec.codes import CatalogueId, Line, Sequence, Term
from codec.envelope import sign_request
from codec.lines import sort_lines
from samples.accepted_vectors import (
    AUTHORIZATION,
    AUTHORIZATION_CONTEXT,
    REQUEST,
    RETURN,
    RETURN_CONTEXT,
    TODAY,
    TRUST,
    TRUST_CONTEXT,
    authorize,
    give_back,
    trust,
)
from samples.vectors import DEVICE, Vector, accepted

_DAY: Final = timedelta(days=1)


def table_vectors() -> Iterator[Vector]:
    """Yield scenarios for every table of weights."""
    yield from _terms()
    yield from _lines()
    yield from _once_in_a_code()


def _case(name: str, description: str, *lines: Line, **changes: Any) -> Vector:
    value = replace(AUTHORIZATION, lines=sort_lines(lines), **changes)
    return accepted(f"authorization-accepted-{name}", description, authorize(value), AUTHORIZATION_CONTEXT)


def _of_terms(*terms: Term | None) -> Iterator[Line]:
    """Yield a line of its own tag for each term."""
    return (Line(place, 1, term) for place, term in enumerate(terms))


def _terms() -> Iterator[Vector]:
    first, second, third = (Term.of_years(TODAY, years) for years in (1, 2, 3))
    yield _case(
        "choices-of-terms",
        "Every choice of a term, with none, one and more in the table; the last one is third in it.",
        *_of_terms(None, first, None, first, second, None, second, first, third, second),
    )
    yield _case(
        "all-years",
        "Terms of one to ten whole years.",
        *_of_terms(*(Term.of_years(TODAY, years) for years in range(1, 11))),
    )
    yield _case(
        "all-days",
        "Terms of 2^0, 2^1, … 2^15 days.",
        *_of_terms(*(Term(TODAY, TODAY + ((1 << octave) - 1) * _DAY) for octave in range(16))),
    )
    yield _case(
        "all-offsets",
        "Terms that start 2^0, 2^1, … 2^15 days after the day of issue, and 2^0 … 2^13 days before it.",
        *_of_terms(*(Term.of_years(TODAY + (1 << octave) * _DAY, 5) for octave in range(16))),
        *(Line(16 + octave, 1, Term.of_years(TODAY - (1 << octave) * _DAY, 5)) for octave in range(14)),
    )


def _lines() -> Iterator[Vector]:
    yield _case(
        "all-counts", "Counts of 2^0, 2^1, … 2^23.", *(Line(octave, 1 << octave) for octave in range(24))
    )
    yield _case(
        "all-lines-of-a-tag",
        "Eight tags with 2^0, 2^1, … 2^7 lines: together 255, which is the limit.",
        *(_numbered_line(tag, number) for tag in range(8) for number in range(1 << tag)),
    )
    shared = ("X" * 63 + "A", "X" * 63 + "B", *("X" * size + "Y" for size in (31, 15, 7, 3, 1)))
    yield _case(
        "all-shared",
        "Tags that share 0, 63, 31, 15, 7, 3 and 1 characters with the one before.",
        *(Line(tag, 1) for tag in shared),
    )
    for number, last in ((20, 40), (70, 2500)):
        yield _case(
            f"numbered-{number}",
            f"{number} numbered tags, the first ones and number {last}.",
            *(Line(position, 1) for position in (*range(number - 1), last)),
        )


def _numbered_line(tag: int, number: int) -> Line:
    """Return one of many lines of a tag, four for each term."""
    length, flags = divmod(number, 4)
    return Line(tag, 1, Term(TODAY, TODAY + length * _DAY), bool(flags & 1), bool(flags & 2))


def _once_in_a_code() -> Iterator[Vector]:
    for size, code_number in ((100, 2), (300, 20), (1500, 100), (5000, 300)):
        request = replace(REQUEST, catalogue=CatalogueId(size, b"\xca\x7a\x10\x9e"), code_number=code_number)
        yield accepted(
            f"request-accepted-catalogue-of-{size}",
            f"A catalogue of {size:,} tags that is not at hand; code number {code_number}.",
            sign_request(request, DEVICE),
            {},
        )
    yield _case("twelfth", "The twelfth authorization of a request.", Line(600, 1), sequence=Sequence(0, 12))
    for number in (8, 20):
        returned = give_back(replace(RETURN, last_sequence=Sequence(1, number)))
        yield accepted(
            f"return-accepted-after-{number}",
            f"Authorization {number} of a portal that was restored once was the last.",
            returned,
            RETURN_CONTEXT,
        )
    revoked = tuple(bytes((place,) * 8) for place in range(3))
    yield accepted(
        "trust-accepted-three-revoked",
        "Three revoked keys, in the twentieth trust code.",
        trust(replace(TRUST, serial=20, revoked=revoked)),
        TRUST_CONTEXT,
    )
