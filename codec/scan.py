"""QR symbols in photos and screenshots, read with the extra ``scan``.

Scope: bytes of an image file to the texts of the QR symbols in it.

Invariants:
    * Size and pixels are limited before anything is decoded, and formats to what cameras, scanners and
      screens write.
    * Whatever the bytes, the only error is ``QrError``.

Not handled: what the texts mean; they are as untrusted as a paste.
"""

from dataclasses import dataclass
from io import BytesIO
from math import isqrt
from typing import TYPE_CHECKING, Final

from codec.errors import QrError

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_FILE: Final = 20_000_000
"""Bytes."""
LARGEST_IMAGE: Final = 50_000_000
"""Pixels."""
LONGEST_SIDE: Final = 65_535
"""Pixels; as much as zxing-cpp takes."""
_READ_AT: Final = 5_000_000
"""Pixels that the reader gets to see. More does not read better, and takes longer."""
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""A closed list: others (EPS, for one) start programs or are seldom tested."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol that was read: its text, and the page or picture of the file that holds it, from 1."""

    text: str
    page: int = 1


def read_image(data: bytes) -> tuple[str, ...]:
    """Return the different texts of the QR symbols in an image, as `read_symbols` finds them.

    Raises:
        QrError: As there.
    """
    return tuple(dict.fromkeys(symbol.text for symbol in read_symbols(data)))


def read_symbols(data: bytes) -> tuple[Symbol, ...]:
    """Read every QR symbol in an image.

    Args:
        data: A PNG, JPEG, WebP, GIF, BMP or TIFF file of at most 20 MB, 50 megapixels and 65,535
            pixels a side; of several pictures in it, the first.

    Returns:
        The symbols found, perhaps none.

    Raises:
        QrError: No such image, too large, damaged, or the extra ``scan`` is not installed.
    """
    try:
        import PIL.Image
        import zxingcpp
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
    kinds = zxingcpp.barcode_formats_from_str("QRCode")
    try:
        with PIL.Image.open(BytesIO(data), formats=_FORMATS) as image:
            _check_pixels(*image.size)
            found = zxingcpp.read_barcodes(_prepared(image), formats=kinds, text_mode=zxingcpp.TextMode.Plain)
    except QrError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception as error:
        # Decoders answer damaged and hostile files with every kind of error (OSError, SyntaxError,
        # struct.error, MemoryError …); for the caller all of them are one: not an image.
        raise QrError(
            "This file is no image that can be read, or it is damaged",
            hint="Give a PNG, JPEG, WebP, GIF, BMP or TIFF file.",
        ) from error
    return tuple(Symbol(symbol.text) for symbol in found if symbol.valid)


def _check_pixels(width: int, height: int) -> None:
    if width * height > LARGEST_IMAGE or max(width, height) > LONGEST_SIDE:
        raise _too_many_pixels()


def _too_many_pixels() -> QrError:
    return QrError(
        f"The image has more than the {LARGEST_IMAGE // 1_000_000} megapixels, or {LONGEST_SIDE:,} pixels a"
        " side, that are read",
        hint="Crop the image to the QR, or save it smaller.",
    )


def _prepared(image: "Image") -> "Image":
    """Decode an image to grey, on white where it is transparent, at about five megapixels or less."""
    width, height = image.size
    if width * height > _READ_AT:
        # The exact scale in integers; at least one pixel a side, for the longest strip.
        width, height = (
            max(1, isqrt(side * side * _READ_AT // (image.width * image.height))) for side in image.size
        )
    image.draft("L", (width, height))  # lets a JPEG be decoded small and grey at once
    grey = _grey(image)
    return grey if grey.size == (width, height) else grey.resize((width, height), reducing_gap=2.0)


def _grey(image: "Image") -> "Image":
    if image.has_transparency_data:
        layered = image.convert("LA")
        paper = layered.getchannel("L").point(lambda _: 255)
        paper.paste(layered.getchannel("L"), mask=layered.getchannel("A"))
        return paper
    if image.mode.startswith("I"):
        # Sixteen bits a pixel, as some scanners write; a plain conversion would clip them.
        return image.point(lambda level: level * (1 / 256)).convert("L")
    return image.convert("L")
