"""QR symbols of a code: for a terminal, as plain text, as SVG, as PNG.

Scope: drawing. A symbol holds the unbroken code, in alphanumeric mode, at error level M, with the quiet zone
of four modules that the standard asks for.

Invariants:
    * Dark modules are black on a white ground in every coloured form, whatever the colours around it.
    * Importing this module imports no drawing library; each function imports what it needs.

Not handled: what does not fit one symbol, and reading (``codec.scan``).

Source: ISO/IEC 18004:2015; qrcode does the encoding.
"""

from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Final

from codec.alphabet import LONGEST_CODE, to_number
from codec.errors import MalformedCodeError, QrError

if TYPE_CHECKING:
    from qrcode.main import QRCode

QUIET_ZONE: Final = 4
"""Modules of white around the symbol."""
PNG_PIXELS_PER_MODULE: Final = 8

_Matrix = tuple[tuple[bool, ...], ...]
"""Rows of modules, the quiet zone included; True is dark."""

# Entries 16 and 231 of the 256-colour palette are pure black and pure white everywhere. The 16 basic colours
# are up to the user's theme, and terminals without 24-bit colours print rubbish for those.
_FOREGROUND: Final = {False: "38;5;231", True: "38;5;16"}
_BACKGROUND: Final = {False: "48;5;231", True: "48;5;16"}
_RESET: Final = "\x1b[0m"


def terminal(code: str) -> str:
    """Draw the symbol with half blocks, two modules a cell, for a terminal that knows 256 colours.

    Both halves of each cell have an explicit colour, so that neither the theme nor the line spacing of the
    terminal breaks the symbol for a camera.

    Returns:
        Lines that each end with colours reset, without a newline at the end.

    Raises:
        QrError: The text is no code.
    """
    rows = _matrix(code)
    light = (False,) * len(rows)
    lower_rows = (*rows[1::2], light)
    return "\n".join(_half_blocks(upper, lower) for upper, lower in zip(rows[::2], lower_rows, strict=True))


def _half_blocks(upper: tuple[bool, ...], lower: tuple[bool, ...]) -> str:
    runs = (
        f"\x1b[{_FOREGROUND[top]};{_BACKGROUND[bottom]}m" + "\u2580" * len(tuple(cells))
        for (top, bottom), cells in groupby(zip(upper, lower, strict=True))
    )
    return "".join(runs) + _RESET


def ascii_art(code: str) -> str:
    """Draw the symbol as plain text: ``##`` for a dark module, two spaces for a light one.

    On a terminal with a dark ground that is a negative, which not every camera reads.

    Returns:
        Lines of equal length, without a newline at the end.

    Raises:
        QrError: The text is no code.
    """
    return "\n".join("".join("##" if dark else "  " for dark in row) for row in _matrix(code))


def svg(code: str) -> str:
    """Draw the symbol as an SVG document, one millimetre a module, that can also stand inside HTML.

    Raises:
        QrError: The text is no code.
    """
    rows = _matrix(code)
    size = len(rows)
    path = "".join(_bars(row, top) for top, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}mm" height="{size}mm"'
        f' viewBox="0 0 {size} {size}" role="img" aria-label="QR code" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}" fill="#000"/></svg>\n'
    )


def _bars(row: tuple[bool, ...], top: int) -> str:
    """Write the dark runs of one row as rectangles of path data."""
    bars = []
    left = 0
    for dark, modules in groupby(row):
        width = len(tuple(modules))
        if dark:
            bars.append(f"M{left} {top}h{width}v1h-{width}z")
        left += width
    return "".join(bars)


def png(code: str) -> bytes:
    """Draw the symbol as a black-and-white PNG file, eight pixels a module.

    Raises:
        QrError: The text is no code, or Pillow (the extra ``images``) is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise QrError(
            "A PNG image needs the library Pillow, which is not installed",
            hint="Install it with: pip install 'tallystick[images]' (--svg works without it).",
        ) from None
    rows = _matrix(code)
    size = len(rows)
    grey = bytes(0 if dark else 255 for row in rows for dark in row)
    pixels = PNG_PIXELS_PER_MODULE * size
    image = Image.frombytes("L", (size, size), grey).convert("1", dither=Image.Dither.NONE)
    file = BytesIO()
    image.resize((pixels, pixels), Image.Resampling.NEAREST).save(file, "PNG", optimize=True)
    return file.getvalue()


def version_of(code: str) -> int:
    """Give the version, 1 to 40, of the symbol: it has ``4 * version + 17`` modules a side.

    Raises:
        QrError: The text is no code.
    """
    version: int = _symbol(code).version
    return version


def room_of(version: int) -> int:
    """Give the characters that a symbol of a version, 1 to 40, holds (alphanumeric, error level M)."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.util import BIT_LIMIT_TABLE, MODE_ALPHA_NUM, length_in_bits

    bits: int = BIT_LIMIT_TABLE[ERROR_CORRECT_M][version] - 4 - length_in_bits(MODE_ALPHA_NUM, version)
    # Two characters take eleven bits, one left over takes six.
    return bits // 11 * 2 + (bits % 11 >= 6)


def modules(code: str) -> _Matrix:
    """Give the modules of the symbol, row by row, True for dark, the quiet zone included.

    Raises:
        QrError: The text is no code.
    """
    return _matrix(code)


def _symbol(code: str) -> "QRCode[None]":
    """Encode a code as one alphanumeric segment, the version fitted, nothing drawn yet."""
    try:
        to_number(code)
    except MalformedCodeError as error:
        raise QrError(error.message, hint=error.hint) from None
    if not 0 < len(code) <= LONGEST_CODE:
        raise QrError(
            f"A text of {len(code):,} characters is no code: it has 1 to {LONGEST_CODE:,}",
            hint="Give one whole code.",
        )
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.main import QRCode
    from qrcode.util import MODE_ALPHA_NUM, QRData

    symbol = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    # A ready segment: left to itself, qrcode cuts out long runs of digits and takes other modes for them.
    symbol.add_data(QRData(code, mode=MODE_ALPHA_NUM))
    return symbol


def _matrix(code: str) -> _Matrix:
    """Draw the symbol with the mask that the standard's penalties prefer.

    qrcode's own choice leaves the format information out of the count, and is not the best in two of five
    symbols; so every mask is drawn whole and counted here.
    """
    from qrcode.util import lost_point

    symbol = _symbol(code)
    symbol.best_fit()

    def penalty(mask: int) -> int:
        symbol.makeImpl(False, mask)
        points: int = lost_point(symbol.modules)
        return points

    symbol.makeImpl(False, min(range(8), key=penalty))
    return tuple(tuple(bool(dark) for dark in row) for row in symbol.get_matrix())
