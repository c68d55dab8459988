"""What comes of a batch, as it goes: rows of CSV, one file for each code, one document to print.

Invariant: nothing is written here before the group that it tells of is durable. The same batch again writes
the same bytes, so a batch that was cut off is simply run again.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cli.csv_rows import csv_lines
from cli.drafts import discard_left, draft_beside, open_draft
from cli.errors import OutputError
from cli.files import reason
from cli.session import LONGEST_LINE

if TYPE_CHECKING:
    from cli.session import Session
    from reservation.service.issuing import Issued

COLUMNS = (
    "place",
    "outcome",
    "product_id",
    "serial_number",
    "reservation",
    "virtual_account",
    "code",
    "error",
    "message",
)
_STRANGE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one row.

    Attributes:
        place: Where the code stands.
        outcome: ``reserved``, what an answer of a device did, ``kept``, or ``refused``.
        cells: The other columns of the CSV.
        issued: The authorization, where there is one.
        again: Whether it was done before.
        is_done: Whether it was not refused.
    """

    place: str
    outcome: str
    cells: tuple[str, ...]
    issued: "Issued | None" = None
    again: bool = False
    is_done: bool = True

    def record(self) -> dict[str, object]:
        """Return it for scripts."""
        values = dict(zip(COLUMNS, (self.place, self.outcome, *self.cells), strict=True))
        return {name: value or None for name, value in values.items()} | {"again": self.again}


class ResultRows:
    """The CSV of results, in a file or on stdout."""

    def __init__(self, session: "Session", name: str | None, *, is_shown: bool) -> None:
        self._session = session
        self._name = name
        self._is_shown = is_shown
        self._file: IO[bytes] | None = None
        self._has_begun = False

    def write(self, results: Sequence[Result]) -> None:
        """Add rows; in a file they are durable when this returns.

        Raises:
            OutputError: When the file cannot be written.
        """
        rows = [(each.place, each.outcome, *each.cells) for each in results]
        text = csv_lines(rows if self._has_begun else [COLUMNS, *rows], longest=LONGEST_LINE)
        if self._name is None:
            if self._is_shown and text:
                self._session.show(text)
                self._session.world.stdout.flush()
        else:
            self._append(self._name, f"{text}\n".encode())
        self._has_begun = True

    def _append(self, name: str, content: bytes) -> None:
        try:
            if self._file is None:
                self._file = Path(name).open("wb")  # noqa: SIM115 - closed with the batch
            self._file.write(content)
            self._file.flush()
            if Path(name).is_file():
                os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritten(name, error) from error

    def close(self) -> None:
        """Let go of the file; what it could not take was told when it was written."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


class CodeFiles:
    """A folder with one text file for each authorization."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        discard_left(self._folder)

    def write(self, issued: "Issued") -> None:
        """Write the code of one authorization.

        Raises:
            OutputError: When it cannot be written.
        """
        from cli.files import write

        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise _unwritten(str(self._folder), error) from error
        write(str(self._folder / file_name(issued)), f"{issued.text}\n".encode())


def file_name(issued: "Issued") -> str:
    """Return a name that is one everywhere, whatever a device calls itself: serial number and reservation."""
    shown = _STRANGE.sub("-", issued.udi.serial_number)[:_LONGEST_NAME].strip("-")
    return f"{shown or 'device'}.{issued.name}.txt"


class Sheet:
    """One document to print, with a page for each authorization; it appears when it is whole."""

    def __init__(self, name: str) -> None:
        self._path = Path(name)
        self._draft = draft_beside(self._path, ".sheet")
        self._file: IO[str] | None = None
        discard_left(self._path.parent)

    def write(self, issued: "Issued") -> None:
        """Add a page.

        Raises:
            OutputError: When it cannot be written.
        """
        from cli.portal.slip_html import beginning, section
        from cli.portal.slip_page import slip_of

        try:
            if self._file is None:
                self._file = TextIOWrapper(open_draft(self._draft), encoding="utf-8")
                self._file.write(beginning("Authorizations"))
            self._file.write(section(slip_of(issued)))
        except OSError as error:
            raise _unwritten(str(self._path), error) from error

    def finish(self, log: tuple[tuple[str, str], ...]) -> bool:
        """Write the last page, and give the document its name; without any authorization there is none.

        Args:
            log: What the last page says of the portal's log.

        Raises:
            OutputError: When it cannot be written.
        """
        from cli.portal.slip_html import ENDING, closing_section

        if self._file is None:
            return False
        try:
            self._file.write(closing_section(log) + ENDING)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._draft.replace(self._path)
        except OSError as error:
            raise _unwritten(str(self._path), error) from error
        return True

    def close(self) -> None:
        """Take away what was not finished, on a full disk too."""
        if self._file is not None:
            self._draft.unlink(missing_ok=True)
            with suppress(OSError):
                self._file.close()


def _unwritten(name: str, error: OSError) -> OutputError:
    return OutputError(
        f"{name} could not be written: {reason(error)}. What was reserved stays reserved.",
        hint="Run the same command again with another name: it shows the same codes.",
    )
