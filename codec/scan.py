"""QR symbols in photos, screenshots and PDF, read with the extra ``scan``.

Scope: bytes of a file to the texts of the QR symbols in its pictures or pages. A picture in which nothing is
read at first is prepared in a few more ways, each of which reads what the others do not
(`benchmarks/scanning.py`).

Invariants:
    * Size and pixels are limited before anything is decoded (`codec.pictures`, `codec.pdfpages`), and so are
      the tries.
    * Whatever the bytes, the only error is ``QrError``.

Not handled: what the texts mean; they are as untrusted as a paste.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codec.errors import QrError
from codec.pdfpages import is_pdf, pages
from codec.pictures import pictures, smaller

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_FILE: Final = 20_000_000
"""Bytes."""
MOST_HARD_PICTURES: Final = 5
"""Pictures of one file that are looked at again when nothing was read in them."""
_HARD_AT: Final = 2_000_000
"""Pixels at which that is done."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol that was read: its text, and the page or picture of the file that shows it, from 1."""

    text: str
    page: int = 1


def read_image(data: bytes) -> tuple[str, ...]:
    """Return the different texts of the QR symbols in a file, as `read_symbols` finds them.

    Raises:
        QrError: As there.
    """
    return tuple(dict.fromkeys(symbol.text for symbol in read_symbols(data)))


def read_symbols(data: bytes) -> tuple[Symbol, ...]:
    """Return the QR symbols in all pictures of a file, as `read_pages` finds them.

    Raises:
        QrError: As there.
    """
    return tuple(symbol for symbols in read_pages(data) for symbol in symbols)


def read_pages(data: bytes) -> Iterator[tuple[Symbol, ...]]:
    """Read the QR symbols in the pictures of a file, one picture after the other.

    Args:
        data: A PNG, JPEG, WebP, GIF, BMP, TIFF or PDF file of at most 20 MB. All frames of an animation and
            all pages are read, within the limits of `codec.pictures` and `codec.pdfpages`.

    Yields:
        The symbols of each picture, perhaps none, from its top to its bottom.

    Raises:
        QrError: No such file, too large, damaged, encrypted, or the extra ``scan`` is not installed.
    """
    try:
        import PIL.Image  # noqa: F401 - as is this
        import zxingcpp  # noqa: F401 - found missing before anything is read
    except ImportError:
        raise QrError(
            "Reading a QR from an image needs the libraries zxing-cpp and Pillow, which are not installed",
            hint="Install them with: pip install 'tallystick[scan]', or type or paste the code.",
        ) from None
    if len(data) > LARGEST_FILE:
        raise QrError(
            f"The image file has {len(data):,} bytes, more than the {LARGEST_FILE:,} that are read",
            hint="Crop the image to the QR, or save it smaller.",
        )
    try:
        yield from _symbols(pages(data) if is_pdf(data) else pictures(data))
    except QrError:
        raise
    except Exception as error:
        # Decoders answer damaged and hostile files with every kind of error (OSError, SyntaxError,
        # struct.error, MemoryError …); for the caller all of them are one: not an image.
        raise _no_image(data) from error


def _no_image(data: bytes) -> QrError:
    if data[4:8] == b"ftyp":
        return QrError(
            "This file is a HEIC or AVIF picture, or a video, which are not read here",
            hint="Save it as JPEG or PNG, or send the photo by mail, which converts it on most telephones.",
        )
    return QrError(
        "This file is no image that can be read, or it is damaged",
        hint="Give a PNG, JPEG, WebP, GIF, BMP, TIFF or PDF file.",
    )


def _symbols(shown: Iterator["Image"]) -> Iterator[tuple[Symbol, ...]]:
    hard = 0
    for page, picture in enumerate(shown, start=1):
        texts = texts_in(picture)
        if not texts and hard < MOST_HARD_PICTURES:
            hard += 1
            texts = hard_texts_in(picture)
        yield tuple(Symbol(text, page) for text in texts)


def texts_in(picture: "Image") -> tuple[str, ...]:
    """Read the symbols of a grey picture as it is: turned, mirrored, or light on dark."""
    from zxingcpp import TextMode, barcode_formats_from_str, read_barcodes

    found = read_barcodes(picture, formats=barcode_formats_from_str("QRCode"), text_mode=TextMode.Plain)
    places = sorted(found, key=lambda symbol: (symbol.position.top_left.y, symbol.position.top_left.x))
    return tuple(symbol.text for symbol in places if symbol.valid)


def hard_texts_in(picture: "Image") -> tuple[str, ...]:
    """Read the symbols of a picture in which none was read as it is, in one way after the other."""
    size = smaller(*picture.size, _HARD_AT)
    small = picture if picture.size == size else picture.resize(size, reducing_gap=2.0)
    return next(filter(None, (texts_in(prepare(small)) for prepare in PREPARATIONS.values())), ())


def _evened(picture: "Image") -> "Image":
    """Smooth it, and show each pixel against its surroundings: for noise, glare and a pale print."""
    from PIL.ImageChops import subtract
    from PIL.ImageFilter import BoxBlur, GaussianBlur

    smooth = picture.filter(GaussianBlur(2))
    return subtract(smooth, smooth.filter(BoxBlur(25)), scale=1 / 6, offset=128)


def _closed(picture: "Image") -> "Image":
    """Fill dark lines of up to four pixels: for the gaps of terminals and the grid of a screen."""
    from PIL.ImageChops import darker, lighter
    from PIL.ImageFilter import GaussianBlur

    for pick in (lighter, darker):
        for across, down in ((1, 0), (0, 1)):
            picture = _spread(picture, pick, across, down)
    return picture.filter(GaussianBlur(1))


def _spread(picture: "Image", pick: "Callable[[Image, Image], Image]", across: int, down: int) -> "Image":
    """Give each pixel the lightest, or darkest, of the five around it in one direction."""
    from PIL.ImageChops import offset

    spread = picture
    for reach in (-2, -1, 1, 2):
        spread = pick(spread, offset(picture, across * reach, down * reach))
    return spread


def _sharpened(picture: "Image") -> "Image":
    """Sharpen it: for a camera that was out of focus, or far away."""
    from PIL.ImageFilter import UnsharpMask

    return picture.filter(UnsharpMask(3, 300, 0))


PREPARATIONS: "Final[Mapping[str, Callable[[Image], Image]]]" = {
    "evened": _evened,
    "closed": _closed,
    "sharpened": _sharpened,
}
"""By name, in the order in which they are tried: the one that reads most goes first."""
