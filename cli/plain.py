"""Text that is safe to show, and plain tables.

Scope: `safe` makes any text printable on one line; everything that came from a code, a file, a database or a
command line goes through it before it is shown. `Screen` in `cli.session` applies it once more to each line
that it writes, so that a forgotten call cannot let an escape sequence through.

Not handled: characters that look like others; nothing here decides on what a text looks like.
"""

from collections.abc import Collection, Sequence

LONGEST = 400
"""Characters of one piece of foreign text that are shown."""


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


def table(head: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[str] = ()) -> str:
    """Return aligned columns, two spaces apart, with a head; no line has blanks at its end.

    Args:
        head: Names of the columns.
        rows: Cells, each made safe here.
        right: Names of the columns that are aligned to the right (counts).
    """
    cells = [tuple(head), *(tuple(safe(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    to_the_right = [name in right for name in head]
    lines = (
        "  ".join(
            cell.rjust(width) if right_hand else cell.ljust(width)
            for cell, width, right_hand in zip(row, widths, to_the_right, strict=True)
        ).rstrip()
        for row in cells
    )
    return "\n".join(lines)


def labelled(pairs: Sequence[tuple[str, object]]) -> str:
    """Return lines of ``label   value``, values aligned; a pair without a value is left out."""
    shown = [(label, safe(value)) for label, value in pairs if value is not None and value != ""]
    width = max((len(label) for label, _ in shown), default=0)
    return "\n".join(f"{label:<{width}}  {value}" for label, value in shown)


def counted(count: int, one: str, many: str = "") -> str:
    """Return ``1 line`` or ``3 lines``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
