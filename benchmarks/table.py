"""Tables in Markdown, aligned so that they also read well as plain text."""

from collections.abc import Iterable, Sequence


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first column is aligned to the left, all others to the right.

    Args:
        head: Titles of the columns.
        rows: Cells, as many in each row as there are columns.

    Returns:
        Lines without a newline at the end.
    """
    cells = [head, *rows]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(head))]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(row, widths) for row in (head, ruler, *cells[1:]))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"| {' | '.join((first, *others))} |"


def number(value: float, places: int = 0) -> str:
    """Write a number, without decimals that say nothing."""
    return f"{value:,.{places}f}"
