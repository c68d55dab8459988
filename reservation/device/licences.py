"""What an authorization licenses on a day: counts of the lines in force, summed by tag.

A universal line licenses every tag, in any number. A line is universal when its tag is UNIVERSAL, or when it
is the only line of an authorization for a request in universal mode: the portal may draw a universal
reservation from an entitlement that it names otherwise for this product.

Export-controlled and reporting-only lines license like all others; the flags matter to the portal.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from codec.codes import UNIVERSAL_TAG, Line, Mode


class Grant(NamedTuple):
    """The lines of the installed authorization, arranged for quick answers.

    Attributes:
        lines: All of them, tags spelled.
        universal: Those that license every tag.
        by_tag: The others.
    """

    lines: tuple[Line, ...]
    universal: tuple[Line, ...]
    by_tag: dict[str, tuple[Line, ...]]

    def lines_for(self, tag: str) -> tuple[Line, ...]:
        """Return the lines that can license ``tag``, in force or not."""
        return self.universal + self.by_tag.get(tag, ())

    def is_universal(self, day: date) -> bool:
        """Tell whether everything is licensed on a UTC day."""
        return any(in_force(line, day) for line in self.universal)

    def available(self, tag: str, day: date) -> int:
        """Return how many of ``tag`` the lines of that tag license on a UTC day."""
        return sum(line.count for line in self.by_tag.get(tag, ()) if in_force(line, day))

    def covers(self, tag: str, count: int, day: date) -> bool:
        """Tell whether ``count`` of ``tag`` are licensed on a UTC day."""
        return self.is_universal(day) or self.available(tag, day) >= count


def grant_of(lines: Iterable[Line], mode: Mode) -> Grant:
    """Arrange the lines of an authorization.

    Args:
        lines: With every tag spelled.
        mode: What the request asked for.
    """
    lines = tuple(lines)
    everything = mode is Mode.UNIVERSAL and len(lines) == 1
    universal = tuple(line for line in lines if everything or line.tag == UNIVERSAL_TAG)
    by_tag: dict[str, tuple[Line, ...]] = {}
    for line in lines:
        if line not in universal:
            tag = str(line.tag)
            by_tag[tag] = (*by_tag.get(tag, ()), line)
    return Grant(lines, universal, by_tag)


def in_force(line: Line, day: date) -> bool:
    """Tell whether a line licenses anything on a UTC day."""
    return line.term is None or line.term.holds_on(day)
