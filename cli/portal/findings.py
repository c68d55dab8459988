"""What an audit found, for people: many findings that are alike are one line, with how many there are.

Whoever switches off what protects the rows leaves a finding for each trigger; the one row that was changed
meanwhile must not be lost among them. For scripts every finding stays by itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cli.plain import safe

if TYPE_CHECKING:
    from reservation.service.auditing import Finding

Row = tuple[str, str, str]
"""Which check, what it is about, and what differs."""

_NAMED = 3
#: How something can differ from what must be in the database: of one, and of many.
_HOW = {
    "is missing": "are missing",
    "is none of this program's": "are none of this program's",
    "was changed": "were changed",
}
_OBJECT = re.compile(rf"the ((?:switched-off )?[a-z]+) (\S+) ({'|'.join(_HOW)})")


def rows_of(findings: "Iterable[Finding]") -> list[Row]:
    """Return findings as rows of a table, alike ones folded, in the order of the first of each."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        alike.setdefault(_likeness(one), []).append(one)
    return [row for some in alike.values() for row in _folded(some)]


def _likeness(finding: "Finding") -> tuple[str, str]:
    """Return what findings that are alike have in common."""
    found = _OBJECT.fullmatch(finding.message)
    return finding.kind, f"{found[1]} {found[3]}" if found else finding.message


def _folded(alike: "Sequence[Finding]") -> Iterator[Row]:
    if len(alike) <= _NAMED:
        yield from ((one.kind, one.subject, one.message) for one in alike)
        return
    first = alike[0]
    objects = [found for one in alike if (found := _OBJECT.fullmatch(one.message))]
    subjects = list(dict.fromkeys(one.subject for one in alike))
    if objects:
        what, how = objects[0][1], objects[0][3]
        many = f"{what}es" if what.endswith("x") else f"{what}s"
        message = f"{len(alike):,} {many} {_HOW[how]}"
        yield first.kind, first.subject, f"{message}: {_first(found[2] for found in objects)}"
    elif len(subjects) == 1:
        yield first.kind, first.subject, f"{first.message} ({len(alike):,} times)"
    else:
        yield first.kind, f"{len(alike):,}: {_first(subjects)}", first.message


def _first(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _NAMED
    shown = ", ".join(safe(name, 80) for name in every[:_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown
