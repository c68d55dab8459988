"""A release sheet as text: plain ASCII, at most 80 columns but for the QR, for any printer.

Every line that begins in one of the first columns is the sheet's own; whatever comes from a code stands in
quotes, or in digits, right of the labels.
"""

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from cli.release_sheet import CONSENT, SIGNED_BY, Sheet
from codec import qr
from codec.grouping import grouped

if TYPE_CHECKING:
    from codec.disclosure import Section

WIDTH = 80
WIDEST_QR = 132
"""Columns of the QR at most: a sheet of A4 takes them in small type."""

_LABELS = 15
_BITS = 16


def rendered(sheet: Sheet, screen: int | None = None) -> str:
    """Return the sheet, without a newline at its end.

    Args:
        sheet: What stands on it.
        screen: Columns of the screen that it is shown on; None for paper and files.
    """
    lines = [sheet.title.upper(), "=" * WIDTH, "", *_wrapped(sheet.about, ""), ""]
    for label, value in sheet.head:
        lines += _labelled(label, value, 0)
    lines += ["", "EVERY FIELD, as it is in the code", "-" * WIDTH]
    for number, section in enumerate(sheet.sections, start=1):
        lines += ["", *_section(number, section)]
    lines += ["", *_wrapped(sheet.sum, "")]
    for heading, words in sheet.remarks:
        lines += ["", heading.upper(), "-" * WIDTH, *_wrapped(words, "")]
    lines += ["", "THE CODE, in numbered lines of groups", "-" * WIDTH, grouped(sheet.code), ""]
    lines += [
        "RELEASE",
        "-" * WIDTH,
        CONSENT,
    ]
    for label in SIGNED_BY:
        lines += ["", f"{label:<{_LABELS}}{'_' * (WIDTH - _LABELS - 20)}"]
    return "\n".join((*lines, "", *qr_lines(sheet.code, screen)))


def _section(number: int, section: "Section") -> Iterator[str]:
    head = f"{number:>2}. {section.label}"
    yield f"{head:<{WIDTH - _BITS}}{f'{section.bits:,.1f} bits':>{_BITS}}"
    several = len(section.fields) > 1
    if not section.rows:
        yield from _labelled("Raw value", "none", 4)
    for place, row in enumerate(section.rows, start=1):
        names = [f"{meaning.label} " if several else "" for _, meaning in section.fields]
        listed = f"{place}. " if section.is_list else ""
        raw = listed + "; ".join(name + value for name, value in zip(names, row, strict=True))
        yield from _labelled("" if place > 1 else "Raw value", raw, 4)
    for _, meaning in section.fields:
        name = f"{meaning.label}: " if several else ""
        yield from _labelled("Says", name + meaning.says, 4)
        yield from _labelled("Reveals", name + meaning.reveals, 4)


def _labelled(label: str, value: str, indent: int) -> Iterator[str]:
    begins = f"{'':{indent}}{label:<{_LABELS - indent}}"
    first, *rest = _wrapped(value, "", width=WIDTH - _LABELS) or [""]
    yield f"{begins}{first}"
    for line in rest:
        yield f"{'':{_LABELS}}{line}"


def _wrapped(text: str, indent: str, *, width: int = WIDTH) -> list[str]:
    return wrap(
        text.encode("ascii", "backslashreplace").decode(),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def qr_lines(code: str, screen: int | None) -> Iterator[str]:
    """Yield the QR of a code in plain characters, without its white edge: the paper is white.

    Args:
        code: The code.
        screen: Columns of the screen that it is shown on; None for paper and files.
    """
    place, most = ("paper", WIDEST_QR) if screen is None else ("this screen", screen)
    edge = qr.QUIET_ZONE
    rows = [row[2 * edge : -2 * edge].rstrip() for row in qr.ascii_art(code).split("\n")[edge:-edge]]
    columns = 2 * len(rows)
    yield "THE SAME CODE AS A QR"
    yield "-" * WIDTH
    if columns > most:
        yield from _wrapped(
            f"It would be {columns} columns wide, too wide for {place}. Use the sheet that --html makes, or "
            "tallystick code qr --svg F.",
            "",
        )
        return
    yield from _wrapped(
        f"{columns} columns wide: print this part in small type, so that no line is broken, and keep white "
        "paper around it. The sheet that --html makes has it as a drawing.",
        "",
    )
    yield from ("", *rows)
