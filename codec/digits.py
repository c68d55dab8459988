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

Span = tuple[int, int, int]
"""What one possibility owns, ``range(start, start + size)`` out of ``range(total)``: (start, size, total)."""

Point = tuple[int, int, int]
"""Who owns one point of ``range(total)``: (possibility, size of its span, offset into that span)."""


class DigitSink(list[Span]):
    """Collect values, first one first, and fold them to an integer."""

    __slots__ = ()

    put_span = list[Span].append
    """Add a weighted possibility by its span: at the cost of no call of ours, since it happens so often."""

    def put(self, value: int, radix: int) -> None:
        """Add a value of ``range(radix)``, all equally likely."""
        self.put_span((value, 1, radix))

    @property
    def bits(self) -> float:
        """How much the values so far cost: what `fold` needs of them, before it is rounded up to bytes."""
        return sum(log2(total / size) for _, size, total in self)

    def fold(self) -> int:
        """Return the integer; the value that was put first is the one that is taken first."""
        number = 0
        for start, size, total in reversed(self):
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
