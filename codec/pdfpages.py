"""Pages of a PDF as grey pictures, drawn by PDFium.

Scope: bytes of a PDF to its pages, at 200 dots an inch, or at fewer where a page is large.

Invariants:
    * The number of pages is limited before the first is drawn, and the pixels of each by its own size.
    * Nothing in the file is run or fetched: no scripts, forms or links.

Not handled: time and memory that PDFium takes inside. A program that reads what it does not trust does so in
a process of its own with limits (`cli.reader`).
"""

from collections.abc import Iterator
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Final

from codec.errors import QrError
from codec.pictures import LONGEST_SIDE, READ_AT

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfiumError

MOST_PAGES: Final = 200
_DOTS_AN_INCH: Final = 200
_POINTS_AN_INCH: Final = 72
_BEGINS_WITHIN: Final = 1024
"""Bytes before which a PDF must begin, as readers of PDF have it."""


def is_pdf(data: bytes) -> bool:
    """Tell whether a file says that it is a PDF."""
    return b"%PDF-" in data[:_BEGINS_WITHIN]


def pages(data: bytes) -> Iterator["Image"]:
    """Yield the pages of a PDF in its order.

    Raises:
        QrError: Encrypted, damaged, too many pages, or the extra ``scan`` is not installed.
    """
    try:
        from pypdfium2 import PdfDocument, PdfiumError
    except ImportError:
        raise QrError(
            "Reading a PDF needs the library pypdfium2, which is not installed",
            hint="Install it with: pip install 'tallystick[scan]', or take a screenshot of the page.",
        ) from None
    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        raise _unopened(error) from None
    with document:
        if len(document) > MOST_PAGES:
            raise QrError(
                f"The PDF has {len(document):,} pages, more than the {MOST_PAGES} that are read",
                hint="Save the pages with the codes as a PDF of their own.",
            )
        for number in range(len(document)):
            yield _drawn(document, number)


def _unopened(error: "PdfiumError") -> QrError:
    from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

    if error.err_code in {FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY}:
        return QrError(
            "The PDF is encrypted, and its password is not known here",
            hint="Save it without a password, or take a screenshot of the page.",
        )
    return QrError(
        "The PDF is damaged, or holds no page", hint="Save it again, or take a screenshot of the page."
    )


def _drawn(document: "PdfDocument", number: int) -> "Image":
    width, height = document.get_page_size(number)
    if not (isfinite(width * height) and width * height > 0):
        raise QrError(f"Page {number + 1} of the PDF has no size", hint="Take a screenshot of the page.")
    scale = min(
        _DOTS_AN_INCH / _POINTS_AN_INCH, sqrt(READ_AT / (width * height)), LONGEST_SIDE / max(width, height)
    )
    page = document[number]
    try:
        bitmap = page.render(scale=scale, grayscale=True, limit_image_cache=True)
        try:
            picture: Image = bitmap.to_pil()
            return picture.copy()
        finally:
            bitmap.close()
    finally:
        page.close()
