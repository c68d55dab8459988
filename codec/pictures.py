"""Files of photos, screenshots and scans as grey pictures, within limits.

Scope: bytes of an image file to the pictures in it, each in at most about five megapixels.

Invariants:
    * Bytes, pixels and the memory that decoding takes are limited before anything is decoded, and formats to
      what cameras, scanners and screens write.
    * Errors of decoders leave as they are; `codec.scan` makes them `QrError`.

Not handled: PDF (`codec.pdfpages`), and what is in the pictures.
"""

from collections.abc import Iterator
from io import BytesIO
from math import isqrt
from typing import TYPE_CHECKING, Final

from codec.errors import QrError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

LARGEST_IMAGE: Final = 50_000_000
"""Pixels of one picture."""
LONGEST_SIDE: Final = 65_535
"""Pixels; as much as zxing-cpp takes."""
MOST_PICTURES: Final = 1_000
"""Pictures of one file: an animation, the pages of a scan."""
LARGEST_FILM: Final = 100_000_000
"""Pixels of all pictures of one file."""
LARGEST_DECODED: Final = 150_000_000
"""Bytes that decoding one picture takes, copies included."""
READ_AT: Final = 5_000_000
"""Pixels that the reader gets to see. More does not read better, and takes longer."""
_MOST_SCANS: Final = 100
"""Passes over a JPEG; progressive ones have about ten."""

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""A closed list: others (EPS, for one) start programs or are seldom tested."""
_FILMS: Final = frozenset(("PNG", "WEBP", "GIF", "TIFF"))
"""Formats whose further pictures count; in a JPEG they are previews and brightness maps of the same one."""
_CROP: Final = "Crop the image to the QR, or save it smaller."


def pictures(data: bytes) -> Iterator["Image"]:
    """Yield the pictures in an image file, in its order, grey and on white where it is transparent.

    Raises:
        QrError: When there is more than the limits allow.
        Exception: Whatever decoders raise for what is no image, or damaged.
    """
    import PIL.Image

    try:
        with PIL.Image.open(BytesIO(data), formats=_FORMATS) as image:
            _require_limits(image, data)
            yield _prepared(image)
            yield from _further(image)
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise _too_many_pixels() from None


def _further(image: "ImageFile") -> Iterator["Image"]:
    """Yield the pictures after the first.

    Raises:
        QrError: When there are too many.
    """
    if image.format not in _FILMS or not getattr(image, "is_animated", False):
        return
    seen, count = image.width * image.height, 1
    while _has_picture(image, count):
        seen, count = seen + image.width * image.height, count + 1
        if count > MOST_PICTURES or seen > LARGEST_FILM:
            raise QrError(
                f"The file holds more than {MOST_PICTURES:,} pictures, or more than"
                f" {LARGEST_FILM // 1_000_000} megapixels in all",
                hint="Cut it, or make its pictures smaller.",
            )
        _require_size(image)
        yield _prepared(image)


def _has_picture(image: "ImageFile", number: int) -> bool:
    try:
        image.seek(number)
    except EOFError:
        return False
    return True


def _require_limits(image: "ImageFile", data: bytes) -> None:
    _require_size(image)
    if image.format == "JPEG" and data.count(b"\xff\xda") > _MOST_SCANS:
        raise QrError(
            f"The JPEG is made of more than {_MOST_SCANS} passes",
            hint="Save it again, as a plain JPEG or PNG.",
        )


def _require_size(image: "ImageFile") -> None:
    pixels = image.width * image.height
    if pixels > LARGEST_IMAGE or max(image.size) > LONGEST_SIDE:
        raise _too_many_pixels()
    if pixels * _bytes_of_a_pixel(image) > LARGEST_DECODED:
        raise QrError(
            f"Decoding the image would take more than {LARGEST_DECODED // 1_000_000} MB: it has"
            f" {pixels // 1_000_000} megapixels in colour",
            hint=f"{_CROP} A JPEG may be larger.",
        )


def _bytes_of_a_pixel(image: "ImageFile") -> float:
    """Return what Pillow and the decoders below it hold for each pixel, as `_prepared` calls them."""
    if image.format in {"JPEG", "MPO"}:
        return _coefficients(image) if "progressive" in image.info else 1
    if image.format == "WEBP":
        return 12  # two canvases of the decoder, and Pillow's own
    plain = 1 if image.mode in {"1", "L", "P"} and not image.has_transparency_data else 4
    copies = 3 if image.has_transparency_data else 1
    strips = plain if image.format == "TIFF" else 0
    canvas = 4 if image.format == "GIF" else 0
    return plain + copies + strips + canvas


def _coefficients(image: "ImageFile") -> float:
    """Return how many bytes of coefficients libjpeg keeps of a progressive picture, for each pixel."""
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    finest = max((across * down for _, across, down, _ in layers), default=1)
    return 2 * sum(across * down for _, across, down, _ in layers) / max(1, finest)


def _too_many_pixels() -> QrError:
    return QrError(
        f"The image has more than the {LARGEST_IMAGE // 1_000_000} megapixels, or {LONGEST_SIDE:,} pixels a"
        " side, that are read",
        hint=_CROP,
    )


def _prepared(image: "ImageFile") -> "Image":
    """Decode a picture to grey, at about five megapixels or less."""
    size = smaller(*image.size, READ_AT)
    image.draft("L", size)  # lets a JPEG be decoded small and grey at once
    grey = _grey(image)
    return grey if grey.size == size else grey.resize(size, reducing_gap=2.0)


def smaller(width: int, height: int, most: int) -> tuple[int, int]:
    """Return the size of a picture of at most so many pixels; at least one a side, for the longest strip."""
    pixels = width * height
    if pixels <= most:
        return width, height
    return max(1, isqrt(width * width * most // pixels)), max(1, isqrt(height * height * most // pixels))


def _grey(image: "Image") -> "Image":
    from PIL.Image import new

    if image.has_transparency_data:
        layered = image if image.mode in {"LA", "RGBA"} else image.convert("RGBA")
        paper = new("L", image.size, 255)
        paper.paste(layered.convert("L"), mask=layered.getchannel("A"))
        return paper
    if image.mode.startswith("I"):
        # Sixteen bits a pixel, as some scanners write; a plain conversion would clip them.
        return image.point(lambda level: level * (1 / 256)).convert("L")
    return image.convert("L")
