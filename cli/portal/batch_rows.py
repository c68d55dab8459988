"""The codes of a batch: from a folder, a CSV, a text with many codes or a pipe, one row each.

Invariant: a row that cannot be read is a row with an error, and the next one is read all the same.

Not handled: frames of one bundle that are spread over several pictures (`tallystick code scan` joins them).
"""

import csv
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.counts import tag_counts
from cli.errors import CommandError, UsageMistakeError
from cli.plain import safe
from cli.portal.exchange import choice_of, require_one_choice
from codec.errors import CodecError

if TYPE_CHECKING:
    from cli.session import Session
    from reservation.rules import Choice

COLUMNS = ("code", "va", "licenses", "note")
"""Those that a CSV can have; the first one it must have."""
_WORDS = re.compile(r"[\s,;]+")
_AS_REQUESTED, _UNIVERSAL = "as-requested", "universal"
_TEXT_ENDING = ".txt"
_LONGEST_CELL = 65_536


@dataclass(frozen=True, slots=True)
class Row:
    """One code of a batch.

    Attributes:
        place: Where it stands, for people.
        text: The code as it was found.
        va: The Virtual Account to take from, when it is a request.
        choice: What to reserve then; None: nobody said it.
        error: Why the row cannot be read; then nothing else of it matters.
    """

    place: str
    text: str
    va: str
    choice: "Choice | None"
    error: CodecError | CommandError | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says of all requests that say nothing themselves."""

    va: str
    choice: "Choice | None"

    def row(self, place: str, text: str) -> Row:
        """Return a row that says nothing itself."""
        return Row(place, text, self.va, self.choice)

    def unreadable(self, place: str, error: CodecError | CommandError) -> Row:
        """Return a row that cannot be read."""
        return Row(place, "", self.va, None, error)


def rows_of(session: "Session", source: str, wish: Wish) -> Iterator[Row]:
    """Yield the rows of a batch, one after the other; nothing but the row at hand is kept of a CSV.

    Args:
        session: Its stdin is read where the source is ``-``.
        source: A folder, a file, or ``-``.
        wish: What holds for all of them.

    Raises:
        UsageMistakeError: When the source cannot be read at all.
    """
    from cli.files import read_piped, text_of
    from codec.carriers import LONGEST_TEXT

    if source == "-":
        yield from _in_text("standard input", text_of(read_piped(session.world.stdin, LONGEST_TEXT)), wish)
    elif Path(source).is_dir():
        yield from _in_folder(source, wish)
    elif source.lower().endswith(".csv"):
        yield from _in_csv(source, wish)
    else:
        yield from _in_file(source, source, wish)


# --- texts and folders -----------------------------------------------------------------------------


def _in_file(source: str, name: str, wish: Wish) -> Iterator[Row]:
    from cli.files import read_text
    from codec.carriers import LONGEST_TEXT

    yield from _in_text(name, read_text(source, LONGEST_TEXT), wish)


def _in_text(name: str, text: str, wish: Wish) -> Iterator[Row]:
    """Yield each code of a text; a text with one is given on whole, so that it can be repaired."""
    from cli.unbundle import unfold
    from codec.carriers import carried_in

    try:
        carried = carried_in(text)
        unfolded = unfold(carried.sets)
    except CodecError as error:
        yield wish.unreadable(name, error)
        return
    if len(carried.codes) + len(carried.unreadable) <= 1 and not carried.sets and not carried.bundles:
        yield wish.row(name, text)
        return
    for number, code in enumerate((*carried.codes, *unfolded.codes), start=1):
        yield wish.row(f"{name}, code {number}", code)
    for problem in unfolded.problems:
        yield wish.unreadable(f"{name}, frames", problem)
    for line in carried.unreadable:
        yield wish.unreadable(
            f"{name}, line {line}",
            UsageMistakeError(
                "This looks like a code and cannot be read.",
                hint="Put it into a file of its own: then it may be repaired.",
            ),
        )


def _in_folder(folder: str, wish: Wish) -> Iterator[Row]:
    from cli.files import files_in
    from cli.scanning import ENDINGS

    files = files_in(folder, ENDINGS | {_TEXT_ENDING})
    if not files:
        raise UsageMistakeError(
            f"The folder {folder} holds no texts ({_TEXT_ENDING}) and no pictures.",
            hint="Name a folder with one file for each code, a CSV, or a text with many codes.",
        )
    with ExitStack() as held:
        pictures = _Pictures(held)
        for file in files:
            name = Path(file).name
            try:
                if file.lower().endswith(_TEXT_ENDING):
                    yield from _in_file(file, name, wish)
                else:
                    for number, code in enumerate(pictures.codes(file), start=1):
                        yield wish.row(f"{name}, code {number}" if number > 1 else name, code)
            except (CodecError, CommandError) as error:
                yield wish.unreadable(name, error)


class _Pictures:
    """What reads pictures, started when the first one comes."""

    def __init__(self, held: ExitStack) -> None:
        self._held = held
        self._reader: object = None

    def codes(self, file: str) -> tuple[str, ...]:
        """Return the codes that a picture shows."""
        from cli.reader import PictureReader
        from cli.scanning import codes_in, require_scan

        require_scan()
        if not isinstance(self._reader, PictureReader):
            self._reader = reader = self._held.enter_context(PictureReader())
            return codes_in(reader, file)
        return codes_in(self._reader, file)


# --- CSV -------------------------------------------------------------------------------------------


def _in_csv(name: str, wish: Wish) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    try:
        # Strange bytes in a note or beside a code do no harm, and no name or tag that exists has them.
        with Path(name).open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file)
            columns = _columns(name, next(reader, []))
            yield from _in_lines(Path(name).name, reader, columns, wish)
    except OSError as error:
        from cli.files import reason

        raise UsageMistakeError(
            f"The file {name} cannot be read: {reason(error)}.", hint="Check the name of the file."
        ) from error


def _columns(name: str, head: list[str]) -> list[str]:
    columns = [each.strip().lower() for each in head]
    strange = [each for each in columns if each not in COLUMNS]
    if "code" not in columns or strange or len(set(columns)) < len(columns):
        what = f"has a column “{safe(strange[0], 40)}”" if strange else "has no column “code”, or one twice"
        raise UsageMistakeError(
            f"The file {name} {what}.",
            hint=f"Its first line names its columns: {', '.join(COLUMNS)}. All but “code” may be left out. "
            "It is text in UTF-8, with commas between the cells.",
        )
    return columns


def _in_lines(name: str, reader: Iterator[list[str]], columns: list[str], wish: Wish) -> Iterator[Row]:
    number = 1
    while True:
        number += 1
        place = f"{name}, row {number}"
        try:
            cells = next(reader, None)
            if cells is None:
                return
            if any(map(str.strip, cells)):
                yield _row(place, cells, columns, wish)
        except (csv.Error, UsageMistakeError) as error:
            known = error if isinstance(error, UsageMistakeError) else _no_csv(error)
            yield wish.unreadable(place, known)


def _no_csv(error: csv.Error) -> UsageMistakeError:
    return UsageMistakeError(f"This row is no CSV: {error}.", hint="Correct the row.")


def _row(place: str, cells: list[str], columns: list[str], wish: Wish) -> Row:
    if len(cells) > len(columns):
        raise UsageMistakeError(
            f"This row has {len(cells)} cells, and there are {len(columns)} columns.",
            hint="Put cells with commas into quotes.",
        )
    said = dict(zip(columns, map(str.strip, cells), strict=False))
    # An apostrophe is what spreadsheets and this program put before text that could be a formula.
    words = [word for word in _WORDS.split(said.get("licenses", "").removeprefix("'")) if word]
    va = said.get("va", "").removeprefix("'") or wish.va
    return Row(place, said.get("code", ""), va, _choice(words) if words else wish.choice)


def _choice(words: list[str]) -> "Choice | None":
    lines = tuple(word for word in words if word not in {_AS_REQUESTED, _UNIVERSAL})
    as_requested, universal = _AS_REQUESTED in words, _UNIVERSAL in words
    require_one_choice(lines, as_requested, universal)
    return choice_of(tag_counts(lines, "licenses"), as_requested, universal)
