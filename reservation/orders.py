"""Order files: what a vendor sends when licences were bought; from bytes to order lines, without I/O.

A file is CSV with the header ``tag,quantity,virtual_account,kind,start,end,order`` (columns in any order), or
the same as JSON: an array of objects with these members, alone or as the one member ``lines`` of an object.
Which of the two it is follows from its first character, never from its name. ``docs/howto/orders.md`` is the
description for people.

Invariants: one reading finds every problem of a file, each with its line; a file with a problem yields no
lines; whatever the bytes are, the only error is `OrderFileError`. What a line says can be carried by a code.

Not handled: whether the Virtual Accounts exist and whether an order came in before (`reservation.service`).
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from io import StringIO

from codec.codes import DAY_ZERO, DAYS, MAX_COUNT, MAX_TEXT, Term, checked_text
from codec.errors import FieldError
from codec.hashes import sha256
from reservation.ordererrors import FileProblem, OrderFileError

COLUMNS = ("tag", "quantity", "virtual_account", "kind", "start", "end", "order")
MAX_BYTES = 8_000_000
MAX_LINES = 100_000
#: Problems that are kept; those beyond are only counted.
MAX_PROBLEMS = 1_000

_TEXTS = {"tag": "tag", "virtual_account": "Virtual Account", "order": "order reference"}
_DATES = ("start", "end")
_WHOLE_FILE = 0
# Digits of a number that are read: enough to know that a longer one is out of range.
_DIGITS = 20
_SHOWN = 40
_QUANTITY = re.compile(r"[1-9][0-9]{0,7}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HEADER = ",".join(COLUMNS)

Progress = Callable[[object], None]
Cells = dict[str, str | None]
"""Column → what it says; None: nothing that could be looked at further, and that was reported."""


class LicenseKind(StrEnum):
    """What an order line brings."""

    PERPETUAL = "perpetual"
    TERM = "term"
    REPORTING = "reporting"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order.

    Attributes:
        line: Where it stands: the line of a CSV file, from 1, or the number of the object in JSON.
        tag: Entitlement.
        count: How many, 1 to 2²⁴ - 1.
        virtual_account: Name of the Virtual Account that gets them.
        term: First and last day, both included; None: perpetual.
        reporting_only: They are tallied, without limit.
        order_reference: The order that brings them.
    """

    line: int
    tag: str
    count: int
    virtual_account: str
    term: Term | None
    reporting_only: bool
    order_reference: str


@dataclass(frozen=True, slots=True)
class OrderFile:
    """An order file that can be used.

    Attributes:
        lines: Its lines, at least one.
        digest: SHA-256 of the file, 32 bytes.
        unit: What lines are called in messages: ``line``, or ``object`` in JSON.
    """

    lines: tuple[OrderLine, ...]
    digest: bytes
    unit: str


