"""CSV for spreadsheets (RFC 4180, with line feeds): nothing in a cell is taken for a formula.

A spreadsheet evaluates what begins with one of a few characters, wherever the text came from. Such a text
gets an apostrophe before it, by which spreadsheets know text; numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from cli.plain import LONGEST, safe

# The second four are the full-width forms of the first.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


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
    text = safe(value, longest)
    return f"'{text}" if text.startswith(_FORMULA) else text
