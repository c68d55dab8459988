"""Text that is safe to show, and plain tables that fit a screen.

Scope: `safe` makes any text printable on one line; everything that came from a code, a file, a database or a
command line goes through it before it is shown. `Screen` in `cli.session` applies it once more to each line
that it writes, so that a forgotten call cannot let an escape sequence through.

Not handled: characters that look like others; nothing here decides on what a text looks like.
"""

import re
from collections.abc import Collection, Iterator, Sequence

LONGEST = 400
"""Characters of one piece of foreign text that are shown."""

_NARROW = 30
_INDENT = 4
# A command of this program with its options, as sentences name it: it is copied, so it stays on one line.
_COMMAND = r"tallystick(?: [a-z]+){1,3}(?: (?:--?[a-z]+(?:-[a-z]+)*|[A-Z][A-Z=N]*))*"


def safe(text: object, longest: int = LONGEST) -> str:
    r"""Return a text on one line in which nothing can steer a terminal or change the reading order.

    Control characters, direction marks, zero-width characters, lone surrogates and unassigned code points
    are written as ``\x1b`` or ``\u202e``. A long text is cut, with an ellipsis at its end.
    """
    given = str(text)
    shown = given if len(given) <= longest else given[: longest - 1] + "…"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else _escaped(c) for c in shown)


def _escaped(character: str) -> str:
    code = ord(character)
    if character in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def sentence(text: str) -> str:
    """Return a message on one safe line, with a full stop where it has no end."""
    shown = safe(text.strip(), 2000)
    return shown if shown.endswith((".", "!", "?", ":", "…")) or not shown else f"{shown}."


def wrapped(text: str, width: int | None, *, indent: int = 0) -> str:
    """Break a line at blanks so that it fits a screen; commands of this program are kept whole.

    Args:
        text: One line, safe already.
        width: Columns of the screen; None where there is none, and then nothing is broken.
        indent: Columns before the second line and all that follow.
    """
    if width is None or len(text) <= width or width - indent < _NARROW:
        return text
    from textwrap import wrap  # only for what is too long

    lead = len(text) - len(text.lstrip(" "))
    whole = re.sub(_COMMAND, lambda command: command[0].replace(" ", "\xa0"), text.lstrip(" "))
    lines = wrap(
        whole,
        # So that a blank fits behind a question, and no terminal makes an empty line of its own.
        width - 1,
        initial_indent=" " * lead,
        subsequent_indent=" " * (lead + indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(line.replace("\xa0", " ") for line in lines)


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    right: Collection[str] = (),
    *,
    width: int | None = None,
) -> str:
    """Return aligned columns, two spaces apart, with a head; no line has blanks at its end.

    Args:
        head: Names of the columns.
        rows: Cells, each made safe here.
        right: Names of the columns that are aligned to the right (counts).
        width: Columns of the screen. A row that is wider goes on in a second line, indented, and so does the
            head: the counts stand together there. None: one line a row, for whatever reads it.
    """
    cells = [tuple(head), *(tuple(safe(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    to_the_right = [name in right for name in head]
    bands = tuple(_bands(widths, to_the_right, width))
    return "\n".join(
        " " * (_INDENT * (number > 0)) + _line(row, widths, to_the_right, band)
        for row in cells
        for number, band in enumerate(bands)
    )


def _line(
    row: Sequence[str], widths: Sequence[int], to_the_right: Sequence[bool], band: Sequence[int]
) -> str:
    return "  ".join(
        row[column].rjust(widths[column]) if to_the_right[column] else row[column].ljust(widths[column])
        for column in band
    ).rstrip()


def _bands(
    widths: Sequence[int], to_the_right: Sequence[bool], most: int | None
) -> Iterator[tuple[int, ...]]:
    """Yield the columns of each line that a row is written in: one, where it fits."""
    if most is None or sum(widths) + 2 * (len(widths) - 1) <= most:
        yield tuple(range(len(widths)))
        return
    counts_begin = to_the_right.index(True) if True in to_the_right else 0
    band: list[int] = []
    used = 0
    for column, width in enumerate(widths):
        if band and (used + 2 + width > most or column == counts_begin):
            yield tuple(band)
            band, used = [], _INDENT - 2
        band.append(column)
        used += width + 2 * (used > 0)
    yield tuple(band)


def labelled(pairs: Sequence[tuple[str, object]], *, width: int | None = None) -> str:
    """Return lines of ``label   value``, values aligned; a pair without a value is left out.

    Args:
        pairs: Labels and values; values are made safe here.
        width: Columns of the screen; a longer value goes on below its beginning.
    """
    shown = [(label, safe(value)) for label, value in pairs if value is not None and value != ""]
    column = max((len(label) for label, _ in shown), default=0)
    return "\n".join(
        wrapped(f"{label:<{column}}  {value}", width, indent=column + 2) for label, value in shown
    )


def counted(count: int, one: str, many: str = "") -> str:
    """Return ``1 line`` or ``3 lines``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
