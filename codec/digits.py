"""One integer that holds many values: the innermost layer of the wire format.

A code's fields are digits of a single integer. A value with `radix` equally likely possibilities is a digit
in that base and costs exactly log2(radix) bits; a value with weighted possibilities takes a span of `size`
out of `total` and costs log2(total / size) bits (asymmetric numeral systems: J. Duda, arXiv:1311.2540, here
on an unbounded integer, without renormalisation). So no field is rounded up to whole bits; only the sum is
rounded up, once, to whole bytes.

Both steps are exact inverses of each other. An integer therefore has exactly one reading, and a reading
exactly one integer: most of what makes the encoding canonical comes for free.
"""

from math import log2
from typing import NamedTuple


class Span(NamedTuple):
    """What one possibility owns: ``range(start, start + size)`` out of ``range(total)``."""

    start: int
    size: int
    total: int


class Point(NamedTuple):
    """Who owns one point of ``range(total)``: possibility ``value``, ``offset`` into its span of ``size``."""

    value: int
    size: int
    offset: int


class DigitSink:
    """Collect values, first one first, and fold them to an integer."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, int]] = []

    def put(self, value: int, radix: int) -> None:
        """Add a value of ``range(radix)``, all equally likely."""
        self._spans.append((value, 1, radix))

    def put_span(self, span: Span) -> None:
        """Add a weighted possibility by its span."""
        self._spans.append(span)

    @property
    def bits(self) -> float:
        """How much the values so far cost: what `fold` needs of them, before it is rounded up to bytes."""
        return sum(log2(total / size) for _, size, total in self._spans)

    def fold(self) -> int:
        """Return the integer; the value that was put first is the one that is taken first."""
        number = 0
        for start, size, total in reversed(self._spans):
            if size == 1:
                number = number * total + start
            else:
                quotient, remainder = divmod(number, size)
                number = quotient * total + start + remainder
        return number


class DigitSource:
    """Take values back out of an integer, in the order in which they were put."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def take(self, radix: int) -> int:
        """Return the next value of ``range(radix)``."""
        self._number, value = divmod(self._number, radix)
        return value

    def take_span(self, points: tuple[Point, ...]) -> int:
        """Return which possibility comes next.

        Args:
            points: The owner of each point of ``range(total)``, in order.
        """
        quotient, point = divmod(self._number, len(points))
        value, size, offset = points[point]
        self._number = quotient * size + offset
        return value

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left over."""
        return self._number == 0
