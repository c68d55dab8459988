"""CSV for spreadsheets (RFC 4180, with line feeds): nothing in a cell is taken for a formula.

A spreadsheet evaluates what begins with one of a few characters, wherever the text came from. Such a text
gets an apostrophe before it, by which spreadsheets know text; numbers stay numbers. In countries where the
comma is for decimals a spreadsheet begins a new cell after a semicolon, so there it is the same.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from cli.plain import LONGEST, safe

# The second four are the full-width forms of the first.
_FORMULA = "=+@\uff1d\uff0b\uff0d\uff20-"
_BEGINS_A_FORMULA = re.compile(rf"^(?=[{_FORMULA}])|(?<=;)(?=[ \"]*[{_FORMULA}])")


def csv_rows(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return lines of cells, the head first; without a line break at the end."""
    return csv_lines((head, *rows))


def csv_lines(rows: Iterable[Sequence[object]], *, longest: int = LONGEST) -> str:
    """Return lines of cells; without a line break at the end.

    Args:
        rows: The rows.
        longest: Characters of a cell that are written; what is longer is cut.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows([_cell(value, longest) for value in row] for row in rows)
    return written.getvalue().removesuffix("\n")


def _cell(value: object, longest: int) -> object:
    if value is None or isinstance(value, int):
        return value
    return _BEGINS_A_FORMULA.sub("'", safe(value, longest))