class _Problems:
    """Collects what is wrong in one file."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.count = 0
        self.kept: list[FileProblem] = []

    def add(self, line: int, column: str | None, text: str) -> None:
        """Note a problem; line 0 is the file as a whole."""
        self.count += 1
        if len(self.kept) < MAX_PROBLEMS or line == _WHOLE_FILE:
            self.kept.append(FileProblem(line, column, text, self.unit))

    def error(self) -> OrderFileError:
        """Return the error that says all of it, the file as a whole first."""
        kept = sorted(self.kept, key=lambda one: one.line)
        first = str(kept[0])
        told = first if self.count == 1 else f"{self.count:,} things in it are wrong. {first}"
        return OrderFileError(
            f"The order file cannot be used. {told}",
            hint="Nothing was added. Correct the file and import it again.",
            problems=tuple(kept),
            count=self.count,
        )


def parse_order(content: bytes, *, progress: Progress | None = None) -> OrderFile:
    """Read an order file.

    Args:
        content: The file, UTF-8 with or without a byte order mark.
        progress: Called for each line that was read.

    Raises:
        OrderFileError: When it is no order file, with every line that is wrong.
    """
    text = content[: MAX_BYTES + 1].decode("utf-8-sig", errors="surrogateescape")
    is_json = text.lstrip(" \t\r\n")[:1] in {"[", "{"}
    problems = _Problems("object" if is_json else "line")
    _check_file(content, problems)
    if problems.count:
        raise problems.error()
    rows = _json_rows(text, problems) if is_json else _csv_rows(text, problems)
    lines = []
    for number, cells in rows:
        line = _line_of(number, cells, problems)
        if line:
            lines.append(line)
        if progress:
            progress(number)
    if problems.count:
        raise problems.error()
    return OrderFile(tuple(lines), sha256(content), problems.unit)


def _check_file(content: bytes, problems: _Problems) -> None:
    if len(content) > MAX_BYTES:
        problems.add(_WHOLE_FILE, None, f"It has more than {MAX_BYTES:,} bytes; split it.")
    elif content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        problems.add(_WHOLE_FILE, None, "It is UTF-16; save it as UTF-8.")
    elif not content.strip():
        problems.add(_WHOLE_FILE, None, "It is empty.")


# --- CSV -------------------------------------------------------------------------------------------


def _csv_rows(text: str, problems: _Problems) -> Iterator[tuple[int, Cells]]:
    """Yield the rows below the header, each with its line; blank lines are passed over."""
    rows = _numbered_rows(text, problems)
    first, header = next(rows, (1, []))
    if problems.count or not _is_header(first, header, problems):
        return
    count = 0
    for line, row in rows:
        count += 1
        if count > MAX_LINES:
            problems.add(_WHOLE_FILE, None, f"It has more than {MAX_LINES:,} lines; split it.")
            return
        if len(row) == len(header):
            yield line, dict(zip(header, row, strict=True))
        else:
            problems.add(line, None, f"There are {len(row)} cells where the header has {len(header)}.")
    if not count and not problems.count:
        _report_no_lines(problems)


def _numbered_rows(text: str, problems: _Problems) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        # From here on it is not known what is a cell and what is not.
        problems.add(line, None, f"This is no CSV ({error}); what follows was not read.")


def _is_header(line: int, header: list[str], problems: _Problems) -> bool:
    if not set(header) & set(COLUMNS):
        problems.add(line, None, f"The file must begin with a header: {_HEADER}, separated by commas.")
        return False
    for name in dict.fromkeys(header):
        if name not in COLUMNS:
            problems.add(
                line, name[:MAX_TEXT], f"There is no column {_shown(name)}; the columns are {_HEADER}."
            )
        elif header.count(name) > 1:
            problems.add(line, name, f"The column {name} is there twice.")
    for name in COLUMNS:
        if name not in header:
            problems.add(line, name, f"The column {name} is missing.")
    return not problems.count


# --- JSON ------------------------------------------------------------------------------------------


def _json_rows(text: str, problems: _Problems) -> Iterator[tuple[int, Cells]]:
    """Yield the objects, each with its number."""
    lines = _json_lines(text, problems)
    if problems.count:
        return
    if not lines:
        _report_no_lines(problems)
    if len(lines) > MAX_LINES:
        problems.add(_WHOLE_FILE, None, f"It has more than {MAX_LINES:,} objects; split it.")
        return
    for number, value in enumerate(lines, start=1):
        if isinstance(value, tuple):
            yield number, _cells_of(number, value, problems)
        else:
            problems.add(number, None, "This is no object.")


def _json_lines(text: str, problems: _Problems) -> list[object]:
    whole: object = None
    try:
        # Objects stay pairs, so that a member that is there twice can be seen.
        whole = json.loads(text, object_pairs_hook=tuple, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        problems.add(_WHOLE_FILE, None, f"It is no JSON: {error.msg} ({place}).")
        return []
    except RecursionError:
        problems.add(_WHOLE_FILE, None, "It is nested too deeply for an order.")
        return []
    if isinstance(whole, tuple) and [name for name, _ in whole] == ["lines"]:
        whole = whole[0][1]
    if isinstance(whole, list):
        return whole
    problems.add(
        _WHOLE_FILE, None, 'It must be an array of objects, one for each line, or {"lines": [...]} with one.'
    )
    return []


def _whole_number(text: str) -> int:
    return int(text[:_DIGITS])


def _cells_of(number: int, members: tuple[tuple[str, object], ...], problems: _Problems) -> Cells:
    """Return the members of an object as the cells that they would be in CSV."""
    # Dates may be left out: what has none says so by that.
    cells: Cells = dict.fromkeys(_DATES, "")
    seen: set[str] = set()
    for name, value in members:
        if name not in COLUMNS:
            problems.add(
                number, name[:MAX_TEXT], f"There is no member {_shown(name)}; the members are {_HEADER}."
            )
        elif name in seen:
            problems.add(number, name, f"The member {name} is there twice.")
        else:
            cells[name] = _cell_of(number, name, value, problems)
        seen.add(name)
    for name in COLUMNS:
        if name not in cells:
            problems.add(number, name, f"The member {name} is missing.")
            cells[name] = None
    return cells


def _cell_of(number: int, name: str, value: object, problems: _Problems) -> str | None:
    if name == "quantity":
        # A truth value is a whole number to Python.
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        problems.add(number, name, "The quantity is no whole number.")
        return None
    if isinstance(value, str):
        return value
    if value is None and name in _DATES:
        return ""
    problems.add(number, name, f"The {name} is no text.")
    return None


# --- a line ----------------------------------------------------------------------------------------


def _line_of(number: int, cells: Cells, problems: _Problems) -> OrderLine | None:
    """Return the line that the cells say, or None when a problem was found in it."""
    before = problems.count
    for column, name in _TEXTS.items():
        _check_text(number, column, name, cells[column], problems)
    count = _count_of(number, cells["quantity"], problems)
    kind = _kind_of(number, cells["kind"], problems)
    term = _term_of(number, kind, cells, problems)
    if problems.count > before or not count:
        return None
    return OrderLine(
        line=number,
        tag=str(cells["tag"]),
        count=count,
        virtual_account=str(cells["virtual_account"]),
        term=term,
        reporting_only=kind is LicenseKind.REPORTING,
        order_reference=str(cells["order"]),
    )


def _check_text(number: int, column: str, name: str, cell: str | None, problems: _Problems) -> None:
    if cell is None:
        return
    try:
        checked_text(name, cell)
    except FieldError as error:
        if any("\udc80" <= character <= "\udcff" for character in cell):
            problems.add(number, column, f"The {name} holds bytes that are not UTF-8.")
        else:
            problems.add(number, column, f"{error.message} {error.hint}")


def _count_of(number: int, cell: str | None, problems: _Problems) -> int | None:
    if cell is None:
        return None
    if _QUANTITY.fullmatch(cell) and int(cell) <= MAX_COUNT:
        return int(cell)
    problems.add(
        number,
        "quantity",
        f"The quantity {_shown(cell)} is no whole number from 1 to {MAX_COUNT:,} in digits.",
    )
    return None


def _kind_of(number: int, cell: str | None, problems: _Problems) -> LicenseKind | None:
    if cell is None:
        return None
    try:
        return LicenseKind(cell)
    except ValueError:
        problems.add(number, "kind", f"The kind {_shown(cell)} is none of {', '.join(LicenseKind)}.")
        return None


def _term_of(number: int, kind: LicenseKind | None, cells: Cells, problems: _Problems) -> Term | None:
    """Return the term: both days or neither, as the kind wants it."""
    given = {column: cell for column in _DATES if (cell := cells[column])}
    if kind is LicenseKind.PERPETUAL:
        for column in given:
            problems.add(number, column, f"A perpetual licence has no {column}; leave it empty.")
        return None
    before = problems.count
    days = {column: _day_of(number, column, cell, problems) for column, cell in given.items()}
    for column in _DATES:
        if cells[column] == "" and (given or kind is LicenseKind.TERM):
            problems.add(number, column, f"A term needs both its days, and the {column} is missing.")
    start, end = days.get("start"), days.get("end")
    if problems.count > before or start is None or end is None:
        return None
    try:
        return Term(start, end)
    except FieldError as error:
        problems.add(number, "end", error.message)
        return None


def _day_of(number: int, column: str, cell: str, problems: _Problems) -> date | None:
    try:
        day = date.fromisoformat(cell) if _DAY.fullmatch(cell) else None
    except ValueError:
        day = None
    if day is None:
        problems.add(number, column, f"The {column} {_shown(cell)} is no day like 2026-12-31.")
    elif not 0 <= (day - DAY_ZERO).days < DAYS:
        problems.add(number, column, f"The {column} {day} is a day that no code can name.")
    return day


def _report_no_lines(problems: _Problems) -> None:
    problems.add(_WHOLE_FILE, None, "It orders nothing: there is no line in it.")


def _shown(text: str) -> str:
    """Return foreign text in quotes, short, and with everything but printable ASCII escaped."""
    return ascii(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
