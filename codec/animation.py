"""Animations of QR symbols: one picture after the other, as GIF or APNG.

Scope: drawing. All symbols have the same size, which those of one bundle's frames have by themselves.

Invariants:
    * Pictures are black and white, without loss, and every one is shown for the same time, for ever.

Not handled: what the symbols hold (`codec.frames`), and animations on a terminal, which need a clock (`cli`).
"""

from collections.abc import Sequence
from io import BytesIO
from math import isqrt
from typing import TYPE_CHECKING, Final, Literal

from codec.errors import QrError
from codec.qr import modules

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PIXELS: Final = 640
"""What a picture has at most, where its modules allow: phones read it, and files stay small."""
MOST_PIXELS: Final = 150_000_000
"""Of all pictures together, so that readers with limits take the file."""
_MOST_PIXELS_PER_MODULE: Final = 8
_FEWEST_PIXELS_PER_MODULE: Final = 3


def animated(codes: Sequence[str], *, milliseconds: int, form: Literal["GIF", "APNG"]) -> bytes:
    """Draw codes one after the other, in the order given.

    Args:
        codes: One or more, all with symbols of one size.
        milliseconds: How long each is shown.
        form: The format of the file.

    Raises:
        QrError: A text is no code, or Pillow (the extra ``images``) is not installed.
    """
    try:
        import PIL.Image  # noqa: F401 - asked for here, to say which extra brings it
    except ImportError:
        raise QrError(
            "An animation needs the library Pillow, which is not installed",
            hint="Install it with: pip install 'tallystick[images]' (a sheet to print works without it).",
        ) from None
    most = min(SIDE_PIXELS, isqrt(MOST_PIXELS // len(codes)))
    first, *others = (_picture(code, most) for code in codes)
    file = BytesIO()
    first.save(
        file,
        "GIF" if form == "GIF" else "PNG",
        save_all=True,
        append_images=others,
        duration=milliseconds,
        loop=0,
        optimize=form == "GIF",
    )
    return file.getvalue()


def _picture(code: str, most: int) -> "Image":
    from PIL import Image

    rows = modules(code)
    side = len(rows)
    scale = min(max(most // side, _FEWEST_PIXELS_PER_MODULE), _MOST_PIXELS_PER_MODULE)
    grey = bytes(0 if dark else 255 for row in rows for dark in row)
    image = Image.frombytes("L", (side, side), grey).convert("1", dither=Image.Dither.NONE)
    return image.resize((scale * side, scale * side), Image.Resampling.NEAREST)
