"""Sheets: the frames of a bundle as one document of HTML to print, with what to do with it.

Scope: one self-contained document, no script, nothing loaded from anywhere. Sheets of paper are laid out one
by one, so that each says its number and no symbol is cut; they fit A4 and US Letter, upright.

Not handled: words from outside. Everything on a sheet is made here, and of the codes only their frames.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from codec.frames import Frame
from codec.qr import QUIET_ZONE, svg, version_of


class _Grid(NamedTuple):
    """How symbols stand on paper: how many a row, rows on the first sheet and others, millimetres a side."""

    columns: int
    first_rows: int
    rows: int
    side: int


_GRIDS: Final = (
    (65, _Grid(columns=4, first_rows=4, rows=5, side=43)),
    (117, _Grid(columns=3, first_rows=3, rows=4, side=55)),
    (185, _Grid(columns=2, first_rows=2, rows=2, side=88)),
)
"""By the most modules a side, quiet zone included: none is printed smaller than 0.47 mm."""

_STYLE: Final = """\
@page { margin: 10mm }
* { box-sizing: border-box }
html { font: 10pt/1.35 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; color: #000; background: #fff }
body { margin: 0 auto; width: 188mm }
section { break-after: page; height: 255mm; display: flex; flex-direction: column }
section:last-child { break-after: auto }
header { height: 54mm }
h1 { font-size: 18pt; margin: 0 0 1mm }
header p { margin: 0 0 1.5mm }
ol { margin: 0; padding-left: 5mm }
code { font-family: "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace; font-size: 9.5pt }
.frames { flex: 1; display: grid; align-content: start; justify-content: space-between; row-gap: 1mm }
figure { margin: 0; break-inside: avoid }
figure svg { display: block; width: 100%; height: auto }
figcaption { text-align: center; font-weight: bold; line-height: 4.5mm }
footer { border-top: 0.3mm solid #000; padding-top: 1mm; display: flex; justify-content: space-between;
  font-size: 8.5pt }
@media screen { section { margin: 8mm auto } }
"""


def sheet(frames: Sequence[Frame], *, codes: int) -> str:
    """Write the document.

    Args:
        frames: All frames of a bundle, in their order.
        codes: How many codes the bundle holds.

    Raises:
        QrError: A frame is too long for a QR.
    """
    grid = _grid(frames[0])
    pages = tuple(_pages(frames, grid))
    sections = "".join(
        f"<section>\n{_header(frames[0], codes) if number == 1 else ''}{_figures(page)}"
        f"{_footer(page, number, len(pages))}</section>\n"
        for number, page in enumerate(pages, start=1)
    )
    columns = f".frames {{ grid-template-columns: repeat({grid.columns}, {grid.side}mm) }}\n"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_title(codes)}</title>\n<style>\n{_STYLE}{columns}</style>\n</head>\n"
        f"<body>\n{sections}</body>\n</html>\n"
    )


def _grid(frame: Frame) -> _Grid:
    modules = 4 * version_of(frame.text) + 17 + 2 * QUIET_ZONE
    return next(grid for most, grid in _GRIDS if modules <= most)


def _pages(frames: Sequence[Frame], grid: _Grid) -> Iterator[Sequence[Frame]]:
    start, rows = 0, grid.first_rows
    while start < len(frames):
        yield frames[start : start + rows * grid.columns]
        start += rows * grid.columns
        rows = grid.rows


def _title(codes: int) -> str:
    return f"Tallystick: a bundle of {codes:,} code{'s' * (codes != 1)}"


def _header(frame: Frame, codes: int) -> str:
    needed, total = frame.of.needed, frame.of.total
    enough = f"any {needed} of them are enough" if needed < total else "all of them are needed"
    return (
        f"<header>\n<h1>{_title(codes)}</h1>\n"
        f"<p>{total} QR symbols, called frames, carry the codes together: {enough}, in any order.</p>\n"
        "<ol>\n"
        "<li>Photograph or scan these pages, whole or frame by frame: sharp, flat, in even light.</li>\n"
        "<li>Where the codes are needed, run <code>tallystick code scan PICTURE…</code> with all pictures at "
        "once. It prints the codes, one a line, or says which frames are still missing.</li>\n"
        "<li>Without a camera on that machine, read the frames with any QR reader, put their texts into a "
        "file, one a line, and run <code>tallystick code unbundle --file FILE</code>.</li>\n"
        "</ol>\n</header>\n"
    )


def _figures(frames: Sequence[Frame]) -> str:
    figures = "".join(
        f"<figure>{svg(frame.text).strip()}"
        f"<figcaption>{frame.number} of {frame.of.total}</figcaption></figure>\n"
        for frame in frames
    )
    return f'<div class="frames">\n{figures}</div>\n'


def _footer(frames: Sequence[Frame], page: int, pages: int) -> str:
    first, last = frames[0], frames[-1]
    return (
        f"<footer><span>Bundle {first.of.tag.hex()}</span>"
        f"<span>Frames {first.number} to {last.number} of {first.of.total}</span>"
        f"<span>Page {page} of {pages}</span></footer>\n"
    )
